"""Service discovery information (XEP-0030) and the hashes over it (XEP-0115, XEP-0390).

The hash string of XEP-0115 and the binary input of XEP-0390 are protocol, so they live here; who asks whom, and what
is kept, is the business of the features.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, SubElement

from plauder.wire.forms import FORM_TYPE, Form, MalformedForm

INFO = "http://jabber.org/protocol/disco#info"
ITEMS = "http://jabber.org/protocol/disco#items"
QUERY_INFO = f"{{{INFO}}}query"
QUERY_ITEMS = f"{{{ITEMS}}}query"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

HASHES_0115 = {"sha-1": "sha1", "sha-256": "sha256", "sha-512": "sha512"}
HASHES_0390 = {"sha-256": "sha256", "sha-512": "sha512", "sha3-256": "sha3_256", "sha3-512": "sha3_512"}


class MalformedInfo(ValueError):
    """XEP-0115 §5.4 step 3: an answer that must not be hashed, because two different ones could hash alike."""


@dataclass(frozen=True, slots=True, order=True)
class Identity:
    """What an entity is: registered category and type, a language, a name for people."""

    category: str
    type: str
    lang: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of a disco#items answer."""

    jid: str
    node: str = ""
    name: str = ""

    def element(self) -> Element:
        attrs = {"jid": self.jid, "node": self.node, "name": self.name}
        return Element(f"{{{ITEMS}}}item", {key: value for key, value in attrs.items() if value})


@dataclass(slots=True)
class Info:
    """One disco#info answer."""

    identities: list[Identity] = field(default_factory=list)
    features: list[str] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)

    @classmethod
    def parse(cls, query: Element) -> Info:
        """Read a disco#info `<query/>`. Raises MalformedInfo."""
        identities = [
            Identity(e.get("category", ""), e.get("type", ""), e.get(_LANG, ""), e.get("name", ""))
            for e in query.iterfind(f"{{{INFO}}}identity")
        ]
        features = [e.get("var", "") for e in query.iterfind(f"{{{INFO}}}feature")]
        try:
            forms = [Form.parse(e) for e in query.iterfind("{jabber:x:data}x")]
        except MalformedForm as error:
            raise MalformedInfo(str(error)) from error
        return cls(identities, features, forms)

    def element(self, node: str | None = None) -> Element:
        """The `<query/>` to answer with."""
        query = Element(QUERY_INFO, {"node": node} if node else {})
        for one in self.identities:
            attrs = {"category": one.category, "type": one.type}
            if one.name:
                attrs["name"] = one.name
            if one.lang:
                attrs[_LANG] = one.lang
            SubElement(query, f"{{{INFO}}}identity", attrs)
        for var in self.features:
            SubElement(query, f"{{{INFO}}}feature", {"var": var})
        query.extend(form.element() for form in self.forms)
        return query

    def notified(self) -> frozenset[str]:
        """The nodes whose events are wanted: features that end in `+notify` (XEP-0163 §4.3.1)."""
        return frozenset(var.removesuffix("+notify") for var in self.features if var.endswith("+notify"))


def caps_0115(info: Info, algorithm: str = "sha-1") -> str:
    """The `ver` of XEP-0115 §5.1. Raises MalformedInfo when the answer is ill-formed, KeyError for an unknown hash."""
    return base64.b64encode(_digest(HASHES_0115[algorithm], _string_0115(info))).decode()


def caps_0390(info: Info, algorithm: str = "sha-256") -> str:
    """The hash of XEP-0390 §4.1, base64. Raises KeyError for an unknown hash function."""
    return base64.b64encode(_digest(HASHES_0390[algorithm], _input_0390(info))).decode()


def _digest(name: str, data: bytes) -> bytes:
    return hashlib.new(name, data, usedforsecurity=False).digest()


def _string_0115(info: Info) -> bytes:
    # XEP-0115 §5.4 step 3.3–3.6: duplicates, and two forms of one FORM_TYPE, make the whole answer ill-formed.
    _require_unique("identity", [(i.category, i.type, i.lang, i.name) for i in info.identities])
    _require_unique("feature", info.features)
    forms = sorted((f for f in info.forms if _is_typed(f)), key=lambda f: f.form_type)
    _require_unique("form", [form.form_type for form in forms])
    parts = [f"{i.category}/{i.type}/{i.lang}/{i.name}" for i in sorted(info.identities)]
    parts += sorted(info.features)
    for form in forms:
        parts.append(form.form_type)
        for var, values in sorted(form.values().items()):
            parts.append(var)
            parts += sorted(values)
    # §8.1 of the security considerations: "<" as a separator must not come from the data itself.
    if any("<" in part for part in parts):
        raise MalformedInfo("'<' in a value")
    return "".join(f"{part}<" for part in parts).encode()


def _is_typed(form: Form) -> bool:
    # XEP-0115 §5.4 step 3.6: a form whose FORM_TYPE is missing or not hidden is ignored.
    if FORM_TYPE not in form:
        return False
    head = form[FORM_TYPE]
    if len(set(head.values)) > 1:
        raise MalformedInfo("several FORM_TYPE values")
    return head.type == "hidden" and bool(head.values)


def _require_unique(what: str, values: Iterable[object]) -> None:
    seen: set[object] = set()
    for value in values:
        if value in seen:
            raise MalformedInfo(f"the same {what} twice")
        seen.add(value)


def _input_0390(info: Info) -> bytes:
    features = b"".join(sorted(var.encode() + b"\x1f" for var in info.features))
    identities = b"".join(
        sorted(
            b"".join(part.encode() + b"\x1f" for part in (i.category, i.type, i.lang, i.name)) + b"\x1e"
            for i in info.identities
        )
    )
    forms = b"".join(sorted(_form_0390(form) for form in info.forms))
    return features + b"\x1c" + identities + b"\x1c" + forms + b"\x1c"


def _form_0390(form: Form) -> bytes:
    fields = sorted(
        f.var.encode() + b"\x1f" + b"".join(sorted(v.encode() + b"\x1f" for v in f.values)) + b"\x1e"
        for f in form.fields
    )
    return b"".join(fields) + b"\x1d"
