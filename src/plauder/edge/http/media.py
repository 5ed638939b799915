"""The bytes of XEP-0363 slots: PUT or resumable PATCH in, ranges out.

Anything may be uploaded, so nothing that is served here can act: a sandboxing policy, no sniffing, attachments unless
the type is a picture, sound or film. Files never change, so any cache may keep them.
"""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import AsyncIterator
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Header, Request, Response
from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse

from plauder.features.media.rules import is_shown_inline
from plauder.features.media.service import Media
from plauder.features.media.store import Slot
from plauder.kit.errors import BadInput, Unauthenticated

TUS = "1.0.0"
PATIENCE_SECONDS = 60.0
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD, PUT, PATCH, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Range, If-Range, If-None-Match, "
    "Upload-Offset, Tus-Resumable, Repr-Digest",
    "Access-Control-Expose-Headers": "Upload-Offset, Upload-Length, Content-Range, Accept-Ranges, ETag, Repr-Digest",
    "Access-Control-Max-Age": "86400",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


_WITH_304 = (*_CORS, "Cache-Control", "ETag")
_DIGEST = re.compile(r"(?:^|[\s,])sha-256=:([^:]*):")
_DIGITS = re.compile(r"[0-9]+")


class BrokenOff(BadInput):
    """The connection broke before all bytes had come; what came is kept, go on from there."""

    code = "upload-broken-off"


def router(media: Media, *, patience: float = PATIENCE_SECONDS) -> APIRouter:
    """The routes below `/media/`. `patience`: seconds after which an upload that stands still is broken off."""
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
        checksum = _checksum(request)
        await media.restart(slot_id, secret)
        arrived = await media.receive(slot_id, secret, 0, _stream(request, patience), sha256=checksum)
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
        secret, checksum = _secret(authorization), _checksum(request)
        arrived = await media.receive(slot_id, secret, upload_offset, _stream(request, patience), sha256=checksum)
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
        asked = request.headers
        if _names(asked.get("if-none-match", ""), headers["ETag"]):
            return Response(status_code=304, headers={name: headers[name] for name in _WITH_304})
        wanted = _range(asked.get("range", ""), slot.size)
        if asked.get("if-range", headers["ETag"]) != headers["ETag"]:
            wanted = 0, slot.size
        if wanted is None:
            return Response(status_code=416, headers=_CORS | {"Content-Range": f"bytes */{slot.size}"})
        start, end = wanted
        status = 200
        if (start, end) != (0, slot.size):
            status, headers["Content-Range"] = 206, f"bytes {start}-{end - 1}/{slot.size}"
        headers["Content-Length"] = str(end - start)
        body = await media.read(slot, start, end)
        return StreamingResponse(_to_the_end(media, slot, body) if end == slot.size else body, status, headers)

    return routes


async def _to_the_end(media: Media, slot: Slot, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for piece in body:
        yield piece
    await media.downloaded(slot)


async def _stream(request: Request, patience: float) -> AsyncIterator[bytes]:
    pieces = request.stream()
    try:
        while True:
            async with asyncio.timeout(patience):
                piece = await anext(pieces)
            yield piece
    except StopAsyncIteration:
        return
    except (ClientDisconnect, TimeoutError):
        raise BrokenOff from None


def _secret(authorization: str) -> str:
    scheme, _, secret = authorization.partition(" ")
    if scheme.lower() != "bearer" or not secret:
        raise Unauthenticated("The upload's secret belongs in the Authorization header.")
    return secret.strip()


def _headers(slot: Slot) -> dict[str, str]:
    shown = "inline" if is_shown_inline(slot.media_type) else "attachment"
    digest = base64.b64encode(bytes.fromhex(slot.sha256)).decode()
    return _CORS | {
        "Content-Type": slot.media_type if shown == "inline" else "application/octet-stream",
        # RFC 8187: the name that was asked for when the slot was made, whatever the link says.
        "Content-Disposition": f"{shown}; filename*=UTF-8''{quote(slot.name, safe='')}",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
        "Cache-Control": "public, max-age=31536000, immutable",
        "ETag": f'"{slot.sha256}"',
        "Accept-Ranges": "bytes",
        "Repr-Digest": f"sha-256=:{digest}:",
    }


def _names(header: str, etag: str) -> bool:
    """Whether If-None-Match names this entity tag (RFC 9110 §13.1.2; weak comparison)."""
    return header.strip() == "*" or etag in (tag.strip().removeprefix("W/") for tag in header.split(","))


def _checksum(request: Request) -> str:
    """The SHA-256 of the whole file from Repr-Digest (RFC 9530 §3), in hex; "" where none is given.

    Raises BadInput for one that is none.
    """
    found = _DIGEST.search(request.headers.get("repr-digest", ""))
    if found is None:
        return ""
    try:
        digest = base64.b64decode(found[1], validate=True)
    except ValueError:
        digest = b""
    if len(digest) != 32:
        raise BadInput("Repr-Digest has no SHA-256 of 32 bytes in base64")
    return digest.hex()


def _range(header: str, size: int) -> tuple[int, int] | None:
    """[start, end) of a single range; everything for no range, or one that we may ignore; None when unsatisfiable."""
    unit, _, spec = header.partition("=")
    first, dash, last = spec.strip().partition("-")
    if unit.strip().lower() != "bytes" or not dash or not _DIGITS.fullmatch(first + last) or len(spec) > 40:
        return 0, size
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
    return (start, end) if start < end else None
