"""Analytics fields of a WABA and of templates, computed from the messages."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import Row

from plauder.business.analytics import commands, rules
from plauder.business.shared.errors import fail
from plauder.edge.http.graph import paging
from plauder.edge.http.graph.api import GraphJSON
from plauder.edge.http.graph.deps import Authenticated, Call, NodeId
from plauder.edge.http.graph.params import Params
from plauder.edge.http.graph.routes.lookup import waba_of
from plauder.edge.http.graph.selection import Field
from plauder.store.database import UnitOfWork

FIELDS = ("analytics", "conversation_analytics", "pricing_analytics", "template_group_analytics", "call_analytics")


async def field(call: Call, uow: UnitOfWork, waba: Row[Any], wanted: Field) -> dict[str, Any]:
    """`analytics.start(S).end(E).granularity(DAY)…` and its kin."""
    arguments = Params({name: value for name, value in wanted.arguments.items() if value})
    query = rules.Query(
        waba_id=waba.id,
        timezone_id=waba.timezone_id,
        start=arguments.number("start", 0),
        end=arguments.number("end", 0),
        granularity=arguments.text("granularity", "DAY").strip("\"'"),
        phone_numbers=tuple(str(item).lstrip("+") for item in _list(arguments, "phone_numbers")),
        countries=tuple(str(item).upper() for item in _list(arguments, "country_codes")),
        dimensions=tuple(str(item).upper() for item in _list(arguments, "dimensions")),
        metric_types=tuple(str(item).upper() for item in _list(arguments, "metric_types")),
        product_types=tuple(str(item) for item in _list(arguments, "product_types")),
        categories=tuple(
            str(item).upper()
            for name in ("conversation_categories", "pricing_categories")
            for item in _list(arguments, name)
        ),
    )
    rules.check(query, call.graph.clock.now())
    if wanted.name == "analytics":
        return await commands.message_analytics(uow, query)
    if wanted.name == "pricing_analytics":
        return await commands.pricing_analytics(uow, query)
    if wanted.name == "conversation_analytics":
        return await commands.conversation_analytics(uow, query)
    return {"data": [{"data_points": []}]}


def _list(arguments: Params, name: str) -> list[Any]:
    value = arguments.get(name)
    if isinstance(value, str) and value.startswith("[") and '"' not in value:
        return [part.strip(" '\"") for part in value.strip("[]").split(",") if part.strip(" '\"")]
    return arguments.list(name)


def install_template_analytics(routes: APIRouter) -> None:
    @routes.get("/{waba_id}/template_analytics", summary="How templates do")
    async def template_analytics(waba_id: NodeId, call: Authenticated) -> Response:
        ids = [str(item) for item in call.params.list("template_ids")]
        if not 1 <= len(ids) <= 10:
            raise fail(100, "template_ids must have 1 to 10 elements")
        async with call.graph.database.read() as uow:
            waba = await waba_of(call, uow, waba_id)
            if not waba.insights:
                raise fail(200007, "Enable insights with POST /{waba}?is_enabled_for_insights=true first.")
            query = rules.Query(
                waba_id=waba.id,
                timezone_id=waba.timezone_id if call.params.flag("use_waba_timezone") else "UTC",
                start=call.params.number("start", 0),
                end=call.params.number("end", 0),
                granularity="DAILY",
            )
            rules.check(query, call.graph.clock.now(), days=90)
            points = await commands.template_analytics(uow, query, ids)
        product = call.params.text("product_type", "CLOUD_API")
        item = {"granularity": "DAILY", "product_type": product, "data_points": points}
        return GraphJSON(paging.all_of(call.request, call.params, [item], base=call.base))


async def comparison(uow: UnitOfWork, rows: list[Row[Any]], start: int, end: int) -> dict[str, Any]:
    """How two templates did in the same days."""
    totals = [await commands.template_totals(uow, row.id, start, end) for row in rows]

    def metric(name: str, values: list[float]) -> dict[str, Any]:
        numbers = [{"key": row.id, "value": value} for row, value in zip(rows, values, strict=True)]
        return {"metric": name, "type": "NUMBER_VALUES", "number_values": numbers}

    ranked = sorted(rows, key=lambda row: totals[rows.index(row)]["block_rate"])
    data = [
        {"metric": "BLOCK_RATE", "type": "RELATIVE", "order_by_relative_metric": [row.id for row in ranked]},
        metric("MESSAGE_SENDS", [total["sent"] for total in totals]),
    ]
    return {"data": data}
