"""The inbox in a SQLite file of its own, written by a thread of its own in groups.

Whatever was asked for while one group was being committed makes the next group, so the price of an fsync is shared by
as many stanzas as there are, and the loop never waits for the disk. What was delivered is gone from the file:
`secure_delete` overwrites it, and the write-ahead log is truncated as soon as there is nothing else to do.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

from plauder.kit import log as logging
from plauder.store.inbox import PAGE_BYTES, Device, Done, InboxFull, Kept, Owing, Quota, addressed

log = logging.get("store.inbox")

T = TypeVar("T")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS device (
    key INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    id TEXT NOT NULL,          -- '' is the account's shared queue
    resource TEXT NOT NULL,
    seen INTEGER NOT NULL,     -- seconds since 1970
    traits TEXT NOT NULL,      -- separated by spaces
    UNIQUE (account, id)
);
CREATE TABLE IF NOT EXISTS message (
    number INTEGER PRIMARY KEY,
    account TEXT NOT NULL,     -- '' where devices of many accounts owe it
    owing INTEGER NOT NULL,    -- devices that have not acknowledged it
    stanza BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS owed (
    device INTEGER NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (device, number)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS visitor (
    account TEXT NOT NULL,
    name TEXT NOT NULL,
    seen INTEGER NOT NULL,
    PRIMARY KEY (account, name)
) WITHOUT ROWID;
"""

_SETTLE: Final = """
DELETE FROM owed WHERE device = ? AND number IN (SELECT value FROM json_each(?)) RETURNING number
"""
_INSERT: Final = """
INSERT INTO message VALUES (?, ?, ?, ?) ON CONFLICT (number) DO UPDATE SET owing = owing + excluded.owing
"""
_SINCE: Final = """
SELECT number, account, stanza FROM message WHERE number > ? AND account <> ''
UNION ALL
SELECT m.number, d.account, m.stanza FROM device d CROSS JOIN owed o ON o.device = d.key AND o.number > ?
CROSS JOIN message m ON m.number = o.number AND m.account = '' GROUP BY m.number, d.account
ORDER BY 1 DESC LIMIT ?
"""
_ERASE: Final = "DELETE FROM message WHERE owing < 2 AND number IN (SELECT value FROM json_each(?))"
_OWED_LESS: Final = "UPDATE message SET owing = owing - 1 WHERE number IN (SELECT value FROM json_each(?))"

COMMON: Final = ""
"""The account of a message that is kept for many."""
GROUP_MAX: Final = 1_000
CLEAN_AFTER: Final = 0.2
"""Seconds without work after which the write-ahead log is truncated."""
CLEAN_AT_LEAST: Final = 10.0
"""The same under load."""
RETRY_MAX: Final = 100_000
LINGER: Final = 0.02
"""Seconds that settlements wait for company. Messages of many accounts share pages, so that ten of them together cost
little more than one; and what a crash takes back makes a double, never a loss."""


@dataclass(slots=True)
class _Keep:
    number: int
    account: str
    queues: list[Owing]
    left: dict[Owing, None]
    """Those that have not acknowledged it before it was written."""
    stanza: bytes
    done: list[Done]

    def take(self, more: _Keep) -> None:
        """The same stanza for more devices."""
        self.queues += more.queues
        self.left |= more.left
        self.done += more.done


@dataclass(slots=True)
class _Settle:
    account: str
    devices: Sequence[str]
    numbers: Sequence[int]


@dataclass(slots=True)
class _Note:
    """Something small to write with the next group."""

    account: str
    do: Callable[[], object]


@dataclass(slots=True)
class _Call:
    """Something to do between two groups, on the writer's thread."""

    do: Callable[[], Any]
    answer: asyncio.Future[Any]
    account: str = ""
    """Whose rows it reads; "" where it may be anybody's, or where it writes."""
    notes: bool = False
    """Whether it reads what notes write."""


@dataclass(slots=True)
class _Group:
    """What one commit writes."""

    keeps: dict[int, _Keep] = field(default_factory=dict)
    settled: list[_Keep] = field(default_factory=list)
    """Acknowledged by all before they were written."""
    settles: list[_Settle] = field(default_factory=list)
    notes: list[_Note] = field(default_factory=list)
    settled_of: set[str] = field(default_factory=set)
    noted_of: set[str] = field(default_factory=set)
    """Whose rows `settles` and `notes` change."""
    began: float = 0.0

    @property
    def lingers(self) -> bool:
        """Whether anything is in it."""
        return bool(self.settled_of or self.noted_of)

    def matters_to(self, call: _Call) -> bool:
        """Whether the call would miss something if this was not written."""
        return not call.account or call.account in (self.noted_of if call.notes else self.settled_of)

    def must_go(self) -> bool:
        """Whether somebody waits for it, or it has waited long enough."""
        if self.keeps or self.settled or len(self.settles) >= GROUP_MAX:
            return True
        return self.lingers and time.monotonic() - self.began >= LINGER


