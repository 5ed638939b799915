"""The table of sandboxes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Boolean, Column, Row, Table, select, update

from plauder.store.database import UnitOfWork
from plauder.store.schema import Text, metadata

sandboxes = Table(
    "business_sandbox",
    metadata,
    Column("portfolio_id", Text, primary_key=True),
    Column("phone_id", Text, nullable=False, unique=True),
    Column("number", Text, nullable=False),
    Column("customer", Text, nullable=False, unique=True),
    Column("customer_name", Text, nullable=False),
    Column("sends_receipts", Boolean, nullable=False, default=True),
    Column("reads", Boolean, nullable=False, default=True),
    Column("faults", JSON, nullable=False, default=list),
)


async def get(uow: UnitOfWork, portfolio_id: str) -> Row[Any] | None:
    return (await uow.execute(select(sandboxes).where(sandboxes.c.portfolio_id == portfolio_id))).one_or_none()


async def all_of_them(uow: UnitOfWork) -> list[Row[Any]]:
    return list((await uow.execute(select(sandboxes))).all())


async def create(uow: UnitOfWork, **values: Any) -> None:
    await uow.execute(sandboxes.insert().values(**values))


async def change(uow: UnitOfWork, portfolio_id: str, **values: Any) -> None:
    await uow.execute(update(sandboxes).where(sandboxes.c.portfolio_id == portfolio_id).values(**values))
