"""One client stream, whatever carries it: events in, bytes out, a session in between.

Until a resource is bound, events go to the `Login`; from then on straight to the session. Output is gathered and
written once per loop turn. TCP and WebSocket fill in how a stream opens and closes and where the bytes go.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import Element

from plauder.core.client import ClientSession
from plauder.kit import log as logging
from plauder.kit.ids import new_token
from plauder.wire import sm
from plauder.wire.element import lone_ack
from plauder.wire.events import SM, SM_ANSWER, SM_REQUEST, Event, Nonza, StreamClosed, StreamOpened
from plauder.wire.framer import Framer, FrameReader
from plauder.wire.stanza import Stanza
from plauder.wire.stream_error import StreamError
from plauder.wire.xml import serialize

if TYPE_CHECKING:
    from plauder.core.door import Door
    from plauder.core.login import Login

log = logging.get("core.connection")

SM_ENABLE: Final = f"{{{SM}}}enable"
GRACE_SECONDS: Final = 5.0
"""How long a connection that was closed may take to read what is left for it."""
QUEUED_MAX: Final = 262_144
"""Bytes gathered in one loop turn after which a session is told that its reader is slow."""


class Connection:
    """One stream. It is the `Outlet` of its session."""

    __slots__ = (
        "_full_at",
        "_is_closing",
        "_is_dirty",
        "_is_full",
        "_out",
        "_queued",
        "address",
        "door",
        "framer",
        "login",
        "session",
        "stream_id",
    )

    kind = "tcp"

    def __init__(self, door: Door, framer: Framer | FrameReader) -> None:
        self.door = door
        self.framer = framer
        self.session: ClientSession | None = None
        self.login: Login | None = None
        self.address = ""
        self.stream_id = ""
        """The id of the stream's latest header; empty while none was sent."""
        self._out: list[bytes] | None = None
        self._queued = 0
        self._is_dirty = False
        self._is_full = False
        self._full_at = 0
        """How much was buffered when the transport became full; 0 while that was not looked at."""
        self._is_closing = False

    # ── what the transport says ───────────────────────────────────────────────────────────────────────────────────

    def begin(self, address: str) -> bool:
        """A connection from this address was accepted. False: it must be closed, there are too many."""
        # One that hides behind a proxy nobody named is counted with its like: an empty address would never be let go.
        address = self.address = address or "hidden"
        if not self.door.admit(address):
            return False
        self.login = self.door.new_login(self)
        return True

    def received(self, data: bytes) -> None:
        """Bytes came (of a WebSocket: one whole message)."""
        session = self.session
        if session is not None and session.sm and data[1:3] == b"a " and self.framer.is_empty:
            h = lone_ack(data)
            if h >= 0 and not self._is_closing:
                self._counted(session, h)
                return
        for event in self.framer.feed(data):
            self.on_event(event)

    def on_event(self, event: Event) -> None:
        """What the bytes said."""
        if self._is_closing:
            return
        session = self.session
        if session is None:
            if self.login is not None:
                self.login.put(event)
        elif event.__class__ is Stanza:
            session.receive(event)
        elif event.__class__ is Nonza:
            self._nonza(session, event)
        else:
            self._stream_event(event)

    def _stream_event(self, event: Event) -> None:
        if isinstance(event, StreamError):
            self.fail(event)
        elif isinstance(event, StreamClosed):
            self.close()
        elif isinstance(event, StreamOpened):
            self.fail(StreamError("policy-violation", "The stream is open already."))

    def lost(self) -> None:
        """The connection is gone."""
        self._is_closing = True
        self._out = None
        if self.address:
            self.door.dismiss(self.address)
            self.address = ""
        if self.login is not None:
            self.login.cancel()
            self.login = None
        session, self.session = self.session, None
        if session is not None and session.outlet is self:
            session.detach()

    def full(self, is_full: bool) -> None:
        """The transport's buffer is above its mark, or below again."""
        self._is_full = is_full
        self._full_at = 0
        if not is_full and self.session is not None:
            self.session.drained()

    def is_drowning(self, buffered: int) -> bool:
        """Whether its reader takes nothing and is written to all the same: `Limits.output` bytes more are buffered than
        when the transport became full. What filled it counts for nothing, however much it was: a stream that is
        resumed is sent at once all that it has not acknowledged."""
        if not self._is_full:
            return False
        if not self._full_at:
            self._full_at = buffered
        return buffered - self._full_at > self.door.server.limits.output

    # ── elements that are no stanzas ──────────────────────────────────────────────────────────────────────────────

    def _nonza(self, session: ClientSession, nonza: Nonza) -> None:
        tag = nonza.tag
        if tag == SM_REQUEST and session.sm:
            session.asked()
        elif tag == SM_ANSWER and session.sm:
            self._acknowledged(session, nonza)
        elif tag == SM_ENABLE and not session.sm:
            self.write(serialize(self.enable(session, sm.parse_enable(nonza.element))))
        elif tag.startswith(f"{{{SM}}}"):
            if tag in (SM_ENABLE, f"{{{SM}}}resume"):
                self.write(sm_failed("unexpected-request"))
        elif tag in self.door.server.nonzas:
            self.door.server.nonzas[tag](session, nonza.element)
        else:
            self.fail(StreamError("unsupported-stanza-type"))  # RFC 6120 §4.9.3.24

    def _acknowledged(self, session: ClientSession, nonza: Nonza) -> None:
        h = handled_of(nonza)
        if h is None:
            self.fail(StreamError("bad-format", "h is a number"))
        else:
            self._counted(session, h)

    def _counted(self, session: ClientSession, h: int) -> None:
        try:
            session.acknowledged(h)
        except sm.HandledCountTooHigh as error:
            self.fail(error)  # XEP-0198 §4: the stream must end with this error

    def enable(self, session: ClientSession, wish: sm.Enable) -> Element:
        """XEP-0198 §3: the answer to `<enable/>`."""
        if wish.resume and self.door.server.limits.resume_seconds:
            resume_id = self.door.server.enable_resumption(session, wish.max_seconds or 0)
            return sm.enabled(resume_id, max_seconds=session.resume_seconds)
        session.enable("", 0, None)
        return sm.enabled(None)

    # ── the stream ────────────────────────────────────────────────────────────────────────────────────────────────

    def open_stream(self) -> None:
        """Answer the client's stream header with ours (RFC 6120 §4.7)."""
        self.stream_id = new_token(12)
        self.write(self.header(self.stream_id))

    def header(self, stream_id: str) -> bytes:
        """The opening of our stream."""
        raise NotImplementedError

    def footer(self) -> bytes:
        """The end of our stream."""
        raise NotImplementedError

    def wrap_features(self, inner: bytes) -> bytes:
        """`<stream:features/>` around these."""
        raise NotImplementedError

    def wrap_error(self, error: StreamError) -> bytes:
        """The `<stream:error/>`."""
        raise NotImplementedError

    @property
    def is_encrypted(self) -> bool:
        """Whether nobody on the way can read along."""
        raise NotImplementedError

    def channel_binding(self, name: str) -> bytes | None:
        """The data of a channel binding ("tls-exporter", "tls-server-end-point"); None where there is none."""
        return None

    @property
    def can_start_tls(self) -> bool:
        return False

    def start_tls(self) -> None:
        """The client may begin its handshake now."""
        raise NotImplementedError

    # ── out ───────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def is_congested(self) -> bool:
        return self._is_full or self._queued > QUEUED_MAX

    def write(self, data: bytes) -> None:
        """Gather one element for the end of this loop turn. Empty: only ask the session whether it has to say more."""
        if self._is_closing:
            return
        if data:
            if self._out is None:
                self._out = []
            self._out.append(data)
            self._queued += len(data)
        if not self._is_dirty:
            self._is_dirty = True
            self.door.flusher.add(self)

    def flush(self) -> None:
        """Write what was gathered."""
        self._is_dirty = False
        if self.session is not None and not self._is_closing:
            trailer = self.session.trailer()
            if trailer:
                if self._out is None:
                    self._out = []
                self._out.append(trailer)
        out = self._out
        if out:
            self._out = None
            was_congested = self._queued > QUEUED_MAX
            self._queued = 0
            self.send_now(out)
            if was_congested and not self._is_full and self.session is not None:
                self.session.drained()

    def send_now(self, out: list[bytes]) -> None:
        """Hand these elements to the transport."""
        raise NotImplementedError

    def pause(self) -> None:
        """Read no more."""
        raise NotImplementedError

    def resume(self) -> None:
        """Read on."""
        raise NotImplementedError

    def fail(self, error: StreamError) -> None:
        """End the stream with an error, for good: a stream that broke the rules is not resumed."""
        if self._is_closing:
            return
        log.debug("stream-error", condition=error.condition)
        self._finish(error)

    def close(self, condition: str = "", text: str = "") -> None:
        """End the stream, with an error if a condition is given."""
        if not self._is_closing:
            self._finish(StreamError(condition, text or None) if condition else None)

    def _finish(self, error: StreamError | None) -> None:
        login, self.login = self.login, None
        if login is not None:
            login.cancel()
        session, self.session = self.session, None
        if error is not None or self.stream_id:
            if not self.stream_id:
                self.open_stream()  # RFC 6120 §4.9.1.2: an error needs an open stream around it
            if error is not None:
                self.write(self.wrap_error(error))
            self.write(self.footer())
        self._is_closing = True
        self.flush()
        self.shut()
        if session is not None and session.outlet is self:
            session.end()

    def shut(self) -> None:
        """Close the transport when it has sent what it has; drop it after GRACE_SECONDS."""
        raise NotImplementedError


class Flusher:
    """Writes the output of all connections that have some, once per loop turn."""

    def __init__(self) -> None:
        self._dirty: list[Connection] = []

    def add(self, connection: Connection) -> None:
        if not self._dirty:
            asyncio.get_running_loop().call_soon(self._flush)
        self._dirty.append(connection)

    def _flush(self) -> None:
        dirty, self._dirty = self._dirty, []
        for connection in dirty:
            connection.flush()


def handled_of(nonza: Nonza) -> int | None:
    """The `h` of an acknowledgement; None where it is not a 32-bit number."""
    try:
        return sm.parse_h(nonza.attrs.get("h"))
    except StreamError:
        return None


def sm_failed(condition: str, h: int | None = None) -> bytes:
    """XEP-0198 §3 and §5: `<failed/>`."""
    return serialize(sm.failed(condition, h=h))
