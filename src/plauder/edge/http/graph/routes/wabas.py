"""WhatsApp Business Accounts and portfolios: reading, changing, subscribed apps, their numbers."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import Row

from plauder.business.accounts import commands as accounts
from plauder.business.accounts import store
from plauder.business.accounts.rules import MANAGEMENT
from plauder.business.numbers import commands as numbers
from plauder.business.numbers import rules as number_rules
from plauder.business.numbers import store as number_store
from plauder.business.shared.errors import missing_node
from plauder.business.shared.nodes import Node
from plauder.business.webhooks import commands as webhooks
from plauder.business.webhooks import rules as webhook_rules
from plauder.edge.http.graph import paging
from plauder.edge.http.graph.api import GraphJSON
from plauder.edge.http.graph.deps import Authenticated, Call, NodeId
from plauder.edge.http.graph.routes import analytics, nodes
from plauder.edge.http.graph.routes.apps import SUCCESS
from plauder.edge.http.graph.routes.lookup import waba_of
from plauder.edge.http.graph.routes.numbers import DEFAULT_FIELDS, number_view
from plauder.store.database import UnitOfWork


async def _view(call: Call, uow: UnitOfWork, waba: Row[Any]) -> dict[str, Any]:
    portfolio = await store.get(uow, store.portfolios, waba.portfolio_id)
    assert portfolio
    verification = "verified" if portfolio.verification == "verified" else "not_verified"
    owner = {"id": portfolio.id, "name": portfolio.name}
    entities = [{"entity_type": "WABA", "id": waba.id}, {"entity_type": "BUSINESS", "id": portfolio.id}]
    subscribed = await webhooks.configuration_of(uow, waba_id=waba.id, phone_id="", app_id=call.access.app_id)
    node: dict[str, Any] = {
        "id": waba.id,
        "name": waba.name,
        "timezone_id": waba.timezone_id,
        "currency": waba.currency,
        "country": waba.country or None,
        "message_template_namespace": waba.namespace,
        "account_review_status": waba.review_status,
        "business_verification_status": verification,
        "ownership_type": "SELF",
        "owner_business": owner,
        "owner_business_info": owner,
        "on_behalf_of_business_info": owner | {"status": "APPROVED", "type": "SELF"},
        "primary_business_location": waba.country or None,
        "primary_funding_id": portfolio.id,
        "purchase_order_number": None,
        "is_enabled_for_insights": waba.insights,
        "health_status": number_rules.health(phone_ok=True, waba_locked=waba.locked_reason, entities=entities),
        "status": "RESTRICTED" if waba.locked_reason else "ACTIVE",
        "marketing_messages_onboarding_status": "ELIGIBLE",
        "marketing_messages_lite_api_status": "ELIGIBLE",
        "disable_marketing_messages_on_cloud_api": waba.marketing_disabled,
        "whatsapp_business_manager_messaging_limit": portfolio.tier,
        "webhook_configuration": subscribed or None,
        "subscribed_apps": None,
        "phone_numbers": None,
        "message_templates": None,
    }
    wanted = {item.name: item for item in call.fields}
    for name in analytics.FIELDS:
        node[name] = await analytics.field(call, uow, waba, wanted[name]) if name in wanted else None
    if "phone_numbers" in wanted:
        rows = await number_store.of_waba(uow, waba.id)
        node["phone_numbers"] = {"data": [_short(row) for row in rows]}
    if "subscribed_apps" in wanted:
        node["subscribed_apps"] = {"data": await _subscribed(call, uow, waba.id)}
    default = ("id", "name", "timezone_id", "currency", "message_template_namespace")
    return call.select(node, kind="WhatsAppBusinessAccount", default=default)


def _short(row: Row[Any]) -> dict[str, Any]:
    return {"id": row.id, "display_phone_number": row.display, "verified_name": row.verified_name}


@nodes.on(nodes.READ, "waba")
async def read_waba(call: Call, node: Node) -> dict[str, Any]:
    async with call.graph.database.read() as uow:
        return await _view(call, uow, await waba_of(call, uow, node.id))


@nodes.on(nodes.CHANGE, "waba")
async def change_waba(call: Call, node: Node) -> dict[str, Any]:
    call.require(MANAGEMENT)
    changes = {
        "name": call.params.text("name"),
        "timezone_id": call.params.text("timezone_id"),
        "is_enabled_for_insights": call.params.flag("is_enabled_for_insights"),
        "disable_marketing_messages_on_cloud_api": call.params.flag("disable_marketing_messages_on_cloud_api"),
    }
    async with call.graph.database.begin() as uow:
        await accounts.update_waba(uow, await waba_of(call, uow, node.id), changes)
    return {"id": node.id, "success": True}


@nodes.on(nodes.READ, "business")
async def read_business(call: Call, node: Node) -> dict[str, Any]:
    async with call.graph.database.read() as uow:
        portfolio = await store.get(uow, store.portfolios, node.id)
    if portfolio is None:
        raise missing_node(node.id)
    view = {
        "id": portfolio.id,
        "name": portfolio.name,
        "verification_status": portfolio.verification,
        "created_time": portfolio.created_at.isoformat(),
        "primary_page": None,
        "whatsapp_business_manager_messaging_limit": portfolio.tier,
        "health_status": {
            "can_send_message": "AVAILABLE",
            "entities": [{"entity_type": "BUSINESS", "id": portfolio.id, "can_send_message": "AVAILABLE"}],
        },
    }
    return call.select(view, kind="Business", default=("id", "name"))


@nodes.on(nodes.READ, "user")
async def read_user(call: Call, node: Node) -> dict[str, Any]:
    async with call.graph.database.read() as uow:
        user = await store.get(uow, store.system_users, node.id)
    if user is None:
        raise missing_node(node.id)
    return call.select({"id": user.id, "name": user.name, "role": user.role}, kind="User", default=("id", "name"))


async def _subscribed(call: Call, uow: UnitOfWork, waba_id: str) -> list[dict[str, Any]]:
    rows = []
    for row in await webhooks.waba_subscriptions(uow, waba_id):
        app = await store.get(uow, store.apps, row.app_id)
        data = {"id": row.app_id, "name": app.name if app else "", "link": f"{call.base}/business/apps/{row.app_id}"}
        override = {"override_callback_uri": row.override_url} if row.override_url else {}
        rows.append({"whatsapp_business_api_data": data, **override})
    return rows


def router() -> APIRouter:
    routes = APIRouter(tags=["whatsapp business accounts"])
    _subscriptions(routes)

    @routes.get("/{waba_id}/phone_numbers", summary="Numbers of a WABA")
    async def list_numbers(waba_id: NodeId, call: Authenticated) -> Response:
        async with call.graph.database.read() as uow:
            waba = await waba_of(call, uow, waba_id)
            rows = [await number_view(call, uow, row) for row in await number_store.of_waba(uow, waba.id)]
            rows = paging.filtered(call.params, rows)
        picked = [call.select(row, kind="WhatsAppBusinessPhoneNumber", default=DEFAULT_FIELDS) for row in rows]
        return GraphJSON(paging.all_of(call.request, call.params, picked, base=call.base))

    @routes.post("/{waba_id}/phone_numbers", summary="Add a number")
    async def add_number(waba_id: NodeId, call: Authenticated) -> Response:
        call.require(MANAGEMENT)
        cc, number = call.params.text("cc").strip("+ "), call.params.required("phone_number")
        full = number if number.startswith("+") or not cc else f"{cc}{number}"
        async with call.graph.database.begin() as uow:
            waba = await waba_of(call, uow, waba_id)
            number_id = await numbers.add(
                uow,
                portfolio_id=waba.portfolio_id,
                waba_id=waba.id,
                number=full,
                verified_name=call.params.required("verified_name"),
                at=call.graph.clock.now(),
            )
        return GraphJSON({"id": number_id})

    @routes.get("/{business_id}/owned_whatsapp_business_accounts", summary="WABAs of a portfolio")
    async def owned(business_id: NodeId, call: Authenticated) -> Response:
        async with call.graph.database.read() as uow:
            await call.node(uow, business_id, "business")
            wabas = await store.of_portfolio(uow, store.wabas, business_id)
            rows = [await _view(call, uow, waba) for waba in wabas]
        return GraphJSON(paging.all_of(call.request, call.params, rows, base=call.base))

    @routes.get("/{business_id}/client_whatsapp_business_accounts", summary="WABAs shared with a portfolio")
    async def shared(business_id: NodeId, call: Authenticated) -> Response:
        async with call.graph.database.read() as uow:
            await call.node(uow, business_id, "business")
        return GraphJSON({"data": []})

    return routes


def _subscriptions(routes: APIRouter) -> None:
    @routes.post("/{waba_id}/subscribed_apps", summary="Subscribe the token's app to a WABA")
    async def subscribe(waba_id: NodeId, call: Authenticated) -> Response:
        call.require(MANAGEMENT)
        url, token = call.params.text("override_callback_uri"), call.params.text("verify_token")
        if url:
            await call.graph.handshake(webhook_rules.check_url(url), token)
        async with call.graph.database.begin() as uow:
            await call.node(uow, waba_id, "waba")
            await webhooks.subscribe_waba(
                uow, waba_id=waba_id, app_id=call.access.app_id, override_url=url, verify_token=token
            )
        call.graph.subscriptions_changed()
        return GraphJSON(SUCCESS)

    @routes.get("/{waba_id}/subscribed_apps", summary="Apps subscribed to a WABA")
    async def subscribed(waba_id: NodeId, call: Authenticated) -> Response:
        async with call.graph.database.read() as uow:
            await call.node(uow, waba_id, "waba")
            return GraphJSON({"data": await _subscribed(call, uow, waba_id)})

    @routes.delete("/{waba_id}/subscribed_apps", summary="Unsubscribe the token's app")
    async def unsubscribe(waba_id: NodeId, call: Authenticated) -> Response:
        call.require(MANAGEMENT)
        async with call.graph.database.begin() as uow:
            await call.node(uow, waba_id, "waba")
            await webhooks.unsubscribe_waba(uow, waba_id=waba_id, app_id=call.access.app_id)
        call.graph.subscriptions_changed()
        return GraphJSON(SUCCESS)
