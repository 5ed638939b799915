"""The console's API for the sandbox: a simulated customer that a developer plays, and failures to switch on."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy import Row

from plauder.business.media import rules as media_rules
from plauder.business.media import store as media_store
from plauder.business.messages import rendering
from plauder.business.messages import store as message_store
from plauder.business.numbers import store as number_store
from plauder.business.sandbox import rules, store
from plauder.edge.http.auth import Authenticated
from plauder.edge.http.business import Body, Desk, media_link, sandbox_view
from plauder.edge.http.graph.wiring import Platform
from plauder.kit.errors import NotFound
from plauder.store.database import UnitOfWork


class Faults(Body):
    faults: list[str] = Field(max_length=32)
    sends_receipts: bool | None = None
    reads: bool | None = None


class FormQuestion(Body):
    """What an app asks about a form: its definition, or what its endpoint answers."""

    action: str = Field(pattern=r"^(definition|INIT|BACK|data_exchange)$")
    flow_id: str = Field("", max_length=64)
    flow_name: str = Field("", max_length=200)
    flow_token: str = Field("", max_length=2_048)
    screen: str = Field("", max_length=200)
    data: dict[str, Any] = Field(default_factory=dict)


class Lines:
    """A thread as the sandbox phone shows it: the Cloud API's objects, their media where this origin has them."""

    def __init__(self, desk: Desk, uow: UnitOfWork, portfolio_id: str) -> None:
        self._desk = desk
        self._uow = uow
        self._portfolio_id = portfolio_id

    async def line(self, row: Row[Any]) -> dict[str, Any]:
        names = ("id", "direction", "kind", "stanza_id", "context_id", "status", "error", "pricing")
        content = await self._shown(row.content, is_medium=row.kind in media_rules.LIMITS)
        line = {name: getattr(row, name) for name in names} | {"content": content, "at": row.created_at.isoformat()}
        if row.direction == "out" and row.content is not None and row.kind != "reaction":
            line["text"] = rendering.fallback(row.kind, row.content)
        return line

    async def _shown(self, value: Any, *, is_medium: bool = False) -> Any:
        """The same value with links to what we keep of the media in it; what was a link elsewhere is only named."""
        if isinstance(value, list):
            return [await self._shown(item) for item in value]
        if not isinstance(value, dict):
            return value
        shown = {name: await self._shown(item, is_medium=name in media_rules.LIMITS) for name, item in value.items()}
        if is_medium and ("id" in value or "link" in value):
            shown["link"] = await self._ours(value) or ""
        if "image_url" in value:
            shown["image_url"] = await self._ours({"link": value["image_url"]}) or ""
        return shown

    async def _ours(self, medium: dict[str, Any]) -> str | None:
        graph = self._desk.graph
        if found := medium.get("id"):
            return media_link(graph, str(found))
        source, now = str(medium.get("link", "")), graph.clock.now()
        row = await media_store.by_source(self._uow, self._portfolio_id, source, now)
        return media_link(graph, row.id) if row is not None else None


async def _window(uow: UnitOfWork, desk: Desk, sandbox: Row[Any]) -> str | None:
    """When the customer-service window closes that the customer opened, in ISO 8601."""
    policies = desk.platform.policies
    pair = (sandbox.phone_id, sandbox.customer)
    contact = (await message_store.contacts_of(uow, [pair])).get(pair)
    if contact is None or contact.last_in_at is None:
        return None
    now = desk.graph.clock.now()
    until: datetime = contact.last_in_at + timedelta(seconds=policies.value("service_window", now))
    return until.isoformat() if until > now else None


def router(platform: Platform) -> APIRouter:
    routes = APIRouter(prefix="/api/v1/business", tags=["business"])
    desk = Desk(platform)
    _settings(routes, desk)
    _play(routes, desk)
    return routes


def _settings(routes: APIRouter, desk: Desk) -> None:
    @routes.get("/{business_id}/sandbox", summary="The sandbox, its failures and its chat")
    async def view(caller: Authenticated, business_id: str) -> dict[str, Any]:
        async with desk.database.read() as uow:
            await desk.role(uow, caller, business_id)
            row = await store.get(uow, business_id)
            if row is None:
                raise NotFound("This business has no sandbox.")
            rows = await message_store.thread(uow, row.phone_id, row.customer, 100)
            until = await _window(uow, desk, row)
            lines = Lines(desk, uow, business_id)
            chat = [await lines.line(item) for item in rows]
        return sandbox_view(row) | {"known_faults": dict(rules.FAULTS), "chat": chat, "window_until": until}

    @routes.put("/{business_id}/sandbox", status_code=204, summary="Switch failures on and off")
    async def change(caller: Authenticated, business_id: str, body: Faults) -> None:
        names = rules.check_faults(body.faults)
        async with desk.database.begin() as uow:
            await desk.role(uow, caller, business_id, "messages")
            row = await store.get(uow, business_id)
            if row is None:
                raise NotFound("This business has no sandbox.")
            given = {"sends_receipts": body.sends_receipts, "reads": body.reads}
            values = {name: value for name, value in given.items() if value is not None}
            await store.change(uow, business_id, faults=names, **values)
            await number_store.change(uow, row.phone_id, faults=names)
        await desk.platform.sandbox.changed(business_id)
        await desk.graph.number_changed(row.phone_id)


def _play(routes: APIRouter, desk: Desk) -> None:
    sandbox = desk.platform.sandbox

    @routes.post("/{business_id}/sandbox/messages", status_code=202, summary="The simulated customer writes")
    async def say(caller: Authenticated, business_id: str, body: dict[str, Any]) -> dict[str, str]:
        async with desk.database.read() as uow:
            await desk.role(uow, caller, business_id, "messages")
        return {"id": await sandbox.say(business_id, body)}

    @routes.post("/{business_id}/sandbox/forms", summary="The simulated customer's app asks about a form")
    async def ask(caller: Authenticated, business_id: str, body: FormQuestion) -> dict[str, Any]:
        async with desk.database.read() as uow:
            await desk.role(uow, caller, business_id, "messages")
        return await sandbox.ask(business_id, body.model_dump())

    @routes.post("/{business_id}/sandbox/read/{message_id}", status_code=202, summary="The customer opens the chat")
    async def read(caller: Authenticated, business_id: str, message_id: str) -> None:
        async with desk.database.read() as uow:
            await desk.role(uow, caller, business_id, "messages")
        await sandbox.read(business_id, message_id)
