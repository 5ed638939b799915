"""Number → code → verify → device; and the change of a number, which is the same with an account in hand."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import timedelta

from plauder.features.accounts import events, rules, store
from plauder.features.accounts.devices import Credential, Devices
from plauder.features.accounts.parts import (
    CountryNotServed,
    NoAccount,
    NotSent,
    Parts,
    PinNeeded,
    RegistrationClosed,
    TooManyCodes,
    WrongCode,
    WrongPin,
)
from plauder.features.accounts.store import Account, Pending
from plauder.kit import ids, log, phone
from plauder.kit.errors import Conflict
from plauder.kit.limits import network_of
from plauder.kit.phone import BadNumber, Phone

_log = log.get("accounts")
NUMBERS, NETWORKS, CODES = "code-numbers", "code-networks", "codes"


@dataclass(frozen=True, slots=True)
class Asked:
    """A code is on its way. `retry_after`: seconds until another may be asked for."""

    registration: str
    phone: Phone
    expires_in: float
    retry_after: float


class Registration:
    """Use cases."""

    def __init__(self, parts: Parts, devices: Devices) -> None:
        self._parts = parts
        self._devices = devices
        self._policy = parts.config.registration

    # ── asking for a code ─────────────────────────────────────────────────────────────────────────────────────────

    async def request_code(self, number: str, address: str, *, account: str | None = None) -> Asked:
        """Send a code to `number` as typed, asked from `address`; with `account`, to change its number.

        The answer is the same whether the number is registered or not. Raises BadNumber, CountryNotServed,
        TooManyCodes, NotSent, RegistrationClosed.
        """
        if account is None and "phone" not in self._policy.ways:
            raise RegistrationClosed()
        to = phone.parse(number, self._policy.default_region)
        code = ids.new_code(self._policy.code_digits)
        pending, retry_after = await self._plan(to, address, account, code)
        try:
            await self._parts.sms.send(to, self._text(code))
        except (NotSent, BadNumber):
            async with self._parts.database.begin() as uow:
                await store.remove_registration(uow, pending.id)
            self._parts.metrics.count("accounts_codes", why="not-sent")
            raise
        return Asked(pending.id, to, self._policy.code_minutes * 60, retry_after)

    async def _plan(self, to: Phone, address: str, account: str | None, code: str) -> tuple[Pending, float]:
        """Decide, count and write in one transaction; the text is sent after it."""
        now = self._parts.clock.now()
        keyring = self._parts.keyring
        number_key = keyring.pseudonym(NUMBERS, to.digits)
        network_key = keyring.pseudonym(NETWORKS, network_of(address))
        async with self._parts.database.begin() as uow:
            await uow.alone("codes")
            sends = await store.sends(uow, number_key, network_key, to.country, now)
            verdict = rules.may_send_code(to.country, sends, self._policy, now)
            self._parts.metrics.count("accounts_codes", why=verdict.why)
            if not verdict.allowed:
                _log.info("code refused", why=verdict.why, country=to.country)
                raise _refusal(verdict)
            send_id = await store.record_send(uow, number_key, network_key, to.country, now)
            registration = ids.new_token(18)
            pending = Pending(
                id=registration,
                number=to.digits,
                account=account,
                code_hash=self._hash(registration, code),
                attempts=0,
                send_id=send_id,
                expires=now + timedelta(minutes=self._policy.code_minutes),
            )
            await store.save_registration(uow, pending)
        _log.info("code asked", registration=registration[:8], country=to.country)
        return pending, rules.wait_after(sends.to_number + 1, self._policy)

    def _hash(self, registration: str, code: str) -> bytes:
        key = self._parts.keyring.derive(CODES)
        return hmac.digest(key, f"{registration}\0{code}".encode(), hashlib.sha256)

    def _text(self, code: str) -> str:
        # The last line is the format that browsers recognise to fill the code in (WebOTP, WICG).
        domain = self._parts.config.domain
        return f"{code} is your Plauder code for {domain}. Never give it to anybody.\n\n@{domain} #{code}"

    # ── typing it in ──────────────────────────────────────────────────────────────────────────────────────────────

    async def verify(
        self, registration: str, code: str, *, pin: str | None, device_name: str, keep_devices: bool = False
    ) -> Credential:
        """The code, and the PIN where the number has one, give a device.

        Other devices of the account stay only with `keep_devices` and the right PIN: without one, whoever has the
        number now must not share its account with whoever had it before. A number that came back after long disuse
        begins as a new account. Raises WrongCode, PinNeeded, WrongPin, TooMany, NoAccount (disabled), Taken.
        """
        pending = await self._check_code(registration, code, account=None)
        existing, gave_pin = await self._pass_pin(pending, pin)
        now = self._parts.clock.now()
        country = phone.country_of(pending.number)
        same = (
            existing is not None
            and rules.is_same_person(existing.pin_hash is not None, gave_pin, existing.seen, now).allowed
        )
        if existing is not None and not same:
            # Before the new account is there, so that nothing of the old one can be taken for its own.
            await self._devices.delete(existing.local)
            existing = None
        account = existing if existing is not None else self._devices.new_account(pending.number, country)
        prepared = await self._devices.prepare(account)
        async with self._parts.database.begin() as uow:
            if await self._parts.is_reserved(uow, account.local):
                raise Conflict("This number belongs to a business on this network.")
            if not await store.use_registration(uow, pending):
                raise WrongCode()
            if existing is not None and not (gave_pin and keep_devices):
                await self._devices.replace_all(uow, account.local)
            if not same:
                if not await store.create(uow, account):
                    raise WrongCode()  # registered by another code this very moment
                uow.announce(events.CREATED, {"account": account.local}, key=account.local)
            if not await store.change(uow, account.local, seen=now):
                raise WrongCode()  # deleted this very moment
            credential = await self._devices.add(uow, account, prepared, device_name, is_new=not same)
        self._parts.metrics.count("accounts_verified", new=str(not same).lower())
        return credential

    async def verify_change(self, registration: str, code: str, *, account: str, pin: str | None) -> str:
        """Move the account to the verified number; return the new localpart. Its devices keep their passwords.

        Raises WrongCode, PinNeeded and WrongPin (of an account that the number has already), NoAccount.
        """
        pending = await self._check_code(registration, code, account=account)
        await self._pass_pin(pending, pin)
        new = pending.number
        if new != account and await self._has(new):
            await self._devices.delete(new)
        async with self._parts.database.begin() as uow:
            if not await store.use_registration(uow, pending):
                raise WrongCode()
            if new == account:
                return new
            if await self._parts.is_reserved(uow, new):
                raise Conflict("This number belongs to a business on this network.")
            if not await store.change(uow, account, local=new, country=phone.country_of(new)):
                raise NoAccount()
            for renamer in self._parts.renamers:
                await renamer(uow, account, new)
            uow.announce(events.RENAMED, {"account": account, "to": new}, key=account)
        return new

    async def _has(self, local: str) -> bool:
        async with self._parts.database.read() as uow:
            return await store.get(uow, local) is not None

    async def _check_code(self, registration: str, code: str, *, account: str | None) -> Pending:
        async with self._parts.database.begin() as uow:
            now = self._parts.clock.now()
            pending = await store.take_attempt(uow, registration, self._policy.code_attempts, now)
        # Unknown ids are compared too, so that they take as long.
        expected = pending.code_hash if pending else bytes(32)
        right = hmac.compare_digest(expected, self._hash(registration, "".join(code.split())))
        if pending is None or not right or pending.account != account:
            self._parts.metrics.count("accounts_verified", new="wrong")
            raise WrongCode()
        return pending

    async def _pass_pin(self, pending: Pending, pin: str | None) -> tuple[Account | None, bool]:
        """The account that has the number, and whether its PIN was given."""
        async with self._parts.database.begin() as uow:
            existing = await store.get(uow, pending.number)
            await store.return_attempt(uow, pending.id)
        if existing is None or existing.pin_hash is None:
            if existing is not None and not existing.enabled:
                raise NoAccount("This account was shut by the operator.")
            return existing, False
        if not existing.enabled:
            raise NoAccount("This account was shut by the operator.")
        needed = rules.pin_is_needed(existing.pin_state, self._policy, self._parts.clock.now())
        if not pin:
            if needed.allowed:
                raise PinNeeded(reset_in=needed.wait)
            return existing, False
        if not await self._devices.check_pin(existing, pin):
            raise WrongPin(reset_in=needed.wait)
        return existing, True


def _refusal(verdict: rules.Verdict) -> Exception:
    if verdict.why == "country":
        return CountryNotServed()
    return TooManyCodes(retry_after=verdict.wait, why=verdict.why)
