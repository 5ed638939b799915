"""Personal eventing at work: every operation on nodes, in one transaction each, with the events that follow it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from xml.etree.ElementTree import Element

from plauder.core.people import Published
from plauder.core.server import Server
from plauder.features.pubsub import errors, events, rules, store
from plauder.features.pubsub.config import BadConfig, NodeConfig, default_for
from plauder.features.pubsub.limits import BundleLimits
from plauder.features.pubsub.notify import Audience, Notifier, is_expired
from plauder.features.pubsub.rules import Asker
from plauder.features.pubsub.store import Item, Node, Subscription
from plauder.kit.ids import new_id
from plauder.store.database import UnitOfWork
from plauder.wire import rsm
from plauder.wire.forms import Form
from plauder.wire.jid import Jid
from plauder.wire.rsm import Page
from plauder.wire.stanza_error import StanzaError
from plauder.wire.xml import parse, serialize

MAX_PER_NODE: Final = 1_000
"""Affiliations, and explicit subscriptions, of one node."""
MAX_ANSWER: Final = 512 * 1024
"""Bytes of payload in one answer; a client gets the rest by pages."""
MAX_PAGE: Final = 1_000

Watch = Callable[[Published], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Found:
    """Items that were asked for; `total`, `first` position and whether they are a page of more."""

    items: list[Item]
    total: int
    index: int
    is_page: bool


class PersonalEvents:
    """The nodes of all accounts. `server.people.personal` is this."""

    def __init__(self, server: Server, notifier: Notifier, limits: BundleLimits) -> None:
        self._server = server
        self._notifier = notifier
        self._limits = limits
        self._watchers: dict[str, list[Watch]] = {}

    # ── who asks ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def asker(self, uow: UnitOfWork, owner: Jid, jid: Jid, node: Node | None) -> Asker:
        """What the owner has to do with `jid`. Raises StanzaError where the account is not there for it."""
        if jid.bare == owner:
            return Asker(is_owner=True)
        people = self._server.people
        if jid in await people.blocks.of(owner.text):
            errors.require(rules.BLOCKED)
        relations = await people.contacts.of(owner.text)
        bare = jid.bare.text
        mine = [s for s in await store.list_subscriptions(uow, node) if s.jid in (bare, jid.text)] if node else []
        return Asker(
            subscribed=bare in relations.subscribers,
            groups=relations.groups.get(bare, frozenset()),
            affiliation=await store.affiliation(uow, node, bare) if node else "none",
            subscription=mine[0].state if mine else "none",
        )

    async def _find(self, uow: UnitOfWork, owner: Jid, jid: Jid, name: str) -> tuple[Node, Asker]:
        node = await store.find(uow, owner.text, name)
        asker = await self.asker(uow, owner, jid, node)
        if node is None:
            raise errors.not_found()
        return node, asker

    async def _audience(self, uow: UnitOfWork, node: Node) -> Audience:
        return Audience(await store.list_affiliations(uow, node), await store.list_subscriptions(uow, node))

    # ── publishing ────────────────────────────────────────────────────────────────────────────────────────────────

    async def put(
        self, owner: Jid, jid: Jid, name: str, id_: str, payload: Element | None, options: Form | None
    ) -> str:
        """Publish an item (XEP-0060 §7.1); returns its id. Raises StanzaError."""
        data = b"" if payload is None else serialize(payload, "")
        id_ = id_ or new_id()
        if not rules.is_name(id_):
            raise errors.bad()
        now = self._server.clock.now()
        async with self._server.database.begin() as uow:
            node, asker = await self._node_to_publish(uow, owner, jid, name, options)
            errors.require(rules.publishing(node.config, asker))
            await self._require_room(uow, node, id_, jid, asker, len(data))
            item = Item(0, id_, jid.bare.text, now, data)
            if node.config.persist_items and node.config.max_items:
                if node.config.item_expire:
                    await store.expire(uow, node, now - timedelta(seconds=node.config.item_expire))
                item = await store.publish(uow, node, id_, data, publisher=jid.bare.text, published=now)
            audience = await self._audience(uow, node)
        await self._notifier.tell(node, audience, events.published(name, item, node.config))
        await self._watched(Published(owner.text, name, id_, payload, jid.bare.text))
        return id_

    async def _node_to_publish(
        self, uow: UnitOfWork, owner: Jid, jid: Jid, name: str, options: Form | None
    ) -> tuple[Node, Asker]:
        """The node; made where the owner publishes to one that is not there (auto-create)."""
        node = await store.find(uow, owner.text, name)
        asker = await self.asker(uow, owner, jid, node)
        try:
            if node is None:
                if not asker.is_owner:
                    raise errors.not_found()
                config = default_for(name)
                return await self._create(uow, owner, name, config.changed(options) if options else config), asker
            unmet = node.config.differs(options) if options else []
        except BadConfig as error:
            raise _unmet(str(error)) from error
        if unmet:
            raise _unmet(f"The node is configured otherwise: {', '.join(unmet)}.")
        return node, asker

    async def _require_room(self, uow: UnitOfWork, node: Node, id_: str, jid: Jid, asker: Asker, size: int) -> None:
        _, held = await store.usage(uow, node.account)
        errors.require(rules.item_fits(node.config, size=size, held=held))
        if not asker.is_owner:
            publisher = await store.publisher_of(uow, node, id_)
            # An item is its publisher's: nobody else but the owner replaces it.
            if publisher is not None and publisher != jid.bare.text:
                errors.require(rules.FORBIDDEN)

    async def _create(self, uow: UnitOfWork, owner: Jid, name: str, config: NodeConfig) -> Node:
        if not rules.is_name(name):
            raise errors.error("modify", "not-acceptable", text="That cannot be the name of a node.")
        count, _ = await store.usage(uow, owner.text)
        if count >= rules.MAX_NODES:
            raise errors.error("wait", "resource-constraint", text=f"An account has {rules.MAX_NODES} nodes at most.")
        node = await store.create(uow, owner.text, name, config)
        if node is None:
            raise errors.error("cancel", "conflict")
        return node

    async def remove(self, owner: Jid, jid: Jid, name: str, ids: Sequence[str], *, notify: bool) -> None:
        """Retract items (XEP-0060 §7.2)."""
        async with self._server.database.begin() as uow:
            node, asker = await self._find(uow, owner, jid, name)
            for id_ in ids:
                if asker.is_owner or asker.affiliation == "owner":
                    break
                if await store.publisher_of(uow, node, id_) != jid.bare.text:
                    errors.require(rules.publishing(node.config, asker) or rules.FORBIDDEN)
            gone = await store.retract(uow, node, ids)
            if not gone:
                raise errors.not_found()
            audience = await self._audience(uow, node)
        if notify or node.config.notify_retract:
            await self._notifier.tell(node, audience, events.retracted(name, gone))
        for id_ in gone:
            await self._watched(Published(owner.text, name, id_, None, jid.bare.text))

    # ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def get(
        self, owner: Jid, jid: Jid, name: str, ids: Sequence[str], most: int | None, page: Page | None
    ) -> Found:
        """Fetch items (XEP-0060 §6.5): those with these ids, the `most` latest, or a page. Raises StanzaError."""
        if jid.bare != owner and rules.is_bundle_node(name):
            self._limit_bundles(owner, jid)
        async with self._server.database.read() as uow:
            node, asker = await self._find(uow, owner, jid, name)
            errors.require(rules.reading(node.config, asker))
            if ids:
                found = await store.by_ids(uow, node, ids)
                if not found:
                    raise errors.not_found()
                return Found(self._fresh(node, found), len(found), 0, is_page=False)
            return await self._page(uow, node, most, page)

    def _limit_bundles(self, owner: Jid, jid: Jid) -> None:
        wait = self._limits.take(jid.bare.text, owner.text)
        if wait:
            self._server.metrics.count("bundle_fetches_limited")
            text = f"Too many key bundles were asked for. Try again in {wait} seconds."
            raise errors.error("wait", "policy-violation", text=text)

    async def _page(self, uow: UnitOfWork, node: Node, most: int | None, page: Page | None) -> Found:
        everything = await store.item_ids(uow, node)
        if page is None:
            wanted = range(max(0, len(everything) - min(most or MAX_PAGE, MAX_PAGE)), len(everything))
        else:
            try:
                wanted = rsm.cut(everything, page, most=min(most or MAX_PAGE, MAX_PAGE))
            except rsm.PageNotFound as error:
                raise errors.not_found() from error
        found = await store.by_ids(uow, node, everything[wanted.start : wanted.stop])
        kept = _within(self._fresh(node, found), MAX_ANSWER, newest=page is None or page.backwards)
        index = everything.index(kept[0].id) if kept else wanted.start
        return Found(
            kept, len(everything), index, is_page=page is not None or (most is None and len(kept) < len(everything))
        )

    def _fresh(self, node: Node, found: list[Item]) -> list[Item]:
        return [item for item in found if not is_expired(node, item, self._server)]

    async def readable(self, owner: Jid, jid: Jid) -> list[Node]:
        """The nodes that `jid` may read, for disco#items."""
        async with self._server.database.read() as uow:
            nodes = await store.list_nodes(uow, owner.text)
            return [node for node in nodes if not rules.reading(node.config, await self.asker(uow, owner, jid, node))]

    async def look(self, owner: Jid, jid: Jid, name: str) -> tuple[Node, list[str]] | None:
        """A node and the ids of its items, for disco; None where `jid` may not read it."""
        async with self._server.database.read() as uow:
            node = await store.find(uow, owner.text, name)
            if node is None or rules.reading(node.config, await self.asker(uow, owner, jid, node)) is not None:
                return None
            return node, await store.item_ids(uow, node)

    # ── owning ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def create(self, owner: Jid, jid: Jid, name: str, form: Form | None) -> str:
        """Make a node (XEP-0060 §8.1); returns its name."""
        _require_owner(owner, jid)
        name = name or new_id()
        async with self._server.database.begin() as uow:
            await self._create(uow, owner, name, _changed(default_for(name), form))
        return name

    async def config(self, owner: Jid, jid: Jid, name: str) -> NodeConfig:
        """A node's configuration (XEP-0060 §8.2)."""
        async with self._server.database.read() as uow:
            node, asker = await self._find(uow, owner, jid, name)
            errors.require(rules.owning(asker))
            return node.config

    async def configure(self, owner: Jid, jid: Jid, name: str, form: Form) -> None:
        """Change a node's configuration (XEP-0060 §8.2.4)."""
        async with self._server.database.begin() as uow:
            node, asker = await self._find(uow, owner, jid, name)
            errors.require(rules.owning(asker))
            node = await store.configure(uow, node, _changed(node.config, form))
            audience = await self._audience(uow, node)
        if node.config.notify_config:
            await self._notifier.tell(node, audience, events.configured(name, node.config))

    async def delete(self, owner: Jid, jid: Jid, name: str) -> None:
        """Delete a node (XEP-0060 §8.4)."""
        async with self._server.database.begin() as uow:
            node, asker = await self._find(uow, owner, jid, name)
            errors.require(rules.owning(asker))
            audience = await self._audience(uow, node)
            gone = await store.item_ids(uow, node)
            await store.delete_node(uow, node)
        if node.config.notify_delete:
            await self._notifier.tell(node, audience, events.deleted(name))
        for id_ in gone if name in self._watchers else ():
            await self._watched(Published(owner.text, name, id_, None, jid.bare.text))

    async def purge(self, owner: Jid, jid: Jid, name: str) -> None:
        """Remove all items of a node (XEP-0060 §8.5)."""
        async with self._server.database.begin() as uow:
            node, asker = await self._find(uow, owner, jid, name)
            errors.require(rules.owning(asker))
            gone = await store.item_ids(uow, node) if name in self._watchers else []
            await store.purge(uow, node)
            audience = await self._audience(uow, node)
        if node.config.notify_retract:
            await self._notifier.tell(node, audience, events.purged(name))
        for id_ in gone:
            await self._watched(Published(owner.text, name, id_, None, jid.bare.text))

    async def affiliations(self, owner: Jid, jid: Jid, name: str) -> dict[str, str]:
        """Who is what to a node (XEP-0060 §8.9.1)."""
        async with self._server.database.read() as uow:
            node, asker = await self._find(uow, owner, jid, name)
            errors.require(rules.owning(asker))
            return {owner.text: "owner", **await store.list_affiliations(uow, node)}

    async def affiliate(self, owner: Jid, jid: Jid, name: str, wanted: Mapping[str, str]) -> None:
        """Change who is what to a node (XEP-0060 §8.9.2)."""
        if owner.text in wanted or not set(wanted.values()) <= set(rules.AFFILIATIONS):
            raise errors.error("modify", "not-acceptable", text="The account itself stays the owner of its nodes.")
        async with self._server.database.begin() as uow:
            node, asker = await self._find(uow, owner, jid, name)
            errors.require(rules.owning(asker))
            if len({*await store.list_affiliations(uow, node), *wanted}) > MAX_PER_NODE:
                raise errors.error("wait", "resource-constraint")
            for who, affiliation in wanted.items():
                await store.affiliate(uow, node, who, affiliation)
                if affiliation == "outcast":
                    await store.unsubscribe(uow, node, who)

    async def own_affiliations(self, owner: Jid, jid: Jid, name: str) -> list[tuple[str, str]]:
        """What `jid` is to the nodes of an account (XEP-0060 §5.7)."""
        async with self._server.database.read() as uow:
            asker = await self.asker(uow, owner, jid, None)
            if asker.is_owner:
                nodes = await store.list_nodes(uow, owner.text)
                found = [(node.name, "owner") for node in nodes]
            else:
                found = await store.affiliations_of(uow, owner.text, jid.bare.text)
        return [pair for pair in found if not name or pair[0] == name]

    # ── subscriptions ─────────────────────────────────────────────────────────────────────────────────────────────

    async def subscribe(self, owner: Jid, jid: Jid, name: str, subscriber: Jid) -> Subscription:
        """Subscribe explicitly (XEP-0060 §6.1)."""
        if subscriber.bare != jid.bare:
            raise errors.bad("invalid-jid")
        async with self._server.database.begin() as uow:
            node, asker = await self._find(uow, owner, jid, name)
            decided = rules.subscribing(node.config, asker)
            if not isinstance(decided, str):
                raise errors.error(decided.type, decided.condition, decided.detail, feature=decided.feature)
            former = {s.jid: s for s in await store.list_subscriptions(uow, node)}
            if subscriber.text not in former and len(former) >= MAX_PER_NODE:
                raise errors.error("wait", "resource-constraint")
            subscription = former.get(subscriber.text) or Subscription(subscriber.text, decided, new_id())
            await store.subscribe(uow, node, subscription)
            last = await store.latest(uow, node, 1)
        if subscription.state == "pending":
            self._ask_owner(owner, node, subscription)
        elif last and node.config.send_last_published_item != "never":
            self._notifier.send(self._notifier.last_item(node, last[0], subscriber))
        return subscription

    def _ask_owner(self, owner: Jid, node: Node, subscription: Subscription) -> None:
        """XEP-0060 §8.6.1: the owner's devices are shown a form."""
        form = authorization(node.name, subscription).element()
        for session in self._server.available_sessions_of(owner):
            session.send(events.message(owner, session.jid, "normal", serialize(form), new_id()))

    async def unsubscribe(self, owner: Jid, jid: Jid, name: str, subscriber: Jid, subid: str) -> None:
        """End an explicit subscription (XEP-0060 §6.2)."""
        if subscriber.bare != jid.bare:
            raise errors.error("auth", "forbidden")
        async with self._server.database.begin() as uow:
            node, _ = await self._find(uow, owner, jid, name)
            former = {s.jid: s for s in await store.list_subscriptions(uow, node)}.get(subscriber.text)
            if former is None:
                raise errors.error("cancel", "unexpected-request", "not-subscribed")
            if subid and subid != former.subid:
                raise errors.error("modify", "not-acceptable", "invalid-subid")
            await store.unsubscribe(uow, node, subscriber.text)

    async def own_subscriptions(self, owner: Jid, jid: Jid, name: str) -> list[tuple[str, Subscription]]:
        """The subscriptions of `jid` to nodes of an account (XEP-0060 §5.6)."""
        async with self._server.database.read() as uow:
            await self.asker(uow, owner, jid, None)
            found = await store.subscriptions_of(uow, owner.text, jid.bare.text)
        return [pair for pair in found if not name or pair[0] == name]

    async def subscriptions(self, owner: Jid, jid: Jid, name: str) -> list[Subscription]:
        """All subscriptions to a node (XEP-0060 §8.8.1)."""
        async with self._server.database.read() as uow:
            node, asker = await self._find(uow, owner, jid, name)
            errors.require(rules.owning(asker))
            return await store.list_subscriptions(uow, node)

    async def decide(self, owner: Jid, jid: Jid, name: str, wanted: Mapping[str, str]) -> None:
        """The owner changes subscriptions, or answers requests (XEP-0060 §8.8.2, §8.6)."""
        if not set(wanted.values()) <= {"none", "subscribed", "pending"}:
            raise errors.error("modify", "not-acceptable")
        async with self._server.database.begin() as uow:
            node, asker = await self._find(uow, owner, jid, name)
            errors.require(rules.owning(asker))
            former = {s.jid: s for s in await store.list_subscriptions(uow, node)}
            if len({*former, *(who for who, state in wanted.items() if state != "none")}) > MAX_PER_NODE:
                raise errors.error("wait", "resource-constraint")
            for who, state in wanted.items():
                if state == "none":
                    await store.unsubscribe(uow, node, who)
                else:
                    kept = former.get(who) or Subscription(who, state, new_id())
                    await store.subscribe(uow, node, replace(kept, state=state))
        for who, state in wanted.items():
            inner = events.subscribed(name, who, state)
            self._notifier.send(events.message(owner, Jid.parse(who), "headline", inner, new_id()))

    # ── for other features ────────────────────────────────────────────────────────────────────────────────────────

    async def publish(
        self, account: Jid, node: str, item: str, payload: Element, *, options: Mapping[str, str] | None = None
    ) -> None:
        """Publish as the account itself. `options` configure a node that is not there yet. Raises StanzaError."""
        async with self._server.database.read() as uow:
            is_there = await store.find(uow, account.text, node) is not None
        form = Form.of("submit", "", options) if options and not is_there else None
        await self.put(account, account, node, item, payload, form)

    async def retract(self, account: Jid, node: str, item: str) -> None:
        """Remove an item and tell the subscribers; nothing happens where there is none."""
        try:
            await self.remove(account, account, node, [item], notify=True)
        except StanzaError as error:
            if error.condition != "item-not-found":
                raise

    async def items(self, account: Jid, node: str, *, ids: Sequence[str] = (), limit: int = 1) -> list[Published]:
        """The latest items, the newest last, whoever may read them; empty where the node is not there."""
        async with self._server.database.read() as uow:
            kept = await store.find(uow, account.text, node)
            if kept is None:
                return []
            found = await store.by_ids(uow, kept, ids) if ids else await store.latest(uow, kept, limit)
        return [
            Published(account.text, node, item.id, parse(item.payload) if item.payload else None, item.publisher)
            for item in self._fresh(kept, found)
        ]

    async def latest(self, accounts: Collection[str], nodes: Collection[str]) -> Mapping[tuple[str, str], Published]:
        """The latest item of each node with one of these names, of each of these accounts, by (account, node)."""
        async with self._server.database.read() as uow:
            found = await store.latest_of(uow, accounts, nodes)
        return {
            (node.account, node.name): Published(node.account, node.name, item.id, parse(item.payload), item.publisher)
            for node, item in found
            if item.payload and self._fresh(node, [item])
        }

    async def items_by_name(self, wanted: Collection[tuple[str, str, str]]) -> Mapping[tuple[str, str, str], Published]:
        """Items by (account, node, item id); those that are not there are missing."""
        async with self._server.database.read() as uow:
            found = await store.items_by_name(uow, wanted)
        return {
            name: Published(node.account, node.name, item.id, parse(item.payload), item.publisher)
            for name, (node, item) in found.items()
            if item.payload and self._fresh(node, [item])
        }

    def on_published(self, node: str, do: Watch) -> None:
        """Call `do` after each publication to this node; its `payload` is None when the item was retracted."""
        self._watchers.setdefault(node, []).append(do)

    async def _watched(self, what: Published) -> None:
        for watcher in self._watchers.get(what.node, ()):
            await watcher(what)

    async def rename(self, old: Jid, new: Jid) -> None:
        """The account has another address now."""
        async with self._server.database.begin() as uow:
            await store.rename_account(uow, old.text, new.text)

    async def forget(self, account: Jid) -> None:
        """The account is removed."""
        async with self._server.database.begin() as uow:
            await store.forget_account(uow, account.text)


