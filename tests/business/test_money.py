"""What is delivered is charged, once; what fails costs nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from plauder.edge.http.graph.billing import MeteredBilling, open_account
from plauder.kit.money import Money
from plauder.money.billing.accounts import Accounts
from plauder.money.billing.charges import Charges, Standing
from tests.business.cloud import ANN, Cloud


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[Cloud]:
    async with Cloud(tmp_path, billing=MeteredBilling()) as cloud:
        async with cloud.database.begin() as uow:
            await open_account(uow, cloud.business, cloud.waba, cloud.clock.now())
        body = [{"type": "BODY", "text": "Come and taste our new bread."}]
        new = {"name": "bread", "language": "de", "category": "MARKETING", "components": body}
        assert (await cloud.post(f"{cloud.waba}/message_templates", new)).status_code == 200
        yield cloud


async def pay(cloud: Cloud, amount: str) -> None:
    async with cloud.database.begin() as uow:
        await Accounts(uow).pay_in(
            cloud.business, Money.of(amount, "EUR"), key=f"in-{amount}", at=cloud.clock.now(), memo="test"
        )


async def standing(cloud: Cloud) -> Standing:
    async with cloud.database.read() as uow:
        account = await Accounts(uow).get(cloud.business)
        return await Charges(uow).standing(account, cloud.clock.now())


async def template(cloud: Cloud, to: str = ANN) -> Any:
    message = {
        "messaging_product": "whatsapp",
        "to": to,
        "type": "template",
        "template": {"name": "bread", "language": {"code": "de"}},
    }
    answer = await cloud.post(f"{cloud.phone}/messages", message)
    assert answer.status_code == 200, answer.text
    return answer


async def test_charged_when_it_is_delivered_and_never_twice(cloud: Cloud) -> None:
    await pay(cloud, "10")
    cloud.ann.prompt = False
    await template(cloud)
    await cloud.settle()
    assert [s["status"] for s in cloud.receiver.statuses()] == ["sent"]
    held = await standing(cloud)
    assert (held.reserved.micros > 0, held.spent.micros) == (True, 0)
    wamid = cloud.ann.received[-1].id
    for key in ("r1", "r2"):
        await cloud.ann.say(f"<received xmlns='urn:xmpp:receipts' id='{wamid}'/>", key=key)
    await cloud.ann.say(f"<displayed xmlns='urn:xmpp:chat-markers:0' id='{wamid}'/>", key="d")
    await cloud.settle()
    statuses = cloud.receiver.statuses()
    assert [s["status"] for s in statuses] == ["sent", "delivered", "read"]
    assert [s.get("pricing", {}).get("category") for s in statuses] == ["marketing", "marketing", None]
    after = await standing(cloud)
    assert (after.reserved.micros, after.spent) == (0, held.reserved)
    assert after.owed == Money.of("-10", "EUR") + held.reserved


async def test_an_empty_purse_stops_it_late_and_free(cloud: Cloud) -> None:
    await template(cloud)
    await cloud.settle()
    (status,) = cloud.receiver.statuses()
    assert (status["status"], status["errors"][0]["code"]) == ("failed", 131042)
    assert cloud.ann.received == []
    assert (await standing(cloud)).spent.micros == 0


async def test_nobody_there_costs_nothing(cloud: Cloud) -> None:
    await pay(cloud, "10")
    await template(cloud, to="4915199999999")
    await cloud.settle()
    (status,) = cloud.receiver.statuses()
    assert status["errors"][0]["code"] == 131026
    after = await standing(cloud)
    assert (after.reserved.micros, after.spent.micros) == (0, 0)


async def test_analytics_agree_with_the_books(cloud: Cloud) -> None:
    await pay(cloud, "10")
    for _ in range(3):
        await template(cloud)
    await cloud.settle()
    now = int(cloud.clock.now().timestamp())
    window = f"start({now - 3600}).end({now + 3600})"
    fields = f"pricing_analytics.{window}.granularity(DAILY).dimensions(COUNTRY,PRICING_CATEGORY)"
    answer = (await cloud.get(cloud.waba, fields=fields)).json()
    (point,) = answer["pricing_analytics"]["data"][0]["data_points"]
    spent = (await standing(cloud)).spent
    assert (point["volume"], point["country"], point["pricing_category"]) == (3, "DE", "MARKETING")
    assert Money.of(str(point["cost"]), "EUR") == spent
    sent = (await cloud.get(cloud.waba, fields=f"analytics.{window}.granularity(DAY)")).json()["analytics"]
    assert [(p["sent"], p["delivered"]) for p in sent["data_points"]] == [(3, 3)]
