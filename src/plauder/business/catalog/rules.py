"""What a product is. Pure.

The vendor's commerce endpoints were not read again for the reference; shapes follow general knowledge of them. Prices
are minor units with a currency, or a text as `9,99 EUR` in batches.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from plauder.business.shared.errors import invalid
from plauder.kit.money import Money

MAX_CATALOGS = 20
MAX_PRODUCTS = 10_000
MAX_BATCH = 1_000
MAX_SHOWN = 30
"""In one message (§3.1)."""
_LIMITS: Mapping[str, int] = {"retailer_id": 100, "name": 200, "description": 9_999, "brand": 100}
_URLS = ("image_url", "url")
AVAILABILITY = ("in stock", "out of stock", "preorder", "available for order", "discontinued")
CONDITION = ("new", "refurbished", "used")
_PRICE = re.compile(r"\s*(\d{1,12})(?:[.,](\d{1,2}))?\s*([A-Za-z]{3})\s*")


def check_name(text: str) -> str:
    if not 1 <= len(text.strip()) <= 100:
        raise invalid("name must have 1 to 100 characters")
    return text.strip()


def check(given: Mapping[str, Any], *, new: bool) -> dict[str, Any]:
    """The columns that `given` sets. Raises error 100. A new product needs retailer_id, name, price and currency."""
    values: dict[str, Any] = {}
    for name, most in _LIMITS.items():
        if name in given:
            values[name] = _text(given[name], name, most, least=name in ("retailer_id", "name"))
    for name in _URLS:
        if name in given:
            values[name] = _url(given[name], name)
    for name, known in (("availability", AVAILABILITY), ("condition", CONDITION)):
        if name in given:
            values[name] = _one_of(given[name], name, known)
    if "price" in given:
        values["price"], values["currency"] = _price(given["price"], given.get("currency"))
    elif "currency" in given:
        raise invalid("currency goes with a price")
    if new and (missing := [name for name in ("retailer_id", "name", "price") if name not in values]):
        raise invalid(f"The parameter {missing[0]} is required.")
    return values


def _text(value: Any, name: str, most: int, *, least: bool) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or len(value) > most or (least and not value.strip()) or "\0" in value:
        raise invalid(f"Param {name} must be a text of at most {most} characters")
    return value.strip()


def _url(value: Any, name: str) -> str:
    text = _text(value, name, 2_048, least=False)
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if text and (parts.scheme not in ("http", "https") or not parts.hostname or not text.isprintable()):
        raise invalid(f"Param {name} must be an http or https URL")
    return text


def _one_of(value: Any, name: str, known: tuple[str, ...]) -> str:
    text = _text(value, name, 40, least=True).lower().replace("_", " ")
    if text not in known:
        raise invalid(f"Param {name} must be one of {{{', '.join(known)}}}")
    return text


def _price(value: Any, currency: Any) -> tuple[int, str]:
    """(minor units, currency) of a number of minor units with a currency, or of a text with both."""
    if isinstance(value, str) and (found := _PRICE.fullmatch(value)):
        minor, currency = int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0")), found[3]
    elif isinstance(value, str) and value.strip().isascii() and value.strip().isdecimal() and len(value) <= 15:
        minor = int(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        minor = value
    else:
        raise invalid("Param price must be a number of minor units, or a text as 9.99 EUR")
    if not 0 <= minor < 10**14:
        raise invalid("Param price is out of range")
    if not isinstance(currency, str) or not re.fullmatch(r"[A-Za-z]{3}", currency):
        raise invalid("The parameter currency is required: three letters of ISO 4217.")
    Money(0, currency.upper())
    return minor, currency.upper()
