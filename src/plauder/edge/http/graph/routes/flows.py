"""Flows: metadata, assets, publishing, preview."""

from __future__ import annotations

import hmac
from typing import Any

import orjson
from fastapi import APIRouter, Query
from fastapi.responses import Response
from sqlalchemy import Row

from plauder.business.accounts.rules import MANAGEMENT
from plauder.business.flows import commands, metrics, rules, store
from plauder.business.flows.commands import NewFlow
from plauder.business.numbers import store as number_store
from plauder.business.shared.errors import GraphError, fail, invalid, missing_node
from plauder.business.shared.nodes import Node
from plauder.business.webhooks.rules import check_url
from plauder.edge.http.graph import flow_preview, paging
from plauder.edge.http.graph.api import GraphJSON
from plauder.edge.http.graph.deps import Authenticated, Call, Graph, NodeId
from plauder.edge.http.graph.routes import nodes
from plauder.edge.http.graph.routes.apps import SUCCESS
from plauder.edge.http.graph.routes.lookup import waba_of
from plauder.kit.ids import new_token
from plauder.store.database import UnitOfWork

DEFAULT_FIELDS = ("id", "name", "status", "categories", "validation_errors")


async def flow_of(call: Call, uow: UnitOfWork, flow_id: str) -> Row[Any]:
    await call.node(uow, flow_id, "flow")
    if (row := await store.get(uow, flow_id)) is None:
        raise missing_node(flow_id)
    return row


def _preview(call: Call, row: Row[Any], token: str) -> dict[str, Any]:
    url = f"{call.base}/flows/preview/{row.id}?token={token}"
    return {"preview_url": url, "expires_at": row.preview_until.strftime("%Y-%m-%dT%H:%M:%S+0000")}


def _view(call: Call, row: Row[Any], token: str = "") -> dict[str, Any]:
    node: dict[str, Any] = {
        "id": row.id,
        "name": row.name,
        "status": row.status,
        "categories": row.categories,
        "validation_errors": row.validation_errors,
        "json_version": row.json_version or None,
        "data_api_version": row.data_api_version or None,
        "endpoint_uri": row.endpoint_uri or None,
        "data_channel_uri": row.endpoint_uri or None,
        "preview": _preview(call, row, token or row.preview_token),
        "whatsapp_business_account": {"id": row.waba_id},
        "application": {"id": row.application_id} if row.application_id else None,
        "health_status": {
            "can_send_message": "AVAILABLE",
            "entities": [{"entity_type": "FLOW", "id": row.id, "can_send_message": "AVAILABLE"}],
        },
        "updated_at": row.updated_at.strftime("%Y-%m-%dT%H:%M:%S+0000"),
        "metric": None,
    }
    return node


async def _metric(call: Call, uow: UnitOfWork, flow_id: str) -> dict[str, Any] | None:
    """`metric.name(…).granularity(…).since(…).until(…)`, where it is asked for."""
    for item in call.fields:
        if item.name == "metric":
            wanted = metrics.wanted(item.arguments, call.graph.clock.now())
            found = await metrics.cells(uow, flow_id, wanted.since, wanted.until)
            return {
                "id": f"{flow_id}/insights/{wanted.name.lower()}",
                "name": wanted.name,
                "granularity": wanted.granularity,
                "data_points": metrics.data_points(found, wanted),
            }
    return None


@nodes.on(nodes.READ, "flow")
async def read_flow(call: Call, node: Node) -> dict[str, Any]:
    token = ""
    renew = any(item.name == "preview" and item.arguments.get("invalidate") == "true" for item in call.fields)
    async with call.graph.database.begin() as uow:
        row = await flow_of(call, uow, node.id)
        if renew:
            token = new_token()
            until = call.graph.clock.now() + commands.PREVIEW_LIFE
            await store.change(uow, row.id, preview_token=token, preview_until=until)
        metric = await _metric(call, uow, row.id)
    return call.select(_view(call, row, token) | {"metric": metric}, kind="Flow", default=DEFAULT_FIELDS)


