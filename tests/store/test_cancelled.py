"""A task that is cancelled while it opens or holds a connection leaves none behind."""

import asyncio
import gc
from pathlib import Path

from sqlalchemy import text

from plauder.store.database import Database


async def test_no_connection_is_lost_when_tasks_are_cancelled(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/c.db")
    await database.create_all()

    async def work() -> None:
        async with database.read() as uow:
            await uow.execute(text("SELECT 1"))

    for turns in range(40):
        tasks = [asyncio.create_task(work()) for _ in range(4)]
        for _ in range(turns):
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    await work()
    await database.close()
    gc.collect()  # a lost connection warns here, and warnings are errors
