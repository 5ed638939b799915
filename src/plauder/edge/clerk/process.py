"""The clerk itself: `python -m plauder.edge.clerk.process FD`, started by `keeper` with one end of a socket pair."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Mapping
from typing import Any, NoReturn

import uvloop

from plauder.business.messages.outcomes import Books, Recorder
from plauder.business.webhooks.commands import Publisher
from plauder.edge import terms
from plauder.edge.clerk import frames
from plauder.edge.faults import Faults
from plauder.edge.http.graph.adapters import Senders
from plauder.edge.http.graph.billing import MeteredBilling
from plauder.edge.outbound import Outbound
from plauder.edge.webhooks import Webhooks
from plauder.kit import config as settings
from plauder.kit import interpreter
from plauder.kit import log as logs
from plauder.kit.clock import Clock, SystemClock
from plauder.kit.config import Config
from plauder.kit.keyring import Keyring
from plauder.store.database import Database

log = logs.get("edge.clerk")


class Office:
    """What the clerk works with: the parts of the platform that it needs, on connections of its own."""

    def __init__(self, config: Config, clock: Clock) -> None:
        self._database = Database(config.database)
        keyring = Keyring.open(config.data_dir / "secret.key")
        self._outbound = Outbound(allowed=terms.networks(config), monotonic=clock.monotonic)
        self._faults = Faults(self._database, clock)
        self.webhooks = Webhooks(self._database, clock, keyring, self._outbound, terms.delivery(config.business))
        self.webhooks.faults = self._faults.of
        self._publisher = Publisher(clock)
        self._senders = Senders(self._database, clock)
        books = Books(
            billing=MeteredBilling(),
            numbers=self._senders,
            updates=self._publisher,
            policies=terms.policies(config.business),
            conversation_objects=config.business.conversation_objects,
        )
        self._recorder = Recorder(self._database, books, self.webhooks.wake)

    def changed(self) -> None:
        """Forget what is remembered."""
        self._publisher.changed()
        self._senders.changed()
        self._faults.forget()
        self.webhooks.changed()

    async def note(self, writer: asyncio.StreamWriter, frame: Mapping[str, Any]) -> None:
        """Write down what a frame says, and answer."""
        answer = {"n": frame["n"]}
        try:
            await self._recorder.note(frames.unpack(frame["told"]))
        except Exception as error:
            log.exception("outcomes.failed")
            answer["error"] = type(error).__name__
        writer.write(frames.encode(answer))

    async def close(self) -> None:
        self._outbound.close()
        await self._database.close()


async def serve(office: Office, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Work until the server says `stop`, then finish what was told: True. False when the server has gone."""
    delivering = asyncio.create_task(office.webhooks.run())
    notes: set[asyncio.Task[None]] = set()
    writer.write(frames.encode({"is": "ready"}))
    while (frame := await frames.read(reader)) is not None and frame.get("do") != "stop":
        match frame.get("do"):
            case "note":
                task = asyncio.create_task(office.note(writer, frame))
                notes.add(task)
                task.add_done_callback(notes.discard)
            case "wake":
                office.webhooks.wake()
            case "changed":
                office.changed()
    if frame is None:
        return False
    await asyncio.gather(*notes)
    await writer.drain()
    delivering.cancel()
    await asyncio.gather(delivering, return_exceptions=True)
    await office.close()
    return True


async def _run(channel: socket.socket) -> None:
    reader, writer = await asyncio.open_connection(sock=channel)
    begin = await frames.read(reader)
    if begin is None:
        _leave()
    config = settings.load(None, **begin["settings"])
    logs.configure(config.log)
    office = Office(config, SystemClock())
    interpreter.settle()
    if not await serve(office, reader, writer):
        _leave()


def _leave() -> NoReturn:
    """At once, as if killed: there is nobody to answer, and another server may start on this directory any moment."""
    os._exit(1)


def main() -> None:
    """The server says when to stop: a signal to the whole group is for it, not for us."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    uvloop.run(_run(socket.socket(fileno=int(sys.argv[1]))))


if __name__ == "__main__":
    main()
