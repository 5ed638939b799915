"""Streams over real sockets, in the clear, byte by byte: what is negotiated, what is refused, and how."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from plauder.core.door import Rules
from plauder.core.ports import Limits
from plauder.wire import scram
from tests.live import Live, live

pytestmark = pytest.mark.server

HEADER = (
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
    "to='localhost' version='1.0'>"
)
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
SM = "urn:xmpp:sm:3"
LAUGHS = "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>]>"
AGENT = "d4565fa7-4d72-4749-b3d3-740edbf87770"


class Wire:
    """One connection; reads until some text has come."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.read = ""

    def send(self, text: str | bytes) -> None:
        self._writer.write(text.encode() if isinstance(text, str) else text)

    async def until(self, text: str, seconds: float = 10) -> str:
        """Everything up to and with `text`."""
        async with asyncio.timeout(seconds):
            while text not in self.read:
                data = await self._reader.read(65_536)
                assert data, f"closed before {text!r}: {self.read}"
                self.read += data.decode()
        at = self.read.index(text) + len(text)
        taken, self.read = self.read[:at], self.read[at:]
        return taken

    async def to_the_end(self, seconds: float = 10) -> str:
        """Everything until the server closes."""
        async with asyncio.timeout(seconds):
            while data := await self._reader.read(65_536):
                self.read += data.decode()
        return self.read

    async def features(self) -> str:
        self.send(HEADER)
        return await self.until("</stream:features>")

    async def scram(self, name: str = "ana", password: str = "secret") -> None:
        """SASL 1 with SCRAM-SHA-256."""
        await self.features()
        exchange = scram.Client("sha-256", name, password, nonce="abcdef", mechanisms=())
        first = base64.b64encode(exchange.first()).decode()
        self.send(f"<auth xmlns='{SASL}' mechanism='SCRAM-SHA-256'>{first}</auth>")
        challenge = base64.b64decode((await self.until("</challenge>")).rpartition(">")[0].partition(">")[2][:-11])
        without_hash = challenge.partition(b",h=")
        final = _final(exchange, without_hash[0], challenge, password)
        self.send(f"<response xmlns='{SASL}'>{final}</response>")

    async def login(self, name: str = "ana", resource: str = "phone") -> None:
        await self.scram(name)
        await self.until("<success")
        await self.features()
        self.send(
            "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
            f"<resource>{resource}</resource></bind></iq>"
        )
        await self.until("</iq>")


def _final(exchange: scram.Client, without_hash: bytes, challenge: bytes, password: str) -> str:
    """The client's proof over the whole challenge, its downgrade hash included but not compared."""
    values = dict(part.split(b"=", 1) for part in without_hash.split(b","))
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(values[b"s"]), int(values[b"i"]))
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    without_proof = b"c=biws,r=" + values[b"r"]
    bare = exchange.first().partition(b",,")[2]
    message = b",".join((bare, challenge, without_proof))
    signature = hmac.digest(hashlib.sha256(client_key).digest(), message, "sha256")
    proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
    return base64.b64encode(without_proof + b",p=" + base64.b64encode(proof)).decode()


@asynccontextmanager
async def wired(at: Live) -> AsyncIterator[Wire]:
    reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Live]:
    async with live(tmp_path, tls=False) as running:
        yield running


