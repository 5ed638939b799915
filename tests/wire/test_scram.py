from __future__ import annotations

from base64 import b64decode, b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plauder.wire.sasl_error import SaslFailure
from plauder.wire.scram import (
    HASHES,
    Client,
    DeviceKeys,
    Server,
    downgrade_hash,
    fake_salt,
    keys_of,
    parse_client_first,
    salted,
)

SALT = b"0123456789abcdef"
CB = {"tls-exporter": b"\x01" * 32, "tls-server-end-point": b"\x02" * 32}


def device(
    name: str, password: str, hash_name: str = "sha-256", salt: bytes = SALT, iterations: int = 4096
) -> DeviceKeys:
    return DeviceKeys(name, *keys_of(hash_name, salted(hash_name, password, salt, iterations)))


@pytest.mark.parametrize(
    ("hash_name", "client_nonce", "server_nonce", "salt", "proof", "verifier"),
    [
        (  # RFC 5802 §5
            "sha-1",
            "fyko+d2lbbFgONRv9qkxdawL",
            "3rfcNHYJY1ZVvWVs7j",
            "QSXCR+Q6sek8bf92",
            "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
            "rmF9pqV8S7suAoZWja4dJRkFsKQ=",
        ),
        (  # RFC 7677 §3
            "sha-256",
            "rOprNGfwEbeRWgbNEkqO",
            "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
            "W22ZaJ0SNY7soEsUEjb6gQ==",
            "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
            "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
        ),
    ],
)
def test_the_exchanges_of_the_rfcs(
    hash_name: str, client_nonce: str, server_nonce: str, salt: str, proof: str, verifier: str
) -> None:
    client = Client(hash_name, "user", "pencil", nonce=client_nonce)
    server = Server(hash_name, nonce=server_nonce, plus=False, bindings={})
    assert client.first() == f"n,,n=user,r={client_nonce}".encode()
    assert server.first(client.first()).username == "user"
    challenge = server.challenge(b64decode(salt), 4096)
    assert challenge == f"r={client_nonce}{server_nonce},s={salt},i=4096".encode()
    final = client.final(challenge)
    assert final == f"c=biws,r={client_nonce}{server_nonce},p={proof}".encode()
    matched, answer = server.final(final, [device("d", "pencil", hash_name, b64decode(salt))])
    assert (matched, answer) == ("d", f"v={verifier}".encode())
    client.verify(answer)


def test_the_downgrade_hash_of_the_xep() -> None:
    # XEP-0474 §6
    mechanisms, types = ["SCRAM-SHA-1-PLUS", "SCRAM-SHA-1"], ["tls-server-end-point", "tls-exporter"]
    assert downgrade_hash("sha-1", mechanisms, types) == "G6k/rBLDqgOhRRaCuuatSDFkJ08="


@given(
    st.sampled_from(sorted(HASHES)),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20),
    st.sampled_from([None, "tls-exporter", "tls-server-end-point"]),
    st.booleans(),
)
@settings(max_examples=20, deadline=None)
def test_client_core_against_server_core(hash_name: str, username: str, binding: str | None, protect: bool) -> None:
    offered = ["SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"]
    downgrade = downgrade_hash(hash_name, offered, CB) if protect else None
    client = Client(
        hash_name,
        username,
        "pass word é",
        nonce="abc",
        binding=None if binding is None else (binding, CB[binding]),
        mechanisms=offered,
        types=CB,
    )
    server = Server(hash_name, nonce="def", plus=binding is not None, bindings=CB, downgrade=downgrade)
    assert server.first(client.first()).username == username
    keys = [device(name, name, hash_name) for name in ("x", "y", "pass word é", "z")]
    matched, answer = server.final(client.final(server.challenge(SALT, 4096)), keys)
    assert matched == "pass word é"
    client.verify(answer)


def exchange(
    *,
    password: str = "pw",
    plus: bool = False,
    client_binding: tuple[str, bytes] | None = None,
    able: bool = False,
    downgrade: str | None = None,
    devices: list[DeviceKeys] | None = None,
) -> str:
    client = Client("sha-256", "a", password, nonce="abc", binding=client_binding, able=able)
    server = Server("sha-256", nonce="def", plus=plus, bindings=CB, downgrade=downgrade)
    server.first(client.first())
    final = client.final(server.challenge(SALT, 4096))
    return server.final(final, [device("d", "pw")] if devices is None else devices)[0]


