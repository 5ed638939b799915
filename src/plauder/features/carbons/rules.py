"""Which messages are copied, and what a copy looks like. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from plauder.wire.jid import Jid
from plauder.wire.stanza import Stanza

NS: Final = "urn:xmpp:carbons:2"
PRIVATE: Final = f"{{{NS}}}private"
_MUC_USER: Final = "{http://jabber.org/protocol/muc#user}x"
_NO_COPY: Final = "{urn:xmpp:hints}no-copy"
_BODY: Final = "{jabber:client}body"
# XEP-0280 §6.1: payloads that belong to a conversation without being its text.
_CONVERSATION: Final = (
    b"http://jabber.org/protocol/chatstates",
    b"urn:xmpp:receipts",
    b"urn:xmpp:chat-markers:0",
    b"urn:xmpp:jingle-message:",
    b"eu.siacs.conversations.axolotl",
    b"urn:xmpp:omemo:2",
    b"urn:xmpp:reactions:0",
    b"urn:xmpp:message-retract:",
)


@dataclass(frozen=True, slots=True)
class Copy:
    """Whether a message is copied, and why."""

    makes: bool
    why: str


def should_copy(message: Stanza, direction: Literal["sent", "received"]) -> Copy:
    """XEP-0280 §6.1: which messages reach a user's other devices."""
    inner = message.inner
    if b"urn:xmpp:carbons:2" in inner:
        if message.find(PRIVATE) is not None:
            return Copy(False, "private")
        if message.find(f"{{{NS}}}sent") is not None or message.find(f"{{{NS}}}received") is not None:
            return Copy(False, "a copy")
    if b"no-copy" in inner and message.find(_NO_COPY) is not None:
        return Copy(False, "hint")
    kind = message.attrs.get("type", "normal")
    if kind not in ("chat", "normal"):
        # Errors come back to the device that sent; groupchat comes to each device by itself.
        return Copy(False, kind)
    if direction == "received" and b"muc#user" in inner and message.find(_MUC_USER) is not None:
        # §6.1: a private message from a room goes to the device that is in it; the room knows no other.
        return Copy(False, "room")
    if kind == "chat":
        return Copy(True, "chat")
    if b"<body" in inner and message.find(_BODY) is not None:
        return Copy(True, "body")
    return Copy(True, "conversation") if any(ns in inner for ns in _CONVERSATION) else Copy(False, "default")


def wrap(message: Stanza, direction: Literal["sent", "received"], account: Jid, *, stored: bool) -> Stanza:
    """The copy (§7, §8): from the own account, with the message inside as it is. Its `to` is set per device.

    What is for the moment only, as typing, is not kept as a copy either.
    """
    attrs = {"from": account.text}
    for name in ("type", "id"):
        if name in message.attrs:
            attrs[name] = message.attrs[name]
    inside = Stanza(message.kind, {**message.attrs, "xmlns": "jabber:client"}, message.inner).to_bytes()
    forwarded = b"<forwarded xmlns='urn:xmpp:forward:0'>%b</forwarded>" % inside
    tag = direction.encode()
    inner = b"<%b xmlns='urn:xmpp:carbons:2'>%b</%b>" % (tag, forwarded, tag)
    if not stored:
        inner += b"<no-store xmlns='urn:xmpp:hints'/>"
    return Stanza("message", attrs, inner)
