"""Nodes: every thing of the API has a decimal id; this table says what kind it is and whose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Column, Index, Table, delete, select

from plauder.kit.ids import new_number
from plauder.store.database import UnitOfWork
from plauder.store.schema import Text, metadata

Kind = Literal["app", "business", "waba", "phone", "user", "template", "media", "flow", "catalog", "product"]

table = Table(
    "business_node",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("portfolio_id", Text, nullable=False),
    Column("waba_id", Text, nullable=False, default=""),
    Index("ix_business_node_portfolio", "portfolio_id", "kind"),
)


@dataclass(frozen=True, slots=True)
class Node:
    """What an id stands for. `waba_id` is empty for things above a WhatsApp Business Account."""

    id: str
    kind: Kind
    portfolio_id: str
    waba_id: str = ""


async def create(uow: UnitOfWork, kind: Kind, *, portfolio_id: str = "", waba_id: str = "") -> Node:
    """A new node; without a portfolio it is one itself, without a WABA a `waba` is its own."""
    node_id = new_number(16)
    node = Node(node_id, kind, portfolio_id or node_id, waba_id or (node_id if kind == "waba" else ""))
    await uow.execute(
        table.insert().values(id=node.id, kind=node.kind, portfolio_id=node.portfolio_id, waba_id=node.waba_id)
    )
    return node


async def find(uow: UnitOfWork, node_id: str) -> Node | None:
    """The node with that id, whoever owns it."""
    row = (await uow.execute(select(table).where(table.c.id == node_id))).one_or_none()
    return Node(row.id, row.kind, row.portfolio_id, row.waba_id) if row else None


async def remove(uow: UnitOfWork, node_id: str) -> None:
    """Forget the id; it then answers as if it had never been."""
    await uow.execute(delete(table).where(table.c.id == node_id))
