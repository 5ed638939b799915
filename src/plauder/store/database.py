"""One gateway to SQLite and PostgreSQL.

`Database.begin()` opens a unit of work: one transaction, committed once when the block ends, rolled back when it
raises. What is announced inside it is written to the outbox in the same transaction and leaves after the commit.
`Database.hot()` is the same for the busiest paths, `Database.apart()` for records that nobody else changes,
`Database.read()` for reading.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import orjson
from sqlalchemy import Column, Connection, Executable, Select, Table, bindparam, event, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import CursorResult, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from plauder.kit.errors import Unavailable
from plauder.store import outbox
from plauder.store.bulk import Bulk
from plauder.store.inline import Inline
from plauder.store.peek import Peek
from plauder.store.schema import metadata


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


_ENGINE: dict[str, Any] = {
    # Without it an INSERT has no row count on PostgreSQL, and "did on_conflict_do_nothing insert?" no answer.
    "execution_options": {"preserve_rowcount": True},
    "json_serializer": _json,
    "json_deserializer": orjson.loads,
}


class UnitOfWork:
    """One transaction. Stores take it as an argument and never commit: the edge that opened it does."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self.is_postgresql = connection.dialect.name == "postgresql"
        self.announced: list[tuple[str, str, Mapping[str, Any]]] = []

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[*tuple[Any, ...]]:
        """Run one SQLAlchemy Core statement in this transaction."""
        return await self.connection.execute(statement, parameters)

    async def insert_many(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows that have the same keys; nothing where there are none."""
        if rows:
            await self.execute(table.insert(), rows)

    async def update_many(self, key: Column[Any], rows: Sequence[Mapping[str, Any]]) -> None:
        """Set columns of the rows whose `key` is given: mappings with the key's name and the same columns in each."""
        if rows:
            changed: dict[str, Any] = {name: bindparam(f"new_{name}") for name in rows[0] if name != key.name}
            statement = update(key.table).where(key == bindparam("which")).values(changed)
            named = [{"which" if name == key.name else f"new_{name}": row[name] for name in row} for row in rows]
            await self.execute(statement, named)

    def insert(self, table: Any) -> Any:
        """An INSERT that knows `on_conflict_do_nothing/update` in the dialect of this database."""
        dialect = postgresql if self.is_postgresql else sqlite
        return dialect.insert(table)

    async def alone(self, name: str) -> None:
        """Until this transaction ends, no other one of the same `name` runs: for check-then-insert.

        SQLite has one writer anyway; PostgreSQL takes an advisory lock.
        """
        if self.is_postgresql:
            await self.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})

    def announce(self, topic: str, payload: Mapping[str, Any], *, key: str = "") -> None:
        """Say something to the world after the commit: a row in the outbox, in order per `key`."""
        self.announced.append((topic, key, payload))


