"""Tables of media and resumable uploads."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, Integer, Row, Table, delete, select

from plauder.store.database import UnitOfWork
from plauder.store.schema import Instant, Text, metadata

media = Table(
    "business_media",
    metadata,
    Column("id", Text, primary_key=True),
    Column("portfolio_id", Text, nullable=False),
    Column("phone_id", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("mime_type", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("filename", Text, nullable=False),
    Column("source", Text, nullable=False, default=""),
    Column("blob", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index("ix_business_media_source", "portfolio_id", "source"),
    Index("ix_business_media_expires", "expires_at"),
)

uploads = Table(
    "business_upload",
    metadata,
    Column("id", Text, primary_key=True),
    Column("portfolio_id", Text, nullable=False),
    Column("app_id", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("file_type", Text, nullable=False),
    Column("file_length", Integer, nullable=False),
    Column("handle", Text, nullable=False, default=""),
    Column("media_id", Text, nullable=False, default=""),
    Column("expires_at", Instant, nullable=False),
    Index("ix_business_upload_handle", "handle"),
)


async def get(uow: UnitOfWork, media_id: str) -> Row[Any] | None:
    return (await uow.execute(select(media).where(media.c.id == media_id))).one_or_none()


async def by_source(uow: UnitOfWork, portfolio_id: str, source: str, now: datetime) -> Row[Any] | None:
    """A link that was fetched a moment ago."""
    c = media.c
    statement = select(media).where(c.portfolio_id == portfolio_id, c.source == source, c.expires_at > now)
    return (await uow.execute(statement.order_by(c.created_at.desc()).limit(1))).one_or_none()


async def upload(uow: UnitOfWork, upload_id: str) -> Row[Any] | None:
    return (await uow.execute(select(uploads).where(uploads.c.id == upload_id))).one_or_none()


async def by_handle(uow: UnitOfWork, portfolio_id: str, handle: str) -> Row[Any] | None:
    c = uploads.c
    statement = select(uploads).where(c.handle == handle, c.portfolio_id == portfolio_id)
    return (await uow.execute(statement)).one_or_none()


async def expired(uow: UnitOfWork, now: datetime, limit: int) -> list[Row[Any]]:
    return list((await uow.execute(select(media).where(media.c.expires_at < now).limit(limit))).all())


async def remove(uow: UnitOfWork, media_id: str) -> None:
    await uow.execute(delete(media).where(media.c.id == media_id))
