"""Nodes, items, affiliations and subscriptions in the database: the only SQL of this feature."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    Row,
    Table,
    UniqueConstraint,
    and_,
    delete,
    func,
    select,
    tuple_,
    update,
)

from plauder.features.pubsub.config import NodeConfig
from plauder.store.database import UnitOfWork
from plauder.store.schema import BigKey, Bytes, Instant, Text, metadata

nodes = Table(
    "pep_node",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("account", Text, nullable=False),
    Column("node", Text, nullable=False),
    Column("config", Text, nullable=False),
    UniqueConstraint("account", "node"),
)

items = Table(
    "pep_item",
    metadata,
    Column("seq", BigKey, primary_key=True, autoincrement=True),
    Column("node_id", ForeignKey(nodes.c.id, ondelete="CASCADE"), nullable=False),
    Column("item", Text, nullable=False),
    Column("publisher", Text, nullable=False),
    Column("published", Instant, nullable=False),
    Column("size", Integer, nullable=False),
    Column("payload", Bytes, nullable=False),
    UniqueConstraint("node_id", "item"),
    Index("ix_pep_item_latest", "node_id", "seq", "size"),
)

affiliations = Table(
    "pep_affiliation",
    metadata,
    Column("node_id", ForeignKey(nodes.c.id, ondelete="CASCADE"), primary_key=True),
    Column("jid", Text, primary_key=True),
    Column("affiliation", Text, nullable=False),
)

subscriptions = Table(
    "pep_subscription",
    metadata,
    Column("node_id", ForeignKey(nodes.c.id, ondelete="CASCADE"), primary_key=True),
    Column("jid", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("subid", Text, nullable=False),
    Index("ix_pep_subscription_jid", "jid"),
)


AT_ONCE: Final = 300
"""Names in one statement."""


@dataclass(frozen=True, slots=True)
class Node:
    """A node as it is kept."""

    id: int
    account: str
    name: str
    config: NodeConfig


@dataclass(frozen=True, slots=True)
class Item:
    """An item as it is kept; `payload` is one serialised element, empty for an item without one."""

    seq: int
    id: str
    publisher: str
    published: datetime
    payload: bytes


@dataclass(frozen=True, slots=True)
class Subscription:
    """An explicit subscription: "pending" until the owner approves, or "subscribed"."""

    jid: str
    state: str
    subid: str


def _node(row: Row[Any]) -> Node:
    return Node(row.id, row.account, row.node, NodeConfig.loads(row.config))


def _item(row: Row[Any]) -> Item:
    return Item(row.seq, row.item, row.publisher, row.published, row.payload)


# ── nodes ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def find(uow: UnitOfWork, account: str, name: str) -> Node | None:
    """The node of that name."""
    row = (await uow.execute(select(nodes).where(nodes.c.account == account, nodes.c.node == name))).first()
    return None if row is None else _node(row)


async def list_nodes(uow: UnitOfWork, account: str) -> list[Node]:
    """All nodes of an account, by name."""
    rows = await uow.execute(select(nodes).where(nodes.c.account == account).order_by(nodes.c.node))
    return [_node(row) for row in rows]


async def create(uow: UnitOfWork, account: str, name: str, config: NodeConfig) -> Node | None:
    """Make a node; None when there is one of that name."""
    statement = (
        uow.insert(nodes)
        .values(account=account, node=name, config=config.dumps())
        .on_conflict_do_nothing()
        .returning(nodes.c.id)
    )
    key = (await uow.execute(statement)).scalar_one_or_none()
    return None if key is None else Node(key, account, name, config)


async def configure(uow: UnitOfWork, node: Node, config: NodeConfig) -> Node:
    """Change a node's configuration; what exceeds its new `max_items` goes."""
    await uow.execute(update(nodes).where(nodes.c.id == node.id).values(config=config.dumps()))
    changed = Node(node.id, node.account, node.name, config)
    await trim(uow, changed)
    return changed


async def delete_node(uow: UnitOfWork, node: Node) -> None:
    """Remove a node with everything in it."""
    await uow.execute(delete(nodes).where(nodes.c.id == node.id))


async def forget_account(uow: UnitOfWork, account: str) -> None:
    """Remove all nodes of an account, and what it is to others' nodes."""
    await uow.execute(delete(nodes).where(nodes.c.account == account))
    await uow.execute(delete(subscriptions).where(_of_account(subscriptions.c.jid, account)))
    await uow.execute(delete(affiliations).where(affiliations.c.jid == account))


def _of_account(column: Any, account: str) -> Any:
    # "/" sorts directly before "0": a range finds the account's full JIDs by index, with no LIKE to escape.
    return (column == account) | and_(column > f"{account}/", column < f"{account}0")


