"""One stanza: its attributes, and its content as the bytes that came.

A stanza that is only passed on is never taken apart: routing changes attributes, the content goes out verbatim. What a
feature wants to read of the content is parsed at the first look, once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal, final
from xml.etree.ElementTree import Element

from plauder.wire.jid import Jid
from plauder.wire.stanza_error import StanzaError
from plauder.wire.xml import LANG, XML_NS, E, parse_inner, quote, read_opening, serialize

CLIENT: Final = "jabber:client"

Kind = Literal["message", "presence", "iq"]
KINDS: Final[tuple[Kind, ...]] = ("message", "presence", "iq")

_ERROR: Final = "{jabber:client}error"
_ENTER: Final = "{http://jabber.org/protocol/muc}x"
_KINDS: Final[dict[str, Kind]] = {kind: kind for kind in KINDS}
_CLOSING: Final = {kind: f"</{kind}>".encode() for kind in KINDS}


def _must_escape(text: str) -> bool:
    return "&" in text or "<" in text or ">" in text or "'" in text or not text.isprintable()


@final
class Stanza:
    """A message, presence or iq of `jabber:client`.

    `attrs` has the attributes by name (`to`, `from`, `id`, `type`, `xml:lang`, and `xmlns:p` for each prefix that the
    opening tag binds for the content), unescaped. `inner` is the content between the tags, UTF-8. Treat both as
    read-only once the stanza was passed on: copies share them (`with_attrs`, `adding`).
    """

    __slots__ = ("_payloads", "attrs", "inner", "kind")

    def __init__(self, kind: Kind, attrs: dict[str, str], inner: bytes = b"") -> None:
        self.kind = kind
        self.attrs = attrs
        self.inner = inner
        self._payloads: list[Element] | None = None

    # --- building ---------------------------------------------------------------------------------------------------

    @classmethod
    def build(cls, kind: Kind, attrs: Mapping[str, str | Jid | None], *payloads: Element | None) -> Stanza:
        """A stanza of our own; attributes and payloads that are None are left out."""
        given = {name: str(value) for name, value in attrs.items() if value is not None}
        return cls(kind, given, b"".join([serialize(payload) for payload in payloads if payload is not None]))

    @classmethod
    def from_element(cls, element: Element) -> Stanza:
        """The stanza that a parsed element is (from a forwarded or stored one); raises `ValueError` if it is none."""
        namespace, _, name = element.tag[1:].rpartition("}")
        kind = _KINDS.get(name)
        if kind is None or namespace != CLIENT:
            raise ValueError(f"not a stanza: {element.tag}")
        attrs = {("xml:lang" if key == LANG else key): value for key, value in element.items()}
        attrs = {key: value for key, value in attrs.items() if key[0] != "{"}
        return cls(kind, attrs, b"".join([serialize(child) for child in element]))

    @classmethod
    def from_bytes(cls, data: bytes) -> Stanza:
        """The stanza that `to_bytes` wrote, from a store or the bus: the content is trusted to be what it was.

        Raises `ValueError` (`InvalidXml` is one) for what does not begin like a stanza.
        """
        end = data.index(b">")  # `quote` escapes every ">" in a value, so the first one ends the tag
        is_empty = data[end - 1] == 0x2F
        name = data[1:end].split(None, 1)[0].decode().rstrip("/")
        kind = _KINDS.get(name)
        if kind is None:
            raise ValueError(f"not a stanza: {name}")
        closing = _CLOSING[kind]
        inner = b"" if is_empty else data[end + 1 : -len(closing)]
        tag = data[len(name) + 1 : end].decode()
        if "&" not in tag and '"' not in tag:
            parts = tag.split("'")  # ` to=`, value, ` from=`, value, …, end of the tag
            return cls(kind, {parts[n][1:-1]: parts[n + 1] for n in range(0, len(parts) - 1, 2)}, inner)
        opening = read_opening(data[: end + 1] if is_empty else data[: end + 1] + closing)
        attrs = {("xml:lang" if key == f"{XML_NS}}}lang" else key): value for key, value in opening.attrs.items()}
        attrs.update({f"xmlns:{prefix}": uri or "" for prefix, uri in opening.declared if prefix})
        return cls(kind, attrs, inner)

    # --- reading ----------------------------------------------------------------------------------------------------

    @property
    def id(self) -> str | None:
        return self.attrs.get("id")

    @property
    def type(self) -> str | None:
        """The `type` attribute as it is; None where absent ("normal" for a message, "available" for presence)."""
        return self.attrs.get("type")

    @property
    def to(self) -> Jid | None:
        """Whom it is for; raises `InvalidJid`."""
        text = self.attrs.get("to")
        return None if text is None else Jid.parse(text)

    @property
    def sender(self) -> Jid | None:
        """Whom it is from; raises `InvalidJid`."""
        text = self.attrs.get("from")
        return None if text is None else Jid.parse(text)

    @property
    def payloads(self) -> list[Element]:
        """The child elements, parsed at the first look; changing them does not change what is sent."""
        if self._payloads is None:
            self._payloads = parse_inner(self.inner, declarations=self._declarations()) if self.inner else []
        return self._payloads

    def find(self, tag: str) -> Element | None:
        """The first child of that `{namespace}name`. Parses nothing if the content cannot hold one."""
        if self._payloads is None and not self.may_have(tag):
            return None
        for payload in self.payloads:
            if payload.tag == tag:
                return payload
        return None

    def may_have(self, tag: str) -> bool:
        """False where the bytes show that no child is a `{namespace}name`; costs two searches in the content.

        A name is never written with references, so its absence proves; a namespace can be (`&#117;rn:…`), so there
        its absence proves only where no reference is.
        """
        namespace, _, name = tag[1:].rpartition("}")
        inner = self.inner
        if name.encode() not in inner:
            return False
        if namespace == CLIENT or namespace.encode() in inner or b"&#" in inner:
            return True
        return any(key.startswith("xmlns:") for key in self.attrs)

    def text(self, tag: str) -> str | None:
        """The character data of the first child of that tag; None without such a child, "" if it is empty."""
        element = self.find(tag)
        return None if element is None else element.text or ""

    @property
    def is_request(self) -> bool:
        """An iq that must be answered."""
        return self.kind == "iq" and self.attrs.get("type") in ("get", "set")

    @property
    def error(self) -> StanzaError | None:
        """What went wrong, in a stanza of type "error"."""
        if self.attrs.get("type") != "error":
            return None
        element = self.find(_ERROR)
        return StanzaError.of("undefined-condition") if element is None else StanzaError.from_element(element)

    # --- writing ----------------------------------------------------------------------------------------------------

    def to_bytes(self) -> bytes:
        """As it goes over the wire, where `jabber:client` is the default namespace."""
        attrs = self.attrs
        kind = self.kind
        tag: str = kind
        # Nearly always nothing needs escaping, which one look at all values together shows.
        if _must_escape("".join(attrs.values())):
            for name, value in attrs.items():
                tag += f" {name}={quote(value)}"
        else:
            for name, value in attrs.items():
                tag += f" {name}='{value}'"
        inner = self.inner
        return f"<{tag}>".encode() + inner + _CLOSING[kind] if inner else f"<{tag}/>".encode()

    def to_element(self) -> Element:
        """The whole stanza as an element, to be put into another one (forwarded, carbons)."""
        attrs: dict[str, str | None] = {k: v for k, v in self.attrs.items() if not k.startswith("xmlns:")}
        return E(f"{{{CLIENT}}}{self.kind}", attrs, *self.payloads)

    # --- changing: always a new stanza ------------------------------------------------------------------------------

    def with_attrs(self, **changes: str | Jid | None) -> Stanza:
        """The same stanza with other attributes, None removing one; `from` is written `from_`, `xml:lang` `lang`."""
        attrs = dict(self.attrs)
        for key, value in changes.items():
            name = "from" if key == "from_" else "xml:lang" if key == "lang" else key
            if value is None:
                attrs.pop(name, None)
            else:
                attrs[name] = str(value)
        copy = Stanza(self.kind, attrs, self.inner)
        copy._payloads = self._payloads
        return copy

    def adding(self, *payloads: Element) -> Stanza:
        """The same stanza with more children at its end; nothing of it is parsed."""
        added = b"".join([serialize(payload) for payload in payloads])
        return Stanza(self.kind, dict(self.attrs), self.inner + added)

    def without(self, *tags: str) -> Stanza:
        """The same stanza without its children of these `{namespace}name`s; itself if it has none."""
        if not any(self.may_have(tag) for tag in tags):
            return self
        kept = [payload for payload in self.payloads if payload.tag not in tags]
        return self if len(kept) == len(self.payloads) else self.with_payloads(kept)

    def with_payloads(self, payloads: Iterable[Element]) -> Stanza:
        """The same opening tag around other children."""
        attrs = {name: value for name, value in self.attrs.items() if not name.startswith("xmlns:")}
        return Stanza(self.kind, attrs, b"".join([serialize(payload) for payload in payloads]))

    # --- answering --------------------------------------------------------------------------------------------------

    def result(self, *payloads: Element | None) -> Stanza:
        """The answer to this iq (RFC 6120 §8.2.3)."""
        return Stanza.build("iq", self._reply_attrs("result"), *payloads)

    def error_reply(self, error: StanzaError) -> Stanza:
        """The refusal of this stanza (RFC 6120 §8.3.1). The content is not sent back: nobody amplifies through us.

        XEP-0045 §7.2: only the mark of a wish to enter a room is, by which clients know what was refused.
        """
        is_wish = self.kind == "presence" and self.may_have(_ENTER) and self.find(_ENTER) is not None
        return Stanza.build(self.kind, self._reply_attrs("error"), E(_ENTER) if is_wish else None, error.element())

    def _reply_attrs(self, kind: str) -> dict[str, str | Jid | None]:
        attrs = self.attrs
        return {"type": kind, "id": attrs.get("id"), "to": attrs.get("from"), "from": attrs.get("to")}

    def _declarations(self) -> dict[str, str] | None:
        found = {name[6:]: value for name, value in self.attrs.items() if name.startswith("xmlns:")}
        return found or None

    def __repr__(self) -> str:
        # Never the content: representations end up in logs.
        return f"<{self.kind} {self.attrs} +{len(self.inner)} bytes>"
