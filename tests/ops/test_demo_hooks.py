"""The door of the demo businesses: who knocks there may send anything, at any speed, without end."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plauder.ops.demo import hooks

SECRET = "a secret"
MESSAGE = {"id": "wamid.1", "from": "4917", "type": "text"}


class Program:
    secret = SECRET

    def __init__(self) -> None:
        self.got: list[hooks.Json] = []

    def take(self, update: hooks.Json) -> None:
        self.got.append(update)


@pytest.fixture
def program() -> Program:
    return Program()


@pytest.fixture
async def http(program: Program) -> AsyncIterator[httpx.AsyncClient]:
    async with knocking(program) as client:
        yield client


def knocking(program: Program, *, patience: float = hooks.PATIENCE) -> httpx.AsyncClient:
    app = hooks.door({"4917": program}.get, patience=patience)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://demo")


def signed(body: bytes) -> dict[str, str]:
    return {"x-hub-signature-256": "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()}


async def test_what_is_signed_is_taken_whatever_its_content_type(http: httpx.AsyncClient, program: Program) -> None:
    body = json.dumps({"entry": []}).encode()
    for kind in ("application/json", "text/plain", "multipart/form-data"):
        answer = await http.post("/4917", content=body, headers=signed(body) | {"content-type": kind})
        assert answer.status_code == 200
    assert program.got == [{"entry": []}] * 3


@pytest.mark.parametrize(
    "signature", ["", "sha256=", "sha1=" + "0" * 40, "sha256=" + "0" * 64, "sha256=é", "x" * 10_000]
)
async def test_what_is_not_signed_is_not_even_read_as_json(
    http: httpx.AsyncClient, program: Program, signature: str
) -> None:
    headers = {"x-hub-signature-256": signature.encode("latin-1")}
    assert (await http.post("/4917", content=b"{", headers=headers)).status_code == 403
    assert program.got == []


async def test_a_signature_of_other_bytes_or_at_another_door_is_worth_nothing(http: httpx.AsyncClient) -> None:
    assert (await http.post("/4917", content=b"{} ", headers=signed(b"{}"))).status_code == 403
    assert (await http.post("/4918", content=b"{}", headers=signed(b"{}"))).status_code == 403


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"5", b"null", b"\xff\xfe", b"{}{}", b"[" * 5_000, b'"x"'])
async def test_signed_garbage_is_refused(http: httpx.AsyncClient, program: Program, body: bytes) -> None:
    assert (await http.post("/4917", content=body, headers=signed(body))).status_code == 400
    assert program.got == []


async def test_a_large_body_is_refused_unread_and_a_chunked_one_as_soon_as_it_is_too_large(
    http: httpx.AsyncClient,
) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield b"x" * 65_536

    declared = {"content-length": str(hooks.MAX_BODY + 1)}
    assert (await http.post("/4917", content=endless(), headers=declared)).status_code == 413
    assert sent == 0
    answer = await http.post("/4917", content=endless())
    assert (answer.status_code, answer.headers["connection"]) == (413, "close")
    assert sent * 65_536 <= hooks.MAX_BODY + 131_072


@pytest.mark.parametrize("length", ["-1", "1e9", "x", "", "9" * 30, "9" * 5_000])
async def test_a_length_that_is_none_is_refused(http: httpx.AsyncClient, length: str) -> None:
    assert (await http.post("/4917", content=b"{}", headers={"content-length": length})).status_code == 413


async def test_who_never_ends_is_not_waited_for(program: Program) -> None:
    async def stalls() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    async with knocking(program, patience=0) as http:
        assert (await http.post("/4917", content=stalls())).status_code == 408
    assert program.got == []


async def test_only_who_knows_the_word_gets_the_challenge_back(http: httpx.AsyncClient) -> None:
    query = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": hooks.VERIFY}
    assert (await http.get("/4917", params=query)).text == "1158201444"
    for wrong in (query | {"hub.verify_token": "x"}, {"hub.challenge": "1"}):
        answer = await http.get("/4917", params=wrong)
        assert (answer.status_code, answer.text) == (403, "")
    assert (await http.put("/4917")).status_code == 405
    assert (await http.get("/4917/more")).status_code == 404


_NAMES = ("entry", "changes", "value", "messages", "id", "from")
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(_NAMES), _json))
def test_whatever_shape_an_update_has_its_messages_are_messages(update: dict[str, Any]) -> None:
    assert all(isinstance(one["id"], str) and isinstance(one["from"], str) for one in hooks.messages_of(update))


def test_messages_are_found_and_each_is_new_once() -> None:
    update = {"entry": [None, {"changes": [5, {"value": {"messages": [MESSAGE, {"id": 5}, "x"]}}, {"value": []}]}]}
    assert list(hooks.messages_of(update)) == [MESSAGE]
    seen = hooks.Seen(most=2)
    assert [seen.is_new(name) for name in ("a", "a", "b", "c", "a")] == [True, False, True, True, True]
