from __future__ import annotations

from datetime import UTC, datetime

import pytest

from plauder.wire import negotiation as n
from plauder.wire import sm
from plauder.wire.sasl_error import SaslFailure
from plauder.wire.xml import E, parse, serialize


def test_features() -> None:
    assert serialize(n.starttls_feature(required=True)) == (
        b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>"
    )
    assert serialize(n.sasl_feature(["A", "B"])) == (
        b"<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"
        b"<mechanism>A</mechanism><mechanism>B</mechanism></mechanisms>"
    )
    assert serialize(n.channel_binding_feature(["tls-exporter"])) == (
        b"<sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'>"
        b"<channel-binding type='tls-exporter'/></sasl-channel-binding>"
    )
    assert serialize(n.bind_feature()) == b"<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"
    assert (
        serialize(n.session_feature()) == b"<session xmlns='urn:ietf:params:xml:ns:xmpp-session'><optional/></session>"
    )
    assert serialize(n.sasl2_feature(["A"], bind_features=["urn:xmpp:sm:3"], token_mechanisms=["HT-SHA-256-NONE"])) == (
        b"<authentication xmlns='urn:xmpp:sasl:2'><mechanism>A</mechanism><inline>"
        b"<bind xmlns='urn:xmpp:bind:0'><inline><feature var='urn:xmpp:sm:3'/></inline></bind>"
        b"<sm xmlns='urn:xmpp:sm:3'/>"
        b"<fast xmlns='urn:xmpp:fast:0'><mechanism>HT-SHA-256-NONE</mechanism></fast></inline></authentication>"
    )


def test_the_first_sasl_profile() -> None:
    auth = f"{{{n.SASL}}}auth"
    assert n.parse_auth(E(auth, {"mechanism": "PLAIN"}, "AGEAYg==")) == n.Auth("PLAIN", b"\0a\0b")
    assert n.parse_auth(E(auth, {"mechanism": "PLAIN"}, "=")) == n.Auth("PLAIN", b"")
    assert n.parse_auth(E(auth, {"mechanism": "PLAIN"})) == n.Auth("PLAIN", None)
    assert n.parse_auth(E(auth)) == n.Auth("", None)
    assert n.parse_response(E(f"{{{n.SASL}}}response")) == b""
    with pytest.raises(SaslFailure, match="incorrect-encoding"):
        n.parse_auth(E(auth, {"mechanism": "PLAIN"}, "###"))
    assert serialize(n.challenge(b"a")) == b"<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>YQ==</challenge>"
    assert serialize(n.success(None)) == b"<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"
    assert serialize(n.success(b"")) == b"<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>=</success>"
    assert serialize(n.failure(SaslFailure("not-authorized"))) == (
        b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>"
    )


def test_everything_in_one_authenticate() -> None:
    request = n.parse_authenticate(
        parse(
            b"<authenticate xmlns='urn:xmpp:sasl:2' mechanism='SCRAM-SHA-1'>"
            b"<initial-response>YWI=</initial-response>"
            b"<user-agent id='d4565fa7-4d72-4749-b3d3-740edbf87770'>"
            b"<software>App</software><device>Phone</device></user-agent>"
            b"<bind xmlns='urn:xmpp:bind:0'><tag>App</tag><enable xmlns='urn:xmpp:carbons:2'/></bind>"
            b"<resume xmlns='urn:xmpp:sm:3' previd='x' h='5'/>"
            b"<fast xmlns='urn:xmpp:fast:0' count='3' invalidate='true'/>"
            b"<request-token xmlns='urn:xmpp:fast:0' mechanism='HT-SHA-256-NONE'/>"
            b"<other xmlns='urn:other'/></authenticate>"
        )
    )
    assert (request.mechanism, request.initial) == ("SCRAM-SHA-1", b"ab")
    assert request.user_agent == n.UserAgent("d4565fa7-4d72-4749-b3d3-740edbf87770", "App", "Phone")
    assert request.bind is not None
    assert request.bind.tag == "App"
    assert request.bind.find("{urn:xmpp:carbons:2}enable") is not None
    assert request.bind.find("{urn:xmpp:csi:0}inactive") is None
    assert request.resume == sm.Resume("x", 5)
    assert request.fast == n.FastUse(3, invalidate=True)
    assert request.request_token == "HT-SHA-256-NONE"
    assert [other.tag for other in request.others] == ["{urn:other}other"]


