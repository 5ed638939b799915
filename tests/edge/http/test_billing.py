"""The billing page's API, on the whole server."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from plauder import app
from plauder.kit.clock import SystemClock
from plauder.kit.config import Config
from plauder.kit.money import Money
from plauder.money.billing.accounts import Accounts
from plauder.money.billing.charges import Charges, Message
from plauder.money.billing.invoices import close_month
from plauder.money.rates.rule import Category

pytestmark = pytest.mark.server


class Shop:
    """A business, its owner and the server."""

    def __init__(self, served: app.App, http: httpx.AsyncClient, business: str) -> None:
        self.served, self.http, self.business = served, http, business

    async def get(self, path: str = "", status: int = 200, **params: Any) -> Any:
        answer = await self.http.get(f"/api/v1/business/{self.business}/billing{path}", params=params)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.headers["content-type"] == "application/json" else answer

    async def sell(self, count: int, *, days_ago: int = 0) -> None:
        at = SystemClock().now() - timedelta(days=days_ago)
        async with self.served.database.begin() as uow:
            ids = [f"m{days_ago}-{n}" for n in range(count)]
            for one in ids:
                message = Message(one, self.business, "1", "4915112345678", Category.MARKETING, at)
                await Charges(uow).reserve(message)
            await Charges(uow).settle(ids, at)


def basic(jid: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{jid}:{password}".encode()).decode()


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    config = Config(data_dir=tmp_path / "data", http={"port": 0}, xmpp={"port": 0, "tls_port": 0})
    async with app.running(config) as served:
        for name in ("4915112345670", "4915112345671"):
            await served.devices.create_with_password(name, "correct horse")
        headers = {"Authorization": basic("4915112345670@localhost", "correct horse")}
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{served.http_port}", headers=headers, timeout=60
        ) as http:
            made = await http.post("/api/v1/business", json={"name": "Kolibri Air", "country": "PT", "currency": "EUR"})
            assert made.status_code == 201, made.text
            shop = Shop(served, http, made.json()["id"])
            async with served.database.begin() as uow:
                await Accounts(uow).pay_in(
                    shop.business, Money.of("100", "EUR"), key="t", at=SystemClock().now(), memo="test"
                )
            yield shop


async def test_the_page_adds_up(shop: Shop) -> None:
    await shop.sell(3)
    page = await shop.get()
    assert page["spent"] == 3 * 136_500
    assert page["owed"] == 3 * 136_500 - 100_000_000
    assert page["projected"] >= page["spent"]
    [row] = page["usage"]
    assert (row["market"], row["category"], row["messages"], row["each"]) == ("DE", "marketing", 3, 136_500)
    assert [day["amount"] for day in page["days"]] == [3 * 136_500]


async def test_the_price_shown_is_the_price_simulated_and_billed(shop: Shop) -> None:
    prices = await shop.get("/prices")
    assert prices["prices"]["DE"]["marketing"] == 136_500
    quote = await shop.get("/quote", market="DE", category="marketing", count=3)
    assert quote["total"] == 3 * 136_500
    assert quote["bands"][0]["why"]
    await shop.sell(3)
    assert (await shop.get())["spent"] == quote["total"]


async def test_last_months_invoice_in_every_form(shop: Shop) -> None:
    await shop.sell(2, days_ago=35)
    [number] = await close_month(shop.served.database, seller="Plauder", at=SystemClock().now())
    [listed] = await shop.get("/invoices")
    assert listed["number"] == number
    assert listed["net"] == 2 * 136_500
    assert (await shop.get(f"/invoices/{number}.pdf")).content.startswith(b"%PDF")
    assert (await shop.get(f"/invoices/{number}.json"))["number"] == number
    assert "marketing" in (await shop.get(f"/invoices/{number}.csv")).text
    month = listed["about"]
    assert (await shop.get("/usage.csv", month=month)).text.count("\n") == 3


async def test_limits_are_set_by_who_may(shop: Shop) -> None:
    path = f"/api/v1/business/{shop.business}/billing/limits"
    answer = await shop.http.put(path, json={"spend_limit": 1_000_000, "essential_limit": 2_000_000})
    assert answer.json()["spend_limit"] == 1_000_000
    assert (await shop.http.put(path, json={"spend_limit": 5, "essential_limit": 4})).status_code == 400
    assert (await shop.http.put(path, json={"spend_limit": -1})).status_code in (400, 422)
    stranger = {"Authorization": basic("4915112345671@localhost", "correct horse")}
    assert (await shop.http.put(path, json={}, headers=stranger)).status_code == 404
    member = f"/api/v1/business/{shop.business}/members/4915112345671"
    assert (await shop.http.put(member, json={"role": "developer"})).status_code == 204
    assert (await shop.http.put(path, json={}, headers=stranger)).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "?month=2026-13",
        "/quote?market=DE&category=spam",
        "/quote?market=DE&category=utility&count=0",
        "/quote?market=DE&category=utility&count=99999999999",
        "/invoices/XX.pdf",
        "/invoices/PL-2026-10-9999.pdf",
        "/invoices/PL-2026-10-0001.exe",
        "/usage.csv?month='; drop table",
    ],
)
async def test_nonsense_is_answered_in_words(shop: Shop, path: str) -> None:
    answer = await shop.http.get(f"/api/v1/business/{shop.business}/billing{path}")
    assert 400 <= answer.status_code < 500
    assert "error" in answer.json()
