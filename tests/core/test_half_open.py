"""Connections that die without a word: the peer is gone, and no FIN or RST ever says so.

A proxy stands between clients and server; from some moment on it takes and gives nothing, and keeps its sockets open.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from plauder.core.ports import Limits
from plauder.features.groups.feature import register as groups
from plauder.store.database import Database
from plauder.wire.jid import Jid
from tests.live import Live, live
from tests.raw import RawClient

pytestmark = pytest.mark.server

GROUP = "club@groups.localhost"
BODY = "{jabber:client}body"


class Tunnel:
    """A TCP proxy to `port`. While `is_dark` nothing passes, either way."""

    def __init__(self, port: int) -> None:
        self._to = port
        self.is_dark = False
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> int:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, ours = await asyncio.open_connection("127.0.0.1", self._to)
        for one, other in ((reader, ours), (theirs, writer)):
            task = asyncio.create_task(self._carry(one, other))
            self._tasks.add(task)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                if self.is_dark:
                    await asyncio.Event().wait()
                writer.write(data)
        finally:
            writer.transport.abort()


@asynccontextmanager
async def village(directory: Path) -> AsyncIterator[tuple[Live, Tunnel, dict[str, RawClient]]]:
    """Ana and Carla at home, Bruno in the tunnel; all in one group."""
    database = Database(f"sqlite:///{directory}/plauder.db")
    await database.create_all()
    limits = Limits(ack_timeout=0.1)
    people = ("ana", "bruno", "carla")
    async with live(
        directory, accounts=people, register=(groups,), limits=limits, tls=False, database=database
    ) as running:
        tunnel = Tunnel(running.port)
        ports = {"ana": running.port, "bruno": await tunnel.open(), "carla": running.port}
        clients = {name: RawClient(name, port, resource="phone") for name, port in ports.items()}
        for client in clients.values():
            await client.come()
        await clients["ana"].found_group(GROUP, ("bruno", "carla"))
        try:
            yield running, tunnel, clients
        finally:
            for client in clients.values():
                await client.vanish()
            await tunnel.close()
    await database.close()


def session_account(running: Live, name: str) -> Jid:
    return Jid.of(name, running.server.domain)


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not done():
            await asyncio.sleep(0.01)


def shown_to(client: RawClient) -> list[str]:
    """What the client is shown from here on."""
    bodies: list[str] = []

    def take(message: object) -> None:
        text = message.text(BODY)  # type: ignore[attr-defined]
        if text:
            bodies.append(text)

    client.on_message = take
    return bodies


def write_all(ana: RawClient, first: int, last: int) -> list[str]:
    """Alternately to Bruno and to the group."""
    texts = []
    for number in range(first, last):
        to, kind = ("bruno@localhost", "chat") if number % 2 else (GROUP, "groupchat")
        texts.append(ana.send_message(to, f"n{number}", key=f"n{number}", kind=kind))
    return texts


def by_conversation(texts: list[str]) -> tuple[list[str], list[str]]:
    """What was said in the group and to one person: order is promised in each."""
    return [text for text in texts if int(text[1:]) % 2 == 0], [text for text in texts if int(text[1:]) % 2]


async def test_a_receiver_that_vanished_without_a_word_loses_nothing(tmp_path: Path) -> None:
    async with village(tmp_path) as (running, tunnel, clients):
        ana, bruno, carla = clients["ana"], clients["bruno"], clients["carla"]
        to_bruno, to_carla = shown_to(bruno), shown_to(carla)
        sent = write_all(ana, 0, 10)
        await until(lambda: len(to_bruno) == len(sent) and not ana.unacked)

        tunnel.is_dark = True
        sent += write_all(ana, 10, 40)
        # Nobody waits for Bruno: what he does not acknowledge is on disk within a commit window.
        await until(lambda: not ana.unacked)
        assert by_conversation(to_bruno) == by_conversation(sent[:10])
        session = running.server.sessions_of(session_account(running, "bruno"))[0]
        assert session.outlet is not None  # type: ignore[attr-defined]

        async def is_noticed() -> bool:
            await running.server.look_after_sessions()
            return session.outlet is None  # type: ignore[attr-defined]

        async with asyncio.timeout(20):
            while not await is_noticed():
                await asyncio.sleep(0.02)
        sent += write_all(ana, 40, 50)
        await until(lambda: not ana.unacked)

        await bruno.vanish()
        tunnel.is_dark = False
        await bruno.come()
        assert bruno.is_resumed
        await until(lambda: len(to_bruno) >= len(sent))
        assert by_conversation(to_bruno) == by_conversation(sent)
        await until(lambda: len(to_carla) >= 25)
        assert to_carla == sent[::2]
        assert not ana.refused


async def test_a_stream_is_resumed_before_the_server_has_noticed(tmp_path: Path) -> None:
    async with village(tmp_path) as (running, tunnel, clients):
        ana, bruno = clients["ana"], clients["bruno"]
        to_bruno = shown_to(bruno)
        tunnel.is_dark = True
        sent = write_all(ana, 0, 30)
        await until(lambda: not ana.unacked)
        # His phone has changed networks: the old connection stays half-open at both ends.
        bruno.port = running.port
        left, bruno._task, bruno._writer = (bruno._task, bruno._writer), None, None
        await bruno.come()
        assert bruno.is_resumed
        await until(lambda: len(to_bruno) >= len(sent))
        assert by_conversation(to_bruno) == by_conversation(sent)
        assert left[0] is not None
        assert left[1] is not None
        left[0].cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await left[0]
        left[1].transport.abort()


async def test_a_sender_that_vanished_without_a_word_says_nothing_twice(tmp_path: Path) -> None:
    async with village(tmp_path) as (running, tunnel, clients):
        ana, bruno, carla = clients["ana"], clients["bruno"], clients["carla"]
        to_ana, to_carla = shown_to(ana), shown_to(carla)
        tunnel.is_dark = True
        expected = []
        for number in range(20):
            to, kind = ("carla@localhost", "chat") if number % 2 else (GROUP, "groupchat")
            expected.append(bruno.send_message(to, f"n{number}", key=f"n{number}", kind=kind))
        await bruno.vanish()
        tunnel.is_dark = False
        await bruno.come()
        assert bruno.is_resumed
        await until(lambda: not bruno.unacked and len(to_carla) >= 20 and len(to_ana) >= 10)
        assert by_conversation(to_carla) == by_conversation(expected)
        assert to_ana == expected[::2]
        assert running.server.sessions_of(session_account(running, "bruno"))[0].is_fed
