"""The bytes of XEP-0363 slots: PUT or resumable PATCH in, ranges out.

Anything may be uploaded, so nothing that is served here can act: a sandboxing policy, no sniffing, attachments unless
the type is a picture, sound or film. Files never change, so any cache may keep them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse

from plauder.features.media.rules import is_shown_inline
from plauder.features.media.service import Media
from plauder.features.media.store import Slot
from plauder.kit.errors import BadInput, Unauthenticated

TUS = "1.0.0"
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD, PUT, PATCH, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Range, Upload-Offset, Tus-Resumable",
    "Access-Control-Expose-Headers": "Upload-Offset, Upload-Length, Content-Range, ETag",
    "Access-Control-Max-Age": "86400",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


class BrokenOff(BadInput):
    """The connection broke before all bytes had come; what came is kept, go on from there."""

    code = "upload-broken-off"


def router(media: Media) -> APIRouter:
    """The routes below `/media/`."""
    routes = APIRouter(prefix="/media", tags=["media"])
    path = "/{slot_id}/{name}"

    @routes.options(path)
    async def preflight(slot_id: str, name: str) -> Response:
        """What a page of another origin may do."""
        return Response(status_code=204, headers=_CORS)

    @routes.put(path, status_code=201, max_body_size=media.policy.max_bytes)
    async def put(slot_id: str, name: str, request: Request, authorization: Annotated[str, Header()] = "") -> Response:
        """Upload the whole file at once (XEP-0363 §5)."""
        secret = _secret(authorization)
        slot, _ = await media.waiting(slot_id, secret)
        announced = request.headers.get("content-length")
        if announced is not None and announced != str(slot.size):
            raise BadInput(f"the slot is for {slot.size} bytes, not {announced[:20]}")
        await media.restart(slot_id, secret)
        arrived = await media.receive(slot_id, secret, 0, _stream(request))
        if arrived != slot.size:
            raise BadInput(f"the slot is for {slot.size} bytes, {arrived} came")
        return Response(status_code=201, headers=_CORS)

    @routes.patch(path, status_code=204, max_body_size=media.policy.max_bytes)
    async def patch(
        slot_id: str,
        name: str,
        request: Request,
        upload_offset: Annotated[int, Header(ge=0)],
        authorization: Annotated[str, Header()] = "",
    ) -> Response:
        """Go on with an upload at an offset (tus 1.0.0)."""
        arrived = await media.receive(slot_id, _secret(authorization), upload_offset, _stream(request))
        return Response(status_code=204, headers=_CORS | {"Upload-Offset": str(arrived), "Tus-Resumable": TUS})

    @routes.delete(path, status_code=204)
    async def delete(slot_id: str, name: str, authorization: Annotated[str, Header()] = "") -> Response:
        """Delete a file at its uploader's word."""
        await media.delete(slot_id, _secret(authorization))
        return Response(status_code=204, headers=_CORS)

    @routes.head(path)
    async def head(slot_id: str, name: str, authorization: Annotated[str, Header()] = "") -> Response:
        """With the upload's secret: how far it has come (tus 1.0.0). Without: what a GET would answer."""
        if authorization:
            slot, arrived = await media.waiting(slot_id, _secret(authorization))
            sizes = {"Upload-Offset": str(arrived), "Upload-Length": str(slot.size), "Tus-Resumable": TUS}
            return Response(status_code=200, headers=_CORS | sizes | {"Cache-Control": "no-store"})
        slot = await media.find(slot_id)
        return Response(status_code=200, headers=_headers(slot) | {"Content-Length": str(slot.size)})

    @routes.get(path)
    async def get(slot_id: str, name: str, request: Request) -> Response:
        """Download, whole or in part (RFC 9110 §14)."""
        slot = await media.find(slot_id)
        headers = _headers(slot)
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        wanted = _range(request.headers.get("range", ""), slot.size)
        if wanted is None:
            return Response(status_code=416, headers=_CORS | {"Content-Range": f"bytes */{slot.size}"})
        start, end = wanted
        status = 200
        if (start, end) != (0, slot.size):
            status, headers["Content-Range"] = 206, f"bytes {start}-{end - 1}/{slot.size}"
        headers["Content-Length"] = str(end - start)
        body: AsyncIterator[bytes] = await media.read(slot, start, end)
        return StreamingResponse(body, status, headers)

    return routes


async def _stream(request: Request) -> AsyncIterator[bytes]:
    try:
        async for piece in request.stream():
            yield piece
    except ClientDisconnect:
        raise BrokenOff from None


def _secret(authorization: str) -> str:
    scheme, _, secret = authorization.partition(" ")
    if scheme.lower() != "bearer" or not secret:
        raise Unauthenticated("The upload's secret belongs in the Authorization header.")
    return secret.strip()


def _headers(slot: Slot) -> dict[str, str]:
    shown = "inline" if is_shown_inline(slot.media_type) else "attachment"
    return _CORS | {
        "Content-Type": slot.media_type if shown == "inline" else "application/octet-stream",
        "Content-Disposition": shown,
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
        "Cache-Control": "public, max-age=31536000, immutable",
        "ETag": f'"{slot.sha256}"',
        "Accept-Ranges": "bytes",
    }


def _range(header: str, size: int) -> tuple[int, int] | None:
    """[start, end) of a single range; everything for no range, or one that we may ignore; None when unsatisfiable."""
    unit, _, spec = header.partition("=")
    first, dash, last = spec.strip().partition("-")
    if unit.strip().lower() != "bytes" or not dash or not (first + last).isdigit() or len(spec) > 40:
        return 0, size
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
    return (start, end) if start < end else None
