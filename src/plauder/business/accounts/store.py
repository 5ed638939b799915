"""Tables of portfolios, members, apps, WABAs, system users and tokens."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Row, Table, select, update

from plauder.store.database import UnitOfWork
from plauder.store.schema import Bytes, Instant, Text, metadata

portfolios = Table(
    "business_portfolio",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("country", Text, nullable=False, default=""),
    Column("verification", Text, nullable=False, default="not_verified"),
    Column("tier", Text, nullable=False, default="TIER_250"),
    Column("created_at", Instant, nullable=False),
)

members = Table(
    "business_member",
    metadata,
    Column("portfolio_id", Text, ForeignKey("business_portfolio.id"), primary_key=True),
    Column("account", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("joined_at", Instant, nullable=False),
    Index("ix_business_member_account", "account"),
)

apps = Table(
    "business_app",
    metadata,
    Column("id", Text, primary_key=True),
    Column("portfolio_id", Text, ForeignKey("business_portfolio.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("secret", Bytes, nullable=False),
    Column("requires_proof", Boolean, nullable=False, default=False),
    Column("created_at", Instant, nullable=False),
    Index("ix_business_app_portfolio", "portfolio_id"),
)

wabas = Table(
    "business_waba",
    metadata,
    Column("id", Text, primary_key=True),
    Column("portfolio_id", Text, ForeignKey("business_portfolio.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("timezone_id", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("namespace", Text, nullable=False),
    Column("review_status", Text, nullable=False, default="APPROVED"),
    Column("insights", Boolean, nullable=False, default=False),
    Column("marketing_disabled", Boolean, nullable=False, default=False),
    Column("locked_reason", Text, nullable=False, default=""),
    Column("created_at", Instant, nullable=False),
    Index("ix_business_waba_portfolio", "portfolio_id"),
)

system_users = Table(
    "business_system_user",
    metadata,
    Column("id", Text, primary_key=True),
    Column("portfolio_id", Text, ForeignKey("business_portfolio.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
)

tokens = Table(
    "business_token",
    metadata,
    Column("id", Text, primary_key=True),
    Column("digest", Bytes, nullable=False),
    Column("kind", Text, nullable=False),
    Column("app_id", Text, nullable=False),
    Column("portfolio_id", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("label", Text, nullable=False, default=""),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
    Index("ix_business_token_portfolio", "portfolio_id"),
)

codes = Table(
    "business_login_code",
    metadata,
    Column("id", Text, primary_key=True),
    Column("digest", Bytes, nullable=False),
    Column("app_id", Text, nullable=False),
    Column("portfolio_id", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("redirect_uri", Text, nullable=False),
    Column("expires_at", Instant, nullable=False),
)


async def get(uow: UnitOfWork, table: Table, row_id: str) -> Row[Any] | None:
    """The row of one of the tables above with that id."""
    return (await uow.execute(select(table).where(table.c.id == row_id))).one_or_none()


async def of_portfolio(uow: UnitOfWork, table: Table, portfolio_id: str) -> list[Row[Any]]:
    """All rows of a portfolio, oldest first."""
    statement = select(table).where(table.c.portfolio_id == portfolio_id).order_by(table.c.created_at, table.c.id)
    return list((await uow.execute(statement)).all())


async def change(uow: UnitOfWork, table: Table, row_id: str, **values: Any) -> None:
    await uow.execute(update(table).where(table.c.id == row_id).values(**values))


async def revoke(uow: UnitOfWork, token_id: str, at: datetime) -> None:
    await uow.execute(update(tokens).where(tokens.c.id == token_id).values(revoked_at=at))


async def role_of(uow: UnitOfWork, portfolio_id: str, account: str) -> str | None:
    """The role of an account in a portfolio, None for strangers."""
    statement = select(members.c.role).where(members.c.portfolio_id == portfolio_id, members.c.account == account)
    return (await uow.execute(statement)).scalar_one_or_none()


async def memberships(uow: UnitOfWork, account: str) -> list[Row[Any]]:
    """Portfolios an account belongs to, with its role."""
    statement = (
        select(portfolios, members.c.role)
        .join(members, members.c.portfolio_id == portfolios.c.id)
        .where(members.c.account == account)
        .order_by(portfolios.c.created_at)
    )
    return list((await uow.execute(statement)).all())
