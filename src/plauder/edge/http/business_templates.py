"""Templates in the console: list, judge while it is written, create, edit, delete. `/api/v1/business/{id}/templates`"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy import Row

from plauder.business.accounts import store
from plauder.business.media import store as media_store
from plauder.business.shared.errors import GraphError
from plauder.business.templates import commands, library, rules
from plauder.business.templates import store as template_store
from plauder.edge.http.auth import Authenticated, Caller
from plauder.edge.http.business import Body, Desk, media_link, plain
from plauder.edge.http.graph.routes.templates import view
from plauder.edge.http.graph.wiring import Platform
from plauder.kit.errors import NotFound
from plauder.store.database import UnitOfWork


class Draft(Body):
    """A template as it is written; `components` are the Cloud API's."""

    name: str = Field("", max_length=512)
    language: str = Field("", max_length=16)
    category: str = Field(max_length=32)
    components: list[Any] = Field(default_factory=list, max_length=16)
    parameter_format: str = Field("POSITIONAL", max_length=16)
    message_send_ttl_seconds: int | None = None


def router(platform: Platform) -> APIRouter:
    """The routes of the template screens."""
    routes = APIRouter(prefix="/api/v1/business/{business_id}", tags=["business"])
    desk = Desk(platform)
    _read(routes, desk)
    _write(routes, desk)
    return routes


def _read(routes: APIRouter, desk: Desk) -> None:
    @routes.get("/templates", summary="Templates of a business")
    async def listing(caller: Authenticated, business_id: str) -> list[dict[str, Any]]:
        async with desk.database.read() as uow:
            await desk.role(uow, caller, business_id)
            wabas = await store.of_portfolio(uow, store.wabas, business_id)
            rows = [row for waba in wabas for row in await template_store.of_waba(uow, waba.id)]
            return [_view(row, await _examples(uow, desk, row)) for row in rows]

    @routes.get("/template-library", summary="Ready-made templates to start from")
    async def ready_made(caller: Authenticated, business_id: str) -> list[dict[str, Any]]:
        async with desk.database.read() as uow:
            await desk.role(uow, caller, business_id)
        return [
            {name: entry[name] for name in ("name", "language", "category", "topic")}
            | {"components": library.components(entry["name"], ())}
            for entry in library.search()
        ]

    @routes.post("/templates/verdict", summary="What would be decided about a draft, without keeping it")
    async def verdict(caller: Authenticated, business_id: str, body: Draft) -> dict[str, Any]:
        async with desk.database.read() as uow:
            await desk.role(uow, caller, business_id)
        return judge(body)


def judge(draft: Draft) -> dict[str, Any]:
    """The same rules as on submission: `category` the content has, `status`, and `problem`, what is still wrong."""
    nothing = {"category": draft.category, "status": "", "reason": "NONE", "problem": ""}
    try:
        category = rules.check_category(draft.category)
        named = draft.parameter_format.upper() == "NAMED"
        components = rules.normalise(draft.components, category=category, named=named)
        final = rules.suggested_category(components, category)
        if final != category:
            components = rules.normalise(draft.components, category=final, named=named)
        status, reason = rules.moderate(components, final)
    except GraphError as error:
        return nothing | {"problem": error.text or error.title}
    return nothing | {"category": final, "status": status, "reason": reason}


def _write(routes: APIRouter, desk: Desk) -> None:
    graph = desk.graph

    @routes.post("/templates", status_code=201, summary="Create a template")
    async def create(caller: Authenticated, business_id: str, body: Draft) -> dict[str, Any]:
        try:
            async with desk.database.begin() as uow:
                await desk.role(uow, caller, business_id, "templates")
                wabas = await store.of_portfolio(uow, store.wabas, business_id)
                new = commands.NewTemplate(
                    waba_id=wabas[0].id,
                    portfolio_id=business_id,
                    name=body.name,
                    language=body.language,
                    category=body.category,
                    components=body.components,
                    parameter_format=body.parameter_format,
                    ttl_seconds=body.message_send_ttl_seconds,
                    rejects="template_rejection" in await desk.platform.sandbox.faults(business_id),
                )
                row = await commands.create(uow, new, at=graph.clock.now(), updates=graph.updates)
        except GraphError as error:
            raise plain(error) from None
        desk.platform.wake()
        return _view(row)

    @routes.put("/templates/{template_id}", summary="Edit a template; it is reviewed anew")
    async def edit(caller: Authenticated, business_id: str, template_id: str, body: Draft) -> dict[str, Any]:
        try:
            async with desk.database.begin() as uow:
                row = await _own(uow, desk, caller, business_id, template_id)
                changes: dict[str, Any] = {"components": body.components, "parameter_format": body.parameter_format}
                if body.category.upper() != row.category:
                    changes["category"] = body.category
                if body.message_send_ttl_seconds is not None:
                    changes["ttl_seconds"] = body.message_send_ttl_seconds
                await commands.edit(uow, row, changes, at=graph.clock.now(), updates=graph.updates)
                fresh = await template_store.get(uow, template_id)
                assert fresh
        except GraphError as error:
            raise plain(error) from None
        desk.platform.wake()
        return _view(fresh)

    @routes.post("/templates/{template_id}/unpause", summary="End a pause")
    async def unpause(caller: Authenticated, business_id: str, template_id: str) -> dict[str, Any]:
        try:
            async with desk.database.begin() as uow:
                row = await _own(uow, desk, caller, business_id, template_id)
                await commands.unpause(uow, row, at=graph.clock.now(), updates=graph.updates)
                fresh = await template_store.get(uow, template_id)
                assert fresh
        except GraphError as error:
            raise plain(error) from None
        desk.platform.wake()
        return _view(fresh)

    @routes.delete("/templates/{template_id}", status_code=204, summary="Delete a template")
    async def remove(caller: Authenticated, business_id: str, template_id: str) -> None:
        try:
            async with desk.database.begin() as uow:
                row = await _own(uow, desk, caller, business_id, template_id)
                await commands.delete(uow, row.waba_id, ids=[row.id], at=graph.clock.now(), updates=graph.updates)
        except GraphError as error:
            raise plain(error) from None
        desk.platform.wake()


async def _own(uow: UnitOfWork, desk: Desk, caller: Caller, business_id: str, template_id: str) -> Row[Any]:
    await desk.role(uow, caller, business_id, "templates")
    row = await template_store.get(uow, template_id)
    if row is None or row.portfolio_id != business_id:
        raise NotFound("There is no such template.")
    return row


def _view(row: Row[Any], examples: dict[str, str] | None = None) -> dict[str, Any]:
    return view(row) | {
        "updated_at": row.updated_at.isoformat(),
        "paused_until": row.paused_until.isoformat() if row.paused_until else None,
        "media": examples or {},
    }


async def _examples(uow: UnitOfWork, desk: Desk, row: Row[Any]) -> dict[str, str]:
    """Where the pictures and films are that its headers show as an example: handle → address."""
    cards = [card for part in row.components for card in part.get("cards", [])]
    parts = [*row.components, *(part for card in cards for part in card["components"])]
    handles = {handle for part in parts for handle in (part.get("example") or {}).get("header_handle", [])}
    found = {handle: await media_store.by_handle(uow, row.portfolio_id, handle) for handle in sorted(handles)}
    return {handle: media_link(desk.graph, upload.media_id) for handle, upload in found.items() if upload is not None}