# ── what is refused ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("sent", "condition"),
    [
        (HEADER.replace("localhost", "other.example"), "host-unknown"),
        (HEADER.replace(" version='1.0'>", ">"), "unsupported-version"),
        (HEADER + "<message to='ana@localhost'><body>hi</body></message>", "not-authorized"),
        (HEADER + "<iq type='get' id='1'><query xmlns='jabber:iq:roster'/></iq>", "not-authorized"),
        (HEADER + "<presence/>", "not-authorized"),
        (HEADER + "<a><b></a>", "not-well-formed"),
        (HEADER + "<!-- hello -->", "restricted-xml"),
        (LAUGHS + HEADER, "restricted-xml"),
        (HEADER + "<x>" + "<y>" * 10_000, "policy-violation"),
        (HEADER + "<x a='" + "y" * 100_000, "policy-violation"),
        ("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "not-well-formed"),
        (b"\xff\xfe<\x00", "not-well-formed"),
    ],
)  # fmt: skip
async def test_a_stranger_who_breaks_the_rules_is_told_and_let_go(at: Live, sent: str | bytes, condition: str) -> None:
    async with wired(at) as wire:
        wire.send(sent)
        answer = await wire.to_the_end()
        assert f"<{condition} " in answer or (condition == "not-well-formed" and "<bad-format " in answer), answer
        assert answer.endswith("</stream:stream>")


@pytest.mark.parametrize(
    ("sent", "condition"),
    [
        ("<message to='bruno@localhost'><x>" + "<y>" * 10_000 + "</y>" * 10_000 + "</x></message>", "policy-violation"),
        ("<message to='bruno@localhost'><body>" + "x" * 300_000 + "</body></message>", "policy-violation"),
        ("<message from='bruno@localhost' to='bruno@localhost'><body>I am you</body></message>", "invalid-from"),
        ("<unknown xmlns='urn:x'/>", "unsupported-stanza-type"),
        ("<message to='bruno@localhost'><body>&nbsp;</body></message>", "restricted-xml"),
    ],
)
async def test_a_client_that_breaks_the_rules_loses_its_stream(at: Live, sent: str, condition: str) -> None:
    async with wired(at) as wire:
        await wire.login()
        wire.send(sent)
        assert f"<{condition} " in await wire.to_the_end()
        assert not at.server.sessions()


async def test_plain_is_not_offered_in_the_clear(at: Live) -> None:
    async with wired(at) as wire:
        assert "<mechanism>PLAIN</mechanism>" not in await wire.features()
        wire.send(f"<auth xmlns='{SASL}' mechanism='PLAIN'>AGFuYQBzZWNyZXQ=</auth>")
        assert "<invalid-mechanism" in await wire.until("</failure>")


async def test_nobody_logs_in_as_somebody_else(tmp_path: Path) -> None:
    async with live(tmp_path) as at:
        trust = ssl.create_default_context(cafile=str(at.authority))
        reader, writer = await asyncio.open_connection("127.0.0.1", at.tls_port, ssl=trust, server_hostname="localhost")
        wire = Wire(reader, writer)
        assert "<mechanism>PLAIN</mechanism>" in await wire.features()
        plain = base64.b64encode(b"bruno@localhost\0ana\0secret").decode()
        wire.send(f"<auth xmlns='{SASL}' mechanism='PLAIN'>{plain}</auth>")
        assert "<invalid-authzid" in await wire.until("</failure>")
        writer.close()


async def test_a_wrong_password_may_be_tried_a_few_times(tmp_path: Path) -> None:
    async with live(tmp_path, tls=False, limits=Limits(login_attempts=1)) as at, wired(at) as wire:
        await wire.scram(password="wrong")
        answer = await wire.to_the_end()
        assert "<not-authorized" in answer
        assert "<policy-violation" in answer


async def test_an_unknown_user_looks_like_a_wrong_password(at: Live) -> None:
    salts = set()
    for name in (b"nobody", b"nobody", b"nobody@localhost", b"NoBody"):
        async with wired(at) as wire:
            await wire.features()
            first = base64.b64encode(b"n,,n=%b,r=abc" % name).decode()
            wire.send(f"<auth xmlns='{SASL}' mechanism='SCRAM-SHA-1'>{first}</auth>")
            challenge = await wire.until("</challenge>")
            text = base64.b64decode(challenge.rpartition("</")[0].rpartition(">")[2]).decode()
            salts.add(text.split(",")[1])
    assert len(salts) == 1


