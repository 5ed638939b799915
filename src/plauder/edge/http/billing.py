"""What it costs: prices, simulation, usage, limits, invoices of a business. `/api/v1/business/{id}/billing/…`

Amounts are integer micro-units with their currency beside them; the page formats them. The price shown, the campaign
simulated and the bill come from the same rule.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select

from plauder.edge.http.auth import Authenticated
from plauder.edge.http.business import Desk
from plauder.edge.http.graph.wiring import Platform
from plauder.kit import phone
from plauder.kit.errors import NotFound
from plauder.money.billing import usage
from plauder.money.billing.accounts import Account, Accounts
from plauder.money.billing.charges import CHARGED, Charges
from plauder.money.billing.charges import table as charges
from plauder.money.billing.invoices import INVOICE, Document, Invoices
from plauder.money.rates.card import RateCard
from plauder.money.rates.market import OTHER, market_of
from plauder.money.rates.rule import Category, Counter, Question
from plauder.money.rates.store import RateCards, example_card
from plauder.store.database import UnitOfWork

Month = Annotated[str, Query(pattern=r"^20\d\d-(0[1-9]|1[0-2])$")]
Number = Annotated[str, Field(pattern=r"^[A-Z]{2}-[0-9-]{4,20}$")]


class Limits(BaseModel):
    """All in micro-units of the account's currency; null takes the limit away."""

    model_config = ConfigDict(extra="forbid")

    spend_limit: int | None = Field(None, ge=0, le=1 << 60)
    essential_limit: int | None = Field(None, ge=0, le=1 << 60)
    alert_percent: int = Field(80, ge=1, le=100)


class Address(BaseModel):
    """What an invoice says of the buyer."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=128)
    address: str = Field("", max_length=500)
    tax_id: str = Field("", max_length=40)


def router(platform: Platform, *, seller: str) -> APIRouter:
    """The billing routes. `seller` is the operator's name and address on invoices."""
    routes = APIRouter(prefix="/api/v1/business/{business_id}/billing", tags=["billing"])
    desk = Desk(platform)
    _usage(routes, desk)
    _prices(routes, desk)
    _settings(routes, desk)
    _documents(routes, desk, seller)
    return routes


def _usage(routes: APIRouter, desk: Desk) -> None:
    clock = desk.graph.clock

    @routes.get("", summary="So far this month: spent, per day, by market and category, limits")
    async def summary(caller: Authenticated, business_id: str, month: Month | None = None) -> dict[str, Any]:
        now = clock.now()
        async with desk.database.read() as uow:
            await desk.role(uow, caller, business_id, "money")
            account = await Accounts(uow).get(business_id)
            wanted = month or account.local_date(now).isoformat()[:7]
            standing = await Charges(uow).standing(account, now)
            rows = await _rows(uow, account, wanted)
            return {
                "account": _view(account),
                "month": wanted,
                "owed": standing.owed.micros,
                "reserved": standing.reserved.micros,
                "spent": sum(row["amount"] for row in rows),
                "projected": _projected(account, now, wanted, sum(row["amount"] for row in rows)),
                "usage": await _with_tiers(uow, account, rows, now),
                "days": await _days(uow, account, wanted),
            }

    @routes.get("/usage.csv", summary="Every charge of a month, with the reason for its price")
    async def export(caller: Authenticated, business_id: str, month: Month) -> Response:
        async with desk.database.read() as uow:
            await desk.role(uow, caller, business_id, "money")
            text = await usage.export(uow, business_id, month)
        return _file(text.encode(), "text/csv; charset=utf-8", f"usage-{month}.csv")


