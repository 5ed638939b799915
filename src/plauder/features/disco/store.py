"""What capability hashes mean, across restarts: the only SQL of this feature."""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import Column, Table, delete, select

from plauder.store.database import UnitOfWork
from plauder.store.schema import Instant, Text, metadata

hashes = Table(
    "capability_hash",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("interests", Text, nullable=False),
    Column("learnt", Instant, nullable=False),
)


async def find(uow: UnitOfWork, key: str) -> frozenset[str] | None:
    """The nodes whose events are wanted under that hash."""
    text = (await uow.execute(select(hashes.c.interests).where(hashes.c.hash == key))).scalar_one_or_none()
    return None if text is None else frozenset(json.loads(text))


async def save(uow: UnitOfWork, key: str, interests: frozenset[str], learnt: datetime) -> None:
    """Keep what a hash means."""
    values = {"interests": json.dumps(sorted(interests)), "learnt": learnt}
    statement = uow.insert(hashes).values(hash=key, **values)
    await uow.execute(statement.on_conflict_do_update(index_elements=[hashes.c.hash], set_=values))


async def forget(uow: UnitOfWork, before: datetime) -> None:
    """Remove what was learnt before that time; whoever still announces it is asked again."""
    await uow.execute(delete(hashes).where(hashes.c.learnt < before))
