"""The outbox: nothing announced is lost, nothing of one key overtakes, one failure stops nobody else."""

import asyncio

import pytest
from sqlalchemy import func, select

from plauder.kit.clock import FakeClock
from plauder.kit.metrics import Metrics
from plauder.store import outbox
from plauder.store.database import Database
from plauder.store.outbox import Announcement, Dispatcher, GiveUp


class Subscriber:
    """Takes announcements, or fails as told."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, int]] = []
        self.failing: set[int] = set()
        self.hopeless: set[int] = set()

    async def __call__(self, one: Announcement) -> None:
        number = one.payload["n"]
        if number in self.hopeless:
            raise GiveUp("no such address")
        if number in self.failing:
            raise ConnectionError(f"attempt {one.attempts}")
        self.taken.append((one.key, number))


@pytest.fixture
def subscriber() -> Subscriber:
    return Subscriber()


@pytest.fixture
def dispatcher(database: Database, clock: FakeClock, subscriber: Subscriber) -> Dispatcher:
    made = Dispatcher(database, clock, counts=Metrics(), most_attempts=4)
    made.subscribe("things", subscriber)
    return made


async def announce(database: Database, *numbers: int, key: str = "", topic: str = "things") -> None:
    async with database.begin() as uow:
        for number in numbers:
            uow.announce(topic, {"n": number}, key=key)


async def count(database: Database, table: object = outbox.table) -> int:
    async with database.read() as uow:
        return int((await uow.execute(select(func.count()).select_from(table))).scalar_one())  # type: ignore[arg-type]


async def test_delivered_in_order_and_gone(database: Database, dispatcher: Dispatcher, subscriber: Subscriber) -> None:
    await announce(database, 1, 2, 3, key="a")
    assert await dispatcher.drain() == 3
    assert subscriber.taken == [("a", 1), ("a", 2), ("a", 3)]
    assert await count(database) == 0


async def test_what_is_rolled_back_was_never_said(database: Database, dispatcher: Dispatcher) -> None:
    async def fail() -> None:
        async with database.begin() as uow:
            uow.announce("things", {"n": 1})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await dispatcher.drain() == 0


async def test_a_failure_holds_back_its_key_alone(
    database: Database, dispatcher: Dispatcher, subscriber: Subscriber, clock: FakeClock
) -> None:
    subscriber.failing = {1}
    await announce(database, 1, 2, key="a")
    await announce(database, 3, key="b")
    await announce(database, 4)
    await dispatcher.drain()
    assert sorted(subscriber.taken) == [("", 4), ("b", 3)]
    assert await dispatcher.drain() == 0  # not before its time
    subscriber.failing = set()
    clock.advance(1)
    await dispatcher.drain()
    assert subscriber.taken[-2:] == [("a", 1), ("a", 2)]


async def test_after_the_last_attempt_it_is_laid_aside_and_the_key_goes_on(
    database: Database, dispatcher: Dispatcher, subscriber: Subscriber, clock: FakeClock
) -> None:
    subscriber.failing = {1}
    await announce(database, 1, 2, key="a")
    for wait in (0, 1, 2, 4):
        clock.advance(wait)
        await dispatcher.drain()
    assert subscriber.taken == [("a", 2)]
    assert (await count(database), await count(database, outbox.dead)) == (0, 1)
    subscriber.failing = set()
    async with database.begin() as uow:
        assert await outbox.revive(uow) == 1
    await dispatcher.drain()
    assert subscriber.taken == [("a", 2), ("a", 1)]
    assert await count(database, outbox.dead) == 0


async def test_a_handler_can_give_up_at_once(
    database: Database, dispatcher: Dispatcher, subscriber: Subscriber
) -> None:
    subscriber.hopeless = {1}
    await announce(database, 1, 2, key="a")
    await dispatcher.drain()
    assert subscriber.taken == [("a", 2)]
    async with database.read() as uow:
        row = (await uow.execute(select(outbox.dead))).one()
    assert (row.attempts, row.why) == (1, "no such address")


async def test_what_nobody_hears_does_not_pile_up(database: Database, dispatcher: Dispatcher) -> None:
    await announce(database, 1, topic="unheard")
    await dispatcher.drain()
    assert await count(database) == 0


async def test_one_topic_has_one_subscriber(dispatcher: Dispatcher, subscriber: Subscriber) -> None:
    with pytest.raises(ValueError, match="subscriber"):
        dispatcher.subscribe("things", subscriber)


async def test_a_dead_process_s_claim_runs_out(
    database: Database, dispatcher: Dispatcher, subscriber: Subscriber, clock: FakeClock
) -> None:
    await announce(database, 1, 2, key="a")
    assert len(await dispatcher._claim(10)) == 1  # and dies here
    other = Dispatcher(database, clock, counts=Metrics())
    other.subscribe("things", subscriber)
    assert await other.drain() == 0
    clock.advance(outbox.LEASE.total_seconds())
    assert await other.drain() == 2
    assert subscriber.taken == [("a", 1), ("a", 2)]


async def test_two_dispatchers_share_the_work(database: Database, clock: FakeClock) -> None:
    taken: list[int] = []

    async def take(one: Announcement) -> None:
        taken.append(one.id)

    dispatchers = [Dispatcher(database, clock, counts=Metrics(), at_once=3) for _ in range(2)]
    for one in dispatchers:
        one.subscribe("things", take)
    for number in range(20):
        await announce(database, number, key=str(number % 4))
    while await count(database):
        await asyncio.gather(*(one.drain() for one in dispatchers))
    assert len(taken) == len(set(taken)) == 20


async def test_it_runs_in_the_background_and_stops(database: Database, clock: FakeClock) -> None:
    taken = asyncio.Event()
    release = asyncio.Event()

    async def slow(one: Announcement) -> None:
        taken.set()
        await release.wait()

    dispatcher = Dispatcher(database, clock, counts=Metrics())
    dispatcher.subscribe("things", slow)
    await dispatcher.start()
    await announce(database, 1)
    async with asyncio.timeout(10):
        await taken.wait()
        stopping = asyncio.create_task(dispatcher.stop())
        release.set()
        await stopping
    assert await count(database) == 0


async def test_after_a_restart_the_rest_is_delivered(database: Database, clock: FakeClock) -> None:
    hang = asyncio.Event()
    first = asyncio.Event()

    async def stuck(one: Announcement) -> None:
        first.set()
        await hang.wait()

    dispatcher = Dispatcher(database, clock, counts=Metrics())
    dispatcher.subscribe("things", stuck)
    await announce(database, 1, 2, key="a")
    await dispatcher.start()
    async with asyncio.timeout(10):
        await first.wait()
    await dispatcher.stop(seconds=0)
    assert await count(database) == 2
    successor = Dispatcher(database, clock, counts=Metrics())
    subscriber, both = Subscriber(), asyncio.Event()

    async def take(one: Announcement) -> None:
        await subscriber(one)
        if len(subscriber.taken) == 2:
            both.set()

    successor.subscribe("things", take)
    if not database.is_sqlite:
        clock.advance(outbox.LEASE.total_seconds())
    await successor.start()
    async with asyncio.timeout(10):
        await both.wait()
    await successor.stop()
    assert subscriber.taken == [("a", 1), ("a", 2)]


def test_waits_double_up_to_an_hour() -> None:
    waits = [outbox.wait_before(attempt).total_seconds() for attempt in range(1, 40)]
    assert waits[:4] == [1, 2, 4, 8]
    assert max(waits) == 3_600
