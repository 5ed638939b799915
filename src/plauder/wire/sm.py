"""Stream management, the counting part: XEP-0198. Owns no socket, no clock and no timer."""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import Final, Generic, NamedTuple, TypeVar, final
from xml.etree.ElementTree import Element

from plauder.wire.events import SM
from plauder.wire.stanza_error import STANZAS
from plauder.wire.stream_error import StreamError
from plauder.wire.xml import E

# XEP-0198 §4: h is an unsigned 32-bit number that starts at 0 and wraps.
WRAP: Final = 2**32

REQUEST: Final = b"<r xmlns='urn:xmpp:sm:3'/>"

T = TypeVar("T")


def ack(h: int) -> bytes:
    """`<a h='…'/>`: so many stanzas of yours were taken over by us."""
    return b"<a xmlns='urn:xmpp:sm:3' h='%d'/>" % h


def parse_h(text: str | None) -> int:
    """The number in an `h` attribute; raises `StreamError` if it is none."""
    # isdecimal alone would let other scripts' digits through.
    if text is None or not (text.isascii() and text.isdecimal()) or len(text) > 10 or int(text) >= WRAP:
        raise StreamError("undefined-condition", "h is not an unsigned 32-bit number")
    return int(text)


def add(h: int, count: int) -> int:
    """A counter moved on, with its wrap."""
    return (h + count) % WRAP


class HandledCountTooHigh(StreamError):
    """XEP-0198 §4: the peer acknowledges more than it was sent."""

    def __init__(self, h: int, sent: int) -> None:
        super().__init__(
            "undefined-condition",
            f"acknowledged {h}, but only {sent} were sent",
            E(f"{{{SM}}}handled-count-too-high", {"h": str(h), "send-count": str(sent)}),
        )


@final
class Unacked(Generic[T]):
    """What was sent and not yet acknowledged, in order. What a thing is, is up to the owner: a stanza, a row, an id."""

    __slots__ = ("_acked", "_waiting")

    def __init__(self, *, acked: int = 0) -> None:
        # Most connections are idle: an empty deque costs 600 bytes, so there is one only while something waits.
        self._waiting: deque[T] | None = None
        self._acked = acked

    def __len__(self) -> int:
        return len(self._waiting) if self._waiting else 0

    @property
    def acked(self) -> int:
        """The last h that the peer said."""
        return self._acked

    @property
    def sent_count(self) -> int:
        """The h that the peer will say when it has everything."""
        return (self._acked + len(self)) % WRAP

    def sent(self, thing: T) -> None:
        """Remember it until it is acknowledged."""
        if self._waiting is None:
            self._waiting = deque()
        self._waiting.append(thing)

    def acknowledged(self, h: int) -> list[T]:
        """Forget everything up to `h`; return what was confirmed, oldest first. Raises `HandledCountTooHigh`."""
        count = (h - self._acked) % WRAP
        if count == 0:
            return []
        waiting = self._waiting
        if waiting is None or count > len(waiting):
            raise HandledCountTooHigh(h, self.sent_count)
        self._acked = h
        if count == len(waiting):
            self._waiting = None
            return list(waiting)
        return [waiting.popleft() for _ in range(count)]

    def waiting(self, limit: int | None = None) -> list[T]:
        """What is not acknowledged, oldest first."""
        return list(islice(self._waiting, limit)) if self._waiting else []

    def clear(self) -> list[T]:
        """Give up waiting; returns what was not acknowledged."""
        left = self.waiting()
        self._acked = self.sent_count
        self._waiting = None
        return left


class Enable(NamedTuple):
    """`<enable/>`: the client asks for stream management (XEP-0198 §3)."""

    resume: bool
    max_seconds: int | None


class Resume(NamedTuple):
    """`<resume/>`: the client asks to go on with an earlier stream (XEP-0198 §5)."""

    previous: str
    h: int


def parse_enable(element: Element) -> Enable:
    limit = element.get("max", "")
    return Enable(
        element.get("resume") in ("true", "1"),
        int(limit) if limit.isascii() and limit.isdecimal() and len(limit) < 10 else None,
    )


def parse_resume(element: Element) -> Resume:
    """Raises `StreamError` where h or previd are missing or wrong."""
    previous = element.get("previd")
    if not previous:
        raise StreamError("undefined-condition", "resume without previd")
    return Resume(previous, parse_h(element.get("h")))


def enabled(resume_id: str | None, *, max_seconds: int | None = None, location: str | None = None) -> Element:
    """`<enabled/>`; with a `resume_id` the stream may be resumed for `max_seconds`, preferably at `location`."""
    if resume_id is None:
        return E(f"{{{SM}}}enabled")
    limit = None if max_seconds is None else str(max_seconds)
    return E(f"{{{SM}}}enabled", {"id": resume_id, "resume": "true", "max": limit, "location": location})


def resumed(previous: str, h: int) -> Element:
    return E(f"{{{SM}}}resumed", {"previd": previous, "h": str(h)})


def failed(condition: str, *, h: int | None = None) -> Element:
    """`<failed/>`; `h` tells how much of the lost stream was taken over, where that is known (XEP-0198 §5)."""
    return E(f"{{{SM}}}failed", {"h": None if h is None else str(h)}, E(f"{{{STANZAS}}}{condition}"))
