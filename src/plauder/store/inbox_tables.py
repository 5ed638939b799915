"""The tables of the inbox's SQLite file, and what is asked of them. One thread uses them; see `inbox_sqlite`."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

from plauder.store.inbox import PAGE_BYTES, Device, Kept, Owing, Quota, addressed, lowest

T = TypeVar("T")

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


class Tables:
    """An open file. Making one, and every method, raises sqlite3.Error when that is impossible."""

    def __init__(self, path: Path, quota: Quota) -> None:
        self._quota = quota
        self._keys: dict[tuple[str, str], int] = {}
        self.owed: dict[tuple[str, str], int] = {}
        """How much waits in each queue. The loop may look at it."""
        self._is_synchronous = True
        fresh = not path.exists()
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=64)
        if fresh:
            path.chmod(0o600)
            connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "busy_timeout=5000"):
            connection.execute(f"PRAGMA {pragma}")
        connection.executescript(SCHEMA)
        for key, account, device in connection.execute("SELECT key, account, id FROM device"):
            self._keys[account, device] = key
        names = {key: at for at, key in self._keys.items()}
        for key, count in connection.execute("SELECT device, count(*) FROM owed GROUP BY device"):
            if key in names:
                self.owed[names[key]] = count
        self._connection = connection

    def write(self, do: Callable[[], T], *, at_once: bool = True) -> T:
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

    def recount(self) -> None:
        """After a rollback the counts are read again."""
        try:
            rows = self._connection.execute(
                "SELECT account, id, count(*) FROM owed JOIN device ON key = device GROUP BY device"
            ).fetchall()
        except sqlite3.Error:
            return
        self.owed = {(account, device): count for account, device, count in rows}

    def since(self, number: int, limit: int) -> list[Kept]:
        return [Kept(*row) for row in self._connection.execute(_SINCE, (number, number, limit))]

    def highest(self) -> int:
        return int(self._connection.execute("SELECT coalesce(max(number), 0) FROM message").fetchone()[0])

    def copy(self, path: Path) -> None:
        with sqlite3.connect(path) as target:
            self._connection.backup(target)
        target.close()

    def clean(self) -> None:
        """Leave nothing of what was erased in the files."""
        self._connection.execute("PRAGMA incremental_vacuum").fetchall()
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        self._connection.close()

    def waiting(self, account: str, devices: Sequence[str], after: int, limit: int) -> tuple[list[Kept], bool]:
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

    def archive(self, account: str, low: int, high: int, newest: bool, limit: int) -> list[Kept]:
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

    def has_seen(self, account: str, name: str) -> bool:
        row = self._connection.execute("SELECT 1 FROM visitor WHERE account = ? AND name = ?", (account, name))
        return row.fetchone() is not None

    def count(self, account: str, devices: Sequence[str]) -> int:
        keys = [key for name in devices if (key := self._find_key(account, name)) is not None]
        marks = ",".join("?" * len(keys))
        row = self._connection.execute(
            f"SELECT count(DISTINCT number) FROM owed WHERE device IN ({marks})",  # noqa: S608
            keys,
        ).fetchone()
        return int(row[0])

    def devices(self, account: str) -> list[Device]:
        rows = self._connection.execute(
            "SELECT id, resource, seen, traits FROM device "
            "WHERE account = ? AND id <> '' AND resource <> '' ORDER BY key",
            (account,),
        )
        return [
            Device(account, name, resource, datetime.fromtimestamp(seen, UTC), frozenset(traits.split()))
            for name, resource, seen, traits in rows
        ]

    def queues(self, prefix: str) -> list[tuple[str, str]]:
        rows = self._connection.execute(
            "SELECT account, id FROM device WHERE substr(id, 1, ?) = ? "
            "AND EXISTS (SELECT 1 FROM owed WHERE owed.device = device.key) ORDER BY key",
            (len(prefix), prefix),
        )
        return [(account, device) for account, device in rows]

    # ── in a transaction ──────────────────────────────────────────────────────────────────────────────────────────

    def keep(self, messages: Iterable[tuple[int, str, Collection[Owing], bytes]]) -> None:
        """Number, account (empty where devices of many owe it), who owes it, stanza."""
        rows, owed = [], []
        for number, account, owing, stanza in messages:
            rows.append((number, account, len(owing), stanza))
            for at in owing:
                owed.append((self._key(*at), number))
                self.owed[at] = self.owed.get(at, 0) + 1
        self._connection.executemany(_INSERT, rows)
        self._connection.executemany("INSERT INTO owed VALUES (?, ?)", owed)

    def settle(self, account: str, devices: Sequence[str], numbers: Sequence[int]) -> None:
        execute = self._connection.execute
        listed = json.dumps(list(numbers))
        for device in devices:
            if (account, device) not in self.owed:
                continue
            key = self._keys.get((account, device)) or self._find_key(account, device)
            if key is None:
                continue
            gone = json.dumps([row[0] for row in execute(_SETTLE, (key, listed))])
            if gone != "[]":
                count = gone.count(",") + 1
                # Those that one device owed last are erased; what remains of the list is still owed by others.
                if execute(_ERASE, (gone,)).rowcount < count:
                    execute(_OWED_LESS, (gone,))
                self._count_down((account, device), count)

    def _count_down(self, at: tuple[str, str], gone: int) -> None:
        left = self.owed.get(at, 0) - gone
        if left > 0:
            self.owed[at] = left
        else:
            self.owed.pop(at, None)

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

    def save_device(self, device: Device) -> None:
        self._connection.execute(
            "INSERT INTO device (account, id, resource, seen, traits) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (account, id) DO UPDATE SET resource = excluded.resource, seen = excluded.seen, "
            "traits = excluded.traits",
            (device.account, device.id, device.resource, int(device.seen.timestamp()), " ".join(sorted(device.traits))),
        )

    def see(self, account: str, name: str, now: datetime) -> None:
        execute = self._connection.execute
        execute("REPLACE INTO visitor VALUES (?, ?, ?)", (account, name, int(now.timestamp())))
        execute(
            "DELETE FROM visitor WHERE account = ? AND name NOT IN "
            "(SELECT name FROM visitor WHERE account = ? ORDER BY seen DESC, name LIMIT ?)",
            (account, account, self._quota.seen_per_account),
        )

    def forget(self, account: str, device: str) -> None:
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
        self.owed.pop((account, device), None)

    def forget_account(self, account: str) -> None:
        rows = self._connection.execute("SELECT id FROM device WHERE account = ?", (account,)).fetchall()
        for (device,) in rows:
            self.forget(account, device)
        self._connection.execute("DELETE FROM visitor WHERE account = ?", (account,))

    def expire(self, now: datetime) -> int:
        execute = self._connection.execute
        limit = now - timedelta(days=self._quota.days)
        below = lowest(limit)
        gone = execute("DELETE FROM message WHERE number < ?", (below,)).rowcount
        execute("DELETE FROM owed WHERE number < ?", (below,))
        # A device that has been away for three times as long is not coming back; a queue without one goes when empty.
        away = execute(
            "SELECT account, id FROM device WHERE resource <> '' AND id NOT LIKE 'local:%' AND seen < ?",
            (int((now - timedelta(days=3 * self._quota.days)).timestamp()),),
        ).fetchall()
        for account, device in away:
            self.forget(account, device)
        execute(
            "DELETE FROM device WHERE resource = '' AND NOT EXISTS (SELECT 1 FROM owed WHERE owed.device = device.key)"
        )
        self._keys = {}
        execute("DELETE FROM visitor WHERE seen < ?", (int(limit.timestamp()),))
        if gone:
            self.recount()
        return gone
