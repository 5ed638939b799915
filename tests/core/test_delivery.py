"""Outcomes, marks, numbers: the small parts of durable or delivered."""

from __future__ import annotations

import asyncio

import pytest

from plauder.core.delivery import Deliveries, Delivery, Outcome, Pace, State, mark_of, mark_of_stored
from plauder.core.numbers import Numbers, number_at, time_of
from plauder.kit.clock import FakeClock
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError
from tests.fakes import FakeInbox, FakeTimers

ANA = "ana@plauder.example"


class Desk:
    """Deliveries on a fake inbox and fake time."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.timers = FakeTimers(self.clock)
        self.inbox = FakeInbox(auto=False)
        self.deliveries = Deliveries(self.inbox, self.clock, self.timers, 0.004)
        self.numbers = Numbers(self.clock)

    def start(self, *devices: str, pace: Pace = Pace.PROMPT) -> tuple[Delivery, Outcome]:
        outcome = Outcome()
        delivery = Delivery(self.numbers.next(), ANA, b"<message/>", list(devices), outcome)
        self.deliveries.start(delivery, pace)
        return delivery, outcome

    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.timers.run()


def test_what_all_devices_acknowledge_in_time_is_never_written() -> None:
    desk = Desk()
    delivery, outcome = desk.start("phone", "laptop")
    desk.deliveries.acknowledged([delivery], "phone")
    assert not outcome.is_done
    desk.deliveries.acknowledged([delivery], "laptop")
    assert outcome.is_done
    desk.wait(1)
    desk.inbox.write()
    assert (desk.deliveries.spared, desk.deliveries.stored) == (1, 0)
    assert not desk.inbox.rows


def test_what_is_not_acknowledged_in_time_is_durable_before_the_sender_is_told() -> None:
    desk = Desk()
    delivery, outcome = desk.start("phone", "laptop")
    desk.deliveries.acknowledged([delivery], "phone")
    desk.wait(0.005)
    assert delivery.state is State.WRITING
    assert not outcome.is_done
    desk.inbox.write()
    assert outcome.is_done
    assert desk.inbox.rows[delivery.number].devices == ("laptop",)
    desk.deliveries.acknowledged([delivery], "laptop")
    assert not desk.inbox.rows


def test_an_acknowledgement_during_the_writing_counts_at_once() -> None:
    desk = Desk()
    delivery, outcome = desk.start("phone", pace=Pace.NEVER)
    desk.deliveries.acknowledged([delivery], "phone")
    assert outcome.is_done
    desk.inbox.write()
    assert not desk.inbox.rows


@pytest.mark.parametrize(("pace", "seconds"), [(Pace.STEADY, 0.024), (Pace.GROUPED, 0.24)])
def test_some_devices_are_waited_for_longer(pace: Pace, seconds: float) -> None:
    desk = Desk()
    delivery, _ = desk.start("phone", pace=pace)
    desk.wait(seconds * 0.6)
    assert delivery.state is State.HANDED
    desk.wait(seconds * 0.6)
    assert delivery.state is State.WRITING


def test_deliveries_end_their_windows_in_turn() -> None:
    desk = Desk()
    first, _ = desk.start("phone")
    desk.wait(0.003)
    second, _ = desk.start("phone")
    desk.wait(0.002)
    assert (first.state, second.state) == (State.WRITING, State.HANDED)
    desk.wait(0.003)
    assert second.state is State.WRITING


def test_a_disk_that_refuses_is_an_error_for_the_sender() -> None:
    desk = Desk()
    desk.inbox.is_full = True
    delivery, outcome = desk.start("phone", pace=Pace.NEVER)
    desk.inbox.write()
    assert outcome.error is not None
    assert outcome.error.condition == "resource-constraint"
    assert delivery.state is State.OVER


def test_going_down_writes_what_waits() -> None:
    desk = Desk()
    first, _ = desk.start("phone")
    second, _ = desk.start("phone", pace=Pace.STEADY)
    desk.deliveries.flush()
    desk.inbox.write()
    assert set(desk.inbox.rows) == {first.number, second.number}


def test_a_device_answers_for_the_shared_queue_too() -> None:
    desk = Desk()
    delivery, outcome = desk.start("phone", "")
    desk.deliveries.acknowledged([delivery], "phone", "")
    assert outcome.is_done


async def test_an_outcome_waits_for_all_its_parts() -> None:
    outcome = Outcome()
    outcome.hold()
    waiting = asyncio.ensure_future(_result(outcome))
    outcome.release()
    await asyncio.sleep(0)
    assert not waiting.done()
    outcome.release(StanzaError.of("item-not-found"))
    with pytest.raises(StanzaError, match="item-not-found"):
        await waiting
    with pytest.raises(StanzaError):
        await outcome


async def _result(outcome: Outcome) -> None:
    await outcome


def test_an_outcome_that_is_done_tells_at_once() -> None:
    outcome, told = Outcome(), []
    outcome.release()
    outcome.then(told.append)
    assert told == [outcome]


def message(key: str | None = "1", sender: str = "ana@plauder.example/a", inner: bytes = b"<body>Oi</body>") -> Stanza:
    return Stanza("message", {"from": sender, "to": "x@plauder.example"} | ({"id": key} if key else {}), inner)


def test_a_mark_knows_a_message_again() -> None:
    mark = mark_of(message())
    assert mark == mark_of(message(sender="ana@plauder.example/b"))
    assert mark != mark_of(message("2"))
    assert mark != mark_of(message(sender="bruno@plauder.example/a"))
    assert mark != mark_of(message(inner=b"<body>Tchau</body>"))
    assert mark_of(message(None)) == 0
    own = b"<stanza-id xmlns='urn:xmpp:sid:0' by='x@plauder.example' id='1f'/>"
    assert mark == mark_of_stored(message(inner=b"<body>Oi</body>" + own).to_bytes())


def test_numbers_grow_and_tell_the_time(clock: FakeClock) -> None:
    numbers = Numbers(clock, node=3)
    first, second = numbers.next(), numbers.next()
    assert first < second == numbers.last
    assert first & 0xFF == 3
    assert time_of(first) == clock.now()
    clock.advance(90)
    assert abs((time_of(numbers.next()) - clock.now()).total_seconds()) < 0.001
    assert number_at(clock.now()) <= numbers.last


def test_numbers_do_not_fall_with_the_clock(clock: FakeClock) -> None:
    numbers = Numbers(clock, above=(1 << 62))
    assert numbers.next() > 1 << 62
    numbers = Numbers(clock)
    last = numbers.next()
    clock.jump(-3600)
    clock.advance(10)
    assert numbers.next() > last


def test_a_mark_is_the_same_whatever_ids_were_given_on_the_way() -> None:
    attrs = {"from": "club@groups.plauder.example/Davi", "id": "g1"}
    ids = [b"<stanza-id xmlns='urn:xmpp:sid:0' by='%s' id='%d'/>" % pair for pair in ((b"club", 1), (b"ana", 2))]
    said = Stanza("message", attrs, b"<body>Oi!</body>")
    assert mark_of(Stanza("message", attrs, said.inner + ids[0])) == mark_of(said)
    assert mark_of_stored(Stanza("message", attrs, said.inner + ids[0] + ids[1]).to_bytes()) == mark_of(said)
    assert mark_of(Stanza("message", attrs, ids[0] + said.inner)) != mark_of(said)
