"""What real peers sent, byte for byte: see transcripts/README.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from plauder.wire import scram
from plauder.wire.events import Nonza, StreamClosed, StreamOpened
from plauder.wire.framer import STANZA_MAX, Framer
from plauder.wire.negotiation import parse_auth, parse_response
from plauder.wire.sasl_error import from_base64
from plauder.wire.stanza import Stanza
from tests.wire.test_framer import plain, run

FOLDER = Path(__file__).parent / "transcripts"
SASL = "{urn:ietf:params:xml:ns:xmpp-sasl}"


def events(name: str) -> list[object]:
    return list(Framer(limit=STANZA_MAX).feed((FOLDER / name).read_bytes()))


def nonzas(name: str, tag: str) -> list[Nonza]:
    return [event for event in events(name) if isinstance(event, Nonza) and event.tag == tag]


@pytest.mark.parametrize(
    "name", sorted(path.name for path in FOLDER.iterdir() if path.suffix in (".client", ".server"))
)
def test_whole_sessions_are_understood_however_they_are_cut(name: str) -> None:
    data = (FOLDER / name).read_bytes()
    whole = run([data])
    assert isinstance(whole[0], StreamOpened)
    assert whole[-1] == StreamClosed()
    assert not [event for event in whole if isinstance(event, tuple) and event[0] == "error"]
    for size in (1, 7, 100, 1460):
        assert run(data[at : at + size] for at in range(0, len(data), size)) == whole


@pytest.mark.parametrize("name", ["slixmpp-ana.client", "prosody-bruno.server"])
def test_stanzas_are_written_as_they_were_read(name: str) -> None:
    stanzas = [event for event in events(name) if isinstance(event, Stanza)]
    assert len(stanzas) >= 5
    for stanza in stanzas:
        assert plain(Stanza.from_bytes(stanza.to_bytes())) == plain(stanza)
        assert Stanza.from_element(stanza.to_element()).attrs == stanza.attrs


def test_the_message_arrived_as_it_was_sent() -> None:
    def text(name: str) -> list[str | None]:
        found = [event for event in events(name) if isinstance(event, Stanza) and event.kind == "message"]
        return [
            stanza.text("{jabber:client}body") for stanza in found if stanza.find("{jabber:client}body") is not None
        ]

    assert text("slixmpp-ana.client") == ["Olá, Bruno! 1 < 2 & 3 > 2 – tudo bem? 😀"] == text("prosody-bruno.server")
    assert text("slixmpp-bruno.client") == ["Sim."] == text("prosody-ana.server")


@pytest.mark.parametrize(("name", "password"), [("ana", "secret-a"), ("bruno", "secret-b")])
def test_our_server_core_accepts_a_foreign_client(name: str, password: str) -> None:
    (auth,) = nonzas(f"slixmpp-{name}.client", SASL + "auth")
    (response,) = nonzas(f"slixmpp-{name}.client", SASL + "response")
    (challenge,) = nonzas(f"prosody-{name}.server", SASL + "challenge")
    (success,) = nonzas(f"prosody-{name}.server", SASL + "success")
    request = parse_auth(auth.element)
    assert request.mechanism == "SCRAM-SHA-1"
    assert request.initial is not None
    said = dict(part.split("=", 1) for part in from_base64(challenge.element.text).decode().split(","))
    first = scram.parse_client_first(request.initial)
    server = scram.Server("sha-1", nonce=said["r"].removeprefix(first.nonce), plus=False, bindings={})
    assert server.first(request.initial).username == name
    salt, iterations = from_base64(said["s"]), int(said["i"])
    assert server.challenge(salt, iterations) == from_base64(challenge.element.text)
    keys = scram.keys_of("sha-1", scram.salted("sha-1", password, salt, iterations))
    device, verifier = server.final(parse_response(response.element), [scram.DeviceKeys("d", *keys)])
    assert device == "d"
    assert verifier == from_base64(success.element.text)
