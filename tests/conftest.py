"""What tests of every floor share."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from plauder.kit.clock import FakeClock
from plauder.store.database import Database
from tests import databases
from tests import postgres as private_postgres
from tests.postgres import Postgres

# Small and repeatable: `make check` must stay quick, and a red build must be red again.
settings.register_profile("quick", max_examples=40, deadline=None, derandomize=True)
settings.load_profile("quick")


def pytest_collection_finish() -> None:
    """What importing and collecting made stays: the garbage collector need not walk it again after every few tests."""
    gc.collect()
    gc.freeze()


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


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open database with all tables, on SQLite and on PostgreSQL."""
    if database_url.startswith("sqlite"):
        opened = databases.fresh(Path(database_url.removeprefix("sqlite:///")))
    else:
        opened = Database(database_url)
        await opened.create_all()
    yield opened
    await opened.close()
