"""App nodes and their webhook subscriptions."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from plauder.business.accounts import store
from plauder.business.accounts.rules import MANAGEMENT
from plauder.business.shared.errors import fail, invalid, missing_node
from plauder.business.shared.nodes import Node
from plauder.business.webhooks import commands as webhooks
from plauder.business.webhooks import rules as webhook_rules
from plauder.edge.http.graph.api import NEWEST, GraphJSON
from plauder.edge.http.graph.deps import Authenticated, Call, NodeId
from plauder.edge.http.graph.routes import nodes
from plauder.store.database import UnitOfWork

SUCCESS = {"success": True}


async def view(call: Call, uow: UnitOfWork, app_id: str) -> dict[str, Any]:
    app = await store.get(uow, store.apps, app_id)
    if app is None:
        raise missing_node(app_id)
    node = {
        "id": app.id,
        "name": app.name,
        "link": f"{call.base}/business/apps/{app.id}",
        "category": "Business and pages",
        "namespace": None,
        "health_status": {
            "can_send_message": "AVAILABLE",
            "entities": [{"entity_type": "APP", "id": app.id, "can_send_message": "AVAILABLE"}],
        },
    }
    return call.select(node, kind="Application", default=("id", "name", "link", "category"))


@nodes.on(nodes.READ, "app")
async def read_app(call: Call, node: Node) -> dict[str, Any]:
    async with call.graph.database.read() as uow:
        return await view(call, uow, node.id)


def _own_app(call: Call, app_id: str) -> None:
    """Subscriptions are the app's own: its app token, or a management token made for it."""
    if call.access.app_id != app_id:
        raise missing_node(app_id)
    if call.access.kind != "APP":
        call.require(MANAGEMENT)


def router() -> APIRouter:
    routes = APIRouter(tags=["apps"])

    @routes.post("/{app_id}/subscriptions", summary="Set the app's webhook")
    async def subscribe(app_id: NodeId, call: Authenticated) -> Response:
        _own_app(call, app_id)
        url, token = _callback(call)
        fields = call.params.list("fields") or ["messages"]
        webhook_rules.check_fields(fields)
        await call.graph.handshake(url, token)
        async with call.graph.database.begin() as uow:
            await webhooks.subscribe_app(uow, app_id=app_id, callback_url=url, verify_token=token, fields=fields)
        call.graph.subscriptions_changed()
        return GraphJSON(SUCCESS)

    @routes.get("/{app_id}/subscriptions", summary="The app's webhooks")
    async def subscriptions(app_id: NodeId, call: Authenticated) -> Response:
        _own_app(call, app_id)
        async with call.graph.database.read() as uow:
            row = await webhooks.app_subscription(uow, app_id)
        if row is None:
            return GraphJSON({"data": []})
        fields = [{"name": name, "version": NEWEST} for name in row.fields]
        item = {"object": row.object, "callback_url": row.callback_url, "active": True, "fields": fields}
        return GraphJSON({"data": [item]})

    @routes.delete("/{app_id}/subscriptions", summary="Stop the app's webhooks")
    async def unsubscribe(app_id: NodeId, call: Authenticated) -> Response:
        _own_app(call, app_id)
        async with call.graph.database.begin() as uow:
            await webhooks.unsubscribe_app(uow, app_id, call.params.list("fields"))
        call.graph.subscriptions_changed()
        return GraphJSON(SUCCESS)

    return routes


def _callback(call: Call) -> tuple[str, str]:
    params = call.params
    if (kind := params.text("object", webhook_rules.OBJECT)) != webhook_rules.OBJECT:
        raise invalid(f"Param object must be {webhook_rules.OBJECT} - got {kind!r}")
    if not params.text("callback_url"):
        raise fail(100, "The parameter callback_url is required.")
    return webhook_rules.check_url(params.required("callback_url")), params.required("verify_token")
