"""Use cases on media."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, update

from plauder.business.media import rules, store
from plauder.business.shared import nodes
from plauder.business.shared.errors import fail, invalid
from plauder.store.blobs import Blobs
from plauder.store.database import Database, UnitOfWork


@dataclass(frozen=True, slots=True)
class NewMedium:
    """Bytes with what is known of them. `source` is the link they were fetched from."""

    portfolio_id: str
    phone_id: str
    data: bytes
    mime_type: str
    filename: str = ""
    origin: str = "upload"
    source: str = ""
    life: timedelta = rules.LIFE_UPLOADED


async def add(database: Database, blobs: Blobs, medium: NewMedium, *, at: datetime) -> Row[Any]:
    """Store bytes, then their row: a crash between leaves a blob without a row, never a row without its blob."""
    blob = f"business/{secrets.token_hex(16)}"
    digest = hashlib.sha256(medium.data).hexdigest()
    await blobs.put(blob, medium.data)
    async with database.begin() as uow:
        node = await nodes.create(uow, "media", portfolio_id=medium.portfolio_id)
        await uow.execute(
            store.media.insert().values(
                id=node.id,
                portfolio_id=medium.portfolio_id,
                phone_id=medium.phone_id,
                origin=medium.origin,
                mime_type=medium.mime_type,
                size=len(medium.data),
                sha256=digest,
                filename=rules.safe_name(medium.filename),
                source=medium.source,
                blob=blob,
                created_at=at,
                expires_at=at + medium.life,
            )
        )
        row = await store.get(uow, node.id)
    assert row
    return row


async def live(uow: UnitOfWork, portfolio_id: str, media_id: str, at: datetime) -> Row[Any] | None:
    """A medium of the portfolio that has not expired."""
    row = await store.get(uow, media_id)
    return row if row is not None and row.portfolio_id == portfolio_id and row.expires_at > at else None


async def delete(uow: UnitOfWork, row: Row[Any]) -> str:
    """Forget a medium; returns the blob to delete after the commit."""
    await store.remove(uow, row.id)
    await nodes.remove(uow, row.id)
    return str(row.blob)


async def sweep(database: Database, blobs: Blobs, at: datetime) -> int:
    """Delete what has expired; returns how many."""
    async with database.begin() as uow:
        rows = await store.expired(uow, at, 500)
        for row in rows:
            await delete(uow, row)
    for row in rows:
        await blobs.delete(row.blob)
    return len(rows)


def url(base: str, key: bytes, media_id: str, at: datetime, life: timedelta = rules.URL_LIFE) -> str:
    """A download URL that works by its own signature until its time is over."""
    expires = int((at + life).timestamp())
    return f"{base}/media/business/{media_id}?expires={expires}&signature={rules.sign(key, media_id, expires)}"


# ── resumable upload ──────────────────────────────────────────────────────────────────────────────────────────────


async def start_upload(
    uow: UnitOfWork,
    *,
    portfolio_id: str,
    app_id: str,
    file_name: str,
    file_type: str,
    file_length: int,
    at: datetime,
) -> str:
    """A session; its id is `upload:…`."""
    if not 0 < file_length <= rules.LIMITS["upload"]:
        raise invalid(f"file_length must be from 1 to {rules.LIMITS['upload']} bytes")
    if rules.normal_type(file_type) not in {*rules.TYPES, "application/json", "image/gif"}:
        raise invalid(f"file_type {file_type!r} is not supported")
    upload_id = "upload:" + base64.urlsafe_b64encode(secrets.token_bytes(24)).decode()
    await uow.execute(
        store.uploads.insert().values(
            id=upload_id,
            portfolio_id=portfolio_id,
            app_id=app_id,
            file_name=rules.safe_name(file_name),
            file_type=rules.normal_type(file_type),
            file_length=file_length,
            expires_at=at + timedelta(days=1),
        )
    )
    return upload_id


async def find_upload(uow: UnitOfWork, upload_id: str, portfolio_id: str, at: datetime) -> Row[Any]:
    row = await store.upload(uow, upload_id)
    if row is None or row.portfolio_id != portfolio_id or row.expires_at <= at:
        raise invalid("The upload session does not exist or has expired", subcode=33)
    return row


async def append_upload(
    database: Database, blobs: Blobs, row: Row[Any], offset: int, data: bytes, *, at: datetime
) -> str:
    """Bytes from `offset` on; returns the handle when all are there, "" while some are missing."""
    if offset != row.offset:
        raise invalid(f"file_offset is {offset}, but the upload stands at {row.offset}")
    if offset + len(data) > row.file_length:
        raise invalid(f"The upload is longer than its file_length of {row.file_length}")
    key = "business/uploads/" + hashlib.sha256(row.id.encode()).hexdigest()
    before = (await blobs.get(key) or b"") if offset else b""
    whole = before[:offset] + data
    if len(whole) < row.file_length:
        await blobs.put(key, whole)
        await _set_upload(database, row.id, offset=len(whole))
        return ""
    medium = NewMedium(row.portfolio_id, "", whole, row.file_type, row.file_name, origin="handle")
    stored = await add(database, blobs, medium, at=at)
    name = base64.b64encode((row.file_name or "file").encode()).decode()
    kind = base64.b64encode(row.file_type.encode()).decode()
    handle = f"4::{name}:{kind}:{secrets.token_urlsafe(48)}:e:{int(stored.expires_at.timestamp())}"
    await _set_upload(database, row.id, offset=len(whole), handle=handle, media_id=stored.id)
    await blobs.delete(key)
    return handle


async def _set_upload(database: Database, upload_id: str, **values: Any) -> None:
    async with database.begin() as uow:
        await uow.execute(update(store.uploads).where(store.uploads.c.id == upload_id).values(**values))


async def media_of_handle(uow: UnitOfWork, portfolio_id: str, handle: str) -> str:
    """The medium behind a handle. Raises error 100 for one that was never given."""
    row = await store.by_handle(uow, portfolio_id, handle)
    if row is None:
        raise fail(100, "The handle is not one of a finished upload of this business")
    return str(row.media_id)
