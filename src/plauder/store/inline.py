"""A connection to an SQLite file that writes from the thread of the loop, and one that reads there.

The asynchronous engine hands every statement to a thread and its result back, which costs some hundred microseconds
while the loop is busy; an indexed statement takes ten. A commit waits for the disk, so it stays off the loop. While
another process writes, a beginning is tried again and again: a thread that waited for it would keep the writer's place
from the moment it has it until a busy loop comes to use it.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import URL, Connection, create_engine, event
from sqlalchemy.pool import StaticPool

PATIENCE = 10.0
"""Seconds to wait for another process that writes."""
PAUSE = 0.002
"""Seconds between two tries."""


class Inline:
    """One user at a time: the caller holds the lock of the database's writer."""

    def __init__(self, url: URL, configure: Callable[[Any, Any], None], **options: Any) -> None:
        self._engines = [
            create_engine(
                url.set(drivername="sqlite"),
                poolclass=StaticPool,
                connect_args={"check_same_thread": False},
                **options,
            )
            for _ in range(2)
        ]
        for engine in self._engines:
            event.listen(engine, "connect", configure)
        self.engine = self._engines[0]
        self._reading: Connection | None = None
        self._connection: Connection | None = None
        self._thread: ThreadPoolExecutor | None = None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Committed when the block ends, rolled back when it raises."""
        connection = await self._begun()
        try:
            yield connection
        except BaseException:
            connection.rollback()
            raise
        await self._aside(connection.commit)

    def reading(self) -> Connection:
        """Outside of any transaction: each statement sees what is committed when it runs.

        Read its rows at once: while some are left, every other statement here sees the past as well.
        """
        if self._reading is None:
            self._reading = self._engines[1].connect()
            self._reading.exec_driver_sql("PRAGMA query_only=ON")
        return self._reading

    async def _begun(self) -> Connection:
        if self._connection is None:
            self._connection = self.engine.connect()
            self._connection.exec_driver_sql("PRAGMA busy_timeout=0")
            self._connection.commit()
        driver = self._connection.connection
        until = time.monotonic() + PATIENCE
        while True:
            try:
                driver.execute("BEGIN IMMEDIATE")
                break
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise
            await asyncio.sleep(PAUSE)
        self._connection.begin()
        return self._connection

    async def _aside(self, work: Callable[[], None]) -> None:
        """Run on the thread; who is cancelled meanwhile still waits, because the connection is in use."""
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "sqlite-commit")
        running = asyncio.get_running_loop().run_in_executor(self._thread, work)
        try:
            await asyncio.shield(running)
        except asyncio.CancelledError:
            await asyncio.wait([running])
            raise

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._reading is not None:
            self._reading.close()
            self._reading = None
        for engine in self._engines:
            engine.dispose()
        if self._thread is not None:
            self._thread.shutdown()
            self._thread = None
