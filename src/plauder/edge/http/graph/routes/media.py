"""Media: upload, read, delete, resumable upload; and the download URL outside the Graph's paths."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response, StreamingResponse
from sqlalchemy import Row

from plauder.business.accounts.rules import MESSAGING
from plauder.business.media import commands, rules, store
from plauder.business.media.commands import NewMedium
from plauder.business.shared.errors import fail, invalid, missing_node
from plauder.business.shared.nodes import Node
from plauder.edge.http.graph.api import GraphJSON
from plauder.edge.http.graph.deps import Authenticated, Call, Graph, NodeId, call_of
from plauder.edge.http.graph.params import Params
from plauder.edge.http.graph.routes import nodes
from plauder.edge.http.graph.routes.apps import SUCCESS
from plauder.edge.http.graph.routes.numbers import number_of


async def _live(call: Call, media_id: str) -> Row[Any]:
    async with call.graph.database.read() as uow:
        row = await commands.live(uow, call.access.portfolio_id, media_id, call.graph.clock.now())
    phone_id = call.params.text("phone_number_id")
    if row is None or (phone_id and row.phone_id and row.phone_id != phone_id):
        raise missing_node(media_id)
    return row


@nodes.on(nodes.READ, "media")
async def read_media(call: Call, node: Node) -> dict[str, Any]:
    call.require(MESSAGING)
    row = await _live(call, node.id)
    graph = call.graph
    return {
        "messaging_product": "whatsapp",
        "url": commands.url(call.base, graph.media_key, row.id, graph.clock.now()),
        "mime_type": row.mime_type,
        "sha256": row.sha256,
        "file_size": row.size,
        "id": row.id,
    }


@nodes.on(nodes.DELETE, "media")
async def delete_media(call: Call, node: Node) -> dict[str, Any]:
    call.require(MESSAGING)
    row = await _live(call, node.id)
    async with call.graph.database.begin() as uow:
        blob = await commands.delete(uow, row)
    await call.graph.blobs.delete(blob)
    return SUCCESS


def router() -> APIRouter:
    routes = APIRouter(tags=["media"])

    @routes.post("/{phone_id}/media", summary="Upload a medium")
    async def upload(phone_id: NodeId, call: Authenticated) -> Response:
        call.require(MESSAGING)
        if call.params.text("messaging_product", "whatsapp") != "whatsapp":
            raise fail(100, "Param messaging_product must be one of {WHATSAPP}")
        file = call.params.file("file")
        if file is None:
            raise fail(100, "The parameter file is required.")
        async with call.graph.database.read() as uow:
            number = await number_of(call, uow, phone_id)
        data = await file.read(rules.LIMITS["upload"] + 1)
        declared = file.content_type or ""
        if rules.normal_type(declared) in ("", "application/octet-stream"):
            declared = call.params.text("type", declared)
        mime = rules.check(declared, data[:16], len(data))
        medium = NewMedium(number.portfolio_id, phone_id, data, mime, file.filename or "")
        row = await commands.add(call.graph.database, call.graph.blobs, medium, at=call.graph.clock.now())
        return GraphJSON({"id": row.id})

    @routes.post("/{app_id}/uploads", summary="Start a resumable upload")
    async def start(app_id: NodeId, call: Authenticated) -> Response:
        if call.access.app_id != app_id:
            raise missing_node(app_id)
        async with call.graph.database.begin() as uow:
            upload_id = await commands.start_upload(
                uow,
                portfolio_id=call.access.portfolio_id,
                app_id=app_id,
                file_name=call.params.text("file_name"),
                file_type=call.params.required("file_type"),
                file_length=call.params.number("file_length", 0),
                at=call.graph.clock.now(),
            )
        return GraphJSON({"id": upload_id})

    @routes.post("/upload:{upload_id}", summary="Send the bytes of a resumable upload")
    async def append(request: Request, upload_id: str = Path(max_length=200)) -> Response:
        graph: Graph = request.state.graph
        call = await call_of(request, graph, Params(dict(request.query_params)))
        offset = request.headers.get("file_offset", "0")
        if not offset.isascii() or not offset.isdecimal():
            raise invalid("The header file_offset must be a number")
        async with graph.database.read() as uow:
            row = await commands.find_upload(uow, f"upload:{upload_id}", call.access.portfolio_id, graph.clock.now())
        size, handle = await commands.append_upload(
            graph.database, graph.blobs, row, int(offset), request.stream(), at=graph.clock.now()
        )
        return GraphJSON({"h": handle} if handle else {"id": row.id, "file_offset": size})

    @routes.get("/upload:{upload_id}", summary="How far a resumable upload is")
    async def progress(request: Request, upload_id: str = Path(max_length=200)) -> Response:
        graph: Graph = request.state.graph
        call = await call_of(request, graph, Params(dict(request.query_params)))
        async with call.graph.database.read() as uow:
            row = await commands.find_upload(
                uow, f"upload:{upload_id}", call.access.portfolio_id, call.graph.clock.now()
            )
        return GraphJSON({"id": row.id, "file_offset": commands.arrived(call.graph.blobs, row)})

    return routes


_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Access-Control-Allow-Origin": "*",
    "Referrer-Policy": "no-referrer",
}


def downloads(graph: Graph) -> APIRouter:
    """The route of download URLs: `/media/business/{id}`, by signature. A token alone does it as well."""
    routes = APIRouter(tags=["media"])

    @routes.get("/media/business/{media_id}", summary="Download a medium of a business chat")
    async def download(
        request: Request,
        media_id: NodeId,
        expires: str = Query("", max_length=12),
        signature: str = Query("", max_length=64),
    ) -> Response:
        now = graph.clock.now()
        async with graph.database.read() as uow:
            row = await store.get(uow, media_id)
        if not rules.is_signed(graph.media_key, media_id, expires, signature, now):
            return Response(status_code=404 if signature else 401)
        if row is None or row.expires_at <= now:
            return Response(status_code=404)
        headers = _SAFE | {
            "Content-Length": str(row.size),
            "Cache-Control": "private, max-age=300, immutable",
            "ETag": f'"{row.sha256}"',
        }
        if not row.mime_type.startswith(("image/", "audio/", "video/")):
            headers["Content-Disposition"] = "attachment"
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers={"ETag": headers["ETag"]})
        body = await graph.blobs.read(row.blob)
        return StreamingResponse(body, media_type=row.mime_type, headers=headers)

    return routes
