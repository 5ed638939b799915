"""A real process, killed and stopped: nothing that was acknowledged is lost, nobody who resumes sees anything twice."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from plauder.wire.stanza import Stanza
from tests.raw import Lost, RawClient

pytestmark = pytest.mark.server

PEOPLE = ("ana", "bruno", "carla", "davi", "eva", "fabio")
GROUP = "club@groups.localhost"
BODY = "{jabber:client}body"


class Engine:
    """A process that is started again on the same files."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = 0
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.engine", str(self.directory), str(self.port), *PEOPLE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": "src:.", "GROUPS": "yes"},
        )  # fmt: skip
        assert self.process.stdout is not None
        async with asyncio.timeout(20):
            line = await self.process.stdout.readline()
        self.port = int(line.split()[1])

    async def end(self, how: signal.Signals) -> None:
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(how)
            async with asyncio.timeout(20):
                await self.process.wait()


@asynccontextmanager
async def engine(directory: Path) -> AsyncIterator[Engine]:
    running = Engine(directory)
    await running.start()
    try:
        yield running
    finally:
        await running.end(signal.SIGKILL)


class Reader:
    """What one client was shown, in order."""

    def __init__(self, client: RawClient) -> None:
        self.client = client
        self.bodies: list[str] = []
        client.on_message = self._take

    def _take(self, message: Stanza) -> None:
        self.bodies.append(message.text(BODY) or "")


async def come(client: RawClient, port: int) -> None:
    client.port = port
    for _ in range(50):
        try:
            await client.come()
        except (OSError, Lost):
            await asyncio.sleep(0.05)
        else:
            return
    raise AssertionError(f"{client.name} cannot log in")


async def until_quiet(clients: list[RawClient], seconds: float = 20) -> None:
    """Wait until all that was sent is acknowledged and nothing more arrives."""
    async with asyncio.timeout(seconds):
        while any(client.unacked for client in clients):
            await asyncio.sleep(0.02)
    counts: list[int] = []
    for _ in range(200):
        now = [client.received for client in clients]
        if now == counts:
            return
        counts = now
        await asyncio.sleep(0.25)


@pytest.mark.parametrize(("how", "seed"), [(signal.SIGKILL, 1), (signal.SIGKILL, 2), (signal.SIGTERM, 3)])
async def test_nothing_acknowledged_is_lost(tmp_path: Path, how: signal.Signals, seed: int) -> None:
    """Ana writes to people who answer at once, late, never, who are away, and who have two devices of which one is
    mute, and to a group of all of them. The server dies in the middle, and again while everybody resumes. What Ana was
    not told is safe she sends again: those who had it, alone or as members of the group, are not shown it twice."""
    chance = random.Random(seed)
    async with engine(tmp_path) as server:
        ana = RawClient("ana", server.port, resource="phone")
        bruno = RawClient("bruno", server.port, resource="prompt")
        carla = RawClient("carla", server.port, resource="late", delay=0.06)
        davi = RawClient("davi", server.port, resource="mute", delay=None)
        eva_1 = RawClient("eva", server.port, resource="one")
        eva_2 = RawClient("eva", server.port, resource="two", delay=None)
        everybody = [ana, bruno, carla, davi, eva_1, eva_2]
        readers = {client: Reader(client) for client in everybody}
        for client in (eva_1, eva_2):  # seen before, each is a device with a queue of its own
            await come(client, server.port)
            await client.leave()
        for client in everybody:
            await come(client, server.port)
        await ana.found_group(GROUP, PEOPLE[1:])
        sent: list[tuple[str, str]] = []
        for _ in range(2):
            stop_at = chance.uniform(0.02, 0.3)
            started = asyncio.get_running_loop().time()
            while asyncio.get_running_loop().time() - started < stop_at:
                to = chance.choice((*PEOPLE[1:], "group", "group"))
                body = f"{to}-{len(sent)}"
                where, kind = (GROUP, "groupchat") if to == "group" else (f"{to}@localhost", "chat")
                sent.append((to, ana.send_message(where, body, key=body, kind=kind)))
                await asyncio.sleep(chance.choice((0, 0.001, 0.004)))
            await server.end(how)
            for client in everybody:
                await client.vanish()
            await server.start()
            for client in everybody:
                await come(client, server.port)
                assert client.is_resumed, f"{client.name} could not resume"
        await until_quiet([ana, bruno, carla, eva_1])
        fabio = RawClient("fabio", server.port, resource="late")
        readers[fabio] = Reader(fabio)
        await come(fabio, server.port)
        await until_quiet([fabio])
        assert not ana.refused
        for client, reader in readers.items():
            if client is ana:
                continue
            bodies = [body for body in reader.bodies if body]
            twice = [body for body, count in Counter(bodies).items() if count > 1]
            assert not twice, f"{client.name}/{client.resource} was shown {twice[:5]} more than once"
            for chat in (client.name, "group"):
                expected = [key for to, key in sent if to == chat]
                shown = [body for body in bodies if body.startswith(f"{chat}-")]
                missing = set(expected) - set(shown)
                assert not missing, f"{client.name}/{client.resource} lacks {sorted(missing)[:5]} of {len(expected)}"
                assert shown == expected, f"{client.name}/{client.resource}: {chat} out of order"
        for client in readers:
            await client.vanish()


