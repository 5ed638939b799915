"""The inbox in a SQLite file of its own, written by a thread of its own in groups.

Whatever was asked for while one group was being committed makes the next group, so the price of an fsync is shared by
as many stanzas as there are, and the loop never waits for the disk. What was delivered is gone from the file:
`secure_delete` overwrites it, and the write-ahead log is truncated as soon as there is nothing else to do.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from plauder.kit import log as logging
from plauder.store.inbox import Device, Done, InboxFull, Kept, Owing, Quota, bounds
from plauder.store.inbox_tables import Tables

log = logging.get("store.inbox")

T = TypeVar("T")

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
        # Belonging to the writer's thread from here on; the loop only looks at what is owed.
        self._tables: Tables
        self._retry: list[_Settle] = []
        self._group = _Group()
        self._is_dirty = False
        self._cleaned = time.monotonic()
        self._looked_at_disk = 0.0
        self._has_room = True
        self._thread = threading.Thread(target=self._run, name="inbox", daemon=True)

    @classmethod
    async def open(cls, path: Path, quota: Quota | None = None) -> SqliteInbox:
        """Open or make the file. Raises sqlite3.Error when that is impossible."""
        inbox = cls(path, quota or Quota())
        inbox._tables = await asyncio.to_thread(Tables, path, inbox._quota)
        inbox._thread.start()
        return inbox

    # ── asked for on the loop ─────────────────────────────────────────────────────────────────────────────────────

    def keep(self, number: int, account: str, devices: Sequence[str], stanza: bytes, done: Done) -> None:
        queues = [(account, device) for device in devices]
        for at in queues:
            if self._tables.owed.get(at, 0) >= self._quota.per_device:
                done(InboxFull(f"{self._quota.per_device} stanzas are waiting for one device"))
                return
        self._put_keep(_Keep(number, account, queues, dict.fromkeys(queues), stanza, [done]))

    def keep_common(self, number: int, owing: Sequence[Owing], stanza: bytes, done: Done) -> None:
        owed, most = self._tables.owed, self._quota.per_device
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
        owed, unwritten = self._tables.owed, self._unwritten
        return any((account, device) in owed or (account, device) in unwritten for device in devices)

    async def waiting(self, account: str, devices: Sequence[str], after: int, limit: int) -> tuple[list[Kept], bool]:
        if not self.may_have(account, devices):
            return [], False
        return await self._call(lambda: self._tables.waiting(account, devices, after, limit), account)

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
        return await self._call(lambda: self._tables.archive(account, low, high, newest, limit), account)

    async def count(self, account: str, devices: Sequence[str]) -> int:
        return await self._call(lambda: self._tables.count(account, devices), account)

    async def devices(self, account: str) -> list[Device]:
        return await self._call(lambda: self._tables.devices(account), account, notes=True)

    async def queues(self, prefix: str) -> list[tuple[str, str]]:
        return await self._call(lambda: self._tables.queues(prefix))

    async def save_device(self, device: Device) -> None:
        await self._call(lambda: self._tables.write(lambda: self._tables.save_device(device)))

    def note_device(self, device: Device) -> None:
        self._put(_Note(device.account, lambda: self._tables.save_device(device)))

    async def seen_before(self, account: str, name: str, now: datetime) -> bool:
        was = await self._call(lambda: self._tables.has_seen(account, name), account, notes=True)
        self._put(_Note(account, lambda: self._tables.see(account, name, now)))
        return was

    async def forget_device(self, account: str, device: str) -> None:
        await self._call(lambda: self._tables.write(lambda: self._tables.forget(account, device)))

    async def forget_account(self, account: str) -> None:
        await self._call(lambda: self._tables.write(lambda: self._tables.forget_account(account)))

    async def expire(self, now: datetime) -> int:
        return await self._call(lambda: self._tables.write(lambda: self._tables.expire(now)))

    async def since(self, number: int, limit: int) -> list[Kept]:
        return await self._call(lambda: self._tables.since(number, limit))

    async def highest(self) -> int:
        return await self._call(self._tables.highest)

    async def backup(self, path: Path) -> None:
        """Write a consistent copy to `path`, without stopping anybody for long."""
        await self._call(lambda: self._tables.copy(path))

    async def flush(self) -> None:
        await self._call(lambda: None)

    async def close(self) -> None:
        if not self._is_closing:
            self._is_closing = True
            self._wake.release()
            await asyncio.to_thread(self._thread.join)
            self._tables.close()

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
            self._tables.write(lambda: self._write_group(group, settles), at_once=bool(group.keeps))
            self._retry = []
        except (sqlite3.Error, OSError) as error:
            problem = InboxFull(str(error))
            log.exception("inbox-refuses", stanzas=len(group.keeps))
            self._retry = settles[-RETRY_MAX:]
            self._tables.recount()
        self._is_dirty = True
        if group.keeps or group.settled:
            self._loop.call_soon_threadsafe(self._report, group, problem)

    def _write_group(self, group: _Group, settles: Sequence[_Settle]) -> None:
        if group.keeps:
            self._look_at_disk()
            self._tables.keep((keep.number, keep.account, keep.left, keep.stanza) for keep in group.keeps.values())
        for settle in settles:
            self._tables.settle(settle.account, settle.devices, settle.numbers)
        for note in group.notes:
            note.do()

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

    def _clean(self) -> None:
        """Leave nothing of what was delivered in the files."""
        self._finish_group()
        self._is_dirty = False
        self._cleaned = time.monotonic()
        try:
            if self._retry:
                settles = self._retry
                self._tables.write(lambda: self._write_group(_Group(), settles))
                self._retry = []
            self._tables.clean()
        except (sqlite3.Error, OSError):
            log.exception("inbox-not-cleaned")
            time.sleep(0.1)
