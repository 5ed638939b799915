"""Private elements in the database: the only SQL of this feature."""

from __future__ import annotations

from sqlalchemy import Column, Integer, Table, delete, func, select, update

from plauder.store.database import UnitOfWork
from plauder.store.schema import Bytes, Text, metadata

elements = Table(
    "private_element",
    metadata,
    Column("account", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("size", Integer, nullable=False),
    Column("payload", Bytes, nullable=False),
)


async def find(uow: UnitOfWork, account: str, name: str) -> bytes | None:
    """The element of that `{namespace}name`, serialised."""
    statement = select(elements.c.payload).where(elements.c.account == account, elements.c.name == name)
    return (await uow.execute(statement)).scalar_one_or_none()


async def load(uow: UnitOfWork, account: str) -> list[bytes]:
    """Everything of an account, serialised, by name."""
    statement = select(elements.c.payload).where(elements.c.account == account).order_by(elements.c.name)
    return list((await uow.execute(statement)).scalars())


async def save(uow: UnitOfWork, account: str, name: str, payload: bytes) -> None:
    """Keep an element in place of the former one of its name."""
    values = {"size": len(payload), "payload": payload}
    statement = uow.insert(elements).values(account=account, name=name, **values)
    statement = statement.on_conflict_do_update(index_elements=[elements.c.account, elements.c.name], set_=values)
    await uow.execute(statement)


async def held(uow: UnitOfWork, account: str, but: str) -> int:
    """The bytes that an account keeps, leaving out one element."""
    statement = select(func.coalesce(func.sum(elements.c.size), 0)).where(
        elements.c.account == account, elements.c.name != but
    )
    return int((await uow.execute(statement)).scalar_one())


async def forget(uow: UnitOfWork, account: str) -> None:
    """Erase everything of an account."""
    await uow.execute(delete(elements).where(elements.c.account == account))


async def rename(uow: UnitOfWork, old: str, new: str) -> None:
    """Move what is kept to another address."""
    await uow.execute(delete(elements).where(elements.c.account == new))
    await uow.execute(update(elements).where(elements.c.account == old).values(account=new))
