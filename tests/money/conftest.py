from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from plauder.store.database import Database


@pytest.fixture
async def books(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{tmp_path}/books.db")
    await database.create_all()
    yield database
    await database.close()
