"""`/{node}`: read, change, delete, dispatched by what kind of thing the id stands for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from plauder.business.shared.errors import GraphError, missing_node
from plauder.business.shared.nodes import Kind, Node
from plauder.edge.http.graph.api import GraphJSON
from plauder.edge.http.graph.deps import Authenticated, Call, NodeId

Handler = Callable[[Call, Node], Awaitable[Any]]

READ: dict[Kind, Handler] = {}
CHANGE: dict[Kind, Handler] = {}
DELETE: dict[Kind, Handler] = {}


def on(table: dict[Kind, Handler], kind: Kind) -> Callable[[Handler], Handler]:
    """Register the handler of one kind."""

    def register(handler: Handler) -> Handler:
        table[kind] = handler
        return handler

    return register


async def _dispatch(table: dict[Kind, Handler], call: Call, node_id: str, verb: str) -> Response:
    async with call.graph.database.read() as uow:
        node = await call.node(uow, node_id)
    if (handler := table.get(node.kind)) is None:
        raise missing_node(node_id)
    return GraphJSON(await handler(call, node))


def router() -> APIRouter:
    routes = APIRouter(tags=["nodes"])

    @routes.get("/", summary="No node")
    async def root(call: Authenticated) -> Response:
        # n8n's credential test takes the type OAuthException for a bad token, and anything else as a good one.
        raise GraphError(
            100,
            "Unsupported get request",
            status=400,
            kind="GraphMethodException",
            subcode=33,
            details="No node given",
        )

    @routes.get("/{node_id}", summary="Read a node")
    async def read(node_id: NodeId, call: Authenticated) -> Response:
        return await _dispatch(READ, call, node_id, "get")

    @routes.post("/{node_id}", summary="Change a node")
    async def change(node_id: NodeId, call: Authenticated) -> Response:
        return await _dispatch(CHANGE, call, node_id, "post")

    @routes.delete("/{node_id}", summary="Delete a node")
    async def remove(node_id: NodeId, call: Authenticated) -> Response:
        return await _dispatch(DELETE, call, node_id, "delete")

    return routes
