"""Stanza errors: RFC 6120 §8.3, with the legacy `code` attribute of XEP-0086 for older clients."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, cast
from xml.etree.ElementTree import Element

from plauder.wire.xml import E, lang_of

STANZAS: Final = "urn:ietf:params:xml:ns:xmpp-stanzas"

ErrorType = Literal["auth", "cancel", "continue", "modify", "wait"]
TYPES: Final = frozenset(("auth", "cancel", "continue", "modify", "wait"))


class _Condition(NamedTuple):
    usual: ErrorType  # the type that RFC 6120 §8.3.3 names (the first of them where it names two)
    code: int | None  # XEP-0086 §3; None for conditions younger than that table


CONDITIONS: Final[dict[str, _Condition]] = {
    "bad-request": _Condition("modify", 400),
    "conflict": _Condition("cancel", 409),
    "feature-not-implemented": _Condition("cancel", 501),
    "forbidden": _Condition("auth", 403),
    "gone": _Condition("cancel", 302),
    "internal-server-error": _Condition("cancel", 500),
    "item-not-found": _Condition("cancel", 404),
    "jid-malformed": _Condition("modify", 400),
    "not-acceptable": _Condition("modify", 406),
    "not-allowed": _Condition("cancel", 405),
    "not-authorized": _Condition("auth", 401),
    "payment-required": _Condition("auth", 402),
    "policy-violation": _Condition("modify", None),
    "recipient-unavailable": _Condition("wait", 404),
    "redirect": _Condition("modify", 302),
    "registration-required": _Condition("auth", 407),
    "remote-server-not-found": _Condition("cancel", 404),
    "remote-server-timeout": _Condition("wait", 504),
    "resource-constraint": _Condition("wait", 500),
    "service-unavailable": _Condition("cancel", 503),
    "subscription-required": _Condition("auth", 407),
    "undefined-condition": _Condition("cancel", 500),
    "unexpected-request": _Condition("wait", 400),
}


class StanzaError(Exception):
    """Why a stanza was not carried out; raised by handlers, answered with `Stanza.error_reply`.

    `type` and `condition` are those of RFC 6120 §8.3.2 and §8.3.3, `text` is for people, `app` an application-specific
    condition (§8.3.4), `address` the new address of `gone` and `redirect` (a URI).
    """

    def __init__(
        self,
        type: ErrorType,  # noqa: A002 - the name of the attribute on the wire
        condition: str,
        text: str | None = None,
        app: Element | None = None,
        *,
        address: str | None = None,
    ) -> None:
        if condition not in CONDITIONS or type not in TYPES:
            raise ValueError(f"not a stanza error of RFC 6120: {type}/{condition}")
        super().__init__(f"{type}/{condition}" + (f": {text}" if text else ""))
        self.type: ErrorType = type
        self.condition = condition
        self.text = text
        self.app = app
        self.address = address

    @classmethod
    def of(cls, condition: str, text: str | None = None, app: Element | None = None) -> StanzaError:
        """An error of the type that usually goes with the condition."""
        return cls(CONDITIONS[condition].usual, condition, text, app)

    @property
    def code(self) -> int | None:
        """The number that clients from before RFC 3920 understand (XEP-0086)."""
        return CONDITIONS[self.condition].code

    def element(self) -> Element:
        """The `<error/>` child as it goes over the wire."""
        code = self.code
        error = E(
            "{jabber:client}error",
            {"type": self.type, "code": None if code is None else str(code)},
            E(f"{{{STANZAS}}}{self.condition}", None, self.address),
        )
        if self.text:
            error.append(E(f"{{{STANZAS}}}text", {"xml:lang": "en"}, self.text))
        if self.app is not None:
            error.append(self.app)
        return error

    @classmethod
    def from_element(cls, error: Element) -> StanzaError:
        """What an `<error/>` received from elsewhere says; unknown conditions become `undefined-condition`."""
        condition, text, app, address = "undefined-condition", None, None, None
        for child in error:
            namespace, _, name = child.tag[1:].rpartition("}")
            if namespace != STANZAS:
                app = child
            elif name == "text":
                text = child.text if text is None or (lang_of(child) or "").startswith("en") else text
            elif name in CONDITIONS:
                condition, address = name, child.text
        kind = error.get("type", "")
        known = cast("ErrorType", kind) if kind in TYPES else CONDITIONS[condition].usual
        return cls(known, condition, text, app, address=address)