async def test_an_address_that_fails_too_often_has_to_wait(tmp_path: Path) -> None:
    rules = Rules(require_tls=False, failures=2, failure_seconds=1000)
    async with live(tmp_path, tls=False, rules=rules) as at:
        for expected in ("not-authorized", "not-authorized", "temporary-auth-failure"):
            async with wired(at) as wire:
                if expected == "not-authorized":
                    await wire.scram(password="wrong")
                else:
                    await wire.features()
                    wire.send(f"<auth xmlns='{SASL}' mechanism='SCRAM-SHA-1'>biwsbj1hLHI9YQ==</auth>")
                assert expected in await wire.until("</failure>")


async def test_too_many_connections_of_one_address_are_closed(tmp_path: Path) -> None:
    rules = Rules(require_tls=False, connections_per_address=1)
    async with live(tmp_path, tls=False, rules=rules) as at, wired(at) as first:
        await first.features()
        async with wired(at) as second:
            with pytest.raises((ConnectionError, AssertionError)):
                await second.features()
        first.send("</stream:stream>")
        await first.to_the_end()
        async with wired(at) as third:
            await third.features()


async def test_a_login_cannot_take_for_ever(tmp_path: Path) -> None:
    async with live(tmp_path, tls=False, limits=Limits(login_seconds=0.2)) as at, wired(at) as wire:
        await wire.features()
        assert "<connection-timeout" in await wire.to_the_end()


# ── what is negotiated ────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_resource_is_taken_over(at: Live) -> None:
    async with wired(at) as first, wired(at) as second:
        await first.login()
        await second.login()
        assert "<conflict " in await first.to_the_end()
        assert len(at.server.sessions()) == 1


async def test_a_stream_is_resumed(at: Live) -> None:
    async with wired(at) as first:
        await first.login()
        first.send(f"<enable xmlns='{SM}' resume='true'/><presence/>")
        enabled = await first.until("/>")
        resume_id = enabled.partition("id='")[2].partition("'")[0]
    async with wired(at) as second:
        await second.scram()
        await second.until("<success")
        await second.features()
        second.send(f"<resume xmlns='{SM}' previd='{resume_id}' h='0'/>")
        assert "h='1'" in await second.until("/>")
        (session,) = at.server.sessions()
        assert session.presence is not None


async def test_somebody_elses_stream_is_not_resumed(at: Live) -> None:
    async with wired(at) as first:
        await first.login()
        first.send(f"<enable xmlns='{SM}' resume='true'/>")
        resume_id = (await first.until("/>")).partition("id='")[2].partition("'")[0]
        async with wired(at) as second:
            await second.scram("bruno")
            await second.until("<success")
            await second.features()
            second.send(f"<resume xmlns='{SM}' previd='{resume_id}' h='0'/>")
            assert "<item-not-found" in await second.until("</failed>")
        first.send(f"<r xmlns='{SM}'/>")
        await first.until(f"<a xmlns='{SM}' h='0'/>")


async def test_acknowledging_too_much_ends_the_stream(at: Live) -> None:
    async with wired(at) as wire:
        await wire.login()
        wire.send(f"<enable xmlns='{SM}'/><a xmlns='{SM}' h='7'/>")
        assert "<handled-count-too-high" in await wire.to_the_end()


def authenticate(inner: str, mechanism: str = "SCRAM-SHA-256", initial: str = "biwsbj1hbmEscj1hYmNkZWY=") -> str:
    return (
        f"<authenticate xmlns='urn:xmpp:sasl:2' mechanism='{mechanism}'><initial-response>{initial}</initial-response>"
        f"<user-agent id='{AGENT}'><software>Test</software></user-agent>{inner}</authenticate>"
    )


