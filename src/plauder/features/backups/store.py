"""Backups in the database: which archive an account has, and the record of its password."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Column, Integer, Table, delete, select, update

from plauder.store.database import UnitOfWork
from plauder.store.schema import Instant, Text, metadata

archives = Table(
    "backup_archives",
    metadata,
    Column("local", Text, primary_key=True),
    Column("blob", Text, nullable=False),
    Column("lock", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("made", Instant, nullable=False),
)

vaults = Table(
    "backup_vaults",
    metadata,
    Column("local", Text, primary_key=True),
    Column("name", Text, nullable=False),  # what OPAQUE binds the record to: not the account, which may change
    Column("record", Text, nullable=False),  # OPAQUE's password file
    Column("failures", Integer, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Archive:
    """A sealed archive. `size` in bytes; `lock`: "code" or "password"."""

    local: str
    blob: str
    lock: str
    size: int
    made: datetime


class Backups:
    """Archives and vaults, inside one unit of work."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def archive(self, local: str) -> Archive | None:
        row = (await self._uow.execute(select(archives).where(archives.c.local == local))).one_or_none()
        return None if row is None else Archive(**row._mapping)

    async def keep(self, archive: Archive) -> None:
        await self._uow.execute(delete(archives).where(archives.c.local == archive.local))
        await self._uow.execute(archives.insert(), [{c.name: getattr(archive, c.name) for c in archives.columns}])

    async def forget(self, local: str) -> None:
        await self._uow.execute(delete(archives).where(archives.c.local == local))
        await self._uow.execute(delete(vaults).where(vaults.c.local == local))

    async def rename(self, old: str, new: str) -> None:
        for table in (archives, vaults):
            await self._uow.execute(update(table).where(table.c.local == old).values(local=new))

    async def record(self, local: str) -> tuple[str, str] | None:
        """The name and the record of the account's password."""
        query = select(vaults.c.name, vaults.c.record).where(vaults.c.local == local)
        row = (await self._uow.execute(query)).one_or_none()
        return None if row is None else (str(row.name), str(row.record))

    async def set_record(self, local: str, name: str, record: str) -> None:
        await self._uow.execute(delete(vaults).where(vaults.c.local == local))
        row = {"local": local, "name": name, "record": record, "failures": 0}
        await self._uow.execute(vaults.insert(), [row])

    async def count_try(self, local: str) -> int:
        """Count one more failure, until `settled` says that it was none; how many there are."""
        await self._uow.execute(update(vaults).where(vaults.c.local == local).values(failures=vaults.c.failures + 1))
        row = (await self._uow.execute(select(vaults.c.failures).where(vaults.c.local == local))).one_or_none()
        return 0 if row is None else int(row.failures)

    async def settled(self, local: str) -> None:
        await self._uow.execute(update(vaults).where(vaults.c.local == local).values(failures=0))
