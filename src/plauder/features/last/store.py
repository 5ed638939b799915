"""Who was last here when: the only SQL of this feature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Table, delete, select, update

from plauder.store.database import UnitOfWork
from plauder.store.schema import Instant, Text, metadata

seen = Table(
    "last_seen",
    metadata,
    Column("account", Text, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("status", Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Seen:
    """When an account's last device went, and what it said."""

    at: datetime
    status: str


async def find(uow: UnitOfWork, account: str) -> Seen | None:
    """When an account was last here; None if it never was."""
    row = (await uow.execute(select(seen).where(seen.c.account == account))).first()
    return None if row is None else Seen(row.at, row.status)


async def save(uow: UnitOfWork, news: Mapping[str, Seen]) -> None:
    """Keep when these accounts went."""
    for account, what in news.items():
        values = {"at": what.at, "status": what.status}
        statement = uow.insert(seen).values(account=account, **values)
        await uow.execute(statement.on_conflict_do_update(index_elements=[seen.c.account], set_=values))


async def forget(uow: UnitOfWork, account: str) -> None:
    """Erase it."""
    await uow.execute(delete(seen).where(seen.c.account == account))


async def rename(uow: UnitOfWork, old: str, new: str) -> None:
    """Move what is kept to another address."""
    await uow.execute(delete(seen).where(seen.c.account == new))
    await uow.execute(update(seen).where(seen.c.account == old).values(account=new))
