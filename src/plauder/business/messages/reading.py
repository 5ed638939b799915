"""Reading a JSON object field by field, with errors that name the field. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from plauder.business.shared.errors import GraphError, fail

_UNSENDABLE = re.compile("[\0\ud800-\udfff]")
_URL = re.compile(r"https?://[^\s/?#]+[^\s]*", re.IGNORECASE)


def missing(path: str) -> GraphError:
    return fail(131008, f"Param {path} is required")


def wrong(path: str, why: str) -> GraphError:
    return fail(131009, f"Param {path} {why}")


def decoded(value: Any, opening: str) -> Any:
    """JSON in a text, where an object or list belongs: Chatwoot sends `action` so. Other values as they are."""
    if not isinstance(value, str) or not value.lstrip().startswith(opening):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return value


class Part:
    """An object inside a request. Missing fields are error 131008, wrong ones 131009."""

    def __init__(self, value: Any, path: str) -> None:
        value = decoded(value, "{")
        if not isinstance(value, Mapping):
            raise wrong(path, "must be an object")
        self.value: Mapping[str, Any] = value
        self.path = path

    def where(self, name: str) -> str:
        return f"{self.path}['{name}']" if self.path else name

    def has(self, name: str) -> bool:
        return self.value.get(name) not in (None, "", [], {})

    def text(self, name: str, most: int, *, required: bool = True, default: str = "") -> str:
        """A text of 1 to `most` characters; whole numbers are taken as their digits."""
        value = self.value.get(name)
        if value is None or value == "":
            if required:
                raise missing(self.where(name))
            return default
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise wrong(self.where(name), "must be a string")
        text = str(value)
        if len(text) > most:
            raise wrong(self.where(name), f"must be at most {most} characters long")
        if _UNSENDABLE.search(text):
            raise wrong(self.where(name), "has characters that cannot be sent")
        return text

    def maybe(self, name: str, most: int) -> str:
        return self.text(name, most, required=False)

    def url(self, name: str, most: int = 2_000) -> str:
        text = self.text(name, most)
        if not _URL.fullmatch(text):
            raise wrong(self.where(name), "must be an http or https URL")
        return text

    def one_of(self, name: str, allowed: frozenset[str] | set[str], *, default: str = "") -> str:
        text = self.text(name, 100, required=not default, default=default)
        if text not in allowed:
            raise wrong(self.where(name), f"must be one of {', '.join(sorted(allowed))}")
        return text

    def real(self, name: str, low: float, high: float) -> float:
        """A number, or its text (old programs send coordinates as text)."""
        value = self.value.get(name)
        if value is None or value == "":
            raise missing(self.where(name))
        try:
            number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None
        except (ValueError, OverflowError):
            number = None
        if number is None or not low <= number <= high:
            raise wrong(self.where(name), f"must be a number from {low:g} to {high:g}")
        return number

    def whole(self, name: str, *, least: int = 0, most: int = 2**53, default: int | None = None) -> int:
        value = self.value.get(name, default)
        if value is None:
            raise missing(self.where(name))
        if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 17:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise wrong(self.where(name), f"must be a whole number from {least} to {most}")
        return value

    def part(self, name: str) -> Part:
        if self.value.get(name) is None:
            raise missing(self.where(name))
        return Part(self.value[name], self.where(name))

    def maybe_part(self, name: str) -> Part | None:
        return self.part(name) if self.has(name) else None

    def parts(self, name: str, least: int, most: int) -> list[Part]:
        """A list of `least` to `most` objects."""
        value = self.value.get(name)
        if value is None and least:
            raise missing(self.where(name))
        value = [] if value is None else decoded(value, "[")
        if not isinstance(value, list):
            raise wrong(self.where(name), "must be an array")
        if not least <= len(value) <= most:
            raise wrong(self.where(name), f"must have {least} to {most} elements")
        return [Part(item, f"{self.where(name)}[{index}]") for index, item in enumerate(value)]


def kept(**values: Any) -> dict[str, Any]:
    """A dictionary without its empty members."""
    return {name: value for name, value in values.items() if value not in ("", None)}
