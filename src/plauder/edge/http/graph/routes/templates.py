"""Message templates and their library."""

from __future__ import annotations

import re
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import Row

from plauder.business.accounts import store as account_store
from plauder.business.accounts.rules import MANAGEMENT
from plauder.business.messages import templating
from plauder.business.shared.errors import GraphError, fail, invalid, missing_node
from plauder.business.shared.nodes import Node
from plauder.business.templates import commands, library, rules, store
from plauder.business.templates.commands import NewTemplate
from plauder.edge.http.graph import paging
from plauder.edge.http.graph.api import GraphJSON
from plauder.edge.http.graph.deps import Authenticated, Call, NodeId
from plauder.edge.http.graph.routes import analytics, nodes
from plauder.edge.http.graph.routes.apps import SUCCESS
from plauder.edge.http.graph.routes.lookup import waba_of
from plauder.store.database import UnitOfWork

DEFAULT_FIELDS = (
    "name",
    "parameter_format",
    "components",
    "language",
    "status",
    "category",
    "sub_category",
    "id",
)


def view(row: Row[Any]) -> dict[str, Any]:
    """Every field of a template; absent ones are None."""
    # pywa wants the date of a score always, even of the score UNKNOWN.
    score = {"score": row.quality, "date": int((row.quality_at or row.created_at).timestamp())}
    return {
        "id": row.id,
        "name": row.name,
        "language": row.language,
        "status": row.status,
        "category": row.category,
        "previous_category": row.previous_category or None,
        "correct_category": row.correct_category or None,
        "sub_category": row.sub_category or None,
        "parameter_format": row.parameter_format,
        "components": row.components,
        "quality_score": score,
        "rejected_reason": row.rejected_reason,
        "message_send_ttl_seconds": row.ttl_seconds,
        "library_template_name": row.library_name or None,
        "cta_url_link_tracking_opted_out": row.link_tracking_opted_out,
        "degrees_of_freedom_spec": None,
        "last_updated_time": row.updated_at.strftime("%Y-%m-%dT%H:%M:%S+0000"),
        "health_status": {
            "can_send_message": "AVAILABLE" if row.status == "APPROVED" else "BLOCKED",
            "entities": [
                {
                    "entity_type": "MESSAGE_TEMPLATE",
                    "id": row.id,
                    "can_send_message": "AVAILABLE" if row.status == "APPROVED" else "BLOCKED",
                }
            ],
        },
    }


async def template_of(call: Call, uow: UnitOfWork, template_id: str) -> Row[Any]:
    await call.node(uow, template_id, "template")
    if (row := await store.get(uow, template_id)) is None:
        raise missing_node(template_id)
    return row


@nodes.on(nodes.READ, "template")
async def read_template(call: Call, node: Node) -> dict[str, Any]:
    async with call.graph.database.read() as uow:
        row = await template_of(call, uow, node.id)
    return call.select(view(row), kind="WhatsAppMessageTemplate", default=DEFAULT_FIELDS)


@nodes.on(nodes.CHANGE, "template")
async def change_template(call: Call, node: Node) -> dict[str, Any]:
    call.require(MANAGEMENT)
    params = call.params
    changes: dict[str, Any] = {}
    for name in ("category", "parameter_format"):
        if name in params:
            changes[name] = params.text(name)
    if "components" in params:
        changes["components"] = params.list("components")
    if "message_send_ttl_seconds" in params:
        changes["ttl_seconds"] = params.number("message_send_ttl_seconds", 0)
    if (opted_out := params.flag("cta_url_link_tracking_opted_out")) is not None:
        changes["link_tracking_opted_out"] = opted_out
    async with call.graph.database.begin() as uow:
        row = await template_of(call, uow, node.id)
        await commands.edit(uow, row, changes, at=call.graph.clock.now(), updates=call.graph.updates)
        fresh = await template_of(call, uow, node.id)
    return {"success": True, "id": fresh.id, "name": fresh.name, "category": fresh.category}


@nodes.on(nodes.DELETE, "template")
async def delete_template(call: Call, node: Node) -> dict[str, Any]:
    call.require(MANAGEMENT)
    async with call.graph.database.begin() as uow:
        row = await template_of(call, uow, node.id)
        now = call.graph.clock.now()
        await commands.delete(uow, row.waba_id, ids=[row.id], at=now, updates=call.graph.updates)
    return SUCCESS


def _filtered(call: Call, rows: list[Row[Any]]) -> list[Row[Any]]:
    """The filters of the list: `name` and `content` contain, the others are equal (or one of a list)."""
    params = call.params
    needle, content = params.text("name").lower(), params.text("content").lower()
    either = params.text("name_or_content").lower()
    exact = {name: {str(item).upper() for item in params.list(name)} for name in ("status", "category", "language")}
    scores = {str(item).upper() for item in params.list("quality_score")}

    def keeps(row: Row[Any]) -> bool:
        text = rules.texts_of(row.components).lower()
        return (
            needle in row.name
            and content in text
            and (either in row.name or either in text)
            and all(not wanted or getattr(row, name).upper() in wanted for name, wanted in exact.items())
            and (not scores or row.quality in scores)
        )

    return [row for row in rows if keeps(row)]


