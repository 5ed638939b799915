"""Numbers for stanzas: they grow with the order of arrival, tell the time of it, and never repeat in a cluster."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from plauder.kit.clock import Clock

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


SYNC_SECONDS = 5.0


class Numbers:
    """Hands out 63-bit numbers: microseconds since 1970 in the high bits, the node in the low eight.

    The wall clock is looked at every few seconds; in between the monotonic one tells how far it has come. A clock that
    is set back does not make the numbers fall: they go on from the highest one seen.
    """

    def __init__(self, clock: Clock, *, node: int = 0, above: int = 0) -> None:
        self._clock = clock
        self._node = node
        self._last = above >> 8
        self._base = 0
        self._base_at = -SYNC_SECONDS
        self._monotonic = clock.monotonic

    def next(self) -> int:
        """A number above all that this object gave before."""
        passed = self._monotonic() - self._base_at
        if not 0 <= passed < SYNC_SECONDS or not self._base:
            self._base = (self._clock.now() - _EPOCH) // _MICROSECOND
            self._base_at = self._monotonic()
            passed = 0.0
        now = self._base + int(passed * 1e6)
        self._last = now if now > self._last else self._last + 1
        return self._last << 8 | self._node

    @property
    def last(self) -> int:
        """The highest number given so far."""
        return self._last << 8 | self._node


def time_of(number: int) -> datetime:
    """When the stanza with this number arrived."""
    return _EPOCH + timedelta(microseconds=number >> 8)


def number_at(moment: datetime) -> int:
    """The lowest number of that moment."""
    return (moment - _EPOCH) // _MICROSECOND << 8
