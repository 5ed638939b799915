"""A server without sockets, threads of its own or a running clock, and named clients that talk to it in stanzas.

    world = World(accounts=("ana", "bruno"), register=[ping.register])
    ana = await world.connect("ana")
    await ana.send("<message to='bruno@plauder.example' type='chat'><body>Oi!</body></message>")
    assert bruno.messages()[0].text("{jabber:client}body") == "Oi!"

`tests/play.py` reads whole scenes.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from xml.etree.ElementTree import Element

from plauder.core.client import ClientSession
from plauder.core.embedded import LocalBus, LocalDirectory
from plauder.core.ports import Credentials, Inbox, Limits
from plauder.core.remembered import Streams
from plauder.core.server import Server
from plauder.kit.clock import FakeClock
from plauder.store.database import Database
from plauder.wire.jid import Jid
from plauder.wire.stanza import CLIENT, Stanza
from plauder.wire.xml import parse, serialize
from tests.fakes import FakeCredentials, FakeInbox, FakeTimers

DOMAIN = "plauder.example"


def stanzas_of(text: str | bytes) -> list[Stanza]:
    """The stanzas written in `text`, one after the other."""
    data = text.encode() if isinstance(text, str) else text
    root = parse(
        b"<stream xmlns='%b' xmlns:stream='http://etherx.jabber.org/streams'>%b</stream>" % (CLIENT.encode(), data)
    )
    return [Stanza.from_element(child) for child in root]


class TestOutlet:
    """A connection whose bytes are kept in a list."""

    __test__ = False

    def __init__(self) -> None:
        self.session: ClientSession | None = None
        self.sent: list[bytes] = []
        self.is_congested = False
        self.is_paused = False
        self.closed: str | None = None
        """The stream error it was closed with, "" for none; None while open."""

    def write(self, data: bytes) -> None:
        if data:
            self.sent.append(data)

    def flush(self) -> None:
        """What a connection does at the end of a loop turn."""
        if self.session is not None and self.closed is None:
            trailer = self.session.trailer()
            if trailer:
                self.sent.append(trailer)

    def pause(self) -> None:
        self.is_paused = True

    def resume(self) -> None:
        self.is_paused = False

    def close(self, condition: str = "", text: str = "") -> None:
        self.closed = condition


class Client:
    """One client of a world. `mute` clients acknowledge nothing."""

    def __init__(self, world: World, name: str, session: ClientSession, outlet: TestOutlet, *, mute: bool) -> None:
        self.world = world
        self.name = name
        self.session = session
        self.outlet = outlet
        self.mute = mute
        self.received: list[Stanza] = []
        """Stanzas not yet looked at, in order."""
        self.nonzas: list[Element] = []
        self.acknowledged = 0
        """How many of its stanzas the server has said are safe."""
        self.count = 0
        """How many stanzas it has been handed in this stream."""
        self._ids = itertools.count(1)

    @property
    def jid(self) -> Jid:
        return self.session.jid

    @property
    def is_open(self) -> bool:
        return self.outlet.closed is None

    async def send(self, text: str | Stanza) -> None:
        """Send stanzas, then let the server do everything that follows at once."""
        stanzas = [text] if isinstance(text, Stanza) else stanzas_of(text)
        for stanza in stanzas:
            self.session.receive(stanza)
        await self.world.settle()

    async def request(self, text: str | Element, *, type: str = "get", to: str | None = None) -> Stanza:  # noqa: A002
        """Send an IQ with this payload; return the answer."""
        payload = text.encode() if isinstance(text, str) else serialize(text)
        key = f"{self.name}-{next(self._ids)}"
        attrs = {"type": type, "id": key} | ({"to": to} if to else {})
        await self.send(Stanza("iq", attrs, payload))
        for stanza in self.received:
            if stanza.kind == "iq" and stanza.id == key:
                self.received.remove(stanza)
                return stanza
        raise AssertionError(f"no answer to {payload!r}; received {self.received}")

    async def ask_ack(self) -> int:
        """`<r/>`; how many stanzas are safe by what came back so far."""
        self.session.asked()
        await self.world.settle()
        return self.acknowledged

    async def ack(self, h: int | None = None) -> None:
        """`<a h=…/>`: everything received, or `h`."""
        self.session.acknowledged(self.count if h is None else h)
        await self.world.settle()

    def take(self) -> list[Stanza]:
        """Everything received since the last look."""
        received, self.received = self.received, []
        return received

    def messages(self) -> list[Stanza]:
        """The messages received since the last look; other stanzas stay."""
        found = [stanza for stanza in self.received if stanza.kind == "message"]
        self.received = [stanza for stanza in self.received if stanza.kind != "message"]
        return found

    def presences(self) -> list[Stanza]:
        """The presence received since the last look; other stanzas stay."""
        found = [stanza for stanza in self.received if stanza.kind == "presence"]
        self.received = [stanza for stanza in self.received if stanza.kind != "presence"]
        return found

    async def disconnect(self) -> None:
        """Close the stream in order."""
        self.session.close()
        await self.world.settle()

    async def vanish(self) -> None:
        """The connection breaks."""
        self.outlet.closed = "lost"
        self.session.detach()
        await self.world.settle()

    async def resume(self) -> None:
        """Come back on a new connection and resume the stream (XEP-0198)."""
        session = await self.world.server.find_resumable(self.session.account, self.session.resume_id)
        assert session is not None, "the stream cannot be resumed"
        self.session = session
        self.outlet = TestOutlet()
        self.outlet.session = session
        session.resumed(self.outlet, self.count)
        await self.world.settle()

    def _read(self) -> bool:
        """Read what has come; answer as a client does. Whether there was anything."""
        self.outlet.flush()
        sent, self.outlet.sent = self.outlet.sent, []
        for data in sent:
            root = parse(b"<x xmlns='jabber:client'>" + data + b"</x>")
            for element in root:
                self._take(element)
        return bool(sent)

    def _take(self, element: Element) -> None:
        namespace = element.tag[1:].partition("}")[0]
        if namespace == CLIENT:
            stanza = Stanza.from_element(element)
            self.count += 1
            if stanza.attrs.get("id") == "plauder-proof":
                if not self.mute:
                    self.session.receive(stanza.result())
            else:
                self.received.append(stanza)
        elif element.tag == "{urn:xmpp:sm:3}r":
            if not self.mute:
                self.session.acknowledged(self.count)
        elif element.tag in ("{urn:xmpp:sm:3}a", "{urn:xmpp:sm:3}resumed"):
            self.acknowledged = int(element.get("h", "0"))
        else:
            self.nonzas.append(element)


class World:
    """A server with its clock, timers, inbox and credentials, all in the test's hands."""

    def __init__(
        self,
        *,
        accounts: Iterable[str] = ("ana", "bruno"),
        register: Sequence[Callable[[Server], Any]] = (),
        database: Database | None = None,
        limits: Limits | None = None,
        inbox: Inbox | None = None,
        credentials: Credentials | None = None,
        clock: FakeClock | None = None,
        config: object = None,
        streams: Streams | None = None,
        highest: int = 0,
    ) -> None:
        self.clock = clock or FakeClock()
        self.timers = FakeTimers(self.clock)
        self.fake_inbox = FakeInbox()
        self.credentials = credentials or FakeCredentials(dict.fromkeys(accounts, "secret"))
        self.server = Server(
            DOMAIN,
            clock=self.clock,
            credentials=self.credentials,
            inbox=inbox or self.fake_inbox,
            bus=LocalBus(),
            directory=LocalDirectory(),
            database=database,
            limits=limits,
            timers=self.timers,
            config=config,
            streams=streams,
            highest=highest,
        )
        for feature in register:
            feature(self.server)
        self.clients: list[Client] = []

    def jid(self, name: str) -> Jid:
        """The bare JID of an account."""
        return Jid.of(name, DOMAIN)

    async def connect(
        self,
        name: str,
        resource: str = "",
        *,
        device: str = "",
        available: bool = True,
        sm: bool = False,
        mute: bool = False,
        priority: int = 0,
    ) -> Client:
        """A client logs in, binds, and sends initial presence. With a `resource` it is a known device of that name."""
        outlet = TestOutlet()
        name_of_device = device or (f"device:{resource}" if resource else "")
        session = await self.server.bind(
            self.jid(name), resource or f"{name}-{len(self.clients)}", name_of_device, outlet, is_known=False
        )
        outlet.session = session
        client = Client(self, name, session, outlet, mute=mute)
        self.clients.append(client)
        if sm:
            self.server.enable_resumption(session, 0)
        if available:
            text = f"<priority>{priority}</priority>" if priority else ""
            await client.send(f"<presence>{text}</presence>")
        await self.settle()
        return client

    async def advance(self, seconds: float) -> None:
        """Let time pass, and everything happen that it brings."""
        self.clock.advance(seconds)
        await self.settle()

    async def settle(self) -> None:
        """Let the server, its features and the clients do all that can be done without time passing."""
        for _ in range(200):
            busy = self._read_all()
            busy = self.timers.run() > 0 or busy
            for _ in range(3):
                await asyncio.sleep(0)
            busy = await self._finish_one() or busy
            if not busy and not self._read_all():
                break

    async def _finish_one(self) -> bool:
        """Wait for what runs in the background and is only slow, until something of it is done. Whether it was."""
        # With a real inbox some may wait for a device after all.
        patience = 10.0 if self.server.inbox is self.fake_inbox else 1.0
        until = time.monotonic() + patience
        while time.monotonic() < until:
            tasks = [task for task in self.server.tasks() if not self._waits_for_somebody(task)]
            if not tasks:
                return False
            done, _ = await asyncio.wait(tasks, timeout=0.05, return_when=asyncio.FIRST_COMPLETED)
            if done:
                return True
        return False

    def _waits_for_somebody(self, task: asyncio.Task[None]) -> bool:
        """Whether only a client or the test itself can end what this task waits for: waiting with it would be in vain.

        With the fake inbox a stanza's outcome hangs on the devices alone; a real one answers from its own thread.
        """
        ends = {"Event.wait"} if self.server.inbox is not self.fake_inbox else {"Event.wait", "Outcome.__await__"}
        awaited: Any = task.get_coro()
        while awaited is not None:
            name, awaited = getattr(awaited, "__qualname__", ""), getattr(awaited, "cr_await", None)
            if name in ends or (name == "Server.answer_to" and not hasattr(awaited, "__qualname__")):
                return True
        return False

    def _read_all(self) -> bool:
        return sum(client._read() for client in self.clients if client.session.outlet is client.outlet) > 0

    async def close(self) -> None:
        """Stop the server, and wait for what it still does."""
        await self.server.stop()
