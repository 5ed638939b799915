"""Data forms (XEP-0004): read what a client submits, write what it is offered.

A form is a value: fields in order, each with a name and any number of text values. What the values mean is the
business of whoever defined its FORM_TYPE (XEP-0068).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement

NS = "jabber:x:data"
X = f"{{{NS}}}x"
FORM_TYPE = "FORM_TYPE"
KINDS = frozenset({"form", "submit", "cancel", "result"})


class MalformedForm(ValueError):
    """What was sent is not a data form."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `options` are (value, label) pairs and only said when a form is offered."""

    var: str
    values: tuple[str, ...] = ()
    type: str | None = None
    label: str | None = None
    options: tuple[tuple[str, str], ...] = ()
    required: bool = False

    @property
    def value(self) -> str:
        """The first value; empty when there is none."""
        return self.values[0] if self.values else ""

    @property
    def flag(self) -> bool:
        """The value as a boolean. XEP-0004 §3.3 takes `1` and `true`."""
        return self.value in ("1", "true")

    def element(self) -> Element:
        attrs = {"var": self.var} if self.var else {}
        if self.type:
            attrs["type"] = self.type
        if self.label:
            attrs["label"] = self.label
        field = Element(f"{{{NS}}}field", attrs)
        if self.required:
            SubElement(field, f"{{{NS}}}required")
        for value in self.values:
            SubElement(field, f"{{{NS}}}value").text = value
        for value, label in self.options:
            option = SubElement(field, f"{{{NS}}}option", {"label": label} if label else {})
            SubElement(option, f"{{{NS}}}value").text = value
        return field


class Form:
    """A data form of type `form`, `submit`, `cancel` or `result`."""

    __slots__ = ("fields", "instructions", "kind", "title")

    def __init__(
        self, kind: str, fields: Iterable[Field] = (), *, title: str | None = None, instructions: str | None = None
    ) -> None:
        self.kind = kind
        self.fields = tuple(fields)
        self.title = title
        self.instructions = instructions

    @classmethod
    def of(cls, kind: str, form_type: str, values: Mapping[str, str | Iterable[str]]) -> Form:
        """A form whose first field is a hidden FORM_TYPE, then one plain field per value."""
        head = Field(FORM_TYPE, (form_type,), "hidden" if kind != "submit" else None)
        return cls(kind, (head, *(Field(var, _texts(value)) for var, value in values.items())))

    @classmethod
    def parse(cls, element: Element) -> Form:
        """Read an `<x xmlns='jabber:x:data'/>`. Raises MalformedForm."""
        kind = element.get("type", "form")
        if element.tag != X or kind not in KINDS:
            raise MalformedForm("not a data form")
        fields = [_field(child) for child in element.iterfind(f"{{{NS}}}field")]
        names = [field.var for field in fields if field.var]
        if len(names) != len(set(names)):
            raise MalformedForm("the same field twice")
        return cls(kind, fields, title=element.findtext(f"{{{NS}}}title"))

    @classmethod
    def within(cls, parent: Element) -> Form | None:
        """The data form among the children of `parent`, if there is one. Raises MalformedForm."""
        element = parent.find(X)
        return None if element is None else cls.parse(element)

    def __getitem__(self, var: str) -> Field:
        for field in self.fields:
            if field.var == var:
                return field
        raise KeyError(var)

    def __contains__(self, var: object) -> bool:
        return any(field.var == var for field in self.fields)

    def text(self, var: str, default: str = "") -> str:
        """The first value of a field, or `default` when the field is not there."""
        return self[var].value if var in self else default

    @property
    def form_type(self) -> str:
        """What the form is about (XEP-0068); empty when it does not say."""
        return self.text(FORM_TYPE)

    def values(self) -> dict[str, tuple[str, ...]]:
        """All named fields but FORM_TYPE."""
        return {field.var: field.values for field in self.fields if field.var and field.var != FORM_TYPE}

    def element(self) -> Element:
        form = Element(X, {"type": self.kind})
        if self.title:
            SubElement(form, f"{{{NS}}}title").text = self.title
        if self.instructions:
            SubElement(form, f"{{{NS}}}instructions").text = self.instructions
        form.extend(field.element() for field in self.fields)
        return form


def _texts(value: str | Iterable[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _field(element: Element) -> Field:
    values = tuple(value.text or "" for value in element.iterfind(f"{{{NS}}}value"))
    options = tuple(
        (option.findtext(f"{{{NS}}}value") or "", option.get("label", ""))
        for option in element.iterfind(f"{{{NS}}}option")
    )
    required = element.find(f"{{{NS}}}required") is not None
    return Field(element.get("var", ""), values, element.get("type"), element.get("label"), options, required)
