"""The whole platform on PostgreSQL: one scene that touches every statement that matters."""

from __future__ import annotations

from pathlib import Path

import pytest

from plauder.edge.http.graph.billing import MeteredBilling, open_account
from plauder.kit.money import Money
from plauder.money.billing.accounts import Accounts
from tests.business.cloud import ANN, Cloud
from tests.postgres import Postgres

pytestmark = pytest.mark.server


async def test_a_day_of_a_business(postgres: Postgres, tmp_path: Path) -> None:
    url = postgres.create()
    async with Cloud(tmp_path, billing=MeteredBilling(), database_url=url) as cloud:
        now = cloud.clock.now()
        async with cloud.database.begin() as uow:
            await open_account(uow, cloud.business, cloud.waba, now)
            await Accounts(uow).pay_in(cloud.business, Money.of("10", "EUR"), key="in", at=now, memo="test")
        await cloud.ann.write("Oi!", key="a")
        await cloud.ann.write("Oi!", key="a")
        await cloud.settle()
        (incoming,) = cloud.receiver.messages()
        new = {
            "name": "bread",
            "language": "de",
            "category": "MARKETING",
            "components": [{"type": "BODY", "text": "Come and taste our new bread."}],
        }
        template = (await cloud.post(f"{cloud.waba}/message_templates", new)).json()["id"]
        message = {
            "messaging_product": "whatsapp",
            "to": ANN,
            "type": "template",
            "template": {"name": "bread", "language": {"code": "de"}},
        }
        sent = (await cloud.post(f"{cloud.phone}/messages", message)).json()["messages"][0]["id"]
        await cloud.text("Hallo", context={"message_id": incoming["id"]})
        await cloud.settle()
        await cloud.ann.say(f"<displayed xmlns='urn:xmpp:chat-markers:0' id='{sent}'/>", key="d")
        await cloud.settle()
        mine = [status["status"] for status in cloud.receiver.statuses() if status["id"] == sent]
        assert mine == ["sent", "delivered", "read"]
        read = {"messaging_product": "whatsapp", "status": "read", "message_id": incoming["id"]}
        assert (await cloud.post(f"{cloud.phone}/messages", read)).json() == {"success": True}
        block = {"messaging_product": "whatsapp", "block_users": [{"user": ANN}]}
        assert (await cloud.post(f"{cloud.phone}/block_users", block)).status_code == 200
        assert (await cloud.get(f"{cloud.phone}/block_users")).json()["data"][0]["wa_id"] == ANN
        stamp = int(now.timestamp())
        window = f"start({stamp - 3600}).end({stamp + 3600}).granularity(DAILY)"
        analytics = (await cloud.get(cloud.waba, fields=f"pricing_analytics.{window}")).json()
        assert analytics["pricing_analytics"]["data"][0]["data_points"][0]["volume"] == 2
        assert (await cloud.post(template, {"message_send_ttl_seconds": 43_200})).json()["success"] is True
        await cloud.platform.assess_quality()
        await cloud.platform.webhooks.flush_journal()
        assert (await cloud.delete(f"{cloud.waba}/message_templates", name="bread")).json() == {"success": True}
        cloud.receiver.status = 500
        await cloud.text("again")
        await cloud.settle()
        cloud.receiver.status = 200
        cloud.clock.advance(60)
        assert await cloud.platform.webhooks.deliver_due()
    postgres.drop(url)
