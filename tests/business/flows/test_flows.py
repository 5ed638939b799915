"""Flows: drafts and what is wrong with them, publishing, and a person inside one."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given

from plauder.business.flows import rules
from plauder.wire.stanza import Stanza
from plauder.wire.xml import E
from tests.business.cloud import DOMAIN, NUMBER, Cloud
from tests.business.flows.endpoint import Endpoint
from tests.business.messages.test_content import JSON

FOOTER = {"type": "Footer", "label": "Done", "on-click-action": {"name": "complete", "payload": {}}}
FLOW: dict[str, Any] = {
    "version": "7.0",
    "screens": [
        {
            "id": "WELCOME",
            "title": "Welcome",
            "terminal": True,
            "layout": {
                "type": "SingleColumnLayout",
                "children": [
                    {"type": "TextHeading", "text": "Hi"},
                    {"type": "TextInput", "name": "n", "label": "Name"},
                    FOOTER,
                ],
            },
        }
    ],
}


def errors_of(**changes: Any) -> list[str]:
    return [problem["error"] for problem in rules.validate(json.dumps(FLOW | changes))[1]]


def screen(**changes: Any) -> list[dict[str, Any]]:
    return [FLOW["screens"][0] | changes]


def test_a_good_flow_has_no_errors() -> None:
    assert errors_of() == []


def test_errors_have_a_name_and_a_place() -> None:
    assert errors_of(version="1.0") == ["INVALID_PROPERTY_VALUE"]
    assert errors_of(screens=[]) == ["REQUIRED_PROPERTY"]
    assert errors_of(screens=screen(terminal=False)) == ["MISSING_TERMINAL_SCREEN"]
    assert errors_of(screens=screen(id="SUCCESS")) == ["INVALID_PROPERTY_VALUE"]
    assert errors_of(screens=FLOW["screens"] * 2) == ["DUPLICATE_SCREEN_IDS"]
    assert errors_of(routing_model={"WELCOME": ["NOWHERE"]}) == ["INVALID_ROUTING_MODEL"]
    lost = {"type": "EmbeddedLink", "text": "x", "on-click-action": {"name": "navigate", "next": {"name": "NOWHERE"}}}
    layout = {"type": "SingleColumnLayout", "children": [lost, {"type": "Painting"}, FOOTER]}
    assert errors_of(screens=screen(layout=layout)) == ["INVALID_NAVIGATION", "INVALID_PROPERTY_VALUE"]
    text = json.dumps(FLOW | {"version": "1.0"}, indent=1)
    (problem,) = rules.validate(text)[1]
    assert text.splitlines()[problem["line_start"] - 1].strip().startswith('"version"')
    assert rules.validate("{")[1][0]["error_type"] == "JSON_SCHEMA_ERROR"


@given(JSON)
def test_anything_can_be_checked(value: Any) -> None:
    rules.validate(json.dumps(value))
    rules.validate(json.dumps(FLOW | {"screens": [value], "routing_model": value}))


async def make(cloud: Cloud, **more: Any) -> str:
    body = {"name": "Sign up", "categories": ["SIGN_UP"], "flow_json": json.dumps(FLOW)} | more
    made = await cloud.post(f"{cloud.waba}/flows", body)
    assert made.status_code == 200, made.text
    return str(made.json()["id"])


async def test_the_life_of_a_flow(cloud: Cloud) -> None:
    flow = await make(cloud)
    read = (await cloud.get(flow, fields="id,name,status,preview.invalidate(false),validation_errors")).json()
    assert (read["status"], read["validation_errors"]) == ("DRAFT", [])
    files = {"file": ("flow.json", json.dumps(FLOW | {"version": "1.0"}), "application/json")}
    form = {"name": "flow.json", "asset_type": "FLOW_JSON"}
    bad = await cloud.http.post(f"{flow}/assets", data=form, files=files)
    assert bad.json()["validation_errors"][0]["error"] == "INVALID_PROPERTY_VALUE"
    assert (await cloud.post(f"{flow}/publish")).json()["error"]["code"] == 139002
    files = {"file": ("flow.json", json.dumps(FLOW), "application/json")}
    assert (await cloud.http.post(f"{flow}/assets", data=form, files=files)).json()["validation_errors"] == []
    assert (await cloud.post(f"{flow}/publish")).json() == {"success": True}
    assert (await cloud.http.post(f"{flow}/assets", data=form, files=files)).json()["error"]["code"] == 139001
    assert (await cloud.delete(flow)).json()["error"]["code"] == 139004
    assert (await cloud.post(f"{flow}/deprecate")).json() == {"success": True}
    await cloud.settle()
    events = [(v["old_status"], v["new_status"]) for v in cloud.receiver.values("flows")]
    assert events == [("DRAFT", "PUBLISHED"), ("PUBLISHED", "DEPRECATED")]
    draft = await make(cloud, name="Other")
    assert (await cloud.delete(draft)).json() == {"success": True}
    assert (await cloud.get(f"{cloud.waba}/flows")).json()["data"][0]["id"] == flow


async def ask(cloud: Cloud, request: dict[str, Any]) -> Stanza:
    flow = E("{urn:plauder:business:0}flow", {}, json.dumps(request))
    iq = Stanza.build("iq", {"type": "get", "id": "f1", "to": f"{NUMBER}@{DOMAIN}/cloud"}, flow)
    return await cloud.ann.session.request(iq, seconds=5)


async def test_a_person_gets_the_flow_and_talks_to_its_endpoint(cloud: Cloud) -> None:
    business = Endpoint(lambda _: {"screen": "NEXT", "data": {"a": 1}})
    key = {"business_public_key": business.public_key}
    assert (await cloud.post(f"{cloud.phone}/whatsapp_business_encryption", key)).json() == {"success": True}

    async def endpoint(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        size = int(head.split("content-length: ")[1].split("\r\n")[0])
        answer = business.handle(await reader.readexactly(size))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(endpoint, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    flow = await make(
        cloud,
        flow_json=json.dumps(FLOW | {"data_api_version": "3.0"}),
        endpoint_uri=f"http://127.0.0.1:{port}/flow",
        publish=True,
    )
    assert (await cloud.get(flow)).json()["status"] == "PUBLISHED"
    given_ = await ask(cloud, {"action": "definition", "flow_id": flow})
    definition = json.loads(given_.text("{urn:plauder:business:0}flow") or "")
    assert json.loads(definition["json"])["version"] == "7.0"
    answer = await ask(
        cloud,
        {"action": "data_exchange", "flow_id": flow, "screen": "WELCOME", "data": {"n": "Ann"}, "flow_token": "t"},
    )
    assert json.loads(answer.text("{urn:plauder:business:0}flow") or "") == {"screen": "NEXT", "data": {"a": 1}}
    assert business.asked == [
        {"version": "3.0", "action": "data_exchange", "screen": "WELCOME", "data": {"n": "Ann"}, "flow_token": "t"}
    ]
    server.close()
    gone = await ask(cloud, {"action": "INIT", "flow_id": flow})
    assert gone.type == "error"


@pytest.mark.parametrize("request_", [[], {"action": "definition"}, {"action": "x", "flow_id": "1"}, {"flow_id": {}}])
async def test_wrong_requests_get_errors(cloud: Cloud, request_: Any) -> None:
    assert (await ask(cloud, request_)).type == "error"
