"""Webhook bodies byte by byte, against recorded ones: ids are replaced, nothing else.

Conversations go out side by side, so bodies of several nodes are compared sorted.

`PLAUDER_RECORD=1 pytest tests/business/test_golden.py` records them anew; look at the difference before committing it.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from tests.business.cloud import ANN, Cloud

GOLDEN = Path(__file__).parent / "golden"
BUSINESS = "<business xmlns='urn:plauder:business:0' type='reply'>{}</business>"

INCOMING = {
    "text": "<body>Olá, José 👋</body>",
    "reaction": "<reactions xmlns='urn:xmpp:reactions:0' id='m0'><reaction>👍</reaction></reactions>",
    "location": "<geoloc xmlns='http://jabber.org/protocol/geoloc'><lat>52.5</lat><lon>13.4</lon></geoloc>",
    "button_reply": BUSINESS.format(
        '{"type":"interactive","interactive":{"type":"button_reply","button_reply":{"id":"yes","title":"Yes"}}}'
    ),
    "list_reply": BUSINESS.format(
        '{"type":"interactive","interactive":{"type":"list_reply",'
        '"list_reply":{"id":"1","title":"Tea","description":"Green"}}}'
    ),
    "flow_reply": BUSINESS.format(
        '{"type":"interactive","interactive":{"type":"nfm_reply","nfm_reply":{"name":"flow","body":"Sent",'
        '"response_json":"{\\"name\\":\\"Ann\\"}"}}}'
    ),
    "button": BUSINESS.format('{"type":"button","button":{"payload":"STOP","text":"Stop"}}'),
    "order": BUSINESS.format(
        '{"type":"order","order":{"catalog_id":"1","text":"Please","product_items":'
        '[{"product_retailer_id":"a","quantity":2,"item_price":4.5,"currency":"EUR"}]}}'
    ),
    "contacts": BUSINESS.format(
        '{"type":"contacts","contacts":[{"name":{"formatted_name":"Bo","first_name":"Bo"},'
        '"phones":[{"phone":"+49301","wa_id":"49301"}]}]}'
    ),
    "edit": "<body>new words</body><replace xmlns='urn:xmpp:message-correct:0' id='m0'/>",
    "revoke": "<retract xmlns='urn:xmpp:message-retract:1' id='m0'/>",
    "unsupported": BUSINESS.format('{"type":"hologram"}'),
    "forwarded": "<body>news</body><forwarded xmlns='urn:plauder:forwarded:0'/>",
    "stop_marketing": BUSINESS.format('{"type":"user_preferences","value":"stop"}'),
}


def normal(cloud: Cloud, body: bytes) -> bytes:
    """The body without what differs from run to run."""
    text = body.decode("ascii")
    for name, value in {"WABA": cloud.waba, "PHONE": cloud.phone, "BUSINESS": cloud.business}.items():
        text = text.replace(value, f"<{name}>")
    text = re.sub(r"wamid\.[A-Za-z0-9+/=]+", "<WAMID>", text)
    text = re.sub(r"[A-Z]{2}\.\d{20}", "<USER>", text)
    text = re.sub(r'"id":"[0-9a-f]{32}"', '"id":"<HASH>"', text)
    return re.sub(r'"message_template_id":\d+', '"message_template_id":"<TEMPLATE>"', text).encode()


def check(name: str, bodies: list[bytes]) -> None:
    path = GOLDEN / f"{name}.jsonl"
    found = b"\n".join(bodies) + b"\n"
    if os.environ.get("PLAUDER_RECORD"):
        GOLDEN.mkdir(exist_ok=True)
        path.write_bytes(found)
    assert found == path.read_bytes()
    for body in bodies:
        json.loads(body)


@pytest.mark.parametrize("name", sorted(INCOMING))
async def test_what_people_send(cloud: Cloud, name: str) -> None:
    await cloud.ann.write("before", key="m0")
    await cloud.settle()
    cloud.receiver.requests.clear()
    await cloud.ann.say(INCOMING[name], key="m1")
    await cloud.settle()
    check(f"incoming_{name}", [normal(cloud, body) for _, body in cloud.receiver.requests])


async def test_statuses(cloud: Cloud) -> None:
    await cloud.ann.write("hi")
    await cloud.settle()
    cloud.receiver.requests.clear()
    answer = await cloud.text("Hallo", biz_opaque_callback_data="order-7")
    wamid = answer.json()["messages"][0]["id"]
    await cloud.settle()
    await cloud.ann.say(f"<displayed xmlns='urn:xmpp:chat-markers:0' id='{wamid}'/>", key="d")
    await cloud.settle()
    check("statuses", [normal(cloud, body) for _, body in cloud.receiver.requests])


async def test_a_failed_status(cloud: Cloud) -> None:
    await cloud.text("too late")
    await cloud.settle()
    check("status_failed", [normal(cloud, body) for _, body in cloud.receiver.requests])


async def test_templates(cloud: Cloud) -> None:
    new = {
        "name": "hello",
        "language": "en_US",
        "category": "UTILITY",
        "components": [
            {"type": "BODY", "text": "Your table is ready for you."},
            {"type": "BUTTONS", "buttons": [{"type": "URL", "text": "Menu", "url": "https://cafe.example"}]},
        ],
    }
    made = (await cloud.post(f"{cloud.waba}/message_templates", new)).json()
    await cloud.post(made["id"], {"components": new["components"]})
    cloud.clock.advance(days=2)
    await cloud.delete(f"{cloud.waba}/message_templates", name="hello")
    rejected = new | {
        "name": "bad",
        "components": [{"type": "BODY", "text": "See https://bit.ly/x for your prize now"}],
    }
    await cloud.post(f"{cloud.waba}/message_templates", rejected)
    await cloud.settle()
    check("templates", sorted(normal(cloud, body) for _, body in cloud.receiver.requests))


async def test_security_and_names(cloud: Cloud) -> None:
    await cloud.post(cloud.phone, {"pin": "123456"})
    await cloud.post(cloud.phone, {"new_display_name": "Café Pfau am See"})
    await cloud.settle()
    check("number", sorted(normal(cloud, body) for _, body in cloud.receiver.requests))
    assert ANN not in (GOLDEN / "number.jsonl").read_text()
