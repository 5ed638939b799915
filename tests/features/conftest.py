"""What the scenes of features are played on: SQLite in the fast part, PostgreSQL too in the whole."""

from __future__ import annotations

import pytest

from plauder.store.database import Database
from tests.features.fakes import FakeServer


@pytest.fixture
def server(database: Database) -> FakeServer:
    return FakeServer(database)
