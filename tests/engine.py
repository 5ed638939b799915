"""The engine as a process of its own, to be killed: `python -m tests.engine DIRECTORY PORT ACCOUNT…`.

Prints `ready PORT` when it listens. SIGTERM stops it in order. SIGUSR1 fills the disk: no file may grow by more than
256 KiB from then on. With GROUPS in the environment it serves groups, too.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import sys
from pathlib import Path

import uvloop

from plauder.core.door import Door, Rules
from plauder.core.embedded import LocalBus, LocalDirectory
from plauder.core.ports import Limits
from plauder.core.server import Server
from plauder.edge.tcp import TcpListener
from plauder.features.groups.feature import register as groups
from plauder.kit.clock import SystemClock
from plauder.store.database import Database
from plauder.store.inbox import Quota
from plauder.store.inbox_sqlite import SqliteInbox
from plauder.store.resumption import MappedStreams
from tests.fakes import FakeCredentials


def fill_disk(directory: Path) -> None:
    """The nearest thing to a full disk that needs no privilege: writing past the limit fails with EFBIG."""
    biggest = max(file.stat().st_size for file in directory.glob("inbox.db*"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (biggest + 262_144, resource.RLIM_INFINITY))


async def run(directory: Path, port: int, accounts: list[str]) -> None:
    inbox = await SqliteInbox.open(directory / "inbox.db", Quota())
    streams = MappedStreams(directory / "streams")
    database = Database(f"sqlite:///{directory}/plauder.db") if os.environ.get("GROUPS") else None
    server = Server(
        "localhost",
        clock=SystemClock(),
        credentials=FakeCredentials(dict.fromkeys(accounts, "secret")),
        inbox=inbox,
        bus=LocalBus(),
        directory=LocalDirectory(),
        limits=Limits(ack_timeout=float(os.environ.get("ACK_TIMEOUT", "60"))),
        database=database,
        streams=streams,
        highest=await inbox.highest(),
    )
    if database is not None:
        await database.create_all()
        groups(server)
    door = Door(server, Rules(require_tls=False, connections_per_address=20_000))
    listener = TcpListener(door, None)
    taken = await listener.listen("127.0.0.1", port)
    server.start()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, fill_disk, directory)
    print("ready", taken, flush=True)
    await stop.wait()
    listener.stop_accepting()
    await server.stop()
    await listener.stop()
    await inbox.close()
    if database is not None:
        await database.close()
    streams.close()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(run(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
