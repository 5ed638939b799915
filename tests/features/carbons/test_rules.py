"""Which messages are copied, and what a copy looks like."""

from __future__ import annotations

import pytest

from plauder.features.carbons.rules import should_copy, wrap
from plauder.wire.jid import Jid
from plauder.wire.stanza import Stanza
from tests.features.fakes import read

BODY = "<body>Oi!</body>"


@pytest.mark.parametrize(
    ("xml", "sent", "received"),
    [
        (f"<message type='chat'>{BODY}</message>", "chat", "chat"),
        (f"<message>{BODY}</message>", "body", "body"),
        ("<message type='chat'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>", "chat", "chat"),
        ("<message><received xmlns='urn:xmpp:receipts' id='1'/></message>", "conversation", "conversation"),
        ("<message><encrypted xmlns='urn:xmpp:omemo:2'/></message>", "conversation", "conversation"),
        (f"<message type='chat'>{BODY}<x xmlns='http://jabber.org/protocol/muc#user'/></message>", "chat", None),
        (f"<message type='chat'>{BODY}<private xmlns='urn:xmpp:carbons:2'/></message>", None, None),
        (f"<message type='chat'>{BODY}<no-copy xmlns='urn:xmpp:hints'/></message>", None, None),
        (f"<message type='chat'>{BODY}<no-copy xmlns='urn:other'/></message>", "chat", "chat"),
        ("<message type='chat'><sent xmlns='urn:xmpp:carbons:2'/></message>", None, None),
        (f"<message type='groupchat'>{BODY}</message>", None, None),
        (f"<message type='headline'>{BODY}</message>", None, None),
        ("<message type='error'/>", None, None),
        ("<message><x xmlns='urn:x'/></message>", None, None),
    ],
)
def test_which(xml: str, sent: str | None, received: str | None):
    message = read(xml)
    for direction, expected in (("sent", sent), ("received", received)):
        copy = should_copy(message, direction)  # type: ignore[arg-type]
        assert (copy.why if copy.makes else None) == expected


def test_a_copy_holds_the_message_as_it_is():
    message = Stanza("message", {"from": "a@b/c", "to": "d@e", "type": "chat", "id": "7"}, b"<body>1 &lt; 2</body>")
    copy = wrap(message, "sent", Jid.parse("a@b"), stored=True)
    assert copy.attrs == {"from": "a@b", "type": "chat", "id": "7"}
    inside = copy.payloads[0].find("{urn:xmpp:forward:0}forwarded/{jabber:client}message")
    assert inside is not None
    assert dict(inside.attrib) == {"from": "a@b/c", "to": "d@e", "type": "chat", "id": "7"}
    assert inside.findtext("{jabber:client}body") == "1 < 2"


def test_prefixes_of_the_message_stay_bound():
    message = Stanza("message", {"to": "d@e", "type": "chat", "xmlns:p": "urn:p"}, b"<p:x/>")
    copy = wrap(message, "received", Jid.parse("d@e"), stored=False)
    assert copy.payloads[0].find(".//{urn:p}x") is not None
    assert copy.payloads[1].tag == "{urn:xmpp:hints}no-store"