def test_a_token_used_without_a_count() -> None:
    request = n.parse_authenticate(E(f"{{{n.SASL2}}}authenticate", None, E(f"{{{n.FAST}}}fast")))
    assert request.fast == n.FastUse(None, invalidate=False)


def test_a_bare_authenticate() -> None:
    request = n.parse_authenticate(E(f"{{{n.SASL2}}}authenticate", {"mechanism": "PLAIN"}))
    assert request == n.Authenticate("PLAIN", None, others=[])
    empty = n.parse_authenticate(
        E(f"{{{n.SASL2}}}authenticate", None, E("initial-response"), E("user-agent", {"id": "x y"}))
    )
    assert (empty.initial, empty.user_agent) == (b"", n.UserAgent(None, None, None))


@pytest.mark.parametrize(
    "child",
    [
        E("initial-response", None, "###"),
        E("{urn:xmpp:sm:3}resume", {"previd": "a", "h": "x"}),
        E("{urn:xmpp:sm:3}resume", {"h": "1"}),
        E("{urn:xmpp:fast:0}fast", {"count": "-1"}),
        E("{urn:xmpp:fast:0}fast", {"count": "9" * 30}),
    ],
)
def test_malformed_parts_are_refused(child: object) -> None:
    with pytest.raises(SaslFailure):
        n.parse_authenticate(E(f"{{{n.SASL2}}}authenticate", {"mechanism": "PLAIN"}, child))  # type: ignore[arg-type]


def test_texts_of_a_user_agent_are_bounded() -> None:
    agent = E("user-agent", None, E("software", None, "x" * 100_000))
    request = n.parse_authenticate(E(f"{{{n.SASL2}}}authenticate", None, agent))
    assert request.user_agent is not None
    assert request.user_agent.software == "x" * 128


def test_success_of_sasl2() -> None:
    token = n.fast_token("t", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert serialize(n.success2("a@b/c", b"v=x", bound=[sm.enabled("i")], token=token)) == (
        b"<success xmlns='urn:xmpp:sasl:2'><additional-data>dj14</additional-data>"
        b"<authorization-identifier>a@b/c</authorization-identifier>"
        b"<bound xmlns='urn:xmpp:bind:0'><enabled xmlns='urn:xmpp:sm:3' id='i' resume='true'/></bound>"
        b"<token xmlns='urn:xmpp:fast:0' token='t' expiry='2026-01-02T03:04:05Z'/></success>"
    )
    assert serialize(n.success2("a@b", None, resumption=sm.resumed("p", 1))) == (
        b"<success xmlns='urn:xmpp:sasl:2'><authorization-identifier>a@b</authorization-identifier>"
        b"<resumed xmlns='urn:xmpp:sm:3' previd='p' h='1'/></success>"
    )
    assert serialize(n.failure(SaslFailure("aborted", "why"), namespace=n.SASL2)) == (
        b"<failure xmlns='urn:xmpp:sasl:2'>"
        b"<aborted xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/><text>why</text></failure>"
    )
    assert serialize(n.challenge(b"a", namespace=n.SASL2)) == b"<challenge xmlns='urn:xmpp:sasl:2'>YQ==</challenge>"


def test_binding_a_resource() -> None:
    bind = f"{{{n.BIND}}}bind"
    assert n.wanted_resource(E(bind)) is None
    assert n.wanted_resource(E(bind, None, E("resource", None, " phone "))) == "phone"
    assert serialize(n.bound("a@b/c")) == b"<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>a@b/c</jid></bind>"
