"""What tests of every floor share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from sqlalchemy import create_engine, event

from plauder.kit.clock import FakeClock
from plauder.store.database import Database
from plauder.store.schema import metadata
from tests import postgres as private_postgres
from tests.postgres import Postgres

# Small and repeatable: `make check` must stay quick, and a red build must be red again.
settings.register_profile("quick", max_examples=40, deadline=None, derandomize=True)
settings.load_profile("quick")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One private PostgreSQL for the whole run; mark what uses it `server`."""
    with private_postgres.running() as cluster:
        yield cluster


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database: each test that asks for it runs on both kinds."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'plauder.db'}"
        return
    cluster: Postgres = request.getfixturevalue("postgres")
    url = cluster.create()
    yield url
    cluster.drop(url)


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A SQLite file with all tables and no rows; made once, because making tables is slow."""
    path = tmp_path_factory.mktemp("empty") / "empty.db"
    engine = create_engine(f"sqlite:///{path}")
    metadata.create_all(engine)
    engine.dispose()
    return path.read_bytes()


def careless(connection: Any, _entry: Any) -> None:
    """A test's database need not survive a power cut."""
    connection.execute("PRAGMA synchronous=OFF")


@pytest.fixture
async def database(database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    """An open database with all tables, on SQLite and on PostgreSQL."""
    if database_url.startswith("sqlite"):
        Path(database_url.removeprefix("sqlite:///")).write_bytes(request.getfixturevalue("empty_sqlite"))
        opened = Database(database_url)
        event.listen(opened.engine.sync_engine, "connect", careless)
    else:
        opened = Database(database_url)
        await opened.create_all()
    yield opened
    await opened.close()
