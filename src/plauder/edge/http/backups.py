"""Encrypted backups over HTTP: the sealed archive, and the OPAQUE exchange for its password."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import ClientDisconnect
from starlette.responses import Response, StreamingResponse

from plauder.edge.http.auth import Authenticated
from plauder.features.backups.service import LONGEST_MESSAGE, BackupService
from plauder.kit.errors import BadInput

Message = Annotated[str, Field(max_length=LONGEST_MESSAGE, description="base64url, as OPAQUE's libraries write it")]

Lock = Annotated[Literal["code", "password"], Query(description="What opens the archive's key")]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RequestBody(Body):
    request: Message


class RecordBody(Body):
    record: Message


class ConfirmBody(Body):
    login: Annotated[str, Field(max_length=100)]
    finish: Message


class BackupOut(BaseModel):
    """What is kept. `bytes`: size of the sealed archive."""

    lock: str
    bytes: int
    at: datetime


class ResponseOut(BaseModel):
    response: str


class LoginOut(ResponseOut):
    """`tries_left` if this one fails."""

    login: str
    tries_left: int


def router(backups: BackupService) -> APIRouter:
    """The routes below `/api/v1/backup`."""
    routes = APIRouter(prefix="/api/v1/backup", tags=["backup"])

    @routes.get("", summary="Whether there is a backup, and what opens it")
    async def look(caller: Authenticated) -> BackupOut:
        archive = await backups.find(caller.local)
        return BackupOut(lock=archive.lock, bytes=archive.size, at=archive.made)

    @routes.delete("", status_code=204, summary="Delete the backup and its vault")
    async def delete(caller: Authenticated) -> None:
        await backups.forget(caller.local)

    @routes.put("/archive", status_code=204, summary="Keep a sealed archive", max_body_size=backups.max_bytes)
    async def put(
        request: Request, caller: Authenticated, lock: Annotated[Literal["code", "password"], Query()]
    ) -> None:
        await backups.keep(caller.local, lock, _stream(request))

    @routes.get("/archive", summary="The sealed archive")
    async def get(caller: Authenticated) -> Response:
        archive, pieces = await backups.read(caller.local)
        headers = {"Content-Length": str(archive.size), "Cache-Control": "no-store"}
        return StreamingResponse(pieces, headers=headers, media_type="application/octet-stream")

    @routes.post("/vault/registration", summary="Begin to set a password")
    async def begin_registration(body: RequestBody, caller: Authenticated) -> ResponseOut:
        return ResponseOut(response=backups.begin_registration(caller.local, body.request))

    @routes.put("/vault", status_code=204, summary="Set the password")
    async def register(body: RecordBody, caller: Authenticated) -> None:
        await backups.register(caller.local, body.record)

    @routes.post("/vault/login", summary="Try a password")
    async def begin_login(body: RequestBody, caller: Authenticated) -> LoginOut:
        login = await backups.begin_login(caller.local, body.request)
        return LoginOut(response=login.response, login=login.login, tries_left=login.tries_left)

    @routes.post("/vault/confirmation", status_code=204, summary="Prove that the password was right")
    async def confirm(body: ConfirmBody, caller: Authenticated) -> None:
        await backups.confirm(caller.local, body.login, body.finish)

    return routes


async def _stream(request: Request) -> AsyncIterator[bytes]:
    try:
        async for piece in request.stream():
            yield piece
    except ClientDisconnect:
        raise BadInput("The connection broke before all had come.") from None
