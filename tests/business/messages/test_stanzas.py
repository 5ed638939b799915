"""What people's elements mean, and that no one of them can break anything."""

from __future__ import annotations

import json
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plauder.business.messages import stanzas
from plauder.business.messages.ports import Payload
from plauder.wire.xml import E, parse_inner
from tests.business.messages.test_content import JSON


def said(xml: str) -> stanzas.Said:
    return stanzas.read(parse_inner(xml.encode()))


def business(value: Any, kind: str = "reply") -> stanzas.Said:
    return stanzas.read([E(f"{{{stanzas.BUSINESS}}}business", {"type": kind}, json.dumps(value))])


def test_texts_and_replies() -> None:
    found = said("<body>Oi</body><reply xmlns='urn:xmpp:reply:0' id='w1'/>")
    assert (found.kind, found.content, found.quoted) == ("text", {"body": "Oi"}, "w1")
    fallback = "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'><body start='0' end='5'/></fallback>"
    assert said(f"<body>&gt; hi\nyes</body>{fallback}").content == {"body": "yes"}
    broken = fallback.replace("end='5'", "end='99999999'")
    assert said(f"<body>yes</body>{broken}").content == {"body": "yes"}


def test_reactions_edits_and_revocations() -> None:
    reaction = said("<reactions xmlns='urn:xmpp:reactions:0' id='w1'><reaction>👍</reaction></reactions>")
    assert (reaction.kind, reaction.content, reaction.target) == ("reaction", {"emoji": "👍"}, "w1")
    assert said("<reactions xmlns='urn:xmpp:reactions:0' id='w1'/>").content == {"emoji": ""}
    edit = said("<body>new</body><replace xmlns='urn:xmpp:message-correct:0' id='m1'/>")
    assert (edit.kind, edit.target) == ("edit", "m1")
    assert edit.content["message"]["text"]["body"] == "new"
    assert said("<retract xmlns='urn:xmpp:message-retract:1' id='m1'/>").kind == "revoke"


def test_places() -> None:
    geoloc = "<geoloc xmlns='http://jabber.org/protocol/geoloc'><lat>52.5</lat><lon>13.4</lon></geoloc>"
    assert said(geoloc).content == {"latitude": 52.5, "longitude": 13.4}
    assert said("<body>geo:52.5,13.4</body>").kind == "location"
    assert said("<body>geo:99.5,13.4</body>").kind == "text"
    assert said(geoloc.replace("52.5", "north")).kind == ""


def test_files() -> None:
    share = """<file-sharing xmlns='urn:xmpp:sfs:0'><file xmlns='urn:xmpp:file:metadata:0'>
        <media-type>image/jpeg</media-type><name>a.jpg</name><desc>look</desc></file><sources>
        <encrypted xmlns='urn:xmpp:esfs:0' cipher='urn:xmpp:ciphers:aes-256-gcm-nopadding:0'>
        <key>%s</key><iv>%s</iv><sources xmlns='urn:xmpp:sfs:0'>
        <url-data xmlns='http://jabber.org/protocol/url-data' target='https://a.example/x'/></sources>
        </encrypted></sources></file-sharing>"""
    for key, iv in (("ab" * 32, "cd" * 12), ("q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=", "zc3Nzc3Nzc3Nzc3N")):
        found = said(share % (key, iv))
        assert found.file
        assert (found.kind, found.file.key, found.file.iv) == ("image", b"\xab" * 32, b"\xcd" * 12)
        assert (found.file.caption, found.file.name) == ("look", "a.jpg")
    assert said(share % ("ab", "cd")).kind == ""
    old = said(f"<body>aesgcm://a.example/x.png#{'cd' * 12}{'ab' * 32}</body>")
    assert old.file
    assert (old.kind, old.file.url, old.file.key) == ("image", "https://a.example/x.png", b"\xab" * 32)
    assert said("<body>see https://a.example/x.png</body>").kind == "text"