@nodes.on(nodes.CHANGE, "flow")
async def change_flow(call: Call, node: Node) -> dict[str, Any]:
    call.require(MANAGEMENT)
    params, values = call.params, dict[str, Any]()
    if name := params.text("name"):
        values["name"] = name[:200]
    if "categories" in params:
        values["categories"] = rules.check_categories(params.list("categories"))
    if uri := params.text("endpoint_uri"):
        values["endpoint_uri"] = check_url(uri)
    if application := params.text("application_id"):
        values["application_id"] = application
    async with call.graph.database.begin() as uow:
        row = await flow_of(call, uow, node.id)
        if set(values) - {"endpoint_uri", "application_id"}:
            commands.check_draft(row)
        if values:
            await store.change(uow, row.id, **values, updated_at=call.graph.clock.now())
    return SUCCESS


@nodes.on(nodes.DELETE, "flow")
async def delete_flow(call: Call, node: Node) -> dict[str, Any]:
    call.require(MANAGEMENT)
    async with call.graph.database.begin() as uow:
        await commands.delete(uow, await flow_of(call, uow, node.id))
    return SUCCESS


def router() -> APIRouter:
    routes = APIRouter(tags=["flows"])
    _collection(routes)
    _assets(routes)
    _life(routes)
    return routes


def _collection(routes: APIRouter) -> None:
    @routes.get("/{waba_id}/flows", summary="Flows of a WABA")
    async def listing(waba_id: NodeId, call: Authenticated) -> Response:
        async with call.graph.database.read() as uow:
            await waba_of(call, uow, waba_id)
            rows = await store.of_waba(uow, waba_id)
        views = [call.select(_view(call, row), kind="Flow", default=DEFAULT_FIELDS) for row in rows]
        return GraphJSON(paging.all_of(call.request, call.params, views, base=call.base))

    @routes.post("/{waba_id}/flows", summary="Create a flow")
    async def create(waba_id: NodeId, call: Authenticated) -> Response:
        call.require(MANAGEMENT)
        params, graph = call.params, call.graph
        uri = params.text("endpoint_uri")
        publish = bool(params.flag("publish"))
        async with graph.database.begin() as uow:
            waba = await waba_of(call, uow, waba_id)
            clone = params.text("clone_flow_id")
            new = NewFlow(
                waba_id=waba.id,
                portfolio_id=waba.portfolio_id,
                name=params.required("name"),
                categories=params.list("categories"),
                json=await _json_of(call, "flow_json"),
                endpoint_uri=check_url(uri) if uri else "",
                application_id=call.access.app_id,
                clone_of=await flow_of(call, uow, clone) if clone else None,
            )
            row = await commands.create(uow, new, at=graph.clock.now())
            if publish and not row.validation_errors:
                await _publish(call, uow, row)
        answer: dict[str, Any] = {"id": row.id, "success": True, "validation_errors": row.validation_errors}
        return GraphJSON(answer)

    @routes.post("/{waba_id}/migrate_flows", summary="Copy flows of another WABA")
    async def migrate(waba_id: NodeId, call: Authenticated) -> Response:
        call.require(MANAGEMENT)
        wanted = [str(item) for item in call.params.list("source_flow_names")]
        migrated, failed = [], []
        async with call.graph.database.begin() as uow:
            waba = await waba_of(call, uow, waba_id)
            source = await waba_of(call, uow, call.params.required("source_waba_id"))
            for row in await store.of_waba(uow, source.id):
                if wanted and row.name not in wanted:
                    continue
                new = NewFlow(waba.id, waba.portfolio_id, row.name, row.categories, row.json, row.endpoint_uri)
                try:
                    copy = await commands.create(uow, new, at=call.graph.clock.now())
                    migrated.append({"source_name": row.name, "source_id": row.id, "migrated_id": copy.id})
                except GraphError as error:
                    failed.append({"source_name": row.name, "error_code": error.number, "error_message": error.text})
        return GraphJSON({"migrated_flows": migrated, "failed_flows": failed})


