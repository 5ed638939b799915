from __future__ import annotations

import pytest

from plauder.wire import scram
from plauder.wire.sasl import (
    MECHANISMS,
    AskKeys,
    AskPassword,
    AskTokens,
    Challenge,
    Offer,
    Proved,
    ServerExchange,
    Token,
    authorized,
    choose,
    offered,
    offered_for_tokens,
    parse_plain,
    parse_token_message,
    plain,
    token_answer,
    token_message,
)
from plauder.wire.sasl_error import SaslFailure, from_base64, to_base64

CB = {"tls-exporter": b"\x01" * 32}
SALT = b"0123456789abcdef"


def offer(bindings: dict[str, bytes] | None = None) -> Offer:
    bound = CB if bindings is None else bindings
    return Offer(offered(scram.HASHES, bound, plain=True), bound, offered_for_tokens(bound))


def test_what_is_offered_depends_on_the_channel() -> None:
    assert offered(("sha-1", "sha-256"), (), plain=False) == ("SCRAM-SHA-256", "SCRAM-SHA-1")
    assert offered(("sha-256",), CB, plain=True) == ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN")
    assert offered_for_tokens(()) == ("HT-SHA-256-NONE",)
    assert offered_for_tokens(CB) == ("HT-SHA-256-NONE", "HT-SHA-256-EXPR")


@pytest.mark.parametrize("name", [name for name in MECHANISMS if name.startswith("SCRAM")])
def test_scram_end_to_end(name: str) -> None:
    mechanism = MECHANISMS[name]
    given = offer()
    client = scram.Client(
        mechanism.hash_name,
        "ana",
        "pw",
        nonce="abc",
        binding=("tls-exporter", CB["tls-exporter"]) if mechanism.plus else None,
        mechanisms=given.mechanisms,
        types=given.bindings,
    )
    exchange = ServerExchange(name, given, nonce="def")
    assert exchange.mechanism == name
    assert exchange.receive(None) == Challenge(b"")
    assert exchange.receive(client.first()) == AskKeys("ana", mechanism.hash_name)
    keys = scram.keys_of(mechanism.hash_name, scram.salted(mechanism.hash_name, "pw", SALT, 4096))
    challenge = exchange.keys(SALT, 4096, [scram.DeviceKeys("phone", *keys)])
    proved = exchange.receive(client.final(challenge.data))
    assert isinstance(proved, Proved)
    assert (proved.username, proved.authzid, proved.device, proved.token) == ("ana", "", "phone", None)
    assert proved.data is not None
    client.verify(proved.data)


def test_plain_end_to_end() -> None:
    exchange = ServerExchange("PLAIN", offer(), nonce="x")
    assert exchange.receive(plain("Ana", "pw")) == AskPassword("ana", "pw")
    assert exchange.password("phone") == Proved("ana", "", "phone", None)
    exchange = ServerExchange("PLAIN", offer(), nonce="x")
    exchange.receive(plain("ana", "pw"))
    with pytest.raises(SaslFailure, match="not-authorized"):
        exchange.password(None)


def test_a_whole_address_as_the_user_name_is_passed_on() -> None:
    exchange = ServerExchange("PLAIN", offer(), nonce="x")
    assert exchange.receive(plain("Ana@LOCALHOST", "pw")) == AskPassword("ana@localhost", "pw")
    for name in ("ana@localhost/phone", "localhost/a@b", "@localhost", "a@b@c"):
        with pytest.raises(SaslFailure, match="not-authorized"):
            ServerExchange("PLAIN", offer(), nonce="x").receive(plain(name, "pw"))


@pytest.mark.parametrize(("name", "binding"), [("HT-SHA-256-NONE", b""), ("HT-SHA-256-EXPR", CB["tls-exporter"])])
def test_tokens_end_to_end(name: str, binding: bytes) -> None:
    exchange = ServerExchange(name, offer(), nonce="x")
    assert exchange.receive(token_message("ana", b"secret", binding)) == AskTokens("ana", name)
    proved = exchange.tokens([Token("old", b"other"), Token("phone", b"secret")])
    assert proved == Proved("ana", "", "phone", token_answer(b"secret", binding), b"secret")


