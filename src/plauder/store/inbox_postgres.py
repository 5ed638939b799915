"""The inbox in PostgreSQL, for whoever keeps everything there.

One connection writes in groups: what was asked for while one group was being committed makes the next. Another one
reads, after the group before it is committed, so a reader sees all that was kept before it asked. PostgreSQL keeps
what was deleted until its vacuum comes by; the tables ask for that early.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

import psycopg

from plauder.kit import log as logging
from plauder.store.inbox import PAGE_BYTES, Device, Done, InboxFull, Kept, Owing, Quota, addressed, bounds, lowest

log = logging.get("store.inbox")

T = TypeVar("T")
Connection = psycopg.AsyncConnection[tuple[Any, ...]]

COMMON: Final = ""
"""The account of a message that is kept for many."""
GROUP_MAX: Final = 1_000
RETRY_MAX: Final = 100_000

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS inbox_device (
    key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account text NOT NULL,
    id text NOT NULL,
    resource text NOT NULL DEFAULT '',
    seen bigint NOT NULL,
    traits text NOT NULL DEFAULT '',
    UNIQUE (account, id)
);
CREATE TABLE IF NOT EXISTS inbox_message (
    number bigint PRIMARY KEY,
    account text NOT NULL,
    stanza bytea NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
CREATE TABLE IF NOT EXISTS inbox_owed (
    device bigint NOT NULL REFERENCES inbox_device ON DELETE CASCADE,
    number bigint NOT NULL,
    PRIMARY KEY (device, number)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
CREATE INDEX IF NOT EXISTS inbox_owed_number ON inbox_owed (number);
CREATE TABLE IF NOT EXISTS inbox_visitor (
    account text NOT NULL,
    name text NOT NULL,
    seen bigint NOT NULL,
    PRIMARY KEY (account, name)
);
"""

_QUEUES: Final = """
INSERT INTO inbox_device (account, id, seen)
SELECT account, id, %s FROM unnest(%s::text[], %s::text[]) AS wanted (account, id)
ON CONFLICT (account, id) DO NOTHING
"""
_OWED: Final = """
INSERT INTO inbox_owed (device, number)
SELECT d.key, wanted.number FROM unnest(%s::text[], %s::text[], %s::bigint[]) AS wanted (account, id, number)
JOIN inbox_device d ON d.account = wanted.account AND d.id = wanted.id
"""
_SETTLE: Final = """
DELETE FROM inbox_owed o USING inbox_device d
WHERE d.key = o.device AND d.account = %s AND d.id = ANY(%s) AND o.number = ANY(%s)
"""
_ERASE: Final = """
DELETE FROM inbox_message m
WHERE m.number = ANY(%s) AND NOT EXISTS (SELECT 1 FROM inbox_owed o WHERE o.number = m.number)
"""
_SAVE_DEVICE: Final = """
INSERT INTO inbox_device (account, id, resource, seen, traits) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (account, id) DO UPDATE SET resource = excluded.resource, seen = excluded.seen, traits = excluded.traits
"""
_WAITING: Final = """
SELECT o.number, array_agg(d.id), m.account, m.stanza FROM inbox_owed o
JOIN inbox_device d ON d.key = o.device JOIN inbox_message m ON m.number = o.number
WHERE d.account = %s AND d.id = ANY(%s) AND o.number > %s
GROUP BY o.number, m.account, m.stanza ORDER BY o.number LIMIT %s
"""


@dataclass(slots=True)
class _Keep:
    number: int
    account: str
    left: dict[Owing, None]
    """The queues that have not acknowledged it before it was written."""
    stanza: bytes
    done: list[Done]


@dataclass(slots=True)
class _Settle:
    account: str
    devices: Sequence[str]
    numbers: Sequence[int]


@dataclass(slots=True)
class _Call:
    do: Callable[[], Awaitable[Any]]
    answer: asyncio.Future[Any]