AUTHORIZATION: Final = "http://jabber.org/protocol/pubsub#subscribe_authorization"


def authorization(node: str, subscription: Subscription) -> Form:
    """The form that asks the owner whether somebody may subscribe (XEP-0060 §8.6.1)."""
    values = {
        "pubsub#subid": subscription.subid,
        "pubsub#node": node,
        "pubsub#subscriber_jid": subscription.jid,
        "pubsub#allow": "false",
    }
    return Form.of("form", AUTHORIZATION, values)


def _require_owner(owner: Jid, jid: Jid) -> None:
    if jid.bare != owner:
        errors.require(rules.FORBIDDEN)


def _changed(config: NodeConfig, form: Form | None) -> NodeConfig:
    try:
        return config.changed(form) if form else config
    except BadConfig as error:
        raise errors.error("modify", "not-acceptable", text=f"{error}.") from error


def _unmet(text: str) -> StanzaError:
    return errors.error("cancel", "conflict", "precondition-not-met", text)


def _within(found: list[Item], budget: int, *, newest: bool) -> list[Item]:
    """As many items as fit an answer, at least one: from the end where the newest matter."""
    kept: list[Item] = []
    for item in reversed(found) if newest else found:
        budget -= len(item.payload)
        if budget < 0 and kept:
            break
        kept.append(item)
    return kept[::-1] if newest else kept
