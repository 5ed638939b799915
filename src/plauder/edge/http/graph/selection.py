"""`fields=`: which parts of a node an answer has, as `id,name,templates{id,status},analytics.start(1).end(2)`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from plauder.business.shared.errors import GraphError, invalid

MAX_LENGTH = 8_192
MAX_DEPTH = 6
_SPECIAL = frozenset(",.(){}")


@dataclass(frozen=True, slots=True)
class Field:
    """One selected field: `arguments` are texts as written between the parentheses, `nested` the inner selection."""

    name: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    nested: tuple[Field, ...] = ()


def parse(text: str) -> tuple[Field, ...]:
    """Parse a selection. Raises error 2500/100 with the place where it stops making sense."""
    if len(text) > MAX_LENGTH:
        raise invalid("fields is too long.")
    parser = _Parser(text)
    fields = parser.selection(0)
    if parser.at < len(text):
        raise parser.error()
    return fields


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def error(self) -> GraphError:
        return invalid(f"Syntax error at character {self.at} in fields: {self.text[self.at : self.at + 20]!r}")

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def selection(self, depth: int) -> tuple[Field, ...]:
        if depth > MAX_DEPTH:
            raise invalid("fields is nested too deeply.")
        fields: list[Field] = []
        while self.at < len(self.text) and self.peek() != "}":
            fields.append(self.field(depth))
            if self.peek() == ",":
                self.at += 1
            elif self.peek() not in ("", "}"):
                raise self.error()
        return tuple(fields)

    def field(self, depth: int) -> Field:
        name = self.word()
        arguments: dict[str, str] = {}
        nested: tuple[Field, ...] = ()
        while (mark := self.peek()) in (".", "{"):
            self.at += 1
            if mark == "{":
                nested = self.selection(depth + 1)
                self.expect("}")
                break
            key = self.word()
            arguments[key] = self.argument()
        return Field(name, arguments, nested)

    def word(self) -> str:
        start = self.at
        while self.at < len(self.text) and self.text[self.at] not in _SPECIAL:
            self.at += 1
        word = self.text[start : self.at].strip()
        if not word:
            raise self.error()
        return word

    def argument(self) -> str:
        self.expect("(")
        start, depth = self.at, 1
        while self.at < len(self.text):
            depth += {"(": 1, ")": -1}.get(self.text[self.at], 0)
            self.at += 1
            if depth == 0:
                return self.text[start : self.at - 1].strip()
        raise self.error()

    def expect(self, mark: str) -> None:
        if self.peek() != mark:
            raise self.error()
        self.at += 1


def select(
    node: Mapping[str, Any],
    wanted: Iterable[Field],
    *,
    kind: str,
    default: Iterable[str],
    always: Iterable[str] = ("id",),
) -> dict[str, Any]:
    """The parts of `node` that are `wanted` (or `default`); absent values are left out, unknown names are error 100.

    `node` holds every field the kind has, None for those without a value.
    """
    wanted = tuple(wanted)
    names = [item.name for item in wanted] or list(default)
    if unknown := [name for name in names if name not in node]:
        raise invalid(f"Tried accessing nonexisting field ({unknown[0]}) on node type ({kind})")
    result = {name: node[name] for name in names if node[name] is not None}
    for item in wanted:
        if item.nested and item.name in result:
            result[item.name] = _narrow(result[item.name], item.nested)
    return result | {name: node[name] for name in always if node.get(name) is not None}


def _narrow(value: Any, nested: tuple[Field, ...]) -> Any:
    if isinstance(value, list):
        return [_narrow(item, nested) for item in value]
    if isinstance(value, dict):
        return {item.name: _narrow(value[item.name], item.nested) for item in nested if item.name in value} or value
    return value
