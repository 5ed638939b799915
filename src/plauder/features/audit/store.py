"""The log of what operators did: rules for what is written, and the only SQL."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Column, Index, Table, delete, select

from plauder.store.database import UnitOfWork
from plauder.store.schema import BigKey, Instant, Text, metadata

KEPT: Final = timedelta(days=400)
LONGEST: Final = 500
_SECRET: Final = ("password", "secret", "pin", "token")

entries = Table(
    "audit_log",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("operator", Text, nullable=False),
    Column("command", Text, nullable=False),
    Column("details", Text, nullable=False),
    Index("ix_audit_log_at", "at"),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that an operator did. `operator` is a bare JID, or `name (terminal)`."""

    at: datetime
    operator: str
    command: str
    details: str

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.operator}: {self.command} {self.details}".rstrip()


def described(values: Iterable[tuple[str, object]]) -> str:
    """What a command was given, as `name=value`, without secrets, on one line, at most 500 characters."""
    told = []
    for name, value in values:
        if value in (None, "", (), [], False) or name.startswith(_SECRET):
            continue
        text = ",".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)
        told.append(f"{name}={' '.join(text.split())}")
    return "".join(c if c.isprintable() else "?" for c in " ".join(told))[:LONGEST]


async def write(uow: UnitOfWork, entry: Entry) -> None:
    """Add an entry; drop those that are too old."""
    await uow.execute(delete(entries).where(entries.c.at < entry.at - KEPT))
    values = {"at": entry.at, "operator": entry.operator, "command": entry.command, "details": entry.details}
    await uow.execute(entries.insert(), [values])


async def latest(uow: UnitOfWork, limit: int) -> list[Entry]:
    """The latest entries, the newest first."""
    columns = (entries.c.at, entries.c.operator, entries.c.command, entries.c.details)
    rows = await uow.execute(select(*columns).order_by(entries.c.id.desc()).limit(limit))
    return [Entry(*row) for row in rows]
