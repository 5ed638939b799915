"""Rate cards as CSV: what an operator edits, imports and exports."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import date
from decimal import Decimal, InvalidOperation

from plauder.kit.errors import BadInput
from plauder.kit.money import Money
from plauder.money.rates.card import RateCard
from plauder.money.rates.rule import ANY, Category, Counter, Model, Rule

COLUMNS = (
    *("id", "since", "until", "priority", "model"),
    *("market", "category", "window", "entry_point", "business", "industry", "quality"),
    *("counter", "volume_from", "volume_to"),
    *("price", "percent", "adjusts", "type", "report_as", "source"),
)
_CHOICES = {
    "window": {ANY, "open", "closed"},
    "entry_point": {ANY, "open", "closed"},
    "business": {ANY, "home", "abroad"},
    "quality": {ANY, "GREEN", "YELLOW", "RED", "UNKNOWN"},
    "category": {ANY, *Category},
}
MOST_ROWS = 20_000
MOST_BYTES = 4 << 20


class BadSheet(BadInput):
    """The rate card cannot be read; every line that is wrong is named."""

    code = "bad-rate-card"


def read(text: str, currency: str) -> RateCard:
    """A rate card from CSV. Raises BadSheet, whose details name each wrong line and what is wrong with it."""
    if len(text) > MOST_BYTES:
        raise BadSheet(f"a rate card has at most {MOST_BYTES} characters")
    rules: dict[str, Rule] = {}
    problems: list[str] = []
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff"), newline=""), restkey="_more")
    try:
        _check_columns(reader.fieldnames or ())
        for row in reader:
            problem = _take(row, currency, rules)
            if problem:
                problems.append(f"line {reader.line_num}: {problem}")
            if len(rules) + len(problems) > MOST_ROWS:
                problems.append(f"a rate card has at most {MOST_ROWS} lines")
                break
    except csv.Error as error:
        problems.append(f"line {reader.line_num}: {error}")
    if problems or not rules:
        shown = "; ".join(problems[:20]) or "there is no line in it"
        raise BadSheet(f"the rate card was not taken: {shown}", problems=problems[:200])
    return RateCard(rules.values(), currency)


def _check_columns(names: Iterable[str]) -> None:
    unknown, missing = set(names) - set(COLUMNS), {"id", "since"} - set(names)
    if unknown or missing:
        raise BadSheet(f"columns: unknown {sorted(unknown)}, missing {sorted(missing)}; known are {', '.join(COLUMNS)}")


def _take(row: dict[str, str], currency: str, rules: dict[str, Rule]) -> str | None:
    """Add the row's rule to `rules`, or say what is wrong with it."""
    try:
        rule = _rule(row, currency)
    except (ValueError, InvalidOperation) as error:
        return str(error)
    if rules.setdefault(rule.id, rule) is not rule:
        return f"id {rule.id!r} is there twice"
    return None


def write(card: RateCard) -> str:
    """The card as CSV; `read` gives the same card back."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for rule in card.rules:
        row: dict[str, object] = {name: getattr(rule, name) for name in COLUMNS}
        row["price"] = None if rule.price is None else f"{rule.price.decimal:f}"
        writer.writerow({name: "" if value is None else str(value) for name, value in row.items()})
    return out.getvalue()


def _rule(row: dict[str, str], currency: str) -> Rule:
    if "_more" in row:
        raise ValueError("more fields than columns")
    cell = {name: (row.get(name) or "").strip() for name in COLUMNS}
    for name, allowed in _CHOICES.items():
        if (cell[name] or ANY) not in allowed:
            raise ValueError(f"{name} is {cell[name]!r}, not one of {', '.join(sorted(allowed))}")
    if not cell["id"]:
        raise ValueError("id is empty")
    if bool(cell["price"]) == bool(cell["percent"]):
        raise ValueError("a rule has either a price or a percent")
    if cell["percent"] and not cell["adjusts"]:
        raise ValueError("a percent says what it adjusts for (adjusts: tier, industry, quality …)")
    rule = Rule(
        id=cell["id"],
        since=_date("since", cell["since"]),
        until=_date("until", cell["until"]) if cell["until"] else None,
        priority=_whole("priority", cell["priority"] or "0"),
        model=Model(cell["model"] or "PMP"),
        market=cell["market"] or ANY,
        category=cell["category"] or ANY,
        window=cell["window"] or ANY,
        entry_point=cell["entry_point"] or ANY,
        business=cell["business"] or ANY,
        industry=cell["industry"] or ANY,
        quality=cell["quality"] or ANY,
        counter=Counter(cell["counter"]) if cell["counter"] else None,
        volume_from=_whole("volume_from", cell["volume_from"] or "0"),
        volume_to=_whole("volume_to", cell["volume_to"]) if cell["volume_to"] else None,
        price=Money.of(_decimal("price", cell["price"], 0, 1_000_000), currency) if cell["price"] else None,
        percent=_decimal("percent", cell["percent"], -100, 1_000) if cell["percent"] else None,
        adjusts=cell["adjusts"],
        type=cell["type"] or "regular",
        report_as=cell["report_as"],
        source=cell["source"],
    )
    if rule.until is not None and rule.until <= rule.since:
        raise ValueError("until is not after since")
    if rule.volume_to is not None and rule.volume_to <= rule.volume_from:
        raise ValueError("volume_to is not above volume_from")
    if (rule.volume_from or rule.volume_to is not None) and rule.counter is None:
        raise ValueError(f"a volume needs a counter: {', '.join(Counter)}")
    return rule


def _date(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{name} is {text!r}, not a date like 2026-10-01") from None


def _whole(name: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise ValueError(f"{name} is {text[:40]!r}, not a whole number")
    return int(text)


def _decimal(name: str, text: str, low: int, high: int) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or not low <= value <= high:
        raise ValueError(f"{name} is {text[:40]!r}, not a number from {low} to {high}")
    return value
