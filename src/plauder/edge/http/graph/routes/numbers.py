"""Business numbers: reading, proving, registering, settings."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import Row

from plauder.business.accounts import store as account_store
from plauder.business.accounts.rules import MANAGEMENT, MESSAGING
from plauder.business.numbers import commands, rules, store
from plauder.business.shared.errors import GraphError, fail, invalid, missing_node
from plauder.business.shared.nodes import Node
from plauder.business.webhooks import commands as webhooks
from plauder.business.webhooks import rules as webhook_rules
from plauder.edge.http.graph.api import GraphJSON
from plauder.edge.http.graph.deps import Authenticated, Call, NodeId
from plauder.edge.http.graph.routes import nodes
from plauder.edge.http.graph.routes.apps import SUCCESS
from plauder.kit import phone
from plauder.store.database import UnitOfWork

DEFAULT_FIELDS = (
    "verified_name",
    "code_verification_status",
    "display_phone_number",
    "quality_rating",
    "platform_type",
    "throughput",
    "webhook_configuration",
    "id",
)


async def number_of(call: Call, uow: UnitOfWork, number_id: str) -> Row[Any]:
    """The caller's own number. Raises error 100 subcode 33."""
    await call.node(uow, number_id, "phone")
    if (row := await store.get(uow, number_id)) is None:
        raise missing_node(number_id)
    return row


async def number_view(call: Call, uow: UnitOfWork, row: Row[Any]) -> dict[str, Any]:
    """Every field of a number; absent ones are None."""
    configuration = await webhooks.configuration_of(
        uow, waba_id=row.waba_id, phone_id=row.id, app_id=call.access.app_id
    )
    portfolio = await account_store.get(uow, account_store.portfolios, row.portfolio_id)
    waba = await account_store.get(uow, account_store.wabas, row.waba_id)
    assert portfolio
    assert waba
    is_connected = row.status == "CONNECTED"
    entities = [
        {"entity_type": "PHONE_NUMBER", "id": row.id},
        {"entity_type": "WABA", "id": row.waba_id},
        {"entity_type": "BUSINESS", "id": row.portfolio_id},
        {"entity_type": "APP", "id": call.access.app_id},
    ]
    return {
        "id": row.id,
        "verified_name": row.verified_name,
        "display_phone_number": row.display,
        "conversational_automation": (dict(row.automation) | {"id": row.id}) if row.automation else None,
        "status": row.status,
        "quality_rating": row.quality,
        "quality_score": {"score": row.quality},
        "webhook_configuration": configuration or None,
        "name_status": row.name_status,
        "new_name_status": "NONE",
        "new_display_name": row.new_display_name or None,
        "code_verification_status": row.code_verification_status,
        "account_mode": "SANDBOX" if row.is_test else "LIVE",
        "is_on_biz_app": False,
        "is_official_business_account": portfolio.verification == "verified",
        "is_pin_enabled": bool(row.pin_hash),
        "is_preverified_number": False,
        "search_visibility": row.search_visibility,
        "platform_type": "CLOUD_API" if is_connected else "NOT_APPLICABLE",
        "throughput": {"level": "HIGH" if row.throughput > 80 else "STANDARD"},
        "eligibility_for_api_business_global_search": "ELIGIBLE",
        "health_status": rules.health(phone_ok=is_connected, waba_locked=waba.locked_reason, entities=entities),
        "certificate": None,
        "new_certificate": None,
        "last_onboarded_time": row.registered_at.strftime("%Y-%m-%dT%H:%M:%S+0000") if row.registered_at else None,
        "country_code": row.country or None,
        "country_dial_code": phone.calling_code_of(row.digits),
        "messaging_limit_tier": portfolio.tier,
        "whatsapp_business_manager_messaging_limit": portfolio.tier,
        "username": None,
    }


@nodes.on(nodes.READ, "phone")
async def read_number(call: Call, node: Node) -> dict[str, Any]:
    async with call.graph.database.read() as uow:
        view = await number_view(call, uow, await number_of(call, uow, node.id))
    return call.select(view, kind="WhatsAppBusinessPhoneNumber", default=DEFAULT_FIELDS)


