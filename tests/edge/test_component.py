"""Components (XEP-0114) over a real socket: a raw one, and slixmpp's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import slixmpp
from slixmpp.componentxmpp import ComponentXMPP

from plauder.edge.component import ComponentListener, proof
from tests import databases
from tests.edge.test_slixmpp import Bot
from tests.features.messenger import MESSENGER
from tests.live import Live, live

pytestmark = [pytest.mark.server, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

GATE, SECRET = "gate.localhost", "geheim"
ANA = "ana@localhost"


@dataclass
class Wire:
    """A component that speaks bytes."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def until(self, mark: bytes) -> bytes:
        async with asyncio.timeout(10):
            return await self.reader.readuntil(mark)

    async def say(self, text: str) -> None:
        self.writer.write(text.encode())
        await self.writer.drain()

    async def open(self, to: str = GATE, secret: str = SECRET) -> bytes:
        await self.say(
            f"<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='{to}'>"
        )
        header = await self.until(b">")
        if b"<?xml" in header:
            header = await self.until(b">")
        stream_id = header.partition(b"id='")[2].partition(b"'")[0].decode()
        await self.say(f"<handshake>{proof(stream_id, secret)}</handshake>")
        return header

    async def rest(self) -> bytes:
        async with asyncio.timeout(10):
            return await self.reader.read()


@dataclass
class Scene:
    at: Live
    port: int
    wires: list[Wire]

    async def connect(self) -> Wire:
        wire = Wire(*await asyncio.open_connection("127.0.0.1", self.port))
        self.wires.append(wire)
        return wire


@asynccontextmanager
async def _scene(tmp_path: Path) -> AsyncIterator[Scene]:
    database = databases.fresh(tmp_path / "plauder.db")
    async with live(tmp_path, register=MESSENGER, database=database) as at:
        listener = ComponentListener(at.server, {GATE: SECRET})
        scene = Scene(at, await listener.listen("127.0.0.1", 0), [])
        yield scene
        await listener.stop()
        for wire in scene.wires:
            wire.writer.close()
    await database.close()


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with _scene(tmp_path) as found:
        yield found


async def test_a_component_gets_and_sends(scene: Scene) -> None:
    gate = await scene.connect()
    await gate.open()
    await gate.until(b"<handshake/>")
    ana = Bot(scene.at, "ana", resource="phone")
    await ana.come()
    ana.send_message(f"tel+49@{GATE}", "Oi", mtype="chat")
    assert b"from='ana@localhost/phone'" in await gate.until(b"</message>")
    await gate.say(f"<message from='tel+49@{GATE}/sms' to='{ANA}' type='chat'><body>Answer</body></message>")
    answer = await ana.next()
    assert (answer["from"].full, answer["body"]) == (f"tel+49@{GATE}/sms", "Answer")
    await ana.go()


async def test_a_component_asks_the_server_and_accounts(scene: Scene) -> None:
    gate = await scene.connect()
    await gate.open()
    await gate.until(b"<handshake/>")
    await gate.say(f"<iq type='get' id='1' from='{GATE}' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>")
    assert b"type='result'" in await gate.until(b"/>")
    disco = "<query xmlns='http://jabber.org/protocol/disco#info'/>"
    await gate.say(f"<iq type='get' id='2' from='{GATE}' to='{ANA}'>{disco}</iq>")
    assert b"type='pep'" in await gate.until(b"</iq>")
    await gate.say(f"<message from='x@{GATE}' to='nobody@localhost' type='chat'><body>?</body></message>")
    assert b"service-unavailable" in await gate.until(b"</message>")


async def test_presence_subscriptions_cross_over(scene: Scene) -> None:
    gate = await scene.connect()
    await gate.open()
    await gate.until(b"<handshake/>")
    ana = Bot(scene.at, "ana", resource="phone")
    asked: asyncio.Queue[Any] = asyncio.Queue()
    ana.auto_authorize = ana.auto_subscribe = None
    ana.add_event_handler("presence_subscribe", asked.put_nowait)
    await ana.come()
    await gate.say(f"<presence from='tel+49@{GATE}' to='{ANA}' type='subscribe'/>")
    async with asyncio.timeout(10):
        assert (await asked.get())["from"].bare == f"tel+49@{GATE}"
    ana.send_presence(pto=f"tel+49@{GATE}", ptype="subscribed")
    assert b"type='subscribed'" in await gate.until(b"/>")
    assert b"from='ana@localhost/phone'" in await gate.until(b">")
    await ana.go()


@pytest.mark.parametrize(
    ("to", "secret", "condition"),
    [(GATE, "wrong", b"not-authorized"), ("other.localhost", SECRET, b"host-unknown")],
)
async def test_who_does_not_know_the_secret_stays_out(scene: Scene, to: str, secret: str, condition: bytes) -> None:
    gate = await scene.connect()
    await gate.open(to, secret)
    assert condition in await gate.rest()
    assert GATE not in scene.at.server.hosts


async def test_nobody_speaks_for_another_domain(scene: Scene) -> None:
    gate = await scene.connect()
    await gate.open()
    await gate.until(b"<handshake/>")
    await gate.say(f"<message from='{ANA}' to='bruno@localhost'><body>It is not me</body></message>")
    assert b"invalid-from" in await gate.rest()


async def test_a_domain_has_one_component(scene: Scene) -> None:
    first, second = await scene.connect(), await scene.connect()
    await first.open()
    await first.until(b"<handshake/>")
    await second.open()
    assert b"conflict" in await second.rest()


@pytest.mark.parametrize("data", ["GET / HTTP/1.1\r\n\r\n", "<a>" * 5_000, "<!DOCTYPE x>", "\x00", "<stream:stream"])
async def test_nonsense_ends_the_stream(scene: Scene, data: str) -> None:
    gate = await scene.connect()
    await gate.say(data)
    gate.writer.write_eof()
    await gate.rest()
    assert GATE not in scene.at.server.hosts


async def test_slixmpp_as_a_component(scene: Scene) -> None:
    gate = ComponentXMPP(GATE, SECRET, "127.0.0.1", scene.port)
    started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    heard: asyncio.Queue[Any] = asyncio.Queue()
    gate.add_event_handler("session_start", lambda _: started.set_result(None))
    gate.add_event_handler("message", heard.put_nowait)
    gate.connect()
    async with asyncio.timeout(10):
        await started
    ana = Bot(scene.at, "ana")
    await ana.come()
    ana.send_message(f"bot@{GATE}", "ping", mtype="chat")
    async with asyncio.timeout(10):
        message = await heard.get()
    gate.send_message(mto=message["from"], mfrom=slixmpp.JID(f"bot@{GATE}"), mbody="pong", mtype="chat")
    assert (await ana.next())["body"] == "pong"
    await ana.go()
    await gate.disconnect(wait=0.5)
