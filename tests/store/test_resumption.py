"""What is remembered of a stream is there for the next process, and gone when it should be."""

from __future__ import annotations

from pathlib import Path

import pytest

from plauder.store import resumption
from plauder.store.resumption import RING, MappedStreams

SNAPSHOT = {"id": "abc", "jid": "ana@plauder.example/phone"}


def test_a_stream_is_found_once_by_the_next_process(tmp_path: Path) -> None:
    before = MappedStreams(tmp_path)
    slot = before.open()
    assert slot is not None
    slot.remember({**SNAPSHOT, "memory": {"carbons": True}})
    slot.handled(2**40)
    for count in range(1, 6):
        slot.sent(count, 1000 + count, 7)
    slot.acked(2**32 + 3)

    after = MappedStreams(tmp_path)
    found = after.find("abc")
    assert found is not None
    assert found.snapshot["memory"] == {"carbons": True}
    assert (found.handled, found.acked) == (2**40, 3)
    assert found.sent == [(count, 1000 + count, 7) for count in range(1, 6)]
    assert after.find("abc") is None


def test_a_ring_keeps_the_latest(tmp_path: Path) -> None:
    slot = MappedStreams(tmp_path).open()
    assert slot is not None
    slot.remember(SNAPSHOT)
    for count in range(1, RING + 11):
        slot.sent(count, count, 0)
    found = MappedStreams(tmp_path).find("abc")
    assert found is not None
    assert found.sent == [(count, count, 0) for count in range(11, RING + 11)]
    found.slot.sent(RING + 11, 7, 9)
    again = MappedStreams(tmp_path).find("abc")
    assert again is not None
    assert again.sent[-1] == (RING + 11, 7, 9)


def test_a_closed_stream_leaves_nothing(tmp_path: Path) -> None:
    streams = MappedStreams(tmp_path)
    slot = streams.open()
    assert slot is not None
    slot.remember({**SNAPSHOT, "presence": "<presence>away in Lisbon</presence>"})
    slot.close()
    slot.handled(5)  # a late word changes nothing
    assert b"Lisbon" not in (tmp_path / "streams.0").read_bytes()
    assert MappedStreams(tmp_path).find("abc") is None


def test_a_new_login_voids_what_was_remembered(tmp_path: Path) -> None:
    slot = MappedStreams(tmp_path).open()
    assert slot is not None
    slot.remember(SNAPSHOT)
    after = MappedStreams(tmp_path)
    after.forget_device("ana@plauder.example/phone")
    assert after.find("abc") is None
    assert MappedStreams(tmp_path).count == 0


def test_nothing_is_resumed_after_a_reboot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slot = MappedStreams(tmp_path).open()
    assert slot is not None
    slot.remember(SNAPSHOT)
    monkeypatch.setattr(resumption, "boot_id", lambda: b"another boot".ljust(40, b"-"))
    assert MappedStreams(tmp_path).find("abc") is None


def test_too_much_to_remember_is_not_half_remembered(tmp_path: Path) -> None:
    slot = MappedStreams(tmp_path).open()
    assert slot is not None
    slot.remember(SNAPSHOT)
    slot.remember({**SNAPSHOT, "memory": "x" * 5000})
    assert MappedStreams(tmp_path).find("abc") is None


@pytest.mark.parametrize("damage", [b"", b"short", b"\xff" * 9_000_000])
def test_a_damaged_file_is_started_anew(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "streams.0").write_bytes(damage)
    streams = MappedStreams(tmp_path)
    assert streams.count == 0
    assert streams.open() is not None


def test_when_all_slots_are_taken_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    streams = MappedStreams(tmp_path, chunks_max=1)
    slots = [streams.open() for _ in range(resumption.CHUNK_SLOTS)]
    assert all(slots)
    assert streams.open() is None
    assert slots[3] is not None
    slots[3].close()
    assert streams.open() is not None


SECOND = 1_000_000 << 8


def test_the_moments_before_each_death_are_unsure_while_somebody_may_resume(tmp_path: Path) -> None:
    for death in (1_000, 1_100, 5_000, 5_300):
        MappedStreams(tmp_path).died(death * SECOND, 600)
    streams = MappedStreams(tmp_path)
    streams.died(0, 600)
    streams.died(5_400 * SECOND, 600)
    assert [streams.is_unsure(at * SECOND) for at in (1_099, 4_985, 4_995, 5_200, 5_299, 5_400)] == [
        False,
        False,
        True,
        False,
        True,
        True,
    ]
    assert streams.unsure_since == 4_990 * SECOND


def test_a_damaged_list_of_deaths_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "deaths").write_bytes(b"\xff 12 yesterday")
    streams = MappedStreams(tmp_path)
    streams.died(5_000 * SECOND, 600)
    assert streams.unsure_since == 4_990 * SECOND
