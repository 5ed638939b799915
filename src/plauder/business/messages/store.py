"""Tables of messages and of what is between a business number and a person."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Index, Row, Table, and_, bindparam, func, or_, select, tuple_, update

from plauder.business.messages.rules import LATE_RECEIPT
from plauder.store.database import UnitOfWork
from plauder.store.schema import Instant, Text, metadata

messages = Table(
    "business_message",
    metadata,
    Column("id", Text, primary_key=True),
    Column("portfolio_id", Text, nullable=False),
    Column("waba_id", Text, nullable=False),
    Column("phone_id", Text, nullable=False),
    Column("direction", Text, nullable=False),
    Column("wa_id", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("content", JSON),
    Column("stanza_id", Text, nullable=False),
    Column("context_id", Text, nullable=False, default=""),
    Column("callback_data", Text, nullable=False, default=""),
    Column("template_id", Text, nullable=False, default=""),
    Column("category", Text, nullable=False, default=""),
    Column("pricing", JSON),
    Column("status", Text, nullable=False),
    Column("error", JSON),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("sent_at", Instant),
    Column("delivered_at", Instant),
    Column("read_at", Instant),
    Column("failed_at", Instant),
    Index("ix_business_message_thread", "phone_id", "wa_id", "created_at"),
    Index("ix_business_message_stanza", "phone_id", "wa_id", "direction", "stanza_id", unique=True),
    Index("ix_business_message_status", "status", "created_at"),
    Index("ix_business_message_expiry", "status", "expires_at"),
    Index("ix_business_message_waba", "waba_id", "created_at"),
    Index("ix_business_message_template", "template_id", "created_at"),
)
"""Both directions. `content` is plain text of a business chat: it is emptied after the operator's short time."""

