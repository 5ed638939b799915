from __future__ import annotations

import pytest

from plauder.wire import stanza_error
from plauder.wire.jid import InvalidJid, Jid
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import STANZAS, StanzaError
from plauder.wire.xml import E, parse, serialize

BODY = "{jabber:client}body"
RECEIPT = "{urn:xmpp:receipts}request"


def message(inner: bytes = b"<body>Oi!</body><request xmlns='urn:xmpp:receipts'/>", **attrs: str) -> Stanza:
    return Stanza("message", {"to": "bruno@localhost", "from": "ana@localhost/phone", "id": "1", **attrs}, inner)


def test_reading() -> None:
    stanza = message(type="chat")
    assert (stanza.id, stanza.type) == ("1", "chat")
    assert stanza.to == Jid.parse("bruno@localhost")
    assert stanza.sender == Jid.parse("ana@localhost/phone")
    assert [payload.tag for payload in stanza.payloads] == [BODY, RECEIPT]
    assert stanza.payloads is stanza.payloads
    assert stanza.text(BODY) == "Oi!"
    assert stanza.text(RECEIPT) == ""
    assert stanza.text("{urn:x}none") is None
    assert Stanza("iq", {}).to is Stanza("iq", {}).sender is None
    assert Stanza("iq", {}).payloads == []
    assert "Oi" not in repr(stanza)


def test_addresses_may_be_malformed() -> None:
    with pytest.raises(InvalidJid):
        _ = Stanza("message", {"to": "a@b@c"}).to
    with pytest.raises(InvalidJid):
        _ = Stanza("message", {"from": ""}).sender


def test_finding_parses_only_what_may_be_there() -> None:
    stanza = message()
    assert stanza.find("{urn:xmpp:hints}store") is None
    assert stanza.find("{urn:xmpp:hints}request") is None
    assert stanza._payloads is None
    found = stanza.find(RECEIPT)
    assert found is not None
    assert found.tag == RECEIPT


@pytest.mark.parametrize(
    "inner",
    [
        b"<request xmlns='urn:xmpp:receipts'/>",
        b"<x:request xmlns:x='urn:xmpp:receipts'/>",
        b"<request xmlns='urn&#58;xmpp:receipts'/>",
        b"<request xmlns='&#x75;rn:xmpp:receipts'/>",
        b'<![CDATA[]]><request xmlns="urn:xmpp:receipts" />',
    ],
)
def test_nothing_hides_from_being_found(inner: bytes) -> None:
    assert message(inner).find(RECEIPT) is not None


def test_prefixes_of_the_opening_tag_are_known_inside() -> None:
    stanza = Stanza("message", {"xmlns:r": "urn:xmpp:receipts"}, b"<r:request/>")
    assert stanza.find(RECEIPT) is not None
    assert stanza.to_bytes() == b"<message xmlns:r='urn:xmpp:receipts'><r:request/></message>"
    assert stanza.to_element()[0].tag == RECEIPT
    assert (
        stanza.with_payloads(stanza.payloads).to_bytes() == b"<message><request xmlns='urn:xmpp:receipts'/></message>"
    )


def test_building_and_writing() -> None:
    stanza = Stanza.build("message", {"to": Jid.parse("a@b"), "id": "<'&\n", "type": None}, E(BODY, None, "<&>"), None)
    data = stanza.to_bytes()
    assert data == b"<message to='a@b' id='&lt;&apos;&amp;&#10;'><body>&lt;&amp;&gt;</body></message>"
    assert parse(data).get("id") == "<'&\n"
    assert Stanza("presence", {}).to_bytes() == b"<presence/>"


@pytest.mark.parametrize(
    "stanza",
    [
        message(),
        message(b""),
        Stanza("iq", {}),
        Stanza("presence", {"xml:lang": "de", "id": "a>b'"}, b"x"),
        Stanza("message", {"xmlns:r": "urn:x'<>&", "id": "1"}, b"<r:a/>"),
        Stanza("message", {"id": " xmlns:x='y' xml:lang='z'"}, b"<a/>"),
        Stanza("iq", {}, b"<a/>"),
    ],
)
def test_bytes_and_back(stanza: Stanza) -> None:
    again = Stanza.from_bytes(stanza.to_bytes())
    assert (again.kind, again.attrs, again.inner) == (stanza.kind, stanza.attrs, stanza.inner)


