"""Windows, limits, caps and rates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plauder.business.messages import rules
from plauder.business.messages.rules import Policies, Policy, Rates, Standing

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def verdict(standing: Standing, kind: str = "text", category: str = "service", **more: object) -> rules.Verdict:
    policies = more.pop("policies", Policies())
    return rules.may_send(standing, kind=kind, category=category, at=NOW, policies=policies, **more)  # type: ignore[arg-type]


@given(st.integers(0, 72 * 3600))
def test_the_window_is_open_for_24_hours_exactly(seconds: int) -> None:
    standing = Standing(last_in_at=NOW - timedelta(seconds=seconds))
    found = verdict(standing)
    assert found.allow == (seconds < 86_400)
    if not found.allow:
        assert found.error
        assert (found.error.number, found.late) == (131047, True)


def test_templates_go_outside_the_window() -> None:
    assert verdict(Standing(), "template", "utility").allow


def test_a_switched_off_window_lets_everything_through() -> None:
    assert verdict(Standing(), policies=Policies({"service_window": [Policy(enabled=False)]})).allow


def test_rules_have_effective_dates() -> None:
    off = Policy(enabled=False, since=NOW)
    for policy, is_off in (
        (off, True),
        (Policy(enabled=False, since=NOW + HOUR), False),
        (Policy(enabled=False, until=NOW), False),
        (Policy(enabled=False, since=NOW - HOUR, until=NOW + HOUR), True),
    ):
        assert verdict(Standing(), policies=Policies({"service_window": [policy]})).allow == is_off


def test_of_several_settings_the_one_counts_that_began_last() -> None:
    settings_ = [Policy(value=48 * 3600), Policy(value=3600, since=NOW), Policy(enabled=False, since=NOW + HOUR)]
    policies = Policies({"service_window": settings_})
    assert policies.value("service_window", NOW - HOUR) == 48 * 3600
    assert policies.value("service_window", NOW) == 3600
    assert not policies.is_active("service_window", NOW + HOUR)
    assert policies.value("pair_rate", NOW) == 6.0, "what is not set has its default"


def test_blocked_people_get_nothing_at_once() -> None:
    found = verdict(Standing(last_in_at=NOW, blocked=True))
    assert found.error
    assert (found.error.number, found.late) == (130403, False)


@pytest.mark.parametrize(
    ("standing", "code"),
    [(Standing(marketing_stopped=True), 131050), (Standing(marketing_today=10), 131049), (Standing(), None)],
)
def test_marketing_has_its_own_limits(standing: Standing, code: int | None) -> None:
    found = verdict(standing, "template", "marketing")
    assert (found.error.number if found.error else None) == code
    assert verdict(standing, "template", "utility").allow


def test_an_answer_in_an_open_window_does_not_count_towards_the_cap() -> None:
    assert verdict(Standing(last_in_at=NOW, marketing_today=99), "template", "marketing").allow


def test_the_messaging_limit_counts_new_people_outside_windows() -> None:
    full = Standing(reached=250)
    assert verdict(full, "template", "utility", limit=250).error
    assert verdict(Standing(reached=249), "template", "utility", limit=250).allow
    assert verdict(Standing(reached=250, is_reached=True), "template", "utility", limit=250).allow
    assert verdict(Standing(reached=250, last_in_at=NOW), "template", "utility", limit=250).allow
    assert verdict(full, "template", "utility", limit=None).allow


def test_the_free_entry_point_opens_with_an_answer_in_time() -> None:
    policies = Policies()
    assert rules.free_entry_until(NOW - HOUR, NOW, None, policies) == NOW + 72 * HOUR
    assert rules.free_entry_until(NOW - 25 * HOUR, NOW, None, policies) is None
    assert rules.free_entry_until(None, NOW, NOW, policies) == NOW
    assert rules.is_free_entry(Standing(free_entry_until=NOW + HOUR), NOW, policies)
    assert not rules.is_free_entry(Standing(free_entry_until=NOW), NOW, policies)


@given(st.lists(st.floats(0, 2, allow_nan=False), min_size=1, max_size=400), st.integers(1, 50))
def test_no_second_has_more_than_twice_the_rate(gaps: list[float], per_second: int) -> None:
    rates, now, taken = Rates(), 1_000.0, []
    for gap in gaps:
        now += gap / per_second
        if rates.take(("n",), interval=1 / per_second, burst=per_second, now=now) == 0:
            taken.append(now)
    for start in taken:
        assert sum(start <= at < start + 1 for at in taken) <= 2 * per_second


def test_waiting_as_long_as_told_is_enough() -> None:
    rates = Rates()
    for _ in range(5):
        assert rates.take(("n",), interval=1.0, burst=5, now=10.0) == 0
    wait = rates.take(("n",), interval=1.0, burst=5, now=10.0)
    assert wait == pytest.approx(1.0)
    assert rates.take(("n",), interval=1.0, burst=5, now=10.0 + wait) == 0


def test_the_pair_rate_allows_a_burst_and_then_one_in_six_seconds() -> None:
    rates = Rates()

    def send(now: float) -> object:
        return rules.too_fast(rates, phone_id="1", wa_id="2", per_second=80, at=NOW, now=now, policies=Policies())

    assert [send(1.0) for _ in range(rules.PAIR_BURST)] == [None] * rules.PAIR_BURST
    error = send(1.0)
    assert error is not None
    assert error.number == 131056  # type: ignore[attr-defined]
    assert send(7.0) is None


@pytest.mark.parametrize(
    ("current", "to", "steps"),
    [
        ("accepted", "sent", ("sent",)),
        ("accepted", "delivered", ("sent", "delivered")),
        ("accepted", "read", ("sent", "read")),
        ("sent", "read", ("read",)),
        ("delivered", "delivered", ()),
        ("read", "delivered", ()),
        ("failed", "read", ()),
    ],
)
def test_statuses_go_forward_only(current: str, to: rules.Progress, steps: tuple[str, ...]) -> None:
    assert rules.steps(current, to) == steps
