"""Devices and the account itself: add, list, rename, link, revoke, PIN, disable, delete."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from plauder.features.accounts import events, rules, scram, store
from plauder.features.accounts.parts import BadPin, NoAccount, NoDevice, NoInvite, Parts, Taken
from plauder.features.accounts.scram import Keys
from plauder.features.accounts.store import Account, Device
from plauder.kit import ids, phone
from plauder.kit.errors import BadInput, TooMany
from plauder.store.database import UnitOfWork
from plauder.wire.jid import InvalidJid, prepare_password

ANYWHERE = ""
"""The device id of a password that a person chose."""
LINK_MINUTES = 5
MOST_LINKS = 5
SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 1_000

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""19 MiB and two passes (OWASP's recommendation for Argon2id): some 30 ms, and no door to exhaust the memory."""


@dataclass(frozen=True, slots=True)
class Credential:
    """What a new device needs to log in. The password exists here and on the device, nowhere else."""

    local: str
    device: str
    password: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class Prepared:
    """A device's credential with the costly part done, ready to be written in a transaction."""

    device: str
    password: str
    keys: dict[str, Keys]


class Devices:
    """Use cases; each is one transaction."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    # ── adding ────────────────────────────────────────────────────────────────────────────────────────────────────

    def new_account(self, local: str, country: str) -> Account:
        """An account as it begins: nobody finds it before its owner says so."""
        now = self._parts.clock.now()
        return Account(
            local=local,
            country=country,
            salt=secrets.token_bytes(scram.SALT_BYTES),
            iterations=scram.ITERATIONS,
            enabled=True,
            discoverable=False,
            pin_hash=None,
            pin_failures=0,
            pin_blocked_until=None,
            created=now,
            seen=now,
        )

    async def prepare(self, account: Account) -> Prepared:
        """A random password and its keys; outside any transaction, because the keys take some milliseconds."""
        password = ids.new_token(24)
        keys = await scram.all_keys(password, account.salt, account.iterations)
        return Prepared(ids.new_token(9), password, dict(keys))

    async def add(
        self, uow: UnitOfWork, account: Account, prepared: Prepared, name: str, *, is_new: bool
    ) -> Credential:
        """Write a prepared device; where there are too many, the longest unused goes."""
        now = self._parts.clock.now()
        device = Device(prepared.device, rules.device_name(name), now, now)
        digest = hashlib.sha256(prepared.password.encode()).digest()
        await store.save_device(uow, account.local, device, prepared.keys, digest)
        known = [d for d in await store.list_devices(uow, account.local) if d.id not in (ANYWHERE, device.id)]
        surplus = len(known) + 1 - self._parts.config.registration.max_devices
        for old in sorted(known, key=lambda d: d.seen)[: max(surplus, 0)]:
            await self._remove(uow, account.local, only=old.id)
        return Credential(account.local, device.id, prepared.password, is_new)

    async def create_with_password(self, local: str, password: str) -> None:
        """An account with a password that a person chose (command line, XEP-0077). Raises Taken, BadInput."""
        account = self.new_account(local, phone.country_of(local) if local.isdecimal() else "")
        keys = await self.password_keys(account, password)
        async with self._parts.database.begin() as uow:
            if await self._parts.is_reserved(uow, local) or not await store.create(uow, account):
                raise Taken(f"There is an account {local} already.")
            await self.save_password(uow, account, keys)
            uow.announce(events.CREATED, {"account": local}, key=local)

    async def password_keys(self, account: Account, password: str, *, is_new: bool = True) -> Mapping[str, Keys]:
        """The keys of a password that a person chose, here or (not `is_new`) elsewhere before, where it may be short.

        Outside any transaction. Raises BadInput.
        """
        shortest = SHORTEST_PASSWORD if is_new else 1
        return await scram.all_keys(_normalised(password, shortest), account.salt, account.iterations)

    async def save_password(self, uow: UnitOfWork, account: Account, keys: Mapping[str, Keys]) -> None:
        """Let these keys be used anywhere."""
        await store.save_device(uow, account.local, self._anywhere(), keys, None)

    async def set_password(self, local: str, password: str) -> None:
        """Set or replace the password that may be used anywhere. Raises NoAccount, BadInput."""
        normalised = _normalised(password)
        account = await self.account(local)
        keys = await scram.all_keys(normalised, account.salt, account.iterations)
        async with self._parts.database.begin() as uow:
            await store.save_device(uow, local, self._anywhere(), keys, None)

    def _anywhere(self) -> Device:
        now = self._parts.clock.now()
        return Device(ANYWHERE, "Password", now, now)

    # ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def account(self, local: str) -> Account:
        """Raises NoAccount."""
        async with self._parts.database.read() as uow:
            found = await store.get(uow, local)
        if found is None:
            raise NoAccount(f"There is no account {local}.")
        return found

    async def devices_of(self, local: str) -> Sequence[Device]:
        """The newest first."""
        async with self._parts.database.read() as uow:
            return await store.list_devices(uow, local)

    # ── changing ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def rename(self, local: str, device: str, name: str) -> None:
        """Raises NoDevice."""
        async with self._parts.database.begin() as uow:
            if not await store.rename_device(uow, local, device, rules.device_name(name)):
                raise NoDevice()

    async def revoke(self, local: str, device: str) -> None:
        """The device may not come back. Raises NoDevice."""
        async with self._parts.database.begin() as uow:
            if not await self._remove(uow, local, only=device):
                raise NoDevice()

    async def revoke_all(self, local: str, *, but: str | None = None) -> int:
        """Log out everywhere (but here); return how many devices went."""
        async with self._parts.database.begin() as uow:
            return len(await self._remove(uow, local, but=but))

    async def _remove(
        self, uow: UnitOfWork, local: str, *, only: str | None = None, but: str | None = None
    ) -> list[str]:
        gone = await store.remove_devices(uow, local, only=only, but=but)
        for device in gone:
            uow.announce(events.REVOKED, {"account": local, "device": device}, key=local)
        return gone

    async def replace_all(self, uow: UnitOfWork, local: str) -> None:
        """The number is on a new phone, maybe somebody else's: all devices go, and the shared queue."""
        gone = await self._remove(uow, local)
        if ANYWHERE not in gone:
            uow.announce(events.REVOKED, {"account": local, "device": ANYWHERE}, key=local)

    async def set_discoverable(self, local: str, wanted: bool) -> None:
        """Whether people who have the number find the account. Raises NoAccount."""
        async with self._parts.database.begin() as uow:
            if not await store.change(uow, local, discoverable=wanted):
                raise NoAccount()

    async def set_enabled(self, local: str, wanted: bool) -> None:
        """Shut or open an account. Raises NoAccount."""
        async with self._parts.database.begin() as uow:
            if not await store.change(uow, local, enabled=wanted):
                raise NoAccount(f"There is no account {local}.")
            uow.announce(events.ENABLED if wanted else events.DISABLED, {"account": local}, key=local)

    async def delete(self, local: str) -> None:
        """Erase the account, and everything that inbox and features keep of it. Raises NoAccount."""
        async with self._parts.database.begin() as uow:
            if not await store.remove(uow, local):
                raise NoAccount(f"There is no account {local}.")
            uow.announce(events.DELETED, {"account": local}, key=local)
        for forget in self._parts.forget:
            await forget(local)

    # ── PIN ───────────────────────────────────────────────────────────────────────────────────────────────────────

    async def set_pin(self, local: str, pin: str | None) -> None:
        """Set, replace or (None) remove the PIN. Raises BadPin, NoAccount."""
        if pin is not None and not rules.is_good_pin(pin).allowed:
            raise BadPin()
        hashed = await asyncio.to_thread(_hasher.hash, pin) if pin is not None else None
        async with self._parts.database.begin() as uow:
            if not await store.change(uow, local, pin_hash=hashed, pin_failures=0, pin_blocked_until=None):
                raise NoAccount()

    async def check_pin(self, account: Account, pin: str) -> bool:
        """Whether the PIN is right; failures are counted and slow the next guess. Raises TooMany."""
        now = self._parts.clock.now()
        async with self._parts.database.begin() as uow:
            current = await store.get(uow, account.local, lock=True)
            if current is None or current.pin_hash is None:
                return False
            may = rules.may_try_pin(current.pin_state, now)
            if not may.allowed:
                raise TooMany("Too many wrong PINs. Wait before you try again.", retry_after=may.wait)
            # Counted before it is looked at, so that guesses in parallel do not share one try.
            failures = current.pin_failures + 1
            blocked = rules.pin_block_after(failures, now)
            await store.change(uow, account.local, pin_failures=failures, pin_blocked_until=blocked)
        if not await asyncio.to_thread(_verify, current.pin_hash, pin):
            return False
        async with self._parts.database.begin() as uow:
            await store.change(uow, account.local, pin_failures=0, pin_blocked_until=None)
        return True

    # ── linking ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def open_link(self, local: str, *, minutes: float = LINK_MINUTES) -> str:
        """A token by which one new device can join within minutes: what a QR code on the first device shows."""
        now = self._parts.clock.now()
        token = ids.new_token(18)
        async with self._parts.database.begin() as uow:
            await uow.alone(f"links {local}")
            if await store.count_links(uow, local, now) >= MOST_LINKS:
                raise TooMany("There are open links already; use one or wait.", retry_after=LINK_MINUTES * 60)
            await store.save_link(uow, token, local, now + timedelta(minutes=minutes))
        return token

    async def look_link(self, token: str) -> str:
        """Whose account a link leads to. Raises NoInvite."""
        async with self._parts.database.read() as uow:
            local = await store.get_link(uow, token, self._parts.clock.now())
        if local is None:
            raise NoInvite()
        return local

    async def accept_link(self, token: str, name: str) -> Credential:
        """Join by a link, which is good once. Raises NoInvite."""
        now = self._parts.clock.now()
        async with self._parts.database.begin() as uow:
            local = await store.use_link(uow, token, now)
            account = await store.get(uow, local) if local else None
        if account is None or not account.enabled:
            raise NoInvite()
        prepared = await self.prepare(account)
        async with self._parts.database.begin() as uow:
            return await self.add(uow, account, prepared, name, is_new=False)


def _verify(pin_hash: str, pin: str) -> bool:
    try:
        return _hasher.verify(pin_hash, pin)
    except VerificationError:
        return False


def _normalised(password: str, shortest: int = SHORTEST_PASSWORD) -> str:
    if len(password) > LONGEST_PASSWORD:
        raise BadInput(f"A password has at most {LONGEST_PASSWORD} characters.")
    try:
        normalised = prepare_password(password)
    except InvalidJid:
        raise BadInput("The password holds characters that cannot be used, or is empty.") from None
    if len(normalised) < shortest:
        raise BadInput(f"A password has at least {shortest} characters.")
    return normalised
