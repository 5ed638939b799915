"""Routes for machines: health, metrics, and where a client finds the WebSocket (XEP-0156)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from ipaddress import ip_address
from xml.sax.saxutils import quoteattr

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.responses import Response

from plauder.kit import log, metrics
from plauder.kit.config import Config
from plauder.kit.errors import NotFound
from plauder.kit.metrics import Metrics

Check = Callable[[], Awaitable[None]]
"""Returns when the part can work; raises when it cannot."""

CHECK_SECONDS = 5.0
_WEBSOCKET = "urn:xmpp:alt-connections:websocket"
_BOSH = "urn:xmpp:alt-connections:xbosh"
_log = log.get("edge.http")


def router(config: Config, counted: Metrics, checks: Mapping[str, Check]) -> APIRouter:
    """Everything a load balancer, a monitor or an XMPP client asks for without an account."""
    routes = APIRouter(tags=["operation"])

    @routes.get("/health/live", summary="The process answers")
    async def live() -> dict[str, str]:
        return {"status": "live"}

    @routes.get("/health/ready", summary="All parts can work", responses={503: {"description": "Some part cannot."}})
    async def ready() -> JSONResponse:
        results = await asyncio.gather(*(_passes(name, check) for name, check in checks.items()))
        parts = dict(zip(checks, results, strict=True))
        good = all(parts.values())
        body = {
            "status": "ready" if good else "not ready",
            "parts": {k: "ok" if v else "failing" for k, v in parts.items()},
        }
        return JSONResponse(body, 200 if good else 503)

    @routes.get("/metrics", include_in_schema=False)
    async def openmetrics(request: Request) -> Response:
        if not is_neighbour(request.state.address):
            raise NotFound()
        return Response(counted.text(), media_type=metrics.CONTENT_TYPE)

    links = {_WEBSOCKET: f"ws{config.public_url.removeprefix('http')}/ws", _BOSH: f"{config.public_url}/http-bind"}

    @routes.api_route("/.well-known/host-meta", methods=["GET", "HEAD"], include_in_schema=False)
    async def host_meta() -> Response:
        each = "".join(f"<Link rel={quoteattr(rel)} href={quoteattr(href)}/>" for rel, href in links.items())
        head = '<?xml version="1.0" encoding="utf-8"?>\n<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">'
        body = f"{head}{each}</XRD>\n"
        return Response(body, headers=_PUBLIC, media_type="application/xrd+xml")

    @routes.api_route("/.well-known/host-meta.json", methods=["GET", "HEAD"], include_in_schema=False)
    async def host_meta_json() -> Response:
        return JSONResponse({"links": [{"rel": rel, "href": href} for rel, href in links.items()]}, headers=_PUBLIC)

    return routes


# XEP-0156 §3: clients in browsers of other origins must be able to read it.
_PUBLIC = {"Access-Control-Allow-Origin": "*", "Cache-Control": "public, max-age=3600"}


async def _passes(name: str, check: Check) -> bool:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check()
    except Exception as error:
        _log.warning("not ready", part=name, why=type(error).__name__)
        return False
    return True


def is_neighbour(address: str) -> bool:
    """Whether a request comes from this machine or a private network: others learn nothing of how busy we are."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    return parsed.is_loopback or parsed.is_private
