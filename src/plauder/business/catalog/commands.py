"""Use cases on catalogues and products."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete

from plauder.business.catalog import rules, store
from plauder.business.shared import nodes
from plauder.business.shared.errors import GraphError, fail, invalid
from plauder.store.database import UnitOfWork


async def create(uow: UnitOfWork, portfolio_id: str, name: str, *, at: datetime) -> str:
    """A new catalogue; returns its id."""
    if len(await store.of_portfolio(uow, portfolio_id)) >= rules.MAX_CATALOGS:
        raise invalid(f"A business has at most {rules.MAX_CATALOGS} catalogues")
    node = await nodes.create(uow, "catalog", portfolio_id=portfolio_id)
    row = {"id": node.id, "portfolio_id": portfolio_id, "name": rules.check_name(name), "created_at": at}
    await uow.execute(store.catalogs.insert(), [row])
    return node.id


async def remove(uow: UnitOfWork, catalog_id: str) -> None:
    """With all its products."""
    rows, _ = await store.page(uow, catalog_id, 0, rules.MAX_PRODUCTS)
    for row in rows:
        await nodes.remove(uow, row.id)
    await uow.execute(delete(store.products).where(store.products.c.catalog_id == catalog_id))
    await store.disconnect(uow, catalog_id=catalog_id)
    await uow.execute(delete(store.catalogs).where(store.catalogs.c.id == catalog_id))
    await nodes.remove(uow, catalog_id)


async def add(uow: UnitOfWork, catalog: Row[Any], given: Mapping[str, Any], *, at: datetime) -> str:
    """A new product; returns its id. Raises error 100."""
    values = rules.check(given, new=True)
    if await store.by_retailer(uow, catalog.id, [values["retailer_id"]]):
        raise invalid(f"There is a product with retailer_id {values['retailer_id']} already", subcode=1798130)
    _, total = await store.page(uow, catalog.id, 0, 1)
    if total >= rules.MAX_PRODUCTS:
        raise invalid(f"A catalogue has at most {rules.MAX_PRODUCTS} products")
    node = await nodes.create(uow, "product", portfolio_id=catalog.portfolio_id)
    await store.insert(uow, values | {"id": node.id, "catalog_id": catalog.id}, at)
    return node.id


async def change(uow: UnitOfWork, product: Row[Any], given: Mapping[str, Any]) -> None:
    """Raises error 100."""
    values = rules.check(given, new=False)
    wanted = values.get("retailer_id", product.retailer_id)
    if wanted != product.retailer_id and await store.by_retailer(uow, product.catalog_id, [wanted]):
        raise invalid(f"There is a product with retailer_id {wanted} already", subcode=1798130)
    await store.change(uow, product.id, values)


async def remove_product(uow: UnitOfWork, product_id: str) -> None:
    await store.remove(uow, product_id)
    await nodes.remove(uow, product_id)


async def batch(
    uow: UnitOfWork, catalog: Row[Any], requests: Sequence[Any], *, at: datetime, upsert: bool
) -> list[dict[str, Any]]:
    """`items_batch`: create, update, delete by retailer id. What is wrong is listed, the rest is done."""
    if not 1 <= len(requests) <= rules.MAX_BATCH:
        raise invalid(f"requests must have 1 to {rules.MAX_BATCH} elements")
    problems: list[dict[str, Any]] = []
    for request in requests:
        key = ""
        try:
            method, key, data = _request(request)
            await _apply(uow, catalog, method, key, data, at=at, upsert=upsert)
        except GraphError as error:
            problems.append({"retailer_id": key, "errors": [{"message": error.text or error.title}]})
    return problems


def _request(request: Any) -> tuple[str, str, dict[str, Any]]:
    if not isinstance(request, dict) or not isinstance(data := request.get("data", {}), dict):
        raise invalid("a request must be an object with data")
    key = request.get("retailer_id") or data.get("id") or data.get("retailer_id")
    if not isinstance(key, str | int) or isinstance(key, bool):
        raise invalid("a request needs the id of its product")
    names = {"title": "name", "image_link": "image_url", "link": "url"}
    values: dict[str, Any] = {names.get(str(name), str(name)): value for name, value in data.items() if name != "id"}
    return str(request.get("method", "UPDATE")).upper(), str(key)[:100], values | {"retailer_id": str(key)}


async def _apply(
    uow: UnitOfWork, catalog: Row[Any], method: str, key: str, data: dict[str, Any], *, at: datetime, upsert: bool
) -> None:
    known = (await store.by_retailer(uow, catalog.id, [key])).get(key)
    if method == "DELETE":
        if known is None:
            raise invalid("there is no such product")
        await remove_product(uow, known.id)
    elif method == "CREATE" or (method == "UPDATE" and known is None and upsert):
        await add(uow, catalog, data, at=at)
    elif method == "UPDATE" and known is not None:
        await change(uow, known, data)
    else:
        raise invalid("there is no such product" if method == "UPDATE" else "method must be CREATE, UPDATE or DELETE")


# ── for messages ──────────────────────────────────────────────────────────────────────────────────────────────────


def shown(row: Row[Any]) -> dict[str, Any]:
    """What a person's app shows of a product. `price` in minor units."""
    names = ("retailer_id", "name", "description", "price", "currency", "availability", "image_url", "url")
    return {name: value for name in names if (value := getattr(row, name)) not in ("", None)}


async def for_message(
    uow: UnitOfWork, waba_id: str, catalog_id: str, retailer_ids: Sequence[str], *, whole: bool = False
) -> dict[str, dict[str, Any]]:
    """The products that a message names. Raises error 131009 when the WABA's catalogue has one of them not.
    With `whole` the catalogue's others follow, as many as one message shows."""
    connected = await store.connected(uow, waba_id)
    if not connected or (catalog_id and catalog_id != connected):
        raise fail(131009, f"Catalog {catalog_id or ''} is not connected to this account".replace("  ", " "))
    found = await store.by_retailer(uow, connected, retailer_ids)
    if missing := [key for key in retailer_ids if key not in found]:
        raise fail(131009, f"Products not found in the catalog: {', '.join(missing)[:200]}")
    result = {key: shown(found[key]) for key in retailer_ids}
    if whole:
        others, _ = await store.page(uow, connected, 0, rules.MAX_SHOWN)
        result |= {row.retailer_id: shown(row) for row in others if row.retailer_id not in result}
    return dict(list(result.items())[: rules.MAX_SHOWN])


async def priced(uow: UnitOfWork, waba_id: str, order: dict[str, Any]) -> dict[str, Any]:
    """A person's order with the prices of the catalogue, not with those that the person's app claims."""
    items = order["product_items"]
    connected = await store.connected(uow, waba_id)
    found = (
        await store.by_retailer(uow, connected, [item["product_retailer_id"] for item in items]) if connected else {}
    )
    items = [_repriced(item, found.get(item["product_retailer_id"])) for item in items]
    return order | {"catalog_id": order["catalog_id"] or connected, "product_items": items}


def _repriced(item: dict[str, Any], row: Row[Any] | None) -> dict[str, Any]:
    return item if row is None else item | {"item_price": row.price / 100, "currency": row.currency}