@pytest.mark.parametrize("data", [b"", b"x", b"<other/>", b"<message", b"<message a='&'></message>", b"<iqs/>"])
def test_bytes_that_are_no_stanza(data: bytes) -> None:
    with pytest.raises(ValueError):
        Stanza.from_bytes(data)


def test_elements_and_back() -> None:
    stanza = message(**{"xml:lang": "de"})
    again = Stanza.from_element(stanza.to_element())
    assert (again.kind, again.attrs, again.inner) == (stanza.kind, stanza.attrs, stanza.inner)
    odd = E("{jabber:client}message", {"{urn:x}a": "1", "id": "2"})
    assert Stanza.from_element(odd).attrs == {"id": "2"}
    for other in (E("{urn:x}message"), E("message"), E("{jabber:client}other")):
        with pytest.raises(ValueError, match="not a stanza"):
            Stanza.from_element(other)


def test_changing_leaves_the_original() -> None:
    stanza = message(type="chat")
    before = stanza.to_bytes()
    changed = stanza.with_attrs(from_=Jid.parse("x@y"), lang="de", type=None, id="2")
    assert changed.attrs == {"to": "bruno@localhost", "from": "x@y", "id": "2", "xml:lang": "de"}
    assert stanza.adding(E("{urn:x}a")).inner == stanza.inner + b"<a xmlns='urn:x'/>"
    assert stanza.without(RECEIPT).inner == b"<body>Oi!</body>"
    assert stanza.without("{urn:x}a") is stanza
    assert message(b"<body/><y xmlns='urn:x'><a/></y>").without("{urn:x}a").inner.endswith(b"</y>")
    assert stanza.to_bytes() == before


def test_answering() -> None:
    iq = Stanza(
        "iq", {"type": "get", "id": "7", "to": "localhost", "from": "a@localhost/x"}, b"<ping xmlns='urn:xmpp:ping'/>"
    )
    assert iq.is_request
    result = iq.result(E("{urn:x}a"))
    assert result.attrs == {"type": "result", "id": "7", "to": "a@localhost/x", "from": "localhost"}
    assert not result.is_request
    assert result.error is None
    reply = iq.error_reply(StanzaError("cancel", "item-not-found", "no <such> thing", E("{urn:app}why")))
    assert reply.to_bytes() == (
        b"<iq type='error' id='7' to='a@localhost/x' from='localhost'><error type='cancel' code='404'>"
        b"<item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
        b"<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='en'>no &lt;such&gt; thing</text>"
        b"<why xmlns='urn:app'/></error></iq>"
    )
    error = reply.error
    assert error is not None
    assert (error.type, error.condition, error.text) == ("cancel", "item-not-found", "no <such> thing")
    assert error.app is not None


def test_errors_from_elsewhere() -> None:
    nothing = Stanza("iq", {"type": "error"})
    assert nothing.error is not None
    assert nothing.error.condition == "undefined-condition"
    odd = E(
        "{jabber:client}error", {"type": "strange"}, E(f"{{{STANZAS}}}gone", None, "xmpp:new@b"), E(f"{{{STANZAS}}}new")
    )
    error = StanzaError.from_element(odd)
    assert (error.type, error.condition, error.address) == ("cancel", "gone", "xmpp:new@b")
    assert b"<gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>xmpp:new@b</gone>" in serialize(error.element())


@pytest.mark.parametrize("condition", sorted(stanza_error.CONDITIONS))
def test_every_condition_survives(condition: str) -> None:
    error = StanzaError.of(condition)
    assert StanzaError.from_element(error.element()).condition == condition
    code = error.element().get("code")
    assert (code is None) == (condition == "policy-violation")


def test_conditions_are_those_of_the_rfc() -> None:
    assert len(stanza_error.CONDITIONS) == 23
    with pytest.raises(ValueError, match="not a stanza error"):
        StanzaError("cancel", "wrong")
    with pytest.raises(ValueError, match="not a stanza error"):
        StanzaError("wrong", "conflict")  # type: ignore[arg-type]
