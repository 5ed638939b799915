"""Bodies, signatures, back-off, addresses."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plauder.business.shared.errors import GraphError
from plauder.business.shared.updates import Update
from plauder.business.webhooks import rules

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@given(st.text())
def test_bodies_are_ascii_and_say_the_same(text: str) -> None:
    raw = rules.ascii_json({"text": text})
    assert raw.isascii()
    assert b"\x7f" not in raw
    assert json.loads(raw)["text"] == text


def test_escapes_are_lower_case() -> None:
    assert rules.ascii_json("é\x7f👋") == b'"\\u00e9\\u007f\\ud83d\\udc4b"'


def test_the_envelope_has_time_for_account_fields_only() -> None:
    message = json.loads(rules.body(Update("1", "messages", {"a": 1}, NOW)))
    assert message == {
        "object": "whatsapp_business_account",
        "entry": [{"id": "1", "changes": [{"field": "messages", "value": {"a": 1}}]}],
    }
    account = json.loads(rules.body(Update("1", "account_update", {}, NOW)))
    assert account["entry"][0]["time"] == int(NOW.timestamp())


def test_the_signature_is_the_documented_one() -> None:
    # HMAC-SHA256 of RFC 4231, test case 2.
    expected = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert rules.signature("Jefe", b"what do ya want for nothing?") == expected


def test_waits_grow_to_an_hour() -> None:
    waits = [rules.wait_after(n, 0.0) for n in range(1, 40)]
    assert waits[:4] == [timedelta(seconds=s) for s in (1, 2, 4, 8)]
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(hours=1)
    assert rules.wait_after(1, 1.0) == timedelta(seconds=1.25)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
)
def test_private_addresses_are_refused(address: str) -> None:
    assert not rules.is_allowed(address, ())


def test_public_ones_and_opened_ones_are_not() -> None:
    assert rules.is_allowed("93.184.215.14", ())
    assert rules.is_allowed("2606:2800:21f:cb07:6820:80da:af6b:8b2c", ())
    assert rules.is_allowed("127.0.0.1", [ip_network("127.0.0.0/8")])
    assert rules.is_allowed("::ffff:127.0.0.1", [ip_network("127.0.0.0/8")])
    assert not rules.is_allowed("10.0.0.1", [ip_network("127.0.0.0/8")])


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.example",
        "https://",
        "//a.example",
        "https://user:pw@a.example/",
        "https://a.example/a b",
        "https://a.example/\r\nX: 1",
        "https://é.example",
        "https://a.example:99999999",
        "javascript:alert(1)",
        "https://a.example/" + "x" * 3000,
    ],
)
def test_wrong_urls_are_refused(url: str) -> None:
    with pytest.raises(GraphError):
        rules.check_url(url)


@pytest.mark.parametrize("fields", [["nope"], [{"name": "nope"}], [7]])
def test_unknown_fields_are_refused(fields: list[Any]) -> None:
    with pytest.raises(GraphError):
        rules.check_fields(fields)