@pytest.mark.parametrize(
    ("value", "kind", "content"),
    [
        (
            {"type": "interactive", "interactive": {"type": "button_reply", "button_reply": {"id": "a", "title": "A"}}},
            "interactive",
            {"type": "button_reply", "button_reply": {"id": "a", "title": "A"}},
        ),
        (
            {"type": "list_reply", "list_reply": {"id": "a", "title": "A", "description": "d"}},
            "interactive",
            {"type": "list_reply", "list_reply": {"id": "a", "title": "A", "description": "d"}},
        ),
        ({"type": "button", "button": {"text": "Stop", "payload": "P"}}, "button", {"payload": "P", "text": "Stop"}),
        (
            {"type": "nfm_reply", "nfm_reply": {"response_json": {"a": 1}}},
            "interactive",
            {"type": "nfm_reply", "nfm_reply": {"name": "flow", "body": "Sent", "response_json": '{"a":1}'}},
        ),
        (
            {"type": "location", "location": {"latitude": 1, "longitude": 2}},
            "location",
            {"latitude": 1.0, "longitude": 2.0},
        ),
        (
            {
                "type": "order",
                "order": {"catalog_id": "c", "product_items": [{"product_retailer_id": "a", "quantity": 2}]},
            },
            "order",
            {
                "catalog_id": "c",
                "product_items": [{"product_retailer_id": "a", "quantity": 2, "item_price": 0, "currency": ""}],
            },
        ),
    ],
)
def test_answers_of_our_app(value: Any, kind: str, content: Any) -> None:
    found = business(value)
    assert (found.kind, found.content) == (kind, content)


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        {"type": "interactive"},
        {"type": "interactive", "interactive": {"type": "button_reply", "button_reply": {"title": "no id"}}},
        {"type": "system", "system": {"body": "I am the system"}},
        {"type": "order", "order": {"product_items": [{"quantity": -1}]}},
        {"type": "location", "location": {"latitude": 1e308, "longitude": 0}},
        {"type": "location", "location": {"latitude": "NaN", "longitude": 0}},
    ],
)
def test_what_the_app_would_not_say_is_unsupported(value: Any) -> None:
    assert business(value).kind == "unsupported"


def test_wishes_about_marketing_are_no_messages() -> None:
    found = business({"type": "user_preferences", "value": "stop"}, "user_preferences")
    assert (found.kind, found.marketing) == ("", "stop")


def test_receipts_and_markers() -> None:
    xml = "<received xmlns='urn:xmpp:receipts' id='1'/><displayed xmlns='urn:xmpp:chat-markers:0' id='2'/>"
    found = said(xml + "<received xmlns='urn:xmpp:receipts'/>")
    assert (list(found.received), list(found.displayed), found.kind) == (["1"], ["2"], "")
    assert len(said("<received xmlns='urn:xmpp:receipts' id='1'/>" * 500).received) == stanzas.MAX_IDS


def test_what_goes_out() -> None:
    content = {"type": "button", "body": {"text": "Coffee?"}, "action": {"buttons": []}}
    payload = Payload(
        "w1", "interactive", "Coffee?", {"type": "interactive", "interactive": content}, quoted="m1", quoted_by="49"
    )
    elements = stanzas.content_of(payload, lambda digits: f"{digits}@a.example")
    body, shown, reply = elements
    assert body.text == "Coffee?"
    assert json.loads(shown.text or "") == {"type": "interactive", "interactive": content}
    assert reply.attrib == {"id": "m1", "to": "49@a.example"}
    reaction = Payload("w2", "reaction", "👍", None, target="m1", emoji="👍")
    (element,) = stanzas.content_of(reaction, str)
    assert element.get("id") == "m1"


NAMES = st.sampled_from(
    [
        f"{{{namespace}}}{name}"
        for namespace in (stanzas.CLIENT, stanzas.BUSINESS, stanzas.SFS, stanzas.ESFS, stanzas.FILE, stanzas.GEOLOC)
        for name in ("body", "business", "file-sharing", "file", "sources", "encrypted", "key", "iv", "geoloc", "lat")
    ]
    + [f"{{{stanzas.REACTIONS}}}reactions", f"{{{stanzas.FALLBACK}}}fallback", f"{{{stanzas.REPLY}}}reply"]
)


@st.composite
def elements(draw: st.DrawFn, depth: int = 3) -> Element:
    element = Element(
        draw(NAMES), draw(st.dictionaries(st.sampled_from(["id", "type", "start", "end", "for"]), st.text(max_size=8)))
    )
    element.text = draw(st.none() | st.text(max_size=30) | JSON.map(json.dumps))
    if depth:
        element.extend(draw(st.lists(elements(depth - 1), max_size=2)))
    return element


@given(st.lists(elements(), max_size=4))
def test_nothing_a_person_sends_breaks_the_reader(found: list[Element]) -> None:
    said = stanzas.read(found)
    json.dumps(said.content)
    assert not said.kind or said.content is not None
