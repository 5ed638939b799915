"""What peers got wrong and clients may try, over real sockets, with the client halves of `wire`."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from plauder.edge.tcp import TcpListener
from plauder.wire import sasl, scram
from plauder.wire.events import Event, Nonza, StreamClosed, StreamOpened
from plauder.wire.framer import STANZA_MAX, Framer
from plauder.wire.negotiation import FAST, SASL, SASL2, TLS
from plauder.wire.sasl_error import from_base64
from plauder.wire.stream import header
from plauder.wire.stream_error import STREAMS, StreamError
from tests.live import Live, live

pytestmark = pytest.mark.server

HEADER = header(to="localhost")
STARTTLS = f"<starttls xmlns='{TLS}'/>".encode()
AGENT = "d4565fa7-4d72-4749-b3d3-740edbf87770"


class Raw:
    """Bytes out, events in."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.framer = Framer(limit=STANZA_MAX)
        self.events: list[Event] = []

    async def say(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()

    async def next(self) -> Any:
        """The next event; None at the end of the connection."""
        async with asyncio.timeout(5):
            while not self.events:
                data = await self.reader.read(65536)
                if not data:
                    return None
                self.events += self.framer.feed(data)
        return self.events.pop(0)

    async def nonza(self, tag: str) -> Nonza:
        event = await self.next()
        assert isinstance(event, Nonza), event
        assert event.tag == tag
        return event

    async def open(self) -> Nonza:
        """Open the stream; the server's features."""
        await self.say(HEADER)
        assert isinstance(await self.next(), StreamOpened)
        return await self.nonza(f"{{{STREAMS}}}features")

    async def error(self) -> str:
        """The condition of the stream error that ends the connection, with nothing after it."""
        while True:
            event = await self.next()
            assert event is not None, "the connection ended without an error"
            if isinstance(event, Nonza) and event.tag == f"{{{STREAMS}}}error":
                break
        assert await self.next() in (StreamClosed(), None)
        assert await self.next() is None
        return StreamError.from_element(event.element).condition


@asynccontextmanager
async def connected(at: Live, *, tls: bool) -> AsyncIterator[Raw]:
    context = ssl.create_default_context(cafile=str(at.authority)) if tls else None
    port = at.tls_port if tls else at.port
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=context, server_hostname="localhost" if tls else None
    )
    try:
        yield Raw(reader, writer)
    finally:
        writer.transport.abort()


# --- hostile ---


async def test_what_is_sent_in_the_clear_after_starttls_is_never_taken_for_encrypted(tmp_path: Path) -> None:
    # RFC 6120 §5.4.3.3 and the plaintext injections of 2011: whoever sits in between may add what they like.
    injected = HEADER + f"<auth xmlns='{SASL}' mechanism='PLAIN'>AGFuYQBzZWNyZXQ=</auth>".encode()
    async with live(tmp_path) as at:
        async with connected(at, tls=False) as raw:
            await raw.open()
            await raw.say(STARTTLS + injected)
            assert await raw.error() == "policy-violation"
        async with connected(at, tls=False) as raw:
            await raw.say(HEADER + STARTTLS + injected)
            assert await raw.error() == "policy-violation"


LAUGHS = (
    b"<?xml version='1.0'?><!DOCTYPE lolz [<!ENTITY lol 'lol'>"
    + b"".join(b"<!ENTITY lol%d '%b'>" % (i, b"&lol%d;" % (i - 1) * 10) for i in range(1, 10))
    + b"]><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'><message>&lol9;"
)


@pytest.mark.parametrize(
    ("data", "condition"),
    [
        (LAUGHS, "restricted-xml"),
        (HEADER + b"<message>" + b"<a>" * 10_000, "policy-violation"),
        (HEADER + b"<message>" + b"<a>" * 100 + b"</a>" * 100 + b"</message>", "policy-violation"),
        (HEADER + b"<message to='", "policy-violation"),
        (HEADER + b"<message><body></message>", "not-well-formed"),
        (HEADER + b"<message>\x00<a>", "not-well-formed"),
        (HEADER + b"<message to='ana@localhost'><body>hi</body></message>", "policy-violation"),
        (HEADER.replace(b"localhost", b"example.org"), "host-unknown"),
        (HEADER.replace(b"jabber:client", b"jabber:server"), "invalid-namespace"),
        (HEADER.replace(b" version='1.0' xml", b" xml"), "unsupported-version"),
        (b"GET / HTTP/1.1\r\n\r\n", "not-well-formed"),
    ],
)
async def test_hostile_streams_end_with_an_error(tmp_path: Path, data: bytes, condition: str) -> None:
    async with live(tmp_path) as at, connected(at, tls=False) as raw:
        await raw.say(data + b"a" * 20_000 if data.endswith(b"'") else data)
        assert await raw.error() == condition


@pytest.mark.parametrize("authzid", ["bruno@localhost", "bruno", "localhost", "ana@localhost/phone"])
async def test_nobody_logs_in_as_somebody_else(tmp_path: Path, authzid: str) -> None:
    message = b64encode(authzid.encode() + b"\0ana\0secret").decode()
    async with live(tmp_path) as at, connected(at, tls=True) as raw:
        await raw.open()
        await raw.say(f"<auth xmlns='{SASL}' mechanism='PLAIN'>{message}</auth>".encode())
        failure = await raw.nonza(f"{{{SASL}}}failure")
        assert failure.element[0].tag == f"{{{SASL}}}invalid-authzid"


