"""Tables of subscriptions, deliveries and the journal."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Index,
    Integer,
    Row,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)

from plauder.business.webhooks.rules import ORDERED_ATTEMPTS
from plauder.store.database import UnitOfWork
from plauder.store.schema import BigKey, Bytes, Instant, Text, metadata

subscriptions = Table(
    "webhook_subscription",
    metadata,
    Column("app_id", Text, primary_key=True),
    Column("object", Text, primary_key=True),
    Column("callback_url", Text, nullable=False),
    Column("verify_token", Text, nullable=False),
    Column("fields", JSON, nullable=False),
)
"""What an app wants to hear, and where."""

waba_apps = Table(
    "webhook_waba_app",
    metadata,
    Column("waba_id", Text, primary_key=True),
    Column("app_id", Text, primary_key=True),
    Column("override_url", Text, nullable=False, default=""),
    Column("verify_token", Text, nullable=False, default=""),
)
"""Apps subscribed to a WABA; without a row here nothing of that WABA is delivered."""

number_overrides = Table(
    "webhook_number_override",
    metadata,
    Column("phone_id", Text, primary_key=True),
    Column("app_id", Text, primary_key=True),
    Column("override_url", Text, nullable=False),
    Column("verify_token", Text, nullable=False, default=""),
)

deliveries = Table(
    "webhook_delivery",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("app_id", Text, nullable=False),
    Column("portfolio_id", Text, nullable=False),
    Column("waba_id", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("lane", Text, nullable=False),
    Column("body", Bytes, nullable=False),
    Column("state", Text, nullable=False, default="due"),
    Column("attempts", Integer, nullable=False, default=0),
    Column("created_at", Instant, nullable=False),
    Column("next_at", Instant, nullable=False),
    Column("leased_until", Instant),
    Column("last_status", Integer, nullable=False, default=0),
    Column("last_error", Text, nullable=False, default=""),
    Index("ix_webhook_delivery_due", "state", "next_at"),
    Index("ix_webhook_delivery_lane", "lane", "id"),
    Index("ix_webhook_delivery_portfolio", "portfolio_id", "state"),
)
"""What is still to be said; a delivered row is deleted."""

journal = Table(
    "webhook_journal",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("kind", Text, nullable=False),
    Column("portfolio_id", Text, nullable=False),
    Column("app_id", Text, nullable=False),
    Column("delivery_id", BigKey),
    Column("method", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("field", Text, nullable=False, default=""),
    Column("about", Text, nullable=False, default=""),
    Column("status", Integer, nullable=False),
    Column("milliseconds", Integer, nullable=False),
    Column("attempt", Integer, nullable=False, default=0),
    Column("error", Text, nullable=False, default=""),
    Column("request", Bytes, nullable=False, default=b""),
    Column("response", Bytes, nullable=False, default=b""),
    Index("ix_webhook_journal_portfolio", "portfolio_id", "id"),
    Index("ix_webhook_journal_at", "at"),
)
"""Every API request and every webhook attempt, for a short time: "what did you send me, what did I answer"."""


_THESE = deliveries.c.id.in_(bindparam("ids", expanding=True))
_LEASE = update(deliveries).where(_THESE).values(leased_until=bindparam("until"))
_DELIVERED = delete(deliveries).where(_THESE)


async def endpoints(uow: UnitOfWork, waba_id: str) -> list[Row[Any]]:
    """Subscribed apps of a WABA with their callback, override and fields (None where the app has no subscription)."""
    s, w = subscriptions.c, waba_apps.c
    statement = (
        select(w.app_id, w.override_url, s.callback_url, s.fields)
        .select_from(waba_apps.outerjoin(subscriptions, s.app_id == w.app_id))
        .where(w.waba_id == waba_id)
        .order_by(w.app_id)
    )
    return list((await uow.execute(statement)).all())


async def overrides_of(uow: UnitOfWork, waba_app_ids: Iterable[str]) -> list[Row[Any]]:
    statement = select(number_overrides).where(number_overrides.c.app_id.in_(list(waba_app_ids)))
    return list((await uow.execute(statement)).all())


async def claim(
    uow: UnitOfWork, *, now: datetime, until: datetime, resting: Collection[str], limit: int
) -> Sequence[Row[Any]]:
    """Lease deliveries that are due, in order; none whose conversation still waits for an earlier one."""
    d, earlier = deliveries.c, deliveries.alias("earlier")
    free = or_(d.leased_until.is_(None), d.leased_until < now)
    blocked = exists().where(
        earlier.c.lane == d.lane,
        earlier.c.id < d.id,
        earlier.c.state == "due",
        or_(
            and_(earlier.c.next_at > now, earlier.c.attempts < ORDERED_ATTEMPTS),
            and_(earlier.c.leased_until.is_not(None), earlier.c.leased_until >= now),
        ),
    )
    statement = (
        select(deliveries)
        .where(d.state == "due", d.next_at <= now, free, ~blocked)
        .order_by(d.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    if resting:
        statement = statement.where(d.url.not_in(list(resting)))
    rows = (await uow.execute(statement)).all()
    if rows:
        ids = [row.id for row in rows]
        await uow.execute(_LEASE, {"ids": ids, "until": until})
    return rows


async def next_due(uow: UnitOfWork) -> datetime | None:
    """When the next delivery wants to be tried."""
    statement = select(func.min(deliveries.c.next_at)).where(deliveries.c.state == "due")
    result: datetime | None = (await uow.execute(statement)).scalar_one_or_none()
    return result


async def delivered(uow: UnitOfWork, ids: Sequence[int]) -> None:
    await uow.execute(_DELIVERED, {"ids": list(ids)})


async def failed(
    uow: UnitOfWork, delivery_id: int, *, attempts: int, next_at: datetime, state: str, status: int, error: str
) -> None:
    await uow.execute(
        update(deliveries)
        .where(deliveries.c.id == delivery_id)
        .values(
            attempts=attempts, next_at=next_at, state=state, leased_until=None, last_status=status, last_error=error
        )
    )


async def release(uow: UnitOfWork, ids: Sequence[int]) -> None:
    """Give leases back untried."""
    await uow.execute(update(deliveries).where(deliveries.c.id.in_(list(ids))).values(leased_until=None))


async def release_all(uow: UnitOfWork) -> None:
    """Give back every lease: those who had them are gone."""
    await uow.execute(update(deliveries).where(deliveries.c.leased_until.is_not(None)).values(leased_until=None))


async def forget_before(uow: UnitOfWork, at: datetime) -> None:
    """Drop journal entries older than `at`: they hold content."""
    await uow.execute(delete(journal).where(journal.c.at < at))
