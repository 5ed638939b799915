"""What people see of a number: profile, commerce settings, automation, public key, QR codes; whom it blocks."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from fastapi import APIRouter, Path, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Row

from plauder.business.accounts.rules import MANAGEMENT, MESSAGING
from plauder.business.links import commands as links
from plauder.business.media import commands as media
from plauder.business.media import rules as media_rules
from plauder.business.messages import blocking
from plauder.business.numbers import store as number_store
from plauder.business.profiles import commands as profiles
from plauder.business.profiles import rules as profile_rules
from plauder.business.profiles import store as profile_store
from plauder.business.shared.errors import invalid
from plauder.edge.http.graph import paging, selection
from plauder.edge.http.graph.api import GraphJSON
from plauder.edge.http.graph.deps import Authenticated, Call, Graph, NodeId, base_url
from plauder.edge.http.graph.routes.apps import SUCCESS
from plauder.edge.http.graph.routes.numbers import number_of
from plauder.store.database import UnitOfWork

PROFILE_FIELDS = (
    "about",
    "address",
    "description",
    "email",
    "profile_picture_url",
    "websites",
    "vertical",
    "messaging_product",
)


def router() -> APIRouter:
    routes = APIRouter(tags=["profile"])
    _profile(routes)
    _commerce(routes)
    _encryption(routes)
    _qr(routes)
    _block(routes)
    return routes


async def picture_url(call: Call, uow: UnitOfWork, phone_id: str) -> str | None:
    row = await profile_store.get(uow, phone_id)
    if row is None or not row.picture_media_id:
        return None
    graph = call.graph
    return media.url(call.base, graph.media_key, row.picture_media_id, graph.clock.now(), media_rules.LINK_LIFE)


def _profile(routes: APIRouter) -> None:
    @routes.get("/{phone_id}/whatsapp_business_profile", summary="The profile people see")
    async def read(phone_id: NodeId, call: Authenticated) -> Response:
        async with call.graph.database.read() as uow:
            await number_of(call, uow, phone_id)
            view = await profiles.read(uow, phone_id, await picture_url(call, uow, phone_id))
        full = dict.fromkeys(PROFILE_FIELDS) | view | {"id": phone_id}
        always = ("messaging_product", "vertical")
        return GraphJSON(
            {"data": [call.select(full, kind="WhatsAppBusinessProfile", default=PROFILE_FIELDS, always=always)]}
        )

    @routes.post("/{phone_id}/whatsapp_business_profile", summary="Change the profile")
    async def change(phone_id: NodeId, call: Authenticated) -> Response:
        call.require(MESSAGING)
        given: dict[str, Any] = {
            name: call.params.text(name)
            for name in ("about", "address", "description", "email", "vertical")
            if name in call.params
        }
        if "websites" in call.params:
            given["websites"] = call.params.list("websites")
        async with call.graph.database.begin() as uow:
            number = await number_of(call, uow, phone_id)
            handle, picture = call.params.text("profile_picture_handle"), ""
            if handle:
                picture = await media.media_of_handle(uow, number.portfolio_id, handle)
                await media.keep(uow, picture, call.graph.clock.now())
            await profiles.change(uow, phone_id, given, picture_media_id=picture)
        await call.graph.number_changed(phone_id)
        return GraphJSON(SUCCESS)

    @routes.post("/{phone_id}/conversational_automation", summary="Greeting, prompts and commands")
    async def automation(phone_id: NodeId, call: Authenticated) -> Response:
        call.require(MANAGEMENT)
        params = call.params
        kept = profile_rules.check_automation(
            welcome=params.flag("enable_welcome_message"),
            prompts=params.list("prompts") if "prompts" in params else None,
            commands=params.list("commands") if "commands" in params else None,
        )
        async with call.graph.database.begin() as uow:
            number = await number_of(call, uow, phone_id)
            await number_store.change(uow, phone_id, automation=dict(number.automation) | kept)
        await call.graph.number_changed(phone_id)
        return GraphJSON(SUCCESS)

    @routes.get("/{phone_id}/conversational_automation", summary="Greeting, prompts and commands")
    async def read_automation(phone_id: NodeId, call: Authenticated) -> Response:
        async with call.graph.database.read() as uow:
            number = await number_of(call, uow, phone_id)
        return GraphJSON({"data": [dict(number.automation) | {"id": phone_id}]})


def _commerce(routes: APIRouter) -> None:
    @routes.get("/{phone_id}/whatsapp_commerce_settings", summary="Cart and catalogue")
    async def commerce(phone_id: NodeId, call: Authenticated) -> Response:
        async with call.graph.database.read() as uow:
            await number_of(call, uow, phone_id)
            return GraphJSON({"data": [await profiles.commerce(uow, phone_id)]})

    @routes.post("/{phone_id}/whatsapp_commerce_settings", summary="Switch cart and catalogue")
    async def change_commerce(phone_id: NodeId, call: Authenticated) -> Response:
        call.require(MANAGEMENT)
        async with call.graph.database.begin() as uow:
            await number_of(call, uow, phone_id)
            cart, catalog = call.params.flag("is_cart_enabled"), call.params.flag("is_catalog_visible")
            await profiles.change_commerce(uow, phone_id, cart=cart, catalog=catalog)
        return GraphJSON(SUCCESS)


def _encryption(routes: APIRouter) -> None:
    @routes.get("/{phone_id}/whatsapp_business_encryption", summary="The public key for flow endpoints")
    async def key(phone_id: NodeId, call: Authenticated) -> Response:
        async with call.graph.database.read() as uow:
            number = await number_of(call, uow, phone_id)
        if not number.public_key:
            return GraphJSON({"data": []})
        item = {"business_public_key": number.public_key, "business_public_key_signature_status": "VALID"}
        return GraphJSON({"data": [item]})

    @routes.post("/{phone_id}/whatsapp_business_encryption", summary="Set the public key for flow endpoints")
    async def set_key(phone_id: NodeId, call: Authenticated) -> Response:
        call.require(MESSAGING)
        pem = call.params.required("business_public_key")
        _check_key(pem)
        async with call.graph.database.begin() as uow:
            await number_of(call, uow, phone_id)
            await number_store.change(uow, phone_id, public_key=pem)
        return GraphJSON(SUCCESS)


def _check_key(pem: str) -> None:
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPublicKey) or key.key_size != 2048:
        raise invalid("business_public_key must be a 2048-bit RSA public key in PEM form")


QR_FIELDS = ("code", "prefilled_message", "deep_link_url")
Code = Path(pattern=r"^[A-Z2-7]{14}$")


def _qr_view(call: Call, row: Row[Any], form: str) -> dict[str, Any]:
    url = f"{call.base}/message/{row.code}"
    view = {"code": row.code, "prefilled_message": row.message, "deep_link_url": url}
    return view | ({"qr_image_url": f"{url}/qr.{links.check_form(form)}"} if form else {})


def _form_of(fields: tuple[selection.Field, ...]) -> str:
    """The format that `fields=qr_image_url.format(PNG)` asks for."""
    return next((item.arguments.get("format", "PNG") for item in fields if item.name == "qr_image_url"), "")


def _qr(routes: APIRouter) -> None:
    @routes.post("/{phone_id}/message_qrdls", summary="Make or change a message link")
    async def create(phone_id: NodeId, call: Authenticated) -> Response:
        call.require(MANAGEMENT)
        message, code = call.params.required("prefilled_message"), call.params.text("code")
        async with call.graph.database.begin() as uow:
            await number_of(call, uow, phone_id)
            if code:
                await links.change(uow, phone_id, code, message)
            else:
                code = await links.create(uow, phone_id, message, at=call.graph.clock.now())
            row = await links.get(uow, phone_id, code)
        return GraphJSON(_qr_view(call, row, call.params.text("generate_qr_image")))

    @routes.get("/{phone_id}/message_qrdls", summary="Message links of a number")
    async def listing(phone_id: NodeId, call: Authenticated) -> Response:
        async with call.graph.database.read() as uow:
            await number_of(call, uow, phone_id)
            if code := call.params.text("code"):
                rows = [await links.get(uow, phone_id, code)]
            else:
                rows = await links.of_number(uow, phone_id)
        views = [_qr_view(call, row, _form_of(call.fields)) for row in rows]
        return GraphJSON(paging.all_of(call.request, call.params, views, base=call.base))

    @routes.get("/{phone_id}/message_qrdls/{code}", summary="One message link")
    async def read(phone_id: NodeId, call: Authenticated, code: str = Code) -> Response:
        async with call.graph.database.read() as uow:
            await number_of(call, uow, phone_id)
            row = await links.get(uow, phone_id, code)
        return GraphJSON({"data": [_qr_view(call, row, _form_of(call.fields))]})

    @routes.delete("/{phone_id}/message_qrdls/{code}", summary="Delete a message link")
    async def remove(phone_id: NodeId, call: Authenticated, code: str = Code) -> Response:
        call.require(MANAGEMENT)
        async with call.graph.database.begin() as uow:
            await number_of(call, uow, phone_id)
            await links.remove(uow, phone_id, code)
        return GraphJSON(SUCCESS)


def _block(routes: APIRouter) -> None:
    @routes.get("/{phone_id}/block_users", summary="Whom the number blocks")
    async def listing(phone_id: NodeId, call: Authenticated) -> Response:
        async with call.graph.database.read() as uow:
            await number_of(call, uow, phone_id)
            rows = await blocking.blocked(uow, phone_id)
        views = [
            {"messaging_product": "whatsapp", "input": row.wa_id, "wa_id": row.wa_id, "user_id": row.user_id}
            for row in rows
        ]
        return GraphJSON(paging.all_of(call.request, call.params, views, base=call.base))

    @routes.post("/{phone_id}/block_users", summary="Block people")
    async def block(phone_id: NodeId, call: Authenticated) -> Response:
        return await _change_blocks(call, phone_id, block=True)

    @routes.delete("/{phone_id}/block_users", summary="Unblock people")
    async def unblock(phone_id: NodeId, call: Authenticated) -> Response:
        return await _change_blocks(call, phone_id, block=False)


async def _change_blocks(call: Call, phone_id: str, *, block: bool) -> Response:
    call.require(MESSAGING)
    users = []
    for item in call.params.list("block_users"):
        user = item.get("user") if isinstance(item, dict) else item
        if not isinstance(user, str | int):
            raise invalid("block_users must be an array of {user}")
        users.append(str(user))
    if not users:
        raise invalid("The parameter block_users is required.")
    async with call.graph.database.begin() as uow:
        await number_of(call, uow, phone_id)
        sender = await call.graph.sender(phone_id)
        outcomes = await blocking.change(uow, sender, users, block=block, at=call.graph.clock.now())
    good = [{"input": item.input, "wa_id": item.wa_id, "user_id": item.user_id} for item in outcomes if not item.error]
    bad = [
        {"input": item.input, "wa_id": item.wa_id, "errors": [item.error.as_failure()]}
        for item in outcomes
        if item.error
    ]
    result: dict[str, Any] = {"added_users" if block else "removed_users": good}
    answer: dict[str, Any] = {"messaging_product": "whatsapp", "block_users": result}
    if bad:
        result["failed_users"] = bad
        error = {"message": "(#139100) Failed to block/unblock users", "type": "OAuthException", "code": 139100}
        answer["errors"] = error | {"error_data": {"details": "Failed to block some users."}}
    return GraphJSON(answer, status_code=400 if bad and not good else 200)


def downloads(graph: Graph, domain: str) -> APIRouter:
    """Where message links lead: the chat with the business, its text written already; and their QR codes."""
    routes = APIRouter(tags=["profile"])

    async def followed(code: str) -> tuple[Row[Any], Row[Any]] | None:
        async with graph.database.read() as uow:
            row = await links.follow(uow, code)
            number = await number_store.get(uow, row.phone_id) if row is not None else None
        return (row, number) if row is not None and number is not None else None

    @routes.get("/message/{code}", summary="Open the chat that a message link is for")
    async def open_chat(code: str = Code) -> Response:
        if (found := await followed(code)) is None:
            return Response("This link is no longer valid.", status_code=404, media_type="text/plain")
        row, number = found
        url = (
            f"/write/{quote(f'{number.digits}@{domain}', safe='@')}?{urlencode({'text': row.message}, quote_via=quote)}"
        )
        return RedirectResponse(url, status_code=302, headers={"Cache-Control": "no-store"})

    @routes.get("/message/{code}/qr.{form}", summary="The QR code of a message link")
    async def picture(request: Request, code: str = Code, form: str = Path(pattern=r"^(png|svg)$")) -> Response:
        if await followed(code) is None:
            return Response(status_code=404)
        data = links.picture(f"{base_url(request, graph.settings)}/message/{code}", form)
        return Response(data, media_type=links.FORMS[form], headers={"Cache-Control": "public, max-age=3600"})

    return routes
