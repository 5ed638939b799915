"""What was sent and what it cost, in numbers: `pricing_analytics`, the usage table of the console, the export."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from plauder.kit.errors import BadInput
from plauder.kit.money import Money
from plauder.money.billing.charges import CHARGED, table
from plauder.store.database import UnitOfWork

DIMENSIONS = ("COUNTRY", "PHONE", "PRICING_CATEGORY", "PRICING_TYPE", "TIER")
LOOKBACK_DAYS = 366


@dataclass(frozen=True, slots=True)
class Point:
    """One cell: [start, end) in Unix seconds, the dimensions that were asked for, how many messages, micro-units."""

    start: int
    end: int
    dimensions: tuple[tuple[str, str], ...]
    volume: int
    cost: int


async def pricing_analytics(
    uow: UnitOfWork,
    account: str,
    *,
    start: datetime,
    end: datetime,
    granularity: str,
    dimensions: Sequence[str] = (),
    numbers: Sequence[str] = (),
) -> list[Point]:
    """Delivered messages and their cost per period and dimension, oldest first. Raises BadInput."""
    if granularity not in ("HALF_HOUR", "DAILY", "MONTHLY"):
        raise BadInput("granularity is HALF_HOUR, DAILY or MONTHLY")
    if unknown := set(dimensions) - set(DIMENSIONS):
        raise BadInput(f"unknown dimensions: {', '.join(sorted(unknown))[:200]}")
    if not start < end <= start + timedelta(days=LOOKBACK_DAYS):
        raise BadInput("start must be before end, and they are at most a year apart")
    columns = table.c
    query = select(
        *(columns.settled_at, columns.market, columns.number, columns.reported_category, columns.type, columns.tier),
        columns.micros,
    ).where(columns.account == account, columns.state == CHARGED, columns.settled_at >= start, columns.settled_at < end)
    if numbers:
        query = query.where(columns.number.in_(numbers))
    cells: dict[tuple[datetime, tuple[tuple[str, str], ...]], list[int]] = {}
    for at, market, number, category, type_, tier, micros in await uow.execute(query):
        known = {
            "COUNTRY": market,
            "PHONE": number,
            "PRICING_CATEGORY": _upper(category),
            "PRICING_TYPE": _upper(type_),
            "TIER": tier,
        }
        where = tuple((name, known[name]) for name in dimensions)
        cell = cells.setdefault((_floor(at, granularity), where), [0, 0])
        cell[0] += 1
        cell[1] += micros
    return [
        Point(int(at.timestamp()), int(_next(at, granularity).timestamp()), where, volume, cost)
        for (at, where), (volume, cost) in sorted(cells.items())
    ]


async def export(uow: UnitOfWork, account: str, month: str) -> str:
    """Every charge of a month as CSV, with the reason for its price."""
    query = select(table).where(table.c.account == account, table.c.month == month).order_by(table.c.accepted_at)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        [
            "message",
            "number",
            "market",
            "category",
            "type",
            "state",
            "accepted",
            "settled",
            "amount",
            "currency",
            "tier",
            "why",
        ]
    )
    for row in await uow.execute(query):
        settled = row.settled_at.isoformat() if row.settled_at else ""
        amount = f"{Money(row.micros, row.currency).decimal:f}"
        what = [row.id, row.number, row.market, row.reported_category, row.type, row.state]
        tail = [row.accepted_at.isoformat(), settled, amount, row.currency, row.tier, row.why.replace("\n", "; ")]
        writer.writerow([*what, *tail])
    return out.getvalue()


def _upper(word: str) -> str:
    return word.upper().replace("-", "_")


def _floor(at: datetime, granularity: str) -> datetime:
    at = at.astimezone(UTC).replace(second=0, microsecond=0)
    if granularity == "HALF_HOUR":
        return at.replace(minute=at.minute - at.minute % 30)
    at = at.replace(hour=0, minute=0)
    return at if granularity == "DAILY" else at.replace(day=1)


def _next(at: datetime, granularity: str) -> datetime:
    if granularity == "HALF_HOUR":
        return at + timedelta(minutes=30)
    if granularity == "DAILY":
        return at + timedelta(days=1)
    return (at + timedelta(days=32)).replace(day=1)
