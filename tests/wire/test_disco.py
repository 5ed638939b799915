"""Capability hashes agree with the documents' examples and refuse what could be forged."""

from __future__ import annotations

import pytest

from plauder.wire.disco import Identity, Info, MalformedInfo, caps_0115, caps_0390
from plauder.wire.forms import FORM_TYPE, Field, Form

EXODUS = Info(
    [Identity("client", "pc", name="Exodus 0.9.1")],
    [
        "http://jabber.org/protocol/caps",
        "http://jabber.org/protocol/disco#info",
        "http://jabber.org/protocol/disco#items",
        "http://jabber.org/protocol/muc",
    ],
)
SOFTWARE = Form(
    "result",
    [
        Field(FORM_TYPE, ("urn:xmpp:dataforms:softwareinfo",), "hidden"),
        Field("ip_version", ("ipv4", "ipv6"), "text-multi"),
        Field("os", ("Mac",)),
        Field("os_version", ("10.5.1",)),
        Field("software", ("Psi",)),
        Field("software_version", ("0.11",)),
    ],
)
PSI = Info(
    [Identity("client", "pc", "en", "Psi 0.11"), Identity("client", "pc", "el", "Ψ 0.11")],
    EXODUS.features,
    [SOFTWARE],
)
BOMBUS = Info(
    [Identity("client", "mobile", name="BombusMod")],
    [
        "http://jabber.org/protocol/si",
        "http://jabber.org/protocol/bytestreams",
        "http://jabber.org/protocol/chatstates",
        "http://jabber.org/protocol/disco#info",
        "http://jabber.org/protocol/disco#items",
        "urn:xmpp:ping",
        "jabber:iq:time",
        "jabber:iq:privacy",
        "jabber:iq:version",
        "http://jabber.org/protocol/rosterx",
        "urn:xmpp:time",
        "jabber:x:oob",
        "http://jabber.org/protocol/ibb",
        "http://jabber.org/protocol/si/profile/file-transfer",
        "urn:xmpp:receipts",
        "jabber:iq:roster",
        "jabber:iq:last",
    ],
)


def test_the_examples_of_xep_0115():
    assert caps_0115(EXODUS) == "QgayPKawpkPSDYmwT/WM94uAlu0="
    assert caps_0115(PSI) == "q07IKJEyjvHSyhy//CH0CxmKi8w="


def test_the_example_of_xep_0390():
    assert caps_0390(BOMBUS, "sha-256") == "kzBZbkqJ3ADrj7v08reD1qcWUwNGHaidNUgD7nHpiw8="
    assert caps_0390(BOMBUS, "sha3-256") == "79mdYAfU9rEdTOcWDO7UEAt6E56SUzk/g6TnqUeuD9Q="


def test_an_answer_survives_the_wire():
    parsed = Info.parse(PSI.element("node#ver"))
    assert caps_0115(parsed) == caps_0115(PSI)
    assert caps_0390(parsed) == caps_0390(PSI)


@pytest.mark.parametrize(
    "info",
    [
        Info(EXODUS.identities * 2, EXODUS.features),
        Info(EXODUS.identities, ["a", "a"]),
        Info(EXODUS.identities, EXODUS.features, [SOFTWARE, SOFTWARE]),
        Info([Identity("client", "pc", name="a<b")], []),
        Info([], [], [Form("result", [Field(FORM_TYPE, ("a", "b"), "hidden")])]),
    ],
)
def test_what_could_be_forged_is_refused(info: Info):
    with pytest.raises(MalformedInfo):
        caps_0115(info)


def test_a_form_without_a_hidden_type_is_left_out():
    plain = Form("result", [Field(FORM_TYPE, ("x",)), Field("a", ("b",))])
    assert caps_0115(Info(EXODUS.identities, EXODUS.features, [plain])) == caps_0115(EXODUS)


def test_wanted_events_are_the_notify_features():
    assert Info(features=["urn:a+notify", "urn:b", "+notify"]).notified() == {"urn:a", ""}