async def _create(call: Call, waba_id: str, body: dict[str, Any]) -> Row[Any]:
    graph = call.graph
    async with graph.database.begin() as uow:
        waba = await waba_of(call, uow, waba_id)
        portfolio = await account_store.get(uow, account_store.portfolios, waba.portfolio_id)
        new = NewTemplate(
            waba_id=waba.id,
            portfolio_id=waba.portfolio_id,
            is_verified=bool(portfolio and portfolio.verification == "verified"),
            rejects="template_rejection" in await graph.faults(waba.portfolio_id),
            **body,
        )
        return await commands.create(uow, new, at=graph.clock.now(), updates=graph.updates)


def _new(call: Call) -> dict[str, Any]:
    params = call.params
    ttl = params.number("message_send_ttl_seconds", 0) if "message_send_ttl_seconds" in params else None
    return {
        "name": params.required("name"),
        "language": params.required("language"),
        "category": params.required("category"),
        "components": params.list("components"),
        "parameter_format": params.text("parameter_format", "POSITIONAL"),
        "ttl_seconds": ttl,
        "library_name": params.text("library_template_name"),
        "library_buttons": params.list("library_template_button_inputs"),
        "allow_category_change": params.flag("allow_category_change") is not False,
        "link_tracking_opted_out": bool(params.flag("cta_url_link_tracking_opted_out")),
    }


def _created(row: Row[Any]) -> dict[str, Any]:
    return {"id": row.id, "status": row.status, "category": row.category}


def router() -> APIRouter:
    routes = APIRouter(tags=["templates"])
    _collection(routes)
    _single(routes)
    _archive(routes)
    analytics.install_template_analytics(routes)

    @routes.get("/message_template_library", summary="Ready-made templates")
    async def search_library(call: Authenticated) -> Response:
        names = ("topic", "usecase", "industry", "language", "name")
        filters = {name: call.params.text(name) for name in names}
        found = library.search(call.params.text("search"), **filters)
        return GraphJSON(paging.all_of(call.request, call.params, found, base=call.base))

    return routes


def _collection(routes: APIRouter) -> None:
    @routes.get("/{waba_id}/message_templates", summary="Templates of a WABA")
    async def listing(waba_id: NodeId, call: Authenticated) -> Response:
        async with call.graph.database.read() as uow:
            waba = await waba_of(call, uow, waba_id)
            portfolio = await account_store.get(uow, account_store.portfolios, waba.portfolio_id)
            rows = await store.of_waba(uow, waba.id)
        found = [
            call.select(view(row), kind="WhatsAppMessageTemplate", default=DEFAULT_FIELDS)
            for row in _filtered(call, rows)
        ]
        is_verified = bool(portfolio and portfolio.verification == "verified")
        summary = {
            "message_template_count": len(rows),
            "message_template_limit": rules.MAX_TEMPLATES_VERIFIED if is_verified else rules.MAX_TEMPLATES,
            "are_translations_complete": True,
        }
        return GraphJSON(paging.all_of(call.request, call.params, found, base=call.base, summary=summary))

    @routes.post("/{waba_id}/message_templates", summary="Create a template")
    async def create(waba_id: NodeId, call: Authenticated) -> Response:
        call.require(MANAGEMENT)
        return GraphJSON(_created(await _create(call, waba_id, _new(call))))

    @routes.delete("/{waba_id}/message_templates", summary="Delete templates by name or id")
    async def remove(waba_id: NodeId, call: Authenticated) -> Response:
        call.require(MANAGEMENT)
        name = call.params.text("name")
        ids = [str(item) for item in (call.params.list("hsm_ids") or call.params.list("hsm_id"))]
        if not name and not ids:
            raise invalid("The parameter name is required.")
        async with call.graph.database.begin() as uow:
            await waba_of(call, uow, waba_id)
            now = call.graph.clock.now()
            await commands.delete(uow, waba_id, name=name, ids=ids, at=now, updates=call.graph.updates)
        return GraphJSON(SUCCESS)

    @routes.post("/{waba_id}/upsert_message_templates", summary="Authentication templates in many languages")
    async def upsert(waba_id: NodeId, call: Authenticated) -> Response:
        call.require(MANAGEMENT)
        languages = [str(item) for item in call.params.list("languages")]
        if not 1 <= len(languages) <= 100:
            raise invalid("languages must have 1 to 100 elements")
        if call.params.text("category").upper() != "AUTHENTICATION":
            raise invalid("Only authentication templates can be made in bulk")
        base = _new_without_language(call)
        done = []
        for language in languages:
            async with call.graph.database.begin() as uow:
                await waba_of(call, uow, waba_id)
                known = await store.named(uow, waba_id, base["name"], language)
                if known:
                    change = {"components": base["components"]}
                    now = call.graph.clock.now()
                    await commands.edit(uow, known[0], change, at=now, updates=call.graph.updates)
            row = known[0] if known else await _create(call, waba_id, base | {"language": language})
            done.append({"id": row.id, "status": row.status, "language": language})
        return GraphJSON({"data": done})


