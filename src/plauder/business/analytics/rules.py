"""What may be asked, and how instants fall into buckets. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from plauder.business.shared.errors import fail

GRANULARITIES = frozenset({"HALF_HOUR", "DAY", "DAILY", "MONTH", "MONTHLY"})
PRICING_TYPES = frozenset({"REGULAR", "FREE_CUSTOMER_SERVICE", "FREE_ENTRY_POINT"})
CONVERSATION_TYPES = {"FREE_ENTRY": "FREE_ENTRY_POINT"} | {
    name: name for name in ("FREE_ENTRY_POINT", "FREE_TIER", "REGULAR")
}
DIRECTIONS = frozenset({"BUSINESS_INITIATED", "USER_INITIATED", "UNKNOWN"})
CATEGORIES = frozenset(
    {
        *("AUTHENTICATION", "AUTHENTICATION_INTERNATIONAL", "MARKETING", "MARKETING_LITE", "UTILITY", "SERVICE"),
        "REFERRAL_CONVERSION",
    }
)
METRICS = frozenset({"COST", "VOLUME", "CONVERSATION", "UNKNOWN"})
DIMENSIONS = frozenset(
    {
        *("COUNTRY", "PHONE", "PRICING_CATEGORY", "PRICING_TYPE", "TIER", "UNKNOWN"),
        *("CONVERSATION_CATEGORY", "CONVERSATION_DIRECTION", "CONVERSATION_TYPE"),
    }
)
TEMPLATE_METRICS = frozenset({"SENT", "DELIVERED", "READ", "CLICKED", "COST", "REPLIED"})


def one_of(name: str, values: Iterable[str], allowed: Collection[str]) -> tuple[str, ...]:
    """The values of a filter. Raises error 100 for one that does not exist: it would silently count nothing."""
    found = tuple(value.upper() for value in values)
    if wrong := [value for value in found if value not in allowed]:
        raise fail(100, f"Param {name} must be one of {{{', '.join(sorted(allowed))}}} - got {wrong[0][:64]!r}.")
    return found


@dataclass(frozen=True, slots=True)
class Query:
    """Unix seconds; `end` is exclusive. Empty filters let everything through."""

    waba_id: str
    timezone_id: str
    start: int
    end: int
    granularity: str
    phone_numbers: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    dimensions: tuple[str, ...] = ()
    metric_types: tuple[str, ...] = ()
    product_types: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    directions: tuple[str, ...] = ()

    @property
    def since(self) -> datetime:
        return datetime.fromtimestamp(self.start, UTC)

    @property
    def until(self) -> datetime:
        return datetime.fromtimestamp(self.end, UTC)


def check(query: Query, now: datetime, *, days: int = 366) -> None:
    """Raises error 100 for a time that makes no sense."""
    if query.granularity.upper() not in GRANULARITIES:
        raise fail(100, f"granularity must be one of {', '.join(sorted(GRANULARITIES))}")
    if not 0 < query.start < query.end < 2**33:
        raise fail(100, "start and end must be Unix seconds, start before end")
    if query.start < (now - timedelta(days=days)).timestamp():
        raise fail(100, f"start must be within the last {days} days")


def bucket(at: datetime, granularity: str, timezone_id: str) -> tuple[int, int]:
    """(start, end) in Unix seconds of the bucket that holds `at`; days and months are those of the time zone."""
    zone = ZoneInfo(timezone_id)
    local = at.astimezone(zone)
    kind = granularity.upper()
    if kind == "HALF_HOUR":
        start = int(at.timestamp()) // 1_800 * 1_800
        return start, start + 1_800
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    if kind in ("DAY", "DAILY"):
        return int(midnight.timestamp()), int((midnight + timedelta(days=1)).timestamp())
    first = midnight.replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    return int(first.timestamp()), int(following.timestamp())
