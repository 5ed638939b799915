"""People invited to a team: by their number before they have an account, or by a link.

Who registers the number, opens an account by the link, or shows the link with an account, is in the team at once. An
invitation is as good as the one who made it: it counts only while that person may still add somebody with that role.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, Row, Table, delete, select

from plauder.business.accounts import commands, rules, store
from plauder.kit import ids
from plauder.kit.errors import BadInput, Conflict, Forbidden, NotFound
from plauder.store.database import UnitOfWork
from plauder.store.schema import Instant, Text, metadata

MOST_OPEN = 50
LIFE = timedelta(days=7)

table = Table(
    "business_invitation",
    metadata,
    Column("id", Text, primary_key=True),
    Column("portfolio_id", Text, ForeignKey("business_portfolio.id"), nullable=False),
    Column("role", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("number", Text, nullable=False, default=""),
    Column("invite", Text, nullable=False, default=""),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index("ix_business_invitation_number", "number"),
    Index("ix_business_invitation_invite", "invite"),
    Index("ix_business_invitation_portfolio", "portfolio_id"),
)
"""`number` is digits, `invite` the id of the account invite whose link was given; one of them is empty."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Whom to invite: who registers `number`, or who opens an account by the account invite `invite`."""

    role: str
    by: str
    number: str = ""
    invite: str = ""


async def check(uow: UnitOfWork, portfolio_id: str, wish: Wish, at: datetime) -> None:
    """Whether it may be made. Raises BadInput, Forbidden, Conflict."""
    if wish.role not in rules.ROLES:
        raise BadInput(f"{wish.role!r} is not a role: {', '.join(rules.ROLES)}.")
    if not await _may(uow, portfolio_id, wish.by, wish.role):
        raise Forbidden("Only an owner can make or change owners.")
    open_ = await of_portfolio(uow, portfolio_id, at)
    if len(open_) >= MOST_OPEN:
        raise Conflict("This business has many open invitations; withdraw one first.")
    if wish.number and any(row.number == wish.number for row in open_):
        raise Conflict("That number is invited already.")


async def create(uow: UnitOfWork, portfolio_id: str, wish: Wish, at: datetime) -> str:
    """Returns its id. `check` comes first, perhaps in another transaction."""
    invitation_id = ids.new_token(9)
    await uow.execute(
        table.insert().values(
            id=invitation_id,
            portfolio_id=portfolio_id,
            role=wish.role,
            by=wish.by,
            number=wish.number,
            invite=wish.invite,
            created_at=at,
            expires_at=at + LIFE,
        )
    )
    return invitation_id


async def of_portfolio(uow: UnitOfWork, portfolio_id: str, at: datetime) -> list[Row[Any]]:
    """Those that are open, oldest first."""
    await uow.execute(delete(table).where(table.c.expires_at <= at))
    statement = select(table).where(table.c.portfolio_id == portfolio_id)
    return list((await uow.execute(statement.order_by(table.c.created_at, table.c.id))).all())


async def withdraw(uow: UnitOfWork, portfolio_id: str, invitation_id: str) -> Row[Any]:
    """Raises NotFound."""
    where = (table.c.id == invitation_id, table.c.portfolio_id == portfolio_id)
    row = (await uow.execute(select(table).where(*where))).one_or_none()
    if row is None:
        raise NotFound("There is no such invitation.")
    await uow.execute(delete(table).where(*where))
    return row


@dataclass(frozen=True, slots=True)
class Team:
    """Where a link leads to."""

    id: str
    name: str
    role: str


async def team_of(uow: UnitOfWork, invite: str, at: datetime) -> Team | None:
    """Where the link of the account invite `invite` leads to, while it is good."""
    portfolio = store.portfolios
    statement = (
        select(portfolio.c.id, portfolio.c.name, table.c.role, table.c.by)
        .join(portfolio, portfolio.c.id == table.c.portfolio_id)
        .where(table.c.invite == invite, table.c.expires_at > at)
    )
    row = (await uow.execute(statement)).one_or_none()
    if row is None or not await _may(uow, row.id, row.by, row.role):
        return None
    return Team(row.id, row.name, row.role)


async def joined(uow: UnitOfWork, account: str, *, at: datetime, invite: str = "") -> int:
    """A new account: it joins the teams that invited its number, or whose link it came by. Returns how many."""
    mine = table.c.invite == invite if invite else table.c.number == account
    rows = (await uow.execute(select(table).where(mine, table.c.expires_at > at))).all()
    count = 0
    for row in rows:
        await uow.execute(delete(table).where(table.c.id == row.id))
        known = await store.role_of(uow, row.portfolio_id, account)
        if known is None and await _may(uow, row.portfolio_id, row.by, row.role):
            by_role = await store.role_of(uow, row.portfolio_id, row.by) or ""
            await commands.set_member(
                uow, portfolio_id=row.portfolio_id, account=account, role=row.role, by_role=by_role, at=at
            )
            count += 1
    return count


async def _may(uow: UnitOfWork, portfolio_id: str, by: str, role: str) -> bool:
    own = await store.role_of(uow, portfolio_id, by)
    return own is not None and rules.can(own, "team") and (role != "owner" or own == "owner")
