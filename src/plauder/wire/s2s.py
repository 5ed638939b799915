"""Streams between servers (RFC 6120, XEP-0220, XEP-0178, XEP-0288): what both sides share.

`s2s_receiving.Receiving` is the side that was connected to, `s2s_initiating.Initiating` the one that connects. Both
take the events of a `Framer` and return acts: bytes to write, and what the one who owns the socket has to do. They own
no socket, no clock and no certificate: whether the peer's certificate is good for a domain comes in as an answer.

TLS is not an option here: without it neither side says or takes anything but STARTTLS.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Protocol

from plauder.wire import dialback, stream
from plauder.wire.stanza import Stanza
from plauder.wire.stream_error import StreamError

SERVER: Final = "jabber:server"
BIDI: Final = "{urn:xmpp:bidi}bidi"
BIDI_FEATURE: Final = "{urn:xmpp:features:bidi}bidi"
FEATURES: Final = "{http://etherx.jabber.org/streams}features"
ERROR: Final = "{http://etherx.jabber.org/streams}error"

_PREFIXES: Final = f" xmlns:db='{dialback.NS}'"

Certified = Callable[[str], bool]
"""Whether the peer's certificate is from an authority we trust, in time, and names this domain (RFC 6125)."""


class Policy(Protocol):
    """What the server wants."""

    @property
    def dialback(self) -> bool:
        """Whether a domain may be proved by dialback alone, without a certificate."""
        ...

    def serves(self, domain: str) -> bool:
        """Whether the domain is ours."""
        ...

    def allows(self, domain: str) -> bool:
        """Whether we talk to that domain."""
        ...


# ── acts ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Write:
    """Send these bytes."""

    data: bytes


@dataclass(frozen=True, slots=True)
class StartTls:
    """Do the handshake now, then call `tls_done`."""


@dataclass(frozen=True, slots=True)
class Verify:
    """Ask the server that DNS names for `remote` whether the key is its own, then call `verified`."""

    remote: str
    local: str
    stream_id: str
    key: str


@dataclass(frozen=True, slots=True)
class Verified:
    """The answer to a question we asked by `Initiating`."""

    answer: dialback.Answer


@dataclass(frozen=True, slots=True)
class Ready:
    """The peer's domain is proved (receiving), or ours (initiating): stanzas may flow.

    `both_ways`: also those of the other direction, on this stream (XEP-0288).
    """

    remote: str
    local: str
    how: str
    both_ways: bool = False


@dataclass(frozen=True, slots=True)
class Counting:
    """Stream management (XEP-0198) is on from here."""


@dataclass(frozen=True, slots=True)
class AckWanted:
    """The peer asks how much we have taken over."""


@dataclass(frozen=True, slots=True)
class Acked:
    """The peer has taken over so many stanzas."""

    h: int


@dataclass(frozen=True, slots=True)
class Take:
    """A stanza with `from` at a proved domain and `to` at one of ours."""

    stanza: Stanza


@dataclass(frozen=True, slots=True)
class Fail:
    """Say this error, if there is one to say, and end the stream."""

    error: StreamError
    is_ours: bool = True
    """False: the peer said it."""


@dataclass(frozen=True, slots=True)
class Close:
    """Say `</stream:stream>` and close the connection."""


Act = Write | StartTls | Verify | Verified | Ready | Counting | AckWanted | Acked | Take | Fail | Close


# ── states ────────────────────────────────────────────────────────────────────────────────────────────────────────


class State(Enum):
    """Where a stream between servers stands, on either side."""

    CONNECTED = auto()  # no header of the peer yet, not encrypted
    OPENED = auto()  # headers exchanged; only STARTTLS may follow
    STARTING_TLS = auto()  # <proceed/> was said; nothing is read before the handshake is done
    SECURED = auto()  # encrypted, the stream starts anew
    READY = auto()  # headers exchanged; a domain may be proved
    AUTHENTICATED = auto()  # proved by SASL; the stream starts anew
    RUNNING = auto()  # stanzas flow; more domains may be proved
    CLOSED = auto()


class Event(Enum):
    """What moves a stream on."""

    HEADER = auto()
    STARTTLS = auto()
    TLS_DONE = auto()
    SASL_SUCCESS = auto()
    PROVED = auto()  # by dialback, or what comes after SASL is settled
    END = auto()


NEXT: Final[dict[State, dict[Event, State]]] = {
    State.CONNECTED: {Event.HEADER: State.OPENED, Event.END: State.CLOSED},
    State.OPENED: {Event.STARTTLS: State.STARTING_TLS, Event.END: State.CLOSED},
    State.STARTING_TLS: {Event.TLS_DONE: State.SECURED, Event.END: State.CLOSED},
    State.SECURED: {Event.HEADER: State.READY, Event.END: State.CLOSED},
    State.READY: {Event.SASL_SUCCESS: State.AUTHENTICATED, Event.PROVED: State.RUNNING, Event.END: State.CLOSED},
    State.AUTHENTICATED: {Event.HEADER: State.RUNNING, Event.END: State.CLOSED},
    State.RUNNING: {Event.PROVED: State.RUNNING, Event.END: State.CLOSED},
    State.CLOSED: {},
}


class Moves:
    """A state and the way it may move."""

    def __init__(self, *, is_secured: bool) -> None:
        self.state = State.SECURED if is_secured else State.CONNECTED

    def can(self, event: Event) -> bool:
        """Whether that may happen now."""
        return event in NEXT[self.state]

    def move(self, event: Event) -> None:
        """It happened. Raises KeyError where it must not."""
        self.state = NEXT[self.state][event]


def header(local: str, remote: str, *, stream_id: str | None = None) -> bytes:
    """The opening tag; the receiving side gives the stream its id. It declares dialback, as XEP-0220 §2.3 wants."""
    return stream.header(from_=local, to=remote, id=stream_id, content=SERVER, prefixes=_PREFIXES)
