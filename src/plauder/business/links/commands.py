"""Use cases, the table and the pure rules of message links."""

from __future__ import annotations

import io
import secrets
from datetime import datetime
from typing import Any

import segno
from sqlalchemy import Column, Index, Row, Table, delete, func, select, update

from plauder.business.shared.errors import invalid
from plauder.store.database import UnitOfWork
from plauder.store.schema import Instant, Text, metadata

MAX_MESSAGE = 140
MAX_CODES = 2_000
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

links = Table(
    "business_message_link",
    metadata,
    Column("code", Text, primary_key=True),
    Column("phone_id", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Index("ix_business_message_link_phone", "phone_id", "created_at"),
)


def check_message(text: str) -> str:
    if not 1 <= len(text) <= MAX_MESSAGE:
        raise invalid(f"Param prefilled_message must have 1 to {MAX_MESSAGE} characters")
    return text


FORMS = {"png": "image/png", "svg": "image/svg+xml"}


def check_form(form: str) -> str:
    """ "png" or "svg", in any case. Raises error 100."""
    if (lower := form.lower()) not in FORMS:
        raise invalid("generate_qr_image must be PNG or SVG")
    return lower


def picture(url: str, form: str) -> bytes:
    """The QR code of `url` (ISO 18004) as a file of one of `FORMS`."""
    out = io.BytesIO()
    segno.make(url, error="m").save(out, kind=form, scale=8, border=4)
    return out.getvalue()


async def create(uow: UnitOfWork, phone_id: str, message: str, *, at: datetime) -> str:
    """A new link; returns its code."""
    count = select(func.count()).select_from(links).where(links.c.phone_id == phone_id)
    if (await uow.execute(count)).scalar_one() >= MAX_CODES:
        raise invalid(f"A number has at most {MAX_CODES} codes")
    code = "".join(secrets.choice(ALPHABET) for _ in range(14))
    await uow.execute(
        links.insert().values(code=code, phone_id=phone_id, message=check_message(message), created_at=at)
    )
    return code


async def change(uow: UnitOfWork, phone_id: str, code: str, message: str) -> None:
    await get(uow, phone_id, code)
    await uow.execute(update(links).where(links.c.code == code).values(message=check_message(message)))


async def get(uow: UnitOfWork, phone_id: str, code: str) -> Row[Any]:
    """Raises error 100 for a code that is not this number's."""
    statement = select(links).where(links.c.code == code, links.c.phone_id == phone_id)
    row = (await uow.execute(statement)).one_or_none()
    if row is None:
        raise invalid("The QR code does not exist")
    return row


async def of_number(uow: UnitOfWork, phone_id: str) -> list[Row[Any]]:
    statement = select(links).where(links.c.phone_id == phone_id).order_by(links.c.created_at, links.c.code)
    return list((await uow.execute(statement)).all())


async def remove(uow: UnitOfWork, phone_id: str, code: str) -> None:
    await get(uow, phone_id, code)
    await uow.execute(delete(links).where(links.c.code == code))


async def follow(uow: UnitOfWork, code: str) -> Row[Any] | None:
    """The link behind a code that somebody opened."""
    return (await uow.execute(select(links).where(links.c.code == code))).one_or_none()
