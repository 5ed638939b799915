"""The outbox: what a transaction announces, kept until its subscriber has taken it.

Written in the announcing transaction, dispatched after it, at least once, in order per (topic, key).
"""

from __future__ import annotations

import asyncio
import weakref
from typing import TYPE_CHECKING

import orjson
from sqlalchemy import Column, Index, Integer, Table

from plauder.store.schema import BigKey, Bytes, Text, metadata

if TYPE_CHECKING:
    from plauder.store.database import Database, UnitOfWork

table = Table(
    "outbox",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("topic", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("payload", Bytes, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Index("ix_outbox_topic", "topic", "id"),
)

_wakers: weakref.WeakKeyDictionary[Database, asyncio.Event] = weakref.WeakKeyDictionary()


async def write(uow: UnitOfWork) -> None:
    """Store what the unit of work announced, inside its own transaction."""
    rows = [
        {"topic": topic, "key": key, "payload": orjson.dumps(payload), "attempts": 0}
        for topic, key, payload in uow.announced
    ]
    await uow.execute(table.insert(), rows)


def waker(database: Database) -> asyncio.Event:
    """The event a dispatcher waits on; set when something new has been announced."""
    return _wakers.setdefault(database, asyncio.Event())


def wake(database: Database) -> None:
    """Tell the dispatcher of this process that there is work."""
    waker(database).set()
