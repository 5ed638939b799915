"""Catalogues and products: `/{business}/owned_product_catalogs`, `/{waba}/product_catalogs`, `/{catalog}/products`."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import Row

from plauder.business.accounts.rules import MANAGEMENT
from plauder.business.catalog import commands, store
from plauder.business.shared.errors import invalid, missing_node
from plauder.business.shared.nodes import Node
from plauder.edge.http.graph import paging
from plauder.edge.http.graph.api import GraphJSON
from plauder.edge.http.graph.deps import Authenticated, Call, NodeId
from plauder.edge.http.graph.params import CONTROL
from plauder.edge.http.graph.routes import nodes
from plauder.edge.http.graph.routes.apps import SUCCESS
from plauder.edge.http.graph.routes.lookup import waba_of
from plauder.kit.ids import new_token
from plauder.kit.money import Money
from plauder.store.database import UnitOfWork

CATALOG_FIELDS = ("id", "name")
PRODUCT_FIELDS = ("id", "name", "retailer_id")


async def catalog_of(call: Call, uow: UnitOfWork, catalog_id: str) -> Row[Any]:
    await call.node(uow, catalog_id, "catalog")
    if (row := await store.get(uow, catalog_id)) is None:
        raise missing_node(catalog_id)
    return row


def _view(call: Call, row: Row[Any], total: int | None = None) -> dict[str, Any]:
    node = {
        "id": row.id,
        "name": row.name,
        "vertical": "commerce",
        "product_count": total,
        "business": {"id": row.portfolio_id},
    }
    return call.select(node, kind="ProductCatalog", default=CATALOG_FIELDS)


def _product_view(call: Call, row: Row[Any]) -> dict[str, Any]:
    node = commands.shown(row) | {
        "id": row.id,
        "price": str(Money(row.price * 10_000, row.currency)),
        "condition": row.condition,
        "brand": row.brand,
        "description": row.description,
        "image_url": row.image_url,
        "url": row.url,
        "review_status": "approved",
        "product_catalog": {"id": row.catalog_id},
    }
    return call.select(node, kind="ProductItem", default=PRODUCT_FIELDS)


def _given(call: Call) -> dict[str, Any]:
    return {name: value for name, value in call.params.items() if name not in CONTROL}


@nodes.on(nodes.READ, "catalog")
async def read_catalog(call: Call, node: Node) -> dict[str, Any]:
    async with call.graph.database.read() as uow:
        row = await catalog_of(call, uow, node.id)
        _, total = await store.page(uow, node.id, 0, 1)
    return _view(call, row, total)


@nodes.on(nodes.DELETE, "catalog")
async def delete_catalog(call: Call, node: Node) -> dict[str, Any]:
    call.require(MANAGEMENT)
    async with call.graph.database.begin() as uow:
        await commands.remove(uow, (await catalog_of(call, uow, node.id)).id)
    return SUCCESS


async def _product(uow: UnitOfWork, product_id: str) -> Row[Any]:
    if (row := await store.product(uow, product_id)) is None:
        raise missing_node(product_id)
    return row


@nodes.on(nodes.READ, "product")
async def read_product(call: Call, node: Node) -> dict[str, Any]:
    async with call.graph.database.read() as uow:
        return _product_view(call, await _product(uow, node.id))


@nodes.on(nodes.CHANGE, "product")
async def change_product(call: Call, node: Node) -> dict[str, Any]:
    call.require(MANAGEMENT)
    async with call.graph.database.begin() as uow:
        await commands.change(uow, await _product(uow, node.id), _given(call))
    return SUCCESS


@nodes.on(nodes.DELETE, "product")
async def delete_product(call: Call, node: Node) -> dict[str, Any]:
    call.require(MANAGEMENT)
    async with call.graph.database.begin() as uow:
        await commands.remove_product(uow, node.id)
    return SUCCESS


def router() -> APIRouter:
    routes = APIRouter(tags=["catalogs"])
    _catalogs(routes)
    _connection(routes)
    _products(routes)
    return routes


def _catalogs(routes: APIRouter) -> None:
    @routes.post("/{business_id}/owned_product_catalogs", summary="Make a catalogue")
    async def create(business_id: NodeId, call: Authenticated) -> Response:
        call.require(MANAGEMENT)
        async with call.graph.database.begin() as uow:
            await call.node(uow, business_id, "business")
            name = call.params.required("name")
            catalog_id = await commands.create(uow, business_id, name, at=call.graph.clock.now())
        return GraphJSON({"id": catalog_id})

    @routes.get("/{business_id}/owned_product_catalogs", summary="Catalogues of a business")
    async def listing(business_id: NodeId, call: Authenticated) -> Response:
        async with call.graph.database.read() as uow:
            await call.node(uow, business_id, "business")
            rows = await store.of_portfolio(uow, business_id)
        views = [_view(call, row) for row in rows]
        return GraphJSON(paging.all_of(call.request, call.params, views, base=call.base))


def _connection(routes: APIRouter) -> None:
    @routes.get("/{waba_id}/product_catalogs", summary="The catalogue of a WABA")
    async def connected(waba_id: NodeId, call: Authenticated) -> Response:
        async with call.graph.database.read() as uow:
            await waba_of(call, uow, waba_id)
            row = await store.get(uow, await store.connected(uow, waba_id))
        views = [_view(call, row)] if row is not None else []
        return GraphJSON(paging.all_of(call.request, call.params, views, base=call.base))

    @routes.post("/{waba_id}/product_catalogs", summary="Connect a catalogue")
    async def connect(waba_id: NodeId, call: Authenticated) -> Response:
        call.require(MANAGEMENT)
        async with call.graph.database.begin() as uow:
            await waba_of(call, uow, waba_id)
            catalog = await catalog_of(call, uow, call.params.required("catalog_id"))
            await store.connect(uow, waba_id, catalog.id)
        return GraphJSON(SUCCESS)

    @routes.delete("/{waba_id}/product_catalogs", summary="Disconnect a catalogue")
    async def disconnect(waba_id: NodeId, call: Authenticated) -> Response:
        call.require(MANAGEMENT)
        async with call.graph.database.begin() as uow:
            await waba_of(call, uow, waba_id)
            catalog = await catalog_of(call, uow, call.params.required("catalog_id"))
            await store.disconnect(uow, waba_id=waba_id, catalog_id=catalog.id)
        return GraphJSON(SUCCESS)


def _products(routes: APIRouter) -> None:
    @routes.get("/{catalog_id}/products", summary="Products of a catalogue")
    async def listing(catalog_id: NodeId, call: Authenticated) -> Response:
        offset, limit = paging.window(call.params)
        async with call.graph.database.read() as uow:
            await catalog_of(call, uow, catalog_id)
            rows, total = await store.page(uow, catalog_id, offset, limit)
        views = [_product_view(call, row) for row in rows]
        return GraphJSON(paging.page(call.request, call.params, views, base=call.base, total=total))

    @routes.post("/{catalog_id}/products", summary="Add a product")
    async def add(catalog_id: NodeId, call: Authenticated) -> Response:
        call.require(MANAGEMENT)
        async with call.graph.database.begin() as uow:
            catalog = await catalog_of(call, uow, catalog_id)
            product_id = await commands.add(uow, catalog, _given(call), at=call.graph.clock.now())
        return GraphJSON({"id": product_id})

    @routes.post("/{catalog_id}/items_batch", summary="Create, change and delete many products")
    async def batch(catalog_id: NodeId, call: Authenticated) -> Response:
        call.require(MANAGEMENT)
        if call.params.text("item_type", "PRODUCT_ITEM") != "PRODUCT_ITEM":
            raise invalid("Param item_type must be PRODUCT_ITEM")
        requests, upsert = call.params.list("requests"), call.params.flag("allow_upsert")
        async with call.graph.database.begin() as uow:
            catalog = await catalog_of(call, uow, catalog_id)
            now = call.graph.clock.now()
            problems = await commands.batch(uow, catalog, requests, at=now, upsert=upsert is not False)
        return GraphJSON({"handles": [new_token(18)], "validation_status": problems})