class SqliteInbox:
    """See `store.inbox.Inbox`. Make it with `await SqliteInbox.open(path)`."""

    def __init__(self, path: Path, quota: Quota) -> None:
        self._path = path
        self._quota = quota
        self._loop = asyncio.get_running_loop()
        self._work: deque[_Keep | _Settle | _Note | _Call] = deque()
        self._wake = threading.Semaphore(0)
        self._is_asleep = False
        self._is_lingering = False
        self._is_closing = False
        self._unwritten: dict[tuple[str, str], int] = {}
        # Belonging to the writer's thread from here on; the loop only looks at _owed.
        self._keys: dict[tuple[str, str], int] = {}
        self._owed: dict[tuple[str, str], int] = {}
        self._retry: list[_Settle] = []
        self._group = _Group()
        self._is_dirty = False
        self._is_synchronous = True
        self._cleaned = 0.0
        self._looked_at_disk = 0.0
        self._has_room = True
        self._connection: sqlite3.Connection
        self._thread = threading.Thread(target=self._run, name="inbox", daemon=True)

    @classmethod
    async def open(cls, path: Path, quota: Quota | None = None) -> SqliteInbox:
        """Open or make the file. Raises sqlite3.Error when that is impossible."""
        inbox = cls(path, quota or Quota())
        await asyncio.to_thread(inbox._open)
        inbox._thread.start()
        return inbox

    # ── asked for on the loop ─────────────────────────────────────────────────────────────────────────────────────

    def keep(self, number: int, account: str, devices: Sequence[str], stanza: bytes, done: Done) -> None:
        queues = [(account, device) for device in devices]
        for at in queues:
            if self._owed.get(at, 0) >= self._quota.per_device:
                done(InboxFull(f"{self._quota.per_device} stanzas are waiting for one device"))
                return
        self._put_keep(_Keep(number, account, queues, dict.fromkeys(queues), stanza, [done]))

    def keep_common(self, number: int, owing: Sequence[Owing], stanza: bytes, done: Done) -> None:
        owed, most = self._owed, self._quota.per_device
        queues = [at for at in owing if owed.get(at, 0) < most]
        if len(queues) < len(owing):
            log.warning("queues-full", left_out=len(owing) - len(queues))
        self._put_keep(_Keep(number, COMMON, queues, dict.fromkeys(queues), stanza, [done]))

    def _put_keep(self, keep: _Keep) -> None:
        unwritten = self._unwritten
        for at in keep.queues:
            unwritten[at] = unwritten.get(at, 0) + 1
        self._put(keep)

    def settle(self, account: str, devices: Sequence[str], numbers: Sequence[int]) -> None:
        self._put(_Settle(account, devices, numbers))

    def may_have(self, account: str, devices: Sequence[str]) -> bool:
        owed, unwritten = self._owed, self._unwritten
        return any((account, device) in owed or (account, device) in unwritten for device in devices)

    async def waiting(self, account: str, devices: Sequence[str], after: int, limit: int) -> tuple[list[Kept], bool]:
        if not self.may_have(account, devices):
            return [], False
        return await self._call(lambda: self._waiting(account, devices, after, limit), account)

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
        low = max(after + 1, _number(start) if start else 0)
        high = min(2**63 - 1, before or 2**63 - 1, _number(end) + 256 if end else 2**63 - 1)
        return await self._call(lambda: self._archive(account, low, high, newest, limit), account)

    async def count(self, account: str, devices: Sequence[str]) -> int:
        return await self._call(lambda: self._count(account, devices), account)

    async def devices(self, account: str) -> list[Device]:
        return await self._call(lambda: self._devices(account), account, notes=True)

    async def queues(self, prefix: str) -> list[tuple[str, str]]:
        return await self._call(lambda: self._queues(prefix))

    async def save_device(self, device: Device) -> None:
        await self._call(lambda: self._write(lambda: self._save_device(device)))

    def note_device(self, device: Device) -> None:
        self._put(_Note(device.account, lambda: self._save_device(device)))

    async def seen_before(self, account: str, name: str, now: datetime) -> bool:
        was = await self._call(lambda: self._has_seen(account, name), account, notes=True)
        self._put(_Note(account, lambda: self._see(account, name, now)))
        return was

    async def forget_device(self, account: str, device: str) -> None:
        await self._call(lambda: self._write(lambda: self._forget(account, device)))

    async def forget_account(self, account: str) -> None:
        await self._call(lambda: self._write(lambda: self._forget_account(account)))

    async def expire(self, now: datetime) -> int:
        return await self._call(lambda: self._write(lambda: self._expire(now)))

    async def since(self, number: int, limit: int) -> list[Kept]:
        return await self._call(
            lambda: [Kept(*row) for row in self._connection.execute(_SINCE, (number, number, limit))]
        )

    async def highest(self) -> int:
        return await self._call(
            lambda: self._connection.execute("SELECT coalesce(max(number), 0) FROM message").fetchone()[0]
        )

    async def backup(self, path: Path) -> None:
        """Write a consistent copy to `path`, without stopping anybody for long."""

        def copy() -> None:
            with sqlite3.connect(path) as target:
                self._connection.backup(target)
            target.close()

        await self._call(copy)

    async def flush(self) -> None:
        await self._call(lambda: None)

    async def close(self) -> None:
        if not self._is_closing:
            self._is_closing = True
            self._wake.release()
            await asyncio.to_thread(self._thread.join)
            self._connection.close()

    def _put(self, work: _Keep | _Settle | _Note | _Call) -> None:
        self._work.append(work)
        # While it lingers it wakes up soon enough for what nobody waits for.
        if self._is_asleep and not (self._is_lingering and isinstance(work, _Settle | _Note)):
            self._is_asleep = False
            self._wake.release()

    async def _call(self, do: Callable[[], T], account: str = "", *, notes: bool = False) -> T:
        if self._is_closing:
            raise InboxFull("the inbox is closed")
        answer: asyncio.Future[T] = self._loop.create_future()
        self._put(_Call(do, answer, account, notes))
        return await answer

    def _report(self, group: _Group, problem: Exception | None) -> None:
        """Back on the loop: a group is durable, or was refused."""
        for keep in group.keeps.values():
            self._written(keep, problem)
        for keep in group.settled:
            self._written(keep, None)

    def _written(self, keep: _Keep, problem: Exception | None) -> None:
        unwritten = self._unwritten
        for at in keep.queues:
            left = unwritten.get(at, 1) - 1
            if left:
                unwritten[at] = left
            else:
                unwritten.pop(at, None)
        for done in keep.done:
            done(problem)

    # ── the writer's thread ───────────────────────────────────────────────────────────────────────────────────────

    def _open(self) -> None:
        fresh = not self._path.exists()
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, cached_statements=64)
        if fresh:
            self._path.chmod(0o600)
            connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "busy_timeout=5000"):
            connection.execute(f"PRAGMA {pragma}")
        connection.executescript(SCHEMA)
        for key, account, device in connection.execute("SELECT key, account, id FROM device"):
            self._keys[account, device] = key
        names = {key: at for at, key in self._keys.items()}
        for key, count in connection.execute("SELECT device, count(*) FROM owed GROUP BY device"):
            if key in names:
                self._owed[names[key]] = count
        self._connection = connection
        self._cleaned = time.monotonic()

    def _run(self) -> None:
        while True:
            if not self._work:
                self._sleep()
                if not self._work:
                    if self._is_closing:
                        self._clean()
                        return
                    continue
            self._one_group()
            if self._is_dirty and time.monotonic() - self._cleaned > CLEAN_AT_LEAST:
                self._clean()

    def _sleep(self) -> None:
        """Wait for work; tidy up if none comes soon."""
        self._is_asleep = True
        if self._work or self._is_closing:
            self._is_asleep = False
            return
        if self._group.lingers:
            self._is_lingering = True
            woken = self._wake.acquire(timeout=LINGER)
            self._is_lingering = False
            if woken or self._work:
                self._is_asleep = False
                return
            self._finish_group()
        if self._is_dirty or self._retry:
            if self._wake.acquire(timeout=CLEAN_AFTER):
                return
            self._clean()
        self._wake.acquire(timeout=60.0)

    def _one_group(self) -> None:
        """Take what is there up to the next call; commit it if it is time or the call must see it; make the call."""
        group, work = self._group, self._work
        call: _Call | None = None
        while work and len(group.keeps) < GROUP_MAX:
            item = work.popleft()
            if isinstance(item, _Keep):
                before = group.keeps.setdefault(item.number, item)
                if before is not item:
                    before.take(item)
                continue
            if isinstance(item, _Call):
                call = item
                break
            if not group.lingers:
                group.began = time.monotonic()
            if isinstance(item, _Settle):
                group.settled_of.add(item.account)
                self._settle_unwritten(group, item)
            else:
                group.noted_of.add(item.account)
                group.notes.append(item)
        if group.must_go() or (call is not None and group.matters_to(call)):
            self._finish_group()
        if call is not None:
            self._make(call)

    def _finish_group(self) -> None:
        """Commit what has gathered."""
        group, self._group = self._group, _Group()
        self._commit(group)

    def _settle_unwritten(self, group: _Group, settle: _Settle) -> None:
        """An acknowledgement may overtake the writing of its stanza; then there is less to write, or nothing."""
        rest = []
        for number in settle.numbers:
            keep = group.keeps.get(number)
            if keep is None:
                rest.append(number)
                continue
            unwritten = [at for device in settle.devices if (at := (settle.account, device)) in keep.left]
            for at in unwritten:
                del keep.left[at]
            if keep.account == COMMON and not unwritten:
                rest.append(number)  # what this account owes was written before
            if not keep.left:
                del group.keeps[number]
                group.settled.append(keep)
        if rest:
            group.settles.append(_Settle(settle.account, settle.devices, rest))

    def _commit(self, group: _Group) -> None:
        if not (group.keeps or group.settles or group.settled or group.notes):
            return
        settles = self._retry + group.settles
        problem: Exception | None = None
        try:
            # A settlement that a power cut takes back makes a double, never a loss: it need not wait for the disk.
            self._write(lambda: self._write_group(group, settles), at_once=bool(group.keeps))
            self._retry = []
        except (sqlite3.Error, OSError) as error:
            problem = InboxFull(str(error))
            log.exception("inbox-refuses", stanzas=len(group.keeps))
            self._retry = settles[-RETRY_MAX:]
            self._recount()
        self._is_dirty = True
        if group.keeps or group.settled:
            self._loop.call_soon_threadsafe(self._report, group, problem)

    def _write(self, do: Callable[[], T], *, at_once: bool = True) -> T:
        """Run `do` in a transaction of its own. `at_once`: it is on disk when this returns; otherwise it is with the
        next one that is (what SQLite calls NORMAL)."""
        connection = self._connection
        if at_once is not self._is_synchronous:
            connection.execute(f"PRAGMA synchronous={'FULL' if at_once else 'NORMAL'}")
            self._is_synchronous = at_once
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = do()
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self._keys = {}
            raise
        return result

    def _write_group(self, group: _Group, settles: Sequence[_Settle]) -> None:
        if group.keeps:
            self._look_at_disk()
        messages, owed = [], []
        for keep in group.keeps.values():
            messages.append((keep.number, keep.account, len(keep.left), keep.stanza))
            for at in keep.left:
                owed.append((self._key(*at), keep.number))
                self._owed[at] = self._owed.get(at, 0) + 1
        if messages:
            self._connection.executemany(_INSERT, messages)
            self._connection.executemany("INSERT INTO owed VALUES (?, ?)", owed)
        for settle in settles:
            self._settle(settle)
        for note in group.notes:
            note.do()

    def _settle(self, settle: _Settle) -> None:
        execute = self._connection.execute
        for device in settle.devices:
            if (settle.account, device) not in self._owed:
                continue
            key = self._keys.get((settle.account, device)) or self._find_key(settle.account, device)
            if key is None:
                continue
            numbers = json.dumps(list(settle.numbers))
            gone = json.dumps([row[0] for row in execute(_SETTLE, (key, numbers))])
            if gone != "[]":
                count = gone.count(",") + 1
                # Those that one device owed last are erased; what remains of the list is still owed by others.
                if execute(_ERASE, (gone,)).rowcount < count:
                    execute(_OWED_LESS, (gone,))
                self._count_down((settle.account, device), count)

    def _count_down(self, at: tuple[str, str], gone: int) -> None:
        left = self._owed.get(at, 0) - gone
        if left > 0:
            self._owed[at] = left
        else:
            self._owed.pop(at, None)

    def _find_key(self, account: str, device: str) -> int | None:
        row = self._connection.execute(
            "SELECT key FROM device WHERE account = ? AND id = ?", (account, device)
        ).fetchone()
        if row is None:
            return None
        key: int = row[0]
        self._keys[account, device] = key
        return key

    def _key(self, account: str, device: str) -> int:
        """The key of a queue, which is made if it is not there."""
        key = self._keys.get((account, device)) or self._find_key(account, device)
        if key is None:
            cursor = self._connection.execute(
                "INSERT INTO device (account, id, resource, seen, traits) VALUES (?, ?, '', ?, '')",
                (account, device, int(time.time())),
            )
            assert cursor.lastrowid is not None
            key = self._keys[account, device] = cursor.lastrowid
        return key

    def _make(self, call: _Call) -> None:
        try:
            result = call.do()
        except (sqlite3.Error, OSError) as error:
            log.exception("inbox-call-failed")
            self._answer(call, None, InboxFull(str(error)))
        except Exception as error:
            self._answer(call, None, error)
        else:
            self._is_dirty = True
            self._answer(call, result, None)

    def _answer(self, call: _Call, result: Any, problem: Exception | None) -> None:
        def answer() -> None:
            if call.answer.done():
                return
            if problem is not None:
                call.answer.set_exception(problem)
            else:
                call.answer.set_result(result)

        self._loop.call_soon_threadsafe(answer)

    def _look_at_disk(self) -> None:
        """Raise OSError when there is less room than the operator wants to keep free."""
        now = time.monotonic()
        if self._quota.min_free_bytes and now - self._looked_at_disk > 1.0:
            self._looked_at_disk = now
            self._has_room = shutil.disk_usage(self._path.parent).free >= self._quota.min_free_bytes
        if not self._has_room:
            raise OSError("the disk has less free space than it must keep")

    def _recount(self) -> None:
        """After a rollback the counts are read again."""
        try:
            rows = self._connection.execute(
                "SELECT account, id, count(*) FROM owed JOIN device ON key = device GROUP BY device"
            ).fetchall()
        except sqlite3.Error:
            return
        self._owed = {(account, device): count for account, device, count in rows}

    def _clean(self) -> None:
        """Leave nothing of what was delivered in the files."""
        self._finish_group()
        self._is_dirty = False
        self._cleaned = time.monotonic()
        try:
            if self._retry:
                settles = self._retry
                self._write(lambda: self._write_group(_Group(), settles))
                self._retry = []
            self._connection.execute("PRAGMA incremental_vacuum").fetchall()
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except (sqlite3.Error, OSError):
            log.exception("inbox-not-cleaned")
            time.sleep(0.1)

    # ── reading, on the writer's thread ───────────────────────────────────────────────────────────────────────────

    def _waiting(self, account: str, devices: Sequence[str], after: int, limit: int) -> tuple[list[Kept], bool]:
        keys = {key: name for name in devices if (key := self._find_key(account, name)) is not None}
        if not keys:
            return [], False
        marks = ",".join("?" * len(keys))
        cursor = self._connection.execute(
            f"SELECT o.number, o.device, m.account, m.stanza FROM owed o CROSS JOIN message m ON m.number = o.number "  # noqa: S608
            f"WHERE o.device IN ({marks}) AND o.number > ? ORDER BY o.number LIMIT ?",
            (*keys, after, limit * len(keys) + 1),
        )
        found: list[Kept] = []
        size = 0
        for number, key, owner, stanza in cursor:
            if found and found[-1].number == number:
                found[-1] = Kept(number, account, stanza, (*found[-1].devices, keys[key]))
                continue
            if len(found) == limit or size > PAGE_BYTES:
                return found, True
            stanza = stanza if owner else addressed(stanza, account, number)
            found.append(Kept(number, account, stanza, (keys[key],)))
            size += len(stanza)
        return found, False

    def _archive(self, account: str, low: int, high: int, newest: bool, limit: int) -> list[Kept]:
        order = "DESC" if newest else "ASC"
        rows = self._connection.execute(
            "SELECT m.number, m.account, m.stanza, group_concat(d.id, char(31)) FROM device d "  # noqa: S608
            "JOIN owed o ON o.device = d.key JOIN message m ON m.number = o.number "
            "WHERE d.account = ? AND o.number >= ? AND o.number < ? "
            f"GROUP BY m.number ORDER BY m.number {order} LIMIT ?",
            (account, low, high, limit),
        ).fetchall()
        kept = [
            Kept(number, account, stanza if owner else addressed(stanza, account, number), tuple(devices.split("\x1f")))
            for number, owner, stanza, devices in rows
        ]
        return kept[::-1] if newest else kept

    def _has_seen(self, account: str, name: str) -> bool:
        row = self._connection.execute("SELECT 1 FROM visitor WHERE account = ? AND name = ?", (account, name))
        return row.fetchone() is not None

    def _count(self, account: str, devices: Sequence[str]) -> int:
        keys = [key for name in devices if (key := self._find_key(account, name)) is not None]
        marks = ",".join("?" * len(keys))
        row = self._connection.execute(
            f"SELECT count(DISTINCT number) FROM owed WHERE device IN ({marks})",  # noqa: S608
            keys,
        ).fetchone()
        return int(row[0])

    def _devices(self, account: str) -> list[Device]:
        rows = self._connection.execute(
            "SELECT id, resource, seen, traits FROM device "
            "WHERE account = ? AND id <> '' AND resource <> '' ORDER BY key",
            (account,),
        )
        return [
            Device(account, name, resource, datetime.fromtimestamp(seen, UTC), frozenset(traits.split()))
            for name, resource, seen, traits in rows
        ]

    def _queues(self, prefix: str) -> list[tuple[str, str]]:
        rows = self._connection.execute(
            "SELECT account, id FROM device WHERE substr(id, 1, ?) = ? "
            "AND EXISTS (SELECT 1 FROM owed WHERE owed.device = device.key) ORDER BY key",
            (len(prefix), prefix),
        )
        return [(account, device) for account, device in rows]

    # ── writing, on the writer's thread, in a transaction ─────────────────────────────────────────────────────────

    def _save_device(self, device: Device) -> None:
        self._connection.execute(
            "INSERT INTO device (account, id, resource, seen, traits) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (account, id) DO UPDATE SET resource = excluded.resource, seen = excluded.seen, "
            "traits = excluded.traits",
            (device.account, device.id, device.resource, int(device.seen.timestamp()), " ".join(sorted(device.traits))),
        )

    def _see(self, account: str, name: str, now: datetime) -> None:
        execute = self._connection.execute
        execute("REPLACE INTO visitor VALUES (?, ?, ?)", (account, name, int(now.timestamp())))
        execute(
            "DELETE FROM visitor WHERE account = ? AND name NOT IN "
            "(SELECT name FROM visitor WHERE account = ? ORDER BY seen DESC, name LIMIT ?)",
            (account, account, self._quota.seen_per_account),
        )

    def _forget(self, account: str, device: str) -> None:
        key = self._find_key(account, device)
        if key is None:
            return
        execute = self._connection.execute
        execute(
            "UPDATE message SET owing = owing - 1 WHERE number IN (SELECT number FROM owed WHERE device = ?)", (key,)
        )
        execute("DELETE FROM message WHERE owing < 1 AND number IN (SELECT number FROM owed WHERE device = ?)", (key,))
        execute("DELETE FROM owed WHERE device = ?", (key,))
        execute("DELETE FROM device WHERE key = ?", (key,))
        self._keys.pop((account, device), None)
        self._owed.pop((account, device), None)

    def _forget_account(self, account: str) -> None:
        rows = self._connection.execute("SELECT id FROM device WHERE account = ?", (account,)).fetchall()
        for (device,) in rows:
            self._forget(account, device)
        self._connection.execute("DELETE FROM visitor WHERE account = ?", (account,))

    def _expire(self, now: datetime) -> int:
        execute = self._connection.execute
        limit = now - timedelta(days=self._quota.days)
        below = _number(limit)
        gone = execute("DELETE FROM message WHERE number < ?", (below,)).rowcount
        execute("DELETE FROM owed WHERE number < ?", (below,))
        # A device that has been away for three times as long is not coming back; a queue without one goes when empty.
        away = execute(
            "SELECT account, id FROM device WHERE resource <> '' AND id NOT LIKE 'local:%' AND seen < ?",
            (int((now - timedelta(days=3 * self._quota.days)).timestamp()),),
        ).fetchall()
        for account, device in away:
            self._forget(account, device)
        execute(
            "DELETE FROM device WHERE resource = '' AND NOT EXISTS (SELECT 1 FROM owed WHERE owed.device = device.key)"
        )
        self._keys = {}
        execute("DELETE FROM visitor WHERE seen < ?", (int(limit.timestamp()),))
        if gone:
            self._recount()
        return gone


def _number(moment: datetime) -> int:
    """The lowest number of a moment; see `core.numbers`."""
    return (moment - _EPOCH) // timedelta(microseconds=1) << 8
