"""The ASGI application of the Graph: paths, errors, headers; and `owns`, which says what is its.

Paths lose their version prefix and trailing slash before routing. Everything that goes wrong, a wrong path and an
unexpected exception included, answers with the error envelope and a trace id that is also in the log.
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from plauder.business.shared.errors import MISSING, GraphError, fail, invalid, missing_node, unknown_path
from plauder.business.shared.ids import new_trace_id
from plauder.edge.http.graph.deps import Graph
from plauder.kit.errors import PlauderError, TooMany
from plauder.kit.log import get as get_log

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

VERSION = re.compile(r"/(v\d{1,3}\.\d{1,2})(?=/|$)")
NEWEST = "v26.0"
_WORDS = "graph/openapi.json|oauth/access_token|debug_token|me|app|message_template_library|whatsapp_business_accounts"
OWNED = re.compile(rf"/+(?:(?:{_WORDS})(?=/|$)|upload:|\d{{5,20}}(?=/|$))")

log = get_log("edge.graph")


class GraphJSON(Response):
    """JSON with the content type the vendor sends."""

    media_type = "application/json; charset=UTF-8"

    def render(self, content: Any) -> bytes:
        return orjson.dumps(content)


class GraphApi:
    """Normalises the path, adds the headers, hands over to FastAPI."""

    def __init__(
        self,
        app: FastAPI,
        graph: Graph,
        *,
        observer: Observer | None = None,
        express: Mapping[str, Express] | None = None,
    ) -> None:
        self.app = app
        self.graph = graph
        self.observer = observer
        self._express = express or {}

    @staticmethod
    def owns(path: str) -> bool:
        """Whether a path of the shared HTTP port belongs to the Graph."""
        return bool(VERSION.match(path) or OWNED.match(path))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        scope = dict(scope)
        path = re.sub(r"/{2,}", "/", scope["path"])
        version = VERSION.match(path)
        inner = path[version.end() :] if version else path
        trace_id = new_trace_id()
        scope["graph_path"] = path.rstrip("/")
        scope["path"] = scope["root_path"] + (inner.rstrip("/") or "/")
        scope["raw_path"] = scope["path"].encode("utf-8", "surrogateescape")
        scope["state"] = dict(scope.get("state", {})) | {"trace_id": trace_id, "graph": self.graph}
        headers = [
            (b"x-fb-trace-id", trace_id.encode()),
            (b"x-fb-request-id", trace_id.encode()),
            (b"facebook-api-version", (version[1] if version else NEWEST).encode()),
            (b"x-app-usage", b'{"call_count":0,"total_cputime":0,"total_time":0}'),
        ]
        exchange = Exchange(scope, started) if self.observer else None

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *headers]
            if exchange:
                exchange.saw(message)
            await send(message)

        handler = self._express_of(scope)
        if handler is not None:
            await self._at_once(handler, scope, receive, answer)
        else:
            await self.app(scope, receive, answer)
        if exchange and self.observer:
            self.observer(exchange)

    def _express_of(self, scope: Scope) -> Express | None:
        if scope["method"] != "POST":
            return None
        found = _EDGE.fullmatch(scope["path"])
        return self._express.get(found[1]) if found else None

    async def _at_once(self, handler: Express, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self.app
        request = Request(scope, receive)
        try:
            response = await handler(request, scope["path"].split("/", 2)[1])
        except PlauderError as error:
            response = envelope(request, translated(error))
        except Exception as error:  # the client has to get an answer whatever happened
            response = unexpected(request, error)
        finally:
            await request.close()
        await response(scope, receive, send)


class Exchange:
    """One request and its answer, for the journal. Bodies are cut at 16 KiB; no token is in it."""

    LIMIT = 16_384

    def __init__(self, scope: Scope, started: float) -> None:
        self.scope = scope
        self.started = started
        self.status = 0
        self.body = b""
        self.content_type = b""

    def saw(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.content_type = dict(message["headers"]).get(b"content-type", b"")
        elif b"json" in self.content_type and len(self.body) < self.LIMIT:
            self.body += message.get("body", b"")[: self.LIMIT - len(self.body)]

    @property
    def milliseconds(self) -> float:
        return (time.perf_counter() - self.started) * 1_000


Observer = Callable[[Exchange], None]

Express = Callable[[Request, str], Awaitable[Response]]
"""Answers `POST /{node}/{edge}` (request, node) without the router: the same handler, at a third of the cost."""
_EDGE = re.compile(r"/[0-9]{1,20}/([a-z_]+)")


def envelope(request: Request, error: GraphError) -> GraphJSON:
    if error.subcode == MISSING:
        error.title = f"Unsupported {request.method.lower()} request"
    headers = {"Retry-After": str(round(error.retry_after))} if error.retry_after else None
    return GraphJSON(error.body(request.state.trace_id), status_code=error.http_status, headers=headers)


def translated(error: PlauderError) -> GraphError:
    """An error of the house as one of the API."""
    if isinstance(error, GraphError):
        return error
    if isinstance(error, TooMany):
        return fail(4, error.message, retry_after=error.retry_after)
    if error.status in (401, 403):
        return fail(10, error.message)
    if error.status == 503:
        return fail(131016, error.message)
    return invalid(error.message) if error.status < 500 else fail(131000, error.message)


def install_errors(app: FastAPI) -> None:
    """Every failure in the envelope of the reference."""

    @app.exception_handler(PlauderError)
    async def _known(request: Request, error: PlauderError) -> Response:
        return envelope(request, translated(error))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        if error.status_code == 405:
            return envelope(request, invalid(f"Unsupported {request.method.lower()} request."))
        return envelope(request, unknown_path(request.url.path))

    @app.exception_handler(RequestValidationError)
    async def _validation(request: Request, error: RequestValidationError) -> Response:
        problem = error.errors()[0]
        if problem["loc"][0] == "path":  # a name where an id belongs
            return envelope(request, missing_node(str(problem["input"])[:64]))
        return envelope(request, invalid(f"{'.'.join(map(str, problem['loc'][1:]))}: {problem['msg']}"))

    @app.exception_handler(Exception)
    async def _unexpected(request: Request, error: Exception) -> Response:
        return unexpected(request, error)


def unexpected(request: Request, error: Exception) -> Response:
    """Error 131000, and what happened in the log."""
    log.error("graph.failed", trace_id=request.state.trace_id, path=request.url.path, exc_info=error)
    return envelope(request, fail(131000, "Something went wrong on our side. Quote fbtrace_id to the operator."))
