"""Links that let somebody in where an operator wants no numbers, or for friends of those who are in."""

from __future__ import annotations

import io
import secrets
from collections.abc import Sequence
from datetime import timedelta

import segno

from plauder.features.accounts import events, rules, store
from plauder.features.accounts.devices import Credential, Devices
from plauder.features.accounts.parts import BadName, NoInvite, Parts, RegistrationClosed, Taken
from plauder.features.accounts.store import Invite
from plauder.kit import ids
from plauder.kit.errors import TooMany

MOST_OPEN = 20
"""Invites that one account may have open."""
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


class Invites:
    """Use cases."""

    def __init__(self, parts: Parts, devices: Devices) -> None:
        self._parts = parts
        self._devices = devices

    def url(self, token: str) -> str:
        """Where the invited person goes. The token is a fragment, so that it stays out of logs and referrers."""
        return f"{self._parts.config.public_url}/i/{token}"

    async def create(self, by: str | None, *, uses: int = 1, days: float = 7, note: str = "") -> tuple[str, Invite]:
        """A new invite by an account, or by the operator (None); the token is told once.

        Raises RegistrationClosed when accounts may not invite here, TooMany when this one has too many open.
        """
        if by is not None and not (self._parts.config.registration.user_invites and self._is_open):
            raise RegistrationClosed("Only the operator of this network invites.")
        now = self._parts.clock.now()
        token = ids.new_token(18)
        invite = Invite(
            store.hashed(token), by, uses, rules.device_name(note) if note else "", now, now + timedelta(days=days)
        )
        async with self._parts.database.begin() as uow:
            await uow.alone(f"invites {by or ''}")
            if by is not None and len(await store.list_invites(uow, by, now)) >= MOST_OPEN:
                raise TooMany("You have many open invites; withdraw one first.", retry_after=86_400)
            await store.save_invite(uow, invite)
        return token, invite

    @property
    def _is_open(self) -> bool:
        return "invite" in self._parts.config.registration.ways

    async def open_of(self, by: str | None) -> Sequence[Invite]:
        """What this account (or the operator) has open."""
        async with self._parts.database.read() as uow:
            return await store.list_invites(uow, by, self._parts.clock.now())

    async def withdraw(self, token_hash: str, by: str | None) -> None:
        """`token_hash` in hexadecimal, as `open_of` shows it. Raises NoInvite."""
        try:
            raw = bytes.fromhex(token_hash)
        except ValueError:
            raise NoInvite() from None
        async with self._parts.database.begin() as uow:
            if not await store.remove_invite(uow, raw, by):
                raise NoInvite()

    async def look(self, token: str) -> Invite:
        """What the invited person sees first. Raises NoInvite."""
        async with self._parts.database.read() as uow:
            invite = await store.get_invite(uow, token, self._parts.clock.now())
        if invite is None or not self._is_open:
            raise NoInvite()
        return invite

    async def accept(self, token: str, name: str | None, device_name: str) -> Credential:
        """Take one use of the invite and open an account by this name, or by a made-up one.

        Raises NoInvite, BadName, Taken.
        """
        await self.look(token)
        local = name.strip().lower() if name else _made_up_name()
        if not rules.is_good_name(local).allowed:
            raise BadName()
        account = self._devices.new_account(local, "")
        prepared = await self._devices.prepare(account)
        async with self._parts.database.begin() as uow:
            if not await store.use_invite(uow, token, self._parts.clock.now()):
                raise NoInvite()
            if await self._parts.is_reserved(uow, local) or not await store.create(uow, account):
                raise Taken()
            uow.announce(events.CREATED, {"account": local}, key=local)
            return await self._devices.add(uow, account, prepared, device_name, is_new=True)


def _made_up_name() -> str:
    return "u" + "".join(secrets.choice(_LETTERS) for _ in range(9))


def qr_svg(text: str) -> bytes:
    """A QR code as an SVG picture."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        out, kind="svg", scale=8, border=4, xmldecl=False, dark="#000", light="#fff"
    )
    return out.getvalue()