@pytest.mark.parametrize(
    ("wrong", "condition"),
    [
        ({"password": "px"}, "not-authorized"),
        ({"devices": []}, "not-authorized"),
        ({"able": True}, "not-authorized"),  # somebody hid our -PLUS mechanisms
        ({"plus": True}, "malformed-request"),
        ({"client_binding": ("tls-exporter", CB["tls-exporter"])}, "malformed-request"),
        ({"plus": True, "client_binding": ("tls-unique", b"x")}, "malformed-request"),
        ({"plus": True, "client_binding": ("tls-exporter", b"other channel")}, "not-authorized"),
        ({"downgrade": "AAAA"}, "not-authorized"),
    ],
)
def test_what_is_refused(wrong: dict[str, object], condition: str) -> None:
    assert exchange() == "d"
    with pytest.raises(SaslFailure) as refused:
        exchange(**wrong)  # type: ignore[arg-type]
    assert refused.value.condition == condition


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"n",
        b"n,,",
        b"n,,n=a",
        b"n,,r=x,n=a",
        b"n,,n=a,r=",
        b"n,,n=,r=x",
        b"n,,n=a=b,r=x",
        b"n,,n=a,r=x\x00",
        b"n,,n=a,r=\xff",
        b"n,,m=1,n=a,r=x",
        b"n,,n=a,r=x,m=1",
        b"n,,n=a,n=b,r=x",
        b"n,b=1,n=a,r=x",
        b"z,,n=a,r=x",
        b"p=,,n=a,r=x",
        b"p=a b,,n=a,r=x",
        b"n,,n=a,r=" + b"x" * 5000,
        "n,,n=a,r=é".encode(),
    ],
)
def test_malformed_first_messages(data: bytes) -> None:
    with pytest.raises(SaslFailure, match="malformed-request"):
        parse_client_first(data)


def test_names_are_unescaped() -> None:
    first = parse_client_first(b"n,a=x=2Cy,n=a=2Cb=3Dc,r=x,z=ext")
    assert (first.username, first.authzid, first.gs2) == ("a,b=c", "x,y", "n,a=x=2Cy,")


@pytest.mark.parametrize(
    "final",
    [
        b"",
        b"c=biws,r=abcdef",
        b"c=biws,r=abcdef,p=",
        b"c=biws,r=abcdef,p=!!!!",
        b"c=biws,r=abcdef,p=AAAA",
        b"c=biws,r=abcdeg,p=" + b64encode(bytes(32)),
        b"c=eSws,r=abcdef,p=" + b64encode(bytes(32)),
        b"c=biws,r=abcdef,p=" + b64encode(bytes(32)),
        b"c=biws,r=abcdef,p=" + b64encode(bytes(64)),
        b"r=abcdef,c=biws,p=" + b64encode(bytes(32)),
        b"\xff\xfe",
        b"c=biws,r=abcdef,p=" + b"A" * 10_000,
    ],
)
def test_malformed_final_messages(final: bytes) -> None:
    server = Server("sha-256", nonce="def", plus=False, bindings={})
    server.first(b"n,,n=a,r=abc")
    server.challenge(SALT, 4096)
    with pytest.raises(SaslFailure):
        server.final(final, [device("d", "pw")])


@given(st.binary(max_size=80))
@settings(max_examples=50)
def test_any_bytes_at_all(noise: bytes) -> None:
    server = Server("sha-256", nonce="def", plus=False, bindings={})
    server.first(b"n,,n=a,r=abc")
    server.challenge(SALT, 4096)
    with pytest.raises(SaslFailure):
        server.final(noise, [device("d", "pw")])


@pytest.mark.parametrize(
    "challenge",
    [
        b"",
        b"r=abc,s=AAAA,i=4096",  # the server adds nothing to our nonce
        b"r=xbcdef,s=AAAA,i=4096",
        b"r=abcdef,s=AAAA,i=1",
        b"r=abcdef,s=AAAA,i=999999999",
        b"r=abcdef,s=AAAA,i=-1",
        b"r=abcdef,s=,i=4096",
        b"r=abcdef,s=!,i=4096",
        b"r=abcdef,i=4096",
        b"m=1,r=abcdef,s=AAAA,i=4096",
        b"e=other-error",
    ],
)
def test_a_client_refuses_bad_challenges(challenge: bytes) -> None:
    with pytest.raises(SaslFailure):
        Client("sha-256", "a", "pw", nonce="abc").final(challenge)


def test_a_client_refuses_a_server_that_does_not_know_it() -> None:
    client = Client("sha-256", "a", "pw", nonce="abc")
    with pytest.raises(SaslFailure):
        client.verify(b"v=")
    client.final(b"r=abcdef,s=AAAA,i=4096")
    for answer in (b"v=AAAA", b"e=invalid-proof", b"", b"v="):
        with pytest.raises(SaslFailure):
            client.verify(answer)


def test_the_salt_of_nobody_is_stable_and_its_own() -> None:
    assert fake_salt(b"secret", "a") == fake_salt(b"secret", "a")
    assert len({fake_salt(b"secret", "a"), fake_salt(b"secret", "b"), fake_salt(b"other", "a")}) == 3
