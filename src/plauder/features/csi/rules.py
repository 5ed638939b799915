"""What can wait while nobody is looking. Pure."""

from __future__ import annotations

from typing import Final

from plauder.core.hooks import Hold
from plauder.wire.stanza import Stanza

_SUBSCRIPTIONS: Final = frozenset({"subscribe", "subscribed", "unsubscribe", "unsubscribed", "error"})
_EVENT: Final = b"http://jabber.org/protocol/pubsub#event"
_CHAT_STATES: Final = b"http://jabber.org/protocol/chatstates"
_SENT: Final = "{urn:xmpp:carbons:2}sent"
# A person is woken by words, by calls, by an invitation, by what is encrypted (it may be any of these).
_URGENT: Final = (
    b"<body",
    b"<subject",
    b"encrypted",
    b"urn:xmpp:jingle-message:",
    b"jabber:x:conference",
    b"http://jabber.org/protocol/muc#user",
    b"urn:xmpp:message-retract:",
)


def when(stanza: Stanza) -> Hold:
    """When does an inactive client get this?"""
    if stanza.kind == "presence":
        return Hold.NOW if stanza.type in _SUBSCRIPTIONS else Hold.LATEST
    if stanza.kind == "iq" or stanza.type == "error":
        return Hold.NOW
    inner = stanza.inner
    if _EVENT in inner:
        return Hold.LATER
    if b"urn:xmpp:carbons:2" in inner and stanza.find(_SENT) is not None:
        # What an own device sent is no news; that it was sent clears a notification, later.
        return Hold.LATER
    if any(mark in inner for mark in _URGENT):
        return Hold.NOW
    return Hold.LATEST if _CHAT_STATES in inner else Hold.LATER
