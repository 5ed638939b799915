"""The quick unit of work: the same promises as the usual one, statements on the loop's own thread."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Column, MetaData, Table, select

from plauder.store import outbox
from plauder.store.database import Database, UnitOfWork
from plauder.store.schema import BigKey, Text

notes = Table("test_hot", MetaData(), Column("id", BigKey, primary_key=True, autoincrement=True), Column("text", Text))


@pytest.fixture(autouse=True)
async def table(database: Database) -> None:
    async with database.begin() as uow:
        await uow.connection.run_sync(notes.metadata.create_all)


async def texts(database: Database) -> list[str]:
    async with database.read() as uow:
        return list((await uow.execute(select(notes.c.text).order_by(notes.c.id))).scalars())


async def write(database: Database, text: str) -> None:
    async with database.hot() as uow:
        await uow.execute(notes.insert().values(text=text))


async def test_all_or_nothing(database: Database) -> None:
    await write(database, "kept")

    async def half_way() -> None:
        async with database.hot() as uow:
            await uow.execute(notes.insert().values(text="lost"))
            raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        await half_way()
    await write(database, "after")
    assert await texts(database) == ["kept", "after"]


async def test_it_takes_turns_with_the_usual_one(database: Database) -> None:
    async def usual(text: str) -> None:
        async with database.begin() as uow:
            known = (await uow.execute(select(notes.c.id))).scalars().all()
            await uow.execute(notes.insert().values(text=f"{text}{len(known)}"))

    async def hot(text: str) -> None:
        async with database.hot() as uow:
            known = (await uow.execute(select(notes.c.id))).scalars().all()
            await asyncio.sleep(0)
            await uow.execute(notes.insert().values(text=f"{text}{len(known)}"))

    if not database.is_sqlite:
        pytest.skip("PostgreSQL lets both run at once")
    await asyncio.gather(*(work("t") for work in (usual, hot) * 5))
    assert await texts(database) == [f"t{number}" for number in range(10)]


async def test_what_it_announces_leaves_after_the_commit(database: Database) -> None:
    async with database.begin() as uow:
        await uow.connection.run_sync(outbox.table.create, checkfirst=True)
    async with database.hot() as uow:
        uow.announce("told", {"a": 1}, key="k")
    async with database.read() as uow:
        assert (await uow.execute(select(outbox.table.c.topic))).scalars().all() == ["told"]
    assert outbox.waker(database).is_set()


async def test_a_cancelled_writer_leaves_the_connection_usable(database: Database) -> None:
    for turns in range(6):  # wherever it is interrupted
        writing = asyncio.ensure_future(write(database, "perhaps"))
        for _ in range(turns):
            await asyncio.sleep(0)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        await write(database, f"after {turns}")
    assert [text for text in await texts(database) if text != "perhaps"] == [f"after {turns}" for turns in range(6)]


async def test_the_loop_goes_on_while_another_process_writes(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'shared.db'}")
    async with database.begin() as uow:
        await uow.connection.run_sync(notes.metadata.create_all)
    other = sqlite3.connect(tmp_path / "shared.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writing = asyncio.ensure_future(write(database, "patient"))
    for _ in range(50):
        await asyncio.sleep(0)  # the loop turns although the file is locked
    assert not writing.done()
    other.execute("COMMIT")
    other.close()
    await writing
    assert await texts(database) == ["patient"]
    await write(database, "again")
    await database.close()


async def count(uow: UnitOfWork) -> int:
    return len((await uow.execute(select(notes.c.id))).scalars().all())


async def test_apart_one_name_is_one_at_a_time(database: Database) -> None:
    async def add() -> None:
        async with database.apart("ana") as uow:
            await uow.alone("ana")
            known = await count(uow)
            await asyncio.sleep(0)
            await uow.insert_many(notes, [{"text": f"note {known}"}])

    await asyncio.gather(*(add() for _ in range(4)))
    assert await texts(database) == [f"note {at}" for at in range(4)]


async def test_apart_is_all_or_nothing(database: Database) -> None:
    async def half_way() -> None:
        async with database.apart("ana") as uow:
            await uow.insert_many(notes, [{"text": "lost"}])
            assert await count(uow) == 1
            raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        await half_way()
    async with database.apart("ana") as uow:
        assert await count(uow) == 0
        uow.announce("test.apart", {})
        await uow.insert_many(notes, [{"id": 7, "text": "kept"}])
        await uow.update_many(notes.c.id, [{"id": 7, "text": "changed"}])
    assert await texts(database) == ["changed"]
    async with database.read() as uow:
        assert await outbox.count(uow) == 1


async def test_apart_keeps_nobody_from_writing_while_it_reads(database: Database) -> None:
    if not database.is_sqlite:
        pytest.skip("PostgreSQL locks rows, not files")
    async with database.apart("ana") as uow:
        assert await count(uow) == 0
        await write(database, "of somebody else")
        assert await count(uow) == 1
        await uow.insert_many(notes, [{"text": "ours"}])
    assert await texts(database) == ["of somebody else", "ours"]
