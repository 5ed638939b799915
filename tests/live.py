"""A whole engine on real sockets in the test's own loop, with accounts in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plauder.core.door import Door, Rules
from plauder.core.embedded import LocalBus, LocalDirectory
from plauder.core.ports import Limits
from plauder.core.server import Server
from plauder.edge import certificates
from plauder.edge.tcp import TcpListener
from plauder.edge.tls import TlsContext
from plauder.kit.clock import SystemClock
from plauder.kit.config import Config
from plauder.store.database import Database
from plauder.store.inbox import Quota
from plauder.store.inbox_sqlite import SqliteInbox
from tests.fakes import FakeCredentials

DOMAIN = "localhost"


@dataclass
class Live:
    """What a test may reach into."""

    server: Server
    door: Door
    inbox: SqliteInbox
    credentials: FakeCredentials
    port: int
    tls_port: int
    authority: Path


@asynccontextmanager
async def live(
    directory: Path,
    *,
    accounts: Sequence[str] = ("ana", "bruno"),
    register: Sequence[Callable[[Server], Any]] = (),
    limits: Limits | None = None,
    rules: Rules | None = None,
    tls: bool = True,
    domain: str = DOMAIN,
    quota: Quota | None = None,
    database: Database | None = None,
) -> AsyncIterator[Live]:
    """An engine that runs while the block does."""
    clock = SystemClock()
    inbox = await SqliteInbox.open(directory / "inbox.db", quota)
    credentials = FakeCredentials(dict.fromkeys(accounts, "secret"))
    server = Server(
        domain,
        clock=clock,
        credentials=credentials,
        inbox=inbox,
        bus=LocalBus(),
        directory=LocalDirectory(),
        database=database,
        limits=limits,
        highest=await inbox.highest(),
    )
    for feature in register:
        feature(server)
    door = Door(server, rules or Rules(require_tls=tls))
    files = certificates.files(Config(domain=domain, data_dir=directory), clock.now()) if tls else None
    context = TlsContext(files.certificate, files.key) if files is not None else None
    plain = TcpListener(door, context)
    listeners = [plain]
    port = await plain.listen("127.0.0.1", 0)
    tls_port = 0
    if context is not None:
        direct = TcpListener(door, context, is_direct=True)
        tls_port = await direct.listen("127.0.0.1", 0)
        listeners.append(direct)
    server.start()
    try:
        yield Live(server, door, inbox, credentials, port, tls_port, directory / "tls" / "ca.pem")
    finally:
        for listener in listeners:
            listener.stop_accepting()
        await server.stop()
        for listener in listeners:
            await listener.stop()
        await inbox.close()
