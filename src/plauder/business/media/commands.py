"""Use cases on media."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, update

from plauder.business.media import rules, store
from plauder.business.shared import nodes
from plauder.business.shared.errors import fail, invalid
from plauder.kit.errors import Conflict, TooLarge
from plauder.store.blobs import Blobs, Stored
from plauder.store.database import Database, UnitOfWork


@dataclass(frozen=True, slots=True)
class NewMedium:
    """Bytes (empty where they are in the store already) with what is known of them; `source` a link fetched."""

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
    stored = await blobs.put(blob, medium.data)
    return await _keep(database, medium, blob, stored, at)


async def _keep(database: Database, medium: NewMedium, blob: str, stored: Stored, at: datetime) -> Row[Any]:
    async with database.begin() as uow:
        node = await nodes.create(uow, "media", portfolio_id=medium.portfolio_id)
        await uow.execute(
            store.media.insert().values(
                id=node.id,
                portfolio_id=medium.portfolio_id,
                phone_id=medium.phone_id,
                origin=medium.origin,
                mime_type=medium.mime_type,
                size=stored.size,
                sha256=stored.sha256,
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


async def keep(uow: UnitOfWork, media_id: str, at: datetime) -> None:
    """A picture of a number stays as long as the number: longer than what was uploaded for messages."""
    forever = at + rules.LIFE_PICTURE
    await uow.execute(update(store.media).where(store.media.c.id == media_id).values(expires_at=forever))


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
    database: Database, blobs: Blobs, row: Row[Any], offset: int, data: AsyncIterator[bytes], *, at: datetime
) -> tuple[int, str]:
    """Bytes from `offset` on, kept as far as they came: (how many there are, the handle once all are)."""
    blob = "business/" + hashlib.sha256(row.id.encode()).hexdigest()[:32]
    if row.handle:
        return row.file_length, row.handle
    try:
        size = await blobs.receive(blob, offset, data, limit=row.file_length)
    except (Conflict, TooLarge) as error:
        raise invalid(f"file_offset: {error.message}") from None
    if size < row.file_length:
        return size, ""
    medium = NewMedium(row.portfolio_id, "", b"", row.file_type, row.file_name, origin="handle")
    stored = await _keep(database, medium, blob, await blobs.commit(blob), at)
    name = base64.b64encode((row.file_name or "file").encode()).decode()
    kind = base64.b64encode(row.file_type.encode()).decode()
    handle = f"4::{name}:{kind}:{secrets.token_urlsafe(48)}:e:{int(stored.expires_at.timestamp())}"
    await _set_upload(database, row.id, handle=handle, media_id=stored.id)
    return size, handle


def arrived(blobs: Blobs, row: Row[Any]) -> int:
    """How many bytes of an upload have arrived."""
    blob = "business/" + hashlib.sha256(row.id.encode()).hexdigest()[:32]
    return int(row.file_length) if row.handle else blobs.staged(blob)


async def _set_upload(database: Database, upload_id: str, **values: Any) -> None:
    async with database.begin() as uow:
        await uow.execute(update(store.uploads).where(store.uploads.c.id == upload_id).values(**values))


async def media_of_handle(uow: UnitOfWork, portfolio_id: str, handle: str) -> str:
    """The medium behind a handle. Raises error 100 for one that was never given."""
    row = await store.by_handle(uow, portfolio_id, handle)
    if row is None:
        raise fail(100, "The handle is not one of a finished upload of this business")
    return str(row.media_id)
