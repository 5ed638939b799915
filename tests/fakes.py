"""Stand-ins for the ports of `core`, in memory: no threads, no files, no clock of their own."""

from __future__ import annotations

import hashlib
import heapq
import hmac
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from plauder.core.numbers import number_at
from plauder.core.ports import Device, DeviceKeys, FastToken, InboxFull, Kept, ScramKeys
from plauder.kit.clock import FakeClock
from plauder.store.inbox import Done, Owing, addressed

ITERATIONS = 4096


class FakeTimers:
    """Timers that fire when the fake clock has passed their time and `run` is called."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._due: list[tuple[float, int, _Timer]] = []
        self._order = itertools.count()

    def call_later(self, seconds: float, do: Callable[[], None]) -> _Timer:
        timer = _Timer(do)
        heapq.heappush(self._due, (self._clock.monotonic() + seconds, next(self._order), timer))
        return timer

    def call_soon(self, do: Callable[[], None]) -> _Timer:
        return self.call_later(0, do)

    def run(self) -> int:
        """Fire what is due; how many fired."""
        fired = 0
        while self._due and self._due[0][0] <= self._clock.monotonic():
            timer = heapq.heappop(self._due)[2]
            if not timer.is_cancelled:
                timer.do()
                fired += 1
        return fired


@dataclass
class _Timer:
    do: Callable[[], None]
    is_cancelled: bool = False

    def cancel(self) -> None:
        self.is_cancelled = True


@dataclass
class FakeCredentials:
    """Accounts in a dictionary: localpart → password. A password "device:secret" is bound to that device."""

    passwords: dict[str, str] = field(default_factory=dict)
    disabled: set[str] = field(default_factory=set)
    tokens: dict[tuple[str, str], list[FastToken]] = field(default_factory=dict)

    async def lookup(self, local: str, hash_name: str) -> ScramKeys | None:
        password = self.passwords.get(local)
        if password is None or local in self.disabled:
            return None
        name = hash_name.replace("-", "")
        salt = hashlib.sha256(local.encode()).digest()[:16]
        salted = hashlib.pbkdf2_hmac(name, password.encode(), salt, ITERATIONS)
        client_key = hmac.digest(salted, b"Client Key", name)
        stored = hashlib.new(name, client_key).digest()
        keys = DeviceKeys(_device_of(password), stored, hmac.digest(salted, b"Server Key", name))
        return ScramKeys(salt, ITERATIONS, (keys,))

    async def check_password(self, local: str, password: str) -> str | None:
        known = self.passwords.get(local)
        return _device_of(password) if known == password and local not in self.disabled else None

    async def exists(self, local: str) -> bool:
        return local in self.passwords

    async def is_enabled(self, local: str) -> bool:
        return local in self.passwords and local not in self.disabled

    async def fast_tokens(self, local: str, user_agent: str) -> Sequence[FastToken]:
        return self.tokens.get((local, user_agent), ())

    async def save_fast_token(self, local: str, user_agent: str, token: FastToken) -> None:
        self.tokens.setdefault((local, user_agent), []).insert(0, token)

    async def use_fast_token(self, local: str, user_agent: str, token: bytes, counter: int | None) -> bool:
        known = self.tokens.get((local, user_agent), [])
        at = next((i for i, one in enumerate(known) if one.token == token), None)
        if at is None or (known[at].counter >= 0 if counter is None else known[at].counter >= counter):
            return False
        del known[at + 1 :]
        known[at] = replace(known[at], counter=-1 if counter is None else counter)
        return True

    async def drop_fast_tokens(self, local: str, user_agent: str) -> None:
        self.tokens.pop((local, user_agent), None)


def _device_of(password: str) -> str:
    device, colon, _ = password.partition(":")
    return device if colon else ""


class FakeInbox:
    """An inbox in dictionaries. What is kept is durable when `write` is called; `auto` does so at once."""

    def __init__(self, *, auto: bool = True) -> None:
        self.auto = auto
        self.is_full = False
        self.rows: dict[int | Owing, Kept] = {}
        """By number; what is kept for many, by account and number in hexadecimal."""
        self.known: dict[tuple[str, str], Device] = {}
        self.seen: set[tuple[str, str]] = set()
        self._pending: list[tuple[int | Owing, Kept, Done]] = []

    def keep(self, number: int, account: str, devices: Sequence[str], stanza: bytes, done: Done) -> None:
        self._pending.append((number, Kept(number, account, stanza, tuple(devices)), done))
        if self.auto:
            self.write()

    def keep_common(self, number: int, owing: Sequence[Owing], stanza: bytes, done: Done) -> None:
        for account in dict.fromkeys(account for account, _ in owing):
            devices = tuple(device for name, device in owing if name == account)
            kept = Kept(number, account, addressed(stanza, account, number), devices)
            self._pending.append(((account, f"{number:x}"), kept, lambda _: None))
        self._pending.append((number, Kept(number, "", stanza), done))
        if self.auto:
            self.write()

    def write(self) -> None:
        """Make durable what was kept."""
        pending, self._pending = self._pending, []
        for key, kept, done in pending:
            if self.is_full:
                done(InboxFull("the disk is full"))
            else:
                if kept.devices:
                    before = self.rows.get(key)
                    devices = (*before.devices, *kept.devices) if before is not None else kept.devices
                    self.rows[key] = replace(kept, devices=devices)
                done(None)

    def settle(self, account: str, devices: Sequence[str], numbers: Sequence[int]) -> None:
        def is_meant(kept: Kept) -> bool:
            return kept.number in numbers and kept.account == account

        self._pending = [
            (key, _without(kept, devices) if is_meant(kept) else kept, done) for key, kept, done in self._pending
        ]
        for key, kept in list(self.rows.items()):
            if is_meant(kept):
                self._store(key, _without(kept, devices))

    def _store(self, key: int | Owing, kept: Kept) -> None:
        if kept.devices:
            self.rows[key] = kept
        else:
            self.rows.pop(key, None)

    def may_have(self, account: str, devices: Sequence[str]) -> bool:
        return bool(self._pending or self._of(account))

    async def waiting(self, account: str, devices: Sequence[str], after: int, limit: int) -> tuple[list[Kept], bool]:
        self.write()
        rows = [k for k in self._of(account) if k.number > after and set(k.devices) & set(devices)]
        return rows[:limit], len(rows) > limit

    def _of(self, account: str) -> list[Kept]:
        return sorted((k for k in self.rows.values() if k.account == account), key=lambda k: k.number)

    async def queues(self, prefix: str) -> list[tuple[str, str]]:
        self.write()
        return sorted({(k.account, d) for k in self.rows.values() for d in k.devices if d.startswith(prefix)})

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
        low = max(after + 1, number_at(start) if start else 0)
        rows = [k for k in self._of(account) if k.number >= low]
        rows = [
            k for k in rows if (before is None or k.number < before) and (not end or k.number < number_at(end) + 256)
        ]
        return rows[-limit:] if newest else rows[:limit]

    async def count(self, account: str, devices: Sequence[str]) -> int:
        return sum(1 for k in self._of(account) if set(k.devices) & set(devices))

    async def devices(self, account: str) -> list[Device]:
        return [device for (name, _), device in self.known.items() if name == account]

    async def save_device(self, device: Device) -> None:
        self.known[device.account, device.id] = device

    def note_device(self, device: Device) -> None:
        self.known[device.account, device.id] = device

    async def seen_before(self, account: str, name: str, now: datetime) -> bool:
        was = (account, name) in self.seen
        self.seen.add((account, name))
        return was

    async def forget_device(self, account: str, device: str) -> None:
        self.known.pop((account, device), None)
        for key, kept in list(self.rows.items()):
            if kept.account == account:
                self._store(key, _without(kept, (device,)))

    async def forget_account(self, account: str) -> None:
        self.known = {key: device for key, device in self.known.items() if key[0] != account}
        self.rows = {key: kept for key, kept in self.rows.items() if kept.account != account}

    async def expire(self, now: datetime) -> int:
        old = [key for key, kept in self.rows.items() if kept.number < number_at(now - timedelta(days=30))]
        numbers = {self.rows.pop(key).number for key in old}
        return len(numbers)

    async def since(self, number: int, limit: int) -> list[Kept]:
        found = sorted((k for k in self.rows.values() if k.number > number), key=lambda k: -k.number)
        return [replace(kept, devices=()) for kept in found[:limit]]

    async def highest(self) -> int:
        return max((kept.number for kept in self.rows.values()), default=0)

    async def flush(self) -> None:
        self.write()

    async def close(self) -> None:
        self.write()


def _without(kept: Kept, devices: Sequence[str]) -> Kept:
    return replace(kept, devices=tuple(device for device in kept.devices if device not in devices))
