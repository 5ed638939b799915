"""What every request passes: the client's address, its allowance, security headers, a metric.

Plain ASGI, because it runs for each request and each chunk.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from plauder.edge.http import errors
from plauder.edge.http.address import Proxies
from plauder.kit.clock import Clock
from plauder.kit.config import Config
from plauder.kit.errors import TooMany
from plauder.kit.limits import Allowance, network_of
from plauder.kit.metrics import Metrics

PAGE_POLICY = "; ".join(
    (
        "default-src 'none'",
        # WebAssembly (the local database) needs 'wasm-unsafe-eval'; scripts made of texts stay forbidden.
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""The web app's Content-Security-Policy: no script but the server's own files."""

DATA_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"
"""For everything that is no page: an upload opened in a tab must not run."""

_APP_TYPES = (b"text/html", b"text/javascript", b"application/javascript")
_PAGE = (b"content-security-policy", PAGE_POLICY.encode())
_DATA = (b"content-security-policy", DATA_POLICY.encode())
_NO_STORE = (b"cache-control", b"no-store")
_ANY_ORIGIN = (b"access-control-allow-origin", b"*")

_COMMON = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(self), geolocation=(self), display-capture=(self), "
    "autoplay=(self), browsing-topics=()",
}


Other = tuple[Callable[[Scope], bool], ASGIApp]
"""Whether a path belongs to another application, and that application."""


class Guard:
    """The outermost layer. `api` is what it guards."""

    def __init__(
        self, api: FastAPI, *, config: Config, clock: Clock, metrics: Metrics, others: Sequence[Other] = ()
    ) -> None:
        self.api = api
        self._others = others
        self._clock = clock
        self._metrics = metrics
        self._proxies = Proxies(config.http.trusted_proxies)
        self._strangers = Allowance(clock, config.limits.requests_per_minute, 60)
        self._headers = [(name.lower().encode(), value.encode()) for name, value in _COMMON.items()]
        if config.public_url.startswith("https://"):
            self._headers.append((b"strict-transport-security", b"max-age=31536000"))
        metrics.describe("http_requests", "HTTP requests by part and class of status.")
        metrics.describe("http_seconds", "Time to the first byte of the answer, by part.")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.api(scope, receive, send)
            return
        address = self._proxies.client(scope)
        scope.setdefault("state", {})["address"] = address
        part = _part(scope["path"])
        began = self._clock.monotonic()

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = self._sealed(message["headers"], part)
                self._metrics.count("http_requests", part=part, status=f"{message['status'] // 100}xx")
                self._metrics.observe("http_seconds", self._clock.monotonic() - began, part=part)
            await send(message)

        wait = self._wait_of_stranger(scope, address, part)
        if wait:
            refusal = errors.render(TooMany("Too many requests from your network; wait a little.", retry_after=wait))
            await refusal(scope, receive, answer)
            return
        app: ASGIApp = next((other for owns, other in self._others if owns(scope)), self.api)
        with suppress(Exception):  # answered with 500 and logged by errors.install, then raised again
            await app(scope, receive, answer)

    def _wait_of_stranger(self, scope: Scope, address: str, part: str) -> float:
        """Seconds that a request without a login has to wait.

        Free are health, metrics and static files; files by their unguessable address; and the Graph API's tokens in the
        query, which it checks and limits itself.
        """
        if part in ("web", "operation") or (part == "media" and scope["method"] in ("GET", "HEAD")):
            return 0.0
        if "authorization" in Headers(scope=scope) or (part == "graph" and b"access_token=" in scope["query_string"]):
            return 0.0
        return self._strangers.take(network_of(address))

    def _sealed(self, raw: Sequence[tuple[bytes, bytes]], part: str) -> list[tuple[bytes, bytes]]:
        """The headers of an answer, and what each answer has where it does not say otherwise."""
        given = dict(raw)
        # A worker lives under the policy of its own script: sandboxed it would have no storage, no locks, no network.
        is_app = given.get(b"content-type", b"").startswith(_APP_TYPES)
        wanted = [*self._headers, _PAGE if is_app else _DATA, _NO_STORE]
        if part == "media":  # refusals, too: a page of another origin could not read the reason else
            wanted.append(_ANY_ORIGIN)
        return [*raw, *(header for header in wanted if header[0] not in given)]


def _part(path: str) -> str:
    """A label of few values."""
    if path.startswith("/api/"):
        return "api"
    if path.startswith(("/health/", "/metrics", "/.well-known/")):
        return "operation"
    if path.startswith("/media/"):
        return "media"
    if path.startswith("/dev"):
        return "dev"
    first = path[1:].partition("/")[0]
    return "graph" if first.isdecimal() or (first[:1] == "v" and first[1:2].isdecimal()) else "web"
