"""Messages that are sent one by one, sealed many at once.

A unit of work costs a disk flush, a sealed message a tenth of a millisecond. While one batch of a number is being
committed, what arrives for that number waits and becomes the next batch. Nobody waits for a full batch.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from plauder.business.encryption.service import Encryption, Outgoing, Sealed
from plauder.store.database import Database

MAX_BATCH: Final = 200

_Waiting = tuple[Outgoing, "asyncio.Future[Sealed]"]


class SealQueue:
    """Returns a sealed message when its keys are committed, in the order asked for per number."""

    def __init__(self, database: Database, encryption: Encryption) -> None:
        self._database = database
        self._encryption = encryption
        self._waiting: dict[str, deque[_Waiting]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def seal(self, owner: str, message: Outgoing) -> Sealed:
        """As `Encryption.seal` for one message, in a unit of work of its own making."""
        future: asyncio.Future[Sealed] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.get(owner)
        if waiting is None:
            waiting = self._waiting[owner] = deque()
            task = asyncio.create_task(self._work(owner, waiting))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        waiting.append((message, future))
        return await future

    async def _work(self, owner: str, waiting: deque[_Waiting]) -> None:
        while waiting:
            batch = [waiting.popleft() for _ in range(min(len(waiting), MAX_BATCH))]
            # Who no longer waits gets no message; a key that nobody uses is only a gap.
            batch = [each for each in batch if not each[1].done()]
            try:
                async with self._database.begin() as uow:
                    sealed = await self._encryption.seal(uow, owner, [message for message, _ in batch])
            except Exception as problem:  # each caller hears of it; the queue goes on
                for _, future in batch:
                    if not future.done():
                        future.set_exception(problem)
            else:
                for (_, future), each in zip(batch, sealed, strict=True):
                    if not future.done():
                        future.set_result(each)
        del self._waiting[owner]
