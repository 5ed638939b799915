"""Tables of catalogues and products."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Row, Table, delete, func, select, update

from plauder.store.database import UnitOfWork
from plauder.store.schema import Instant, Text, metadata

catalogs = Table(
    "business_catalog",
    metadata,
    Column("id", Text, primary_key=True),
    Column("portfolio_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Index("ix_business_catalog_portfolio", "portfolio_id"),
)
products = Table(
    "business_product",
    metadata,
    Column("id", Text, primary_key=True),
    Column("catalog_id", Text, ForeignKey("business_catalog.id"), nullable=False),
    Column("retailer_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False, default=""),
    Column("price", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("availability", Text, nullable=False, default="in stock"),
    Column("condition", Text, nullable=False, default="new"),
    Column("brand", Text, nullable=False, default=""),
    Column("image_url", Text, nullable=False, default=""),
    Column("url", Text, nullable=False, default=""),
    Column("created_at", Instant, nullable=False),
    Index("ix_business_product_retailer", "catalog_id", "retailer_id", unique=True),
)
"""`price` in minor units of `currency`."""
connections = Table(
    "business_catalog_waba",
    metadata,
    Column("waba_id", Text, primary_key=True),
    Column("catalog_id", Text, nullable=False),
    Index("ix_business_catalog_waba_catalog", "catalog_id"),
)


async def of_portfolio(uow: UnitOfWork, portfolio_id: str) -> list[Row[Any]]:
    statement = select(catalogs).where(catalogs.c.portfolio_id == portfolio_id).order_by(catalogs.c.created_at)
    return list((await uow.execute(statement)).all())


async def get(uow: UnitOfWork, catalog_id: str) -> Row[Any] | None:
    return (await uow.execute(select(catalogs).where(catalogs.c.id == catalog_id))).one_or_none()


async def product(uow: UnitOfWork, product_id: str) -> Row[Any] | None:
    return (await uow.execute(select(products).where(products.c.id == product_id))).one_or_none()


async def by_retailer(uow: UnitOfWork, catalog_id: str, ids: Collection[str]) -> dict[str, Row[Any]]:
    """Products by the shop's own ids."""
    p = products.c
    rows = await uow.execute(select(products).where(p.catalog_id == catalog_id, p.retailer_id.in_(list(ids))))
    return {row.retailer_id: row for row in rows}


async def page(uow: UnitOfWork, catalog_id: str, offset: int, limit: int) -> tuple[list[Row[Any]], int]:
    """(products, how many there are)."""
    where = products.c.catalog_id == catalog_id
    total = (await uow.execute(select(func.count()).select_from(products).where(where))).scalar_one()
    statement = select(products).where(where).order_by(products.c.created_at, products.c.retailer_id)
    return list((await uow.execute(statement.offset(offset).limit(limit))).all()), int(total)


async def change(uow: UnitOfWork, product_id: str, values: Mapping[str, Any]) -> None:
    if values:
        await uow.execute(update(products).where(products.c.id == product_id).values(**values))


async def remove(uow: UnitOfWork, product_id: str) -> None:
    await uow.execute(delete(products).where(products.c.id == product_id))


async def connected(uow: UnitOfWork, waba_id: str) -> str:
    """The catalogue of a WABA; "" when it has none."""
    statement = select(connections.c.catalog_id).where(connections.c.waba_id == waba_id)
    return (await uow.execute(statement)).scalar_one_or_none() or ""


async def connect(uow: UnitOfWork, waba_id: str, catalog_id: str) -> None:
    statement = uow.insert(connections).values(waba_id=waba_id, catalog_id=catalog_id)
    await uow.execute(statement.on_conflict_do_update(index_elements=["waba_id"], set_={"catalog_id": catalog_id}))


async def disconnect(uow: UnitOfWork, *, waba_id: str = "", catalog_id: str) -> None:
    """This WABA, or every one, from the catalogue."""
    statement = delete(connections).where(connections.c.catalog_id == catalog_id)
    if waba_id:
        statement = statement.where(connections.c.waba_id == waba_id)
    await uow.execute(statement)


async def insert(uow: UnitOfWork, row: Mapping[str, Any], at: datetime) -> None:
    texts = dict.fromkeys(("description", "brand", "image_url", "url"), "")
    defaults = texts | {"availability": "in stock", "condition": "new"}
    await uow.execute(products.insert(), [defaults | dict(row) | {"created_at": at}])
