"""The HTTP application without a socket."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter

from plauder.edge.http.app import HttpParts, build
from plauder.kit.clock import FakeClock
from plauder.kit.config import Config
from plauder.kit.metrics import Metrics

Client = Callable[..., httpx.AsyncClient]


@pytest.fixture
def web_root(tmp_path: Path) -> Path:
    root = tmp_path / "dist"
    (root / "assets").mkdir(parents=True)
    (root / "index.html").write_text("<!doctype html><title>App</title>")
    (root / "assets" / "main-B3x_9fQz.js").write_text("console.log(1)")
    (root / "assets" / "main-B3x_9fQz.js.gz").write_bytes(b"packed")
    (root / "icon.svg").write_text("<svg/>")
    (tmp_path / "secret.txt").write_text("secret")
    (root / "link.txt").symlink_to(tmp_path / "secret.txt")
    return root


@pytest.fixture
async def client(web_root: Path) -> AsyncIterator[Client]:
    """`client(*routers, config=…, address=…)`: an httpx client of an application with these routers."""
    opened: list[httpx.AsyncClient] = []

    def make(
        *routers: APIRouter,
        config: dict[str, Any] | None = None,
        address: str = "127.0.0.1",
        clock: FakeClock | None = None,
        **parts: Any,
    ) -> httpx.AsyncClient:
        settings = config or {}
        settings["http"] = {"web_root": web_root} | settings.get("http", {})
        app = build(
            HttpParts(Config(**settings), clock or FakeClock(), Metrics(with_process=True), routers=routers, **parts)
        )
        transport = httpx.ASGITransport(app, client=(address, 1234))
        opened.append(httpx.AsyncClient(transport=transport, base_url="http://localhost:8080"))
        return opened[-1]

    yield make
    for one in opened:
        await one.aclose()