async def test_plain_is_not_offered_in_the_clear(tmp_path: Path) -> None:
    async with live(tmp_path) as at, connected(at, tls=False) as raw:
        features = (await raw.open()).element
        assert [feature.tag for feature in features] == [f"{{{TLS}}}starttls"]
        await raw.say(f"<auth xmlns='{SASL}' mechanism='PLAIN'>AGFuYQBzZWNyZXQ=</auth>".encode())
        assert await raw.error() == "policy-violation"


# --- logging in ---


def scram_client(features: Nonza, name: str, binding: tuple[str, bytes] | None) -> scram.Client:
    element = features.element
    return scram.Client(
        sasl.MECHANISMS[name].hash_name,
        "ana",
        "secret",
        nonce="not-random-here",
        binding=binding,
        mechanisms=[m.text or "" for m in element.findall(f"{{{SASL2}}}authentication/{{{SASL2}}}mechanism")],
        types=[c.get("type", "") for c in element.iter("{urn:xmpp:sasl-cb:0}channel-binding")],
    )


def end_point(raw: Raw) -> tuple[str, bytes]:
    """RFC 5929 §4: the certificate's hash."""
    certificate = raw.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    return sasl.TLS_SERVER_END_POINT, hashlib.sha256(certificate).digest()


@pytest.mark.parametrize("name", ["SCRAM-SHA-512-PLUS", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1", "SCRAM-SHA-256"])
async def test_one_round_trip_and_a_token_for_the_next_time(tmp_path: Path, name: str) -> None:
    async with live(tmp_path) as at:
        async with connected(at, tls=True) as raw:
            features = await raw.open()
            client = scram_client(features, name, end_point(raw) if name.endswith("-PLUS") else None)
            await raw.say(
                f"<authenticate xmlns='{SASL2}' mechanism='{name}'>"
                f"<initial-response>{b64encode(client.first()).decode()}</initial-response>"
                f"<user-agent id='{AGENT}'><software>test</software></user-agent>"
                f"<bind xmlns='urn:xmpp:bind:0'><tag>test</tag><enable xmlns='urn:xmpp:sm:3'/></bind>"
                f"<request-token xmlns='{FAST}' mechanism='HT-SHA-256-NONE'/></authenticate>".encode()
            )
            challenge = await raw.nonza(f"{{{SASL2}}}challenge")
            answer = client.final(from_base64(challenge.element.text))
            await raw.say(f"<response xmlns='{SASL2}'>{b64encode(answer).decode()}</response>".encode())
            success = (await raw.nonza(f"{{{SASL2}}}success")).element
            client.verify(from_base64(success.findtext(f"{{{SASL2}}}additional-data")))
            assert (success.findtext(f"{{{SASL2}}}authorization-identifier") or "").startswith("ana@localhost/")
            assert success.find(".//{urn:xmpp:sm:3}enabled") is not None
            token = success.find(f"{{{FAST}}}token")
            assert token is not None
        secret = token.get("token", "").encode()
        async with connected(at, tls=True) as raw:
            await raw.open()
            message = b64encode(sasl.token_message("ana", secret)).decode()
            await raw.say(
                f"<authenticate xmlns='{SASL2}' mechanism='HT-SHA-256-NONE'>"
                f"<initial-response>{message}</initial-response><user-agent id='{AGENT}'/>"
                f"<bind xmlns='urn:xmpp:bind:0'/><fast xmlns='{FAST}' count='1'/></authenticate>".encode()
            )
            success = (await raw.nonza(f"{{{SASL2}}}success")).element
            data = from_base64(success.findtext(f"{{{SASL2}}}additional-data"))
            assert data == sasl.token_answer(secret, b"")


async def test_a_channel_that_is_not_the_clients_is_noticed(tmp_path: Path) -> None:
    async with live(tmp_path) as at, connected(at, tls=True) as raw:
        client = scram_client(await raw.open(), "SCRAM-SHA-256-PLUS", (sasl.TLS_SERVER_END_POINT, b"another one's"))
        initial = b64encode(client.first()).decode()
        await raw.say(f"<auth xmlns='{SASL}' mechanism='SCRAM-SHA-256-PLUS'>{initial}</auth>".encode())
        challenge = await raw.nonza(f"{{{SASL}}}challenge")
        answer = b64encode(client.final(from_base64(challenge.element.text))).decode()
        await raw.say(f"<response xmlns='{SASL}'>{answer}</response>".encode())
        failure = await raw.nonza(f"{{{SASL}}}failure")
        assert failure.element[0].tag == f"{{{SASL}}}not-authorized"


async def test_hiding_the_strong_mechanisms_is_noticed(tmp_path: Path) -> None:
    async with live(tmp_path) as at, connected(at, tls=True) as raw:
        await raw.open()
        # A client that can bind channels but was shown no -PLUS says "y"; the server knows better.
        client = scram.Client("sha-256", "ana", "secret", nonce="x", able=True)
        initial = b64encode(client.first()).decode()
        await raw.say(f"<auth xmlns='{SASL}' mechanism='SCRAM-SHA-256'>{initial}</auth>".encode())
        failure = await raw.nonza(f"{{{SASL}}}failure")
        assert failure.element[0].tag == f"{{{SASL}}}not-authorized"


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
async def test_a_free_port_is_the_same_on_all_addresses(tmp_path: Path) -> None:
    async with live(tmp_path) as server:
        listener = TcpListener(server.door, None)
        port = await listener.listen("", 0)
        try:
            for host in ("127.0.0.1", "::1"):
                _, writer = await asyncio.open_connection(host, port)
                writer.close()
                await writer.wait_closed()
        finally:
            await listener.stop()