async def wait_until(done: Callable[[], bool], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not done():
            await asyncio.sleep(0.02)


KINDS = pytest.mark.parametrize("kind", ["chat", "groupchat"])
"""Each of these plays is given to one person, and to a group of which this person is a member."""


@KINDS
async def test_a_full_disk_refuses_and_nothing_lies(tmp_path: Path, kind: str) -> None:
    """Ana writes to somebody who is away until the disk is full. What she was told is safe is there; the rest came
    back as an error. Once there is room again, messages are taken again."""
    async with engine(tmp_path) as server:
        ana = RawClient("ana", server.port, resource="phone")
        await come(ana, server.port)
        await ana.found_group(GROUP, ("fabio",))
        to = GROUP if kind == "groupchat" else "fabio@localhost"
        filler = "x" * 4_000
        sent = [ana.send_message(to, f"{n} {filler}", key=f"a{n}", kind=kind) for n in range(20)]
        await wait_until(lambda: not ana.unacked)
        assert server.process is not None
        server.process.send_signal(signal.SIGUSR1)
        for n in range(300):
            sent.append(ana.send_message(to, f"{n} {filler}", key=f"b{n}", kind=kind))
            if n % 20 == 0:
                await asyncio.sleep(0.02)
        await wait_until(lambda: not ana.unacked)
        assert ana.refused
        assert not ana.refused & {f"a{n}" for n in range(20)}
        await server.end(signal.SIGKILL)
        await ana.vanish()
        await server.start()
        fabio = RawClient("fabio", server.port, resource="late")
        keys: list[str] = []
        fabio.on_message = lambda message: keys.append(message.id or "") if message.text(BODY) else None
        await come(fabio, server.port)
        kept = [key for key in sent if key not in ana.refused]
        await wait_until(lambda: len(keys) >= len(kept))
        assert keys == kept
        await fabio.vanish()


@KINDS
async def test_a_reader_that_does_not_read_costs_little_and_loses_nothing(tmp_path: Path, kind: str) -> None:
    """Forty megabytes for a client that has stopped reading: the server keeps them on disk, not in memory."""
    async with engine(tmp_path) as server:
        assert server.process is not None
        ana = RawClient("ana", server.port, resource="phone")
        bruno = RawClient("bruno", server.port, resource="stuck", reads=False)
        await come(ana, server.port)
        await come(bruno, server.port)
        await ana.found_group(GROUP, ("bruno",))
        to = GROUP if kind == "groupchat" else "bruno@localhost"
        before = resident(server.process.pid)
        filler = "x" * 20_000
        sent = []
        for n in range(2_000):
            sent.append(ana.send_message(to, f"{n} {filler}", key=f"m{n}", ask=n % 10 == 9, kind=kind))
            while len(ana.unacked) > 100:
                await asyncio.sleep(0.005)
        await wait_until(lambda: not ana.unacked, 60)
        assert resident(server.process.pid) - before < 24_000_000
        await bruno.vanish()
        bruno.reads = True
        keys: list[str] = []
        bruno.on_message = lambda message: keys.append(message.id or "") if message.text(BODY) else None
        await come(bruno, server.port)
        await wait_until(lambda: len(keys) >= len(sent), 60)
        assert keys == sent
        for client in (ana, bruno):
            await client.vanish()


async def test_nothing_of_what_was_delivered_is_in_any_file(tmp_path: Path) -> None:
    """While the server runs: receivers of every kind have what was for them, and no file has a word of it any more;
    neither the inbox and its log and index, nor the memory of streams, nor the database."""
    async with engine(tmp_path) as server:
        ana = RawClient("ana", server.port, resource="phone")
        clients = [
            RawClient("bruno", server.port, resource="prompt"),
            RawClient("carla", server.port, resource="late", delay=0.06),
            RawClient("eva", server.port, resource="one"),
            RawClient("eva", server.port, resource="two", delay=None),
            RawClient("davi", server.port, resource="mute", delay=None),
            RawClient("fabio", server.port, resource="away"),
        ]
        away = clients[-1]
        for client in (ana, *clients):
            await come(client, server.port)
            await client.leave()
        for client in (ana, *clients[:-1]):
            await come(client, server.port)
        await ana.found_group(GROUP, ("bruno", "carla", "eva", "fabio"))
        shown = {client: Reader(client) for client in clients}
        to = (*(f"{name}@localhost" for name in PEOPLE[1:]), GROUP)
        for n in range(60):
            kind = "groupchat" if to[n % 6] == GROUP else "chat"
            ana.send_message(to[n % 6], f"{SECRET} {n}", key=f"m{n}", kind=kind)
        await wait_until(lambda: not ana.unacked)
        assert SECRET.encode() in every_file(tmp_path)
        await come(away, server.port)
        for client in clients:
            if client.delay is None:  # at last it acknowledges
                await client.vanish()
                client.delay = 0.0
                await come(client, server.port)
        expected = {"davi": 10}
        await wait_until(lambda: all(len(r.bodies) >= expected.get(c.name, 20) for c, r in shown.items()))
        await wait_until(lambda: SECRET.encode() not in every_file(tmp_path), 60)
        names = {file.name for file in tmp_path.rglob("*") if file.is_file()}
        assert {"inbox.db", "inbox.db-wal", "inbox.db-shm", "plauder.db", "streams.0"} <= names
        for client in (ana, *clients):
            await client.vanish()


SECRET = "the meeting is at the old bridge"


def every_file(directory: Path) -> bytes:
    return b"".join(file.read_bytes() for file in directory.rglob("*") if file.is_file())


def resident(pid: int) -> int:
    """The process's resident memory in bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
