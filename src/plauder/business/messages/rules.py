"""When a business may send, and how fast. Pure: state and time come in, a verdict with its reason goes out.

Every rule has a switch, a value and effective dates (`Policies`); the operator's settings override the defaults from
their date on and as long as they last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from plauder.business.shared.errors import GraphError, fail

SERVICE_WINDOW = timedelta(hours=24)
FREE_ENTRY_WINDOW = timedelta(hours=72)
LIMIT_SPAN = timedelta(hours=24)
EVER = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_TTL = timedelta(days=30)
"""How long a message waits for its receiver where it says nothing else."""
LATE_RECEIPT = timedelta(seconds=30)
"""How long after its time to live a message that went out may still be told to have arrived: it is handed out up to the
end, and the receipt of who got it then needs a moment."""
READABLE = timedelta(days=30)
"""How long a message can be marked read, answered or reacted to."""


@dataclass(frozen=True, slots=True)
class Policy:
    """One setting of a rule: counts from `since` until `until` (None: unbounded), with a `value` where it has one
    (None: the default's)."""

    enabled: bool = True
    value: float | None = None
    since: datetime | None = None
    until: datetime | None = None

    def covers(self, at: datetime) -> bool:
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)


DEFAULTS: Mapping[str, Policy] = {
    "service_window": Policy(value=SERVICE_WINDOW.total_seconds()),
    "free_entry_point": Policy(value=FREE_ENTRY_WINDOW.total_seconds()),
    "messaging_limit": Policy(),
    "throughput": Policy(),
    "pair_rate": Policy(value=6.0),
    "marketing_cap": Policy(value=10),
    "opt_out": Policy(),
    "us_marketing_pause": Policy(enabled=False),
    "template_pacing": Policy(value=1_000),
    "template_archival": Policy(value=180),
    "management_rate": Policy(value=5_000),
}
"""Seconds for windows, seconds per message for the pair rate, messages per person and 24 h for the marketing cap, the
first share of a new template in messages, days without use until a template is archived, management calls an hour."""

PAIR_BURST = 45


@dataclass(frozen=True, slots=True)
class Policies:
    """The operator's settings by rule. At any time the one counts that began last; where none does, the default."""

    set: Mapping[str, Sequence[Policy]] = field(default_factory=dict)

    def get(self, name: str, at: datetime) -> Policy:
        found = [policy for policy in self.set.get(name, ()) if policy.covers(at)]
        return max(found, key=lambda policy: policy.since or EVER) if found else DEFAULTS[name]

    def is_active(self, name: str, at: datetime) -> bool:
        return self.get(name, at).enabled

    def value(self, name: str, at: datetime) -> float:
        value = self.get(name, at).value
        return (DEFAULTS[name].value or 0) if value is None else value


@dataclass(frozen=True, slots=True)
class Standing:
    """What is between a number and a person, as far as rules need it."""

    last_in_at: datetime | None = None
    free_entry_until: datetime | None = None
    blocked: bool = False
    marketing_stopped: bool = False
    marketing_today: int = 0
    reached: int = 0
    """How many people the portfolio has reached in these 24 hours."""
    is_reached: bool = False
    """Whether the person counts already towards the portfolio's limit of these 24 hours."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """May it go? `late` errors come as a `failed` status, as the vendor does, not as the answer of the request."""

    allow: bool
    why: str
    error: GraphError | None = None
    late: bool = False


ALLOWED = Verdict(True, "allowed")


def is_window_open(standing: Standing, at: datetime, policies: Policies) -> bool:
    """The customer service window: 24 h from the person's last message."""
    last = standing.last_in_at
    return last is not None and at < last + timedelta(seconds=policies.value("service_window", at))


def is_free_entry(standing: Standing, at: datetime, policies: Policies) -> bool:
    until = standing.free_entry_until
    return policies.is_active("free_entry_point", at) and until is not None and at < until


def free_entry_until(
    referral_at: datetime | None, answered_at: datetime, current: datetime | None, policies: Policies
) -> datetime | None:
    """When the free entry point that an answer opens is over: 72 h from an answer within 24 h of the referral."""
    if referral_at is None or not policies.is_active("free_entry_point", answered_at):
        return current
    if answered_at - referral_at > SERVICE_WINDOW:
        return current
    return answered_at + timedelta(seconds=policies.value("free_entry_point", answered_at))


