from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plauder.wire.element import lone_ack
from plauder.wire.sm import (
    WRAP,
    HandledCountTooHigh,
    Unacked,
    ack,
    add,
    enabled,
    failed,
    parse_enable,
    parse_h,
    parse_resume,
    resumed,
)
from plauder.wire.stream_error import StreamError
from plauder.wire.xml import E, serialize

SM = "{urn:xmpp:sm:3}"


def test_acknowledging_forgets_in_order() -> None:
    unacked: Unacked[str] = Unacked()
    for thing in "abcd":
        unacked.sent(thing)
    assert (len(unacked), unacked.sent_count) == (4, 4)
    assert unacked.acknowledged(1) == ["a"]
    assert unacked.acknowledged(1) == []
    assert unacked.waiting() == ["b", "c", "d"]
    assert unacked.waiting(2) == ["b", "c"]
    assert unacked.acknowledged(4) == ["b", "c", "d"]
    assert (len(unacked), unacked.acked, unacked.waiting()) == (0, 4, [])


@pytest.mark.parametrize(
    ("data", "h"),
    [
        (b"<a xmlns='urn:xmpp:sm:3' h='7'/>", 7),
        (b'<a h="4294967295" xmlns="urn:xmpp:sm:3" />', WRAP - 1),
        (b"<a xmlns='urn:xmpp:sm:3' h='4294967296'/>", -1),
        (b"<a xmlns='urn:xmpp:sm:3' h='-1'/>", -1),
        (b"<a xmlns='urn:xmpp:sm:3' h='\xc2\xb2'/>", -1),
        (b"<a xmlns='urn:xmpp:sm:2' h='7'/>", -1),
        (b"<a xmlns='urn:xmpp:sm:3' h='7'/> ", -1),
        (b"<a xmlns='urn:xmpp:sm:3' h='7'/><r xmlns='urn:xmpp:sm:3'/>", -1),
        (b"<a xmlns='urn:xmpp:sm:3' h='7'", -1),
        (b"<r xmlns='urn:xmpp:sm:3'/>", -1),
    ],
)
def test_an_answer_that_comes_alone_is_told_from_everything_else(data: bytes, h: int) -> None:
    assert lone_ack(data) == h


@pytest.mark.parametrize("h", [3, WRAP - 1, 2**31])
def test_acknowledging_what_was_not_sent_is_an_error(h: int) -> None:
    unacked: Unacked[str] = Unacked()
    with pytest.raises(HandledCountTooHigh):
        unacked.acknowledged(h)
    unacked.sent("a")
    unacked.sent("b")
    with pytest.raises(HandledCountTooHigh) as wrong:
        unacked.acknowledged(h)
    assert b"<handled-count-too-high xmlns='urn:xmpp:sm:3' h='%d' send-count='2'/>" % h in wrong.value.to_bytes()
    assert unacked.waiting() == ["a", "b"]


def test_the_counter_wraps() -> None:
    unacked: Unacked[int] = Unacked(acked=WRAP - 2)
    for number in range(4):
        unacked.sent(number)
    assert unacked.sent_count == 2
    assert unacked.acknowledged(0) == [0, 1]
    assert unacked.acknowledged(2) == [2, 3]
    assert add(WRAP - 1, 2) == 1


@given(st.integers(0, WRAP - 1), st.lists(st.integers(0, 5), max_size=30))
def test_it_agrees_with_plain_counting(start: int, steps: list[int]) -> None:
    unacked: Unacked[int] = Unacked(acked=start)
    sent = confirmed = 0
    for step in steps:
        for _ in range(step):
            unacked.sent(sent)
            sent += 1
        target = confirmed + (sent - confirmed + 1) // 2
        assert unacked.acknowledged((start + target) % WRAP) == list(range(confirmed, target))
        confirmed = target
    assert unacked.clear() == list(range(confirmed, sent))
    assert (unacked.acked, len(unacked)) == ((start + sent) % WRAP, 0)


@pytest.mark.parametrize("text", [None, "", "-1", "x", "1.0", "4294967296", "9" * 5000, "١", " 1"])
def test_numbers_that_are_none(text: str | None) -> None:
    with pytest.raises(StreamError):
        parse_h(text)


def test_elements() -> None:
    assert ack(7) == b"<a xmlns='urn:xmpp:sm:3' h='7'/>"
    assert parse_h("4294967295") == WRAP - 1
    assert parse_enable(E(SM + "enable", {"resume": "true", "max": "60"})) == (True, 60)
    assert parse_enable(E(SM + "enable", {"max": "x"})) == (False, None)
    assert parse_resume(E(SM + "resume", {"previd": "a", "h": "3"})) == ("a", 3)
    for attrs in ({"h": "3"}, {"previd": "a"}, {"previd": "a", "h": "-3"}):
        with pytest.raises(StreamError):
            parse_resume(E(SM + "resume", attrs))
    assert serialize(enabled("x", max_seconds=60)) == b"<enabled xmlns='urn:xmpp:sm:3' id='x' resume='true' max='60'/>"
    assert serialize(enabled(None)) == b"<enabled xmlns='urn:xmpp:sm:3'/>"
    assert serialize(resumed("x", 3)) == b"<resumed xmlns='urn:xmpp:sm:3' previd='x' h='3'/>"
    assert serialize(failed("item-not-found", h=3)) == (
        b"<failed xmlns='urn:xmpp:sm:3' h='3'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>"
    )