async def rename_account(uow: UnitOfWork, old: str, new: str) -> None:
    """Move an account's nodes to another address, and what it is to others' nodes. Subscriptions of single devices
    end: they are gone with the old address."""
    await uow.execute(delete(nodes).where(nodes.c.account == new))
    await uow.execute(update(nodes).where(nodes.c.account == old).values(account=new))
    await uow.execute(delete(affiliations).where(affiliations.c.jid == new))
    await uow.execute(update(affiliations).where(affiliations.c.jid == old).values(jid=new))
    await uow.execute(delete(subscriptions).where(subscriptions.c.jid == new))
    await uow.execute(update(subscriptions).where(subscriptions.c.jid == old).values(jid=new))


async def usage(uow: UnitOfWork, account: str) -> tuple[int, int]:
    """How many nodes an account has, and how many bytes of payload."""
    statement = (
        select(func.count(nodes.c.id.distinct()), func.coalesce(func.sum(items.c.size), 0))
        .select_from(nodes.outerjoin(items, items.c.node_id == nodes.c.id))
        .where(nodes.c.account == account)
    )
    count, size = (await uow.execute(statement)).one()
    return count, int(size)


# ── items ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def publish(
    uow: UnitOfWork, node: Node, item: str, payload: bytes, *, publisher: str, published: datetime
) -> Item:
    """Keep an item, in place of the one with the same id; the oldest go when there are more than `max_items`."""
    await uow.execute(delete(items).where(items.c.node_id == node.id, items.c.item == item))
    statement = (
        items.insert()
        .values(
            node_id=node.id,
            item=item,
            publisher=publisher,
            published=published,
            size=len(payload),
            payload=payload,
        )
        .returning(items.c.seq)
    )
    seq = (await uow.execute(statement)).scalar_one()
    await trim(uow, node)
    return Item(seq, item, publisher, published, payload)


async def trim(uow: UnitOfWork, node: Node) -> None:
    """Remove the oldest items above `max_items`; all of them where items are not kept."""
    most = node.config.max_items if node.config.persist_items else 0
    mine = items.c.node_id == node.id
    oldest_kept = select(items.c.seq).where(mine).order_by(items.c.seq.desc()).offset(most).limit(1).scalar_subquery()
    await uow.execute(delete(items).where(mine, items.c.seq <= oldest_kept))


async def expire(uow: UnitOfWork, node: Node, before: datetime) -> None:
    """Remove the items that were published before that time."""
    await uow.execute(delete(items).where(items.c.node_id == node.id, items.c.published < before))


async def publisher_of(uow: UnitOfWork, node: Node, item: str) -> str | None:
    """Who published an item; None when there is none with that id."""
    statement = select(items.c.publisher).where(items.c.node_id == node.id, items.c.item == item)
    return (await uow.execute(statement)).scalar_one_or_none()


async def retract(uow: UnitOfWork, node: Node, ids: Sequence[str]) -> list[str]:
    """Remove items; those that were there are returned."""
    statement = delete(items).where(items.c.node_id == node.id, items.c.item.in_(ids)).returning(items.c.item)
    return [row.item for row in await uow.execute(statement)]


async def purge(uow: UnitOfWork, node: Node) -> None:
    """Remove all items."""
    await uow.execute(delete(items).where(items.c.node_id == node.id))


async def by_ids(uow: UnitOfWork, node: Node, ids: Sequence[str]) -> list[Item]:
    """The items with these ids that there are, in the order they were published."""
    statement = select(items).where(items.c.node_id == node.id, items.c.item.in_(ids)).order_by(items.c.seq)
    return [_item(row) for row in await uow.execute(statement)]


async def latest(uow: UnitOfWork, node: Node, limit: int) -> list[Item]:
    """The most recent items, the newest last."""
    statement = select(items).where(items.c.node_id == node.id).order_by(items.c.seq.desc()).limit(limit)
    return [_item(row) for row in await uow.execute(statement)][::-1]


async def item_ids(uow: UnitOfWork, node: Node) -> list[str]:
    """The ids of all items, in the order they were published."""
    statement = select(items.c.item).where(items.c.node_id == node.id).order_by(items.c.seq)
    return list((await uow.execute(statement)).scalars())


async def count(uow: UnitOfWork, node: Node) -> int:
    """How many items a node holds."""
    return int((await uow.execute(select(func.count()).where(items.c.node_id == node.id))).scalar_one())