@pytest.mark.parametrize("tokens", [[], [Token("d", b"other")]])
def test_wrong_tokens(tokens: list[Token]) -> None:
    exchange = ServerExchange("HT-SHA-256-NONE", offer(), nonce="x")
    exchange.receive(token_message("ana", b"secret"))
    with pytest.raises(SaslFailure, match="not-authorized"):
        exchange.tokens(tokens)


def test_a_token_of_another_channel_is_refused() -> None:
    exchange = ServerExchange("HT-SHA-256-EXPR", offer(), nonce="x")
    exchange.receive(token_message("ana", b"secret", b"another channel"))
    with pytest.raises(SaslFailure, match="not-authorized"):
        exchange.tokens([Token("phone", b"secret")])


@pytest.mark.parametrize(
    "name", ["", "ANONYMOUS", "EXTERNAL", "DIGEST-MD5", "scram-sha-1", "SCRAM-SHA-1-PLUS", "HT-SHA-256-EXPR"]
)
def test_mechanisms_that_were_not_offered(name: str) -> None:
    with pytest.raises(SaslFailure, match="invalid-mechanism"):
        ServerExchange(name, offer({}), nonce="x")


def test_an_unasked_response_is_refused() -> None:
    exchange = ServerExchange("SCRAM-SHA-256", offer(), nonce="x")
    exchange.receive(b"n,,n=a,r=abc")
    with pytest.raises(SaslFailure, match="malformed-request"):
        exchange.receive(b"c=biws,r=abcx,p=AAAA")


@pytest.mark.parametrize("authzid", ["", "ana@localhost", "ANA@Localhost"])
def test_acting_as_oneself(authzid: str) -> None:
    assert str(authorized(Proved("ana", authzid, "", None), "localhost")) == "ana@localhost"


@pytest.mark.parametrize(
    "authzid", ["bruno@localhost", "ana", "ana@localhost/phone", "ana@other", "localhost", "@", "a@b@c", "\x00"]
)
def test_acting_as_somebody_else_is_refused(authzid: str) -> None:
    with pytest.raises(SaslFailure, match="invalid-authzid"):
        authorized(Proved("ana", authzid, "", None), "localhost")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"\0\0",
        b"\0a\0",
        b"\0\0b",
        b"a\0b",
        b"a\0b\0c\0d",
        b"\0\xff\0b",
        b"\0a\0" + b"b" * 10_000,
        b"\0a b\0c",
    ],
)
def test_malformed_plain(data: bytes) -> None:
    with pytest.raises(SaslFailure):
        parse_plain(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"a",
        b"a\0",
        b"\0" + bytes(32),
        b"a\0" + bytes(31),
        b"a\0" + bytes(33),
        b"\xff\0" + bytes(32),
        b"a" * 2000 + b"\0" + bytes(32),
    ],
)
def test_malformed_token_messages(data: bytes) -> None:
    with pytest.raises(SaslFailure):
        parse_token_message(data)


def test_base64_of_sasl() -> None:
    assert from_base64("=") == from_base64("") == from_base64(None) == b""
    assert from_base64("\n  YWI=\n") == b"ab"
    assert (to_base64(b""), to_base64(b"ab")) == ("=", "YWI=")
    for bad in ("a", "YW I=", "YWI", "-_-_", "é", "===="):
        with pytest.raises(SaslFailure, match="incorrect-encoding"):
            from_base64(bad)


def test_what_a_client_chooses() -> None:
    def name(*mechanisms: str, **more: object) -> str | None:
        chosen = choose(mechanisms, **more)  # type: ignore[arg-type]
        return chosen and chosen.name

    assert name("PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256") == "SCRAM-SHA-256"
    assert name("SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", bindings=["tls-exporter"]) == "SCRAM-SHA-256-PLUS"
    assert name("SCRAM-SHA-256-PLUS") is None
    assert name("PLAIN") is None
    assert name("PLAIN", plain=True) == "PLAIN"


def test_conditions_are_those_of_the_rfc() -> None:
    with pytest.raises(ValueError, match="not a SASL error"):
        SaslFailure("wrong")
