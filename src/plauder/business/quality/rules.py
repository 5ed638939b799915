"""Scores and limits from counts. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

SPAN = timedelta(days=7)
"""What counts towards a rating; the newer half counts twice."""

LEAST = 50
"""Fewer people reached than this say nothing about quality."""

REPORT_WEIGHT = 3
RED_AT, YELLOW_AT = 0.03, 0.01
POOR_READS = 0.05

NEXT: Mapping[str, str] = {
    "TIER_50": "TIER_250",
    "TIER_250": "TIER_2K",
    "TIER_2K": "TIER_10K",
    "TIER_10K": "TIER_100K",
    "TIER_100K": "TIER_UNLIMITED",
}
LIMITS: Mapping[str, int] = {
    "TIER_50": 50,
    "TIER_250": 250,
    "TIER_2K": 2_000,
    "TIER_10K": 10_000,
    "TIER_100K": 100_000,
}


@dataclass(frozen=True, slots=True)
class Signals:
    """What happened in the span: people reached, messages delivered and read, people who blocked or reported."""

    people: int
    delivered: int
    read: int
    blocked: float
    reported: float


def rating(signals: Signals) -> str:
    """GREEN, YELLOW or RED; UNKNOWN while there is too little to say."""
    if signals.people < LEAST:
        return "UNKNOWN"
    complaints = (signals.blocked + REPORT_WEIGHT * signals.reported) / signals.people
    if complaints >= RED_AT:
        return "RED"
    is_ignored = signals.delivered >= 4 * LEAST and signals.read / signals.delivered < POOR_READS
    return "YELLOW" if complaints >= YELLOW_AT or is_ignored else "GREEN"


def weight(age: timedelta) -> float:
    """How much a complaint of that age counts: the newer half of the span twice as much, beyond it nothing."""
    if age > SPAN:
        return 0.0
    return 1.0 if age > SPAN / 2 else 2.0


def next_tier(tier: str, *, people: int, rating_: str, is_verified: bool) -> str:
    """The portfolio's limit from now on. It rises when half of it was used in 7 days and quality is not low;
    verification alone lifts it to 2,000. It never falls: low quality pauses templates instead."""
    if tier not in NEXT:
        return tier
    if is_verified and tier in ("TIER_50", "TIER_250"):
        return "TIER_2K"
    if rating_ == "RED" or people < LIMITS[tier] / 2:
        return tier
    if tier == "TIER_250":  # the way without verification: 2,000 people; here the limit's own half stands for it
        return "TIER_2K" if rating_ == "GREEN" else tier
    return NEXT[tier]