async def latest_of(uow: UnitOfWork, accounts: Collection[str], names: Collection[str]) -> list[tuple[Node, Item]]:
    """The most recent item of each node with one of these names, of each of these accounts."""
    if not accounts or not names:
        return []
    newest = (
        select(func.max(items.c.seq).label("seq"))
        .join(nodes, nodes.c.id == items.c.node_id)
        .where(nodes.c.account.in_(accounts), nodes.c.node.in_(names))
        .group_by(items.c.node_id)
        .subquery()
    )
    statement = (
        select(items, nodes.c.id, nodes.c.account, nodes.c.node, nodes.c.config)
        .join(newest, newest.c.seq == items.c.seq)
        .join(nodes, nodes.c.id == items.c.node_id)
        .order_by(items.c.seq)
    )
    return [(_node(row), _item(row)) for row in await uow.execute(statement)]


async def items_by_name(
    uow: UnitOfWork, wanted: Collection[tuple[str, str, str]]
) -> dict[tuple[str, str, str], tuple[Node, Item]]:
    """Items by (account, node, item id) that are there."""
    found: dict[tuple[str, str, str], tuple[Node, Item]] = {}
    names = sorted(wanted)
    for start in range(0, len(names), AT_ONCE):
        key = tuple_(nodes.c.account, nodes.c.node, items.c.item)
        statement = (
            select(items, nodes.c.id, nodes.c.account, nodes.c.node, nodes.c.config)
            .join(nodes, nodes.c.id == items.c.node_id)
            .where(key.in_(names[start : start + AT_ONCE]))
        )
        for row in await uow.execute(statement):
            found[row.account, row.node, row.item] = (_node(row), _item(row))
    return found


# ── affiliations and subscriptions ────────────────────────────────────────────────────────────────────────────────────


async def affiliation(uow: UnitOfWork, node: Node, jid: str) -> str:
    """What a bare JID is to the node; "none" by default."""
    statement = select(affiliations.c.affiliation).where(affiliations.c.node_id == node.id, affiliations.c.jid == jid)
    return (await uow.execute(statement)).scalar_one_or_none() or "none"


async def list_affiliations(uow: UnitOfWork, node: Node) -> dict[str, str]:
    """All affiliations but "none"."""
    statement = select(affiliations).where(affiliations.c.node_id == node.id).order_by(affiliations.c.jid)
    return {row.jid: row.affiliation for row in await uow.execute(statement)}


async def affiliations_of(uow: UnitOfWork, account: str, jid: str) -> list[tuple[str, str]]:
    """What a bare JID is to the nodes of an account: (node, affiliation)."""
    statement = (
        select(nodes.c.node, affiliations.c.affiliation)
        .join(affiliations, affiliations.c.node_id == nodes.c.id)
        .where(nodes.c.account == account, affiliations.c.jid == jid)
        .order_by(nodes.c.node)
    )
    return [(row.node, row.affiliation) for row in await uow.execute(statement)]


async def affiliate(uow: UnitOfWork, node: Node, jid: str, affiliation: str) -> None:
    """Say what a bare JID is to the node."""
    await uow.execute(delete(affiliations).where(affiliations.c.node_id == node.id, affiliations.c.jid == jid))
    if affiliation != "none":
        await uow.execute(affiliations.insert().values(node_id=node.id, jid=jid, affiliation=affiliation))


async def subscribe(uow: UnitOfWork, node: Node, subscription: Subscription) -> None:
    """Keep a subscription in place of the JID's former one."""
    await unsubscribe(uow, node, subscription.jid)
    await uow.execute(
        subscriptions.insert().values(
            node_id=node.id, jid=subscription.jid, state=subscription.state, subid=subscription.subid
        )
    )


async def unsubscribe(uow: UnitOfWork, node: Node, jid: str) -> bool:
    """Remove a subscription; False when there was none."""
    statement = delete(subscriptions).where(subscriptions.c.node_id == node.id, subscriptions.c.jid == jid)
    return (await uow.execute(statement)).rowcount > 0


async def list_subscriptions(uow: UnitOfWork, node: Node) -> list[Subscription]:
    """All explicit subscriptions."""
    statement = select(subscriptions).where(subscriptions.c.node_id == node.id).order_by(subscriptions.c.jid)
    return [Subscription(row.jid, row.state, row.subid) for row in await uow.execute(statement)]


async def subscriptions_of(uow: UnitOfWork, account: str, subscriber: str) -> list[tuple[str, Subscription]]:
    """The subscriptions of a bare JID, and of its resources, to the nodes of an account: (node, subscription)."""
    statement = (
        select(nodes.c.node, subscriptions)
        .join(subscriptions, subscriptions.c.node_id == nodes.c.id)
        .where(nodes.c.account == account, _of_account(subscriptions.c.jid, subscriber))
        .order_by(nodes.c.node, subscriptions.c.jid)
    )
    return [(row.node, Subscription(row.jid, row.state, row.subid)) for row in await uow.execute(statement)]
