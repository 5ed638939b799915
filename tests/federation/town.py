"""Servers that talk to each other in one process: real sockets, certificates of one private authority."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import slixmpp

from plauder.core.server import Server
from plauder.edge import certificates
from plauder.edge.federation.names import Names, Record
from plauder.edge.federation.service import Federation, Settings
from plauder.edge.federation.tls import PeerContext
from plauder.edge.federation.trust import Trust
from plauder.features.groups.feature import register as groups
from plauder.features.moved.feature import register as moved
from plauder.features.strangers.feature import register as strangers
from plauder.kit.clock import SystemClock
from plauder.kit.config import Config
from plauder.store.database import Database
from tests.features.messenger import MESSENGER
from tests.live import Live, live


async def _long_ago(_local: str) -> None:
    return None


FEATURES: tuple[Callable[[Server], Any], ...] = (*MESSENGER, groups, moved, lambda server: strangers(server, _long_ago))


class At(Protocol):
    """Where somebody has an account."""

    @property
    def port(self) -> int: ...
    @property
    def authority(self) -> Path: ...


@dataclass
class Town:
    """One server of ours and its streams with others."""

    domain: str
    live: Live
    federation: Federation
    s2s_port: int

    @property
    def port(self) -> int:
        return self.live.port

    @property
    def authority(self) -> Path:
        return self.live.authority

    @property
    def server(self) -> Server:
        return self.live.server


class Addresses:
    """Instead of DNS: what a test says there is."""

    def __init__(
        self, records: Mapping[str, list[Record]] | None = None, hosts: Mapping[str, list[str]] | None = None
    ) -> None:
        self.records = dict(records or {})
        self.hosts = dict(hosts or {})

    async def services(self, name: str) -> list[Record] | None:
        return self.records.get(name)

    async def addresses(self, host: str) -> list[str]:
        return [host] if host[0].isdigit() else self.hosts.get(host, [])


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def share_authority(source: Path, target: Path) -> None:
    """Let both have certificates of one private authority."""
    (target / "tls").mkdir(parents=True, exist_ok=True)
    for name in ("ca.pem", "ca.key"):
        shutil.copy(source / "tls" / name, target / "tls" / name)


def authority(root: Path, domain: str = "one.test") -> Path:
    """The directory of an authority, made where it is not there."""
    certificates.files(Config(domain=domain, data_dir=root), SystemClock().now())
    return root


@asynccontextmanager
async def town(
    directory: Path,
    domain: str,
    *,
    accounts: Sequence[str],
    places: Mapping[str, str],
    port: int,
    settings: Settings,
    trusted: Path | None = None,
    is_direct: bool = False,
) -> AsyncIterator[Town]:
    """A server that runs while the block does. `trusted`: the authorities it believes; its own where there is none."""
    directory.mkdir(parents=True, exist_ok=True)
    database = Database(f"sqlite:///{directory / 'plauder.db'}")
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        await database.create_all()
        running = await stack.enter_async_context(
            live(directory, accounts=accounts, register=FEATURES, database=database, domain=domain)
        )
        files = certificates.files(Config(domain=domain, data_dir=directory), running.server.clock.now())
        federation = Federation(
            running.server,
            settings,
            Trust(running.server.clock.now, extra=trusted or running.authority),
            PeerContext(files.certificate, files.key),
            domain.encode(),
            Names(Addresses(), places),
        )
        stack.push_async_callback(federation.stop)
        await federation.start()
        taken = await federation.listen("127.0.0.1", port, "federation.port", is_direct=is_direct)
        yield Town(domain, running, federation, taken)


@asynccontextmanager
async def two_towns(
    root: Path,
    *,
    one: Settings | None = None,
    two: Settings | None = None,
    shared: bool = True,
    is_direct: bool = False,
) -> AsyncIterator[tuple[Town, Town]]:
    """one.test with ana (anna, too), two.test with bruno, who know where the other is."""
    ports = {"one.test": free_port(), "two.test": free_port()}
    kind = "/tls" if is_direct else ""
    places = {f"{sub}{name}": f"127.0.0.1:{port}{kind}" for name, port in ports.items() for sub in ("", "groups.")}
    authority(root / "one", "one.test")
    if shared:
        share_authority(root / "one", root / "two")
    async with AsyncExitStack() as stack:
        towns = []
        for name, accounts, settings in (("one", ("ana", "anna"), one), ("two", ("bruno",), two)):
            other = "two.test" if name == "one" else "one.test"
            towns.append(
                await stack.enter_async_context(
                    town(
                        root / name,
                        f"{name}.test",
                        accounts=accounts,
                        places=places,
                        port=ports[f"{name}.test"],
                        settings=settings or Settings(allow=(other,)),
                        is_direct=is_direct,
                    )
                )
            )
        yield towns[0], towns[1]


class Person(slixmpp.ClientXMPP):  # type: ignore[misc]
    """A client that collects what it gets."""

    def __init__(self, at: At, jid: str, password: str = "secret") -> None:
        super().__init__(jid, password)
        self.at = at
        self.ca_certs = str(at.authority)
        self.enable_plaintext = False
        self.auto_authorize = True
        self.auto_subscribe = True
        self.got: asyncio.Queue[Any] = asyncio.Queue()
        self.seen: asyncio.Queue[Any] = asyncio.Queue()
        for plugin in (
            "xep_0030",
            "xep_0045",
            "xep_0060",
            "xep_0115",
            "xep_0163",
            "xep_0184",
            "xep_0191",
            "xep_0198",
            "xep_0199",
        ):
            self.register_plugin(plugin)
        self.started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.add_event_handler("session_start", self._start)
        for event in ("message", "groupchat_message", "message_error"):
            self.add_event_handler(event, self.got.put_nowait)
        for event in ("presence_available", "presence_unavailable", "presence_error"):
            self.add_event_handler(event, self.seen.put_nowait)

    async def _start(self, _: object) -> None:
        await self.get_roster()
        self.send_presence()
        if not self.started.done():
            self.started.set_result(None)

    async def come(self) -> Person:
        self.ssl_context = ssl.create_default_context(cafile=str(self.at.authority))
        self.connect("127.0.0.1", self.at.port)
        async with asyncio.timeout(30):
            await self.started
        return self

    async def next(self, **wanted: str) -> Any:
        """The next message; with `wanted` the next that has these values."""
        return await self._until(self.got, wanted)

    async def next_presence(self, **wanted: str) -> Any:
        return await self._until(self.seen, wanted)

    async def _until(self, queue: asyncio.Queue[Any], wanted: Mapping[str, str]) -> Any:
        async with asyncio.timeout(20):
            while True:
                stanza = await queue.get()
                if all(str(stanza[name.rstrip("_")]).startswith(value) for name, value in wanted.items()):
                    return stanza

    async def go(self) -> None:
        await self.disconnect(wait=0.5)
