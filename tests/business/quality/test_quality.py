"""Ratings, pauses and limits follow from what people do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plauder.business.accounts import store as account_store
from plauder.business.messages import store as message_store
from plauder.business.numbers import store as number_store
from plauder.business.quality import rules
from plauder.business.quality.rules import Signals
from plauder.features.blocking import store as blocking
from tests.business.cloud import DOMAIN, NUMBER, Cloud

ORDER = ("GREEN", "YELLOW", "RED")
HOUR = timedelta(hours=1)


@given(st.integers(50, 5_000), st.floats(0, 300), st.floats(0, 300), st.floats(0.5, 50))
def test_more_complaints_never_mean_better_quality(people: int, blocked: float, reported: float, more: float) -> None:
    def rate(blocked: float, reported: float) -> int:
        return ORDER.index(rules.rating(Signals(people, people, people, blocked, reported)))

    assert rate(blocked + more, reported) >= rate(blocked, reported)
    assert rate(blocked, reported + more) >= rate(blocked + more, reported)


def test_few_people_say_nothing() -> None:
    assert rules.rating(Signals(49, 49, 0, 49, 49)) == "UNKNOWN"
    assert rules.rating(Signals(300, 300, 3, 0, 0)) == "YELLOW"


def test_newer_complaints_weigh_more() -> None:
    ages = [timedelta(days=days) for days in (0, 3, 4, 7, 8)]
    assert [rules.weight(age) for age in ages] == [2.0, 2.0, 1.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("tier", "people", "rating", "verified", "expected"),
    [
        ("TIER_250", 0, "GREEN", True, "TIER_2K"),
        ("TIER_250", 125, "GREEN", False, "TIER_2K"),
        ("TIER_250", 124, "GREEN", False, "TIER_250"),
        ("TIER_2K", 1_000, "YELLOW", True, "TIER_10K"),
        ("TIER_2K", 2_000, "RED", True, "TIER_2K"),
        ("TIER_100K", 99_999, "GREEN", True, "TIER_UNLIMITED"),
        ("TIER_UNLIMITED", 10**6, "RED", True, "TIER_UNLIMITED"),
    ],
)
def test_limits_rise(tier: str, people: int, rating: str, verified: bool, expected: str) -> None:
    assert rules.next_tier(tier, people=people, rating_=rating, is_verified=verified) == expected


async def sent(cloud: Cloud, people: int, template_id: str) -> None:
    """As if that template had gone to so many people."""
    now = cloud.clock.now()
    rows: list[dict[str, Any]] = [
        {
            "id": f"w{index}",
            "portfolio_id": cloud.business,
            "waba_id": cloud.waba,
            "phone_id": cloud.phone,
            "direction": "out",
            "wa_id": f"49{index:09d}",
            "user_id": "",
            "kind": "template",
            "stanza_id": f"w{index}",
            "template_id": template_id,
            "status": "read",
            "created_at": now,
            "delivered_at": now,
            "read_at": now,
        }
        for index in range(people)
    ]
    async with cloud.database.begin() as uow:
        await uow.execute(message_store.messages.insert(), rows)
        await message_store.note_reached(uow, [(cloud.business, row["wa_id"]) for row in rows], now)


async def test_a_blocked_template_is_paused_and_its_number_red(cloud: Cloud) -> None:
    body = [{"type": "BODY", "text": "Come and taste our new bread."}]
    new = {"name": "bread", "language": "de", "category": "MARKETING", "components": body}
    template = (await cloud.post(f"{cloud.waba}/message_templates", new)).json()["id"]
    await sent(cloud, 200, template)
    async with cloud.database.begin() as uow:
        for index in range(5):
            await blocking.add(uow, f"49{index:09d}", [f"{NUMBER}@{DOMAIN}"])
    await cloud.platform.assess_quality()
    await cloud.settle()
    assert (await cloud.get(template, fields="status,quality_score")).json()["status"] == "PAUSED"
    assert (await cloud.get(cloud.phone)).json()["quality_rating"] == "RED"
    (update,) = cloud.receiver.values("message_template_quality_update")
    assert (update["previous_quality_score"], update["new_quality_score"]) == ("UNKNOWN", "RED")
    paused = cloud.receiver.values("message_template_status_update")[-1]
    assert (paused["event"], paused["other_info"]["title"]) == ("PAUSED", "FIRST_PAUSE")
    assert [v["event"] for v in cloud.receiver.values("phone_number_quality_update")] == ["FLAGGED"]
    requests = len(cloud.receiver.requests)
    await cloud.platform.assess_quality()
    await cloud.settle()
    assert len(cloud.receiver.requests) == requests  # told once


async def test_a_good_business_may_reach_more(cloud: Cloud) -> None:
    await sent(cloud, 130, "")
    await cloud.platform.assess_quality()
    await cloud.settle()
    (update,) = cloud.receiver.values("phone_number_quality_update")
    assert (update["event"], update["old_limit"], update["current_limit"]) == ("UPGRADE", "TIER_250", "TIER_2K")
    async with cloud.database.read() as uow:
        portfolio = await account_store.get(uow, account_store.portfolios, cloud.business)
        number = await number_store.get(uow, cloud.phone)
    assert portfolio
    assert number
    assert (portfolio.tier, number.quality) == ("TIER_2K", "GREEN")
