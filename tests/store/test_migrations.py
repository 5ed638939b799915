"""The migrations make exactly the tables that the program declares, on both databases."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from plauder import app
from plauder.store import migrations
from plauder.store.database import Database
from plauder.store.migrations import DatabaseTooNew


@pytest.fixture
async def empty(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


async def test_migrations_and_tables_agree(empty: Database) -> None:
    assert await migrations.current(empty) is None
    await migrations.upgrade(empty)
    assert await migrations.current(empty) == migrations.newest()
    assert await migrations.differences(empty, app.tables()) == [], "tables have changed: run `make migration`"


async def test_migrating_again_changes_nothing(empty: Database) -> None:
    await migrations.upgrade(empty)
    await migrations.upgrade(empty)
    assert await migrations.current(empty) == migrations.newest()


async def test_tables_that_only_grow_are_guarded_by_migration_as_by_creation(empty: Database, tmp_path: Path) -> None:
    app.tables()
    created = Database(f"sqlite:///{tmp_path / 'created.db'}")
    await created.create_all()
    await migrations.upgrade(empty)
    triggers = {}
    for name, database in (("created", created), ("migrated", empty)):
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if not database.is_sqlite:
            query = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
        async with database.read() as uow:
            triggers[name] = {str(row[0]).split("_no_")[0] for row in await uow.execute(text(query))}
    await created.close()
    assert triggers["created"] == triggers["migrated"] != set()


async def test_a_newer_database_is_refused(empty: Database) -> None:
    await migrations.upgrade(empty)
    async with empty.begin() as uow:
        await uow.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseTooNew, match="newer version"):
        await migrations.upgrade(empty)


async def test_a_migration_that_fails_leaves_the_database_as_it_was(empty: Database) -> None:
    async with empty.begin() as uow:
        await uow.execute(text("CREATE TABLE webhook_apps (x INTEGER)"))
        await uow.execute(text("CREATE TABLE outbox (x INTEGER)"))
    with pytest.raises(Exception, match="exists"):
        await migrations.upgrade(empty)
    assert await migrations.current(empty) is None