def may_send(
    standing: Standing,
    *,
    kind: str,
    category: str,
    at: datetime,
    policies: Policies,
    limit: int | None = None,
    recipient_country: str = "",
) -> Verdict:
    """Whether this message may go to this person now; `limit` people may be reached outside windows in 24 hours."""
    if standing.blocked:
        return Verdict(False, "blocked", fail(130403, "The business has blocked this user."))
    is_template = kind == "template"
    is_open = is_window_open(standing, at, policies)
    if not is_template and not is_open and policies.is_active("service_window", at):
        details = "More than 24 hours have passed since the customer last replied to this number."
        return Verdict(False, "window closed", fail(131047, f"{details} Send a template message."), late=True)
    if category == "marketing" and (verdict := _marketing(standing, at, policies, recipient_country, is_open)):
        return verdict
    counts = is_template and not is_open and not standing.is_reached and policies.is_active("messaging_limit", at)
    if counts and limit is not None and standing.reached >= limit:
        text = f"The messaging limit of {limit} people in 24 hours is used up."
        return Verdict(False, "messaging limit", fail(131048, text), late=True)
    return ALLOWED


def _marketing(standing: Standing, at: datetime, policies: Policies, country: str, is_open: bool) -> Verdict | None:
    if standing.marketing_stopped and policies.is_active("opt_out", at):
        return Verdict(False, "marketing stopped", fail(131050), late=True)
    if country == "US" and policies.is_active("us_marketing_pause", at):
        return Verdict(False, "marketing paused in the US", fail(131049), late=True)
    capped = policies.is_active("marketing_cap", at) and not is_open
    if capped and standing.marketing_today >= policies.value("marketing_cap", at):
        return Verdict(False, "marketing cap", fail(131049, "This person got enough marketing today."), late=True)
    return None


class Rates:
    """Throughput per number and rate per pair, by virtual scheduling (GCRA, ITU-T I.371). Times are monotonic seconds.

    A bucket is one number: when the next message would be due at an even pace. Being ahead of it by more than the burst
    is too fast.
    """

    SWEEP = 10_000

    def __init__(self) -> None:
        self._due: dict[tuple[str, ...], float] = {}

    def take(self, key: tuple[str, ...], *, interval: float, burst: float, now: float) -> float:
        """0 when it may go; else the seconds to wait. `interval` seconds per message, `burst` messages at once."""
        due = max(self._due.get(key, now), now)
        wait = due - now - interval * (burst - 1)
        if wait > 1e-9:
            return wait
        self._due[key] = due + interval
        if len(self._due) > self.SWEEP:
            self._due = {name: at for name, at in self._due.items() if at > now}
        return 0.0


def too_fast(
    rates: Rates, *, phone_id: str, wa_id: str, per_second: int, at: datetime, now: float, policies: Policies
) -> GraphError | None:
    """Errors 130429 and 131056."""
    if policies.is_active("throughput", at):
        wait = rates.take((phone_id,), interval=1 / per_second, burst=per_second, now=now)
        if wait:
            details = f"The number sends at most {per_second} messages a second."
            return fail(130429, details, retry_after=max(1.0, wait))
    if policies.is_active("pair_rate", at):
        wait = rates.take((phone_id, wa_id), interval=policies.value("pair_rate", at), burst=PAIR_BURST, now=now)
        if wait:
            details = "Too many messages to this person in a short time. Wait, then retry with growing pauses."
            return fail(131056, details, retry_after=max(1.0, wait))
    return None


RANK: Mapping[str, int] = {"held": 0, "accepted": 0, "sent": 1, "delivered": 2, "read": 3, "failed": 9}
Progress = Literal["sent", "delivered", "read"]


def steps(current: str, to: Progress) -> tuple[Progress, ...]:
    """The statuses to announce so that `to` is reached from `current`: never backwards, `sent` never skipped.

    `delivered` is skipped when `read` comes first, as it is when the chat is open.
    """
    if RANK[current] >= RANK[to]:
        return ()
    return ("sent", to) if current == "accepted" and to != "sent" else (to,)
