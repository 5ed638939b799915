import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plauder.wire.jid import InvalidJid, Jid, prepare_password


@pytest.mark.parametrize(
    ("text", "local", "domain", "resource"),
    [
        ("juliet@example.com", "juliet", "example.com", ""),
        ("juliet@example.com/foo", "juliet", "example.com", "foo"),
        ("juliet@example.com/foo bar", "juliet", "example.com", "foo bar"),
        ("juliet@example.com/foo@bar", "juliet", "example.com", "foo@bar"),
        ("foo\\20bar@example.com", "foo\\20bar", "example.com", ""),
        ("fussball@example.com", "fussball", "example.com", ""),
        ("fu\u00dfball@example.com", "fu\u00dfball", "example.com", ""),
        ("\u03c0@example.com", "\u03c0", "example.com", ""),
        ("\u03a3@example.com/foo", "\u03c3", "example.com", "foo"),
        ("king@example.com/\u265a", "king", "example.com", "\u265a"),
        ("example.com", "", "example.com", ""),
        ("example.com/foobar", "", "example.com", "foobar"),
        ("a.example.com/b@example.net", "", "a.example.com", "b@example.net"),
        ("4915112345678@localhost/phone", "4915112345678", "localhost", "phone"),
        ("Juliet@EXAMPLE.com/Balcony", "juliet", "example.com", "Balcony"),
        ("a@example.com.", "a", "example.com", ""),
        ("a@192.0.2.1", "a", "192.0.2.1", ""),
        ("a@[2001:DB8::1]/x", "a", "[2001:db8::1]", "x"),
        ("a@B\u00fccher.example", "a", "b\u00fccher.example", ""),
        ("a@xn--bcher-kva.example", "a", "b\u00fccher.example", ""),
        ("a@example.com//", "a", "example.com", "/"),
    ],
)
def test_the_parts_of_valid_addresses(text: str, local: str, domain: str, resource: str) -> None:
    # The first thirteen are the examples of RFC 7622 §3.5 (one with a case-mapped sigma).
    jid = Jid.parse(text)
    assert (jid.local, jid.domain, jid.resource) == (local, domain, resource)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "/",
        "@/",
        '"juliet"@example.com',
        "foo bar@example.com",
        "juliet@example.com/",
        "@example.com/",
        "@example.com",
        "henry\u2163@example.com",
        "\u265a@example.com",
        "juliet@",
        "juliet@/foo",
        "a@b@c",
        "a:b@example.com",
        "<a>@example.com",
        "a@exa mple.com",
        "a@example..com",
        "a@-example.com",
        "a@example.com/\x00",
        "a\x00@example.com",
        "a@example.com/\n",
        "a@[::1",
        "a@[fe80::1%eth0]",
        "a@[]",
        "a@xn--\u00e9",
        "a@xn--zzzzzzzz99999999",
        "a@" + "b" * 64 + ".example",
        "a@" + "b." * 127 + "example",
        "a" * 1024 + "@example.com",
        "\u00e9" * 512 + "@example.com",
        "a@example.com/" + "r" * 1024,
        "a@example.com/\ud800",
        "\ud800@example.com",
        "a@\ud800.com",
        "a" * 1_000_000,
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidJid):
        Jid.parse(text)


def test_longest_parts_are_accepted() -> None:
    jid = Jid.parse("a" * 1023 + "@example.com/" + "\u00e9" * 511)
    assert len(jid.local) == 1023


def test_equal_addresses_are_one() -> None:
    one, two = Jid.parse("A@Example.com/r"), Jid.of("a", "example.com", "r")
    assert one == two
    assert hash(one) == hash(two)
    assert len({one, two}) == 1
    assert one != Jid.parse("a@example.com/R")
    assert one != "a@example.com/r"
    assert Jid.parse("a@a.com") < Jid.parse("b@a.com")


def test_bare_and_full() -> None:
    jid = Jid.parse("a@example.com/r")
    assert jid.bare == Jid.parse("a@example.com")
    assert jid.bare.bare is jid.bare
    assert jid.bare.is_bare
    assert not jid.is_bare
    assert jid.bare.with_resource("r") == jid
    assert str(jid.domain_jid) == "example.com"
    own = jid.domain_jid
    assert own.domain_jid is own
    with pytest.raises(InvalidJid):
        jid.with_resource("")


def test_it_cannot_be_changed() -> None:
    jid = Jid.parse("a@example.com")
    with pytest.raises(AttributeError):
        jid.local = "b"
    with pytest.raises(AttributeError):
        del jid.local
    with pytest.raises(TypeError):
        Jid()
    assert copy.deepcopy(jid) == pickle.loads(pickle.dumps(jid)) == jid
    assert repr(jid) == "Jid('a@example.com')"


@given(st.text(max_size=40))
def test_parsing_is_idempotent(text: str) -> None:
    try:
        jid = Jid.parse(text)
    except InvalidJid:
        return
    assert Jid.parse(str(jid)) == jid
    assert (Jid.parse(str(jid)).local, Jid.parse(str(jid)).resource) == (jid.local, jid.resource)


def test_passwords_are_normalised() -> None:
    assert prepare_password("correct horse") == "correct horse"
    assert prepare_password("pass\u00a0word") == "pass word"  # RFC 8265 §4.2.2: other spaces become U+0020
    for bad in ("", "a\x00b", "a\ud800", "x" * 100_000 + "\u00e9"):
        with pytest.raises(InvalidJid):
            prepare_password(bad)
