"""Registers discretion, and keeps the wishes that were asked for lately."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from plauder.core.people import USUAL, Published, Wishes, WishWatcher
from plauder.core.server import Server
from plauder.features.discretion.rules import NODE, read
from plauder.wire.jid import Jid

_CACHE: Final = 65_536


class Wished:
    """`server.people.discretion` is this."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._wishes: OrderedDict[str, Wishes] = OrderedDict()
        self._watchers: list[WishWatcher] = []
        self._generation = 0

    async def of(self, account: str) -> Wishes:
        """What an account wishes."""
        found = self._wishes.get(account)
        if found is None:
            generation = self._generation
            items = await self._server.people.personal.items(Jid.parse(account), NODE)
            found = read(items[-1].payload) if items else USUAL
            if generation == self._generation:
                self._keep(account, found)
        return found

    def _keep(self, account: str, wishes: Wishes) -> None:
        # Equal answers are one object: most accounts wish what is usual.
        self._wishes[account] = USUAL if wishes == USUAL else wishes
        if len(self._wishes) > _CACHE:
            self._wishes.popitem(last=False)

    def on_change(self, do: WishWatcher) -> None:
        """Call `do` after an account has changed its wishes."""
        self._watchers.append(do)

    async def published(self, what: Published) -> None:
        """An account has published other wishes, or taken them back."""
        before, after = self._wishes.get(what.account, USUAL), read(what.payload)
        self._generation += 1
        self._keep(what.account, after)
        if before == after:
            return
        for watcher in self._watchers:
            waiting = watcher(Jid.parse(what.account), before, after)
            if waiting is not None:
                await waiting

    async def forget(self, account: Jid) -> None:
        """The account is removed."""
        self._generation += 1
        self._wishes.pop(account.text, None)

    async def rename(self, old: Jid, new: Jid) -> None:
        """The account has another address now, and its node with it."""
        await self.forget(old)
        await self.forget(new)


def register(server: Server) -> None:
    """After personal eventing, which keeps the wishes, and before whoever asks for them."""
    wished = Wished(server)
    server.people.discretion = wished
    server.people.personal.on_published(NODE, wished.published)
    server.on_forgotten(do=wished.forget)
    server.on_renamed(do=wished.rename)
