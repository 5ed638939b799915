"""The clerk as a process: it is told, it answers, it comes back, it ends. The whole: `tests/money/test_killed.py`."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from plauder.business.messages.outcomes import Progressed
from plauder.edge.clerk.keeper import Clerk
from plauder.kit.clock import SystemClock
from plauder.kit.config import Config
from plauder.kit.errors import Unavailable
from plauder.kit.keyring import Keyring
from tests import databases

pytestmark = pytest.mark.server


@asynccontextmanager
async def started(directory: Path) -> AsyncIterator[Clerk]:
    config = Config(data_dir=directory)
    Keyring.open(directory / "secret.key")
    databases.fresh(directory / "plauder.db")
    clerk = Clerk(config)
    clerk.start()
    try:
        yield clerk
    finally:
        await clerk.stop()


async def gone(pid: int) -> None:
    async with asyncio.timeout(20):
        while Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes():
            await asyncio.sleep(0.01)


STEP = Progressed("wamid.nobody", "sent", SystemClock().now())


async def test_a_life(tmp_path: Path) -> None:
    async with started(tmp_path) as clerk:
        early = asyncio.gather(*(clerk.note([STEP]) for _ in range(3)))  # told before it is ready
        await early
        assert clerk.is_ready
        first = clerk.pid
        assert first
        os.kill(first, signal.SIGTERM)  # a signal to the whole group is for the server
        await clerk.note([STEP])
        assert clerk.pid == first

        os.kill(first, signal.SIGSTOP)
        asked = asyncio.ensure_future(clerk.note([STEP]))
        await asyncio.sleep(0)
        os.kill(first, signal.SIGKILL)
        await asked  # its successor is told
        second = clerk.pid
        assert second
        assert second != first

        clerk.wake()
        clerk.changed()
        await clerk.note([STEP])
        assert clerk.pid == second
    await gone(second)
    with pytest.raises(Unavailable):
        await clerk.note([STEP])


async def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    async with started(tmp_path) as clerk:
        await clerk.note([STEP])
        (tmp_path / "plauder.db").write_bytes(b"no database" * 500)
        with pytest.raises(Unavailable, match="could not be written down"):
            await clerk.note([STEP])
        assert clerk.is_ready
