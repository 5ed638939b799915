"""XMPP over TCP: RFC 6120 with STARTTLS, and direct TLS (XEP-0368).

One object per connection: an asyncio protocol that is the `Connection` of the stream. TLS sits inside of it, on a plain
transport.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Final, cast

from plauder.core.door import Door
from plauder.edge.listen import tune
from plauder.edge.socket_connection import BUFFER, SocketConnection
from plauder.edge.tls import TlsContext, TlsEngine, TlsFailed
from plauder.kit import log as logging
from plauder.wire import sasl, stream
from plauder.wire.framer import Framer
from plauder.wire.negotiation import TLS
from plauder.wire.stream_error import StreamError

log = logging.get("edge.tcp")

PROCEED: Final = f"<proceed xmlns='{TLS}'/>".encode()


class TcpConnection(SocketConnection):
    """One client over TCP."""

    __slots__ = ("_listener", "_tls", "_transport")

    def __init__(self, listener: TcpListener) -> None:
        super().__init__(listener.door, Framer())
        self._listener = listener
        self._transport: asyncio.Transport | None = None
        self._tls = TlsEngine(listener.tls) if listener.is_direct and listener.tls is not None else None

    # ── asyncio ───────────────────────────────────────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        if not self.begin(str(peer[0]) if peer else "local"):
            self._transport.abort()
            self.address = ""
            return
        self._transport.set_write_buffer_limits(high=BUFFER)
        self._listener.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._listener.connections.discard(self)
        self._transport = None
        self._tls = None
        self.lost()

    def data_received(self, data: bytes) -> None:
        if self._tls is None:
            self.received(data)
            return
        try:
            plain, answer, closed = self._tls.receive(data)
        except TlsFailed:
            self._abort()
            return
        if answer and self._transport is not None:
            self._transport.write(answer)
        for piece in plain:
            self.received(piece)
        if closed and self._transport is not None:
            self._transport.close()

    def eof_received(self) -> bool:
        return False

    def pause_writing(self) -> None:
        self.full(True)

    def resume_writing(self) -> None:
        self.full(False)

    # ── the stream over TCP ───────────────────────────────────────────────────────────────────────────────────────

    def header(self, stream_id: str) -> bytes:
        return stream.header(from_=self.door.server.domain, id=stream_id)

    def footer(self) -> bytes:
        return stream.CLOSE

    def wrap_features(self, inner: bytes) -> bytes:
        return b"<stream:features>%b</stream:features>" % inner

    def wrap_error(self, error: StreamError) -> bytes:
        return error.to_bytes()

    @property
    def is_encrypted(self) -> bool:
        return self._tls is not None

    @property
    def can_start_tls(self) -> bool:
        return self._listener.tls is not None and not self._listener.is_direct

    def start_tls(self) -> None:
        assert self._listener.tls is not None
        assert isinstance(self.framer, Framer)
        self.write(PROCEED)
        self.flush()
        # RFC 6120 §5.4.3.3: what was negotiated, and sent, in the clear is void.
        self.framer.clear()
        self._tls = TlsEngine(self._listener.tls)

    def channel_binding(self, name: str) -> bytes | None:
        if self._tls is None or self._listener.tls is None:
            return None
        if name == sasl.TLS_EXPORTER:
            return self._tls.exporter() if self._tls.can_export else None
        return self._listener.tls.end_point if name == sasl.TLS_SERVER_END_POINT else None

    # ── out ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def send_now(self, out: list[bytes]) -> None:
        transport = self._transport
        if transport is None:
            return
        data = b"".join(out) if len(out) > 1 else out[0]
        if self._tls is not None:
            try:
                data = self._tls.encrypt(data)
            except TlsFailed:
                self._abort()
                return
        transport.write(data)
        if self.is_drowning(transport.get_write_buffer_size()):
            # A reader that takes nothing while we owe it answers: presence is not even written any more.
            self._abort()

    def _parting(self) -> bytes:
        return self._tls.close() if self._tls is not None and self._tls.is_ready else b""


class TcpListener:
    """One port. `tls` None: in the clear only, for tests and behind a proxy on the same machine."""

    def __init__(self, door: Door, tls: TlsContext | None, *, is_direct: bool = False) -> None:
        if is_direct and tls is None:
            raise ValueError("direct TLS needs a certificate")
        self.door = door
        self.tls = tls
        self.is_direct = is_direct
        self.connections: set[TcpConnection] = set()
        self._server: asyncio.Server | None = None

    async def listen(self, host: str | None, port: int) -> int:
        """Accept connections; returns the port, which is a free one where 0 was asked for. Raises OSError."""
        if not host and port == 0:
            # Both families each take a free port of their own otherwise.
            with socket.create_server(("", 0)) as free:
                port = free.getsockname()[1]
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: TcpConnection(self), host or None, port, backlog=4096)
        for sock in self._server.sockets:
            with socket.fromfd(sock.fileno(), sock.family, sock.type) as listening:
                tune(listening)
        port_taken: int = self._server.sockets[0].getsockname()[1]
        return port_taken

    def stop_accepting(self) -> None:
        """Take no new connections; those that are here stay."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def stop(self) -> None:
        """Close the port, and what is still connected: streams that never had a session."""
        self.stop_accepting()
        for connection in tuple(self.connections):
            connection.close("system-shutdown")
        for _ in range(50):
            if not self.connections:
                return
            await asyncio.sleep(0.02)
        for connection in tuple(self.connections):
            connection._abort()
