"""Migrations: the way from any released database to the tables of this version (Alembic).

`upgrade` is run by the server before anything else touches the database. The tables are known to `app` alone, so they
come in as an argument where a comparison needs them.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, MetaData

from plauder.kit.errors import PlauderError
from plauder.store.database import Database

HERE = Path(__file__).parent


class DatabaseTooNew(PlauderError):
    """The database was made by a newer version of Plauder; run that one, or restore a backup."""

    code = "database-too-new"


def _config(connection: Connection | None = None, tables: MetaData | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes.update({"connection": connection, "tables": tables})
    return config


def newest() -> str:
    """The revision that this program's tables are at."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


async def current(database: Database) -> str | None:
    """The revision that the database is at; None for an empty one."""

    def read(connection: Connection) -> str | None:
        return MigrationContext.configure(connection).get_current_revision()

    async with database.read() as uow:
        return await uow.connection.run_sync(read)


async def upgrade(database: Database) -> None:
    """Bring the database to this program's tables, in one transaction. Raises DatabaseTooNew."""

    def run(connection: Connection) -> None:
        try:
            command.upgrade(_config(connection), "head")
        except CommandError as error:
            if "Can't locate revision" in str(error):
                raise DatabaseTooNew() from None
            raise

    if await current(database) == newest():
        return
    async with database.begin() as uow:
        await uow.alone("migration")
        await uow.connection.run_sync(run)


async def differences(database: Database, tables: MetaData) -> list[object]:
    """What a database at the newest revision has otherwise than `tables`: nothing, or a migration is missing."""

    def compare(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), tables))

    async with database.read() as uow:
        return await uow.connection.run_sync(compare)


def write_first(connection: Connection, tables: MetaData) -> Path:
    """Write the first migration anew from `tables`, against an empty database (until 0.1 is released)."""
    for old in (HERE / "versions").glob("0001_*.py"):
        old.unlink()
    script = command.revision(_config(connection, tables), "initial", autogenerate=True, rev_id="0001")
    assert script is not None
    assert not isinstance(script, list)
    return Path(script.path)
