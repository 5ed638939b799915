"""Rows written in bulk are the rows that SQLAlchemy writes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import JSON, Boolean, Column, Integer, MetaData, Table, select

from plauder.store.database import Database, UnitOfWork
from plauder.store.schema import BigKey, Bytes, Instant, Text

metadata = MetaData()
table = Table(
    'bulk "odd" name',
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("key", Text, nullable=False),
    Column("count", Integer, nullable=False, default=3),
    Column("at", Instant),
    Column("value", JSON),
    Column("raw", Bytes, nullable=False, default=b"none"),
    Column("flag", Boolean, nullable=False, default=False),
)
NOW = datetime(2026, 11, 22, 12, 0, 0, 123_456, tzinfo=UTC)
ROWS: list[dict[str, Any]] = [
    {"key": "a'; --", "at": NOW, "value": {"x": ["é", None]}, "flag": True},
    {"key": "b", "at": None, "value": None, "flag": False},
]


@pytest.fixture
async def database(tmp_path: Path) -> Any:
    database = Database(f"sqlite:///{tmp_path / 'bulk.db'}")
    async with database.begin() as uow:
        await uow.connection.run_sync(metadata.create_all)
    yield database
    await database.close()


async def written(uow: UnitOfWork) -> list[Any]:
    return [tuple(row)[1:] for row in (await uow.execute(select(table).order_by(table.c.id))).all()]


async def test_inserts_and_updates_are_the_same_in_both_ways(database: Database) -> None:
    found = []
    for opened in (database.begin, database.hot):
        async with opened() as uow:
            await uow.execute(table.delete())
            await uow.insert_many(table, ROWS)
            await uow.insert_many(table, [])
            before = await written(uow)
            changes = [{"key": "a'; --", "count": 7, "value": [1]}, {"key": "gone", "count": 9, "value": None}]
            await uow.update_many(table.c.key, changes)
            await uow.update_many(table.c.key, [])
            found.append((before, await written(uow)))
    assert found[0] == found[1]
    assert found[1][0] == [
        ("a'; --", 3, NOW, {"x": ["é", None]}, b"none", True),
        ("b", 3, None, None, b"none", False),
    ]
    assert found[1][1][0] == ("a'; --", 7, NOW, [1], b"none", True)


async def test_what_is_wrong_is_rolled_back(database: Database) -> None:
    with pytest.raises(TypeError, match="naive"):
        async with database.hot() as uow:
            await uow.insert_many(table, [ROWS[0]])
            await uow.insert_many(table, [ROWS[1] | {"at": datetime(2026, 1, 1)}])  # noqa: DTZ001
    async with database.read() as uow:
        assert await written(uow) == []
