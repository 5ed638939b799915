"""`messages.ports.Billing` on the charges of `plauder.money`. A portfolio is one billing account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from plauder.business.accounts import store as account_store
from plauder.business.messages.ports import PriceRequest, Quote
from plauder.business.shared.errors import GraphError, fail
from plauder.business.shared.updates import Update, Updates
from plauder.kit.errors import PlauderError
from plauder.money.billing.accounts import Account, Accounts
from plauder.money.billing.charges import Charges, Message
from plauder.money.rates.rule import Category
from plauder.money.rates.rule import Quote as Priced
from plauder.store.database import UnitOfWork


class MeteredBilling:
    """Prices by the rate card, charges on delivery."""

    async def reserve(self, uow: UnitOfWork, requests: Mapping[str, PriceRequest]) -> Mapping[str, Quote | GraphError]:
        messages = [_message(message_id, request) for message_id, request in requests.items()]
        quotes = await Charges(uow).reserve_all(messages)
        return {message.id: _answer(quote) for message, quote in zip(messages, quotes, strict=True)}

    async def settle(self, uow: UnitOfWork, message_ids: Sequence[str], at: datetime) -> None:
        await Charges(uow).settle(message_ids, at)

    async def release(self, uow: UnitOfWork, message_ids: Sequence[str], at: datetime) -> None:
        await Charges(uow).release(message_ids, at)


def _message(message_id: str, request: PriceRequest) -> Message:
    return Message(
        id=message_id,
        account=request.portfolio_id,
        number=request.phone_id,
        recipient=request.wa_id,
        category=Category(request.category),
        at=request.at,
        window_open=request.window_open,
        entry_point_open=request.free_entry_point,
        quality=request.quality,
    )


def _answer(quote: Priced | PlauderError) -> Quote | GraphError:
    if isinstance(quote, PlauderError):  # it cannot pay, has no account, or the card has no price for this market
        return fail(131042, quote.message)
    model: Literal["PMP", "CBP"] = "CBP" if quote.model == "CBP" else "PMP"
    return Quote(quote.is_billable, model, quote.type, quote.category, quote.price, "\n".join(quote.why), quote.tier)


async def open_account(uow: UnitOfWork, portfolio_id: str, waba_id: str, at: datetime) -> None:
    """The billing account of a new portfolio, in the currency and time zone of its first WABA."""
    portfolio = await account_store.get(uow, account_store.portfolios, portfolio_id)
    waba = await account_store.get(uow, account_store.wabas, waba_id)
    assert portfolio
    assert waba
    account = Account(
        id=portfolio_id,
        name=portfolio.name,
        currency=waba.currency,
        timezone=waba.timezone_id,
        country=portfolio.country,
    )
    await Accounts(uow).open(account, at)


async def tell_of_alert(
    uow: UnitOfWork, updates: Updates, payload: Mapping[str, Any], *, key: str, at: datetime
) -> None:
    """`billing.alert` of the books as the webhook `account_alerts` of every WABA of the business."""
    portfolio_id, percent = str(payload["account"]), int(payload["percent"])
    what = "is reached: messages that cost something fail" if percent >= 100 else f"is used up to {percent} %"
    value = {
        "entity_type": "BUSINESS",
        "entity_id": portfolio_id,
        "alert_info": {
            "alert_severity": "CRITICAL" if percent >= 100 else "WARNING",
            "alert_status": "ACTIVE",
            "alert_type": "SPEND_LIMIT",
            "alert_description": f"The spend limit of this month {what}.",
        },
    }
    wabas = await account_store.of_portfolio(uow, account_store.wabas, portfolio_id)
    await updates.publish(
        uow, [Update(waba.id, "account_alerts", value, at, key=key, about=portfolio_id) for waba in wabas]
    )


async def tell_of_tier(uow: UnitOfWork, updates: Updates, payload: Mapping[str, Any], *, key: str) -> None:
    """`billing.tier` of the books as the webhook `account_update` of every WABA of the business: volume is counted
    over the whole portfolio. `region` is the market as pricing analytics name it."""
    portfolio_id, reached = str(payload["account"]), int(payload["at"])
    value = {
        "event": "VOLUME_BASED_PRICING_TIER_UPDATE",
        "volume_tier_info": {
            "tier_update_time": reached,
            "pricing_category": str(payload["category"]).upper(),
            "tier": payload["tier"],
            "effective_month": payload["month"],
            "region": payload["market"],
        },
    }
    at = datetime.fromtimestamp(reached, UTC)
    wabas = await account_store.of_portfolio(uow, account_store.wabas, portfolio_id)
    await updates.publish(
        uow, [Update(waba.id, "account_update", value, at, key=key, about=portfolio_id) for waba in wabas]
    )
