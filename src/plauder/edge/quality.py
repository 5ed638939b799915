"""The hourly look at quality: what people did becomes ratings, pauses and limits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from plauder.business.accounts import store as account_store
from plauder.business.numbers import store as number_store
from plauder.business.quality import commands, rules
from plauder.business.shared.updates import Update, Updates
from plauder.business.templates import commands as templates
from plauder.business.templates import store as template_store
from plauder.features.blocking import store as blocking
from plauder.store.database import UnitOfWork


async def assess(uow: UnitOfWork, domain: str, updates: Updates, *, at: datetime) -> None:
    """Everything once: complaints, numbers, portfolios, templates."""
    numbers = await number_store.registered(uow)
    await _gather(uow, numbers, domain, at)
    for number in numbers:
        await _number(uow, number, updates, at)
    numbers = await number_store.registered(uow)  # with their new ratings
    for portfolio_id in sorted({number.portfolio_id for number in numbers}):
        await _portfolio(uow, portfolio_id, numbers, updates, at)
    sent = await commands.templates_sent(uow, at)
    await template_store.note_used(uow, [row.template_id for row in sent], at)
    for row in sent:
        template = await template_store.get(uow, row.template_id)
        if template is not None:
            found = rules.rating(await commands.of_template(uow, template.id, at))
            if found != "UNKNOWN":
                await templates.assess(uow, template, found, at=at, updates=updates)


async def _gather(uow: UnitOfWork, numbers: list[Row[Any]], domain: str, at: datetime) -> None:
    """Blocks (XEP-0191) and reports (XEP-0377) of people against numbers of ours."""
    by_jid = {f"{number.digits}@{domain}": number.id for number in numbers}
    blocks, reports = blocking.items.c, blocking.reports.c
    for row in (await uow.execute(select(blocks.account, blocks.jid).where(blocks.jid.in_(by_jid)))).all():
        await commands.note(uow, phone_id=by_jid[row.jid], wa_id=_local(row.account), kind="block", at=at)
    recent = select(reports.reporter, reports.reported).where(
        reports.reported.in_(by_jid), reports.at > at - rules.SPAN
    )
    for row in (await uow.execute(recent)).all():
        await commands.note(uow, phone_id=by_jid[row.reported], wa_id=_local(row.reporter), kind="report", at=at)


def _local(account: str) -> str:
    return account.partition("@")[0]


async def _number(uow: UnitOfWork, number: Row[Any], updates: Updates, at: datetime) -> None:
    found = rules.rating(await commands.of_number(uow, number.id, at))
    if found in ("UNKNOWN", number.quality):
        return
    await number_store.change(uow, number.id, quality=found)
    event = "FLAGGED" if found == "RED" else "UNFLAGGED"
    if "RED" in (found, number.quality):
        portfolio = await account_store.get(uow, account_store.portfolios, number.portfolio_id)
        tier = portfolio.tier if portfolio else "TIER_250"
        await updates.publish(uow, [_limit_update(number, event, tier, tier, at)])


def _limit_update(number: Row[Any], event: str, old: str, new: str, at: datetime) -> Update:
    value = {
        "display_phone_number": number.digits,
        "event": event,
        "old_limit": old,
        "current_limit": new,
        "max_daily_conversations_per_business": new,
    }
    return Update(number.waba_id, "phone_number_quality_update", value, at, key=number.id, about=number.id)


async def _portfolio(
    uow: UnitOfWork, portfolio_id: str, numbers: list[Row[Any]], updates: Updates, at: datetime
) -> None:
    portfolio = await account_store.get(uow, account_store.portfolios, portfolio_id)
    assert portfolio
    mine = [number for number in numbers if number.portfolio_id == portfolio_id]
    worst = "RED" if any(number.quality == "RED" for number in mine) else "GREEN"
    tier = rules.next_tier(
        portfolio.tier,
        people=await commands.reached(uow, portfolio_id, at),
        rating_=worst,
        is_verified=portfolio.verification == "verified",
    )
    if tier == portfolio.tier:
        return
    await account_store.change(uow, account_store.portfolios, portfolio_id, tier=tier)
    changes = [_limit_update(number, "UPGRADE", portfolio.tier, tier, at) for number in mine]
    capability = {
        "max_daily_conversations_per_business": tier,
        "max_phone_numbers_per_business": 20,
        "max_phone_numbers_per_waba": 20,
    }
    wabas = sorted({number.waba_id for number in mine})
    changes += [Update(waba, "business_capability_update", capability, at, key=waba) for waba in wabas]
    await updates.publish(uow, changes)
