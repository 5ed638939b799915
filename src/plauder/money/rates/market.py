"""Which market a phone number belongs to: the longest calling code that it begins with.

`markets.csv` holds the codes; everything that is not listed is the market `other`. Countries go by their ISO 3166 code,
groups of countries by a name (`rest-of-africa`). The grouping is the public one, from general knowledge.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

from plauder.kit.errors import BadInput

OTHER = "other"


@cache
def _codes() -> dict[str, str]:
    text = files("plauder.money.rates").joinpath("markets.csv").read_text("utf-8")
    return {row["calling_code"]: row["market"] for row in csv.DictReader(text.splitlines())}


def market_of(number: str) -> str:
    """The market of an international number, digits only (`4915112345678` → `DE`). Raises BadInput otherwise."""
    if not (number.isascii() and number.isdigit() and 4 <= len(number) <= 20):
        raise BadInput("not an international phone number")
    codes = _codes()
    return next((codes[number[:size]] for size in (4, 3, 2, 1) if number[:size] in codes), OTHER)


def markets() -> list[str]:
    """Every market there is."""
    return sorted({*_codes().values(), OTHER})
