"""Analytics fields of a WABA and of templates, computed from the messages."""

from __future__ import annotations

from collections.abc import Collection
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

FIELDS = (
    *("analytics", "conversation_analytics", "pricing_analytics"),
    *("template_group_analytics", "call_analytics", "group_analytics"),
)


async def field(call: Call, uow: UnitOfWork, waba: Row[Any], wanted: Field) -> dict[str, Any]:
    """`analytics.start(S).end(E).granularity(DAY)…` and its kin."""
    query = _query(Params({name: value for name, value in wanted.arguments.items() if value}), waba, wanted.name)
    rules.check(query, call.graph.clock.now())
    if wanted.name == "analytics":
        return await commands.message_analytics(uow, query)
    if wanted.name == "pricing_analytics":
        return await commands.pricing_analytics(uow, query)
    if wanted.name == "conversation_analytics":
        return await commands.conversation_analytics(uow, query)
    return {"data": [{"data_points": []}]}  # no number here has calls or groups of its own


def _query(arguments: Params, waba: Row[Any], name: str) -> rules.Query:
    """What the arguments ask for. Raises error 100 for a filter that makes no sense."""

    def chosen(parameter: str, allowed: Collection[str]) -> tuple[str, ...]:
        return rules.one_of(parameter, map(str, _list(arguments, parameter)), allowed)

    types = chosen("pricing_types", rules.PRICING_TYPES)
    if name == "conversation_analytics":
        types = tuple(rules.CONVERSATION_TYPES[item] for item in chosen("conversation_types", rules.CONVERSATION_TYPES))
    return rules.Query(
        waba_id=waba.id,
        timezone_id=waba.timezone_id,
        start=arguments.number("start", 0),
        end=arguments.number("end", 0),
        granularity=arguments.text("granularity", "DAY").strip("\"'"),
        phone_numbers=tuple(str(item).lstrip("+") for item in _list(arguments, "phone_numbers")),
        countries=tuple(str(item).upper() for item in _list(arguments, "country_codes")),
        dimensions=chosen("dimensions", rules.DIMENSIONS),
        metric_types=chosen("metric_types", rules.METRICS),
        product_types=chosen("product_types", ("0", "2", "100")),
        categories=(
            *chosen("conversation_categories", rules.CATEGORIES),
            *chosen("pricing_categories", rules.CATEGORIES),
        ),
        types=types,
        directions=chosen("conversation_directions", rules.DIRECTIONS),
    )


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
                granularity=call.params.text("granularity", "DAILY"),
                metric_types=rules.one_of(
                    "metric_types", map(str, call.params.list("metric_types")), rules.TEMPLATE_METRICS
                ),
            )
            if query.granularity != "DAILY":
                raise fail(100, "granularity must be DAILY")
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
