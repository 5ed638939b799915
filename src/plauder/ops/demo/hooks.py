"""Where the demo businesses' webhooks come in: a door that anybody on this machine can knock at.

A body is read only so far and so long, and nothing in it is believed before its signature is checked.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Protocol

import orjson
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

VERIFY: Final = "demo"
MAX_BODY: Final = 3 * 1024 * 1024
"""Bytes; the reference's own limit for webhooks (§11.1)."""
PATIENCE: Final = 10.0
"""Seconds for a whole body."""
REMEMBERED: Final = 1_000

Json = Mapping[str, Any]


class Receiver(Protocol):
    """A business's program: its app secret, and what it does with an update that is genuine."""

    @property
    def secret(self) -> str: ...

    def take(self, update: Json) -> None: ...


def is_genuine(secret: str, body: bytes, signature: str) -> bool:
    """`X-Hub-Signature-256` over the raw bytes."""
    expected = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(signature.encode(), expected.encode())  # a header may have any characters


def door(receiver_of: Callable[[str], Receiver | None], *, patience: float = PATIENCE) -> Starlette:
    """The web application; `receiver_of` names who is behind a path."""

    async def hook(request: Request) -> Response:
        receiver = receiver_of(request.path_params["name"])
        if request.method == "GET":
            query = request.query_params
            is_ours = receiver is not None and query.get("hub.verify_token") == VERIFY
            return PlainTextResponse(query.get("hub.challenge", "") if is_ours else "", 200 if is_ours else 403)
        try:
            async with asyncio.timeout(patience):
                body = await _body(request)
        except (TimeoutError, ClientDisconnect):
            return _refusal(408)
        if body is None:
            return _refusal(413)
        signature = request.headers.get("x-hub-signature-256", "")
        if receiver is None or not is_genuine(receiver.secret, body, signature):
            return _refusal(403)
        try:
            update = orjson.loads(body)
        except orjson.JSONDecodeError:
            return _refusal(400)
        if not isinstance(update, dict):
            return _refusal(400)
        receiver.take(update)
        return PlainTextResponse("")

    return Starlette(routes=[Route("/{name}", hook, methods=["GET", "POST"])])


def _refusal(status: int) -> Response:
    """What is left of the body is not read: the connection ends with the answer."""
    return PlainTextResponse("", status, headers={"Connection": "close"})


async def _body(request: Request) -> bytes | None:
    """The whole body, or None once it is larger than any webhook."""
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or len(declared) > 10 or int(declared) > MAX_BODY:
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            return None
    return bytes(body)


class Seen:
    """The ids of the newest messages: a webhook may come twice."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self._ids: OrderedDict[str, None] = OrderedDict()
        self._most = most

    def is_new(self, message_id: str) -> bool:
        if message_id in self._ids:
            return False
        self._ids[message_id] = None
        if len(self._ids) > self._most:
            self._ids.popitem(last=False)
        return True


def messages_of(update: Json) -> Iterator[Json]:
    """What people said in one webhook; whatever else is in it is passed over."""
    for entry in _objects(update.get("entry")):
        for change in _objects(entry.get("changes")):
            value = change.get("value")
            for message in _objects(value.get("messages") if isinstance(value, dict) else None):
                if isinstance(message.get("id"), str) and isinstance(message.get("from"), str):
                    yield message


def _objects(value: Any) -> Iterator[Json]:
    yield from (one for one in (value if isinstance(value, list) else []) if isinstance(one, dict))
