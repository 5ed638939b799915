"""The console's API: from nothing to a received template, teams, keys, journal, sandbox."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from fastapi import FastAPI, Request
from sqlalchemy import select

from plauder.business.accounts import invitations
from plauder.business.templates import store as template_store
from plauder.edge.http import (
    business,
    business_files,
    business_sandbox,
    business_team,
    business_templates,
    errors,
)
from plauder.edge.http.auth import Caller
from plauder.edge.http.graph.billing import MeteredBilling
from plauder.features.accounts import events
from plauder.features.accounts.parts import NoInvite
from plauder.store import outbox
from tests.business.cloud import ANN, BRUNO, Cloud
from tests.features.accounts.conftest import Office

OWNER = "4917012345678"


async def authenticate(request: Request) -> Caller:
    """Who calls is in a header: this is not about logging in."""
    local = request.headers["x-test-caller"]
    return Caller(local, "device", f"{local}@plauder.example")


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[Cloud]:
    async with Cloud(tmp_path, billing=MeteredBilling(), people=(ANN, BRUNO, OWNER)) as cloud:
        yield cloud


@pytest.fixture
async def office(cloud: Cloud) -> Office:
    """The accounts of the same server."""
    return Office(cloud.database, cloud.clock, registration={"ways": ["phone", "invite"]})


@pytest.fixture
async def console(cloud: Cloud, office: Office) -> AsyncIterator[Any]:
    app = FastAPI()
    app.state.auth = authenticate
    errors.install(app)
    for module in (business, business_templates, business_files, business_sandbox):
        app.include_router(module.router(cloud.platform))
    app.include_router(business_team.router(cloud.platform, office.invites))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://cloud.test") as http:

        async def call(method: str, path: str = "", body: Any = None, *, by: str = OWNER, **params: Any) -> Any:
            sent: Any = {"content": body} if isinstance(body, bytes) else {"json": body}
            return await http.request(
                method, f"/api/v1/business{path}", params=params, headers={"x-test-caller": by}, **sent
            )

        yield call


async def found(console: Any) -> dict[str, Any]:
    made = await console("POST", "", {"name": "Padaria Sol", "country": "BR", "currency": "USD"})
    assert made.status_code == 201, made.text
    result: dict[str, Any] = made.json()
    return result


async def key_of(console: Any, business: str) -> str:
    made = await console("POST", f"/{business}/keys", {"label": "bot"})
    return str(made.json()["token"])


async def graph(cloud: Cloud, token: str, path: str, body: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return await cloud.http.post(path, json=body, headers=headers)


async def test_from_nothing_to_a_received_template(cloud: Cloud, console: Any) -> None:
    business = await found(console)
    assert [item["id"] for item in (await console("GET")).json()] == [business["id"]]
    page = (await console("GET", f"/{business['id']}")).json()
    assert (page["role"], page["numbers"][0]["is_test"]) == ("owner", True)
    hook = {"url": cloud.receiver.url, "verify_token": "hello"}
    assert (await console("PUT", f"/{business['id']}/webhook", hook)).status_code == 204
    token = await key_of(console, business["id"])
    template = {
        "name": "bread",
        "language": "en_US",
        "category": "UTILITY",
        "components": [{"type": "BODY", "text": "Your bread is ready, come and get it."}],
    }
    assert (await console("POST", f"/{business['id']}/templates", template)).json()["status"] == "APPROVED"
    customer = page["sandbox"]["customer"]
    message = {
        "messaging_product": "whatsapp",
        "to": customer,
        "type": "template",
        "template": {"name": "bread", "language": {"code": "en_US"}},
    }
    sent = await graph(cloud, token, f"{business['test_number_id']}/messages", message)
    assert sent.status_code == 200, sent.text
    await cloud.settle()
    assert [status["status"] for status in cloud.receiver.statuses()] == ["sent", "delivered", "read"]


async def test_the_simulated_customer_plays(cloud: Cloud, console: Any) -> None:
    business = await found(console)
    hook = {"url": cloud.receiver.url, "verify_token": "hello"}
    await console("PUT", f"/{business['id']}/webhook", hook)
    assert (await console("POST", f"/{business['id']}/sandbox/messages", {"text": "Oi"})).status_code == 202
    await cloud.settle()
    (incoming,) = cloud.receiver.messages()
    assert incoming["text"]["body"] == "Oi"
    token = await key_of(console, business["id"])
    text = {"messaging_product": "whatsapp", "to": incoming["from"], "text": {"body": "Olá"}}
    await graph(cloud, token, f"{business['test_number_id']}/messages", text)
    await cloud.settle()
    assert [status["status"] for status in cloud.receiver.statuses()] == ["sent", "delivered", "read"]
    chat = (await console("GET", f"/{business['id']}/sandbox")).json()["chat"]
    assert [(line["direction"], line["content"]["body"]) for line in chat] == [("in", "Oi"), ("out", "Olá")]


async def test_failures_are_switched_on_and_off(cloud: Cloud, console: Any) -> None:
    business = await found(console)
    path, number = f"/{business['id']}/sandbox", business["test_number_id"]
    token = await key_of(console, business["id"])
    customer = (await console("GET", path)).json()["customer"]
    text = {"messaging_product": "whatsapp", "to": customer, "text": {"body": "x"}}
    await console("PUT", path, {"faults": ["rate_limit"]})
    assert (await graph(cloud, token, f"{number}/messages", text)).json()["error"]["code"] == 130429
    await console("PUT", path, {"faults": ["expired_token"]})
    refused = (await graph(cloud, token, f"{number}/messages", text)).json()["error"]
    assert (refused["code"], refused["error_subcode"]) == (190, 463)
    await console("PUT", path, {"faults": ["nonsense"]})
    await console("PUT", path, {"faults": []})
    assert (await graph(cloud, token, f"{number}/messages", text)).status_code == 200
    assert (await console("PUT", path, {"faults": ["nonsense"]})).status_code == 400


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("undeliverable", 131026),
        ("window_closed", 131047),
        ("payment", 131042),
        ("marketing_cap", 131049),
        ("experiment", 130472),
    ],
)
async def test_message_failures_come_by_webhook(cloud: Cloud, console: Any, fault: str, code: int) -> None:
    business = await found(console)
    path, token = f"/{business['id']}", await key_of(console, business["id"])
    hook = {"url": cloud.receiver.url, "verify_token": "hello"}
    assert (await console("PUT", f"{path}/webhook", hook)).status_code < 300
    customer = (await console("GET", f"{path}/sandbox")).json()["customer"]
    text = {"messaging_product": "whatsapp", "to": customer, "text": {"body": "x"}}
    await console("PUT", f"{path}/sandbox", {"faults": [fault]})
    assert (await graph(cloud, token, f"{business['test_number_id']}/messages", text)).status_code == 200
    await cloud.settle()
    (status,) = cloud.receiver.statuses()
    assert (status["status"], status["errors"][0]["code"]) == ("failed", code)


async def test_rejected_templates_and_a_webhook_that_is_down(cloud: Cloud, console: Any) -> None:
    business = await found(console)
    path, token = f"/{business['id']}", await key_of(console, business["id"])
    await console("PUT", f"{path}/webhook", {"url": cloud.receiver.url, "verify_token": "hello"})
    body = [{"type": "BODY", "text": "Your bread is ready."}]
    new = {"name": "bread", "language": "de", "category": "UTILITY", "components": body}
    await console("PUT", f"{path}/sandbox", {"faults": ["template_rejection", "webhook_down"]})
    made = await graph(cloud, token, f"{business['waba_id']}/message_templates", new)
    assert made.json()["status"] == "REJECTED"
    assert (await console("POST", f"{path}/sandbox/messages", {"text": "Anybody there?"})).status_code < 300
    await cloud.settle()
    assert not cloud.receiver.values("messages")
    await console("PUT", f"{path}/sandbox", {"faults": []})
    cloud.clock.advance(60)
    await cloud.settle()
    (retried,) = cloud.receiver.values("messages")
    assert retried["messages"][0]["text"]["body"] == "Anybody there?"
    made = await graph(cloud, token, f"{business['waba_id']}/message_templates", new | {"name": "rolls"})
    assert made.json()["status"] == "APPROVED"


async def test_strangers_see_nothing_and_roles_bind(cloud: Cloud, console: Any) -> None:
    business = (await found(console))["id"]
    assert (await console("GET", f"/{business}", by=ANN)).status_code == 404
    assert (await console("PUT", f"/{business}/members/{ANN}", {"role": "viewer"})).status_code == 204
    assert (await console("GET", f"/{business}", by=ANN)).json()["role"] == "viewer"
    assert (await console("POST", f"/{business}/keys", {}, by=ANN)).status_code == 403
    assert (await console("PUT", f"/{business}/members/{ANN}", {"role": "owner"}, by=ANN)).status_code == 403
    assert (await console("DELETE", f"/{business}/members/{OWNER}")).status_code == 409
    assert (await console("PUT", f"/{business}/members/49170000", {"role": "viewer"})).status_code == 404
    assert (await console("DELETE", f"/{business}/members/{ANN}", by=ANN)).status_code == 204


# ── people who have no account yet ────────────────────────────────────────────────────────────────────────────────

NEWCOMER = "4915112340000"


async def invited(console: Any, business: str, *, by: str = OWNER, **wish: Any) -> dict[str, Any]:
    made = await console("POST", f"/{business}/invitations", {"role": "agent"} | wish, by=by)
    assert made.status_code == 201, made.text
    result: dict[str, Any] = made.json()
    return result


async def registered(cloud: Cloud, account: str, invite: str = "") -> int:
    async with cloud.database.begin() as uow:
        return await invitations.joined(uow, account, at=cloud.clock.now(), invite=invite)


async def team(console: Any, business: str) -> dict[str, str]:
    return {row["account"]: row["role"] for row in (await console("GET", f"/{business}/members")).json()}


async def test_who_registers_an_invited_number_is_in_the_team(cloud: Cloud, console: Any) -> None:
    business = (await found(console))["id"]
    made = await invited(console, business, number="+49 1511 2340000")
    assert made["number"] == NEWCOMER
    again = await console("POST", f"/{business}/invitations", {"role": "agent", "number": f"+{NEWCOMER}"})
    assert again.status_code == 409
    assert await registered(cloud, "4915112340001") == 0
    assert await registered(cloud, NEWCOMER) == 1
    assert await team(console, business) == {OWNER: "owner", NEWCOMER: "agent"}
    assert (await console("GET", f"/{business}/invitations")).json() == []
    assert await registered(cloud, NEWCOMER) == 0, "an announcement may come twice"


async def test_who_opens_an_account_by_the_link_is_in_the_team(cloud: Cloud, console: Any, office: Office) -> None:
    business = (await found(console))["id"]
    made = await invited(console, business)
    token = made["url"].rpartition("/")[2]
    await office.invites.accept(token, "carla", "Phone")
    async with cloud.database.read() as uow:
        told = (await uow.execute(select(outbox.table).where(outbox.table.c.topic == events.INVITED))).one()
    payload = orjson.loads(told.payload)
    assert await registered(cloud, payload["account"], payload["invite"]) == 1
    assert await team(console, business) == {OWNER: "owner", "carla": "agent"}


async def test_an_invitation_is_as_good_as_who_made_it(cloud: Cloud, console: Any) -> None:
    business = (await found(console))["id"]
    await console("PUT", f"/{business}/members/{ANN}", {"role": "admin"})
    assert (await console("POST", f"/{business}/invitations", {"role": "owner"}, by=ANN)).status_code == 403
    await invited(console, business, by=ANN, number="+49 1511 2340000")
    await console("DELETE", f"/{business}/members/{ANN}")
    assert await registered(cloud, NEWCOMER) == 0
    await invited(console, business, number="+49 1511 2340000")
    cloud.clock.advance(invitations.LIFE.total_seconds())
    assert await registered(cloud, NEWCOMER) == 0


async def test_who_has_an_account_joins_by_the_link_too_and_only_one_does(
    cloud: Cloud, console: Any, office: Office
) -> None:
    business = (await found(console))["id"]
    token = (await invited(console, business, role="finance"))["url"].rpartition("/")[2]
    assert (await console("POST", f"/join/{token}", {})).json() == {"id": business}, "an owner's look takes nothing"
    assert (await console("POST", f"/join/{token}", {}, by=ANN)).json() == {"id": business}
    assert await team(console, business) == {OWNER: "owner", ANN: "finance"}
    assert (await console("POST", f"/join/{token}", {}, by=BRUNO)).status_code == 404
    with pytest.raises(NoInvite):
        await office.invites.accept(token, "carla", "Phone")
    for forged in ("x", token[:-1], "%00", "a" * 400, "..%2F.."):
        assert (await console("POST", f"/join/{forged}", {}, by=BRUNO)).status_code == 404


async def test_a_link_ends_with_its_time_and_with_who_made_it(cloud: Cloud, console: Any) -> None:
    business = (await found(console))["id"]
    await console("PUT", f"/{business}/members/{ANN}", {"role": "admin"})
    hers = (await invited(console, business, by=ANN))["url"].rpartition("/")[2]
    await console("DELETE", f"/{business}/members/{ANN}")
    assert (await console("POST", f"/join/{hers}", {}, by=BRUNO)).status_code == 404
    token = (await invited(console, business))["url"].rpartition("/")[2]
    cloud.clock.advance(invitations.LIFE.total_seconds())
    assert (await console("POST", f"/join/{token}", {}, by=BRUNO)).status_code == 404


async def test_a_team_is_joined_by_link_where_nobody_registers_by_invite(cloud: Cloud, console: Any) -> None:
    shut = Office(cloud.database, cloud.clock, registration={"ways": ["phone"]})
    token, _ = await shut.invites.create(OWNER, for_all=False)
    with pytest.raises(NoInvite):
        await shut.invites.look(token)
    assert (await shut.invites.look(token, to_enter=False)).by == OWNER
    with pytest.raises(NoInvite):
        await shut.invites.accept(token, "carla", "Phone")


async def test_invitations_are_withdrawn_and_wrong_ones_refused(cloud: Cloud, console: Any, office: Office) -> None:
    business = (await found(console))["id"]
    made = await invited(console, business)
    assert (await console("DELETE", f"/{business}/invitations/{made['id']}")).status_code == 204
    assert (await console("DELETE", f"/{business}/invitations/{made['id']}")).status_code == 404
    with pytest.raises(NoInvite):
        await office.invites.look(made["url"].rpartition("/")[2])
    for wish, status in (
        ({"role": "king"}, 400),
        ({"role": "agent", "number": "12"}, 400),
        ({"role": "agent", "number": ANN}, 400),
        ({"role": "agent", "number": f"+{ANN}"}, 409),
    ):
        assert (await console("POST", f"/{business}/invitations", wish)).status_code == status
    assert (await console("POST", f"/{business}/invitations", {"role": "agent"}, by=ANN)).status_code == 404
    assert (await console("GET", f"/{business}/invitations", by=ANN)).status_code == 404


async def test_a_revoked_key_is_dead_at_once(cloud: Cloud, console: Any) -> None:
    business = await found(console)
    made = (await console("POST", f"/{business['id']}/keys", {"label": "bot"})).json()
    number = business["test_number_id"]
    headers = {"Authorization": f"Bearer {made['token']}"}
    assert (await cloud.http.get(number, headers=headers)).status_code == 200
    assert (await console("DELETE", f"/{business['id']}/keys/{made['id']}")).status_code == 204
    refused = (await cloud.http.get(number, headers=headers)).json()["error"]
    assert refused["code"] == 190
    assert made["token"] not in (await console("GET", f"/{business['id']}/keys")).text


async def test_a_number_is_proved_and_registered(cloud: Cloud, console: Any) -> None:
    business = (await found(console))["id"]
    made = await console("POST", f"/{business}/numbers", {"number": "+49 30 55500199", "name": "Padaria"})
    number = made.json()["id"]
    assert (await console("POST", f"/{business}/numbers/{number}/code", {})).status_code == 204
    digits, code = cloud.codes.sent[-1]
    assert digits == "493055500199"
    wrong = await console("POST", f"/{business}/numbers/{number}/verify", {"code": "000000x", "pin": "123456"})
    assert wrong.status_code == 400
    good = await console("POST", f"/{business}/numbers/{number}/verify", {"code": code, "pin": "123456"})
    assert good.status_code == 204, good.text
    assert cloud.platform.hosted.session_of("493055500199") is not None
    again = await console("POST", f"/{business}/numbers", {"number": "+493055500199", "name": "Other"})
    assert again.status_code == 400


async def test_the_journal_tells_and_replays(cloud: Cloud, console: Any) -> None:
    business = await found(console)
    hook = {"url": cloud.receiver.url, "verify_token": "hello"}
    await console("PUT", f"/{business['id']}/webhook", hook)
    token = await key_of(console, business["id"])
    await graph(cloud, token, f"{business['test_number_id']}/messages?access_token=leak", {"to": "x"})
    await console("POST", f"/{business['id']}/sandbox/messages", {"text": "Oi"})
    await cloud.settle()
    await cloud.platform.webhooks.flush_journal()
    entries = (await console("GET", f"/{business['id']}/journal")).json()
    kinds = [entry["kind"] for entry in entries]
    assert set(kinds) == {"request", "webhook"}
    assert not any("leak" in entry["url"] for entry in entries)
    failed = (await console("GET", f"/{business['id']}/journal", failed=True)).json()
    assert [entry["status"] for entry in failed] == [400]
    webhook = next(entry for entry in entries if entry["kind"] == "webhook")
    before = len(cloud.receiver.requests)
    assert (await console("POST", f"/{business['id']}/journal/{webhook['id']}/replay")).status_code == 202
    await cloud.settle()
    assert cloud.receiver.requests[-1][1] == cloud.receiver.requests[before - 1][1]
    assert len(cloud.receiver.requests) == before + 1


PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
OFFER = [{"type": "BODY", "text": "Our summer sale begins on Friday, with 20 % off all cakes."}]
PLAIN = [{"type": "BODY", "text": "Your cake is ready, come and get it."}]


async def test_a_draft_is_judged_by_the_rules_that_decide(console: Any) -> None:
    path = f"/{(await found(console))['id']}/templates"
    judge: Any = {"category": "UTILITY", "components": OFFER}
    verdict = (await console("POST", f"{path}/verdict", judge)).json()
    assert (verdict["category"], verdict["status"], verdict["problem"]) == ("MARKETING", "APPROVED", "")
    made = (await console("POST", path, judge | {"name": "sale", "language": "en"})).json()
    assert made["category"] == "MARKETING"
    broken = (await console("POST", f"{path}/verdict", {"category": "UTILITY", "components": [{"type": "X"}]})).json()
    assert broken["problem"].startswith("components[0]")
    assert (await console("GET", path)).json()[0]["id"] == made["id"]
    assert len((await console("GET", path.replace("templates", "template-library"))).json()) > 3


async def test_an_edited_template_is_reviewed_anew_and_strangers_edit_nothing(console: Any) -> None:
    path = f"/{(await found(console))['id']}/templates"
    draft = {"name": "cake", "language": "en", "category": "UTILITY", "components": PLAIN}
    made = (await console("POST", path, draft)).json()
    bad = [{"type": "BODY", "text": "Please reply with your password now."}]
    edited = (await console("PUT", f"{path}/{made['id']}", draft | {"components": bad})).json()
    assert (edited["status"], edited["rejected_reason"]) == ("REJECTED", "SCAM")
    assert (await console("PUT", f"{path}/{made['id']}", draft, by=ANN)).status_code == 404
    again = await console("PUT", f"{path}/{made['id']}", draft)
    assert (again.json()["status"], again.json()["id"]) == ("APPROVED", made["id"])
    assert (await console("PUT", f"{path}/999", draft)).status_code == 404


async def test_a_picture_is_a_picture_of_bounded_size(console: Any) -> None:
    made = await found(console)
    path = f"/{made['id']}/numbers/{made['test_number_id']}"
    assert (await console("PUT", f"{path}/picture", b"<svg/>")).status_code == 400
    assert (await console("PUT", f"{path}/picture", b"")).status_code == 400
    assert (await console("PUT", f"{path}/picture", PNG + bytes(1 << 20))).status_code == 413
    assert (await console("PUT", f"{path}/picture", PNG)).status_code == 204
    profile = (await console("GET", f"{path}/profile")).json()
    assert profile["profile_picture_url"].startswith("/media/business/")
    assert (await console("DELETE", f"{path}/picture")).status_code == 204
    assert "profile_picture_url" not in (await console("GET", f"{path}/profile")).json()


@pytest.mark.parametrize(
    "hours",
    [
        {"timezone": "Mars/Olympus", "days": {}},
        {"timezone": "UTC", "days": {"fun": []}},
        {"timezone": "UTC", "days": {"mon": [["18:00", "09:00"]]}},
        {"timezone": "UTC", "days": {"mon": [["09:00"]]}},
        "always",
    ],
)
async def test_hours_are_in_order(console: Any, hours: Any) -> None:
    made = await found(console)
    path = f"/{made['id']}/numbers/{made['test_number_id']}/profile"
    assert (await console("PUT", path, {"hours": hours})).status_code == 400
    refused = (await console("PUT", path, {"websites": ["ftp://a.example"]})).json()["error"]
    assert refused["details"]["field"] == "websites"
    good = {"timezone": "America/Sao_Paulo", "days": {"mon": [["09:00", "12:00"], ["13:00", "18:00"]]}}
    assert (await console("PUT", path, {"hours": good, "name": "Padaria Lua"})).status_code == 204
    profile = (await console("GET", path)).json()
    assert (profile["hours"], profile["name"]) == (good, "Padaria Lua")


async def test_a_rejected_or_paused_template_says_why_and_goes_on(cloud: Cloud, console: Any) -> None:
    path = f"/{(await found(console))['id']}"
    draft = {"name": "pay", "language": "en_US", "category": "UTILITY"}
    wrong = [{"type": "BODY", "text": "Please send us your password so that we can go on."}]
    made = (await console("POST", f"{path}/templates", draft | {"components": wrong})).json()
    assert (made["status"], made["rejected_reason"], made["paused_until"]) == ("REJECTED", "SCAM", None)
    unpause = f"{path}/templates/{made['id']}/unpause"
    assert (await console("POST", unpause)).status_code == 400
    async with cloud.database.begin() as uow:
        until = cloud.clock.now() + timedelta(hours=3)
        await template_store.change(uow, made["id"], status="PAUSED", paused_until=until)
    [row] = (await console("GET", f"{path}/templates")).json()
    assert (row["status"], row["paused_until"]) == ("PAUSED", until.isoformat())
    assert (await console("POST", unpause, by=ANN)).status_code == 404
    assert (await console("POST", unpause)).json()["status"] == "APPROVED"


async def test_a_test_number_writes_to_people_who_are_named(console: Any) -> None:
    made = await found(console)
    path = f"/{made['id']}"
    customer = (await console("GET", f"{path}/sandbox")).json()["customer"]
    number = f"{path}/numbers/{made['test_number_id']}/recipients"
    assert (await console("PUT", number, {"recipients": ["+55 11 4002-8922"]})).status_code == 204
    (row,) = (await console("GET", path)).json()["numbers"]
    assert row["recipients"] == ["551140028922", customer]
    for wrong in (["nobody"], ["+1"], [f"+55114002892{n}" for n in range(6)], ["1" * 500]):
        refused = await console("PUT", number, {"recipients": wrong})
        assert refused.status_code == 400, wrong
    assert (await console("PUT", number, {"recipients": []}, by=ANN)).status_code == 404


async def test_the_customer_sends_a_picture(cloud: Cloud, console: Any) -> None:
    made = await found(console)
    path = f"/{made['id']}"
    file = (await console("POST", f"{path}/files", PNG, name="cake.png", type="image/png")).json()
    said = await console("POST", f"{path}/sandbox/messages", {"file": {"id": file["id"], "caption": "Like this?"}})
    assert said.status_code == 202, said.text
    await cloud.settle()
    view = (await console("GET", f"{path}/sandbox")).json()
    [line] = view["chat"]
    assert (line["kind"], line["content"]["caption"], line["content"]["mime_type"]) == (
        "image",
        "Like this?",
        "image/png",
    )
    assert line["content"]["link"].startswith("/media/business/")
    assert view["window_until"] is not None
    assert (await console("POST", f"{path}/sandbox/messages", {"file": {"id": "1"}})).status_code == 404
    assert (await console("POST", f"{path}/files", b"MZ" + bytes(9), type="application/x-dos")).status_code == 400
    assert (await console("POST", f"{path}/files", PNG, by=ANN)).status_code == 404


async def test_a_number_that_never_was_registered_can_be_given_up(console: Any) -> None:
    made = await found(console)
    path = f"/{made['id']}/numbers"
    added = (await console("POST", path, {"number": "+551140028922", "name": "Padaria"})).json()
    assert (await console("DELETE", f"{path}/{added['id']}")).status_code == 204
    assert len((await console("GET", f"/{made['id']}")).json()["numbers"]) == 1
    assert (await console("DELETE", f"{path}/{made['test_number_id']}")).status_code == 400


FORM = {
    "version": "7.0",
    "screens": [
        {
            "id": "WHO",
            "title": "Who?",
            "terminal": True,
            "layout": {
                "type": "SingleColumnLayout",
                "children": [
                    {"type": "TextInput", "name": "n", "label": "Name"},
                    {"type": "Footer", "label": "Done", "on-click-action": {"name": "complete", "payload": {}}},
                ],
            },
        }
    ],
}


async def test_the_customer_fills_in_a_form(cloud: Cloud, console: Any) -> None:
    made = await found(console)
    path = f"/{made['id']}"
    await console("PUT", f"{path}/webhook", {"url": cloud.receiver.url, "verify_token": "hello"})
    sandbox, token = (await console("GET", f"{path}/sandbox")).json(), await key_of(console, made["id"])
    new = {"name": "who", "categories": ["SIGN_UP"], "flow_json": orjson.dumps(FORM).decode(), "publish": True}
    flow = (await graph(cloud, token, f"{made['waba_id']}/flows", new)).json()["id"]
    await console("POST", f"{path}/sandbox/messages", {"text": "Oi"})
    parameters = {"flow_id": flow, "flow_token": "t1", "flow_cta": "Go", "flow_action_payload": {"screen": "WHO"}}
    interactive = {"type": "flow", "body": {"text": "Who?"}, "action": {"name": "flow", "parameters": parameters}}
    message = {"messaging_product": "whatsapp", "to": sandbox["customer"]} | {
        "type": "interactive",
        "interactive": interactive,
    }
    sent = await graph(cloud, token, f"{made['test_number_id']}/messages", message)
    assert sent.status_code == 200, sent.text
    await cloud.settle()
    offer = (await console("GET", f"{path}/sandbox")).json()["chat"][-1]
    assert offer["content"]["action"]["parameters"]["flow_token"] == "t1"
    asked = await console("POST", f"{path}/sandbox/forms", {"action": "definition", "flow_id": flow})
    assert orjson.loads(asked.json()["json"])["screens"][0]["id"] == "WHO"
    filled = {"flow_token": "t1", "n": "Zé"}
    said = await console("POST", f"{path}/sandbox/messages", {"form": filled, "quoted": offer["stanza_id"]})
    assert said.status_code == 202
    await cloud.settle()
    answer = cloud.receiver.messages()[-1]
    reply = answer["interactive"]["nfm_reply"]
    assert (answer["context"]["id"], reply["name"], reply["body"]) == (offer["id"], "flow", "Sent")
    assert orjson.loads(reply["response_json"]) == filled


@pytest.mark.parametrize(
    ("question", "status", "says"),
    [
        ({"action": "definition", "flow_id": "77"}, 409, "There is no such flow."),
        ({"action": "INIT"}, 409, "There is no such flow."),
        ({"action": "steal", "flow_id": "77"}, 400, ""),
        ({"action": "INIT", "flow_id": "7", "data": []}, 400, ""),
        ({"action": "INIT", "flow_id": "7" * 65}, 400, ""),
    ],
)
async def test_wrong_questions_about_forms_are_refused(console: Any, question: Any, status: int, says: str) -> None:
    made = await found(console)
    asked = await console("POST", f"/{made['id']}/sandbox/forms", question)
    assert asked.status_code == status, asked.text
    assert says in asked.text
    stranger = await console("POST", f"/{made['id']}/sandbox/forms", {"action": "definition"}, by=ANN)
    assert stranger.status_code == 404


async def test_the_phone_finds_pictures_wherever_they_are_in_a_message(cloud: Cloud, console: Any) -> None:
    made = await found(console)
    path = f"/{made['id']}"
    sandbox, token = (await console("GET", f"{path}/sandbox")).json(), await key_of(console, made["id"])
    file = (await console("POST", f"{path}/files", PNG, name="cake.png", type="image/png")).json()
    await console("POST", f"{path}/sandbox/messages", {"text": "Oi"})
    header = {"type": "image", "image": {"id": file["id"]}}
    button = {"type": "reply", "reply": {"id": "y", "title": "Yes"}}
    interactive = {"type": "button", "header": header, "body": {"text": "Cake?"}, "action": {"buttons": [button]}}
    message = {"messaging_product": "whatsapp", "to": sandbox["customer"], "type": "interactive"}
    sent = await graph(cloud, token, f"{made['test_number_id']}/messages", message | {"interactive": interactive})
    assert sent.status_code == 200, sent.text
    away = message | {"type": "image", "image": {"link": "https://elsewhere.example/cake.png"}}
    await graph(cloud, token, f"{made['test_number_id']}/messages", away)
    await cloud.settle()
    chat = {line["kind"]: line for line in (await console("GET", f"{path}/sandbox")).json()["chat"]}
    cake, gone = chat["interactive"], chat["image"]
    assert cake["content"]["header"]["image"]["link"].startswith("/media/business/")
    assert cake["text"] == "Cake?\n• Yes"
    # Nobody's server but ours learns who looks at the phone.
    assert gone["content"]["link"] == ""
