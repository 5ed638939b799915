"""Look-ups at once see what was committed, and nothing where the database is elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import bindparam, select

from plauder.store import outbox
from plauder.store.database import Database

WAITING = select(outbox.table.c.topic, outbox.table.c.payload).where(outbox.table.c.key == bindparam("key"))


async def test_what_is_committed_is_seen_at_once(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    await database.create_all()
    assert database.peek(WAITING, key="k") == []
    for number in range(3):
        async with database.begin() as uow:
            uow.announce(f"topic{number}", {"n": number}, key="k")
        rows = database.peek(WAITING, key="k")
        assert rows is not None
        assert [row.topic for row in rows] == [f"topic{n}" for n in range(number + 1)]
        assert rows[-1].payload == b'{"n":%d}' % number
    await database.close()


@pytest.mark.server
async def test_a_database_elsewhere_has_to_be_waited_for(database: Database) -> None:
    rows = database.peek(WAITING, key="k")
    assert rows == ([] if database.is_sqlite else None)
