"""What the scenes of features are played on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from plauder.store.database import Database
from tests.features.fakes import FakeServer


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{tmp_path}/plauder.db")
    await database.create_all()
    yield database
    await database.close()


@pytest.fixture
def server(database: Database) -> FakeServer:
    return FakeServer(database)
