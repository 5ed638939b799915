"""The accounts as the commands of operators take them, and invitations as XMPP clients do (XEP-0401)."""

from __future__ import annotations

from datetime import datetime

from plauder.features.accounts import store
from plauder.features.accounts.devices import Devices
from plauder.features.accounts.invites import Invites
from plauder.features.accounts.parts import Parts


class Operators:
    """What an operator does to accounts, by localpart."""

    def __init__(self, parts: Parts, devices: Devices, invites: Invites) -> None:
        self._parts = parts
        self._devices = devices
        self._invites = invites

    async def create_with_password(self, local: str, password: str) -> None:
        await self._devices.create_with_password(local, password)

    async def set_password(self, local: str, password: str) -> None:
        await self._devices.set_password(local, password)

    async def set_enabled(self, local: str, wanted: bool) -> None:
        await self._devices.set_enabled(local, wanted)

    async def delete(self, local: str) -> None:
        await self._devices.delete(local)

    async def count(self) -> int:
        """How many accounts there are."""
        async with self._parts.database.read() as uow:
            return await store.count(uow)

    async def since(self, local: str) -> datetime | None:
        """When an account was made; None where there is none."""
        return await store.created(self._parts.database, local)

    async def invite(self, by: str | None, name: str = "") -> tuple[str, str, datetime]:
        """A new invitation: its token, the page it opens, and when it ends."""
        token, invite = await self._invites.create(by, name=name)
        return token, self._invites.url(token), invite.expires