async def _json_of(call: Call, name: str) -> str:
    """A flow's JSON as text, object or file."""
    if file := call.params.file(name):
        data = await file.read(rules.MAX_BYTES + 1)
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise invalid("The flow JSON must be UTF-8") from None
    value = call.params.get(name, "")
    if isinstance(value, dict):
        return orjson.dumps(value).decode()
    return call.params.text(name)


async def _publish(call: Call, uow: UnitOfWork, row: Row[Any]) -> None:
    numbers = await number_store.of_waba(uow, row.waba_id)
    has_key = any(number.public_key for number in numbers)
    await commands.publish(uow, row, has_key=has_key, at=call.graph.clock.now(), updates=call.graph.updates)


def _assets(routes: APIRouter) -> None:
    @routes.get("/{flow_id}/assets", summary="The flow's JSON")
    async def assets(flow_id: NodeId, call: Authenticated) -> Response:
        async with call.graph.database.read() as uow:
            row = await flow_of(call, uow, flow_id)
        url = f"{call.base}/flows/json/{row.id}?token={row.preview_token}"
        item = {"name": "flow.json", "asset_type": "FLOW_JSON", "download_url": url}
        return GraphJSON(paging.all_of(call.request, call.params, [item] if row.json else [], base=call.base))

    @routes.post("/{flow_id}/assets", summary="Upload the flow's JSON")
    async def upload(flow_id: NodeId, call: Authenticated) -> Response:
        call.require(MANAGEMENT)
        if call.params.text("asset_type", "FLOW_JSON") != "FLOW_JSON":
            raise invalid("asset_type must be FLOW_JSON")
        text = await _json_of(call, "file")
        if not text:
            raise fail(100, "The parameter file is required.")
        async with call.graph.database.begin() as uow:
            row = await flow_of(call, uow, flow_id)
            commands.check_draft(row)
            problems = await commands.set_json(uow, row.id, text, at=call.graph.clock.now())
        return GraphJSON({"success": True, "validation_errors": problems})


def _life(routes: APIRouter) -> None:
    @routes.post("/{flow_id}/publish", summary="Publish a flow")
    async def publish(flow_id: NodeId, call: Authenticated) -> Response:
        call.require(MANAGEMENT)
        async with call.graph.database.begin() as uow:
            await _publish(call, uow, await flow_of(call, uow, flow_id))
        return GraphJSON(SUCCESS)

    @routes.post("/{flow_id}/deprecate", summary="Deprecate a flow")
    async def deprecate(flow_id: NodeId, call: Authenticated) -> Response:
        call.require(MANAGEMENT)
        async with call.graph.database.begin() as uow:
            row = await flow_of(call, uow, flow_id)
            await commands.deprecate(uow, row, at=call.graph.clock.now(), updates=call.graph.updates)
        return GraphJSON(SUCCESS)


def downloads(graph: Graph) -> APIRouter:
    """`/flows/json/{id}`: the JSON by the flow's preview token, for the console's preview and for asset downloads."""
    routes = APIRouter(tags=["flows"])

    async def found(flow_id: str, token: str) -> Row[Any] | None:
        async with graph.database.read() as uow:
            row = await store.get(uow, flow_id)
        is_good = row is not None and hmac.compare_digest(row.preview_token.encode(), token.encode())
        return row if is_good and row is not None and row.preview_until > graph.clock.now() else None

    @routes.get("/flows/json/{flow_id}", summary="A flow's JSON by its preview token")
    async def download(flow_id: NodeId, token: str = Query("", max_length=128)) -> Response:
        if (row := await found(flow_id, token)) is None:
            return Response(status_code=404)
        return Response(row.json, media_type="application/json", headers={"Cache-Control": "no-store"})

    @routes.get("/flows/preview/{flow_id}", summary="How a flow looks, screen after screen")
    async def preview(flow_id: NodeId, token: str = Query("", max_length=128)) -> Response:
        if (row := await found(flow_id, token)) is None:
            return Response(status_code=404)
        headers = {
            "Cache-Control": "no-store",
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
        }
        return Response(flow_preview.page(row.name, row.json), media_type="text/html", headers=headers)

    return routes
