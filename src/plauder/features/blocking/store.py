"""Block lists in the database: the only SQL of this feature."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Column, Table, bindparam, delete, select

from plauder.store.database import Database, UnitOfWork
from plauder.store.schema import Text, metadata

items = Table(
    "block_item",
    metadata,
    Column("account", Text, primary_key=True),
    Column("jid", Text, primary_key=True),
)


_LOAD = select(items.c.jid).where(items.c.account == bindparam("account")).order_by(items.c.jid)


async def load(database: Database, account: str) -> list[str]:
    """The addresses an account blocks, sorted."""
    rows = database.peek(_LOAD, account=account)
    if rows is None:
        async with database.read() as uow:
            rows = list(await uow.execute(_LOAD, {"account": account}))
    return [row.jid for row in rows]


async def add(uow: UnitOfWork, account: str, jids: Collection[str]) -> None:
    """Block addresses; those that are blocked already are passed over."""
    rows = [{"account": account, "jid": jid} for jid in jids]
    await uow.execute(uow.insert(items).on_conflict_do_nothing(), rows)


async def remove(uow: UnitOfWork, account: str, jids: Collection[str]) -> None:
    """Unblock addresses."""
    await uow.execute(delete(items).where(items.c.account == account, items.c.jid.in_(jids)))


async def forget_account(uow: UnitOfWork, account: str) -> None:
    """Erase an account's list."""
    await uow.execute(delete(items).where(items.c.account == account))
