"""Acts on what `rules` decides: changes rosters, pushes the changes, passes subscription stanzas on."""

from __future__ import annotations

from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final
from xml.etree.ElementTree import Element

from plauder.core.people import ALONE, NO_GROUPS, Bond, Bonds, Relations
from plauder.core.server import Server
from plauder.core.session import Session
from plauder.features.roster import rules, store
from plauder.features.roster.rules import ITEM, QUERY, Item, Wish
from plauder.features.roster.states import Kind, State
from plauder.kit.ids import new_id
from plauder.store.database import UnitOfWork
from plauder.wire.jid import Jid
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError
from plauder.wire.xml import E

INTERESTED: Final = "roster"
"""What a session remembers when it asked for the roster: RFC 6121 §2.2 calls it an interested resource."""

_CACHE: Final = 65_536


@dataclass(frozen=True, slots=True)
class Change:
    """One item before and after."""

    account: Jid
    before: Item
    after: Item


@dataclass(slots=True)
class Effects:
    """What one request does: collected inside the transaction, carried out after it."""

    versions: dict[str, int]
    changes: list[Change] = field(default_factory=list)
    shown: list[Stanza] = field(default_factory=list)
    """Subscription stanzas for the devices of local accounts."""
    remote: list[Stanza] = field(default_factory=list)
    """Subscription stanzas for other servers."""


