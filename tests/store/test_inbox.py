"""The contract of the inbox, for each of its implementations."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from plauder.core.numbers import Numbers
from plauder.kit.clock import FakeClock
from plauder.store.inbox import SHARED, Device, Inbox, InboxFull, Kept, Quota
from plauder.store.inbox_postgres import PostgresInbox
from plauder.store.inbox_sqlite import SqliteInbox
from tests.fakes import FakeInbox
from tests.postgres import Postgres

ANA = "ana@plauder.example"
BRUNO = "bruno@plauder.example"
COMMON = b"<message from='club@groups.plauder.example/Davi'><body>Oi!</body></message>"


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
async def inbox(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Inbox]:
    opened: Inbox
    if request.param == "memory":
        opened = FakeInbox()
    elif request.param == "postgresql":
        cluster: Postgres = request.getfixturevalue("postgres")
        url = cluster.create()
        opened = await PostgresInbox.open(url, Quota(seen_per_account=3))
        yield opened
        await opened.close()
        cluster.drop(url)
        return
    else:
        opened = await SqliteInbox.open(tmp_path / "inbox.db", Quota(seen_per_account=3))
    yield opened
    await opened.close()


@pytest.fixture
def numbers(clock: FakeClock) -> Numbers:
    return Numbers(clock)


async def keep(inbox: Inbox, number: int, *devices: str, account: str = ANA, stanza: bytes = b"<message/>") -> None:
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def tell(problem: Exception | None) -> None:
        if problem is None:
            done.set_result(None)
        else:
            done.set_exception(problem)

    inbox.keep(number, account, devices, stanza, tell)
    await done


async def keep_common(inbox: Inbox, number: int, *owing: tuple[str, str], stanza: bytes = COMMON) -> None:
    done: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
    inbox.keep_common(number, owing, stanza, done.set_result)
    assert await done is None


async def waiting(inbox: Inbox, *devices: str, after: int = 0, limit: int = 10) -> list[int]:
    rows, _ = await inbox.waiting(ANA, devices, after, limit)
    return [row.number for row in rows]


async def test_each_device_has_its_own_queue_of_one_stanza(inbox: Inbox, numbers: Numbers) -> None:
    number = numbers.next()
    await keep(inbox, number, "phone", "laptop", stanza=b"<message>Oi</message>")
    inbox.settle(ANA, ("phone",), (number,))
    assert await waiting(inbox, "phone") == []
    (kept,), more = await inbox.waiting(ANA, ("laptop", "phone"), 0, 10)
    assert kept == Kept(number, ANA, b"<message>Oi</message>", ("laptop",))
    assert not more
    inbox.settle(ANA, ("laptop", "phone"), (number,))
    assert await waiting(inbox, "laptop") == []
    assert await inbox.count(ANA, ("laptop", "phone")) == 0
    assert await inbox.highest() == 0


async def test_what_waits_comes_in_order_page_by_page(inbox: Inbox, numbers: Numbers) -> None:
    all_numbers = [numbers.next() for _ in range(7)]
    for number in all_numbers:
        await keep(inbox, number, "phone")
    await keep(inbox, numbers.next(), "phone", account=BRUNO)
    rows, more = await inbox.waiting(ANA, ("phone",), 0, 4)
    assert [row.number for row in rows] == all_numbers[:4]
    assert more
    rows, more = await inbox.waiting(ANA, ("phone",), rows[-1].number, 4)
    assert [row.number for row in rows] == all_numbers[4:]
    assert not more


async def test_reading_sees_what_was_kept_before_it(inbox: Inbox, numbers: Numbers) -> None:
    told: list[Exception | None] = []
    mine = [numbers.next() for _ in range(50)]
    for number in mine:
        inbox.keep(number, ANA, ("phone",), b"<message/>", told.append)
    assert await waiting(inbox, "phone", limit=100) == mine
    assert told == [None] * 50


async def test_an_acknowledgement_before_the_writing_spares_it(inbox: Inbox, numbers: Numbers) -> None:
    told: list[Exception | None] = []
    number = numbers.next()
    inbox.keep(number, ANA, ("phone", "laptop"), b"<message/>", told.append)
    inbox.settle(ANA, ("phone",), (number,))
    inbox.settle(ANA, ("laptop",), (number,))
    await inbox.flush()
    assert told == [None]
    assert await inbox.highest() == 0


async def test_settling_what_is_not_owed_changes_nothing(inbox: Inbox, numbers: Numbers) -> None:
    number = numbers.next()
    await keep(inbox, number, "phone")
    inbox.settle(ANA, ("laptop",), (number, 12345))
    inbox.settle(ANA, ("laptop",), (number,))
    assert await waiting(inbox, "phone") == [number]


async def test_what_many_owe_is_kept_once_and_read_addressed(inbox: Inbox, numbers: Numbers) -> None:
    number = numbers.next()
    await keep_common(inbox, number, (ANA, "phone"), (ANA, "laptop"), (BRUNO, "phone"))
    (kept,), more = await inbox.waiting(BRUNO, ("phone",), 0, 10)
    assert not more
    assert kept.stanza == (
        b"<message to='bruno@plauder.example' from='club@groups.plauder.example/Davi'><body>Oi!</body>"
        b"<stanza-id xmlns='urn:xmpp:sid:0' by='bruno@plauder.example' id='%x'/></message>" % number
    )
    assert [one.stanza for one in await inbox.archive(BRUNO)] == [kept.stanza]
    assert sorted((one.number, one.account) for one in await inbox.since(0, 9)) == [(number, ANA), (number, BRUNO)]
    inbox.settle(ANA, ("phone", "laptop"), (number,))
    assert await waiting(inbox, "phone", "laptop") == []
    assert await inbox.count(BRUNO, ("phone",)) == 1
    inbox.settle(BRUNO, ("phone",), (number,))
    assert await inbox.highest() == 0


async def test_more_devices_may_come_to_owe_the_same(inbox: Inbox, numbers: Numbers) -> None:
    told: list[Exception | None] = []
    number = numbers.next()
    inbox.keep_common(number, [(ANA, "phone")], COMMON, told.append)
    inbox.keep_common(number, [(BRUNO, "phone")], COMMON, told.append)
    await inbox.flush()
    inbox.keep_common(number, [(ANA, "laptop")], COMMON, told.append)
    inbox.settle(ANA, ("phone",), (number,))
    inbox.settle(BRUNO, ("phone",), (number,))
    assert await waiting(inbox, "phone", "laptop") == [number]
    assert told == [None] * 3
    await inbox.forget_account(ANA)
    assert await inbox.highest() == 0


async def test_an_acknowledgement_before_the_writing_spares_its_part(inbox: Inbox, numbers: Numbers) -> None:
    told: list[Exception | None] = []
    number = numbers.next()
    inbox.keep_common(number, [(ANA, "phone"), (BRUNO, "phone")], COMMON, told.append)
    inbox.settle(ANA, ("phone",), (number,))
    await inbox.flush()
    assert told == [None]
    assert await waiting(inbox, "phone") == []
    assert await inbox.count(BRUNO, ("phone",)) == 1


async def test_an_account_that_was_written_before_is_settled_there(inbox: Inbox, numbers: Numbers) -> None:
    told: list[Exception | None] = []
    number = numbers.next()
    inbox.keep_common(number, [(ANA, "phone")], COMMON, told.append)
    await inbox.flush()
    inbox.keep_common(number, [(BRUNO, "phone")], COMMON, told.append)
    inbox.settle(ANA, ("phone", SHARED), (number,))
    inbox.settle(BRUNO, ("phone", SHARED), (number,))
    await inbox.flush()
    assert await inbox.highest() == 0


async def test_the_archive_is_what_still_waits(inbox: Inbox, numbers: Numbers, clock: FakeClock) -> None:
    mine = []
    for device in ("phone", "laptop", "phone", SHARED):
        mine.append(numbers.next())
        await keep(inbox, mine[-1], device)
        clock.advance(60)
    start = FakeClock().now() + timedelta(seconds=60)
    assert [k.number for k in await inbox.archive(ANA)] == mine
    assert [k.number for k in await inbox.archive(ANA, start=start)] == mine[1:]
    assert [k.number for k in await inbox.archive(ANA, end=start)] == mine[:2]
    assert [k.number for k in await inbox.archive(ANA, newest=True, limit=2)] == mine[2:]
    assert [k.number for k in await inbox.archive(ANA, after=mine[0], before=mine[3])] == mine[1:3]
    assert await inbox.archive(BRUNO) == []


async def test_the_newest_of_all_accounts(inbox: Inbox, numbers: Numbers) -> None:
    mine = [numbers.next() for _ in range(4)]
    for number, account in zip(mine, (ANA, BRUNO, ANA, BRUNO), strict=True):
        await keep(inbox, number, "phone", account=account)
    assert [(k.number, k.account) for k in await inbox.since(mine[0], 2)] == [(mine[3], BRUNO), (mine[2], ANA)]
    assert await inbox.since(mine[3], 2) == []


async def test_devices_are_remembered_until_forgotten(inbox: Inbox, numbers: Numbers, clock: FakeClock) -> None:
    phone = Device(ANA, "phone", "phone-1", clock.now(), frozenset(("carbons",)))
    await inbox.save_device(phone)
    await inbox.save_device(Device(ANA, "laptop", "l", clock.now()))
    assert phone in await inbox.devices(ANA)
    both, only = numbers.next(), numbers.next()
    await keep(inbox, both, "phone", "laptop")
    await keep(inbox, only, "phone")
    await inbox.forget_device(ANA, "phone")
    assert [device.id for device in await inbox.devices(ANA)] == ["laptop"]
    assert await waiting(inbox, "phone", "laptop") == [both]
    await inbox.forget_account(ANA)
    assert await inbox.devices(ANA) == []
    assert await inbox.highest() == 0


async def test_a_shared_queue_is_no_device(inbox: Inbox, numbers: Numbers) -> None:
    await keep(inbox, numbers.next(), SHARED)
    assert await inbox.devices(ANA) == []


async def test_old_stanzas_expire(inbox: Inbox, numbers: Numbers, clock: FakeClock) -> None:
    old = numbers.next()
    await keep(inbox, old, "phone")
    clock.advance(days=29)
    young = numbers.next()
    await keep(inbox, young, "phone")
    assert await inbox.expire(clock.now()) == 0
    clock.advance(days=2)
    assert await inbox.expire(clock.now()) == 1
    assert await waiting(inbox, "phone") == [young]


async def test_a_name_is_new_the_first_time(inbox: Inbox, clock: FakeClock) -> None:
    assert not await inbox.seen_before(ANA, "a", clock.now())
    assert await inbox.seen_before(ANA, "a", clock.now())
    assert not await inbox.seen_before(BRUNO, "a", clock.now())


# ── SQLite alone ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "inbox.db"


async def test_nothing_of_a_delivered_stanza_is_in_the_files(path: Path, numbers: Numbers) -> None:
    inbox = await SqliteInbox.open(path)
    secret = b"the meeting is at the old bridge"
    mine = [numbers.next() for _ in range(200)]
    for number in mine:
        inbox.keep(number, ANA, ("phone",), b"<message><body>%b</body></message>" % (secret * 20), lambda _: None)
    await inbox.flush()
    assert secret in _all_files(path)
    inbox.settle(ANA, ("phone",), mine)
    await inbox.close()
    assert secret not in _all_files(path)


def _all_files(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in path.parent.iterdir())


async def test_it_is_all_there_after_opening_again(path: Path, numbers: Numbers, clock: FakeClock) -> None:
    inbox = await SqliteInbox.open(path)
    number = numbers.next()
    await keep(inbox, number, "phone")
    await inbox.save_device(Device(ANA, "phone", "p", clock.now()))
    await inbox.close()
    inbox = await SqliteInbox.open(path)
    assert await inbox.highest() == number
    assert await waiting(inbox, "phone") == [number]
    assert [device.id for device in await inbox.devices(ANA)] == ["phone"]
    await inbox.close()


async def test_a_device_cannot_owe_without_end(path: Path, numbers: Numbers) -> None:
    inbox = await SqliteInbox.open(path, Quota(per_device=2))
    await keep(inbox, numbers.next(), "phone")
    await keep(inbox, numbers.next(), "phone")
    with pytest.raises(InboxFull):
        await keep(inbox, numbers.next(), "phone")
    await keep(inbox, numbers.next(), "laptop")
    await inbox.close()


async def test_one_full_queue_does_not_silence_a_group(path: Path, numbers: Numbers) -> None:
    inbox = await SqliteInbox.open(path, Quota(per_device=1))
    full, number = numbers.next(), numbers.next()
    await keep(inbox, full, "phone")
    await keep_common(inbox, number, (ANA, "phone"), (BRUNO, "phone"))
    assert await waiting(inbox, "phone") == [full]
    assert await inbox.count(BRUNO, ("phone",)) == 1
    await inbox.close()


async def test_a_message_to_a_thousand_is_one_row(path: Path, numbers: Numbers) -> None:
    inbox = await SqliteInbox.open(path)
    owing = [(f"m{n}@plauder.example", device) for n in range(1_000) for device in ("phone", "laptop")]
    for _ in range(20):
        await keep_common(inbox, numbers.next(), *owing, stanza=COMMON.replace(b"Oi!", b"x" * 1_500))
    await inbox.close()
    assert path.stat().st_size < 1_500_000  # one row each would be 60 MB
    with sqlite3.connect(path) as file:
        assert file.execute("SELECT count(*), sum(owing) FROM message").fetchone() == (20, 40_000)
    file.close()


async def test_too_little_free_space_refuses(path: Path, numbers: Numbers) -> None:
    inbox = await SqliteInbox.open(path, Quota(min_free_bytes=2**62))
    with pytest.raises(InboxFull):
        await keep(inbox, numbers.next(), "phone")
    assert await waiting(inbox, "phone") == []
    await inbox.close()


async def test_a_few_names_are_remembered(path: Path, clock: FakeClock) -> None:
    inbox = await SqliteInbox.open(path, Quota(seen_per_account=2))
    for name in ("a", "b", "c"):
        assert not await inbox.seen_before(ANA, name, clock.now())
        clock.advance(1)
    assert await inbox.seen_before(ANA, "c", clock.now())
    assert not await inbox.seen_before(ANA, "a", clock.now())
    await inbox.close()


async def test_a_big_queue_is_read_in_bounded_pieces(path: Path, numbers: Numbers) -> None:
    inbox = await SqliteInbox.open(path)
    for _ in range(20):
        inbox.keep(numbers.next(), ANA, ("phone",), b"x" * 200_000, lambda _: None)
    rows, more = await inbox.waiting(ANA, ("phone",), 0, 64)
    assert more
    assert sum(len(row.stanza) for row in rows) < 2_000_000
    await inbox.close()


async def test_a_read_only_file_refuses_and_catches_up(path: Path, numbers: Numbers) -> None:
    inbox = await SqliteInbox.open(path)
    first, second = numbers.next(), numbers.next()
    await keep(inbox, first, "phone")
    await inbox._call(lambda: inbox._tables._connection.execute("PRAGMA query_only = ON").fetchall())
    with pytest.raises(InboxFull):
        await keep(inbox, second, "phone")
    inbox.settle(ANA, ("phone",), (first,))
    await inbox.flush()
    await inbox._call(lambda: inbox._tables._connection.execute("PRAGMA query_only = OFF").fetchall())
    await keep(inbox, second, "phone")
    assert await waiting(inbox, "phone") == [second]
    await inbox.close()


async def test_queues_that_are_not_empty_are_found_by_their_names(inbox: Inbox, numbers: Numbers) -> None:
    first, second = numbers.next(), numbers.next()
    await keep(inbox, first, "s2s:one.example", account="theirs.example")
    await keep(inbox, second, "s2s:one.example", "s2s:two_example", "phone", account="others.example")
    inbox.settle("others.example", ("s2s:one.example",), (second,))
    await inbox.flush()
    assert sorted(await inbox.queues("s2s:")) == [
        ("others.example", "s2s:two_example"),
        ("theirs.example", "s2s:one.example"),
    ]
    assert await inbox.queues("s2s:two%") == []
