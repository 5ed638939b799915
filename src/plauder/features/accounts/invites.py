"""Links that let somebody in where an operator wants no numbers, or for friends of those who are in."""

from __future__ import annotations

import io
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

import segno

from plauder.features.accounts import events, rules, store
from plauder.features.accounts.devices import Credential, Devices
from plauder.features.accounts.parts import BadName, NoInvite, Parts, RegistrationClosed, Taken
from plauder.features.accounts.store import Account, Invite
from plauder.kit import ids
from plauder.kit.errors import TooMany
from plauder.store.database import UnitOfWork

MOST_OPEN = 20
"""Invites that one account may have open."""
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


class Invites:
    """Use cases."""

    def __init__(self, parts: Parts, devices: Devices) -> None:
        self._parts = parts
        self._devices = devices
        parts.reserved.append(lambda uow, local: store.is_promised(uow, local, parts.clock.now()))

    def url(self, token: str) -> str:
        """Where the invited person goes. The token is a fragment, so that it stays out of logs and referrers."""
        return f"{self._parts.config.public_url}/i/{token}"

    async def create(
        self, by: str | None, *, uses: int = 1, days: float = 7, note: str = "", name: str = "", for_all: bool = True
    ) -> tuple[str, Invite]:
        """A new invite by an account, or by the operator (None); the token is told once. `name`: the account it is
        for, which nobody else can open meanwhile. `for_all`: whether it opens accounts; one that does not may be made
        on networks that nobody enters by invite, too.

        Raises RegistrationClosed when accounts may not invite here, TooMany when this one has too many open, BadName
        and Taken for the name.
        """
        if name and not rules.is_good_name(name).allowed:
            raise BadName()
        if by is not None and for_all and not self.user_invites:
            raise RegistrationClosed("Only the operator of this network invites.")
        now = self._parts.clock.now()
        token = ids.new_token(18)
        invite = Invite(
            store.hashed(token),
            by,
            uses,
            rules.device_name(note) if note else "",
            now,
            now + timedelta(days=days),
            name,
        )
        async with self._parts.database.begin() as uow:
            await uow.alone(f"invites {by or ''}")
            if name and (await self._parts.is_reserved(uow, name) or await store.get(uow, name) is not None):
                raise Taken()
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

    async def use(self, token: str) -> None:
        """Take one use without opening an account: who came has one. Raises NoInvite."""
        async with self._parts.database.begin() as uow:
            if not await store.use_invite(uow, token, self._parts.clock.now()):
                raise NoInvite()

    async def withdraw(self, token_hash: str, by: str | None) -> None:
        """`token_hash` in hexadecimal, as `open_of` shows it. Raises NoInvite."""
        try:
            raw = bytes.fromhex(token_hash)
        except ValueError:
            raise NoInvite() from None
        async with self._parts.database.begin() as uow:
            if not await store.remove_invite(uow, raw, by):
                raise NoInvite()

    @property
    def user_invites(self) -> bool:
        """Whether people's links open accounts here."""
        return self._parts.config.registration.user_invites and self._is_open

    async def look(self, token: str, *, to_enter: bool = True) -> Invite:
        """What the invited person sees first; `to_enter`: it must open accounts. Raises NoInvite."""
        async with self._parts.database.read() as uow:
            invite = await store.get_invite(uow, token, self._parts.clock.now())
        if invite is None or (to_enter and not self._is_open):
            raise NoInvite()
        return invite

    async def accept(self, token: str, name: str | None, device_name: str) -> Credential:
        """Take one use of the invite and open an account by this name, or by a made-up one.

        Raises NoInvite, BadName, Taken.
        """
        invite = await self.look(token)
        local = _wanted(invite, name.strip().lower() if name else invite.name or _made_up_name())
        account = self._devices.new_account(local, "")
        prepared = await self._devices.prepare(account)
        async with self._parts.database.begin() as uow:
            await self._open(uow, token, invite, account, self._parts.clock.now())
            return await self._devices.add(uow, account, prepared, device_name, is_new=True)

    async def accept_with_password(self, token: str, local: str, password: str, *, shown: datetime) -> None:
        """The same for an XMPP client (XEP-0445): an account with a password of the person's choice.

        `shown` is when the token was shown first: it must have been good then. Raises NoInvite, BadName, Taken and
        BadInput.
        """
        async with self._parts.database.read() as uow:
            invite = await store.get_invite(uow, token, shown)
        if invite is None:
            raise NoInvite()
        account = self._devices.new_account(_wanted(invite, local), "")
        keys = await self._devices.password_keys(account, password)
        async with self._parts.database.begin() as uow:
            await self._open(uow, token, invite, account, shown)
            await self._devices.save_password(uow, account, keys)

    async def _open(self, uow: UnitOfWork, token: str, invite: Invite, account: Account, now: datetime) -> None:
        """Take one use of the invite and open the account; who invited and who came become contacts."""
        if not await store.use_invite(uow, token, now):
            raise NoInvite()
        is_mine = invite.name == account.local
        if (not is_mine and await self._parts.is_reserved(uow, account.local)) or not await store.create(uow, account):
            raise Taken()
        uow.announce(events.CREATED, {"account": account.local}, key=account.local)
        if invite.by is not None:
            told = {"account": account.local, "by": invite.by, "invite": invite.token_hash.hex()}
            uow.announce(events.INVITED, told, key=account.local)

    async def meet(self, token: str, by: str) -> bool:
        """Somebody who has an account shows an invite of `by`, to be a contact at once (XEP-0379). Takes one use;
        False for one that is not theirs or not good."""
        now = self._parts.clock.now()
        async with self._parts.database.begin() as uow:
            invite = await store.get_invite(uow, token, now)
            return invite is not None and invite.by == by and await store.use_invite(uow, token, now)


def _wanted(invite: Invite, local: str) -> str:
    """The name to open; raises BadName for one that is none, or not the one that the invite is for."""
    if not rules.is_good_name(local).allowed or (invite.name and local != invite.name):
        raise BadName()
    return local


def _made_up_name() -> str:
    return "u" + "".join(secrets.choice(_LETTERS) for _ in range(9))


def qr_svg(text: str) -> bytes:
    """A QR code as an SVG picture."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        out, kind="svg", scale=8, border=4, xmldecl=False, dark="#000", light="#fff"
    )
    return out.getvalue()