class _HotUnit(UnitOfWork):
    """Runs its statements at once, on the thread of the loop."""

    def __init__(self, connection: Connection, bulk: Bulk) -> None:
        self._at_once = connection
        self._bulk = bulk
        self.is_postgresql = False
        self.announced = []

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[*tuple[Any, ...]]:
        return self._at_once.execute(statement, parameters)

    async def insert_many(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        if rows:
            self._bulk.insert(self._at_once, table, rows)

    async def update_many(self, key: Column[Any], rows: Sequence[Mapping[str, Any]]) -> None:
        if rows:
            self._bulk.update(self._at_once, key, rows)


class _LateUnit(UnitOfWork):
    """Reads at once what is committed, and begins a transaction when something is to be written."""

    def __init__(self, reading: Connection, begin: Callable[[], Awaitable[UnitOfWork]]) -> None:
        self._reading = reading
        self._begin = begin
        self._writing: UnitOfWork | None = None
        self.is_postgresql = False
        self.announced = []

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[*tuple[Any, ...]]:
        if self._writing is None and statement.is_select:
            return self._reading.execute(statement, parameters)
        return await (await self._writer()).execute(statement, parameters)

    async def insert_many(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        await (await self._writer()).insert_many(table, rows)

    async def update_many(self, key: Column[Any], rows: Sequence[Mapping[str, Any]]) -> None:
        await (await self._writer()).update_many(key, rows)

    async def _writer(self) -> UnitOfWork:
        if self._writing is None:
            self._writing = await self._begin()
            self._writing.announced = self.announced
        return self._writing


class Database:
    """The engine behind a URL: `sqlite:///path/plauder.db` or `postgresql://user@host/name`.

    Raises Unavailable when a SQLite file's directory is not there, sqlalchemy.exc.ArgumentError for what is no URL.
    """

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        if self.is_sqlite and not Path(parsed.database or "").parent.is_dir():
            raise Unavailable(f"There is no directory {Path(parsed.database or '').parent} for the database.")
        driver = "sqlite+aiosqlite" if self.is_sqlite else "postgresql+psycopg"
        self.engine: AsyncEngine = create_async_engine(
            parsed.set(drivername=driver),
            pool_pre_ping=not self.is_sqlite,
            **_ENGINE,
        )
        self._writer: asyncio.Lock | None = asyncio.Lock() if self.is_sqlite else None
        self._given_up: set[asyncio.Future[Any]] = set()
        self._peek = Peek(parsed.database) if self.is_sqlite and parsed.database else None
        if self.is_sqlite:
            event.listen(self.engine.sync_engine, "connect", _configure_sqlite)
            event.listen(self.engine.sync_engine, "begin", _begin_sqlite)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._bulk = Bulk()
        self.inline: Inline | None = None
        if self.is_sqlite:
            self.inline = Inline(parsed, _configure_sqlite, **_ENGINE)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[UnitOfWork]:
        """A read-write unit of work. SQLite has one writer at a time, so it is queued here, not refused there."""
        async with self._writer or nullcontext(), self._connected() as connection:
            async with connection.begin():
                uow = UnitOfWork(connection)
                yield uow
                if uow.announced:
                    await outbox.write(uow)
        if uow.announced:
            outbox.wake(self)

    @asynccontextmanager
    async def hot(self) -> AsyncIterator[UnitOfWork]:
        """`begin` for few and quick statements on the busiest paths.

        With SQLite they run on the thread of the loop: an indexed statement takes less time than handing it to another
        thread and back. Only what waits for the disk or for another process does not: beginning and committing.
        """
        if self.inline is None or self._writer is None:
            async with self.begin() as uow:
                yield uow
            return
        async with self._writer, self.inline.transaction() as connection:
            unit = _HotUnit(connection, self._bulk)
            yield unit
            if unit.announced:
                await outbox.write(unit)
        if unit.announced:
            outbox.wake(self)

    @asynccontextmanager
    async def apart(self, name: str) -> AsyncIterator[UnitOfWork]:
        """`hot` for records that are changed by nobody but who opens it with this `name`, one at a time.

        What such a unit read stays true until it writes, so with SQLite it keeps nobody from writing while it reads
        and thinks: the transaction begins with the first statement that changes something. Other processes take
        their turns by `UnitOfWork.alone`.
        """
        if self.inline is None:
            async with self.hot() as uow:
                yield uow
            return
        async with self._turns.setdefault(name, asyncio.Lock()), AsyncExitStack() as stack:
            yield _LateUnit(self.inline.reading(), lambda: stack.enter_async_context(self.hot()))

    @asynccontextmanager
    async def read(self) -> AsyncIterator[UnitOfWork]:
        """A unit of work that only reads and never waits for a writer."""
        async with self._connected() as connection:
            await connection.execution_options(plauder_read_only=True)
            async with connection.begin():
                yield UnitOfWork(connection)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[AsyncConnection]:
        """A connection of the pool. One that was just being opened for a task that is cancelled is closed, not lost:
        SQLAlchemy would leave it, and its thread, to the garbage collector."""
        opening = asyncio.ensure_future(self._open())
        try:
            connection = await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(self._give_up)
            self._given_up.add(opening)
            raise
        try:
            yield connection
        finally:
            await asyncio.shield(self._finish(connection))

    async def _open(self) -> AsyncConnection:
        return await self.engine.connect()

    def _give_up(self, opening: asyncio.Future[AsyncConnection]) -> None:
        self._given_up.discard(opening)
        if not opening.cancelled() and opening.exception() is None:
            self._finish(opening.result())

    def _finish(self, connection: AsyncConnection) -> asyncio.Future[None]:
        """Give a connection back, whoever is cancelled meanwhile; `close` waits for it."""
        closing = asyncio.ensure_future(connection.close())
        self._given_up.add(closing)
        closing.add_done_callback(self._given_up.discard)
        return closing

    def peek(self, statement: Select[Any], **values: Any) -> list[Any] | None:
        """Look a few rows up by key at once; None where the database is elsewhere and has to be waited for (`read`).

        For statements that are made once and asked often. Columns come as the driver has them: use it for texts,
        numbers and bytes.
        """
        return None if self._peek is None else self._peek(statement, values)

    async def create_all(self) -> None:
        """Make every table that is not there yet: for tests; a server migrates instead."""
        async with self.begin() as uow:
            await uow.connection.run_sync(metadata.create_all)

    async def close(self) -> None:
        if self._peek is not None:
            self._peek.close()
        if self.inline is not None:
            self.inline.close()
        while self._given_up:
            await asyncio.wait(set(self._given_up))
        await self.engine.dispose()


def _configure_sqlite(connection: Any, _entry: ConnectionPoolEntry) -> None:
    # Transactions are begun by us: BEGIN IMMEDIATE takes the write lock at once instead of failing half-way.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "busy_timeout=10000",
        "secure_delete=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    read_only = connection.get_execution_options().get("plauder_read_only", False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
