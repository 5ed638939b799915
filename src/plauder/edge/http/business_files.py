"""Files of the console: examples for templates, pictures of numbers, what the simulated customer sends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

from fastapi import APIRouter, Query, Request

from plauder.business.media import commands as media
from plauder.business.media import rules as media_rules
from plauder.business.profiles import commands as profiles
from plauder.business.profiles import store as profile_store
from plauder.business.shared.errors import GraphError
from plauder.edge.http.auth import Authenticated
from plauder.edge.http.business import Desk, media_link, plain
from plauder.edge.http.graph.wiring import Platform
from plauder.kit.errors import BadInput, TooLarge

LARGEST: Final = 16 * media_rules.MIB
"""What a header's example, or a file of the simulated customer, may have; films are the largest."""
PICTURE: Final = 256 * media_rules.KIB
"""A picture travels inside a stanza (XEP-0084)."""


def router(platform: Platform) -> APIRouter:
    """The routes that take bytes."""
    routes = APIRouter(prefix="/api/v1/business/{business_id}", tags=["business"])
    desk = Desk(platform)
    _uploads(routes, desk)
    _pictures(routes, desk)
    return routes


async def _whole(request: Request, most: int) -> bytes:
    """The body. Raises TooLarge beyond `most`, BadInput when it is empty."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > most:
            raise TooLarge(f"The file may have {most // media_rules.KIB} KiB.")
    if not body:
        raise BadInput("The file is empty.")
    return bytes(body)


def _uploads(routes: APIRouter, desk: Desk) -> None:
    graph = desk.graph

    @routes.post("/files", status_code=201, summary="Upload an example for a template", max_body_size=LARGEST)
    async def upload(
        caller: Authenticated,
        business_id: str,
        request: Request,
        name: str = Query("", max_length=240),
        kind: str = Query("", max_length=128, alias="type"),
    ) -> dict[str, Any]:
        async with desk.database.read() as uow:
            role = await desk.role(uow, caller, business_id)
            app = await desk.app(uow, business_id)
        desk.need(role, "templates", "messages")
        data = await _whole(request, LARGEST)
        now = graph.clock.now()
        try:
            mime = media_rules.check(kind, data[:16], len(data))
            async with desk.database.begin() as uow:
                upload_id = await media.start_upload(
                    uow,
                    portfolio_id=business_id,
                    app_id=app.id,
                    file_name=name,
                    file_type=mime,
                    file_length=len(data),
                    at=now,
                )
                row = await media.find_upload(uow, upload_id, business_id, now)
            _, handle = await media.append_upload(desk.database, graph.blobs, row, 0, _once(data), at=now)
            async with desk.database.read() as uow:
                media_id = await media.media_of_handle(uow, business_id, handle)
        except GraphError as error:
            raise plain(error) from None
        return {"id": media_id, "handle": handle, "mime_type": mime, "link": media_link(graph, media_id)}


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


def _pictures(routes: APIRouter, desk: Desk) -> None:
    graph = desk.graph

    @routes.put(
        "/numbers/{number_id}/picture",
        status_code=204,
        summary="Give a number its picture, JPEG or PNG",
        max_body_size=PICTURE,
    )
    async def put(caller: Authenticated, business_id: str, number_id: str, request: Request) -> None:
        async with desk.database.read() as uow:
            await desk.role(uow, caller, business_id, "numbers")
            await desk.number(uow, business_id, number_id)
        data = await _whole(request, PICTURE)
        mime = media_rules.sniff(data[:16])
        if mime not in ("image/jpeg", "image/png"):
            raise BadInput("The picture must be a JPEG or a PNG.")
        medium = media.NewMedium(business_id, number_id, data, mime, origin="picture", life=media_rules.LIFE_PICTURE)
        row = await media.add(desk.database, graph.blobs, medium, at=graph.clock.now())
        async with desk.database.begin() as uow:
            await profiles.change(uow, number_id, {}, picture_media_id=row.id)
        await graph.number_changed(number_id)

    @routes.delete("/numbers/{number_id}/picture", status_code=204, summary="Take a number's picture away")
    async def remove(caller: Authenticated, business_id: str, number_id: str) -> None:
        async with desk.database.begin() as uow:
            await desk.role(uow, caller, business_id, "numbers")
            await desk.number(uow, business_id, number_id)
            await profile_store.change(uow, number_id, picture_media_id="")
        await graph.number_changed(number_id)
