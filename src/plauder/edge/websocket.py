"""XMPP over WebSocket (RFC 7395) on the HTTP port.

uvicorn hands an upgraded connection to a protocol of our choice, so frames pass neither through ASGI nor through a task
of their own: one object per connection, which is the `Connection` of the stream.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from plauder.core.door import Door
from plauder.edge.socket_connection import BUFFER, SocketConnection
from plauder.kit import log as logging
from plauder.wire import stream, websocket
from plauder.wire.framer import FrameReader
from plauder.wire.stream_error import StreamError
from plauder.wire.websocket import Close, Decoder, Ping, Pong, Upgrade, UpgradeRefused, Violation

log = logging.get("edge.websocket")

PATH: Final = "/ws"
_NOT_FOUND: Final = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_BUSY: Final = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 30\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

AddressOf = Callable[[str, Mapping[str, str]], tuple[str, bool]]
"""From the peer's address and the request's headers: the client's address, and whether it speaks TLS to a proxy."""


def direct(peer: str, _headers: Mapping[str, str]) -> tuple[str, bool]:
    """No proxy is believed."""
    return peer, False


class WebSocketListener:
    """What the WebSocket connections of a server share. Give `make` to uvicorn as its `ws` class."""

    def __init__(self, door: Door, address_of: AddressOf = direct) -> None:
        self.door = door
        self.address_of = address_of
        self.connections: set[WebSocketConnection] = set()

    def make(self, config: Any, server_state: Any, app_state: Any = None, _loop: Any = None) -> WebSocketConnection:
        """Called by uvicorn for each upgrade."""
        return WebSocketConnection(self, server_state.connections)

    def close_all(self) -> None:
        """End what has no session any more; the engine has ended those with one."""
        for connection in tuple(self.connections):
            connection.close("system-shutdown")


class WebSocketConnection(SocketConnection):
    """One client over WebSocket."""

    __slots__ = ("_decoder", "_head", "_is_encrypted", "_listener", "_registry", "_transport")

    kind = "websocket"

    def __init__(self, listener: WebSocketListener, registry: set[Any]) -> None:
        super().__init__(listener.door, FrameReader())
        self._listener = listener
        self._registry = registry
        self._transport: asyncio.Transport | None = None
        self._decoder = Decoder(limit=self.framer.limit)
        self._head: bytes | None = b""
        """What came of the handshake; None once that is done."""
        self._is_encrypted = False

    # ── asyncio ───────────────────────────────────────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._registry.add(self)
        self._listener.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._registry.discard(self)
        self._listener.connections.discard(self)
        self._transport = None
        self.lost()

    def data_received(self, data: bytes) -> None:
        if self._head is not None:
            rest = self._shake_hands(self._head + data)
            if not rest:
                return
            data = rest
        decoder = self._decoder
        decoder.limit = self.framer.limit  # which a login has raised since
        for event in decoder.feed(data):
            if event.__class__ is bytes:
                self.received(event)
            else:
                self._control(event)

    def eof_received(self) -> bool:
        return False

    def pause_writing(self) -> None:
        self.full(True)

    def resume_writing(self) -> None:
        self.full(False)

    def shutdown(self) -> None:
        """uvicorn stops."""
        self.close("system-shutdown")

    # ── the handshake ─────────────────────────────────────────────────────────────────────────────────────────────

    def _shake_hands(self, data: bytes) -> bytes:
        """RFC 6455 §4.2; returns what follows it."""
        transport = self._transport
        assert transport is not None
        try:
            found = websocket.parse_upgrade(data)
        except UpgradeRefused as refused:
            self._refuse(refused.response)
            return b""
        if found is None:
            self._head = data
            return b""
        upgrade, rest = found
        if upgrade.target.partition("?")[0] != PATH:
            self._refuse(_NOT_FOUND)
            return b""
        if not self.begin(self._find_out(transport, upgrade)):
            self.address = ""
            self._refuse(_BUSY)
            return b""
        self._head = None
        transport.set_write_buffer_limits(high=BUFFER)
        transport.write(upgrade.accept())
        return rest

    def _find_out(self, transport: asyncio.Transport, upgrade: Upgrade) -> str:
        """The client's address; notes whether the way to it is safe: TLS, or never leaving this machine."""
        peer = transport.get_extra_info("peername")
        address, by_proxy = self._listener.address_of(str(peer[0]) if peer else "local", upgrade.headers)
        self._is_encrypted = by_proxy or transport.get_extra_info("sslcontext") is not None or is_loopback(address)
        return address

    def _refuse(self, response: bytes) -> None:
        assert self._transport is not None
        self._transport.write(response)
        self._transport.close()

    # ── frames ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _control(self, event: object) -> None:
        transport = self._transport
        if transport is None:
            return
        if isinstance(event, Ping):
            transport.write(websocket.pong(event.data))
            if self.is_drowning(transport.get_write_buffer_size()):
                self._abort()  # it asks for answers and reads none
        elif isinstance(event, Violation):
            transport.write(websocket.close(event.code, event.reason))
            transport.close()
        elif isinstance(event, Close):
            if not self._is_closing:
                transport.write(websocket.close(event.code))
            transport.close()
        else:
            assert isinstance(event, Pong)

    def send_now(self, out: list[bytes]) -> None:
        transport = self._transport
        if transport is None:
            return
        text, framed = websocket.text, stream.framed
        transport.write(b"".join([text(framed(element)) for element in out]))
        if self.is_drowning(transport.get_write_buffer_size()):
            transport.abort()

    # ── the stream over WebSocket ─────────────────────────────────────────────────────────────────────────────────

    def header(self, stream_id: str) -> bytes:
        return stream.open_frame(from_=self.door.server.domain, id=stream_id)

    def footer(self) -> bytes:
        return stream.CLOSE_FRAME

    def wrap_features(self, inner: bytes) -> bytes:
        return b"<stream:features xmlns:stream='http://etherx.jabber.org/streams'>%b</stream:features>" % inner

    def wrap_error(self, error: StreamError) -> bytes:
        return error.to_bytes(declare=True)

    @property
    def is_encrypted(self) -> bool:
        return self._is_encrypted

    # ── flow ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _parting(self) -> bytes:
        return websocket.close() if self._head is None else b""


def is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