class Roster:
    """The contacts of all accounts of this server. `server.people.contacts` is this."""

    def __init__(self, server: Server, max_items: int = rules.MAX_ITEMS) -> None:
        self._server = server
        self._max_items = max_items
        self._relations: OrderedDict[str, Relations] = OrderedDict()
        self._watchers: list[Bonds] = []
        self._generation = 0

    # ── what other features ask ───────────────────────────────────────────────────────────────────────────────────

    def cached(self, account: str) -> Relations | None:
        """The relations of an account, if they are at hand."""
        found = self._relations.get(account)
        if found is None:
            items = store.look(self._server.database, account)
            if items is not None:
                found = self._remember(account, _relations(items))
        return found

    async def of(self, account: str) -> Relations:
        """The relations of an account."""
        found = self.cached(account)
        if found is None:
            generation = self._generation
            found = _relations(await store.read(self._server.database, account))
            # A change that was committed while we read has its own idea of what is right.
            if generation == self._generation:
                self._remember(account, found)
        return found

    def _remember(self, account: str, relations: Relations) -> Relations:
        self._relations[account] = relations
        if len(self._relations) > _CACHE:
            self._relations.popitem(last=False)
        return relations

    def on_bond(self, do: Bonds) -> None:
        """Call `do` when somebody comes to see an account's presence, or no longer does."""
        self._watchers.append(do)

    # ── the roster ────────────────────────────────────────────────────────────────────────────────────────────────

    async def fetch(self, account: Jid, known: str | None) -> tuple[int, list[Item] | None]:
        """The version and the items of a roster. None: `known` is the current version.

        When nothing was removed since `known`, only what changed since then is in the list and the version is 0: it
        comes as pushes (§2.6.3).
        """
        async with self._server.database.read() as uow:
            version, removed = await store.version(uow, account.text)
            since = int(known) if known and known.isascii() and known.isdecimal() and len(known) < 19 else -1
            if since == version:
                return version, None
            items = [item for item in await store.load(uow, account.text) if item.is_listed]
        if removed <= since < version:
            return 0, sorted((item for item in items if item.version > since), key=lambda item: item.version)
        return version, items

    async def change(self, account: Jid, wish: Wish) -> None:
        """Carry out a roster set (§2.3 to §2.5). Raises StanzaError."""
        contact = wish.contact
        async with self._server.database.begin() as uow:
            effects = await self._begin(uow, account, contact)
            before = await store.find(uow, account.text, contact.text)
            if not wish.removes:
                after = replace(before, name=wish.name, groups=wish.groups, is_listed=True)
                await self._keep(uow, account, before, after, effects)
            elif before.is_listed:
                # It goes first: what the contact's side answers finds nothing to change any more.
                await self._keep(uow, account, before, Item(contact.text), effects)
                for kind in rules.removal(before):
                    await self._pass_on(uow, account, kind, contact, b"", effects)
            else:
                # §2.5.3: who is not in the roster cannot be removed from it.
                raise StanzaError("modify", "item-not-found", "There is no such contact.")
        await self._carry_out(effects)

    # ── subscriptions ─────────────────────────────────────────────────────────────────────────────────────────────

    async def sent(self, account: Jid, kind: Kind, contact: Jid, request: bytes) -> str:
        """The account sends a subscription stanza. Both rosters change together when both are ours."""
        async with self._server.database.begin() as uow:
            effects = await self._begin(uow, account, contact)
            before = await store.find(uow, account.text, contact.text)
            outcome = rules.send(before, kind)
            await self._keep(uow, account, before, outcome.item, effects)
            if outcome.passes:
                await self._pass_on(uow, account, kind, contact, request, effects)
        await self._carry_out(effects)
        return outcome.why

    async def arrived(self, account: Jid, kind: Kind, sender: Jid, request: bytes) -> None:
        """A subscription stanza for a local account came from another domain."""
        if not await self._is_reachable(sender, account):
            return
        async with self._server.database.begin() as uow:
            effects = await self._begin(uow, account, sender)
            await self._receive(uow, account, kind, sender, request, effects)
        await self._carry_out(effects)

    async def befriend(self, account: Jid, contact: Jid) -> None:
        """Both take each other in, as if both had asked and agreed: one came by an invitation of the other."""
        async with self._server.database.begin() as uow:
            effects = await self._begin(uow, account, contact)
            for mine, theirs in ((account, contact), (contact, account)):
                before = await store.find(uow, mine.text, theirs.text)
                after = replace(before, state=State.BOTH, is_listed=True, request=b"")
                await self._keep(uow, mine, before, after, effects)
        await self._carry_out(effects)

    async def follow(self, account: Jid, old: Jid, new: Jid, request: bytes) -> None:
        """A contact goes on as `new` (XEP-0283 §4.4): the new address gets what the old one had, which loses it."""
        is_mutual = old.text in (await self.of(account.text)).subscriptions
        if is_mutual and self._server.is_local(new):
            await self.befriend(new, account)
        else:
            await self.sent(account, "subscribed", new, b"")  # §3.4: agreed to beforehand, so nobody is asked
            if self._server.is_local(new):
                await self.sent(new, "subscribe", account, request)
            else:
                await self.arrived(account, "subscribe", new, request)
        await self.sent(account, "unsubscribed", old, b"")
        if is_mutual and not self._server.is_local(new):
            await self.sent(account, "subscribe", new, b"")

    async def requests(self, account: Jid) -> list[Stanza]:
        """The subscription requests that still wait for the account's answer (§3.1.3)."""
        if not (await self.of(account.text)).asked:
            return []
        items = await store.read(self._server.database, account.text)
        waiting = [item for item in items if item.state.is_asked]
        return [_presence("subscribe", item.contact, account.text, item.request) for item in waiting]

    async def forget(self, account: Jid) -> None:
        """The account is removed: its contacts lose it, as if it had removed each of them."""
        async with self._server.database.begin() as uow:
            effects = Effects({account.text: await store.advance(uow, account.text)})
            for item in await store.forget_account(uow, account.text):
                contact = Jid.parse(item.contact)
                if self._server.is_local(contact):
                    effects.versions[contact.text] = await store.advance(uow, contact.text)
                for kind in rules.removal(item):
                    await self._pass_on(uow, account, kind, contact, b"", effects)
        effects.changes = [change for change in effects.changes if change.account != account]
        await self._carry_out(effects)

    async def rename(self, old: Jid, new: Jid) -> None:
        """The account has another address now: its contacts find it there, with the same subscriptions."""
        async with self._server.database.begin() as uow:
            others = await store.rename(uow, old.text, new.text)
            moved = [(Jid.parse(text), await store.find(uow, text, new.text)) for text in others]
        self._generation += 1
        for account in (old, new, *(account for account, _ in moved)):
            self._relations.pop(account.text, None)
        for account, item in moved:
            self._push(Change(account, replace(item, contact=old.text), Item(old.text, version=item.version)))
            self._push(Change(account, Item(new.text), item))

    # ── inside the transaction ────────────────────────────────────────────────────────────────────────────────────

    async def _begin(self, uow: UnitOfWork, account: Jid, contact: Jid) -> Effects:
        # Always in the same order, so that two people who change at once do not wait for each other for ever.
        accounts = sorted({jid.text for jid in (account, contact) if self._server.is_local(jid)})
        return Effects({name: await store.advance(uow, name) for name in accounts})

    async def _keep(self, uow: UnitOfWork, account: Jid, before: Item, after: Item, effects: Effects) -> None:
        if after == before:
            return
        if before.is_empty and not after.is_empty and await store.count(uow, account.text) >= self._max_items:
            raise StanzaError("wait", "resource-constraint", f"A roster holds {self._max_items} contacts.")
        after = replace(after, version=effects.versions[account.text])
        await store.save(uow, account.text, after)
        effects.changes.append(Change(account, before, after))

    async def _pass_on(
        self, uow: UnitOfWork, account: Jid, kind: Kind, contact: Jid, request: bytes, effects: Effects
    ) -> None:
        if not self._server.is_local(contact):
            effects.remote.append(_presence(kind, account.text, contact.text, request))
        elif await self._is_reachable(account, contact):
            await self._receive(uow, contact, kind, account, request, effects)

    async def _is_reachable(self, account: Jid, contact: Jid) -> bool:
        # XEP-0191 §5: whom the contact blocks is not heard. The asker learns neither that nor whether there is one.
        if account in await self._server.people.blocks.of(contact.text):
            return False
        return bool(contact.local) and await self._server.has_account(contact)

    async def _receive(
        self, uow: UnitOfWork, account: Jid, kind: Kind, sender: Jid, request: bytes, effects: Effects
    ) -> None:
        before = await store.find(uow, account.text, sender.text)
        outcome = rules.receive(before, kind, request)
        try:
            await self._keep(uow, account, before, outcome.item, effects)
        except StanzaError:
            return  # A full roster takes no more requests; the asker stays pending.
        if outcome.passes:
            effects.shown.append(_presence(kind, sender.text, account.text, request))
        if outcome.reply:
            await self._pass_on(uow, account, outcome.reply, sender, b"", effects)

    # ── after it ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def _carry_out(self, effects: Effects) -> None:
        self._generation += 1
        for change in effects.changes:
            self._relations.pop(change.account.text, None)
        for stanza in effects.remote:
            self._server.spawn(self._send_out(stanza), "roster")
        for stanza in effects.shown:
            account = Jid.parse(stanza.attrs["to"])
            for session in self._server.available_sessions_of(account):
                session.send(stanza)
        for change in effects.changes:
            self._push(change)
        for change in effects.changes:
            await self._announce(change)

    async def _send_out(self, stanza: Stanza) -> None:
        with suppress(StanzaError):
            await self._server.route(stanza)

    def _push(self, change: Change) -> None:
        if change.after.is_listed:
            item = change.after.element()
        elif change.before.is_listed:
            item = E(ITEM, {"jid": change.after.contact, "subscription": "remove"})
        else:
            return
        for session in self._server.sessions_of(change.account):
            if session.recall(INTERESTED):
                session.send(push(session, item, change.after.version))

    async def _announce(self, change: Change) -> None:
        shows = change.after.state.shows
        if shows == change.before.state.shows:
            return
        bond = Bond(change.account, Jid.parse(change.after.contact), shows)
        for watcher in self._watchers:
            waiting = watcher(bond)
            if waiting is not None:
                await waiting


def push(session: Session, item: Element, version: int) -> Stanza:
    """A roster push (§2.1.6)."""
    attrs = {"type": "set", "id": f"roster-{new_id()}", "to": session.jid.text, "from": session.account.text}
    return Stanza.build("iq", attrs, E(QUERY, {"ver": str(version)}, item))


def _presence(kind: Kind, sender: str, to: str, inner: bytes) -> Stanza:
    return Stanza("presence", {"type": kind, "from": sender, "to": to}, inner)


def _relations(items: list[Item]) -> Relations:
    if not items:
        return ALONE
    groups = {item.contact: frozenset(item.groups) for item in items if item.groups}
    return Relations(
        subscribers=frozenset(item.contact for item in items if item.state.shows),
        subscriptions=frozenset(item.contact for item in items if item.state.sees),
        known=frozenset(item.contact for item in items if item.is_listed),
        asked=frozenset(item.contact for item in items if item.state.is_asked),
        groups=groups or NO_GROUPS,
    )