async def sasl2(wire: Wire, inner: str) -> str:
    await wire.features()
    exchange = scram.Client("sha-256", "ana", "secret", nonce="abcdef")
    wire.send(authenticate(inner, initial=base64.b64encode(exchange.first()).decode()))
    challenge = base64.b64decode((await wire.until("</challenge>")).rpartition("</")[0].rpartition(">")[2])
    final = _final(exchange, challenge.partition(b",h=")[0], challenge, "secret")
    wire.send(f"<response xmlns='urn:xmpp:sasl:2'>{final}</response>")
    return await wire.until("</success>")


async def test_everything_in_one_go(at: Live) -> None:
    """SASL2, Bind 2 with stream management, a FAST token; then back with the token, and the stream resumed."""
    async with wired(at) as wire:
        success = await sasl2(
            wire,
            f"<bind xmlns='urn:xmpp:bind:0'><tag>Phone</tag><enable xmlns='{SM}' resume='true'/></bind>"
            "<request-token xmlns='urn:xmpp:fast:0' mechanism='HT-SHA-256-NONE'/>",
        )
        assert "<authorization-identifier>ana@localhost/Phone." in success
        resume_id = success.partition("<enabled")[2].partition("id='")[2].partition("'")[0]
        token = success.partition("token='")[2].partition("'")[0]
        assert resume_id
        assert token
        wire.send("<presence/>")
        (session,) = at.server.sessions()
        assert session.device == f"agent:{AGENT}"
    proof = hmac.digest(token.encode(), b"Initiator", "sha256")
    initial = base64.b64encode(b"ana\0" + proof).decode()
    async with wired(at) as wire:
        await wire.features()
        resume = f"<resume xmlns='{SM}' previd='{resume_id}' h='0'/><fast xmlns='urn:xmpp:fast:0' count='1'/>"
        wire.send(authenticate(resume, "HT-SHA-256-NONE", initial))
        success = await wire.until("</success>")
        assert "<resumed" in success
        answer = base64.b64encode(hmac.digest(token.encode(), b"Responder", "sha256")).decode()
        assert f"<additional-data>{answer}</additional-data>" in success
        assert at.server.sessions() == [session]
    for recording in ("<fast xmlns='urn:xmpp:fast:0' count='1'/>", "<fast xmlns='urn:xmpp:fast:0'/>", ""):
        async with wired(at) as wire:  # a recording of the same message is worth nothing
            await wire.features()
            wire.send(authenticate(recording, "HT-SHA-256-NONE", initial))
            assert "<not-authorized" in await wire.until("</failure>")


async def test_sasl2_without_bind2_binds_the_older_way(at: Live) -> None:
    async with wired(at) as wire:
        await sasl2(wire, "")
        await wire.until("</stream:features>")
        wire.send("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>")
        assert "ana@localhost/" in await wire.until("</iq>")


async def test_a_client_may_run_ahead(at: Live) -> None:
    """Hundreds of stanzas before the answer to the login has come: none is lost, none is out of order."""
    async with wired(at) as wire:
        await wire.scram()
        ahead = HEADER + "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq><presence/>"
        for number in range(200):
            ahead += f"<message to='ana@localhost' type='chat' id='m{number}'><body>x</body></message>"
        wire.send(ahead)
        text = await wire.until("id='m199'")
        positions = [text.index(f"id='m{number}'") for number in range(200)]
        assert positions == sorted(positions)


async def test_the_same_user_agent_gets_the_same_resource(at: Live) -> None:
    found = []
    for _ in range(2):
        async with wired(at) as wire:
            success = await sasl2(wire, "<bind xmlns='urn:xmpp:bind:0'><tag>Phone</tag></bind>")
            found.append(success.partition("<authorization-identifier>")[2].partition("<")[0])
    assert found[0] == found[1]


async def test_the_server_says_goodbye(tmp_path: Path) -> None:
    async with live(tmp_path, tls=False) as at:
        reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
        wire = Wire(reader, writer)
        await wire.login()
    assert "<system-shutdown " in await wire.to_the_end()
    writer.close()
