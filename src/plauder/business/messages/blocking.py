"""A business blocks people who wrote to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select

from plauder.business.messages import rules, store
from plauder.business.messages.content import digits_of
from plauder.business.messages.ports import Sender
from plauder.business.shared.errors import GraphError, fail
from plauder.store.database import UnitOfWork

MAX_BLOCKED = 64_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """One user of a request; `error` None when it worked."""

    input: str
    wa_id: str
    user_id: str
    error: GraphError | None = None


async def change(uow: UnitOfWork, sender: Sender, users: Sequence[str], *, block: bool, at: datetime) -> list[Outcome]:
    """Block or unblock. Only people who wrote in the last 24 hours can be blocked."""
    count = await _count(uow, sender.phone_id)
    outcomes: list[Outcome] = []
    for entered in users:
        try:
            wa_id = digits_of(entered)[0]
        except GraphError as error:
            outcomes.append(Outcome(entered, "", "", error))
            continue
        row = (await store.contacts_of(uow, [(sender.phone_id, wa_id)])).get((sender.phone_id, wa_id))
        refusal = _refusal(row, block=block, at=at, count=count)
        if refusal is None and row is not None:
            changed = {"blocked_at": at if block else None}
            fixed = {"portfolio_id": sender.portfolio_id, "user_id": row.user_id}
            await store.upsert_contact(uow, (sender.phone_id, wa_id), fixed, changed)
            count += 1 if block else -1
        outcomes.append(Outcome(entered, wa_id, row.user_id if row else "", refusal))
    return outcomes


def _refusal(row: Row[Any] | None, *, block: bool, at: datetime, count: int) -> GraphError | None:
    if not block:
        return None if row is not None and row.blocked_at else fail(139100, "The user is not blocked.")
    if row is None or row.last_in_at is None or at - row.last_in_at > rules.SERVICE_WINDOW:
        return fail(139100, "Only users who wrote in the last 24 hours can be blocked.")
    return fail(139101) if count >= MAX_BLOCKED else None


async def _count(uow: UnitOfWork, phone_id: str) -> int:
    c = store.contacts.c
    statement = select(func.count()).where(c.phone_id == phone_id, c.blocked_at.is_not(None))
    return int((await uow.execute(statement)).scalar_one())


async def blocked(uow: UnitOfWork, phone_id: str) -> list[Row[Any]]:
    c = store.contacts.c
    statement = select(store.contacts).where(c.phone_id == phone_id, c.blocked_at.is_not(None))
    return list((await uow.execute(statement.order_by(c.blocked_at.desc(), c.wa_id))).all())