contacts = Table(
    "business_contact",
    metadata,
    Column("phone_id", Text, primary_key=True),
    Column("wa_id", Text, primary_key=True),
    Column("portfolio_id", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("name", Text, nullable=False, default=""),
    Column("last_in_at", Instant),
    Column("referral_at", Instant),
    Column("free_entry_until", Instant),
    Column("blocked_at", Instant),
    Column("marketing_stopped", Boolean, nullable=False, default=False),
    Index("ix_business_contact_user", "portfolio_id", "user_id"),
)
"""What is between one number and one person: name, window, free entry point, block, wish about marketing."""

reached = Table(
    "business_reach",
    metadata,
    Column("portfolio_id", Text, primary_key=True),
    Column("wa_id", Text, primary_key=True),
    Column("at", Instant, nullable=False),
    Index("ix_business_reach_at", "portfolio_id", "at"),
)
"""When a portfolio last reached a person outside a window, for the messaging limit."""

clicks = Table(
    "business_click",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at", Instant, nullable=False),
    Index("ix_business_click_at", "at"),
)
"""Clicks on ads that have opened a chat: each counts once. Kept as long as its token is good."""

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Going:
    """An accepted message on its way out: what carrying it needs of its row."""

    id: str
    portfolio_id: str
    phone_id: str
    wa_id: str
    kind: str
    content: Any
    context_id: str
    pricing: Mapping[str, Any] | None
    error: Mapping[str, Any] | None
    created_at: datetime
    expires_at: datetime | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Going:
        return cls(**{name: row[name] for name in cls.__slots__})


async def contacts_of(uow: UnitOfWork, pairs: Collection[Pair]) -> dict[Pair, Row[Any]]:
    """The contact rows of (phone_id, wa_id) pairs that exist."""
    if not pairs:
        return {}
    c = contacts.c
    statement = select(contacts).where(tuple_(c.phone_id, c.wa_id).in_(bindparam("pairs", expanding=True)))
    rows = (await uow.execute(statement, {"pairs": list(pairs)})).all()
    return {(row.phone_id, row.wa_id): row for row in rows}


async def wa_ids_of(uow: UnitOfWork, portfolio_id: str, user_ids: Collection[str]) -> dict[str, str]:
    """Business-scoped user ids that this portfolio has met, with their numbers."""
    c = contacts.c
    statement = select(c.user_id, c.wa_id).where(c.portfolio_id == portfolio_id, c.user_id.in_(list(user_ids)))
    return {row.user_id: row.wa_id for row in (await uow.execute(statement)).all()}


async def reached_since(
    uow: UnitOfWork, portfolio_id: str, wa_ids: Collection[str], since: datetime
) -> tuple[int, set[str]]:
    """(how many people the portfolio reached, which of `wa_ids` are among them)."""
    r = reached.c
    within = and_(r.portfolio_id == portfolio_id, r.at > since)
    count = int((await uow.execute(select(func.count()).select_from(reached).where(within))).scalar_one())
    known = (await uow.execute(select(r.wa_id).where(within, r.wa_id.in_(list(wa_ids))))).scalars().all()
    return count, set(known)


async def note_reached(uow: UnitOfWork, pairs: Iterable[Pair], at: datetime) -> None:
    """(portfolio_id, wa_id) pairs reached now."""
    rows = [{"portfolio_id": portfolio, "wa_id": wa_id, "at": at} for portfolio, wa_id in dict.fromkeys(pairs)]
    if rows:
        statement = uow.insert(reached)
        statement = statement.on_conflict_do_update(
            index_elements=["portfolio_id", "wa_id"], set_={"at": statement.excluded.at}
        )
        await uow.execute(statement, rows)


async def marketing_since(uow: UnitOfWork, wa_ids: Collection[str], since: datetime) -> dict[str, int]:
    """How many marketing messages these people got from anybody since then."""
    m = messages.c
    statement = (
        select(m.wa_id, func.count())
        .where(m.wa_id.in_(list(wa_ids)), m.category == "marketing", m.created_at > since, m.status != "failed")
        .group_by(m.wa_id)
    )
    return {row[0]: row[1] for row in (await uow.execute(statement)).all()}


async def by_ids(uow: UnitOfWork, ids: Collection[str]) -> dict[str, Row[Any]]:
    """Messages by id."""
    rows = (await uow.execute(select(messages).where(messages.c.id.in_(list(ids))))).all()
    return {row.id: row for row in rows}


_m = messages.c
_PROGRESS = (
    *(_m.id, _m.phone_id, _m.wa_id, _m.user_id, _m.direction, _m.kind, _m.callback_data),
    *(_m.pricing, _m.status, _m.created_at, _m.delivered_at, _m.read_at),
)


_PROGRESS_OF = select(*_PROGRESS).where(_m.id.in_(bindparam("ids", expanding=True)))
_PROGRESS_LOCKED = _PROGRESS_OF.order_by(_m.id).with_for_update()


async def progress_of(uow: UnitOfWork, ids: Collection[str], *, lock: bool) -> dict[str, Row[Any]]:
    """`by_ids` without what was said, which receipts do not need. `lock` keeps others from changing them until this
    transaction ends, in an order that cannot deadlock: `sent` and a quick receipt are written by two transactions."""
    statement = _PROGRESS_LOCKED if lock else _PROGRESS_OF
    return {row.id: row for row in (await uow.execute(statement, {"ids": list(ids)})).all()}


async def by_stanza(uow: UnitOfWork, phone_id: str, wa_id: str, stanza_ids: Collection[str]) -> dict[str, Row[Any]]:
    """Messages of one thread by their stanza ids, whoever sent them."""
    m = messages.c
    where = and_(m.phone_id == phone_id, m.wa_id == wa_id, m.stanza_id.in_(list(stanza_ids)))
    return {row.stanza_id: row for row in (await uow.execute(select(messages).where(where))).all()}


async def thread(uow: UnitOfWork, phone_id: str, wa_id: str, limit: int) -> list[Row[Any]]:
    """The newest messages between a number and a person, oldest first."""
    m = messages.c
    statement = select(messages).where(m.phone_id == phone_id, m.wa_id == wa_id)
    rows = (await uow.execute(statement.order_by(m.created_at.desc(), m.id).limit(limit))).all()
    return list(reversed(rows))


async def unread_before(uow: UnitOfWork, row: Row[Any]) -> list[Row[Any]]:
    """Incoming messages of the thread up to `row` that are not marked read."""
    m = messages.c
    where = and_(
        m.phone_id == row.phone_id,
        m.wa_id == row.wa_id,
        m.direction == "in",
        m.status == "received",
        m.created_at <= row.created_at,
    )
    return list((await uow.execute(select(messages).where(where).order_by(m.created_at).limit(200))).all())


async def unread_of(uow: UnitOfWork, pairs: Collection[Pair]) -> dict[Pair, list[Row[Any]]]:
    """Outgoing messages of these threads that are not read yet, oldest first."""
    m = messages.c
    statement = (
        select(m.id, m.phone_id, m.wa_id, m.created_at)
        .where(
            tuple_(m.phone_id, m.wa_id).in_(list(pairs)),
            m.direction == "out",
            m.status.in_(("accepted", "sent", "delivered")),
        )
        .order_by(m.created_at)
        .limit(5_000)
    )
    found: dict[Pair, list[Row[Any]]] = {}
    for row in (await uow.execute(statement)).all():
        found.setdefault((row.phone_id, row.wa_id), []).append(row)
    return found


async def change(uow: UnitOfWork, message_id: str, values: Mapping[str, Any]) -> None:
    await uow.execute(update(messages).where(messages.c.id == message_id).values(**values))


async def change_many(uow: UnitOfWork, changes: Mapping[str, Mapping[str, Any]]) -> None:
    """Apply changes per message id; those of the same columns go in one statement."""
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for message_id, values in changes.items():
        alike.setdefault(tuple(sorted(values)), []).append({"id": message_id, **values})
    for rows in alike.values():
        await uow.update_many(messages.c.id, rows)


async def accepted(uow: UnitOfWork, limit: int) -> list[Going]:
    """Outgoing messages that were accepted and not yet carried out: after a crash they are sent again."""
    statement = select(messages).where(messages.c.status == "accepted").order_by(messages.c.created_at).limit(limit)
    return [Going.of(dict(row)) for row in (await uow.execute(statement)).mappings()]


async def sent_since(uow: UnitOfWork, template_id: str, since: datetime) -> int:
    """How many messages of a template were accepted since then, those held not counted."""
    m = messages.c
    where = and_(m.template_id == template_id, m.created_at >= since, m.status.not_in(("held", "failed")))
    return int((await uow.execute(select(func.count()).select_from(messages).where(where))).scalar_one())


async def held(uow: UnitOfWork, template_id: str, limit: int) -> list[str]:
    """Ids of messages that wait for the judgement of their template, oldest first."""
    m = messages.c
    statement = select(m.id).where(m.template_id == template_id, m.status == "held").order_by(m.created_at)
    return list((await uow.execute(statement.limit(limit))).scalars())


async def held_since(uow: UnitOfWork) -> dict[str, datetime]:
    """Since when messages wait, by template."""
    m = messages.c
    statement = select(m.template_id, func.min(m.created_at, type_=Instant)).where(m.status == "held")
    return {row[0]: row[1] for row in (await uow.execute(statement.group_by(m.template_id))).all()}


async def release_held(uow: UnitOfWork, template_id: str, limit: int) -> list[Going]:
    ids = await held(uow, template_id, limit)
    await uow.execute(update(messages).where(messages.c.id.in_(ids)).values(status="accepted"))
    statement = select(messages).where(messages.c.id.in_(ids)).order_by(messages.c.created_at)
    return [Going.of(dict(row)) for row in (await uow.execute(statement)).mappings()]


async def use_click(uow: UnitOfWork, click_id: str, at: datetime, kept_since: datetime) -> bool:
    """Whether this click counts now: the first time."""
    await uow.execute(clicks.delete().where(clicks.c.at < kept_since))
    statement = uow.insert(clicks).values(id=click_id, at=at)
    return (await uow.execute(statement.on_conflict_do_nothing(index_elements=["id"]))).rowcount == 1


async def expired(uow: UnitOfWork, at: datetime, limit: int) -> list[str]:
    """Ids of outgoing messages that nobody has received within their time to live."""
    m = messages.c
    waits = and_(m.status.in_(("held", "accepted")), m.expires_at <= at)
    went = and_(m.status == "sent", m.expires_at <= at - LATE_RECEIPT)
    statement = select(m.id).where(or_(waits, went))
    return list((await uow.execute(statement.order_by(m.expires_at).limit(limit))).scalars())


async def forget_content(uow: UnitOfWork, before: datetime) -> None:
    """Empty what was said before then."""
    m = messages.c
    where = and_(m.created_at < before, m.status != "accepted", m.content.is_not(None))
    await uow.execute(update(messages).where(where).values(content=None))


async def upsert_contact(uow: UnitOfWork, key: Pair, fixed: Mapping[str, Any], changed: Mapping[str, Any]) -> None:
    """Make the contact with `fixed` and `changed`, or apply `changed` to it."""
    statement = uow.insert(contacts).values(
        phone_id=key[0], wa_id=key[1], **({"name": "", "marketing_stopped": False} | dict(fixed) | dict(changed))
    )
    await uow.execute(statement.on_conflict_do_update(index_elements=["phone_id", "wa_id"], set_=dict(changed)))
