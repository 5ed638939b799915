from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from plauder.store.database import Database
from tests import databases


@pytest.fixture
async def books(tmp_path: Path) -> AsyncIterator[Database]:
    database = databases.fresh(tmp_path / "books.db")
    yield database
    await database.close()
