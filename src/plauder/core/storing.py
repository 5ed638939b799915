"""Which messages are kept for a device that is away, and what a message may not say of itself. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.etree.ElementTree import Element

from plauder.core.hooks import Action, Verdict
from plauder.wire.stanza import Stanza
from plauder.wire.xml import E

CHAT_STATES = "http://jabber.org/protocol/chatstates"
HINTS = "urn:xmpp:hints"
AMP = "http://jabber.org/protocol/amp"
STANZA_ID = "{urn:xmpp:sid:0}stanza-id"

_BODY = "{jabber:client}body"
_THREAD = "{jabber:client}thread"
_STORE = f"{{{HINTS}}}store"
_NO_STORE = f"{{{HINTS}}}no-store"


class Storing:
    """The verdicts, one object each: they are asked for with every message."""

    KEEP = Verdict(Action.PASS, "content")
    HINTED = Verdict(Action.PASS, "hint: store")
    NOT_HINTED = Verdict(Action.CONSUME, "hint: no-store")
    STATE = Verdict(Action.CONSUME, "a chat state alone")
    EMPTY = Verdict(Action.CONSUME, "empty")
    TYPE = Verdict(Action.CONSUME, "type")


def should_store(message: Stanza) -> Verdict:
    """PASS where the message must not be lost (XEP-0160 §3, XEP-0334 §4), CONSUME where it is only for the moment.

    Types other than chat and normal are never stored. Chat states alone are not (XEP-0085 §5.6). `no-permanent-store`
    is honoured by what this server is: it keeps nothing permanently.
    """
    if message.attrs.get("type", "normal") not in ("chat", "normal"):
        return Storing.TYPE if message.attrs["type"] in ("groupchat", "headline", "error") else _content(message)
    return _content(message)


def _content(message: Stanza) -> Verdict:
    inner = message.inner
    # Nearly every message: it has something, and nothing in it makes it less than content. Namespaces can hide behind
    # references and behind prefixes of the opening tag; then, and where a thread comes first, look properly.
    if (
        inner
        and (b"chatstates" not in inner or b"<body" in inner or b"<encrypted" in inner)
        and b"no-store" not in inner
        and b"&#" not in inner
        and inner.startswith(b"<")
        and not inner.startswith(b"<thread")
        and len(message.attrs) <= 5
    ):
        return Storing.KEEP
    tags = {payload.tag for payload in message.payloads}
    if _NO_STORE in tags:
        return Storing.NOT_HINTED
    if _STORE in tags:
        return Storing.HINTED
    if not tags:
        return Storing.EMPTY
    for tag in tags:
        # The hints themselves and a thread do not make content.
        if tag != _THREAD and CHAT_STATES not in tag and HINTS not in tag:
            return Storing.KEEP
    return Storing.STATE


def expiring(at: datetime) -> Element:
    """What a message says of itself that must not be handed out after `at` (XEP-0079 §3.3.2, `expire-at`)."""
    value = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return E(f"{{{AMP}}}amp", {}, E(f"{{{AMP}}}rule", {"action": "drop", "condition": "expire-at", "value": value}))


def has_expired(stanza: bytes, now: datetime) -> bool:
    """Whether a stored message has asked to be dropped by now. Of XEP-0079 this one rule is kept, with this action."""
    if b"protocol/amp" not in stanza or b"expire-at" not in stanza:
        return False
    amp = Stanza.from_bytes(stanza).find(f"{{{AMP}}}amp")
    for rule in amp.findall(f"{{{AMP}}}rule") if amp is not None else ():
        if rule.get("condition") == "expire-at" and rule.get("action") == "drop":
            try:
                at = datetime.fromisoformat(rule.get("value", ""))
            except ValueError:
                continue
            if at.tzinfo is not None and at <= now:
                return True
    return False


def has_content(message: Stanza) -> bool:
    """Whether a person would miss it: it has a body, or an encrypted one."""
    return message.find(_BODY) is not None or b"encrypted" in message.inner or b"<encryption" in message.inner


def without_forged_ids(message: Stanza, by: str) -> Stanza:
    """XEP-0359 §4: a stanza-id that claims to be ours, from someone else, must be removed."""
    if b"urn:xmpp:sid:0" not in message.inner and b"&#" not in message.inner:
        return message
    if not message.may_have(STANZA_ID):
        return message
    kept = [p for p in message.payloads if not (p.tag == STANZA_ID and p.get("by") == by)]
    return message if len(kept) == len(message.payloads) else message.with_payloads(kept)
