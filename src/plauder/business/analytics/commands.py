"""Counting messages into data points.

Reads the table of messages by its name, not by importing the capability: analytics owns no table and changes none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, select

from plauder.business.analytics.rules import TEMPLATE_METRICS, Query, bucket
from plauder.kit import phone
from plauder.kit.money import MICRO
from plauder.store.database import UnitOfWork
from plauder.store.schema import metadata

MAX_ROWS = 1_000_000


def _messages() -> Any:
    return metadata.tables["business_message"]


def _numbers() -> Any:
    return metadata.tables["business_number"]


async def _rows(uow: UnitOfWork, query: Query, *, by_delivery: bool = False) -> list[Row[Any]]:
    m, n = _messages().c, _numbers().c
    moment = m.delivered_at if by_delivery else m.created_at
    statement = (
        select(
            m.direction, m.kind, m.wa_id, m.category, m.pricing, m.status, m.created_at, m.sent_at, m.delivered_at,
            m.read_at, n.digits,
        )
        .join(_numbers(), n.id == m.phone_id)
        .where(m.waba_id == query.waba_id, moment >= query.since, moment < query.until)
        .limit(MAX_ROWS)
    )  # fmt: skip
    if query.phone_numbers:
        statement = statement.where(n.digits.in_(query.phone_numbers))
    rows = (await uow.execute(statement)).all()
    wanted = set(query.countries)
    return [row for row in rows if not wanted or phone.country_of(row.wa_id) in wanted]


async def message_analytics(uow: UnitOfWork, query: Query) -> dict[str, Any]:
    """`analytics`: sent and delivered per bucket."""
    counts: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])
    rows = await _rows(uow, query)
    products = set(query.product_types)
    for row in rows:
        product = "100" if row.direction == "in" else "0" if row.kind == "template" else "2"
        if products and product not in products:
            continue
        if row.direction == "in" and not products:
            continue
        point = counts[bucket(row.created_at, query.granularity, query.timezone_id)]
        point[0] += row.sent_at is not None or row.direction == "in"
        point[1] += row.delivered_at is not None or row.read_at is not None
    points = [
        {"start": start, "end": end, "sent": sent, "delivered": delivered}
        for (start, end), (sent, delivered) in sorted(counts.items())
    ]
    return {
        "phone_numbers": list(query.phone_numbers) or sorted({row.digits for row in rows}),
        "country_codes": list(query.countries) or sorted({phone.country_of(row.wa_id) for row in rows} - {""}),
        "granularity": query.granularity,
        "data_points": points,
    }


def _delivered(rows: Iterable[Row[Any]]) -> list[Row[Any]]:
    return [row for row in rows if row.direction == "out" and row.pricing is not None]


def _cost(pricing: dict[str, Any]) -> float:
    return (pricing["micros"] or 0) / MICRO if pricing["billable"] else 0.0


async def pricing_analytics(uow: UnitOfWork, query: Query) -> dict[str, Any]:
    """`pricing_analytics`: volume and cost of delivered messages by the wanted dimensions."""
    totals: dict[tuple[Any, ...], list[float]] = defaultdict(lambda: [0, 0.0])
    for row in _delivered(await _rows(uow, query, by_delivery=True)):
        category = str(row.pricing["category"]).upper().replace("-", "_")
        type_ = str(row.pricing["type"]).upper()
        if not _passes(query, category, type_):
            continue
        values = {
            "PHONE": ("phone_number", row.digits),
            "COUNTRY": ("country", phone.country_of(row.wa_id)),
            "PRICING_CATEGORY": ("pricing_category", category),
            "PRICING_TYPE": ("pricing_type", type_),
            "TIER": ("tier", str(row.pricing.get("tier", ""))),
        }
        dimensions = tuple(values[name] for name in query.dimensions if name in values and values[name][1])
        point = totals[(*bucket(row.delivered_at, query.granularity, query.timezone_id), dimensions)]
        point[0] += 1
        point[1] += _cost(row.pricing)
    return {"data": [{"data_points": _points(query, totals, "VOLUME")}]}


def _passes(query: Query, category: str, type_: str) -> bool:
    return (not query.categories or category in query.categories) and (not query.types or type_ in query.types)


def _points(query: Query, totals: Mapping[tuple[Any, ...], Sequence[float]], counted: str) -> list[dict[str, Any]]:
    """Data points with the metrics that were asked for: how many (`counted`), and the cost."""
    points = []
    for (start, end, dimensions), (count, cost) in sorted(totals.items()):
        point: dict[str, Any] = {"start": start, "end": end} | dict(dimensions)
        if not query.metric_types or counted in query.metric_types:
            point[counted.lower()] = int(count)
        if not query.metric_types or "COST" in query.metric_types:
            point["cost"] = round(cost, 6)
        points.append(point)
    return points


async def conversation_analytics(uow: UnitOfWork, query: Query) -> dict[str, Any]:
    """`conversation_analytics`: since prices are per message, a conversation is a message."""
    totals: dict[tuple[Any, ...], list[float]] = defaultdict(lambda: [0, 0.0])
    types = {"regular": "REGULAR", "free_customer_service": "FREE_TIER", "free_entry_point": "FREE_ENTRY_POINT"}
    for row in _delivered(await _rows(uow, query, by_delivery=True)):
        category = str(row.pricing["category"]).upper().replace("-", "_")
        type_ = types[row.pricing["type"]]
        direction = "USER_INITIATED" if row.pricing["window_open"] else "BUSINESS_INITIATED"
        if not _passes(query, category, type_) or (query.directions and direction not in query.directions):
            continue
        values = {
            "PHONE": ("phone_number", row.digits),
            "COUNTRY": ("country", phone.country_of(row.wa_id)),
            "CONVERSATION_CATEGORY": ("conversation_category", category),
            "CONVERSATION_TYPE": ("conversation_type", type_),
            "CONVERSATION_DIRECTION": ("conversation_direction", direction),
        }
        dimensions = tuple(values[name] for name in query.dimensions if name in values)
        point = totals[(*bucket(row.delivered_at, query.granularity, query.timezone_id), dimensions)]
        point[0] += 1
        point[1] += _cost(row.pricing)
    return {"data": [{"data_points": _points(query, totals, "CONVERSATION")}]}


async def template_analytics(uow: UnitOfWork, query: Query, template_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Data points per template and day, with the metrics that were asked for (all where none were)."""
    m = _messages().c
    statement = (
        select(m.template_id, m.created_at, m.sent_at, m.delivered_at, m.read_at, m.pricing)
        .where(
            m.waba_id == query.waba_id,
            m.template_id.in_(template_ids),
            m.created_at >= query.since,
            m.created_at < query.until,
        )
        .limit(MAX_ROWS)
    )
    metrics = {metric.lower() for metric in query.metric_types or TEMPLATE_METRICS}
    clicks = await _clicks(uow, query, template_ids) if "clicked" in metrics else {}
    totals: dict[tuple[str, int, int], list[float]] = defaultdict(lambda: [0, 0, 0, 0.0])
    for row in (await uow.execute(statement)).all():
        point = totals[(row.template_id, *bucket(row.created_at, "DAILY", query.timezone_id))]
        is_delivered = row.delivered_at is not None or row.read_at is not None
        point[0] += row.sent_at is not None
        point[1] += is_delivered
        point[2] += row.read_at is not None
        point[3] += _cost(row.pricing) if is_delivered and row.pricing else 0.0
    points = [
        {
            "template_id": template_id,
            "start": start,
            "end": end,
            "sent": int(sent),
            "delivered": int(delivered),
            "read": int(read),
            "clicked": clicks.get((template_id, start, end), []),
            "cost": [
                {"type": "amount_spent", "value": round(cost, 6)},
                {"type": "cost_per_delivered", "value": round(cost / delivered, 6) if delivered else 0},
            ],
        }
        for (template_id, start, end), (sent, delivered, read, cost) in sorted(totals.items())
    ]
    kept = {"template_id", "start", "end", *metrics}
    return [{name: value for name, value in point.items() if name in kept} for point in points]


