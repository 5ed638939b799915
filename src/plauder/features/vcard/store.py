"""Cards, and the hashes of the pictures that belong to them, in the database: the only SQL of this feature."""

from __future__ import annotations

from sqlalchemy import Column, Table, bindparam, delete, select, update

from plauder.store.database import Database, UnitOfWork
from plauder.store.schema import Bytes, Text, metadata

cards = Table(
    "vcard",
    metadata,
    Column("account", Text, primary_key=True),
    Column("card", Bytes, nullable=False),
    # Of the published picture, so that presence need not look for it; empty without one.
    Column("picture", Text, nullable=False),
)


_PICTURE = select(cards.c.picture).where(cards.c.account == bindparam("account"))


async def find(uow: UnitOfWork, account: str) -> bytes | None:
    """An account's card, serialised."""
    return (await uow.execute(select(cards.c.card).where(cards.c.account == account))).scalar_one_or_none()


async def save(uow: UnitOfWork, account: str, card: bytes) -> None:
    """Keep a card in place of the former one."""
    statement = uow.insert(cards).values(account=account, card=card, picture="")
    await uow.execute(statement.on_conflict_do_update(index_elements=[cards.c.account], set_={"card": card}))


def look(database: Database, account: str) -> str | None:
    """The hash of an account's picture, empty without one; None where that has to be waited for."""
    rows = database.peek(_PICTURE, account=account)
    return None if rows is None else (rows[0].picture if rows else "")


async def picture(database: Database, account: str) -> str:
    """The same, waited for."""
    async with database.read() as uow:
        rows = list(await uow.execute(_PICTURE, {"account": account}))
    return rows[0].picture if rows else ""


async def save_picture(uow: UnitOfWork, account: str, hash_: str) -> None:
    """Keep the hash of an account's picture."""
    statement = uow.insert(cards).values(account=account, card=b"", picture=hash_)
    await uow.execute(statement.on_conflict_do_update(index_elements=[cards.c.account], set_={"picture": hash_}))


async def forget(uow: UnitOfWork, account: str) -> None:
    """Erase it."""
    await uow.execute(delete(cards).where(cards.c.account == account))


async def rename(uow: UnitOfWork, old: str, new: str) -> None:
    """Move what is kept to another address."""
    await uow.execute(delete(cards).where(cards.c.account == new))
    await uow.execute(update(cards).where(cards.c.account == old).values(account=new))
