"""The server's side: starts the clerk, tells it what became of messages, and starts it again when it dies."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Mapping, Sequence
from typing import Any

from plauder.business.messages.outcomes import Told
from plauder.edge.clerk import frames
from plauder.kit.batching import Batcher
from plauder.kit.config import Config
from plauder.kit.errors import Unavailable
from plauder.kit.log import get as get_log

log = get_log("edge.clerk")

STOP_SECONDS = 15.0
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0
WAKE_SECONDS = 0.01
MOST = 512
"""What is told in one frame."""


class Clerk:
    """An `Outcomes` whose work another process does. `start` and `stop` once each."""

    def __init__(self, config: Config) -> None:
        self._settings = _settings(config)
        self._batcher: Batcher[Sequence[Told], None] = Batcher(self._tell, most=MOST)
        self._numbers = itertools.count(1)
        self._open: dict[int, tuple[bytes, asyncio.Future[None]]] = {}
        self._process: Process | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self._stopping = asyncio.Event()
        self._is_waking = False

    @property
    def is_ready(self) -> bool:
        """Whether it works now; if not, it is being started."""
        return self._ready.is_set()

    @property
    def pid(self) -> int | None:
        """The process there is now."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Begin to start it. Nobody has to wait: what is told before it is ready is told to it then."""
        self._keeping = asyncio.create_task(self._keep(), name="clerk")

    async def stop(self) -> None:
        """Let it finish what it was told, then end it. What is told from now on is refused."""
        self._stopping.set()
        self._send(_STOP)
        if self._keeping is not None:
            _, late = await asyncio.wait([self._keeping], timeout=STOP_SECONDS)
            if late and self._process is not None:
                log.error("clerk does not stop")
                with contextlib.suppress(ProcessLookupError):
                    self._process.kill()
            await self._keeping
        for _, waiting in self._open.values():
            if not waiting.done():
                waiting.set_exception(Unavailable("The server is stopping."))
        self._open.clear()

    # ── what the server says ──────────────────────────────────────────────────────────────────────────────────────

    async def note(self, told: Sequence[Told]) -> None:
        """Waits as long as there is no clerk."""
        await self._batcher.do(told)

    def wake(self) -> None:
        """There may be webhooks to deliver: said once for many that come together."""
        if not self._is_waking:
            self._is_waking = True
            asyncio.get_running_loop().call_later(WAKE_SECONDS, self._wake)

    def _wake(self) -> None:
        self._is_waking = False
        self._send(_WAKE)

    def changed(self) -> None:
        """Subscriptions, numbers or secrets are not what they were."""
        self._send(_CHANGED)

    async def _tell(self, batch: Sequence[Sequence[Told]]) -> Sequence[None]:
        if self._stopping.is_set():
            raise Unavailable("The server is stopping.")
        number = next(self._numbers)
        packed = frames.pack([one for told in batch for one in told])
        frame = frames.encode({"do": "note", "n": number, "told": packed})
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._open[number] = (frame, answer)
        self._send(frame)
        try:
            await answer
        finally:
            self._open.pop(number, None)
        return [None] * len(batch)

    def _send(self, frame: bytes) -> None:
        """Nothing is lost where there is no clerk: its successor is told what is open, and looks at the database."""
        if self._writer is not None and self._ready.is_set():
            self._writer.write(frame)

    # ── the process ───────────────────────────────────────────────────────────────────────────────────────────────

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        pause = FIRST_PAUSE
        while not self._stopping.is_set():
            since = loop.time()
            try:
                status: int | str = await self._one_life()
            except OSError as error:
                status = error.strerror or str(error)
            if self._stopping.is_set():
                break
            log.error("clerk died", status=status)
            pause = FIRST_PAUSE if loop.time() - since > LONGEST_PAUSE else min(pause * 2, LONGEST_PAUSE)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._stopping.wait()

    async def _one_life(self) -> int:
        """Start a process and listen to it until it ends. Returns its exit status."""
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "plauder.edge.clerk.process", str(theirs.fileno())),
                pass_fds=[theirs.fileno()],
                stdin=DEVNULL,
            )
        reader, self._writer = await asyncio.open_connection(sock=ours)
        try:
            self._writer.write(frames.encode({"do": "begin", "settings": self._settings}))
            while (frame := await frames.read(reader)) is not None:
                self._heard(frame)
        except frames.BadFrame:
            log.exception("clerk is not understood")
            self._process.kill()
        finally:
            self._ready.clear()
            self._writer.close()
            self._writer = None
        status = await self._process.wait()
        self._process = None
        return status

    def _heard(self, frame: Mapping[str, Any]) -> None:
        if frame.get("is") == "ready":
            self._ready.set()
            if self._stopping.is_set():
                self._send(_STOP)
            for again, _ in self._open.values():
                self._send(again)
            return
        _, answer = self._open.get(frame.get("n", 0), (b"", None))
        if answer is None or answer.done():
            return
        if error := frame.get("error"):
            answer.set_exception(Unavailable(f"It could not be written down: {error}."))
        else:
            answer.set_result(None)


_WAKE = frames.encode({"do": "wake"})
_STOP = frames.encode({"do": "stop"})
_CHANGED = frames.encode({"do": "changed"})


def _settings(config: Config) -> dict[str, Any]:
    """What the clerk has to know of the configuration, the database's password included: only for the socket pair."""
    sections = ("http", "business", "log")
    told = {name: getattr(config, name).model_dump(mode="json") for name in sections}
    return told | {
        "domain": config.domain,
        "data_dir": str(config.data_dir.absolute()),
        "database_url": config.database,
    }
