"""Cards without pictures in the database: the only SQL of this feature."""

from __future__ import annotations

from sqlalchemy import Column, Table, delete, select

from plauder.store.database import UnitOfWork
from plauder.store.schema import Bytes, Text, metadata

cards = Table(
    "vcard",
    metadata,
    Column("account", Text, primary_key=True),
    Column("card", Bytes, nullable=False),
)


async def find(uow: UnitOfWork, account: str) -> bytes | None:
    """An account's card, serialised."""
    return (await uow.execute(select(cards.c.card).where(cards.c.account == account))).scalar_one_or_none()


async def save(uow: UnitOfWork, account: str, card: bytes) -> None:
    """Keep a card in place of the former one."""
    statement = uow.insert(cards).values(account=account, card=card)
    await uow.execute(statement.on_conflict_do_update(index_elements=[cards.c.account], set_={"card": card}))


async def forget(uow: UnitOfWork, account: str) -> None:
    """Erase it."""
    await uow.execute(delete(cards).where(cards.c.account == account))
