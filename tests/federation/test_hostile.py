"""Those who knock on the real port and are no server we talk to."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from plauder.edge.federation.service import Settings
from tests.federation.town import Town, authority, town

pytestmark = pytest.mark.server

HEADER = (
    "<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' "
    "xmlns:db='jabber:server:dialback' from='two.test' to='one.test' version='1.0'>"
)
STARTTLS = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Town]:
    authority(tmp_path / "one")
    settings = Settings(allow=("two.test",), max_connections_per_address=3)
    async with town(tmp_path / "one", "one.test", accounts=["ana"], places={}, port=0, settings=settings) as running:
        yield running


class Knock:
    """A connection that says what it is told and reads until the end."""

    def __init__(self, here: Town) -> None:
        self.here = here

    async def __aenter__(self) -> Knock:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.here.s2s_port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()

    async def until(self, text: str) -> str:
        async with asyncio.timeout(10):
            return (await self.reader.readuntil(text.encode())).decode()

    async def secure(self) -> None:
        """STARTTLS without a certificate of our own."""
        self.say(HEADER)
        await self.until("</stream:features>")
        self.say(STARTTLS)
        await self.until("/>")
        context = ssl.create_default_context(cafile=str(self.here.authority))
        await self.writer.start_tls(context, server_hostname="one.test")
        self.say(HEADER)
        features = await self.until("</stream:features>")
        assert "EXTERNAL" not in features

    def say(self, text: str | bytes) -> None:
        self.writer.write(text if isinstance(text, bytes) else text.encode())

    async def rest(self) -> str:
        async with asyncio.timeout(10):
            return (await self.reader.read()).decode("utf-8", "replace")


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        (HEADER + "<message from='a@two.test' to='ana@one.test'><body>hi</body></message>", "not-authorized"),
        (HEADER.replace("two.test", "evil.test"), "policy-violation"),
        (HEADER.replace("one.test", "else.test"), "host-unknown"),
        ("GET / HTTP/1.1\r\n\r\n", "not-well-formed"),
        (HEADER + "<db:result from='two.test' to='one.test'>key</db:result>", "policy-violation"),
        (HEADER + "<message>" + "x" * 20_000, "policy-violation"),
    ],
)
async def test_in_the_clear(here: Town, text: str, condition: str) -> None:
    async with Knock(here) as knock:
        knock.say(text)
        assert f"<{condition} " in await knock.rest()


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("<message from='a@two.test' to='ana@one.test'><body>hi</body></message>", "not-authorized"),
        ("<presence from='a@two.test' to='ana@one.test' type='subscribe'/>", "not-authorized"),
        ("<message from='a@two.test' to='ana@one.test'><body>" + "x" * 20_000, "policy-violation"),
        ("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>" * 4, "not-authorized"),
        ("<message></iq>", "not-well-formed"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><message/>", "restricted-xml"),
    ],
)
async def test_under_tls_without_a_certificate(here: Town, text: str, condition: str) -> None:
    async with Knock(here) as knock:
        await knock.secure()
        knock.say(text)
        assert f"<{condition}" in await knock.rest()
    assert not here.federation.elsewhere.links()


async def test_dialback_is_refused_where_the_operator_did_not_permit_it(here: Town) -> None:
    async with Knock(here) as knock:
        await knock.secure()
        knock.say("<db:result from='two.test' to='one.test'>key</db:result>")
        answer = await knock.until("</db:result>")
        assert "not-authorized" in answer
        knock.say("<db:verify from='two.test' to='one.test' id='1'>" + "0" * 64 + "</db:verify>")
        assert "type='invalid'" in await knock.until("</db:verify>")


async def test_noise_where_tls_should_begin(here: Town) -> None:
    async with Knock(here) as knock:
        knock.say(HEADER)
        await knock.until("</stream:features>")
        knock.say(STARTTLS + "<message from='a@two.test' to='ana@one.test'/>")
        await knock.until("/>")
        knock.say(b"\x00" * 100)
        assert "<message" not in await knock.rest()


async def test_connections_of_one_network_are_bounded(here: Town) -> None:
    knocks = [await Knock(here).__aenter__() for _ in range(4)]
    async with asyncio.timeout(10):
        assert await knocks[-1].reader.read() == b""
    knocks[0].say(HEADER)
    assert "starttls" in await knocks[0].until("</stream:features>")
    for knock in knocks:
        knock.writer.close()
