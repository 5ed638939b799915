"""What holds for every route: versions, tokens, fields, pages, errors."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plauder.business.accounts import commands as accounts
from plauder.business.accounts import rules, store
from plauder.business.shared.errors import GraphError
from plauder.edge.http.graph import paging, selection
from plauder.edge.http.graph.api import GraphApi
from plauder.edge.http.graph.params import Params, without_nulls
from tests.business.cloud import ANN, Cloud


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[Cloud]:
    async with Cloud(tmp_path) as cloud:
        yield cloud


async def bare(cloud: Cloud, method: str, url: str, **more: Any) -> httpx.Response:
    transport = httpx.ASGITransport(app=cloud.platform.api, raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://cloud.test") as http:
        return await http.request(method, url, **more)


async def token(cloud: Cloud, *scopes: str, life: timedelta | None = None) -> str:
    now = cloud.clock.now()
    async with cloud.database.begin() as uow:
        made = await accounts.issue_token(
            uow,
            kind="SYSTEM_USER",
            app_id=cloud.app,
            portfolio_id=cloud.business,
            user_id="1",
            scopes=scopes,
            at=now,
            life=life,
        )
    return made.text


# ── paths and tokens ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("prefix", ["", "/v13.0", "/v26.0", "/v100.12", "//v23.0"])
@pytest.mark.parametrize("suffix", ["", "/"])
async def test_any_version_or_none(cloud: Cloud, prefix: str, suffix: str) -> None:
    answer = await bare(
        cloud, "GET", f"{prefix}/{cloud.phone}{suffix}", headers={"Authorization": f"Bearer {cloud.token}"}
    )
    assert answer.json()["id"] == cloud.phone
    assert answer.headers["content-type"] == "application/json; charset=UTF-8"
    assert answer.headers["x-fb-trace-id"]


@pytest.mark.parametrize(
    ("path", "ours"),
    [
        ("/v23.0/1234567/messages", True),
        ("/v23.0", True),
        ("/1234567/messages", True),
        ("/oauth/access_token", True),
        ("/debug_token", True),
        ("/upload:abc", True),
        ("/me", True),
        ("/", False),
        ("/assets/app.js", False),
        ("/api/v1/account", False),
        ("/media/business/1234567", False),
        ("/mexico", False),
        ("/app.webmanifest", False),
        ("/vendor", False),
    ],
)
def test_what_is_the_graph_s(path: str, ours: bool) -> None:
    assert GraphApi.owns(path) == ours


async def test_tokens_come_in_four_ways(cloud: Cloud) -> None:
    path = f"/v23.0/{cloud.phone}"
    for headers in ({"Authorization": f"Bearer {cloud.token}"}, {"Authorization": f"OAuth {cloud.token}"}):
        assert (await bare(cloud, "GET", path, headers=headers)).status_code == 200
    assert (await bare(cloud, "GET", path, params={"access_token": cloud.token})).status_code == 200
    form = {"access_token": cloud.token, "search_visibility": "VISIBLE"}
    assert (await bare(cloud, "POST", path, data=form)).status_code == 200


@pytest.mark.parametrize("text", ["", "x", "EAA", "EAA" + "0" * 112, "a|b", "|", "EAAé", "1|" + "x" * 10_000])
async def test_wrong_tokens_are_error_190(cloud: Cloud, text: str) -> None:
    answer = await bare(cloud, "GET", f"/v23.0/{cloud.phone}", params={"access_token": text})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["type"]) == (401, 190, "OAuthException")
    assert error["fbtrace_id"] == answer.headers["x-fb-trace-id"]


async def test_tokens_end(cloud: Cloud) -> None:
    text = await token(cloud, rules.MESSAGING, life=timedelta(hours=1))
    path, params = f"/v23.0/{cloud.phone}", {"access_token": text}
    assert (await bare(cloud, "GET", path, params=params)).status_code == 200
    cloud.clock.advance(3_600)
    error = (await bare(cloud, "GET", path, params=params)).json()["error"]
    assert (error["code"], error["error_subcode"]) == (190, 463)


async def test_permissions(cloud: Cloud) -> None:
    text = await token(cloud, rules.MANAGEMENT)
    headers = {"Authorization": f"Bearer {text}"}
    body = {"messaging_product": "whatsapp", "to": ANN, "text": {"body": "x"}}
    refused = await bare(cloud, "POST", f"/v23.0/{cloud.phone}/messages", json=body, headers=headers)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, 10)


async def test_the_proof_of_the_app_secret(cloud: Cloud) -> None:
    proof = rules.appsecret_proof(cloud.secret, cloud.token)
    assert (await cloud.get(cloud.phone, appsecret_proof=proof)).status_code == 200
    assert (await cloud.get(cloud.phone, appsecret_proof="0" * 64)).json()["error"]["code"] == 100
    async with cloud.database.begin() as uow:
        await store.change(uow, store.apps, cloud.app, requires_proof=True)
    cloud.platform.graph.forget_tokens()
    assert (await cloud.get(cloud.phone)).json()["error"]["code"] == 104
    assert (await cloud.get(cloud.phone, appsecret_proof=proof)).status_code == 200


async def test_secrets_are_not_in_the_database_in_the_clear(cloud: Cloud) -> None:
    async with cloud.database.read() as uow:
        rows = (await uow.execute(store.tokens.select())).all() + (await uow.execute(store.apps.select())).all()
    text = repr(rows)
    assert cloud.token[19:] not in text
    assert cloud.secret not in text


async def test_others_nodes_do_not_exist(cloud: Cloud) -> None:
    now = cloud.clock.now()
    async with cloud.database.begin() as uow:
        other = await accounts.create_portfolio(uow, name="Other", owner="1", country="", at=now)
        waba = await accounts.create_waba(uow, portfolio_id=other, name="Other", at=now)
    for node in (waba, other, "123456789012345"):
        error = (await cloud.get(node)).json()["error"]
        assert (error["code"], error["error_subcode"], error["type"]) == (100, 33, "GraphMethodException")
    assert (await cloud.get(f"{waba}/message_templates")).json()["error"]["error_subcode"] == 33


@pytest.mark.parametrize("path", ["nope", "123456789/nope", "oauth/nope", "123456789/messages/x", "upload:x", "..%2f"])
async def test_wrong_paths_are_errors_of_the_api(cloud: Cloud, path: str) -> None:
    answer = await cloud.get(path)
    assert answer.status_code in (400, 401)
    assert answer.json()["error"]["code"] in (100, 2500)


async def test_wrong_methods_too(cloud: Cloud) -> None:
    answer = await cloud.http.request("PUT", f"{cloud.phone}/messages")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 100)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b'"x"', "application/json"),
        (b"\xff\xfe", "application/json"),
        (b'{"to": 1' + b"0" * 5_000 + b"}", "application/json"),
        (b"[" * 100_000, "application/json"),
        (b'{"a":' * 60 + b"1" + b"}" * 60, "application/json"),
        (b"x" * (3 * 1024 * 1024 + 1), "application/json"),
        (b"--x\r\n", "multipart/form-data; boundary=x"),
        (b"--x", "multipart/form-data"),
        (b"%ff=%ff&to[]=1", "application/x-www-form-urlencoded"),
        (b"\0" * 100, "text/plain"),
    ],
)
async def test_hostile_bodies(cloud: Cloud, content: bytes, kind: str) -> None:
    answer = await cloud.http.post(f"{cloud.phone}/messages", content=content, headers={"Content-Type": kind})
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["code"] in (100, 131008, 131009)


# ── fields ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_fields_are_selected(cloud: Cloud) -> None:
    answer = await cloud.get(cloud.phone, fields="verified_name,quality_score{score},throughput")
    assert answer.json() == {
        "verified_name": "Café Pfau",
        "quality_score": {"score": "GREEN"},
        "throughput": {"level": "STANDARD"},
        "id": cloud.phone,
    }
    error = (await cloud.get(cloud.phone, fields="id,nope")).json()["error"]
    assert "Tried accessing nonexisting field (nope) on node type (WhatsAppBusinessPhoneNumber)" in error["message"]


def test_fields_are_parsed() -> None:
    found = selection.parse("id, a{b,c{d}},e.start(1).end(2).phone_numbers([1,(2)]){f}")
    assert [item.name for item in found] == ["id", "a", "e"]
    assert [item.name for item in found[1].nested] == ["b", "c"]
    assert found[2].arguments == {"start": "1", "end": "2", "phone_numbers": "[1,(2)]"}
    assert [item.name for item in found[2].nested] == ["f"]


@pytest.mark.parametrize("text", ["a{", "a}", "a..b(1)", "a.b", "a.b(", ",", "{", "a{b}c", "a" * 9_000, "a{" * 20])
def test_wrong_fields_are_error_100(text: str) -> None:
    with pytest.raises(GraphError) as caught:
        selection.parse(text)
    assert caught.value.number == 100


@given(st.text(alphabet="ab,.(){}[] ", max_size=40))
def test_any_text_as_fields(text: str) -> None:
    try:
        selection.parse(text)
    except GraphError as error:
        number = error.number
    else:
        number = 100
    assert number == 100


# ── parameters and pages ──────────────────────────────────────────────────────────────────────────────────────────


def test_parameters_have_types() -> None:
    params = Params({"n": 5, "t": "true", "l": '["a"]', "c": "a,b", "o": '{"x": null, "y": 1}', "bad": "["})
    assert params.text("n") == "5"
    assert params.flag("t") is True
    assert params.flag("missing") is None
    assert params.list("l") == ["a"]
    assert params.list("c") == ["a", "b"]
    assert params.object("o") == {"y": 1}
    for get in (
        lambda: params.flag("n"),
        lambda: params.object("l"),
        lambda: params.list("bad"),
        lambda: params.text("zz") or params.required("zz"),
    ):
        with pytest.raises(GraphError):
            get()


def test_null_is_absent() -> None:
    assert without_nulls({"a": None, "b": [None, {"c": None}]}) == {"b": [{}]}


@given(st.integers(0, 60), st.integers(1, 30))
def test_pages_show_everything_once(total: int, limit: int) -> None:
    rows, seen, after = list(range(total)), [], ""
    while True:
        offset, size = paging.window(Params({"limit": limit} | ({"after": after} if after else {})))
        cut = rows[offset : offset + size]
        if not cut:
            break
        seen += cut
        after = paging.encode(offset + len(cut) - 1)
    assert seen == rows


@pytest.mark.parametrize("cursor", ["x", "LTE", "é", "MTAwMDAwMDAwMDAwMDAwMDAwMDAwMDA", "====", json.dumps({})])
async def test_wrong_cursors(cloud: Cloud, cursor: str) -> None:
    answer = await cloud.get(f"{cloud.waba}/phone_numbers", after=cursor)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 100)


async def test_summary_and_previous(cloud: Cloud) -> None:
    for name in "abc":
        body = {
            "name": name,
            "language": "de",
            "category": "UTILITY",
            "components": [{"type": "body", "text": "Hallo du da"}],
        }
        await cloud.post(f"{cloud.waba}/message_templates", body)
    first = (
        await cloud.get(f"{cloud.waba}/message_templates", limit=2, summary="total_count,message_template_limit")
    ).json()
    assert first["summary"] == {"total_count": 3, "message_template_limit": 250}
    second = (await cloud.http.get(first["paging"]["next"])).json()
    assert "next" not in second["paging"]
    back = (await cloud.http.get(second["paging"]["previous"])).json()
    assert back["data"] == first["data"]
