"""The table of profiles."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Boolean, Column, Row, Table, select

from plauder.store.database import UnitOfWork
from plauder.store.schema import Text, metadata

profiles = Table(
    "business_profile",
    metadata,
    Column("phone_id", Text, primary_key=True),
    Column("about", Text, nullable=False, default=""),
    Column("address", Text, nullable=False, default=""),
    Column("description", Text, nullable=False, default=""),
    Column("email", Text, nullable=False, default=""),
    Column("vertical", Text, nullable=False, default="UNDEFINED"),
    Column("websites", JSON, nullable=False, default=list),
    Column("hours", JSON),
    Column("picture_media_id", Text, nullable=False, default=""),
    Column("is_cart_enabled", Boolean, nullable=False, default=True),
    Column("is_catalog_visible", Boolean, nullable=False, default=False),
)


async def get(uow: UnitOfWork, phone_id: str) -> Row[Any] | None:
    return (await uow.execute(select(profiles).where(profiles.c.phone_id == phone_id))).one_or_none()


async def change(uow: UnitOfWork, phone_id: str, **values: Any) -> None:
    """Set these fields, making the profile if there is none."""
    if not values:
        return
    statement = uow.insert(profiles).values(phone_id=phone_id, **values)
    await uow.execute(statement.on_conflict_do_update(index_elements=["phone_id"], set_=values))
