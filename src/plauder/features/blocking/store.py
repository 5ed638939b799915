"""Block lists and reports in the database: the only SQL of this feature."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Column, Index, Table, bindparam, delete, func, select, update

from plauder.core.people import Report
from plauder.store.database import Database, UnitOfWork
from plauder.store.schema import BigKey, Instant, Text, metadata

items = Table(
    "block_item",
    metadata,
    Column("account", Text, primary_key=True),
    Column("jid", Text, primary_key=True),
    Index("ix_block_item_jid", "jid"),
)


reports = Table(
    "abuse_report",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("reporter", Text, nullable=False),
    Column("reported", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_abuse_report_reporter", "reporter", "at"),
    Index("ix_abuse_report_at", "at"),
)

_LOAD = select(items.c.jid).where(items.c.account == bindparam("account")).order_by(items.c.jid)


def look(database: Database, account: str) -> list[str] | None:
    """The addresses an account blocks, sorted; None where that has to be waited for."""
    rows = database.peek(_LOAD, account=account)
    return None if rows is None else [row.jid for row in rows]


async def load(database: Database, account: str) -> list[str]:
    """The same, waited for."""
    async with database.read() as uow:
        return [row.jid for row in await uow.execute(_LOAD, {"account": account})]


async def add(uow: UnitOfWork, account: str, jids: Collection[str]) -> None:
    """Block addresses; those that are blocked already are passed over."""
    rows = [{"account": account, "jid": jid} for jid in jids]
    await uow.execute(uow.insert(items).on_conflict_do_nothing(), rows)


async def remove(uow: UnitOfWork, account: str, jids: Collection[str]) -> None:
    """Unblock addresses."""
    await uow.execute(delete(items).where(items.c.account == account, items.c.jid.in_(jids)))


async def forget_account(uow: UnitOfWork, account: str) -> None:
    """Erase an account's list, and what it reported. What others reported of it stays with the operator."""
    await uow.execute(delete(items).where(items.c.account == account))
    await uow.execute(delete(reports).where(reports.c.reporter == account))


async def rename(uow: UnitOfWork, old: str, new: str) -> list[str]:
    """Move an account's list and reports to another address; whom others block stays blocked. Returns these others."""
    await uow.execute(delete(items).where(items.c.account == new))
    await uow.execute(update(items).where(items.c.account == old).values(account=new))
    await uow.execute(update(reports).where(reports.c.reporter == old).values(reporter=new))
    blockers = list((await uow.execute(select(items.c.account).where(items.c.jid == old))).scalars())
    if blockers:
        rows = [{"account": account, "jid": new} for account in blockers]
        await uow.execute(uow.insert(items).on_conflict_do_nothing(), rows)
    return blockers


async def save_report(uow: UnitOfWork, report: Report) -> None:
    """Keep a report for the operator."""
    values = {
        "reporter": report.reporter,
        "reported": report.reported,
        "reason": report.reason,
        "text": report.text,
        "evidence": json.dumps(report.evidence),
        "at": report.at,
    }
    await uow.execute(reports.insert().values(values))


async def count_reports(uow: UnitOfWork, reporter: str, since: datetime) -> int:
    """How many reports an account has made since then."""
    statement = select(func.count()).where(reports.c.reporter == reporter, reports.c.at >= since)
    return int((await uow.execute(statement)).scalar_one())


async def latest_reports(uow: UnitOfWork, limit: int) -> list[Report]:
    """The latest reports, the newest first."""
    rows = await uow.execute(select(reports).order_by(reports.c.at.desc(), reports.c.id.desc()).limit(limit))
    return [
        Report(row.reporter, row.reported, row.reason, row.text, tuple(json.loads(row.evidence)), row.at)
        for row in rows
    ]


async def forget_reports(uow: UnitOfWork, before: datetime) -> None:
    """Remove reports that were made before that time."""
    await uow.execute(delete(reports).where(reports.c.at < before))