def _prices(routes: APIRouter, desk: Desk) -> None:
    clock = desk.graph.clock

    @routes.get("/prices", summary="What a message costs today, by market and category")
    async def prices(caller: Authenticated, business_id: str) -> dict[str, Any]:
        async with desk.database.read() as uow:
            await desk.role(uow, caller, business_id)
            account = await Accounts(uow).get(business_id)
            card = await RateCards(uow).current(account.currency)
            is_example = card is example_card(account.currency)
        today = account.local_date(clock.now())
        table = {
            market: {category: _price(card, account, market, category, today) for category in Category}
            for market in [*card.markets(), "other"]
        }
        home = market_of(example) if (example := phone.example_of(account.country)) else OTHER
        return {
            "currency": account.currency,
            "date": today.isoformat(),
            "home": home,
            "prices": table,
            "is_example": is_example,
        }

    @routes.get("/quote", summary="What a campaign would cost, tier by tier, and why")
    async def quote(
        caller: Authenticated,
        business_id: str,
        market: Annotated[str, Query(max_length=40)],
        category: Category,
        count: Annotated[int, Query(ge=1, le=100_000_000)] = 1,
        window_open: bool = False,
        entry_point_open: bool = False,
    ) -> dict[str, Any]:
        now = clock.now()
        async with desk.database.read() as uow:
            await desk.role(uow, caller, business_id)
            account = await Accounts(uow).get(business_id)
            card = await RateCards(uow).current(account.currency)
            counters = await Charges(uow).counts(account, market, category, "", now)
        question = _question(account, market, category, account.local_date(now))
        cost = card.cost(_with(question, counters, window_open, entry_point_open), count)
        bands = [
            {"count": band.count, "each": band.quote.price.micros, "type": band.quote.type, "why": list(band.quote.why)}
            for band in cost.bands
        ]
        return {"currency": account.currency, "total": cost.total.micros, "bands": bands}


def _settings(routes: APIRouter, desk: Desk) -> None:
    @routes.put("/limits", summary="Set the spend limit; at it marketing stops first")
    async def limits(caller: Authenticated, business_id: str, body: Limits) -> dict[str, Any]:
        async with desk.database.begin() as uow:
            await desk.role(uow, caller, business_id, "money")
            return _view(await Accounts(uow).change(business_id, **body.model_dump()))

    @routes.put("/address", summary="Set what invoices say of you")
    async def address(caller: Authenticated, business_id: str, body: Address) -> dict[str, Any]:
        async with desk.database.begin() as uow:
            await desk.role(uow, caller, business_id, "money")
            return _view(await Accounts(uow).change(business_id, **body.model_dump()))


def _documents(routes: APIRouter, desk: Desk, seller: str) -> None:
    clock = desk.graph.clock

    async def found(uow: UnitOfWork, business_id: str, number: str) -> Document:
        document = await Invoices(uow, seller=seller).get(number)
        if document.account != business_id:
            raise NotFound("There is no such invoice.")
        return document

    @routes.get("/invoices", summary="Invoices and credit notes, newest first")
    async def invoices(caller: Authenticated, business_id: str) -> list[dict[str, Any]]:
        async with desk.database.read() as uow:
            await desk.role(uow, caller, business_id, "money")
            account = await Accounts(uow).get(business_id)
            known = await Invoices(uow, seller=seller).of(business_id)
            owed = (await Charges(uow).standing(account, clock.now())).owed.micros
            billed = {document.about for document in known}
            unpaid = _unpaid(known, owed - await _not_billed(uow, business_id, billed))
        names = ("number", "kind", "about", "issued", "due", "currency", "net", "tax", "total")
        return [
            {name: getattr(document, name) for name in names} | {"open": unpaid[document.number]} for document in known
        ]

    @routes.get("/invoices/{number}.{form}", summary="One invoice as PDF, JSON or CSV")
    async def invoice(
        caller: Authenticated, business_id: str, number: Number, form: Literal["pdf", "json", "csv"]
    ) -> Response:
        async with desk.database.read() as uow:
            await desk.role(uow, caller, business_id, "money")
            document = await found(uow, business_id, number)
        return await asyncio.to_thread(_drawn, document, form)


def _drawn(document: Document, form: Literal["pdf", "json", "csv"]) -> Response:
    """Takes its time, and the first one loads what draws."""
    from plauder.money.billing import documents

    number = document.number
    if form == "pdf":
        return _file(documents.to_pdf(document), "application/pdf", f"{number}.pdf")
    if form == "csv":
        return _file(documents.to_csv(document).encode(), "text/csv; charset=utf-8", f"{number}.csv")
    return _file(documents.to_json(document), "application/json", f"{number}.json")


