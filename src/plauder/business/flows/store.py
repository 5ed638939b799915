"""The table of flows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Column, ForeignKey, Index, Row, Table, delete, select, update

from plauder.store.database import UnitOfWork
from plauder.store.schema import Instant, Text, metadata

flows = Table(
    "business_flow",
    metadata,
    Column("id", Text, primary_key=True),
    Column("waba_id", Text, ForeignKey("business_waba.id"), nullable=False),
    Column("portfolio_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("categories", JSON, nullable=False),
    Column("status", Text, nullable=False, default="DRAFT"),
    Column("json", Text, nullable=False, default=""),
    Column("json_version", Text, nullable=False, default=""),
    Column("data_api_version", Text, nullable=False, default=""),
    Column("endpoint_uri", Text, nullable=False, default=""),
    Column("application_id", Text, nullable=False, default=""),
    Column("validation_errors", JSON, nullable=False, default=list),
    Column("preview_token", Text, nullable=False),
    Column("preview_until", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("created_at", Instant, nullable=False),
    Index("ix_business_flow_waba", "waba_id", "name"),
)


async def get(uow: UnitOfWork, flow_id: str) -> Row[Any] | None:
    return (await uow.execute(select(flows).where(flows.c.id == flow_id))).one_or_none()


async def of_waba(uow: UnitOfWork, waba_id: str) -> list[Row[Any]]:
    statement = select(flows).where(flows.c.waba_id == waba_id).order_by(flows.c.created_at.desc(), flows.c.id.desc())
    return list((await uow.execute(statement)).all())


async def named(uow: UnitOfWork, waba_id: str, name: str) -> Row[Any] | None:
    statement = select(flows).where(flows.c.waba_id == waba_id, flows.c.name == name)
    return (await uow.execute(statement)).one_or_none()


async def change(uow: UnitOfWork, flow_id: str, **values: Any) -> None:
    await uow.execute(update(flows).where(flows.c.id == flow_id).values(**values))


async def remove(uow: UnitOfWork, flow_id: str) -> None:
    await uow.execute(delete(flows).where(flows.c.id == flow_id))
