"""The one FastAPI application, assembled from what the packages contribute."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp, Scope

import plauder
from plauder.edge.http import errors, operation
from plauder.edge.http.auth import Auth
from plauder.edge.http.guard import Guard
from plauder.edge.http.operation import Check
from plauder.edge.http.web import WebApp
from plauder.kit.clock import Clock
from plauder.kit.config import Config
from plauder.kit.metrics import Metrics

SOURCE_WEB_ROOT = Path(plauder.__file__).parents[2] / "web" / "dist"
"""Where the build puts the web app in a checkout."""


@dataclass(frozen=True, slots=True)
class HttpParts:
    """What the HTTP port is made of."""

    config: Config
    clock: Clock
    metrics: Metrics
    routers: Sequence[APIRouter] = ()
    """In order; a route's own `max_body_size` lifts the general limit for it."""
    others: Sequence[tuple[Callable[[Scope], bool], ASGIApp]] = ()
    """Applications with their own errors: whether a request is theirs, and what answers."""
    auth: Auth | None = None
    """Who calls, for routes that take `Authenticated`."""
    checks: Mapping[str, Check] = field(default_factory=dict)
    """What `/health/ready` asks."""


def build(parts: HttpParts) -> Guard:
    """The application, ready for uvicorn; `.api` is the FastAPI inside.

    It has no lifespan: who built it starts and stops the parts.
    """
    config = parts.config
    app = FastAPI(
        title="Plauder",
        version=plauder.__version__,
        summary="A messaging network that anyone can run.",
        license_info={"name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later"},
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        max_body_size=config.http.max_body_bytes,
    )
    app.state.auth = parts.auth
    errors.install(app)
    app.include_router(operation.router(config, parts.metrics, parts.checks))
    for router in parts.routers:
        app.include_router(router)
    # A misspelt path of an API is its 404, not a redirect, and not a page.
    app.router.redirect_slashes = False
    app.router.default = WebApp(config.http.web_root or SOURCE_WEB_ROOT)
    return Guard(app, config=config, clock=parts.clock, metrics=parts.metrics, others=parts.others)
