"""From the books to the business's program, through the whole server: volume tiers and spend alerts."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from plauder import app
from plauder.kit.money import Money
from plauder.money.billing.accounts import Accounts
from plauder.money.billing.charges import Charges, Message
from plauder.money.rates.rule import Category
from plauder.money.rates.store import RateCards
from tests.business.cloud import Receiver
from tests.test_app import config, register

CARD = (
    "id,since,category,price,percent,adjusts,counter,volume_from,volume_to\n"
    "p,2026-01-01,*,0.05,,,,,\n"
    "t,2026-01-01,utility,,-10,tier,market-category,2,\n"
)


@pytest.mark.server
async def test_a_tier_and_an_alert_reach_the_businesss_program(tmp_path: Path) -> None:
    receiver = Receiver()
    await receiver.start()
    async with app.running(config(tmp_path / "data")) as served:
        ana = await register(served)
        address = f"http://127.0.0.1:{served.http_port}/api/v1/business"
        async with httpx.AsyncClient(auth=(ana["jid"], ana["password"])) as http:
            new = {"name": "Padaria Sol", "country": "BR", "currency": "BRL"}
            business = (await http.post(address, json=new)).json()["id"]
            fields = ["account_update", "account_alerts"]
            hook = {"url": receiver.url, "verify_token": receiver.verify_token, "fields": fields}
            assert (await http.put(f"{address}/{business}/webhook", json=hook)).status_code == 204
            limits = {"spend_limit": 120_000, "essential_limit": None, "alert_percent": 80}
            limited = await http.put(f"{address}/{business}/billing/limits", json=limits)
            assert limited.status_code == 200, limited.text
            now = served.clock.now()
            sold = [Message(f"m{n}", business, "1", "5511965551000", Category.UTILITY, now) for n in range(2)]
            async with served.database.begin() as uow:
                await RateCards(uow).bring_in(CARD, "BRL", by="test", at=now)
                await Accounts(uow).pay_in(business, Money.of("10", "BRL"), key="t", at=now, memo="bank transfer")
                for message in sold:
                    await Charges(uow).reserve(message)
            async with served.database.begin() as uow:
                await Charges(uow).settle([message.id for message in sold], now)
            tier = await receiver.first("account_update")
            alert = await receiver.first("account_alerts")
    await receiver.stop()
    assert tier["event"] == "VOLUME_BASED_PRICING_TIER_UPDATE"
    info = tier["volume_tier_info"]
    assert (info["region"], info["pricing_category"], info["tier"]) == ("BR", "UTILITY", "2:MAX")
    assert (alert["entity_id"], alert["alert_info"]["alert_type"]) == (business, "SPEND_LIMIT")
