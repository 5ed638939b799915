"""Finds who is to hear of an event, and tells them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from plauder.core.people import Bond, Relations
from plauder.core.server import Server
from plauder.core.session import Session
from plauder.features.pubsub import events, rules, store
from plauder.features.pubsub.rules import Asker
from plauder.features.pubsub.store import Item, Node, Subscription
from plauder.kit.ids import new_id
from plauder.store.database import UnitOfWork
from plauder.wire.jid import Jid
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError

_SENT: Final = "pubsub.sent"
"""Where a visitor keeps what it was sent when it came: (account, node)."""
_ACCOUNTS_AT_ONCE: Final = 500
"""Accounts per query: SQLite takes 32,766 parameters, planners prefer fewer."""


@dataclass(frozen=True, slots=True)
class Audience:
    """What was known of a node when the event happened: read in the same transaction."""

    affiliations: Mapping[str, str] = field(default_factory=dict)
    subscriptions: Sequence[Subscription] = ()


class Notifier:
    """Sends events to own devices, to contacts' devices that want them, and to explicit subscribers."""

    def __init__(self, server: Server) -> None:
        self._server = server

    # ── an event happens ──────────────────────────────────────────────────────────────────────────────────────────

    async def tell(self, node: Node, audience: Audience, inner: bytes) -> None:
        """Tell everybody who may and wants to hear it (XEP-0163 §4.3)."""
        if not node.config.deliver_notifications:
            return
        owner = Jid.parse(node.account)
        key = new_id()
        told: set[str] = set()
        for session in await self._listeners(owner, node, audience):
            told.add(session.jid.text)
            session.send(events.message(owner, session.jid, node.config.notification_type, inner, key))
        for subscription in audience.subscriptions:
            to = Jid.parse(subscription.jid)
            if subscription.state == "subscribed" and not _is_told(to, told):
                await self._tell_subscriber(owner, node, audience, to, inner, key)

    async def _listeners(self, owner: Jid, node: Node, audience: Audience) -> list[Session]:
        interests = self._server.people.interests
        found: list[Session] = [
            session for session in self._server.available_sessions_of(owner) if node.name in interests.of(session)
        ]
        relations = await self._server.people.contacts.of(owner.text)
        for text in relations.subscribers:
            contact = Jid.parse(text)
            here: Sequence[Session] = (
                self._server.available_sessions_of(contact)
                if self._server.is_local(contact)
                else [s for s in self._server.visitors.of(contact.text) if owner.text in interests.visited_by(s)]
            )
            wanting = [session for session in here if node.name in interests.of(session)]
            if wanting and await self._may_hear(owner, node, relations, audience, contact):
                found += wanting
        return found

    async def _may_hear(self, owner: Jid, node: Node, relations: Relations, audience: Audience, contact: Jid) -> bool:
        asker = Asker(
            is_owner=contact.bare == owner,
            is_blocked=contact in await self._server.people.blocks.of(owner.text),
            subscribed=contact.bare.text in relations.subscribers,
            groups=relations.groups.get(contact.bare.text, frozenset()),
            affiliation=audience.affiliations.get(contact.bare.text, "none"),
            subscription=_state(audience.subscriptions, contact),
        )
        if rules.reading(node.config, asker) is not None:
            return False
        return not self._server.is_local(contact) or owner not in await self._server.people.blocks.of(contact.bare.text)

    async def _tell_subscriber(
        self, owner: Jid, node: Node, audience: Audience, to: Jid, inner: bytes, key: str
    ) -> None:
        relations = await self._server.people.contacts.of(owner.text)
        if not await self._may_hear(owner, node, relations, audience, to):
            return
        if node.config.presence_based_delivery and not self._is_available(to):
            return
        self.send(events.message(owner, to, node.config.notification_type, inner, key))

    def _is_available(self, jid: Jid) -> bool:
        sessions = self._server.available_sessions_of(jid.bare)
        return any(not jid.resource or session.jid == jid for session in sessions)

    def send(self, message: Stanza) -> None:
        """Send a message on its way; that nobody is there is not the publisher's business."""
        self._server.spawn(self._route(message), "pubsub")

    async def _route(self, message: Stanza) -> None:
        with suppress(StanzaError):
            await self._server.route(message)

    # ── the last item ─────────────────────────────────────────────────────────────────────────────────────────────

    async def interested(self, session: Session, nodes: frozenset[str]) -> None:
        """XEP-0163 §4.3.4: a device that comes online gets the last items of what it wants."""
        if session.is_foreign:
            await self._interested_elsewhere(session, nodes)
            return
        relations = await self._server.people.contacts.of(session.account.text)
        local = [text for text in relations.subscriptions if self._server.is_local(Jid.parse(text))]
        await self._send_last(session, [session.account.text, *local], nodes)

    async def _interested_elsewhere(self, session: Session, nodes: frozenset[str]) -> None:
        """The same for a visitor: of each account that it visits, each node once."""
        sent: set[tuple[str, str]] = session.state.setdefault(_SENT, set())
        for account in sorted(self._server.people.interests.visited_by(session)):
            fresh = {node for node in nodes if (account, node) not in sent}
            if fresh:
                sent.update((account, node) for node in fresh)
                await self._send_last(session, [account], fresh)

    async def bonded(self, bond: Bond) -> None:
        """A new subscriber's devices get the last items as if they had just come online."""
        if bond.shows and self._server.is_local(bond.contact):
            for session in self._server.available_sessions_of(bond.contact):
                nodes = self._server.people.interests.of(session)
                if nodes:
                    await self._send_last(session, [bond.account.text], nodes)

    async def _send_last(self, session: Session, accounts: Sequence[str], nodes: Collection[str]) -> None:
        for start in range(0, len(accounts), _ACCOUNTS_AT_ONCE):
            some = accounts[start : start + _ACCOUNTS_AT_ONCE]
            async with self._server.database.read() as uow:
                found = await store.latest_of(uow, some, nodes)
                heard = [
                    (node, item, Audience(await self._affiliations(uow, node, session)))
                    for node, item in found
                    if node.config.send_last_published_item == "on_sub_and_presence"
                    and not is_expired(node, item, self._server)
                ]
            await self._send_each(session, heard)

    async def _affiliations(self, uow: UnitOfWork, node: Node, session: Session) -> dict[str, str]:
        if node.config.access_model in ("open", "presence") or node.account == session.account.text:
            return {}
        return {session.account.text: await store.affiliation(uow, node, session.account.text)}

    async def _send_each(self, session: Session, heard: Iterable[tuple[Node, Item, Audience]]) -> None:
        for node, item, audience in heard:
            owner = Jid.parse(node.account)
            relations = await self._server.people.contacts.of(node.account)
            if await self._may_hear(owner, node, relations, audience, session.jid):
                session.send(self.last_item(node, item, session.jid))

    def last_item(self, node: Node, item: Item, to: Jid) -> Stanza:
        """The message that brings an item again, with the time it was published."""
        inner = events.published(node.name, item, node.config) + events.delayed(item.published, node.account)
        return events.message(Jid.parse(node.account), to, node.config.notification_type, inner, new_id())


def is_expired(node: Node, item: Item, server: Server) -> bool:
    """XEP-0060 `item_expire`: is the item past its time?"""
    seconds = node.config.item_expire
    return 0 < seconds < (server.clock.now() - item.published).total_seconds()


def _is_told(to: Jid, told: set[str]) -> bool:
    if to.resource:
        return to.text in told
    return any(text.startswith(f"{to.text}/") for text in told)


def _state(subscriptions: Sequence[Subscription], jid: Jid) -> str:
    for subscription in subscriptions:
        if subscription.jid in (jid.text, jid.bare.text):
            return subscription.state
    return "none"
