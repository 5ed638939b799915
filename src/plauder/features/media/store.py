"""The slots in the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Column, Index, Table, delete, func, select, update

from plauder.features.media.rules import Use
from plauder.store.database import UnitOfWork
from plauder.store.schema import Instant, Text, metadata

table = Table(
    "media_slots",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("secret_hash", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index("ix_media_slots_account", "account", "created_at"),
    Index("ix_media_slots_expires", "expires_at"),
)


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for one file. `sha256` is empty until the file is whole."""

    id: str
    account: str
    name: str
    media_type: str
    size: int
    sha256: str
    secret_hash: str
    created_at: datetime
    expires_at: datetime

    @property
    def is_whole(self) -> bool:
        return bool(self.sha256)


class Slots:
    """The slots, inside one unit of work."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def add(self, slot: Slot) -> None:
        await self._uow.execute(table.insert(), [{c.name: getattr(slot, c.name) for c in table.columns}])

    async def get(self, slot_id: str) -> Slot | None:
        row = (await self._uow.execute(select(table).where(table.c.id == slot_id))).one_or_none()
        return None if row is None else Slot(*row)

    async def complete(self, slot_id: str, sha256: str, expires_at: datetime) -> None:
        change = update(table).where(table.c.id == slot_id)
        await self._uow.execute(change.values(sha256=sha256, expires_at=expires_at))

    async def shorten(self, slot_id: str, expires_at: datetime) -> None:
        change = update(table).where(table.c.id == slot_id, table.c.expires_at > expires_at)
        await self._uow.execute(change.values(expires_at=expires_at))

    async def use(self, account: str, since: datetime) -> Use:
        """What the account has asked for since then, and what it holds in all."""
        kept = select(func.coalesce(func.sum(table.c.size), 0)).where(table.c.account == account)
        today = kept.where(table.c.created_at >= since)
        return Use(
            int((await self._uow.execute(today)).scalar_one()), int((await self._uow.execute(kept)).scalar_one())
        )

    async def expired(self, now: datetime, limit: int) -> list[str]:
        query = select(table.c.id).where(table.c.expires_at <= now).order_by(table.c.expires_at).limit(limit)
        return [slot_id for (slot_id,) in await self._uow.execute(query)]

    async def of(self, account: str) -> list[str]:
        return [slot_id for (slot_id,) in await self._uow.execute(select(table.c.id).where(table.c.account == account))]

    async def remove(self, ids: list[str]) -> None:
        for start in range(0, len(ids), 500):
            await self._uow.execute(delete(table).where(table.c.id.in_(ids[start : start + 500])))