async def _clicks(
    uow: UnitOfWork, query: Query, template_ids: Sequence[str]
) -> dict[tuple[str, int, int], list[dict[str, Any]]]:
    """Quick replies that people tapped, on the day of the message they tapped in. What links people open, their apps
    tell nobody."""
    m, answer = _messages().c, _messages().alias("answer")
    statement = (
        select(m.template_id, m.created_at, answer.c.content)
        .join(answer, answer.c.context_id == m.id)
        .where(
            m.waba_id == query.waba_id,
            m.template_id.in_(template_ids),
            m.created_at >= query.since,
            m.created_at < query.until,
            answer.c.direction == "in",
            answer.c.kind == "button",
            answer.c.phone_id == m.phone_id,
            answer.c.wa_id == m.wa_id,
        )
        .limit(MAX_ROWS)
    )
    counts: dict[tuple[str, int, int], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in (await uow.execute(statement)).all():
        label = str((row.content or {}).get("text", ""))
        counts[(row.template_id, *bucket(row.created_at, "DAILY", query.timezone_id))][label] += 1
    return {
        day: [
            {"type": "quick_reply_button", "button_content": label, "count": count}
            for label, count in sorted(labels.items())
        ]
        for day, labels in counts.items()
    }


async def template_totals(uow: UnitOfWork, template_id: str, start: int, end: int) -> dict[str, float]:
    """Sends and the share that failed, of one template."""
    m = _messages().c
    statement = select(m.status).where(
        m.template_id == template_id,
        m.created_at >= datetime.fromtimestamp(max(start, 0), UTC),
        m.created_at < datetime.fromtimestamp(max(min(end, 2**33), 0), UTC),
    )
    statuses = list((await uow.execute(statement)).scalars())
    failed = sum(status == "failed" for status in statuses)
    return {"sent": len(statuses), "block_rate": failed / len(statuses) if statuses else 0.0}