def _unpaid(documents: Sequence[Document], owed: int) -> dict[str, int]:
    """What of each document is open, newest first: payments and credits settle the oldest invoice first."""
    found: dict[str, int] = {}
    for document in documents:
        found[document.number] = max(0, min(document.total, owed)) if document.kind == INVOICE else 0
        owed -= found[document.number]
    return found


async def _not_billed(uow: UnitOfWork, account: str, billed: set[str]) -> int:
    """What was charged in months without an invoice, in micro-units."""
    c = charges.c
    query = select(func.coalesce(func.sum(c.micros), 0)).where(
        c.account == account, c.state == CHARGED, c.month.not_in(billed)
    )
    return int((await uow.execute(query)).scalar_one())


# ── the numbers ───────────────────────────────────────────────────────────────────────────────────────────────────


async def _rows(uow: UnitOfWork, account: Account, month: str) -> list[dict[str, Any]]:
    """Delivered messages of a month by market, category, type and price."""
    c = charges.c
    query = (
        select(c.market, c.reported_category, c.type, c.micros, func.count())
        .where(c.account == account.id, c.month == month, c.state == CHARGED)
        .group_by(c.market, c.reported_category, c.type, c.micros)
        .order_by(c.market, c.reported_category, c.micros.desc())
    )
    names = ("market", "category", "type", "each", "messages", "amount")
    return [
        dict(zip(names, (market, category, type_, micros, count, micros * count), strict=True))
        for market, category, type_, micros, count in await uow.execute(query)
    ]


async def _with_tiers(
    uow: UnitOfWork, account: Account, rows: list[dict[str, Any]], now: datetime
) -> list[dict[str, Any]]:
    """The volume band each row's market and category is in now, so that the next one is in sight."""
    card, today = await RateCards(uow).current(account.currency), account.local_date(now)
    for row in rows:
        if row["category"] not in set(Category):
            row["tier"] = None
            continue
        counters = await Charges(uow).counts(account, row["market"], row["category"], "", now)
        question = _question(account, row["market"], Category(row["category"]), today)
        low, high = card.tier(_with(question, counters, False, False))
        row["tier"] = {"from": low, "to": high, "now": counters[Counter.MARKET_CATEGORY]}
    return rows


async def _days(uow: UnitOfWork, account: Account, month: str) -> list[dict[str, Any]]:
    start = datetime.fromisoformat(f"{month}-01").replace(tzinfo=UTC)
    end = (start + timedelta(days=32)).replace(day=1)
    points = await usage.pricing_analytics(
        uow, account.id, start=start, end=end, granularity="DAILY", dimensions=["PRICING_CATEGORY"]
    )
    return [
        {
            "day": datetime.fromtimestamp(point.start, UTC).date().isoformat(),
            "category": dict(point.dimensions)["PRICING_CATEGORY"].lower(),
            "messages": point.volume,
            "amount": point.cost,
        }
        for point in points
    ]


def _projected(account: Account, now: datetime, month: str, spent: int) -> int | None:
    """What the month comes to if it goes on like this; None for months that are over."""
    today = account.local_date(now)
    if today.isoformat()[:7] != month:
        return None
    days = ((today.replace(day=1) + timedelta(days=32)).replace(day=1) - today.replace(day=1)).days
    return spent * days // today.day


def _question(account: Account, market: str, category: Category, today: date) -> Question:
    return Question(today, market, category, business_market=account.market, industry=account.industry)


def _with(question: Question, counters: dict[Counter, int], window: bool, entry: bool) -> Question:
    return replace(question, counters=counters, window_open=window, entry_point_open=entry)


def _price(card: RateCard, account: Account, market: str, category: Category, today: date) -> int:
    return card.quote(_question(account, market, category, today)).price.micros


def _view(account: Account) -> dict[str, Any]:
    hidden = {"reserved", "market"}
    return {name: value for name, value in asdict(account).items() if name not in hidden}


def _file(body: bytes, media_type: str, name: str) -> Response:
    return Response(body, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})
