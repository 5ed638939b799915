"""Rosters in the database: the only SQL of this feature."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from sqlalchemy import Boolean, Column, Index, Integer, Table, bindparam, delete, func, select, update

from plauder.features.roster.rules import Item
from plauder.features.roster.states import State
from plauder.store.database import Database, UnitOfWork
from plauder.store.schema import Bytes, Text, metadata

items = Table(
    "roster_item",
    metadata,
    Column("account", Text, primary_key=True),
    Column("contact", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("groups", Text, nullable=False),
    Column("is_approved", Boolean, nullable=False),
    Column("is_listed", Boolean, nullable=False),
    Column("request", Bytes, nullable=False),
    Column("version", Integer, nullable=False),
    Index("ix_roster_item_contact", "contact"),
)

versions = Table(
    "roster_version",
    metadata,
    Column("account", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    # The version at which the last contact was removed: who is older gets the whole roster, since we keep no trace of
    # contacts that are gone.
    Column("removed", Integer, nullable=False),
)


def _item(row: Any) -> Item:
    return Item(
        contact=row.contact,
        state=State(row.state),
        name=row.name,
        groups=tuple(json.loads(row.groups)) if row.groups else (),
        is_approved=bool(row.is_approved),
        is_listed=bool(row.is_listed),
        request=row.request,
        version=row.version,
    )


async def advance(uow: UnitOfWork, account: str) -> int:
    """The next version of a roster. Also its lock: whoever changes it does this first."""
    statement = uow.insert(versions).values(account=account, version=1, removed=0)
    statement = statement.on_conflict_do_update(
        index_elements=[versions.c.account], set_={"version": versions.c.version + 1}
    ).returning(versions.c.version)
    return int((await uow.execute(statement)).scalar_one())


async def version(uow: UnitOfWork, account: str) -> tuple[int, int]:
    """The current version, and that of the last removal."""
    statement = select(versions.c.version, versions.c.removed).where(versions.c.account == account)
    row = (await uow.execute(statement)).first()
    return (0, 0) if row is None else (row.version, row.removed)


_LOAD = select(items).where(items.c.account == bindparam("account")).order_by(items.c.contact)


async def load(uow: UnitOfWork, account: str) -> list[Item]:
    """Everything that is kept about an account's contacts, by address."""
    return [_item(row) for row in await uow.execute(_LOAD, {"account": account})]


def look(database: Database, account: str) -> list[Item] | None:
    """The same at once; None where it has to be waited for."""
    rows = database.peek(_LOAD, account=account)
    return None if rows is None else [_item(row) for row in rows]


async def read(database: Database, account: str) -> list[Item]:
    """The same outside a transaction."""
    items = look(database, account)
    if items is None:
        async with database.read() as uow:
            return await load(uow, account)
    return items


async def find(uow: UnitOfWork, account: str, contact: str) -> Item:
    """What is kept about one contact; an empty item where there is nothing."""
    statement = select(items).where(items.c.account == account, items.c.contact == contact)
    row = (await uow.execute(statement)).first()
    return Item(contact) if row is None else _item(row)


async def count(uow: UnitOfWork, account: str) -> int:
    """How many contacts are kept."""
    return int((await uow.execute(select(func.count()).where(items.c.account == account))).scalar_one())


async def save(uow: UnitOfWork, account: str, item: Item) -> None:
    """Keep an item in place of the former one; an empty one is removed."""
    if item.is_empty:
        await remove(uow, account, item)
        return
    values = {
        "state": item.state.value,
        "name": item.name,
        "groups": json.dumps(item.groups) if item.groups else "",
        "is_approved": item.is_approved,
        "is_listed": item.is_listed,
        "request": item.request,
        "version": item.version,
    }
    statement = uow.insert(items).values(account=account, contact=item.contact, **values)
    await uow.execute(statement.on_conflict_do_update(index_elements=[items.c.account, items.c.contact], set_=values))


async def remove(uow: UnitOfWork, account: str, item: Item) -> None:
    """Remove an item, noting at which version."""
    await uow.execute(delete(items).where(items.c.account == account, items.c.contact == item.contact))
    await uow.execute(update(versions).where(versions.c.account == account).values(removed=versions.c.version))


async def rename(uow: UnitOfWork, old: str, new: str) -> list[str]:
    """Move an account's roster to another address, and its place in the rosters of others, who are returned."""
    await uow.execute(delete(items).where(items.c.account == new))
    await uow.execute(update(items).where(items.c.account == old).values(account=new))
    await uow.execute(delete(versions).where(versions.c.account == new))
    await uow.execute(update(versions).where(versions.c.account == old).values(account=new))
    others = list((await uow.execute(select(items.c.account).where(items.c.contact == old))).scalars())
    for account in sorted(others):
        number = await advance(uow, account)
        item = await find(uow, account, old)
        await remove(uow, account, item)
        await save(uow, account, replace(item, contact=new, version=number))
    return others


async def forget_account(uow: UnitOfWork, account: str) -> list[Item]:
    """Erase an account's roster; what was in it is returned, so that the contacts can be told."""
    former = await load(uow, account)
    await uow.execute(delete(items).where(items.c.account == account))
    await uow.execute(delete(versions).where(versions.c.account == account))
    return former
