"""One line of a rate card, and the question it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from plauder.kit.money import Money

ANY = "*"


class Category(StrEnum):
    """What a message is for, as the Cloud API names it."""

    MARKETING = "marketing"
    UTILITY = "utility"
    AUTHENTICATION = "authentication"
    SERVICE = "service"


class Model(StrEnum):
    """What is counted: each delivered message, or each 24-hour conversation (the model until mid-2025)."""

    PER_MESSAGE = "PMP"
    PER_CONVERSATION = "CBP"


class Counter(StrEnum):
    """Whose volume a rule's band is about. The caller counts; the rule only compares."""

    MARKET_CATEGORY = "market-category"
    """charged messages of this portfolio in this market and category since the month began"""
    NUMBER_SERVICE = "number-service"
    """service messages delivered by this number since the month began"""
    AUTHENTICATION_30_DAYS = "authentication-30d"
    """authentication messages of this portfolio to this market in the last 30 days"""


@dataclass(frozen=True, slots=True)
class Question:
    """Everything a price may depend on, at one point in time.

    `local_date` is the day in the business's own time zone: rates change at its midnight. `counters` says how many
    such messages there were before this one.
    """

    local_date: date
    market: str
    category: Category
    window_open: bool = False
    entry_point_open: bool = False
    conversation_open: bool = False
    business_market: str = ""
    industry: str = ""
    quality: str = "GREEN"
    counters: Mapping[Counter, int] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Rule:
    """A price, or a percentage on it, for the questions that match.

    Of the matching price rules the one with the highest `priority` counts, among equals the newest; of the percentages
    each kind (`adjusts`) counts once, found the same way. Volume bands are half-open: `volume_from` messages before
    this one at least, `volume_to` not yet.
    """

    id: str
    since: date
    until: date | None = None
    priority: int = 0
    model: Model = Model.PER_MESSAGE
    market: str = ANY
    category: str = ANY
    window: str = ANY
    entry_point: str = ANY
    business: str = ANY
    industry: str = ANY
    quality: str = ANY
    counter: Counter | None = None
    volume_from: int = 0
    volume_to: int | None = None
    price: Money | None = None
    percent: Decimal | None = None
    adjusts: str = ""
    type: str = "regular"
    report_as: str = ""
    source: str = ""

    def matches(self, question: Question) -> bool:
        return (
            self.is_effective(question.local_date)
            and self.market in (ANY, question.market)
            and self.category in (ANY, question.category)
            and self.window in (ANY, _state(question.window_open))
            and self.entry_point in (ANY, _state(question.entry_point_open))
            and self.business in (ANY, _where(question))
            and self.industry in (ANY, question.industry)
            and self.quality in (ANY, question.quality)
            and self._covers(question)
        )

    def is_effective(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day < self.until)

    def _covers(self, question: Question) -> bool:
        if self.counter is None:
            return True
        before = question.counters.get(self.counter, 0)
        return self.volume_from <= before and (self.volume_to is None or before < self.volume_to)

    @property
    def rank(self) -> tuple[int, date, str]:
        """Sort key: the largest wins."""
        return (self.priority, self.since, self.id)


def _state(is_open: bool) -> str:
    return "open" if is_open else "closed"


def _where(question: Question) -> str:
    return "abroad" if question.business_market and question.business_market != question.market else "home"


@dataclass(frozen=True, slots=True)
class Quote:
    """A price with its reasons. `type` and `category` are the words of a status webhook's `pricing` object."""

    price: Money
    type: str
    category: str
    model: Model
    why: tuple[str, ...]
    tier: str = ""
    """The volume band, "from:to" ("MAX" without an end); empty where the market has none."""

    @property
    def is_billable(self) -> bool:
        return bool(self.price)
