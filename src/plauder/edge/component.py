"""External components (XEP-0114): programs of the operator that serve a sub-domain, gateways to other networks mostly.

A component proves that it knows its secret; then every stanza to its domain goes to it, and what it sends is taken as
from there. One connection per domain. The port is for this machine or a private network: the protocol knows no TLS.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Mapping
from hashlib import sha1
from typing import TYPE_CHECKING, Final, cast

from plauder.core.foreign import Gateway
from plauder.kit import log as logging
from plauder.kit.ids import new_token
from plauder.wire import stream
from plauder.wire.events import Event, Nonza, StreamClosed, StreamOpened
from plauder.wire.framer import STANZA_MAX_BEFORE_LOGIN, Framer
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError
from plauder.wire.stream_error import STREAMS, StreamError
from plauder.wire.xml import quote

if TYPE_CHECKING:
    from plauder.core.server import Server
    from plauder.core.session import Session

log = logging.get("edge.component")

NS: Final = "jabber:component:accept"
HANDSHAKE: Final = f"{{{NS}}}handshake"
LOGIN_SECONDS: Final = 30.0
BUFFER: Final = 4 * 1024 * 1024
"""Bytes that may wait for a component; one that takes nothing for longer is cut off, and its senders get errors."""


def proof(stream_id: str, secret: str) -> str:
    """XEP-0114 §3: SHA-1 over the stream's id and the secret, in hexadecimal."""
    return sha1(f"{stream_id}{secret}".encode(), usedforsecurity=False).hexdigest()


class ComponentConnection(asyncio.Protocol):
    """One component."""

    def __init__(self, listener: ComponentListener) -> None:
        self._listener = listener
        self._server = listener.server
        self._framer = Framer(content=NS, limit=STANZA_MAX_BEFORE_LOGIN)
        self._transport: asyncio.Transport | None = None
        self._id = new_token(12)
        self._domain = ""
        self._gateway: Gateway | None = None
        self._timer: asyncio.TimerHandle | None = None

    # ── asyncio ───────────────────────────────────────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._listener.connections.add(self)
        self._timer = asyncio.get_running_loop().call_later(LOGIN_SECONDS, self._too_late)

    def connection_lost(self, exc: Exception | None) -> None:
        self._listener.connections.discard(self)
        self._transport = None
        if self._timer is not None:
            self._timer.cancel()
        if self._gateway is not None:
            self._gateway = None
            self._server.hosts.pop(self._domain, None)
            log.info("component-left", domain=self._domain)

    def data_received(self, data: bytes) -> None:
        for event in self._framer.feed(data):
            if self._transport is None or self._transport.is_closing():
                return
            self._take(event)

    def _too_late(self) -> None:
        if self._gateway is None:
            self._fail(StreamError("connection-timeout"))

    # ── the stream ────────────────────────────────────────────────────────────────────────────────────────────────

    def _take(self, event: Event) -> None:
        if isinstance(event, StreamOpened):
            self._open(event)
        elif isinstance(event, StreamError):
            self._fail(event)
        elif isinstance(event, StreamClosed):
            self.close()
        elif isinstance(event, Nonza):
            self._shake_hands(event)
        else:
            self._stanza(event)

    def _open(self, opened: StreamOpened) -> None:
        self._domain = opened.to or ""
        attrs = f"xmlns={quote(NS)} xmlns:stream={quote(STREAMS)} from={quote(self._domain)} id={quote(self._id)}"
        self._write(f"<?xml version='1.0'?><stream:stream {attrs}>".encode())
        if self._domain not in self._listener.secrets:
            self._fail(StreamError("host-unknown"))
        elif self._domain in self._server.hosts:
            self._fail(StreamError("conflict", "That domain is served already."))

    def _shake_hands(self, nonza: Nonza) -> None:
        secret = self._listener.secrets.get(self._domain)
        said = (nonza.element.text or "").strip()
        if nonza.tag != HANDSHAKE or secret is None or self._gateway is not None:
            self._fail(StreamError("unsupported-stanza-type"))
        elif not hmac.compare_digest(said.encode(), proof(self._id, secret).encode()):
            self._fail(StreamError("not-authorized"))
        elif self._domain in self._server.hosts:
            self._fail(StreamError("conflict", "That domain is served already."))
        else:
            self._gateway = Gateway(self._server, self._domain, self.send)
            self._framer.limit = self._server.limits.stanza
            self._server.host(self._domain, self._deliver)
            self._write(b"<handshake/>")
            log.info("component-came", domain=self._domain)

    def _stanza(self, stanza: Stanza) -> None:
        if self._gateway is None:
            self._fail(StreamError("not-authorized"))
            return
        try:
            self._gateway.take(stanza)
        except ValueError:
            self._fail(StreamError("invalid-from"))
            return
        if self._gateway.is_full and self._transport is not None:
            self._transport.pause_reading()
            asyncio.get_running_loop().call_later(0.05, self._read_on)

    def _read_on(self) -> None:
        if self._transport is None or self._gateway is None:
            return
        if self._gateway.is_full:
            asyncio.get_running_loop().call_later(0.05, self._read_on)
        else:
            self._transport.resume_reading()

    # ── out ───────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _deliver(self, _session: Session | None, stanza: Stanza) -> None:
        """What is addressed to the domain."""
        if self._transport is None:
            raise StanzaError("wait", "remote-server-timeout")
        self.send(stanza)

    def send(self, stanza: Stanza) -> None:
        """Hand the component a stanza."""
        self._write(stanza.to_bytes())
        if self._transport is not None and self._transport.get_write_buffer_size() > BUFFER:
            log.warning("component-too-slow", domain=self._domain)
            self._transport.abort()

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def _fail(self, error: StreamError) -> None:
        if self._transport is not None and not self._transport.is_closing():
            if not self._domain:
                self._write(stream.header(from_=self._server.domain, id=self._id, content=NS))
            log.info("component-refused", domain=self._domain, condition=error.condition)
            self._write(error.to_bytes())
            self.close()

    def close(self) -> None:
        """End the stream."""
        if self._transport is not None and not self._transport.is_closing():
            self._write(stream.CLOSE)
            self._transport.close()


class ComponentListener:
    """The port for components; `secrets` by domain."""

    def __init__(self, server: Server, secrets: Mapping[str, str]) -> None:
        self.server = server
        self.secrets = dict(secrets)
        self.connections: set[ComponentConnection] = set()
        self._socket: asyncio.Server | None = None

    async def listen(self, host: str, port: int) -> int:
        """Accept connections; returns the port, a free one where 0 was asked for. Raises OSError."""
        loop = asyncio.get_running_loop()
        self._socket = await loop.create_server(lambda: ComponentConnection(self), host, port)
        taken: int = self._socket.sockets[0].getsockname()[1]
        return taken

    async def stop(self) -> None:
        """Close the port and the streams."""
        if self._socket is not None:
            self._socket.close()
        for connection in tuple(self.connections):
            connection.close()
        await asyncio.sleep(0)
