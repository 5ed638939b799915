"""The outbox: what a transaction announces, kept until its subscriber has taken it.

Written in the announcing transaction, so it exists if and only if what it tells of exists. Delivered after the commit,
at least once, in order per (topic, key): while one waits to be tried again, later ones of its key wait behind it, and
those of other keys go on. After `most_attempts` it is laid aside in `outbox_dead`, where an operator can see it and
send it again, and its key goes on without it.

A process that delivers claims a row for `LEASE`; if it dies, another one (or its successor) takes it after that. So a
handler may see an announcement twice and must make no harm of it: `id` is the same both times.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

import orjson
from sqlalchemy import Column, Index, Integer, Table, delete, func, insert, or_, select, update

from plauder.kit import log
from plauder.kit.clock import Clock
from plauder.store.schema import BigKey, Bytes, Instant, Text, metadata

if TYPE_CHECKING:
    from plauder.store.database import Database, UnitOfWork

table = Table(
    "outbox",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("topic", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("payload", Bytes, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("due", Instant),  # null: at once
    Column("claimed_until", Instant),
    Index("ix_outbox_key", "topic", "key", "id"),
)

dead = Table(
    "outbox_dead",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=False),
    Column("topic", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("payload", Bytes, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("why", Text, nullable=False),
    Column("at", Instant, nullable=False),
)

LEASE = timedelta(seconds=90)
HANDLER_SECONDS = 60.0
"""A handler that takes longer has failed; well below LEASE, so that nobody else takes its row meanwhile."""
POLL_SECONDS = 2.0
"""How often rows of other processes (the command line) are looked for."""
FIRST_WAIT = timedelta(seconds=1)
LONGEST_WAIT = timedelta(hours=1)

_ANY = select(table.c.id).limit(1)
"""Whether there is anything at all: what an idle server asks every two seconds should cost it nothing."""
_log = log.get("store.outbox")
_wakers: weakref.WeakKeyDictionary[Database, asyncio.Event] = weakref.WeakKeyDictionary()


async def write(uow: UnitOfWork) -> None:
    """Store what the unit of work announced, inside its own transaction."""
    rows = [
        {"topic": topic, "key": key, "payload": orjson.dumps(payload), "attempts": 0}
        for topic, key, payload in uow.announced
    ]
    await uow.execute(insert(table), rows)


def waker(database: Database) -> asyncio.Event:
    """The event a dispatcher waits on; set when something new has been announced."""
    return _wakers.setdefault(database, asyncio.Event())


def wake(database: Database) -> None:
    """Tell the dispatcher of this process that there is work."""
    waker(database).set()


@dataclass(frozen=True, slots=True)
class Announcement:
    """One row as a handler gets it. `attempts` counts those before this one."""

    id: int
    topic: str
    key: str
    payload: Mapping[str, Any]
    attempts: int


class GiveUp(Exception):
    """Raised by a handler: trying again is of no use; lay it aside now."""


Handler = Callable[[Announcement], Awaitable[None]]


class Counts(Protocol):
    """Where the dispatcher counts."""

    def count(self, name: str, amount: float = 1, /, **labels: str) -> None: ...


def wait_before(attempt: int) -> timedelta:
    """How long to wait before the `attempt`-th retry (1, 2, …): 1 s, 2 s, 4 s … an hour. Pure."""
    return min(FIRST_WAIT * float(2 ** min(attempt - 1, 20)), LONGEST_WAIT)


class Dispatcher:
    """Delivers announcements to their subscribers.

    A topic has one subscriber; announcements of topics that nobody subscribed to are dropped, and counted.
    """

    def __init__(
        self, database: Database, clock: Clock, *, counts: Counts, most_attempts: int = 12, at_once: int = 16
    ) -> None:
        self._database = database
        self._clock = clock
        self._counts = counts
        self._most_attempts = most_attempts
        self._at_once = at_once
        self._handlers: dict[str, Handler] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._loop: asyncio.Task[None] | None = None
        self._is_stopping = False

    def subscribe(self, topic: str, handler: Handler) -> None:
        """Hand announcements of `topic` to `handler`; it returns when it has taken one, raises to get it again."""
        if topic in self._handlers:
            raise ValueError(f"{topic} has a subscriber")
        self._handlers[topic] = handler

    # ── running ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def start(self) -> None:
        """Begin to deliver in the background."""
        if self._database.is_sqlite:
            # One process owns a SQLite database, so claims that stand are those of its dead predecessor.
            async with self._database.begin() as uow:
                await uow.execute(update(table).values(claimed_until=None))
        self._loop = asyncio.create_task(self._run(), name="outbox")

    async def stop(self, seconds: float = 10.0) -> None:
        """Let handlers that run finish for so long; what they leave is delivered after the next start."""
        self._is_stopping = True
        wake(self._database)
        if self._loop is not None:
            # Not cancelled: a database connection that is being opened would be left behind.
            await self._loop
            self._loop = None
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def drain(self) -> int:
        """Deliver everything that is due now, then return how many were tried: for tests and commands."""
        tried = 0
        while claimed := await self._claim(self._at_once):
            await asyncio.gather(*(self._deliver(one) for one in claimed))
            tried += len(claimed)
        return tried

    async def _run(self) -> None:
        woken = waker(self._database)
        while not self._is_stopping:
            woken.clear()
            room = self._at_once - len(self._running)
            try:
                claimed = await self._claim(room) if room else []
            except Exception as error:
                _log.error("outbox cannot be read", why=type(error).__name__)
                claimed = []
            for one in claimed:
                task = asyncio.create_task(self._deliver(one), name=f"outbox {one.topic}")
                self._running.add(task)
                task.add_done_callback(self._done)
            if not claimed and not self._is_stopping:
                with suppress(TimeoutError):
                    async with asyncio.timeout(POLL_SECONDS):
                        await woken.wait()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        # The next one of its key may go now.
        waker(self._database).set()
        if not task.cancelled() and task.exception() is not None:
            _log.error("outbox delivery failed", exc_info=task.exception())

    # ── one announcement ──────────────────────────────────────────────────────────────────────────────────────────

    async def _claim(self, most: int) -> Sequence[Announcement]:
        """Take up to `most` rows that are due: the first of each key, or any without a key."""
        if self._database.peek(_ANY) == []:
            return []
        now = self._clock.now()
        ahead = table.alias("ahead")
        first = select(func.min(ahead.c.id)).where(ahead.c.topic == table.c.topic, ahead.c.key == table.c.key)
        where = (
            or_(table.c.due.is_(None), table.c.due <= now),
            or_(table.c.claimed_until.is_(None), table.c.claimed_until <= now),
            or_(table.c.key == "", table.c.id == first.scalar_subquery()),
        )
        async with self._database.read() as uow:
            if not (await uow.execute(select(table.c.id).where(*where).limit(1))).first():
                return []
        due = select(table.c.id).where(*where).order_by(table.c.id).limit(most).with_for_update(skip_locked=True)
        columns = (table.c.id, table.c.topic, table.c.key, table.c.payload, table.c.attempts)
        async with self._database.begin() as uow:
            chosen = list((await uow.execute(due)).scalars())
            claim = update(table).where(table.c.id.in_(chosen)).values(claimed_until=now + LEASE)
            rows = (await uow.execute(claim.returning(*columns))).all()
        found = [Announcement(row.id, row.topic, row.key, orjson.loads(row.payload), row.attempts) for row in rows]
        return sorted(found, key=lambda one: one.id)

    async def _deliver(self, one: Announcement) -> None:
        handler = self._handlers.get(one.topic)
        if handler is None:
            await self._remove(one)
            self._counts.count("outbox", topic=one.topic, result="unheard")
            return
        try:
            async with asyncio.timeout(HANDLER_SECONDS):
                await handler(one)
        except GiveUp as reason:
            await self._lay_aside(one, str(reason) or "given up")
        except Exception as error:
            await self._try_again(one, error)
        else:
            await self._remove(one)
            self._counts.count("outbox", topic=one.topic, result="delivered")

    async def _remove(self, one: Announcement) -> None:
        async with self._database.begin() as uow:
            await uow.execute(delete(table).where(table.c.id == one.id))

    async def _try_again(self, one: Announcement, error: Exception) -> None:
        attempts = one.attempts + 1
        why = type(error).__name__
        if attempts >= self._most_attempts:
            await self._lay_aside(one, why)
            return
        due = self._clock.now() + wait_before(attempts)
        async with self._database.begin() as uow:
            values = {"attempts": attempts, "due": due, "claimed_until": None}
            await uow.execute(update(table).where(table.c.id == one.id).values(values))
        self._counts.count("outbox", topic=one.topic, result="retry")
        _log.warning("outbox retry", announcement=one.id, topic=one.topic, attempts=attempts, why=why)

    async def _lay_aside(self, one: Announcement, why: str) -> None:
        async with self._database.begin() as uow:
            row = {
                "id": one.id,
                "topic": one.topic,
                "key": one.key,
                "payload": orjson.dumps(one.payload),
                "attempts": one.attempts + 1,
                "why": why[:500],
                "at": self._clock.now(),
            }
            await uow.execute(uow.insert(dead).values(row).on_conflict_do_nothing())
            await uow.execute(delete(table).where(table.c.id == one.id))
        self._counts.count("outbox", topic=one.topic, result="dead")
        _log.error("outbox gave up", announcement=one.id, topic=one.topic, why=why)


async def count(uow: UnitOfWork, which: Table = table) -> int:
    """How many announcements wait, or (`dead`) were laid aside."""
    return int((await uow.execute(select(func.count()).select_from(which))).scalar_one())


async def revive(uow: UnitOfWork, announcement: int | None = None) -> int:
    """Send again what was laid aside (one, or all), behind what waits already; return how many."""
    chosen = select(dead) if announcement is None else select(dead).where(dead.c.id == announcement)
    rows = (await uow.execute(chosen.order_by(dead.c.id))).all()
    for row in rows:
        uow.announce(row.topic, orjson.loads(row.payload), key=row.key)
        await uow.execute(delete(dead).where(dead.c.id == row.id))
    return len(rows)