@nodes.on(nodes.CHANGE, "phone")
async def change_number(call: Call, node: Node) -> dict[str, Any]:
    params, now = call.params, call.graph.clock.now()
    call.require(MANAGEMENT if "webhook_configuration" in params else MESSAGING)
    webhook = params.object("webhook_configuration") if "webhook_configuration" in params else None
    if webhook is not None:
        await _check_override(call, webhook)
    async with call.graph.database.begin() as uow:
        number = await number_of(call, uow, node.id)
        if "pin" in params:
            await commands.set_pin(uow, number, params.text("pin"), at=now, updates=call.graph.updates)
        if webhook is not None:
            url, token = str(webhook.get("override_callback_uri", "")), str(webhook.get("verify_token", ""))
            await webhooks.override_number(
                uow, phone_id=number.id, app_id=call.access.app_id, override_url=url, verify_token=token
            )
        if name := params.text("new_display_name"):
            await commands.rename(uow, number, name, at=now, updates=call.graph.updates)
        if visibility := params.text("search_visibility"):
            if visibility not in ("VISIBLE", "NON_VISIBLE"):
                raise invalid("search_visibility must be VISIBLE or NON_VISIBLE")
            await store.change(uow, number.id, search_visibility=visibility)
    call.graph.subscriptions_changed()
    await call.graph.number_changed(node.id)
    return SUCCESS


async def _check_override(call: Call, webhook: dict[str, Any]) -> None:
    if url := webhook.get("override_callback_uri"):
        await call.graph.handshake(webhook_rules.check_url(str(url)), str(webhook.get("verify_token", "")))


def router() -> APIRouter:
    routes = APIRouter(tags=["numbers"])
    _codes(routes)
    _registration(routes)

    @routes.get("/{phone_id}/settings", summary="Settings of a number")
    async def settings(phone_id: NodeId, call: Authenticated) -> Response:
        async with call.graph.database.read() as uow:
            number = await number_of(call, uow, phone_id)
        default = {"calling": {"status": "DISABLED"}, "user_identity_change": {"enable_identity_key_check": False}}
        return GraphJSON(default | dict(number.settings))

    @routes.post("/{phone_id}/settings", summary="Change settings of a number")
    async def change_settings(phone_id: NodeId, call: Authenticated) -> Response:
        call.require(MANAGEMENT)
        names = ("calling", "user_identity_change", "payload_encryption", "storage_configuration")
        given = {name: call.params.object(name) for name in names if name in call.params}
        async with call.graph.database.begin() as uow:
            await commands.change_settings(uow, await number_of(call, uow, phone_id), given)
        await call.graph.number_changed(phone_id)
        return GraphJSON(SUCCESS)

    return routes


def _codes(routes: APIRouter) -> None:
    @routes.post("/{phone_id}/request_code", summary="Send a verification code to the number")
    async def request_code(phone_id: NodeId, call: Authenticated) -> Response:
        method = call.params.text("code_method", "SMS").upper()
        if method not in ("SMS", "VOICE"):
            raise invalid("code_method must be SMS or VOICE")
        async with call.graph.database.begin() as uow:
            number = await number_of(call, uow, phone_id)
            code = await commands.request_code(uow, number, at=call.graph.clock.now())
        language = call.params.text("language", "en_US")
        await call.graph.codes.send(number.digits, code, voice=method == "VOICE", language=language)
        return GraphJSON(SUCCESS)

    @routes.post("/{phone_id}/verify_code", summary="Enter the verification code")
    async def verify_code(phone_id: NodeId, call: Authenticated) -> Response:
        code = call.params.required("code")
        try:
            async with call.graph.database.begin() as uow:
                number = await number_of(call, uow, phone_id)
                await commands.verify_code(uow, number, code, at=call.graph.clock.now())
        except GraphError as error:
            if error.number == 136025:
                async with call.graph.database.begin() as uow:
                    await commands.note_wrong_code(uow, phone_id)
            raise
        return GraphJSON({"success": True, "id": phone_id})


def _registration(routes: APIRouter) -> None:
    @routes.post("/{phone_id}/register", summary="Make the number a device of this server")
    async def register(phone_id: NodeId, call: Authenticated) -> Response:
        call.require(MESSAGING)
        if call.params.text("messaging_product", "whatsapp") != "whatsapp":
            raise fail(131009, "messaging_product must be whatsapp")
        now = call.graph.clock.now()
        try:
            async with call.graph.database.begin() as uow:
                number = await number_of(call, uow, phone_id)
                await call.graph.check_free(number.digits)
                await commands.register(uow, number, call.params.text("pin"), at=now, updates=call.graph.updates)
        except GraphError as error:
            if error.number == 133005:
                async with call.graph.database.begin() as uow:
                    await commands.note_attempt(uow, phone_id, "pin", now)
            raise
        await call.graph.number_changed(phone_id)
        return GraphJSON(SUCCESS)

    @routes.post("/{phone_id}/deregister", summary="Take the number off this server")
    async def deregister(phone_id: NodeId, call: Authenticated) -> Response:
        call.require(MESSAGING)
        async with call.graph.database.begin() as uow:
            await commands.deregister(uow, await number_of(call, uow, phone_id))
        await call.graph.number_changed(phone_id)
        return GraphJSON(SUCCESS)