def _new_without_language(call: Call) -> dict[str, Any]:
    return {
        "name": call.params.required("name"),
        "category": "AUTHENTICATION",
        "components": call.params.list("components"),
        "ttl_seconds": call.params.number("message_send_ttl_seconds", 0)
        if "message_send_ttl_seconds" in call.params
        else None,
    }


def _archive(routes: APIRouter) -> None:
    async def put_away(call: Call, waba_id: str, *, archived: bool) -> Response:
        call.require(MANAGEMENT)
        ids = [part.strip() for item in call.params.list("hsm_ids") for part in str(item).split(",") if part.strip()]
        if not 1 <= len(ids) <= 100:
            raise invalid("hsm_ids must have 1 to 100 elements")
        async with call.graph.database.begin() as uow:
            await waba_of(call, uow, waba_id)
            now = call.graph.clock.now()
            done, failed = await commands.archive(
                uow, waba_id, ids, archived=archived, at=now, updates=call.graph.updates
            )
        name = "archived_templates" if archived else "unarchived_templates"
        return GraphJSON({name: done, "failed_templates": failed})

    @routes.post("/{waba_id}/message_templates/archive", summary="Put templates away")
    async def archive(waba_id: NodeId, call: Authenticated) -> Response:
        return await put_away(call, waba_id, archived=True)

    @routes.post("/{waba_id}/message_templates/unarchive", summary="Take templates out of the archive")
    async def unarchive(waba_id: NodeId, call: Authenticated) -> Response:
        return await put_away(call, waba_id, archived=False)


def _single(routes: APIRouter) -> None:
    @routes.post("/{template_id}/unpause", summary="End a pause")
    async def unpause(template_id: NodeId, call: Authenticated) -> Response:
        call.require(MANAGEMENT)
        async with call.graph.database.begin() as uow:
            row = await template_of(call, uow, template_id)
            if row.status != "PAUSED":
                return GraphJSON({"success": False, "reason": f"The template is not paused: it is {row.status}."})
            await commands.unpause(uow, row, at=call.graph.clock.now(), updates=call.graph.updates)
        return GraphJSON(SUCCESS)

    @routes.get("/{waba_id}/message_template_previews", summary="How an authentication template reads")
    async def previews(waba_id: NodeId, call: Authenticated) -> Response:
        if call.params.text("category").upper() != "AUTHENTICATION":
            raise invalid("Previews are for authentication templates")
        components: list[dict[str, Any]] = [
            {"type": "BODY", "add_security_recommendation": call.params.flag("add_security_recommendation") or False}
        ]
        if "code_expiration_minutes" in call.params:
            minutes = call.params.number("code_expiration_minutes", 0)
            components.append({"type": "FOOTER", "code_expiration_minutes": minutes})
        components.append({"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE"}]})
        ready = rules.normalise(components, category="AUTHENTICATION", named=False)
        texts = {item["type"].lower(): item["text"] for item in ready if "text" in item}
        texts["body"] = templating.VARIABLE.sub("123456", texts["body"])
        languages = [str(item) for item in call.params.list("languages")] or ["en_US"]
        return GraphJSON({"data": [texts | {"language": language} for language in languages]})

    @routes.get("/{template_id}/compare", summary="Compare two templates")
    async def compare(template_id: NodeId, call: Authenticated) -> Response:
        others = [str(item) for item in call.params.list("template_ids")]
        if len(others) != 1 or not re.fullmatch(r"[0-9]{1,20}", others[0]):
            raise invalid("template_ids must have exactly one id")
        start, end = call.params.number("start", 0), call.params.number("end", 0)
        if round((end - start) / 86_400) not in (7, 30, 60, 90):
            raise invalid("start and end must be 7, 30, 60 or 90 days apart")
        async with call.graph.database.read() as uow:
            rows = [await template_of(call, uow, item) for item in (template_id, others[0])]
            return GraphJSON(await analytics.comparison(uow, rows, start, end))

    @routes.post("/{waba_id}/migrate_message_templates", summary="Copy templates of another WABA")
    async def migrate(waba_id: NodeId, call: Authenticated) -> Response:
        call.require(MANAGEMENT)
        source = call.params.required("source_waba_id")
        migrated, failed = [], []
        async with call.graph.database.read() as uow:
            await waba_of(call, uow, waba_id)
            await waba_of(call, uow, source)
            rows = [row for row in await store.of_waba(uow, source) if row.status == "APPROVED"]
        page, count = call.params.number("page_number", 0), max(1, min(call.params.number("count", 500), 500))
        for row in rows[page * count : (page + 1) * count]:
            body = {
                "name": row.name,
                "language": row.language,
                "category": row.category,
                "components": row.components,
                "parameter_format": row.parameter_format,
                "ttl_seconds": row.ttl_seconds,
            }
            try:
                await _create(call, waba_id, body)
                migrated.append(row.id)
            except GraphError:
                failed.append(row.id)
        if not rows:
            raise fail(100, "The source account has no approved templates")
        return GraphJSON({"migrated_templates": migrated, "failed_templates": failed})
