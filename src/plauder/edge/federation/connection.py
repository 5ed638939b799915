"""One TCP connection between servers, whoever opened it: bytes to acts and back.

What both directions share is here: TLS, writes gathered per turn of the loop, counting (XEP-0198) of what we took,
and not reading from a peer that brings more than it may.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final, cast

from plauder.core.foreign import Gateway
from plauder.core.link import Link, Unreachable
from plauder.edge.federation.tls import PeerEngine
from plauder.edge.socket_connection import BUFFER
from plauder.edge.tls import TlsFailed
from plauder.kit import log as logging
from plauder.kit.ids import new_token
from plauder.wire import s2s, sm, stream
from plauder.wire.dialback import Answer
from plauder.wire.events import Event
from plauder.wire.framer import Framer
from plauder.wire.s2s import Act
from plauder.wire.s2s_initiating import Initiating, Question
from plauder.wire.s2s_receiving import Receiving
from plauder.wire.stanza import Stanza
from plauder.wire.stream_error import StreamError

if TYPE_CHECKING:
    from plauder.edge.federation.service import Federation

log = logging.get("edge.federation")

NEGOTIATION_SECONDS: Final = 30.0
GRACE_SECONDS: Final = 2.0
FULL_SECONDS: Final = 0.05
OUTPUT_MAX: Final = 8 * 1024 * 1024
"""Bytes a peer may leave unread; above, the connection is cut."""


class ServerConnection(asyncio.Protocol):
    """A stream with another server. It is the `Way` of a link where stanzas may go out on it."""

    def __init__(self, federation: Federation, tls: PeerEngine | None) -> None:
        self.federation = federation
        self.server = federation.server
        self.link: Link | None = None
        self._tls = tls
        self._framer = Framer(content=s2s.SERVER)
        self._transport: asyncio.Transport | None = None
        self._out: list[bytes] = []
        self._is_congested = self._is_closing = False
        self._gateway = Gateway(self.server, "", federation.send)
        self._taken: deque[_Taken] = deque()
        self._counts = False
        self._handled = 0
        self._owes_ack = self._ack_is_due = False
        self._reads = True
        self._ready = False
        self._timer: asyncio.TimerHandle | None = None
        self.address = ""

    def take(self, event: Event) -> list[Act]:
        """Hand an event to the stream's state machine."""
        raise NotImplementedError

    def _tls_done(self) -> list[Act]:
        raise NotImplementedError

    @property
    def peer(self) -> str:
        """The other domain, as far as it is known; for logs."""
        raise NotImplementedError

    # ── asyncio ───────────────────────────────────────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if peer else "local"
        self._transport.set_write_buffer_limits(high=BUFFER)
        self.federation.connections.add(self)
        self._timer = asyncio.get_running_loop().call_later(NEGOTIATION_SECONDS, self._too_late)

    def connection_lost(self, exc: Exception | None) -> None:
        self.federation.connections.discard(self)
        self._transport = None
        self._is_closing = True
        if self._timer is not None:
            self._timer.cancel()
        if self.link is not None:
            self.link.lost(self)

    def data_received(self, data: bytes) -> None:
        if self._is_closing:
            return
        if self._tls is None:
            self._feed(data)
            return
        was_ready = self._tls.is_ready
        try:
            plain, answer, closed = self._tls.receive(data)
        except TlsFailed as problem:
            self.failed("TLS failed: " + (str(problem) or "the handshake was refused"))
            self.abort()
            return
        if answer and self._transport is not None:
            self._transport.write(answer)
        if self._tls.is_ready and not was_ready:
            self.run(self._tls_done())
        for piece in plain:
            self._feed(piece)
        if closed:
            self.close()

    def eof_received(self) -> bool:
        return False

    def pause_writing(self) -> None:
        self._is_congested = True

    def resume_writing(self) -> None:
        self._is_congested = False
        if self.link is not None:
            self.link.pump()

    def _too_late(self) -> None:
        if not self._ready:
            self.fail(StreamError("connection-timeout"))

    # ── acts ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _feed(self, data: bytes) -> None:
        for event in self._framer.feed(data):
            if self._is_closing:
                return
            self.run(self.take(event))

    def run(self, acts: list[Act]) -> None:
        """Do what the state machine says."""
        for act in acts:
            match act:
                case s2s.Write(data):
                    self.write(data)
                case s2s.Take(stanza):
                    self._stanza(stanza)
                case s2s.AckWanted():
                    self._owes_ack = True
                    self._acknowledge()
                case s2s.Acked(h):
                    self._acked(h)
                case s2s.Counting():
                    self._counts, self._handled = True, 0
                    self._taken.clear()
                    if self.link is not None:
                        self.link.counting()
                case s2s.Fail(error, is_ours):
                    self.fail(error) if is_ours else self._told(error)
                case s2s.Close():
                    self.close()
                case _:
                    self._act(act)

    def _act(self, act: Act) -> None:
        """What only one direction does."""
        raise NotImplementedError

    def _is_ready(self) -> None:
        """A domain is proved: longer stanzas, no hurry any more."""
        self._ready = True
        self._framer.limit = self.server.limits.stanza
        if self._timer is not None:
            self._timer.cancel()

    def start_tls(self, engine: PeerEngine) -> None:
        """What was said in the clear is void (RFC 6120 §5.4.3.3)."""
        self.flush()
        self._framer.clear()
        self._tls = engine

    # ── stanzas in ────────────────────────────────────────────────────────────────────────────────────────────────

    def _stanza(self, stanza: Stanza) -> None:
        sender = stanza.sender
        assert sender is not None
        self.server.metrics.count("federation_stanzas", 1, direction="in", kind=stanza.kind)
        entry = _Taken()
        self._taken.append(entry)
        self._gateway.take(stanza, lambda: self._done(entry))
        wait = self.federation.allowance.take(sender.domain)
        if wait > 0:
            self.server.metrics.count("federation_slowed")
            self._pause(wait)
        elif self._gateway.is_full:
            self._pause(FULL_SECONDS)

    def _pause(self, seconds: float) -> None:
        if self._reads and self._transport is not None:
            self._reads = False
            self._transport.pause_reading()
            asyncio.get_running_loop().call_later(min(seconds, 5.0), self._read_on)

    def _read_on(self) -> None:
        self._reads = True
        if self._transport is None:
            return
        if self._gateway.is_full:
            self._pause(FULL_SECONDS)
        else:
            self._transport.resume_reading()

    def _done(self, entry: _Taken) -> None:
        entry.is_done = True
        taken = self._taken
        while taken and taken[0].is_done:
            taken.popleft()
            self._handled = sm.add(self._handled, 1)
        if self._counts and self._owes_ack and not self._ack_is_due:
            self._ack_is_due = True
            self.server.timers.call_soon(self._acknowledge)

    def _acknowledge(self) -> None:
        """XEP-0198 §4: what we took over. What is not safe yet is acknowledged when it is, without being asked."""
        self._ack_is_due = False
        if self._counts and not self._is_closing:
            self.write(sm.ack(self._handled))
            self._owes_ack = bool(self._taken)

    def _acked(self, h: int) -> None:
        if self.link is None:
            return
        try:
            self.link.acknowledged(h)
        except StreamError as error:
            self.fail(error)

    # ── out ───────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def can_take(self) -> bool:
        return self.is_open and not self._is_congested

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._is_closing

    @property
    def counts(self) -> bool:
        return self._counts

    def write(self, data: bytes) -> None:
        """Send with whatever else is written in this turn of the loop."""
        if self._is_closing:
            return
        if not self._out:
            asyncio.get_running_loop().call_soon(self.flush)
        self._out.append(data)

    def flush(self) -> None:
        """Send now."""
        out, self._out = self._out, []
        if not out or self._transport is None:
            return
        data = b"".join(out)
        if self._tls is not None:
            try:
                data = self._tls.encrypt(data)
            except TlsFailed:
                self.abort()
                return
        self._transport.write(data)
        if self._transport.get_write_buffer_size() > OUTPUT_MAX:
            self.abort()

    # ── the end ───────────────────────────────────────────────────────────────────────────────────────────────────

    def fail(self, error: StreamError) -> None:
        """Say a stream error and end the stream."""
        if self._is_closing:
            return
        log.info("stream-failed", peer=self.peer, condition=error.condition, text=error.text)
        self.server.metrics.count("federation_stream_errors", 1, side="ours", condition=error.condition)
        self.write(error.to_bytes())
        self.failed(error.text or error.condition, error.condition)
        self.close()

    def _told(self, error: StreamError) -> None:
        log.info("stream-ended-by-peer", peer=self.peer, condition=error.condition, text=error.text)
        self.server.metrics.count("federation_stream_errors", 1, side="theirs", condition=error.condition)
        self.failed(f"it said {error.condition}", error.condition)
        self.close()

    def failed(self, why: str, condition: str = "") -> None:
        """It came to nothing: whoever waits for the stream is told."""

    def close(self) -> None:
        """End the stream in order."""
        if self._is_closing or self._transport is None:
            return
        self.write(stream.CLOSE)
        self.flush()
        self._is_closing = True
        if self._tls is not None and self._tls.is_ready and self._transport is not None:
            self._transport.write(self._tls.close())
        if self._transport is not None:
            self._transport.close()
            asyncio.get_running_loop().call_later(GRACE_SECONDS, self.abort)
        if self.link is not None:
            self.link.lost(self)

    def abort(self) -> None:
        """Cut the connection."""
        self._is_closing = True
        if self._transport is not None:
            self._transport.abort()


