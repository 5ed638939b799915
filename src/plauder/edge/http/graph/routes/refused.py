"""What the vendor's API has and this server has not: refused with the documented error, never as an unknown path.

Why each is not here stands in `docs/business/cloud-api.md`.
"""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from plauder.business.shared.errors import fail
from plauder.edge.http.graph.deps import Authenticated, NodeId

REFUSED: dict[str, tuple[tuple[str, ...], int, str]] = {
    "calls": (("POST",), 138000, "People call a business from their app; calls by API are not offered by this server."),
    "call_permissions": (("GET",), 138000, "Calls by API are not offered by this server."),
    "groups": (("GET", "POST"), 131215, "Business numbers have no groups on this server."),
    "username": (("GET", "POST", "DELETE"), 10, "This server has no usernames for businesses."),
    "username_suggestions": (("GET",), 10, "This server has no usernames for businesses."),
    "dataset": (("GET", "POST"), 10, "This server takes no conversion events."),
    "payment_configurations": (("GET",), 10, "Payments are not arranged over this API here."),
}
"""Edge → (methods, error, details)."""


def router() -> APIRouter:
    routes = APIRouter(tags=["not offered"])
    for edge, (methods, number, details) in REFUSED.items():
        for method in methods:
            _refuse(routes, edge, method, number, details)
    return routes


def _refuse(routes: APIRouter, edge: str, method: str, number: int, details: str) -> None:
    @routes.api_route(
        f"/{{node_id}}/{edge}",
        methods=[method],
        summary=f"Not offered: answers error {number}",
        operation_id=f"refuse_{method.lower()}_{edge}",
    )
    async def refuse(node_id: NodeId, call: Authenticated) -> Response:
        async with call.graph.database.read() as uow:
            await call.node(uow, node_id)
        raise fail(number, details)
