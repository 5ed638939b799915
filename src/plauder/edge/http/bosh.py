"""BOSH (XEP-0124, XEP-0206): XMPP in HTTP requests, for old web clients and networks that let nothing else through.

A session outlives its requests: one request is held until there is something to say or `wait` seconds have passed; what
comes while none is held waits for the next. Requests are dealt with in the order of their `rid`; one that was answered
and comes again gets the same answer. The stream inside is a `Connection` as any other.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import Element

from starlette.types import Receive, Scope, Send

from plauder.core.connection import Connection
from plauder.core.door import Door
from plauder.edge.http.address import Proxies
from plauder.edge.websocket import is_loopback
from plauder.kit.ids import new_token
from plauder.wire import stream
from plauder.wire.events import Nonza, StreamClosed, StreamOpened
from plauder.wire.framer import FrameReader
from plauder.wire.stanza import CLIENT, KINDS, Stanza
from plauder.wire.stream_error import STREAMS, StreamError
from plauder.wire.xml import InvalidXml, parse, quote, serialize

if TYPE_CHECKING:
    from plauder.core.server import Server

PATH: Final = "/http-bind"
NS: Final = "http://jabber.org/protocol/httpbind"
XBOSH: Final = "urn:xmpp:xbosh"
BODY: Final = f"{{{NS}}}body"
RESTART: Final = f"{{{XBOSH}}}restart"

HOLD: Final = 1
REQUESTS: Final = 2
"""Requests that a client may have open at once (XEP-0124 §11)."""
MAX_WAIT: Final = 60
INACTIVITY: Final = 60
"""Seconds without any request after which a session is over."""
MAX_PAUSE: Final = 300
"""How long a client may say it stays away (§10), e.g. while a page is loaded anew."""
MAX_KEY: Final = 256
MAX_RID: Final = 2**53 - 1
MAX_PENDING: Final = 262_144

_CORS: Final = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"POST, OPTIONS"),
    (b"access-control-allow-headers", b"Content-Type"),
    (b"access-control-max-age", b"86400"),
]


class Refused(Exception):
    """The session ends, or there is none: `condition` of XEP-0124 §17.2."""

    def __init__(self, condition: str) -> None:
        super().__init__(condition)
        self.condition = condition


def terminated(condition: str = "", inner: bytes = b"") -> bytes:
    """The last `<body/>` of a session."""
    why = f" condition={quote(condition)}" if condition else ""
    head = f"<body xmlns='{NS}' xmlns:stream='{STREAMS}' type='terminate'{why}"
    return head.encode() + (b">%b</body>" % inner if inner else b"/>")


class BoshConnection(Connection):
    """One session. Its transport is whatever request is held."""

    __slots__ = (
        "_answered",
        "_held",
        "_idle",
        "_inactivity",
        "_is_encrypted",
        "_is_over",
        "_is_paused",
        "_key",
        "_listener",
        "_next",
        "_pending",
        "_requests",
        "_timer",
        "_wait",
        "sid",
    )

    kind = "bosh"

    def __init__(self, listener: Bosh, *, rid: int, wait: int, is_encrypted: bool) -> None:
        super().__init__(listener.door, FrameReader())
        self.sid = new_token(18)
        self._listener = listener
        self._is_encrypted = is_encrypted
        self._next = rid
        self._wait = wait
        self._requests: dict[int, tuple[Element, asyncio.Future[bytes]]] = {}
        self._held: deque[tuple[int, asyncio.Future[bytes]]] = deque()
        self._answered: OrderedDict[int, bytes] = OrderedDict()
        self._pending: list[bytes] = []
        self._timer: asyncio.TimerHandle | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._is_paused = False
        self._is_over = False
        self._inactivity = INACTIVITY
        self._key = ""

    # ── requests ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def request(self, rid: int, body: Element) -> bytes:
        """Deal with one request; returns its answer when there is one. Raises Refused."""
        if rid in self._answered:
            return self._answered[rid]
        # XEP-0124 §9: a request outside of the window ends the session.
        if not self._next - len(self._held) <= rid < self._next + REQUESTS or self._is_over:
            self._end("item-not-found")
            raise Refused("item-not-found")
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        if rid < self._next:
            # §9.3: the connection broke while the request was held; this is the same one again.
            self._held = deque((one, future if one == rid else old) for one, old in self._held)
        else:
            self._requests[rid] = (body, future)
            self._take_in_order()
        return await future

    def _take_in_order(self) -> None:
        while not self._is_paused and not self._is_over and self._next in self._requests:
            body, future = self._requests.pop(self._next)
            self._held.append((self._next, future))
            self._next += 1
            self._stop_idling()
            if not self._has_key(body):
                self._end("item-not-found")
                return
            pause = _number(body.get("pause"))
            self._inactivity = pause if 0 < pause <= MAX_PAUSE else INACTIVITY
            self._read(body)
            while len(self._held) > (0 if pause else HOLD):
                self._answer()
            self._hold_on()
        if self._pending:
            self._answer()

    def _has_key(self, body: Element) -> bool:
        """XEP-0124 §15: each key is the one before the last in a chain of hashes that only the client has, so that a
        sid that was overheard is of no use. Where the first request begins no chain there is nothing to check."""
        key = body.get("key", "")
        if self._key and not hmac.compare_digest(hashlib.sha1(key.encode()).hexdigest(), self._key):  # noqa: S324
            return False
        self._key = (body.get("newkey") or (key if self._key else ""))[:MAX_KEY].lower()
        return True

    def _read(self, body: Element) -> None:
        """What a `<body/>` holds, as events."""
        if body.get(RESTART) in ("1", "true"):
            self.on_event(StreamOpened(to=body.get("to"), version="1.0"))
        for child in body:
            if not self._is_over:
                self.on_event(_event(child))
        if body.get("type") == "terminate" and not self._is_over:
            self.on_event(StreamClosed())

    def open(self, body: Element) -> None:
        """The first request opens the stream."""
        lang = body.get("{http://www.w3.org/XML/1998/namespace}lang")
        self.on_event(StreamOpened(to=body.get("to"), version="1.0", lang=lang))

    # ── answers ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _answer(self) -> None:
        """Answer the request that is held longest with what there is."""
        while self._held:
            rid, future = self._held.popleft()
            if future.cancelled():
                continue
            data = self._body()
            self._answered[rid] = data
            while len(self._answered) > REQUESTS:
                self._answered.popitem(last=False)
            future.set_result(data)
            break
        if not self._held:
            self._start_idling()

    def _body(self) -> bytes:
        pending, self._pending = self._pending, []
        if self._is_full:
            self.full(False)
        inner = b"".join(pending)
        if self._is_over:
            return terminated("remote-stream-error" if b"<stream:error" in inner else "", inner)
        head = f"<body xmlns='{NS}' xmlns:stream='{STREAMS}'"
        if not self._answered:
            # §7.2: what the client has to know of the session.
            head += (
                f" sid={quote(self.sid)} wait='{self._wait}' requests='{REQUESTS}' hold='{HOLD}' ver='1.11'"
                f" inactivity='{INACTIVITY}' maxpause='{MAX_PAUSE}' polling='5' authid={quote(self.stream_id)}"
                f" from={quote(self.door.server.domain)} secure='{'true' if self._is_encrypted else 'false'}'"
                f" xmlns:xmpp='{XBOSH}' xmpp:version='1.0' xmpp:restartlogic='true'"
            )
        return head.encode() + (b">%b</body>" % inner if inner else b"/>")

    def _hold_on(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(self._wait, self._wait_over)

    def _wait_over(self) -> None:
        self._timer = None
        while self._held:
            self._answer()

    def _start_idling(self) -> None:
        if self._idle is None and not self._is_over:
            self._idle = asyncio.get_running_loop().call_later(self._inactivity, self._end)

    def _stop_idling(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    # ── the stream ────────────────────────────────────────────────────────────────────────────────────────────────

    def header(self, stream_id: str) -> bytes:
        return b""  # the attributes of the first answer say it

    def footer(self) -> bytes:
        return b""  # `type='terminate'` says it

    def wrap_features(self, inner: bytes) -> bytes:
        return b"<stream:features>%b</stream:features>" % inner

    def wrap_error(self, error: StreamError) -> bytes:
        return error.to_bytes()

    @property
    def is_encrypted(self) -> bool:
        return self._is_encrypted

    def send_now(self, out: list[bytes]) -> None:
        self._pending += [stream.framed(element) for element in out if element]
        if self._is_closing:
            return  # `shut` says it, as the last thing
        if self._held and self._pending:
            self._answer()
        elif not self._is_full and sum(map(len, self._pending)) > MAX_PENDING:
            self.full(True)

    def pause(self) -> None:
        self._is_paused = True

    def resume(self) -> None:
        self._is_paused = False
        self._take_in_order()

    def shut(self) -> None:
        """The stream has ended in order, or with an error: the client is told."""
        self._over()
        for _, future in self._requests.values():
            self._held.append((self._next, future))
        self._requests.clear()
        while self._held:
            self._answer()
        self.lost()

    def _end(self, condition: str = "item-not-found") -> None:
        """The client is gone, or broke the rules. A stream that can be resumed waits for that."""
        self._over()
        futures = [future for _, future in self._held] + [future for _, future in self._requests.values()]
        self._held.clear()
        self._requests.clear()
        for future in futures:
            if not future.done():
                future.set_result(terminated(condition))
        self.lost()

    def _over(self) -> None:
        self._is_over = True
        self._listener.sessions.pop(self.sid, None)
        self._stop_idling()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _event(child: Element) -> Stanza | Nonza:
    namespace, _, name = child.tag[1:].rpartition("}")
    if namespace == CLIENT and name in KINDS:
        return Stanza.from_element(child)
    attrs = {key: value for key, value in child.items() if key[0] != "{"}
    return Nonza(child.tag, attrs, serialize(child, ""))


class Bosh:
    """The ASGI application at `/http-bind`."""

    def __init__(self, door: Door, proxies: Proxies) -> None:
        self.door = door
        self.sessions: dict[str, BoshConnection] = {}
        self._proxies = proxies

    @property
    def server(self) -> Server:
        return self.door.server

    def owns(self, scope: Scope) -> bool:
        """Whether a request is for us."""
        return bool(scope["path"].rstrip("/") == PATH)

    def close_all(self) -> None:
        """The server stops."""
        for session in tuple(self.sessions.values()):
            session.close("system-shutdown")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        status, data = 200, b""
        if scope["method"] == "POST":
            body = await self._receive(receive)
            status, data = (413, b"") if body is None else (200, await self.take(body, scope))
        elif scope["method"] != "OPTIONS":
            status, data = 405, b"This is for XMPP clients (XEP-0206): POST here."
        headers = [(b"content-type", b"text/xml; charset=utf-8"), (b"content-length", str(len(data)).encode()), *_CORS]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": data})

    async def _receive(self, receive: Receive) -> bytes | None:
        """The request's body; None where it is too large."""
        data = bytearray()
        while True:
            message = await receive()
            data += message.get("body", b"")
            if len(data) > 2 * self.server.limits.stanza:
                return None
            if not message.get("more_body"):
                return bytes(data)

    async def take(self, data: bytes, scope: Scope) -> bytes:
        """The answer to one request."""
        try:
            return await self._take(data, scope)
        except InvalidXml:
            return terminated("bad-request")
        except Refused as refused:
            return terminated(refused.condition)

    async def _take(self, data: bytes, scope: Scope) -> bytes:
        body = parse(data)
        rid = _number(body.get("rid"))
        if body.tag != BODY or not 0 < rid <= MAX_RID:
            raise Refused("bad-request")
        sid = body.get("sid")
        if sid is None:
            return await self._create(rid, body, scope)
        session = self.sessions.get(sid)
        if session is None:
            raise Refused("item-not-found")
        if session.session is None and len(data) > session.framer.limit:
            raise Refused("policy-violation")
        return await session.request(rid, body)

    async def _create(self, rid: int, body: Element, scope: Scope) -> bytes:
        if body.get("to") != self.server.domain:
            raise Refused("host-unknown" if body.get("to") else "improper-addressing")
        headers = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
        peer = scope["client"][0] if scope.get("client") else ""
        address, by_proxy = self._proxies.of_upgrade(peer, headers)
        wait = min(MAX_WAIT, max(1, _number(body.get("wait")) or MAX_WAIT))
        is_encrypted = by_proxy or scope.get("scheme") == "https" or is_loopback(address)
        session = BoshConnection(self, rid=rid, wait=wait, is_encrypted=is_encrypted)
        if not session.begin(address):
            session.address = ""
            raise Refused("policy-violation")
        self.sessions[session.sid] = session
        session.open(body)
        return await session.request(rid, body)


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) <= 16 else 0