class _Taken:
    """A stanza that was taken and is not safe yet."""

    __slots__ = ("is_done",)

    def __init__(self) -> None:
        self.is_done = False


class IncomingConnection(ServerConnection):
    """A server connected to us."""

    def __init__(self, federation: Federation, *, is_direct: bool) -> None:
        super().__init__(federation, PeerEngine(federation.tls) if is_direct else None)
        self._machine = Receiving(
            federation, secret=federation.secret, new_id=lambda: new_token(18), is_direct=is_direct
        )

    @property
    def peer(self) -> str:
        return self._machine.remote

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if not self.federation.admits(self):
            self.abort()

    def take(self, event: Event) -> list[Act]:
        return self._machine.take(event)

    def _tls_done(self) -> list[Act]:
        assert self._tls is not None
        chain = self._tls.chain()
        judged: dict[str, bool] = {}

        def certified(domain: str) -> bool:
            if domain not in judged:
                why = self.federation.trust.problem(chain, domain)
                judged[domain] = not why
                if why:
                    log.info("certificate-not-trusted", domain=domain, why=why)
            return judged[domain]

        return self._machine.tls_done(certified)

    def _act(self, act: Act) -> None:
        if isinstance(act, s2s.StartTls):
            self.start_tls(PeerEngine(self.federation.tls))
        elif isinstance(act, s2s.Verify):
            self.server.spawn(self._verify(act), f"ask {act.remote} about a key")
        elif isinstance(act, s2s.Ready):
            self._is_ready()
            log.info("server-came", remote=act.remote, local=act.local, how=act.how, both_ways=act.both_ways)
            self.server.metrics.count("federation_streams", 1, direction="in", how=act.how)
            if act.both_ways and self.link is None:
                self.link = self.federation.elsewhere.adopt(act.local, act.remote, self)

    async def _verify(self, act: s2s.Verify) -> None:
        answer: Answer = "error"
        try:
            answer = await self.federation.dialer.ask(act.local, act.remote, Question(act.stream_id, act.key))
        except Unreachable as problem:
            log.info("key-not-verified", remote=act.remote, why=problem.why)
        self.run(self._machine.verified(act.remote, act.local, answer))


