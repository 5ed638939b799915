"""Single lines of the reference: filters, metrics, answers to what is not there, asking twice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select

from plauder.business.flows import metrics
from plauder.business.messages import commands, content, once, store
from plauder.business.shared.errors import GraphError
from plauder.business.webhooks import store as webhook_store
from plauder.edge.http.graph.billing import MeteredBilling, open_account, tell_of_alert, tell_of_tier
from plauder.edge.http.graph.journal import LIMIT
from plauder.kit.money import Money
from plauder.money.billing.accounts import Accounts
from tests.business.cloud import ANN, BRUNO, DOMAIN, NUMBER, Cloud

BREAD = [{"type": "BODY", "text": "Your bread is ready."}]
PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[Cloud]:
    async with Cloud(tmp_path, billing=MeteredBilling()) as cloud:
        async with cloud.database.begin() as uow:
            await open_account(uow, cloud.business, cloud.waba, cloud.clock.now())
            await Accounts(uow).pay_in(cloud.business, Money.of("100", "EUR"), key="in", at=cloud.clock.now(), memo="t")
        yield cloud


def error(answer: httpx.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["error"]["code"]


# ── asking twice ──────────────────────────────────────────────────────────────────────────────────────────────────


async def say(cloud: Cloud, text: str, key: str, to: str = ANN) -> httpx.Response:
    body = {"messaging_product": "whatsapp", "to": to, "text": {"body": text}}
    return await cloud.http.post(f"{cloud.phone}/messages", json=body, headers={"Idempotency-Key": key})


async def test_the_same_request_with_the_same_key_is_one_message(cloud: Cloud) -> None:
    await cloud.ann.write("Hi")
    await cloud.settle()
    first = await say(cloud, "Hello", "order-17")
    again = await say(cloud, "Hello", '"order-17"')
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json()
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    await cloud.settle()
    assert len(cloud.ann.received) == 1
    assert error(await say(cloud, "Bye", "order-17")) == (422, 100)
    cloud.clock.advance(once.LIFE.total_seconds() + 1)
    await cloud.ann.write("Hi again", key="m2")
    async with cloud.database.begin() as uow:
        await once.forget(uow, cloud.clock.now() - once.LIFE)
    assert (await say(cloud, "Hello", "order-17")).json() != first.json()


async def test_equal_requests_at_once_are_one_message(cloud: Cloud) -> None:
    pipeline, graph = cloud.platform.pipeline, cloud.platform.graph
    sender = await graph.sender(cloud.phone)
    answers = []
    async with cloud.database.begin() as uow:

        def command(text: str) -> commands.SendCommand:
            body = {"messaging_product": "whatsapp", "to": ANN, "text": {"body": text}}
            out = content.parse(body)
            assert isinstance(out, content.Outgoing)
            return commands.SendCommand(sender, out, cloud.clock.now(), 0.0, once=once.once("k", body))

        answers = await commands.accept(uow, pipeline.ports, [command("a"), command("a"), command("b")])
        count = (await uow.execute(select(func.count()).select_from(store.messages))).scalar_one()
    first, again, other = answers
    assert isinstance(first, commands.Accepted)
    assert isinstance(again, commands.Accepted)
    assert (again.wamid, again.again, again.going) == (first.wamid, True, None)
    assert isinstance(other, GraphError)
    assert (other.http_status, count) == (422, 1)


async def test_what_was_refused_is_decided_anew(cloud: Cloud) -> None:
    assert error(await say(cloud, "", "k")) == (400, 131008)
    assert error(await say(cloud, "Hello", "k", to=NUMBER)) == (400, 131021)
    assert (await say(cloud, "Hello", "k", to=BRUNO)).status_code == 200


@pytest.mark.parametrize("key", ["", '""', "x" * 256, "a\tb"])
async def test_odd_keys_are_refused(cloud: Cloud, key: str) -> None:
    assert error(await say(cloud, "Hello", key)) == (400, 100)


# ── what is not there, and what is not so ─────────────────────────────────────────────────────────────────────────


async def test_a_name_where_an_id_belongs_is_a_node_that_is_not_there(cloud: Cloud) -> None:
    for path, message in (("nobody", "Unsupported get request. Object with ID 'nobody'"), ("99999", "Unsupported get")):
        problem = (await cloud.get(path)).json()["error"]
        assert problem["message"].startswith(message)
        assert (problem["type"], problem["code"], problem["error_subcode"]) == ("GraphMethodException", 100, 33)
    assert (await cloud.delete("99999")).json()["error"]["message"].startswith("Unsupported delete request.")


async def test_numbers_can_be_filtered(cloud: Cloud) -> None:
    def asked(mode: str) -> str:
        return f'[{{"field":"account_mode","operator":"EQUAL","value":"{mode}"}}]'

    path = f"{cloud.waba}/phone_numbers"
    assert [row["id"] for row in (await cloud.get(path, filtering=asked("LIVE"))).json()["data"]] == [cloud.phone]
    assert (await cloud.get(path, filtering=asked("SANDBOX"))).json()["data"] == []
    for wrong in ('[{"field":"nope","value":1}]', "[1]", '[{"field":"id","operator":"LIKE","value":1}]'):
        assert error(await cloud.get(path, filtering=wrong)) == (400, 100)


async def test_a_picture_must_be_one(cloud: Cloud) -> None:
    async def upload(data: bytes, mime: str) -> httpx.Response:
        form = {"messaging_product": "whatsapp"}
        return await cloud.http.post(f"{cloud.phone}/media", data=form, files={"file": ("a", data, mime)})

    assert (await upload(PNG, "image/png")).status_code == 200
    assert error(await upload(b"hello", "image/png")) == (400, 131053)
    assert error(await upload(PNG, "image/jpeg")) == (400, 131053)


async def test_only_a_paused_template_can_be_unpaused(cloud: Cloud) -> None:
    new = {
        "name": "a",
        "language": "de",
        "category": "UTILITY",
        "components": [{"type": "BODY", "text": "Your bread."}],
    }
    made = await cloud.post(f"{cloud.waba}/message_templates", new)
    answer = await cloud.post(f"{made.json()['id']}/unpause")
    assert (answer.status_code, answer.json()["success"]) == (200, False)
    assert "APPROVED" in answer.json()["reason"]


# ── message links ─────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_message_link_leads_to_the_chat(cloud: Cloud) -> None:
    made = (
        await cloud.post(f"{cloud.phone}/message_qrdls", {"prefilled_message": "Oi & olá", "generate_qr_image": "SVG"})
    ).json()
    app = FastAPI()
    app.include_router(cloud.platform.downloads)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as http:
        opened = await http.get(made["deep_link_url"])
        assert opened.status_code == 302
        assert opened.headers["location"] == f"/write/{NUMBER}@{DOMAIN}?text=Oi%20%26%20ol%C3%A1"
        picture = await http.get(made["qr_image_url"])
        assert (picture.headers["content-type"], b"<svg" in picture.content) == ("image/svg+xml", True)
        png = await http.get(made["qr_image_url"].replace(".svg", ".png"))
        assert png.content.startswith(PNG[:8])
        assert (
            await http.get(made["deep_link_url"][:-1] + ("A" if made["code"][-1] != "A" else "B"))
        ).status_code == 404
    wrong = {"prefilled_message": "Oi", "generate_qr_image": "GIF"}
    assert error(await cloud.post(f"{cloud.phone}/message_qrdls", wrong)) == (400, 100)


# ── numbers about what was sent ───────────────────────────────────────────────────────────────────────────────────


async def field(cloud: Cloud, text: str) -> httpx.Response:
    now = int(cloud.clock.now().timestamp())
    return await cloud.get(cloud.waba, fields=text.replace("TIME", f"start({now - 3_600}).end({now + 3_600})"))


async def test_analytics_keep_to_their_filters(cloud: Cloud) -> None:
    await cloud.ann.write("Hi")
    await cloud.settle()
    await cloud.text("Hello")
    new = {
        "name": "a",
        "language": "de",
        "category": "MARKETING",
        "components": [{"type": "BODY", "text": "Fresh bread."}],
    }
    template_id = (await cloud.post(f"{cloud.waba}/message_templates", new)).json()["id"]
    template = {"name": "a", "language": {"code": "de"}}
    sent = {"messaging_product": "whatsapp", "to": BRUNO, "type": "template", "template": template}
    assert (await cloud.post(f"{cloud.phone}/messages", sent)).status_code == 200
    await cloud.settle()

    async def points(text: str) -> list[dict[str, Any]]:
        answer = (await field(cloud, text)).json()
        return list(answer[text.split(".")[0]]["data"][0]["data_points"])

    both = await points("pricing_analytics.TIME.granularity(DAILY).dimensions([PRICING_TYPE,TIER])")
    assert {(point["pricing_type"], point["volume"]) for point in both} == {
        ("REGULAR", 1),
        ("FREE_CUSTOMER_SERVICE", 1),
    }
    (free,) = await points(
        "pricing_analytics.TIME.granularity(DAILY).pricing_types([FREE_CUSTOMER_SERVICE]).metric_types([COST])"
    )
    assert (free["cost"], "volume" in free) == (0.0, False)
    (opened,) = await points(
        "conversation_analytics.TIME.granularity(DAILY).conversation_directions([BUSINESS_INITIATED])"
        ".metric_types([CONVERSATION])"
    )
    assert (opened["conversation"], "cost" in opened) == (1, False)
    assert await points("conversation_analytics.TIME.granularity(DAILY).conversation_types([FREE_ENTRY])") == []
    assert await points("group_analytics.TIME.granularity(DAILY)") == []
    for wrong in ("pricing_types([FREE])", "dimensions([SIZE])", "metric_types([LIKES])", "pricing_categories([SPAM])"):
        assert error(await field(cloud, f"pricing_analytics.TIME.granularity(DAILY).{wrong}")) == (400, 100)
    await cloud.post(cloud.waba, None, is_enabled_for_insights="true")
    now = int(cloud.clock.now().timestamp())
    asked = {"start": now - 3_600, "end": now + 3_600, "granularity": "DAILY", "template_ids": f"[{template_id}]"}
    item = (await cloud.get(f"{cloud.waba}/template_analytics", **asked, metric_types="SENT,DELIVERED")).json()
    (point,) = item["data"][0]["data_points"]
    assert (set(point), point["sent"]) == ({"template_id", "start", "end", "sent", "delivered"}, 1)
    assert error(await cloud.get(f"{cloud.waba}/template_analytics", **asked, metric_types="LOVED")) == (400, 100)


async def test_metrics_of_a_flow_endpoint(cloud: Cloud) -> None:
    flow = (await cloud.post(f"{cloud.waba}/flows", {"name": "f", "categories": ["OTHER"]})).json()["id"]
    now = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
    async with cloud.database.begin() as uow:
        for wrong, took in (("", 200.0), ("", 1_000.1), ("timeout", 10_000.0), ("http_427", 90.0)):
            await metrics.note(uow, flow, error=wrong, milliseconds=took, at=now)

    async def metric(name: str, more: str = "") -> Any:
        answer = (await cloud.get(flow, fields=f"metric.name({name}).granularity(DAY){more}")).json()["metric"]
        (point,) = answer["data_points"]
        assert (answer["name"], point["timestamp"]) == (name, "2026-11-22T00:00:00+0000")
        return {item["key"]: item["value"] for item in point["data"]}

    assert await metric("ENDPOINT_REQUEST_COUNT", ".since(2026-11-22).until(2026-11-22)") == {"value": 4}
    assert await metric("ENDPOINT_REQUEST_ERROR") == {"http_427": 1, "timeout": 1}
    assert await metric("ENDPOINT_REQUEST_ERROR_RATE") == {"value": 0.5}
    assert await metric("ENDPOINT_REQUEST_LATENCY_SECONDS_CEIL") == {"1": 2, "10": 1, "2": 1}
    assert await metric("ENDPOINT_AVAILABILITY") == {"value": 0.75}
    for wrong in (
        "name(X)",
        "name(ENDPOINT_AVAILABILITY).granularity(WEEK)",
        "name(ENDPOINT_AVAILABILITY).since(soon)",
        "name(ENDPOINT_AVAILABILITY).since(0001-01-01)",
        "name(ENDPOINT_AVAILABILITY).since(2026-11-22).until(2026-11-21)",
    ):
        assert error(await cloud.get(flow, fields=f"metric.{wrong}")) == (400, 100)


async def test_a_spend_alert_is_told_by_webhook(cloud: Cloud) -> None:
    async with cloud.database.begin() as uow:
        payload = {"account": cloud.business, "percent": 80, "spent": 1, "limit": 1}
        await tell_of_alert(uow, cloud.platform.publisher, payload, key="b", at=cloud.clock.now())
    await cloud.settle()
    (value,) = cloud.receiver.values("account_alerts")
    assert (value["entity_type"], value["entity_id"]) == ("BUSINESS", cloud.business)
    assert value["alert_info"]["alert_severity"] == "WARNING"


async def test_a_volume_tier_is_told_by_webhook(cloud: Cloud) -> None:
    at = int(cloud.clock.now().timestamp())
    payload = {"account": cloud.business, "market": "IN", "category": "utility", "tier": "100000:500000"}
    async with cloud.database.begin() as uow:
        await tell_of_tier(uow, cloud.platform.publisher, payload | {"month": "2026-11", "at": at}, key="b")
    await cloud.settle()
    assert cloud.receiver.values("account_update") == [
        {
            "event": "VOLUME_BASED_PRICING_TIER_UPDATE",
            "volume_tier_info": {
                "tier_update_time": at,
                "pricing_category": "UTILITY",
                "tier": "100000:500000",
                "effective_month": "2026-11",
                "region": "IN",
            },
        }
    ]


# ── the journal ───────────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_journal_hides_secrets_and_nothing_else(cloud: Cloud) -> None:
    await cloud.post(cloud.phone, {"pin": "123456"})
    template = {"name": "nope", "language": {"code": "de", "policy": "deterministic"}}
    message = {"messaging_product": "whatsapp", "to": ANN, "type": "template", "template": template}
    await cloud.post(f"{cloud.phone}/messages", message)
    await cloud.post(f"{cloud.phone}/verify_code", {"code": "654321"})
    await cloud.http.get(cloud.waba, params={"access_token": cloud.token, "fields": "name"})
    await cloud.get(f"{cloud.phone}/message_qrdls", code="ABCDEFGHIJKLMN")
    await cloud.platform.webhooks.flush_journal()
    async with cloud.database.read() as uow:
        rows = (await uow.execute(select(webhook_store.journal).order_by(webhook_store.journal.c.id))).all()
    pin, sent, verified, *read = rows
    assert b"123456" not in pin.request
    assert orjson.loads(sent.request) == message
    assert b"654321" not in verified.request
    assert any("code=ABCDEFGHIJKLMN" in row.url for row in read)
    assert not any(cloud.token in row.url or cloud.token.encode() in row.request for row in rows)


@pytest.mark.parametrize("before", [20, 11, 10, 4, 3, 2, 1, 0])
async def test_the_journal_hides_a_secret_that_is_cut_off(cloud: Cloud, before: int) -> None:
    start = b'{"about":"' + b"x" * (LIMIT - before - 19) + b'","pin":"'
    rest = rb'98\"7654321","description":"' + b"y" * 100 + b'"}'
    await cloud.http.post(cloud.phone, content=start + rest, headers={"Content-Type": "application/json"})
    await cloud.platform.webhooks.flush_journal()
    async with cloud.database.read() as uow:
        (row,) = (await uow.execute(select(webhook_store.journal))).all()
    kept, _, told = row.request.rpartition("\n… ".encode())
    assert b"98" not in kept
    assert told == f"cut off; {len(start + rest)} bytes in all".encode()
    assert len(kept) < LIMIT + 8


async def test_the_journal_tells_of_forms_and_files_and_bytes(cloud: Cloud) -> None:
    form = {"messaging_product": "whatsapp", "type": "image/png", "access_token": cloud.token}
    file = {"file": ("cake.png", b"\x89PNG\r\n\x1a\n" + bytes(200_000), "image/png")}
    await cloud.http.post(f"{cloud.phone}/media", data=form, files=file)
    await cloud.http.post(cloud.phone, data={"pin": "123456"})
    await cloud.http.post(f"{cloud.phone}/messages", content=bytes(range(256)) * 40_000)
    await cloud.platform.webhooks.flush_journal()
    async with cloud.database.read() as uow:
        rows = (await uow.execute(select(webhook_store.journal).order_by(webhook_store.journal.c.id))).all()
    medium, pin = rows[:2]
    told = orjson.loads(medium.request)
    assert told["file"] == "<file cake.png, image/png, 200008 bytes>"
    assert cloud.token.encode() not in medium.request
    assert orjson.loads(pin.request) == {"pin": "..."}
    assert all(len(row.request) < LIMIT + 64 for row in rows)
