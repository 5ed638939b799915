"""A rate card: its rules, the price of one message, the cost of a campaign."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN

from plauder.kit.errors import NotFound
from plauder.kit.money import Money
from plauder.money.rates.rule import Counter, Model, Question, Quote, Rule


class NoPrice(NotFound):
    """The rate card has no price for this message: the operator must complete it before it can be sent."""

    code = "no-price"


@dataclass(frozen=True, slots=True)
class Band:
    """A run of messages of one campaign that cost the same."""

    count: int
    quote: Quote

    @property
    def total(self) -> Money:
        return self.quote.price * self.count


@dataclass(frozen=True, slots=True)
class Cost:
    """What a campaign would cost: the bands it passes through, and their sum."""

    bands: tuple[Band, ...]
    total: Money


class RateCard:
    """Rules in one currency. Immutable; a change is a new card."""

    def __init__(self, rules: Iterable[Rule], currency: str) -> None:
        self.rules = tuple(rules)
        self.currency = currency
        self._prices: dict[str, list[Rule]] = {}
        self._percentages: list[Rule] = []
        self._has_tiers = any(rule.counter is Counter.MARKET_CATEGORY for rule in self.rules)
        for rule in sorted(self.rules, key=lambda rule: rule.rank, reverse=True):
            if rule.price is not None:
                self._prices.setdefault(rule.market, []).append(rule)
            else:
                self._percentages.append(rule)

    def quote(self, question: Question) -> Quote:
        """The price of one message. Raises NoPrice when no rule covers it. Pure."""
        candidates = self._prices.get(question.market, []) + self._prices.get("*", [])
        matching = [rule for rule in candidates if rule.matches(question)]
        if not matching:
            raise NoPrice(f"no price for {question.category} to {question.market} on {question.local_date}")
        rule = max(matching, key=lambda rule: rule.rank)
        assert rule.price is not None
        category = rule.report_as or question.category
        if rule.model is Model.PER_CONVERSATION and question.conversation_open and rule.price:
            why = (f"{rule.id}: part of a conversation that is already paid",)
            return Quote(Money(0, self.currency), rule.type, category, rule.model, why)
        return self._adjusted(question, rule, category)

    def _adjusted(self, question: Question, rule: Rule, category: str) -> Quote:
        assert rule.price is not None
        price, why = rule.price, [_reason(rule, question)]
        done: set[str] = set()
        for change in self._percentages if price else ():
            if change.adjusts in done or not change.matches(question):
                continue
            assert change.percent is not None
            done.add(change.adjusts)
            exact = price.micros * (100 + change.percent) / 100
            price = Money(int(exact.to_integral_value(ROUND_HALF_EVEN)), self.currency)
            why.append(f"{change.id}: {change.adjusts} {change.percent:+} %")
        return Quote(price, rule.type, category, rule.model, tuple(why), self._tier_name(question) if price else "")

    def _tier_name(self, question: Question) -> str:
        if not self._has_tiers:
            return ""
        return _name_of(*self.tier(question))

    def cost(self, question: Question, count: int) -> Cost:
        """What `count` messages like this one cost, sent one after another: each band at its own price."""
        bands: list[Band] = []
        done = 0
        while done < count:
            here = replace(question, counters={c: question.counters.get(c, 0) + done for c in Counter})
            quote = self.quote(here)
            step = min(count - done, self._until_next_edge(here))
            bands.append(Band(step, quote))
            done += step
        total = sum((band.total.micros for band in bands), 0)
        return Cost(tuple(bands), Money(total, self.currency))

    def _until_next_edge(self, question: Question) -> int:
        edges = [
            edge - question.counters.get(rule.counter, 0)
            for rule in self.rules
            if rule.counter is not None
            for edge in (rule.volume_from, rule.volume_to)
            if edge is not None and edge > question.counters.get(rule.counter, 0)
        ]
        return min(edges, default=1 << 62)

    def markets(self) -> list[str]:
        """The markets that have a price of their own."""
        return sorted(market for market in self._prices if market != "*")

    def tier(self, question: Question) -> tuple[int, int | None]:
        """The volume band this question falls into: (from, to); (0, None) when its market has no tiers.

        Below the first band is a band too: it ends where that one begins.
        """
        for rule in sorted(self.rules, key=lambda rule: rule.rank, reverse=True):
            if rule.counter is Counter.MARKET_CATEGORY and rule.matches(question):
                return rule.volume_from, rule.volume_to
        starts = [rule.volume_from for rule in self.rules if _would_match(rule, question)]
        return 0, min(starts, default=None)

    def tiers_reached(self, question: Question, before: int, after: int) -> list[str]:
        """The volume bands, as in `Quote.tier`, that begin above `before` messages and at `after` at the latest."""
        reached: list[str] = []
        while True:
            _, edge = self.tier(replace(question, counters={Counter.MARKET_CATEGORY: before}))
            if edge is None or not before < edge <= after:
                return reached
            before = edge
            here = self.tier(replace(question, counters={Counter.MARKET_CATEGORY: before}))
            reached.append(_name_of(*here))


def _name_of(low: int, high: int | None) -> str:
    return f"{low}:{'MAX' if high is None else high}" if low or high is not None else ""


def _would_match(rule: Rule, question: Question) -> bool:
    """Whether a tier is ahead: it would match if there had been that many messages."""
    if rule.counter is not Counter.MARKET_CATEGORY:
        return False
    counters = {**question.counters, Counter.MARKET_CATEGORY: rule.volume_from}
    return rule.matches(replace(question, counters=counters))


def _reason(rule: Rule, question: Question) -> str:
    if rule.type == "free_entry_point":
        return f"{rule.id}: free, the person came through an ad or a link"
    if not rule.price:
        return f"{rule.id}: free"
    return f"{rule.id}: {question.category} to {question.market}, {rule.price} since {rule.since}"
