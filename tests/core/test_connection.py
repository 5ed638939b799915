"""What a connection gathers in one turn of the loop."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from plauder.core.connection import QUEUED_MAX, Connection
from plauder.wire.framer import Framer


class Recording(Connection):
    def __init__(self) -> None:
        limits = SimpleNamespace(output=1_000)
        super().__init__(cast("Any", SimpleNamespace(flusher=set(), server=SimpleNamespace(limits=limits))), Framer())
        self.sent: list[bytes] = []
        self.feeds = 0
        session = SimpleNamespace(trailer=lambda: b"", drained=self._drained)
        self.session = cast("Any", session)

    def _drained(self) -> None:
        self.feeds += 1

    def send_now(self, out: list[bytes]) -> None:
        self.sent += out


def test_who_was_told_to_wait_because_of_one_turn_is_fed_on_after_it() -> None:
    line = Recording()
    line.write(b"x" * QUEUED_MAX)
    assert not line.is_congested
    line.write(b"x")
    assert line.is_congested
    line.flush()
    assert not line.is_congested
    assert line.feeds == 1
    line.write(b"x")
    line.flush()
    assert line.feeds == 1


def test_who_reads_slowly_is_fed_when_the_transport_says_so() -> None:
    line = Recording()
    line.write(b"x" * (QUEUED_MAX + 1))
    line.full(True)
    line.flush()
    assert line.feeds == 0
    line.full(False)
    assert line.feeds == 1


def test_a_reader_is_given_up_for_what_is_written_after_it_stopped_not_for_what_it_was_owed() -> None:
    line = Recording()
    assert not line.is_drowning(5_000)
    line.full(True)
    assert not line.is_drowning(5_000)
    assert not line.is_drowning(6_000)
    assert line.is_drowning(6_001)
    assert not line.is_drowning(3_000)
    line.full(False)
    line.full(True)
    assert not line.is_drowning(9_000)
    assert line.is_drowning(10_001)