class OutgoingConnection(ServerConnection):
    """We connected to a server. `opened` is done when stanzas may flow, or a question is answered."""

    def __init__(
        self,
        federation: Federation,
        link: Link | None,
        local: str,
        remote: str,
        question: Question | None,
        *,
        is_direct: bool,
    ) -> None:
        engine = PeerEngine(federation.tls, connects_to=remote, is_direct=True) if is_direct else None
        super().__init__(federation, engine)
        self.remote = remote
        self._for = link
        self._is_direct = is_direct
        self._machine = Initiating(
            local, remote, federation, secret=federation.secret, question=question, is_direct=is_direct
        )
        self.opened: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()

    @property
    def peer(self) -> str:
        return self.remote

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self._is_direct:
            self._begin_tls()
        else:
            self.run(self._machine.start())

    def connection_lost(self, exc: Exception | None) -> None:
        self.failed("it closed the connection")
        super().connection_lost(exc)

    def take(self, event: Event) -> list[Act]:
        return self._machine.take(event)

    def _begin_tls(self) -> None:
        assert self._tls is not None
        assert self._transport is not None
        self._transport.write(self._tls.begin())

    def _tls_done(self) -> list[Act]:
        assert self._tls is not None
        why = self.federation.trust.problem(self._tls.chain(), self.remote)
        acts = self._machine.tls_done(not why)
        if why and any(isinstance(act, s2s.Fail) for act in acts):
            self.failed(f"its certificate is not trusted: {why}", "not-authorized")
        return acts

    def _act(self, act: Act) -> None:
        if isinstance(act, s2s.StartTls):
            self.start_tls(PeerEngine(self.federation.tls, connects_to=self.remote))
            self._begin_tls()
        elif isinstance(act, s2s.Ready):
            self._is_ready()
            log.info("server-reached", remote=act.remote, local=act.local, how=act.how, both_ways=act.both_ways)
            self.server.metrics.count("federation_streams", 1, direction="out", how=act.how)
            self.link = self._for
            self._resolve(None)
        elif isinstance(act, s2s.Verified):
            self._ready = True
            self._resolve(act.answer)

    def _resolve(self, answer: Answer | None) -> None:
        if not self.opened.done():
            self.opened.set_result(answer)

    def failed(self, why: str, condition: str = "") -> None:
        if not self.opened.done():
            final = condition in ("not-authorized", "host-unknown", "policy-violation", "invalid-from")
            what = "remote-server-not-found" if condition == "host-unknown" else "remote-server-timeout"
            self.opened.set_exception(Unreachable(what, why, is_final=final))
            self.opened.exception()  # looked at, should nobody else do so
