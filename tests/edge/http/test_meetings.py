"""Places where two devices meet."""

from __future__ import annotations

import pytest

from plauder.edge.http.meetings import LASTS_SECONDS, MOST_NOTES, Meetings
from plauder.kit.clock import FakeClock
from plauder.kit.errors import Conflict, NotFound, TooMany


def test_a_note_is_read_once() -> None:
    meetings = Meetings(FakeClock())
    with pytest.raises(NotFound):
        meetings.take("a")
    meetings.leave("a", "note")
    with pytest.raises(Conflict):
        meetings.leave("a", "another")
    assert meetings.take("a") == "note"
    with pytest.raises(NotFound):
        meetings.take("a")


def test_a_note_fades() -> None:
    clock = FakeClock()
    meetings = Meetings(clock)
    meetings.leave("a", "note")
    clock.advance(LASTS_SECONDS + 1)
    with pytest.raises(NotFound):
        meetings.take("a")


def test_there_are_not_more_than_fit() -> None:
    meetings = Meetings(FakeClock())
    meetings._notes = {str(number): (1e12, "") for number in range(MOST_NOTES)}
    with pytest.raises(TooMany):
        meetings.leave("a", "note")
