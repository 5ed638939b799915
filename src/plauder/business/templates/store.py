"""The table of templates."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, Row, Table, func, select, update

from plauder.store.database import UnitOfWork
from plauder.store.schema import Instant, Text, metadata

templates = Table(
    "business_template",
    metadata,
    Column("id", Text, primary_key=True),
    Column("waba_id", Text, ForeignKey("business_waba.id"), nullable=False),
    Column("portfolio_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("previous_category", Text, nullable=False, default=""),
    Column("correct_category", Text, nullable=False, default=""),
    Column("sub_category", Text, nullable=False, default=""),
    Column("parameter_format", Text, nullable=False),
    Column("components", JSON, nullable=False),
    Column("status", Text, nullable=False),
    Column("rejected_reason", Text, nullable=False, default="NONE"),
    Column("quality", Text, nullable=False, default="UNKNOWN"),
    Column("quality_at", Instant),
    Column("ttl_seconds", Integer),
    Column("library_name", Text, nullable=False, default=""),
    Column("link_tracking_opted_out", Boolean, nullable=False, default=False),
    Column("pauses", Integer, nullable=False, default=0),
    Column("paused_until", Instant),
    Column("paced_since", Instant),
    Column("used_at", Instant),
    Column("archived_at", Instant),
    Column("edits", JSON, nullable=False, default=list),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("deleted_at", Instant),
    Index("ix_business_template_name", "waba_id", "name", "language"),
)
"""Deleted ones stay: their name is reserved for a while, and sends on the way keep their meaning."""


async def get(uow: UnitOfWork, template_id: str) -> Row[Any] | None:
    c = templates.c
    statement = select(templates).where(c.id == template_id, c.deleted_at.is_(None))
    return (await uow.execute(statement)).one_or_none()


async def named(uow: UnitOfWork, waba_id: str, name: str, language: str = "") -> list[Row[Any]]:
    """Live templates of that name, in one or all languages."""
    c = templates.c
    statement = select(templates).where(c.waba_id == waba_id, c.name == name, c.deleted_at.is_(None))
    if language:
        statement = statement.where(c.language == language)
    return list((await uow.execute(statement.order_by(c.created_at))).all())


async def deleted_since(uow: UnitOfWork, waba_id: str, name: str, language: str, since: datetime) -> bool:
    """Whether an approved one of that name and language was deleted since then."""
    c = templates.c
    statement = select(c.id).where(
        c.waba_id == waba_id, c.name == name, c.language == language, c.deleted_at > since, c.status == "APPROVED"
    )
    return (await uow.execute(statement.limit(1))).first() is not None


async def count(uow: UnitOfWork, waba_id: str, *, since: datetime | None = None) -> int:
    """Live templates, or those created since then."""
    c = templates.c
    where = [c.waba_id == waba_id, c.created_at > since if since else c.deleted_at.is_(None)]
    return int((await uow.execute(select(func.count()).select_from(templates).where(*where))).scalar_one())


async def of_waba(uow: UnitOfWork, waba_id: str) -> list[Row[Any]]:
    """All live templates, newest first."""
    c = templates.c
    statement = select(templates).where(c.waba_id == waba_id, c.deleted_at.is_(None))
    return list((await uow.execute(statement.order_by(c.created_at.desc(), c.id.desc()))).all())


async def resuming(uow: UnitOfWork, now: datetime) -> list[Row[Any]]:
    """Paused for low quality, and the pause is over."""
    c = templates.c
    return list((await uow.execute(select(templates).where(c.status == "PAUSED", c.paused_until <= now))).all())


async def unused_since(uow: UnitOfWork, before: datetime) -> list[Row[Any]]:
    """Approved ones that were last used, or made, before then."""
    c = templates.c
    statement = select(templates).where(
        c.status == "APPROVED", c.deleted_at.is_(None), func.coalesce(c.used_at, c.updated_at) < before
    )
    return list((await uow.execute(statement.limit(500))).all())


async def archived_since(uow: UnitOfWork, before: datetime) -> list[Row[Any]]:
    """Archived ones that nobody has taken out again since then."""
    c = templates.c
    statement = select(templates).where(c.status == "ARCHIVED", c.deleted_at.is_(None), c.archived_at < before)
    return list((await uow.execute(statement.limit(500))).all())


async def paced(uow: UnitOfWork) -> list[Row[Any]]:
    """Those whose first share is out, or is going out."""
    c = templates.c
    return list((await uow.execute(select(templates).where(c.paced_since.is_not(None)))).all())


async def note_used(uow: UnitOfWork, template_ids: Collection[str], at: datetime) -> None:
    await uow.execute(update(templates).where(templates.c.id.in_(list(template_ids))).values(used_at=at))


async def change(uow: UnitOfWork, template_id: str, **values: Any) -> None:
    await uow.execute(update(templates).where(templates.c.id == template_id).values(**values))
