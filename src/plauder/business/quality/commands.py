"""Counting signals and applying what follows.

Reads tables of others by name, not by importing them: messages of businesses, block lists and reports of people.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, Row, Table, func, select

from plauder.business.quality import rules
from plauder.business.quality.rules import Signals
from plauder.store.database import UnitOfWork
from plauder.store.schema import Instant, Text, metadata

signals = Table(
    "business_signal",
    metadata,
    Column("phone_id", Text, primary_key=True),
    Column("wa_id", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("template_id", Text, nullable=False, default=""),
    Column("at", Instant, nullable=False),
    Index("ix_business_signal_at", "at"),
)
"""Who complained how (`block`, `report`), about the template they got last. Kept as long as it counts."""


async def note(uow: UnitOfWork, *, phone_id: str, wa_id: str, kind: str, at: datetime) -> None:
    """A person blocked or reported a number. The same complaint again changes nothing."""
    m = metadata.tables["business_message"].c
    latest = (
        select(m.template_id)
        .where(m.phone_id == phone_id, m.wa_id == wa_id, m.direction == "out", m.template_id != "")
        .order_by(m.created_at.desc())
        .limit(1)
    )
    template_id = (await uow.execute(latest)).scalar_one_or_none() or ""
    statement = uow.insert(signals).values(phone_id=phone_id, wa_id=wa_id, kind=kind, template_id=template_id, at=at)
    await uow.execute(statement.on_conflict_do_nothing(index_elements=["phone_id", "wa_id", "kind"]))


async def of_number(uow: UnitOfWork, phone_id: str, at: datetime) -> Signals:
    m = metadata.tables["business_message"].c
    return await _signals(uow, m.phone_id == phone_id, signals.c.phone_id == phone_id, at)


async def of_template(uow: UnitOfWork, template_id: str, at: datetime) -> Signals:
    m = metadata.tables["business_message"].c
    return await _signals(uow, m.template_id == template_id, signals.c.template_id == template_id, at)


async def _signals(uow: UnitOfWork, of_messages: Any, of_signals: Any, at: datetime) -> Signals:
    m = metadata.tables["business_message"].c
    since = at - rules.SPAN
    counts = select(
        func.count(m.wa_id.distinct()),
        func.count(m.delivered_at),
        func.count(m.read_at),
    ).where(of_messages, m.direction == "out", m.created_at > since)
    people, delivered, read = (await uow.execute(counts)).one()
    complaints = (await uow.execute(select(signals.c.kind, signals.c.at).where(of_signals, signals.c.at > since))).all()
    return Signals(
        people=people,
        delivered=max(delivered, read),
        read=read,
        blocked=_weighed(complaints, "block", at),
        reported=_weighed(complaints, "report", at),
    )


def _weighed(complaints: Any, kind: str, at: datetime) -> float:
    return sum(rules.weight(at - row.at) for row in complaints if row.kind == kind)


async def reached(uow: UnitOfWork, portfolio_id: str, at: datetime) -> int:
    """People whom a portfolio reached outside windows in the span."""
    r = metadata.tables["business_reach"].c
    statement = select(func.count()).where(r.portfolio_id == portfolio_id, r.at > at - rules.SPAN)
    return int((await uow.execute(statement)).scalar_one())


async def templates_sent(uow: UnitOfWork, at: datetime) -> list[Row[Any]]:
    """Templates that were sent in the span."""
    m = metadata.tables["business_message"].c
    statement = select(m.template_id).distinct().where(m.template_id != "", m.created_at > at - rules.SPAN)
    return list((await uow.execute(statement)).all())
