"""Routes of contact discovery. Elements travel as base64url without padding."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from plauder.edge.http.auth import Authenticated
from plauder.features.accounts.discovery import SUITE, TAG, Discovery
from plauder.kit.config import Config
from plauder.kit.errors import BadInput

Element = Annotated[str, Field(min_length=43, max_length=43, description="32 bytes in base64url.")]


class DiscoveryOut(BaseModel):
    """What a client needs to know. Its input to the function is the number as +E.164 in ASCII."""

    enabled: bool
    suite: Literal["ristretto255-SHA512"] = SUITE
    mode: Literal["VOPRF"] = "VOPRF"
    public_key: str
    batch: int
    left_today: int
    tag_bytes: int = TAG


class EvaluateBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    blinded: Annotated[list[Element], Field(min_length=1, max_length=2_000)]


class EvaluatedOut(BaseModel):
    """In the order asked; one proof for all of them (RFC 9497 §2.2.2)."""

    evaluated: list[str]
    proof: str
    left_today: int


def router(config: Config, discovery: Discovery) -> APIRouter:
    """The routes below `/api/v1/discovery`."""
    routes = APIRouter(prefix="/api/v1/discovery", tags=["discovery"])

    @routes.get("", summary="How to ask, and how often one still may")
    async def about(caller: Authenticated) -> DiscoveryOut:
        return DiscoveryOut(
            enabled=config.discovery.enabled,
            public_key=_encode(discovery.public_key),
            batch=config.discovery.batch,
            left_today=await discovery.left_today(caller.local),
        )

    @routes.post("/evaluate", summary="Apply the server's key to blinded numbers")
    async def evaluate(body: EvaluateBody, caller: Authenticated) -> EvaluatedOut:
        found = await discovery.evaluate(caller.local, [_decode(one) for one in body.blinded])
        return EvaluatedOut(
            evaluated=[_encode(one) for one in found.elements], proof=_encode(found.proof), left_today=found.left
        )

    @routes.get(
        "/directory",
        summary="Tags of everybody who wants to be found",
        description="16 bytes each, sorted: the first 16 of SHA-256('plauder/discovery' 0x00 output).",
        responses={200: {"content": {"application/octet-stream": {}}}},
        response_class=Response,
    )
    async def directory(caller: Authenticated, request: Request) -> Response:
        content = await discovery.directory()
        etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
        if etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(content, headers=headers, media_type="application/octet-stream")

    return routes


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise BadInput("An element is not in base64url.") from None
