"""The unit of work on both databases: all or nothing, one writer at a time, times that survive."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, func, select
from sqlalchemy.exc import StatementError

from plauder.store.database import Database
from plauder.store.schema import BigKey, Instant, Text

notes = Table(
    "test_notes",
    MetaData(),
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("text", Text),
    Column("at", Instant),
    Column("count", Integer, default=0),
)


@pytest.fixture(autouse=True)
async def table(database: Database) -> None:
    async with database.begin() as uow:
        await uow.connection.run_sync(notes.metadata.create_all)


async def fail_half_way(database: Database) -> None:
    async with database.begin() as uow:
        await uow.execute(notes.insert().values(text="lost"))
        raise RuntimeError("half-way")


async def count(database: Database) -> int:
    async with database.read() as uow:
        return (await uow.execute(select(func.count()).select_from(notes))).scalar_one()


async def test_it_commits_at_the_end_and_rolls_back_on_failure(database: Database) -> None:
    async with database.begin() as uow:
        await uow.execute(notes.insert().values(text="kept"))
    with pytest.raises(RuntimeError, match="half-way"):
        await fail_half_way(database)
    assert await count(database) == 1


async def test_many_writers_wait_for_each_other(database: Database) -> None:
    async with database.begin() as uow:
        await uow.execute(notes.insert().values(id=1, count=0))

    async def increment() -> None:
        async with database.begin() as uow:
            await uow.execute(notes.update().values(count=notes.c.count + 1))

    await asyncio.gather(*(increment() for _ in range(20)))
    async with database.read() as uow:
        assert (await uow.execute(select(notes.c.count))).scalar_one() == 20


async def test_reading_does_not_wait_for_a_writer(database: Database) -> None:
    async with database.begin() as uow:
        await uow.execute(notes.insert().values(text="unseen"))
        async with asyncio.timeout(5):
            assert await count(database) == 0


async def test_times_keep_their_microseconds_and_are_utc(database: Database) -> None:
    at = datetime(2026, 11, 22, 14, 0, 0, 123_456, tzinfo=timezone(timedelta(hours=1)))
    async with database.begin() as uow:
        await uow.execute(notes.insert().values(at=at))
        found = (await uow.execute(select(notes.c.at))).scalar_one()
    assert found == at
    assert found.tzinfo is UTC
    with pytest.raises(StatementError, match="naive"):
        async with database.begin() as uow:
            await uow.execute(notes.insert().values(at=datetime(2026, 1, 1)))  # noqa: DTZ001


async def test_upsert_in_both_dialects(database: Database) -> None:
    for text in ("first", "second"):
        async with database.begin() as uow:
            statement = uow.insert(notes).values(id=1, text=text)
            await uow.execute(statement.on_conflict_do_update(index_elements=["id"], set_={"text": text}))
    async with database.read() as uow:
        assert (await uow.execute(select(notes.c.text))).scalars().all() == ["second"]
