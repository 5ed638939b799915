"""What wakes a person and what can wait."""

from __future__ import annotations

import pytest

from plauder.core.hooks import Hold
from plauder.features.csi.rules import when
from tests.features.fakes import read

BODY = "<body>Oi!</body>"
FORWARDED = f"<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client'>{BODY}</message></forwarded>"


@pytest.mark.parametrize(
    ("xml", "expected"),
    [
        ("<presence from='a@b/c'/>", Hold.LATEST),
        ("<presence from='a@b/c' type='unavailable'/>", Hold.LATEST),
        ("<presence from='a@b' type='subscribe'/>", Hold.NOW),
        ("<presence from='a@b' type='error'/>", Hold.NOW),
        ("<iq type='get'><ping xmlns='urn:xmpp:ping'/></iq>", Hold.NOW),
        (f"<message type='chat'>{BODY}</message>", Hold.NOW),
        ("<message type='chat'><encrypted xmlns='eu.siacs.conversations.axolotl'/></message>", Hold.NOW),
        ("<message type='chat'><propose xmlns='urn:xmpp:jingle-message:0' id='1'/></message>", Hold.NOW),
        ("<message type='error'/>", Hold.NOW),
        ("<message type='chat'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>", Hold.LATEST),
        ("<message><displayed xmlns='urn:xmpp:chat-markers:0' id='1'/></message>", Hold.LATER),
        ("<message><received xmlns='urn:xmpp:receipts' id='1'/></message>", Hold.LATER),
        ("<message type='headline'><event xmlns='http://jabber.org/protocol/pubsub#event'/></message>", Hold.LATER),
        (f"<message><sent xmlns='urn:xmpp:carbons:2'>{FORWARDED}</sent></message>", Hold.LATER),
        (f"<message><received xmlns='urn:xmpp:carbons:2'>{FORWARDED}</received></message>", Hold.NOW),
    ],
)
def test_when(xml: str, expected: Hold):
    assert when(read(xml)) is expected
