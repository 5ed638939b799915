"""The same request twice is one message: `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header).

A client whose request timed out cannot know whether it was taken. With a key it asks again and gets the first answer.
The answer is stored in the transaction that stores the message, so there is one exactly where there is the other. What
was refused is not stored: nothing happened, so it is decided anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import JSON, Column, Index, Row, Table, delete, select, tuple_

from plauder.business.shared.errors import GraphError, invalid
from plauder.store.database import UnitOfWork
from plauder.store.schema import Instant, Text, metadata

LIFE = timedelta(hours=24)
"""How long a key is remembered."""
MAX_KEY = 255

table = Table(
    "business_send_key",
    metadata,
    Column("phone_id", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("answer", JSON, nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_business_send_key_at", "at"),
)

Slot = tuple[str, str]
"""A number's id and the client's key."""


@dataclass(frozen=True, slots=True)
class Once:
    """A client's key, and what it was sent with."""

    key: str
    fingerprint: str


def once(header: str | None, body: Mapping[str, Any]) -> Once | None:
    """The key of a request, None without one. Raises error 100 for a key that is none."""
    if header is None:
        return None
    key = header.strip()
    if len(key) > 1 and key[0] == key[-1] == '"':  # the draft's structured field; most clients send the bare text
        key = key[1:-1]
    if not 1 <= len(key) <= MAX_KEY or not key.isascii() or not key.isprintable():
        raise invalid(f"Idempotency-Key must have 1 to {MAX_KEY} printable ASCII characters")
    return Once(key, hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS, default=str)).hexdigest())


def reused() -> GraphError:
    """Another message under a key that was used (§2.7 of the draft: 422)."""
    return GraphError(
        100, "Invalid parameter", status=422, details="This Idempotency-Key was used with another request."
    )


async def answered(uow: UnitOfWork, slots: Collection[Slot]) -> dict[Slot, Row[Any]]:
    """What was answered under these keys."""
    if not slots:
        return {}
    statement = select(table).where(tuple_(table.c.phone_id, table.c.key).in_(list(slots)))
    return {(row.phone_id, row.key): row for row in (await uow.execute(statement)).all()}


async def remember(uow: UnitOfWork, rows: Iterable[Mapping[str, Any]]) -> None:
    if found := [dict(row) for row in rows]:
        await uow.execute(table.insert(), found)


async def forget(uow: UnitOfWork, before: datetime) -> None:
    await uow.execute(delete(table).where(table.c.at < before))
