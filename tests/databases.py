"""Databases for tests: making tables is slow, so it is done once and copied; a test need not survive a power cut."""

from __future__ import annotations

import asyncio
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, event

from plauder.store import migrations
from plauder.store.database import Database
from plauder.store.schema import metadata


def fresh(path: Path) -> Database:
    """A database in a new file at `path`, with all tables and no rows."""
    path.write_bytes(_created())
    return careless(Database(f"sqlite:///{path}"))


def careless(database: Database) -> Database:
    """The same database, which no longer waits for the disk."""
    if database.is_sqlite:
        event.listen(database.engine.sync_engine, "connect", _without_sync)
    return database


@cache
def migrated() -> bytes:
    """What `plauder.db` holds after the migrations, as a server or a command makes it."""

    async def run(path: Path) -> None:
        database = careless(Database(f"sqlite:///{path}"))
        await migrations.upgrade(database)
        await database.close()

    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "migrated.db"
        asyncio.run(run(path))
        return path.read_bytes()


@cache
def _created() -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "empty.db"
        engine = create_engine(f"sqlite:///{path}")
        metadata.create_all(engine)
        engine.dispose()
        return path.read_bytes()


def _without_sync(connection: Any, _entry: Any) -> None:
    connection.execute("PRAGMA synchronous=OFF")