class PostgresInbox:
    """See `store.inbox.Inbox`. Make it with `await PostgresInbox.open(url)`; `url` is a `postgresql://…`."""

    def __init__(self, url: str, quota: Quota) -> None:
        self._url = url
        self._quota = quota
        self._connection: Connection
        self._work: asyncio.Queue[_Keep | _Settle | _Call | None] = asyncio.Queue()
        self._retry: list[_Settle] = []
        self._writer: asyncio.Task[None]
        self._is_closing = False

    @classmethod
    async def open(cls, url: str, quota: Quota | None = None) -> PostgresInbox:
        """Connect, and make the tables if they are not there. Raises psycopg.Error."""
        inbox = cls(url, quota or Quota())
        await inbox._connect()
        async with inbox._connection.transaction():
            await inbox._connection.execute("SELECT pg_advisory_xact_lock(7052301)")
            await inbox._connection.execute(SCHEMA)
        inbox._writer = asyncio.get_running_loop().create_task(inbox._run(), name="inbox")
        return inbox

    async def _connect(self) -> None:
        self._connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True)

    # ── asked for ─────────────────────────────────────────────────────────────────────────────────────────────────

    def keep(self, number: int, account: str, devices: Sequence[str], stanza: bytes, done: Done) -> None:
        self._work.put_nowait(_Keep(number, account, {(account, device): None for device in devices}, stanza, [done]))

    def keep_common(self, number: int, owing: Sequence[Owing], stanza: bytes, done: Done) -> None:
        self._work.put_nowait(_Keep(number, COMMON, dict.fromkeys(owing), stanza, [done]))

    def settle(self, account: str, devices: Sequence[str], numbers: Sequence[int]) -> None:
        self._work.put_nowait(_Settle(account, devices, numbers))

    def may_have(self, account: str, devices: Sequence[str]) -> bool:
        return True

    async def waiting(self, account: str, devices: Sequence[str], after: int, limit: int) -> tuple[list[Kept], bool]:
        rows = await self._call(lambda: self._all(_WAITING, (account, list(devices), after, limit + 1)))
        found: list[Kept] = []
        size = 0
        for number, owing, owner, stanza in rows:
            if len(found) == limit or size > PAGE_BYTES:
                return found, True
            found.append(_kept(number, owner, account, bytes(stanza), owing))
            size += len(stanza)
        return found, False

    async def archive(
        self,
        account: str,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        after: int = 0,
        before: int | None = None,
        newest: bool = False,
        limit: int = 50,
    ) -> list[Kept]:
        low, high = bounds(start, end, after, before)
        statement = (
            "SELECT m.number, m.account, m.stanza, array_agg(d.id) FROM inbox_message m "
            "JOIN inbox_owed o ON o.number = m.number JOIN inbox_device d ON d.key = o.device "
            "WHERE d.account = %s AND m.number >= %s AND m.number < %s "
            "GROUP BY m.number ORDER BY m.number "
        )
        statement += "DESC LIMIT %s" if newest else "ASC LIMIT %s"
        rows = await self._call(lambda: self._all(statement, (account, low, high, limit)))
        kept = [_kept(number, owner, account, bytes(stanza), owing) for number, owner, stanza, owing in rows]
        return kept[::-1] if newest else kept

    async def count(self, account: str, devices: Sequence[str]) -> int:
        rows = await self._call(
            lambda: self._all(
                "SELECT count(DISTINCT o.number) FROM inbox_owed o JOIN inbox_device d ON d.key = o.device "
                "WHERE d.account = %s AND d.id = ANY(%s)",
                (account, list(devices)),
            )
        )
        return int(rows[0][0])

    async def devices(self, account: str) -> list[Device]:
        rows = await self._call(
            lambda: self._all(
                "SELECT id, resource, seen, traits FROM inbox_device "
                "WHERE account = %s AND id <> '' AND resource <> '' ORDER BY key",
                (account,),
            )
        )
        return [
            Device(account, name, resource, datetime.fromtimestamp(seen, UTC), frozenset(traits.split()))
            for name, resource, seen, traits in rows
        ]

    async def queues(self, prefix: str) -> list[tuple[str, str]]:
        return await self._call(
            lambda: self._all(
                "SELECT account, id FROM inbox_device WHERE left(id, %s) = %s "
                "AND EXISTS (SELECT 1 FROM inbox_owed WHERE inbox_owed.device = inbox_device.key) ORDER BY key",
                (len(prefix), prefix),
            )
        )

    async def save_device(self, device: Device) -> None:
        await self._run_one(_SAVE_DEVICE, _device_values(device))

    def note_device(self, device: Device) -> None:
        if not self._is_closing:
            answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            answer.add_done_callback(lambda done: done.exception())
            self._work.put_nowait(_Call(lambda: self._execute(_SAVE_DEVICE, _device_values(device)), answer))

    async def seen_before(self, account: str, name: str, now: datetime) -> bool:
        async def note() -> bool:
            async with self._connection.transaction():
                rows = await self._all("SELECT 1 FROM inbox_visitor WHERE account = %s AND name = %s", (account, name))
                await self._connection.execute(
                    "INSERT INTO inbox_visitor VALUES (%s, %s, %s) ON CONFLICT (account, name) DO UPDATE SET "
                    "seen = excluded.seen",
                    (account, name, int(now.timestamp())),
                )
                await self._connection.execute(
                    "DELETE FROM inbox_visitor WHERE account = %s AND name NOT IN "
                    "(SELECT name FROM inbox_visitor WHERE account = %s ORDER BY seen DESC, name LIMIT %s)",
                    (account, account, self._quota.seen_per_account),
                )
                return bool(rows)

        return await self._call(note)

    async def forget_device(self, account: str, device: str) -> None:
        await self._call(lambda: self._forget("account = %s AND id = %s", (account, device)))

    async def forget_account(self, account: str) -> None:
        await self._call(lambda: self._forget("account = %s", (account,)))
        await self._run_one("DELETE FROM inbox_visitor WHERE account = %s", (account,))

    async def expire(self, now: datetime) -> int:
        limit = now - timedelta(days=self._quota.days)
        away = now - timedelta(days=3 * self._quota.days)

        async def erase() -> int:
            async with self._connection.transaction():
                below = lowest(limit)
                gone = await self._connection.execute("DELETE FROM inbox_message WHERE number < %s", (below,))
                await self._connection.execute("DELETE FROM inbox_owed WHERE number < %s", (below,))
                await self._connection.execute("DELETE FROM inbox_visitor WHERE seen < %s", (int(limit.timestamp()),))
                await self._connection.execute(
                    "DELETE FROM inbox_device d WHERE resource = '' "
                    "AND NOT EXISTS (SELECT 1 FROM inbox_owed o WHERE o.device = d.key)"
                )
            await self._forget("resource <> '' AND id NOT LIKE 'local:%%' AND seen < %s", (int(away.timestamp()),))
            return gone.rowcount

        return await self._call(erase)

    async def since(self, number: int, limit: int) -> list[Kept]:
        rows = await self._call(
            lambda: self._all(
                "SELECT m.number, d.account, m.stanza FROM inbox_message m"
                " JOIN inbox_owed o ON o.number = m.number JOIN inbox_device d ON d.key = o.device"
                " WHERE m.number > %s GROUP BY m.number, d.account ORDER BY m.number DESC LIMIT %s",
                (number, limit),
            )
        )
        return [Kept(found, account, bytes(stanza)) for found, account, stanza in rows]

    async def highest(self) -> int:
        rows = await self._call(lambda: self._all("SELECT coalesce(max(number), 0) FROM inbox_message", ()))
        return int(rows[0][0])

    async def flush(self) -> None:
        async def nothing() -> None:
            pass

        await self._call(nothing)

    async def close(self) -> None:
        if not self._is_closing:
            self._is_closing = True
            self._work.put_nowait(None)
            await self._writer
            await self._connection.close()

    async def _run_one(self, statement: str, values: Sequence[Any]) -> None:
        await self._call(lambda: self._execute(statement, values))

    async def _execute(self, statement: str, values: Sequence[Any]) -> None:
        await self._connection.execute(statement, values)

    async def _all(self, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        cursor = await self._connection.execute(statement, values)
        return await cursor.fetchall()

    async def _forget(self, which: str, values: Sequence[Any]) -> None:
        """Erase queues, and every stanza that only they owed."""
        async with self._connection.transaction():
            rows = await self._all(
                f"SELECT o.number FROM inbox_owed o JOIN inbox_device d ON d.key = o.device WHERE {which}",  # noqa: S608
                values,
            )
            await self._execute(f"DELETE FROM inbox_device WHERE {which}", values)  # noqa: S608
            await self._execute(_ERASE, ([number for (number,) in rows],))

    async def _call(self, do: Callable[[], Awaitable[T]]) -> T:
        if self._is_closing:
            raise InboxFull("the inbox is closed")
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._work.put_nowait(_Call(do, answer))
        return await answer

    # ── the writer ────────────────────────────────────────────────────────────────────────────────────────────────

    async def _run(self) -> None:
        item = await self._work.get()
        while item is not None:
            keeps: dict[int, _Keep] = {}
            spared: list[_Keep] = []
            settles, self._retry = self._retry, []
            call: _Call | None = None
            while item is not None and len(keeps) < GROUP_MAX:
                if isinstance(item, _Keep):
                    before = keeps.setdefault(item.number, item)
                    if before is not item:
                        before.left |= item.left
                        before.done += item.done
                elif isinstance(item, _Settle):
                    settles += _overtaken(item, keeps, spared)
                else:
                    call = item
                    break
                if self._work.empty():
                    break
                item = self._work.get_nowait()
            await self._commit(keeps, spared, settles)
            if call is not None:
                await self._make(call)
            if item is None:
                break
            item = await self._work.get()

    async def _commit(self, keeps: dict[int, _Keep], spared: list[_Keep], settles: list[_Settle]) -> None:
        problem: Exception | None = None
        refused: set[int] = set()
        if keeps or settles:
            try:
                refused = await self._write(list(keeps.values()), settles)
            except (psycopg.Error, OSError) as error:
                problem = InboxFull(str(error))
                log.exception("inbox-refuses", stanzas=len(keeps))
                self._retry = settles[-RETRY_MAX:]
                await self._revive()
        full = InboxFull(f"{self._quota.per_device} stanzas are waiting for one device")
        told: list[tuple[_Keep, Exception | None]] = [(keep, None) for keep in spared]
        told += [(keep, problem or (full if keep.number in refused else None)) for keep in keeps.values()]
        for keep, why in told:
            for done in keep.done:
                done(why)

    async def _write(self, keeps: list[_Keep], settles: list[_Settle]) -> set[int]:
        """One transaction; returns what was refused for its device's quota."""
        connection = self._connection
        refused: set[int] = set()
        async with connection.transaction():
            if keeps:
                refused = await self._over_quota(keeps)
                await self._insert([keep for keep in keeps if keep.number not in refused])
            for settle in settles:
                numbers = list(settle.numbers)
                await connection.execute(_SETTLE, (settle.account, list(settle.devices), numbers))
                await connection.execute(_ERASE, (numbers,))
        return refused

    async def _over_quota(self, keeps: list[_Keep]) -> set[int]:
        pairs = {queue for keep in keeps for queue in keep.left}
        rows = await self._all(
            "SELECT d.account, d.id,"
            " (SELECT count(*) FROM (SELECT 1 FROM inbox_owed o WHERE o.device = d.key LIMIT %s) AS waiting)"
            " FROM unnest(%s::text[], %s::text[]) AS wanted (account, id)"
            " JOIN inbox_device d ON d.account = wanted.account AND d.id = wanted.id",
            (self._quota.per_device, [account for account, _ in pairs], [device for _, device in pairs]),
        )
        counts = {(account, device): count for account, device, count in rows}
        refused = set()
        for keep in keeps:
            full = [queue for queue in keep.left if counts.get(queue, 0) >= self._quota.per_device]
            if full and keep.account != COMMON:
                refused.add(keep.number)
                continue
            if full:
                log.warning("queues-full", left_out=len(full))
                for queue in full:
                    del keep.left[queue]
            for queue in keep.left:
                counts[queue] = counts.get(queue, 0) + 1
        return refused

    async def _insert(self, keeps: list[_Keep]) -> None:
        now = int(datetime.now(UTC).timestamp())
        owed = [(account, device, keep.number) for keep in keeps for account, device in keep.left]
        accounts, devices = [account for account, _, _ in owed], [device for _, device, _ in owed]
        await self._connection.execute(_QUEUES, (now, accounts, devices))
        await self._connection.execute(
            "INSERT INTO inbox_message (number, account, stanza)"
            " SELECT * FROM unnest(%s::bigint[], %s::text[], %s::bytea[]) ON CONFLICT (number) DO NOTHING",
            ([keep.number for keep in keeps], [keep.account for keep in keeps], [keep.stanza for keep in keeps]),
        )
        await self._connection.execute(_OWED, (accounts, devices, [number for _, _, number in owed]))

    async def _make(self, call: _Call) -> None:
        try:
            result = await call.do()
        except (psycopg.Error, OSError) as error:
            log.exception("inbox-call-failed")
            await self._revive()
            if not call.answer.done():
                call.answer.set_exception(InboxFull(str(error)))
        else:
            if not call.answer.done():
                call.answer.set_result(result)

    async def _revive(self) -> None:
        """After a failure the connection may be gone: take a new one, if there is one to be had."""
        if not self._connection.closed and not self._connection.broken:
            return
        try:
            await self._connect()
        except (psycopg.Error, OSError):
            log.warning("inbox-not-reachable")
            await asyncio.sleep(0.2)


def _overtaken(settle: _Settle, keeps: dict[int, _Keep], spared: list[_Keep]) -> list[_Settle]:
    """An acknowledgement may overtake the writing of its stanza; then there is less to write, or nothing."""
    rest = []
    for number in settle.numbers:
        keep = keeps.get(number)
        if keep is None:
            rest.append(number)
            continue
        for device in settle.devices:
            keep.left.pop((settle.account, device), None)
        if keep.account == COMMON:
            rest.append(number)  # what this device owes may have been written before
        if not keep.left:
            spared.append(keeps.pop(number))
    return [_Settle(settle.account, settle.devices, rest)] if rest else []


def _kept(number: int, owner: str, account: str, stanza: bytes, owing: Sequence[str]) -> Kept:
    return Kept(number, account, stanza if owner else addressed(stanza, account, number), tuple(owing))


def _device_values(device: Device) -> tuple[str, str, str, int, str]:
    return device.account, device.id, device.resource, int(device.seen.timestamp()), " ".join(sorted(device.traits))
