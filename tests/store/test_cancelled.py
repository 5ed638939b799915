"""A task that is cancelled while it opens or holds a connection leaves none behind."""

import asyncio
import threading
from collections.abc import Coroutine, Generator
from pathlib import Path
from typing import Any

from sqlalchemy import text

from plauder.store.database import Database


class CancelledAt:
    """Awaits `work`, and cancels it at its nth wait, whatever it waits for there."""

    def __init__(self, work: Coroutine[Any, Any, None], nth: int) -> None:
        self._work = work
        self._left = nth
        self.has_been = False

    def __await__(self) -> Generator[Any, Any, None]:
        steps = self._work.__await__()
        waits = steps.send(None)
        while True:
            self._left -= 1
            try:
                if self._left == 0:
                    self.has_been = True
                    if waits is not None:
                        waits.cancel()
                    waits = steps.throw(asyncio.CancelledError())
                else:
                    yield waits
                    waits = steps.send(None)
            except StopIteration:
                return


async def test_no_connection_is_lost_wherever_a_task_is_cancelled(tmp_path: Path) -> None:
    """Each SQLite connection has a thread of its own: one that is lost keeps it alive for ever."""
    before = threading.active_count()

    async def work(database: Database) -> None:
        async with database.read() as uow:
            await uow.execute(text("SELECT 1"))

    nth, done = 0, False
    while not done:
        nth += 1
        database = Database(f"sqlite:///{tmp_path}/c.db")
        attempt = CancelledAt(work(database), nth)

        async def play(attempt: CancelledAt = attempt) -> None:
            await attempt

        if await asyncio.gather(asyncio.create_task(play()), return_exceptions=True) == [None]:
            done = not attempt.has_been
        await database.close()
        async with asyncio.timeout(10):
            while threading.active_count() > before:
                await asyncio.sleep(0.01)
    assert nth > 5
