"""Tokens of clicks: ours, for one number, for a day, and nothing else opens a free window."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plauder.business.messages.referrals import LIFE, MAX_TOKEN, Referrals
from plauder.business.shared.errors import GraphError
from plauder.kit.keyring import Keyring

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SHOP = "4930555001"
AD = {"source_type": "ad", "source_id": "17", "source_url": "https://ads.example/17", "headline": "Bread!"}
REFERRALS = Referrals(Keyring(b"k" * 32))


def test_a_click_is_proven_with_what_was_clicked() -> None:
    click = REFERRALS.read(SHOP, REFERRALS.token(SHOP, AD, at=NOW), at=NOW + timedelta(hours=1))
    assert click
    assert click.referral == AD | {"ctwa_clid": click.id}


def test_two_clicks_are_two() -> None:
    one, two = (REFERRALS.read(SHOP, REFERRALS.token(SHOP, AD, at=NOW), at=NOW) for _ in range(2))
    assert one
    assert two
    assert one.id != two.id


def test_it_is_for_one_number_for_a_day_and_of_this_server() -> None:
    token = REFERRALS.token(SHOP, AD, at=NOW)
    assert REFERRALS.read("4930555002", token, at=NOW) is None
    assert REFERRALS.read(SHOP, token, at=NOW + LIFE) is None
    assert Referrals(Keyring(b"o" * 32)).read(SHOP, token, at=NOW) is None


@given(st.data())
def test_no_changed_token_is_good(data: st.DataObject) -> None:
    token = REFERRALS.token(SHOP, AD, at=NOW)
    raw = bytearray(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    changed = base64.urlsafe_b64encode(bytes(raw)).decode().rstrip("=")
    assert REFERRALS.read(SHOP, changed, at=NOW) is None


@given(st.text(max_size=300) | st.binary(max_size=300).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_what_people_make_up_is_refused(text: str) -> None:
    assert REFERRALS.read(SHOP, text, at=NOW) is None


def test_a_huge_token_is_refused() -> None:
    assert REFERRALS.read(SHOP, "A" * (MAX_TOKEN + 4), at=NOW) is None


@pytest.mark.parametrize(
    "referral", [{}, {"source_type": "ad"}, AD | {"source_type": "me"}, AD | {"headline": "x" * 81}, AD | {"what": ""}]
)
def test_what_a_referral_cannot_say(referral: dict[str, str]) -> None:
    with pytest.raises(GraphError):
        REFERRALS.token(SHOP, referral, at=NOW)
