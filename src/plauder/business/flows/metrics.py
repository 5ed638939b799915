"""How a flow's endpoint does: every request is counted by the hour, with how it ended and how long it took."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Column, Integer, Table, delete, select

from plauder.business.shared.errors import invalid
from plauder.store.database import UnitOfWork
from plauder.store.schema import Instant, Text, metadata

KEPT = timedelta(days=90)
SLOWEST = 11
"""Seconds; whatever took longer counts here. No request lives longer than ten."""
GRANULARITIES = ("HOUR", "DAY", "LIFETIME")
DOWN = frozenset({"timeout", "unreachable", "http_5xx"})
"""Ends that say that the endpoint was not there."""

table = Table(
    "business_flow_metric",
    metadata,
    Column("flow_id", Text, primary_key=True),
    Column("hour", Instant, primary_key=True),
    Column("error", Text, primary_key=True),
    Column("seconds", Integer, primary_key=True),
    Column("count", Integer, nullable=False),
)
"""`error` is empty for a good answer, else one of a few words; `seconds` the time rounded up."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Requests of one hour that ended alike."""

    hour: datetime
    error: str
    seconds: int
    count: int


async def note(uow: UnitOfWork, flow_id: str, *, error: str, milliseconds: float, at: datetime) -> None:
    """One request to the endpoint."""
    hour = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    seconds = min(SLOWEST, max(1, -int(-milliseconds // 1_000)))
    values = {"flow_id": flow_id, "hour": hour, "error": error, "seconds": seconds, "count": 1}
    statement = uow.insert(table).values(values)
    await uow.execute(
        statement.on_conflict_do_update(
            index_elements=["flow_id", "hour", "error", "seconds"], set_={"count": table.c["count"] + 1}
        )
    )
    await uow.execute(delete(table).where(table.c.flow_id == flow_id, table.c.hour < at - KEPT))


async def forget(uow: UnitOfWork, flow_id: str) -> None:
    await uow.execute(delete(table).where(table.c.flow_id == flow_id))


async def cells(uow: UnitOfWork, flow_id: str, since: datetime, until: datetime) -> list[Cell]:
    c = table.c
    statement = select(c.hour, c.error, c.seconds, c["count"]).where(
        c.flow_id == flow_id, c.hour >= since, c.hour < until
    )
    return [Cell(*row) for row in (await uow.execute(statement.order_by(c.hour))).all()]


@dataclass(frozen=True, slots=True)
class Wanted:
    """`metric.name(…).granularity(…).since(…).until(…)`; days are those of UTC, `until` the last one."""

    name: str
    granularity: str
    since: datetime
    until: datetime


def wanted(arguments: Mapping[str, str], now: datetime) -> Wanted:
    """Raises error 100 for what cannot be asked."""
    name, granularity = arguments.get("name", ""), arguments.get("granularity", "DAY")
    if name not in NAMES:
        raise invalid(f"Param metric.name must be one of {{{', '.join(NAMES)}}}")
    if granularity not in GRANULARITIES:
        raise invalid(f"Param metric.granularity must be one of {{{', '.join(GRANULARITIES)}}}")
    today = now.astimezone(UTC).date()
    since = _day(arguments, "since", today - KEPT)
    until = _day(arguments, "until", today)
    if since > until:
        raise invalid("metric.since must not be after metric.until")
    midnight = datetime.combine(since, time(), UTC)
    return Wanted(name, granularity, midnight, datetime.combine(until, time(), UTC) + timedelta(days=1))


def _day(arguments: Mapping[str, str], name: str, default: date) -> date:
    if not (text := arguments.get(name, "")):
        return default
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = date.max
    if not 2_000 <= found.year <= 9_000:
        raise invalid(f"Param metric.{name} must be a day, YYYY-MM-DD")
    return found


def data_points(found: Iterable[Cell], wanted: Wanted) -> list[dict[str, Any]]:
    """The counts of each hour, day or all of the time: `{timestamp, data: [{key, value}]}`."""
    groups: defaultdict[datetime, list[Cell]] = defaultdict(list)
    for cell in found:
        start = {"HOUR": cell.hour, "DAY": cell.hour.replace(hour=0), "LIFETIME": wanted.since}[wanted.granularity]
        groups[start].append(cell)
    return [
        {
            "timestamp": start.strftime("%Y-%m-%dT%H:%M:%S+0000"),
            "data": [{"key": key, "value": value} for key, value in NAMES[wanted.name](group).items()],
        }
        for start, group in sorted(groups.items())
    ]


def _sum(group: Iterable[Cell]) -> int:
    return sum(cell.count for cell in group)


def _by(group: Iterable[Cell], key: Callable[[Cell], str]) -> dict[str, float]:
    sums: defaultdict[str, float] = defaultdict(float)
    for cell in group:
        sums[key(cell)] += cell.count
    return {name: int(count) for name, count in sorted(sums.items())}


def _share(group: list[Cell], chosen: Callable[[Cell], bool]) -> float:
    return round(_sum(cell for cell in group if chosen(cell)) / _sum(group), 4)


NAMES: Mapping[str, Callable[[list[Cell]], dict[str, float]]] = {
    "ENDPOINT_REQUEST_COUNT": lambda group: {"value": _sum(group)},
    "ENDPOINT_REQUEST_ERROR": lambda group: _by((cell for cell in group if cell.error), lambda cell: cell.error),
    "ENDPOINT_REQUEST_ERROR_RATE": lambda group: {"value": _share(group, lambda cell: bool(cell.error))},
    "ENDPOINT_REQUEST_LATENCY_SECONDS_CEIL": lambda group: _by(group, lambda cell: str(cell.seconds)),
    "ENDPOINT_AVAILABILITY": lambda group: {"value": _share(group, lambda cell: cell.error not in DOWN)},
}
"""What each metric makes of the requests of one time."""
