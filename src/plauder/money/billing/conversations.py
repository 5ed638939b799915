"""Conversations that are paid for, where a rate card still charges by conversation (the model until mid-2025).

The first message of a category to a person opens one; for a day those that follow cost nothing. Kept only where
such a rule is in force, and forgotten with the next tidying after that day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Column, Index, Table, bindparam, delete, select

from plauder.store.database import UnitOfWork
from plauder.store.schema import Instant, Text, metadata

LIFE = timedelta(hours=24)

table = Table(
    "billing_conversations",
    metadata,
    Column("number", Text, primary_key=True),
    Column("recipient", Text, primary_key=True),
    Column("category", Text, primary_key=True),
    Column("opened_by", Text, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Index("ix_billing_conversations_opened_by", "opened_by"),
    Index("ix_billing_conversations_ends_at", "ends_at"),
)

Key = tuple[str, str, str]
"""Number, recipient, category."""


async def open_of(uow: UnitOfWork, keys: Iterable[Key], at: datetime) -> set[Key]:
    """Which of these are open."""
    wanted = set(keys)
    c = table.c
    query = select(c.number, c.recipient, c.category).where(
        c.recipient.in_(bindparam("recipients", expanding=True)), c.ends_at > at
    )
    recipients = sorted({recipient for _, recipient, _ in wanted})
    found: set[Key] = set()
    for start in range(0, len(recipients), 500):
        rows = await uow.execute(query, {"recipients": recipients[start : start + 500]})
        found |= {(number, recipient, category) for number, recipient, category in rows}
    return found & wanted


async def opened(uow: UnitOfWork, by: Mapping[Key, str], at: datetime) -> None:
    """These messages, by their ids, have opened conversations."""
    await forget(uow, at)
    rows = [
        {"number": number, "recipient": recipient, "category": category, "opened_by": message, "ends_at": at + LIFE}
        for (number, recipient, category), message in by.items()
    ]
    await uow.insert_many(table, rows)


async def forget(uow: UnitOfWork, at: datetime) -> None:
    """Those that are over."""
    await uow.execute(delete(table).where(table.c.ends_at <= at))


async def undone(uow: UnitOfWork, ids: Sequence[str]) -> None:
    """These messages will not be delivered: what they opened is not."""
    for start in range(0, len(ids), 500):
        where = table.c.opened_by.in_(bindparam("ids", expanding=True))
        await uow.execute(delete(table).where(where), {"ids": ids[start : start + 500]})
