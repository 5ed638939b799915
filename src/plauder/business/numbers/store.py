"""Tables of business numbers and their attempts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, Row, Table, select, update

from plauder.store.database import UnitOfWork
from plauder.store.schema import BigKey, Instant, Text, metadata

numbers = Table(
    "business_number",
    metadata,
    Column("id", Text, primary_key=True),
    Column("waba_id", Text, ForeignKey("business_waba.id"), nullable=False),
    Column("portfolio_id", Text, nullable=False),
    Column("digits", Text, nullable=False, unique=True),
    Column("display", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("verified_name", Text, nullable=False),
    Column("new_display_name", Text, nullable=False, default=""),
    Column("name_status", Text, nullable=False, default="APPROVED"),
    Column("status", Text, nullable=False, default="PENDING"),
    Column("code_verification_status", Text, nullable=False, default="NOT_VERIFIED"),
    Column("quality", Text, nullable=False, default="GREEN"),
    Column("throughput", Integer, nullable=False, default=80),
    Column("is_test", Boolean, nullable=False, default=False),
    Column("recipients", JSON, nullable=False, default=list),
    Column("faults", JSON, nullable=False, default=list),
    Column("pin_hash", Text, nullable=False, default=""),
    Column("settings", JSON, nullable=False, default=dict),
    Column("automation", JSON, nullable=False, default=dict),
    Column("public_key", Text, nullable=False, default=""),
    Column("search_visibility", Text, nullable=False, default="VISIBLE"),
    Column("registered_at", Instant),
    Column("created_at", Instant, nullable=False),
    Index("ix_business_number_waba", "waba_id"),
)

attempts = Table(
    "business_number_attempt",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("number_id", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_business_number_attempt_number", "number_id", "what", "at"),
)
"""Registrations and wrong PINs, for the limits."""

codes = Table(
    "business_number_code",
    metadata,
    Column("number_id", Text, primary_key=True),
    Column("code_hash", Text, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("tries", Integer, nullable=False, default=0),
)


async def get(uow: UnitOfWork, number_id: str) -> Row[Any] | None:
    return (await uow.execute(select(numbers).where(numbers.c.id == number_id))).one_or_none()


async def by_digits(uow: UnitOfWork, digits: str) -> Row[Any] | None:
    return (await uow.execute(select(numbers).where(numbers.c.digits == digits))).one_or_none()


async def of_waba(uow: UnitOfWork, waba_id: str) -> list[Row[Any]]:
    statement = select(numbers).where(numbers.c.waba_id == waba_id).order_by(numbers.c.created_at, numbers.c.id)
    return list((await uow.execute(statement)).all())


async def of_portfolio(uow: UnitOfWork, portfolio_id: str) -> list[Row[Any]]:
    statement = select(numbers).where(numbers.c.portfolio_id == portfolio_id).order_by(numbers.c.created_at)
    return list((await uow.execute(statement)).all())


async def registered(uow: UnitOfWork) -> list[Row[Any]]:
    """Every number that is a hosted device now."""
    return list((await uow.execute(select(numbers).where(numbers.c.status == "CONNECTED"))).all())


async def change(uow: UnitOfWork, number_id: str, **values: Any) -> None:
    await uow.execute(update(numbers).where(numbers.c.id == number_id).values(**values))
