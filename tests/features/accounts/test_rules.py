"""Decisions about registration, without any database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plauder.features.accounts import rules
from plauder.features.accounts.rules import PinState, Sends
from plauder.kit.config import Registration

NOW = datetime(2026, 11, 22, tzinfo=UTC)
POLICY = Registration(codes_per_number_per_day=5, codes_per_address_per_hour=10, codes_per_hour=100)


@pytest.mark.parametrize(
    ("sends", "country", "why", "wait"),
    [
        (Sends(), "DE", "ok", 0),
        (Sends(in_total=100), "DE", "total", 600),
        (Sends(to_country=500, typed_in_country=500), "DE", "country-cap", 3600),
        (Sends(to_country=3, typed_in_country=3), "CU", "country-cap", 3600),
        (Sends(to_country=19), "DE", "ok", 0),
        (Sends(to_country=20), "DE", "pumping", 3600),
        (Sends(to_country=20, typed_in_country=1), "DE", "ok", 0),
        (Sends(from_network=10), "DE", "address", 600),
        (Sends(1, NOW - timedelta(seconds=10), NOW), "DE", "too-soon", 50),
        (Sends(1, NOW - timedelta(seconds=60), NOW), "DE", "ok", 0),
        (Sends(3, NOW - timedelta(seconds=60), NOW), "DE", "too-soon", 180),
        (Sends(5, NOW - timedelta(hours=9), NOW - timedelta(hours=20)), "DE", "number", 4 * 3600),
        (Sends(), "KP", "country", 0),
    ],
)
def test_codes_are_limited_every_way(sends: Sends, country: str, why: str, wait: float) -> None:
    policy = POLICY.model_copy(update={"blocked_countries": ("KP",), "country_caps": {"CU": 3}})
    verdict = rules.may_send_code(country, sends, policy, NOW)
    assert (verdict.allowed, verdict.why, verdict.wait) == (why == "ok", why, wait)


def test_only_named_countries() -> None:
    policy = POLICY.model_copy(update={"countries": ("BR",)})
    assert rules.may_send_code("BR", Sends(), policy, NOW).allowed
    assert rules.may_send_code("DE", Sends(), policy, NOW).why == "country"
    assert rules.may_send_code("", Sends(), policy, NOW).why == "country"


@given(st.integers(0, 10**6))
def test_waiting_grows_and_stays_finite(sent: int) -> None:
    assert rules.wait_after(sent, POLICY) <= rules.wait_after(sent + 1, POLICY) < 10**9


def test_a_pin_gets_slower_and_never_locks_for_good() -> None:
    waits = [rules.pin_block_after(failures, NOW) for failures in range(1, 20)]
    assert waits[:2] == [None, None]
    minutes = [(wait - NOW) / timedelta(minutes=1) for wait in waits[2:] if wait]
    assert minutes[:4] == [1, 2, 4, 8]
    assert max(minutes) == 24 * 60
    state = PinState(3, NOW + timedelta(minutes=1))
    assert rules.may_try_pin(state, NOW).wait == 60
    assert rules.may_try_pin(state, NOW + timedelta(minutes=1)).allowed


def test_a_pin_guards_while_the_account_is_used() -> None:
    state = PinState(last_used=NOW)
    assert rules.pin_is_needed(state, POLICY, NOW + timedelta(days=6.9)).why == "in-use"
    assert rules.pin_is_needed(state, POLICY, NOW + timedelta(days=7)).why == "unused"
    assert rules.pin_is_needed(replace(state, last_used=None), POLICY, NOW).allowed


@pytest.mark.parametrize(
    ("has_pin", "gave_pin", "idle_days", "why"),
    [
        (True, True, 400, "pin"),
        (True, False, 10, "pin-passed-over"),
        (False, False, 44, "recent"),
        (False, False, 46, "number-recycled"),
    ],
)
def test_who_has_the_number_now(has_pin: bool, gave_pin: bool, idle_days: int, why: str) -> None:
    verdict = rules.is_same_person(has_pin, gave_pin, NOW - timedelta(days=idle_days), NOW)
    assert verdict.why == why
    assert verdict.allowed == (why in ("pin", "recent"))


@pytest.mark.parametrize(
    "pin", ["", "123", "1234", "4321", "0000", "890123", "12345678901234", "12a4", "１２９４", "12 94"]
)
def test_bad_pins(pin: str) -> None:
    assert not rules.is_good_pin(pin).allowed


@pytest.mark.parametrize("pin", ["1294", "00000001", "2580"])
def test_good_pins(pin: str) -> None:
    assert rules.is_good_pin(pin).allowed


@pytest.mark.parametrize("name", ["ana", "ana.silva", "a-1-b", "x" * 32])
def test_good_names(name: str) -> None:
    assert rules.is_good_name(name).allowed


@pytest.mark.parametrize(
    "name",
    ["", "an", "x" * 33, "4915112345678", "Ana", "ana@x", "ana/x", "admin", "support-1", "ana.", "anä", "a\nb", "-ana"],
)
def test_bad_names(name: str) -> None:
    assert not rules.is_good_name(name).allowed


@given(st.text(max_size=1_000))
def test_device_names_are_short_and_printable(text: str) -> None:
    name = rules.device_name(text)
    assert 0 < len(name) <= rules.LONGEST_DEVICE_NAME
    assert name.isprintable()


def test_lookups_grow_with_age() -> None:
    ages = [rules.lookups_per_day(timedelta(days=d), 1_000, 200, 10_000) for d in (-1, 0, 1, 45, 400)]
    assert ages == [1_000, 1_000, 1_200, 10_000, 10_000]
