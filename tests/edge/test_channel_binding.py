"""SCRAM-…-PLUS on real TLS connections: the login is worth something on the channel it was made for, and nowhere else.

The client is pyOpenSSL, because Python's own `ssl` exports no keying material.
"""

from __future__ import annotations

import asyncio
import socket
from base64 import b64decode, b64encode
from pathlib import Path

import pytest
from OpenSSL import SSL

from plauder.wire import scram
from plauder.wire.sasl_error import SaslFailure
from plauder.wire.xml import parse
from tests.live import Live, live

pytestmark = pytest.mark.server

STREAMS = "http://etherx.jabber.org/streams"
HEADER = f"<stream:stream xmlns='jabber:client' xmlns:stream='{STREAMS}' to='localhost' version='1.0'>".encode()
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
LABEL = b"EXPORTER-Channel-Binding"  # RFC 9266 §4.2


class Phone:
    """A blocking client on the port of direct TLS; used in a thread of its own."""

    def __init__(self, server: Live, newest: int = SSL.TLS1_3_VERSION) -> None:
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        context.load_verify_locations(str(server.authority))
        context.set_verify(SSL.VERIFY_PEER)
        context.set_max_proto_version(newest)
        plain = socket.create_connection(("127.0.0.1", server.tls_port), timeout=10)
        plain.setblocking(True)
        self._tls = SSL.Connection(context, plain)
        self._tls.set_tlsext_host_name(b"localhost")
        self._tls.set_connect_state()
        self._tls.do_handshake()
        self._read = b""
        self._tls.sendall(HEADER)
        self.until(b"<stream:stream")
        self.until(b">")
        self.features = self.until(b"</stream:features>").decode()

    def until(self, text: bytes) -> bytes:
        while text not in self._read:
            self._read += self._tls.recv(65_536)
        at = self._read.index(text) + len(text)
        taken, self._read = self._read[:at], self._read[at:]
        return taken

    def exporter(self) -> bytes:
        return self._tls.export_keying_material(LABEL, 32, b"")

    def login(self, mechanism: str, binding: tuple[str, bytes] | None, *, able: bool = False) -> None:
        """Raises SaslFailure with what the server said."""
        features = parse(
            self.features.replace("<stream:features", f"<stream:features xmlns:stream='{STREAMS}'").encode()
        )
        offer = features.find(f"{{{SASL}}}mechanisms")
        assert offer is not None
        exchange = scram.Client(
            mechanism.removeprefix("SCRAM-").removesuffix("-PLUS").lower(),
            "ana",
            "secret",
            nonce="fyko+d2lbbFgONRv9qkxdawL",
            binding=binding,
            able=able,
            mechanisms=[one.text or "" for one in offer],
            types=[one.get("type", "") for one in features.iter("{urn:xmpp:sasl-cb:0}channel-binding")],
        )
        self._tls.sendall(
            f"<auth xmlns='{SASL}' mechanism='{mechanism}'>{b64encode(exchange.first()).decode()}</auth>".encode()
        )
        final = exchange.final(self._answer("challenge"))
        self._tls.sendall(f"<response xmlns='{SASL}'>{b64encode(final).decode()}</response>".encode())
        exchange.verify(self._answer("success"))

    def _answer(self, wanted: str) -> bytes:
        element = self.until(b">")
        name = element[1:].split()[0].decode()
        content = self.until(b"</" + name.encode() + b">")
        if name != wanted:
            raise SaslFailure("not-authorized", content.decode())
        return b64decode(content.partition(b"<")[0])

    def close(self) -> None:
        self._tls.close()


MECHANISMS = ("SCRAM-SHA-512-PLUS", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS")


async def test_a_login_is_bound_to_its_channel(tmp_path: Path) -> None:
    async with live(tmp_path) as server:

        def play() -> None:
            for mechanism in MECHANISMS:
                phone = Phone(server)
                assert f"<mechanism>{mechanism}</mechanism>" in phone.features
                assert "tls-exporter" in phone.features
                phone.login(mechanism, ("tls-exporter", phone.exporter()))
                phone.close()

        await asyncio.to_thread(play)


async def test_what_was_proved_on_another_channel_is_refused(tmp_path: Path) -> None:
    """Somebody in the middle, with a certificate that the client trusts, passes on what the client proves."""
    async with live(tmp_path) as server:

        def play() -> None:
            victim, thief = Phone(server), Phone(server)
            with pytest.raises(SaslFailure, match="not-authorized"):
                thief.login("SCRAM-SHA-256-PLUS", ("tls-exporter", victim.exporter()))
            with pytest.raises(SaslFailure):  # and -PLUS cannot be talked away: "y" says that it was not offered
                thief.login("SCRAM-SHA-256", None, able=True)
            victim.close()
            thief.close()

        await asyncio.to_thread(play)


async def test_the_exporter_is_offered_on_tls_1_3_alone(tmp_path: Path) -> None:
    async with live(tmp_path) as server:

        def play() -> None:
            phone = Phone(server, SSL.TLS1_2_VERSION)
            assert "tls-exporter" not in phone.features
            assert "tls-server-end-point" in phone.features
            with pytest.raises(SaslFailure):
                phone.login("SCRAM-SHA-256-PLUS", ("tls-exporter", phone.exporter()))
            phone.close()

        await asyncio.to_thread(play)
