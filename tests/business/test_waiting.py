"""Messages that wait: for a receiver until their time is over, for what people think of a template; clicks on ads."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from plauder.business.messages.rules import LATE_RECEIPT, Policies, Policy
from plauder.business.quality import commands as quality
from plauder.business.templates import store as template_store
from plauder.edge import pacing
from plauder.edge.http.graph.billing import MeteredBilling, open_account
from plauder.kit.money import Money
from plauder.money.billing.accounts import Accounts
from plauder.money.billing.charges import Charges
from plauder.money.billing.charges import table as charges
from tests.business.cloud import ANN, BRUNO, NUMBER, Cloud, Person

BODY = [{"type": "BODY", "text": "Come and taste our new bread."}]
CROWD = [f"49151100{n:05}" for n in range(60)]


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[Cloud]:
    policies = Policies({"template_pacing": [Policy(value=50)]})
    async with Cloud(tmp_path, billing=MeteredBilling(), policies=policies, people=[ANN, BRUNO, *CROWD]) as cloud:
        async with cloud.database.begin() as uow:
            await open_account(uow, cloud.business, cloud.waba, cloud.clock.now())
            paid = Money.of("100", "EUR")
            await Accounts(uow).pay_in(cloud.business, paid, key="in", at=cloud.clock.now(), memo="test")
        yield cloud


async def template(cloud: Cloud, name: str, category: str = "MARKETING", **more: Any) -> str:
    new = {"name": name, "language": "de", "category": category, "components": BODY} | more
    made = await cloud.post(f"{cloud.waba}/message_templates", new)
    assert made.status_code == 200, made.text
    return str(made.json()["id"])


async def send(cloud: Cloud, name: str, to: str = ANN) -> str:
    body = {
        "messaging_product": "whatsapp",
        "to": to,
        "type": "template",
        "template": {"name": name, "language": {"code": "de"}},
    }
    answer = await cloud.post(f"{cloud.phone}/messages", body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["messages"][0]["message_status"])


async def reserved(cloud: Cloud) -> int:
    async with cloud.database.read() as uow:
        account = await Accounts(uow).get(cloud.business)
        standing = await Charges(uow).standing(account, cloud.clock.now())
    return standing.reserved.micros


# ── time to live ──────────────────────────────────────────────────────────────────────────────────────────────────


async def test_what_nobody_receives_in_its_time_fails_and_costs_nothing(cloud: Cloud) -> None:
    await template(cloud, "parcel", "UTILITY", message_send_ttl_seconds=60)
    cloud.ann.prompt = False
    await send(cloud, "parcel")
    await cloud.settle()
    assert await reserved(cloud) > 0
    cloud.clock.advance(59)
    await cloud.platform.pipeline.expire()
    assert [status["status"] for status in cloud.receiver.statuses()] == ["sent"] or not cloud.receiver.statuses()[1:]
    cloud.clock.advance(1 + LATE_RECEIPT.total_seconds())
    await cloud.platform.pipeline.expire()
    await cloud.settle()
    last = cloud.receiver.statuses()[-1]
    assert (last["status"], last["errors"][0]["code"]) == ("failed", 131026)
    assert await reserved(cloud) == 0
    wamid = cloud.ann.received[-1].id
    await cloud.ann.say(f"<received xmlns='urn:xmpp:receipts' id='{wamid}'/>", key="late")
    await cloud.settle()
    assert cloud.receiver.statuses()[-1]["status"] == "failed", "a receipt that comes too late changes nothing"
    async with cloud.database.read() as uow:
        assert (await uow.execute(select(charges.c.state))).scalars().all() == ["released"]


async def test_what_says_nothing_waits_thirty_days(cloud: Cloud) -> None:
    await template(cloud, "parcel", "UTILITY")
    cloud.ann.prompt = False
    await send(cloud, "parcel")
    await cloud.settle()
    cloud.clock.advance(timedelta(days=30).total_seconds() - 1)
    await cloud.platform.pipeline.expire()
    assert await reserved(cloud) > 0
    cloud.clock.advance(1 + LATE_RECEIPT.total_seconds())
    await cloud.platform.pipeline.expire()
    assert await reserved(cloud) == 0


async def test_who_comes_after_a_message_has_expired_does_not_get_it(cloud: Cloud) -> None:
    await template(cloud, "parcel", "UTILITY", message_send_ttl_seconds=60)
    cloud.ann.session.close()
    await send(cloud, "parcel")
    await cloud.settle()
    cloud.clock.advance(60)
    late = Person(cloud.server, ANN)
    await cloud.settle()
    assert late.received == []
    cloud.clock.advance(LATE_RECEIPT.total_seconds())
    await cloud.platform.pipeline.expire()
    await cloud.settle()
    assert [status["status"] for status in cloud.receiver.statuses()] == ["sent", "failed"]


async def test_what_was_received_does_not_expire(cloud: Cloud) -> None:
    await template(cloud, "parcel", "UTILITY", message_send_ttl_seconds=60)
    await send(cloud, "parcel")
    await cloud.settle()
    cloud.clock.advance(3_600)
    await cloud.platform.pipeline.expire()
    await cloud.settle()
    assert [status["status"] for status in cloud.receiver.statuses()] == ["sent", "delivered"]


# ── pacing ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def judge(cloud: Cloud) -> None:
    await pacing.judge(cloud.database, cloud.platform.pipeline, cloud.platform.graph.updates, cloud.clock.now())
    await cloud.settle()


async def first_share(cloud: Cloud) -> str:
    """A new template of which 50 messages are out and two are held."""
    template_id = await template(cloud, "bread")
    assert {await send(cloud, "bread", to) for to in CROWD[:50]} == {"accepted"}
    assert {await send(cloud, "bread", to) for to in (ANN, BRUNO)} == {"held_for_quality_assessment"}
    await cloud.settle()
    assert cloud.ann.received == []
    return template_id


async def test_a_template_that_nobody_minds_goes_to_the_rest(cloud: Cloud) -> None:
    template_id = await first_share(cloud)
    await judge(cloud)
    assert len(cloud.ann.received) == 1
    assert await send(cloud, "bread", CROWD[55]) == "accepted"
    async with cloud.database.read() as uow:
        row = await template_store.get(uow, template_id)
    assert row
    assert row.paced_since is None


async def test_a_template_that_people_block_is_paused_and_the_rest_fails_free(cloud: Cloud) -> None:
    template_id = await first_share(cloud)
    async with cloud.database.begin() as uow:
        for to in CROWD[:5]:
            await quality.note(uow, phone_id=cloud.phone, wa_id=to, kind="block", at=cloud.clock.now())
    await judge(cloud)
    assert cloud.ann.received == []
    failed = [status for status in cloud.receiver.statuses() if status["status"] == "failed"]
    assert {status["errors"][0]["code"] for status in failed} == {132015}
    assert len(failed) == 2
    assert await reserved(cloud) == 0
    paused = [value for value in cloud.receiver.values("message_template_status_update") if value["event"] == "PAUSED"]
    assert paused[0]["other_info"]["title"] == "RATE_LIMITING_PAUSE"
    refused = await cloud.post(
        f"{cloud.phone}/messages",
        {
            "messaging_product": "whatsapp",
            "to": ANN,
            "type": "template",
            "template": {"name": "bread", "language": {"code": "de"}},
        },
    )
    assert refused.json()["error"]["code"] == 132015
    assert (await cloud.post(f"{template_id}/unpause")).status_code == 200


def test_too_early_to_say_means_waiting() -> None:
    minute = timedelta(minutes=1)
    assert pacing.verdict("UNKNOWN", minute, is_active=True) is None
    assert pacing.verdict("YELLOW", minute, is_active=True) is None
    assert pacing.verdict("UNKNOWN", pacing.PATIENCE, is_active=True) is True
    assert pacing.verdict("RED", minute, is_active=True) is False
    assert pacing.verdict("UNKNOWN", minute, is_active=False) is True


async def test_utility_templates_and_switched_off_pacing_hold_nothing(tmp_path: Path) -> None:
    policies = Policies({"template_pacing": [Policy(enabled=False, value=1)]})
    async with Cloud(tmp_path, policies=policies) as cloud:
        await template(cloud, "bread")
        assert [await send(cloud, "bread") for _ in range(3)] == ["accepted"] * 3


# ── the archive of templates ──────────────────────────────────────────────────────────────────────────────────────


async def test_templates_are_archived_by_hand_and_taken_out_again(cloud: Cloud) -> None:
    template_id = await template(cloud, "bread")
    put = await cloud.post(f"{cloud.waba}/message_templates/archive", {"hsm_ids": f"{template_id},999"})
    assert put.json()["archived_templates"] == [template_id]
    assert [item["id"] for item in put.json()["failed_templates"]] == ["999"]
    assert (await cloud.get(template_id, fields="status")).json()["status"] == "ARCHIVED"
    taken = await cloud.post(f"{cloud.waba}/message_templates/unarchive", {"hsm_ids": [template_id]})
    assert taken.json() == {"unarchived_templates": [template_id], "failed_templates": []}
    await cloud.settle()
    events = [value["event"] for value in cloud.receiver.values("message_template_status_update")]
    assert events == ["APPROVED", "ARCHIVED", "UNARCHIVED"]


@pytest.mark.parametrize("ids", ["", [], {}, [None], "x," * 101, ["1" * 5000]])
async def test_nonsense_is_not_archived(cloud: Cloud, ids: Any) -> None:
    answer = await cloud.post(f"{cloud.waba}/message_templates/archive", {"hsm_ids": ids})
    assert answer.status_code == 400 or answer.json()["archived_templates"] == []


async def test_what_is_not_used_is_archived_and_later_deleted(cloud: Cloud) -> None:
    template_id = await template(cloud, "bread")
    used = await template(cloud, "parcel", "UTILITY")
    cloud.clock.advance(timedelta(days=179).total_seconds())
    await send(cloud, "parcel")
    cloud.clock.advance(timedelta(days=2).total_seconds())
    await cloud.platform.assess_quality()
    assert (await cloud.get(template_id, fields="status")).json()["status"] == "ARCHIVED"
    assert (await cloud.get(used, fields="status")).json()["status"] == "APPROVED"
    cloud.clock.advance(timedelta(days=29).total_seconds())
    await cloud.platform.assess_quality()
    assert (await cloud.get(template_id)).json()["error"]["code"] == 100


# ── clicks ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_proven_click_opens_a_free_window_once(cloud: Cloud) -> None:
    ad = {"source_type": "ad", "source_id": "17", "source_url": "https://ads.example/17", "headline": "Bread!"}
    token = cloud.platform.referrals.token(NUMBER, ad, at=cloud.clock.now())
    element = f"<referral xmlns='urn:plauder:business:0' token='{token}'/>"
    await cloud.ann.say(f"<body>Oi!</body>{element}", key="m1")
    await cloud.people[BRUNO].say(f"<body>Me too</body>{element}", key="m1")
    await cloud.people[CROWD[0]].say(f"<body>And I</body>{element[:-6]}xxx'/>", key="m1")
    await cloud.settle()
    referrals = {message["from"]: message.get("referral") for message in cloud.receiver.messages()}
    assert referrals[ANN] == ad | {"ctwa_clid": referrals[ANN]["ctwa_clid"]}
    assert referrals[BRUNO] is None, "a click is one person's"
    assert referrals[CROWD[0]] is None, "a made-up token counts for nothing"
    await cloud.text("Welcome")  # the answer opens the window
    await cloud.settle()
    await template(cloud, "bread")
    await send(cloud, "bread")
    await cloud.settle()
    priced = [status["pricing"]["type"] for status in cloud.receiver.statuses() if "pricing" in status]
    assert priced[-1] == "free_entry_point"
    cloud.clock.advance(timedelta(hours=72).total_seconds())
    await send(cloud, "bread")
    await cloud.settle()
    priced = [status["pricing"]["type"] for status in cloud.receiver.statuses() if "pricing" in status]
    assert priced[-1] == "regular"


# ── limits and numbers ────────────────────────────────────────────────────────────────────────────────────────────


async def test_too_many_management_calls_are_refused_and_messages_are_not(tmp_path: Path) -> None:
    async with Cloud(tmp_path, policies=Policies({"management_rate": [Policy(value=3)]})) as cloud:
        answers = [(await cloud.get(cloud.waba)).json() for _ in range(4)]
        assert [answer.get("error", {}).get("code") for answer in answers] == [None, None, None, 80007]
        await cloud.ann.write("Oi!")
        await cloud.settle()
        assert (await cloud.text()).status_code == 200
        cloud.clock.advance(1_200)
        assert (await cloud.get(cloud.waba)).status_code == 200


async def test_template_analytics_count_the_taps(cloud: Cloud) -> None:
    buttons = {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": t} for t in ("Thanks", "Stop")]}
    template_id = await template(cloud, "bread", components=[*BODY, buttons])
    await send(cloud, "bread")
    await send(cloud, "bread", BRUNO)
    await cloud.settle()
    for person, label in ((ANN, "Thanks"), (BRUNO, "Thanks")):
        wamid = cloud.people[person].received[-1].id
        await cloud.people[person].say(
            f"<business xmlns='urn:plauder:business:0' type='reply'>"
            f'{{"type":"button","button":{{"text":"{label}","payload":"{label}"}}}}</business>'
            f"<reply xmlns='urn:xmpp:reply:0' id='{wamid}'/>",
            key="tap",
        )
    await cloud.settle()
    await cloud.post(cloud.waba, is_enabled_for_insights="true")
    day = int(cloud.clock.now().timestamp()) // 86_400 * 86_400
    answer = await cloud.get(
        f"{cloud.waba}/template_analytics", start=day, end=day + 86_400, template_ids=f"[{template_id}]"
    )
    (point,) = answer.json()["data"][0]["data_points"]
    assert point["clicked"] == [{"type": "quick_reply_button", "button_content": "Thanks", "count": 2}]
