"""What tests of every floor share."""

from __future__ import annotations

import gc
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from plauder.kit.clock import FakeClock
from plauder.store.database import Database
from tests import databases
from tests import postgres as private_postgres
from tests.postgres import Postgres

# Small and repeatable: `make check` must stay quick, and a red build must be red again. `deep` looks for news.
settings.register_profile("quick", max_examples=25, deadline=None, derandomize=True)
settings.register_profile("deep", max_examples=1_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

# One process where a test does not ask for two: the second takes a second or two to start.
os.environ.setdefault("PLAUDER_BUSINESS__CLERK", "off")

# structlog's own default formats an exception with all local variables: seconds each, and the server never does.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)


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
def database_kind(request: pytest.FixtureRequest) -> str:
    """Each test that asks for a database runs on both kinds."""
    kind: str = request.param
    return kind


@pytest.fixture
def database_url(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database, without tables."""
    if database_kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'plauder.db'}"
        return
    cluster: Postgres = request.getfixturevalue("postgres")
    url = cluster.create()
    yield url
    cluster.drop(url)


@pytest.fixture
async def database(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """An open database with all tables, on SQLite and on PostgreSQL."""
    if database_kind == "sqlite":
        opened = databases.fresh(tmp_path / "plauder.db")
        yield opened
        await opened.close()
        return
    cluster: Postgres = request.getfixturevalue("postgres")
    opened = Database(url := cluster.furnished())
    yield opened
    await opened.close()
    cluster.clear(url)
