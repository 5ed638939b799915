"""The published OpenAPI is whole, and true: every example in it is sent as it stands, and answered as it says."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from plauder.edge.http.graph import published
from plauder.edge.http.graph.wiring import application
from tests.business.cloud import Cloud
from tests.business.flows.endpoint import Endpoint
from tests.edge.http.test_business import PNG

SPEC: dict[str, Any] = application().openapi()
OPERATIONS = {f"{method.upper()} {path}": one for path, all_ in SPEC["paths"].items() for method, one in all_.items()}

ORDER = [
    "POST /{node_id}",
    "POST /{phone_id}/media",
    "POST /{app_id}/uploads",
    "GET /upload:{upload_id}",
    "POST /upload:{upload_id}",
    "POST /{waba_id}/message_templates",
    "POST /{waba_id}/flows",
    "POST /{flow_id}/assets",
    "POST /{business_id}/owned_product_catalogs",
    "POST /{waba_id}/product_catalogs",
    "POST /{catalog_id}/products",
    "POST /{phone_id}/message_qrdls",
    "POST /{phone_id}/whatsapp_business_encryption",
    "POST /{phone_id}/messages",
    "POST /{phone_id}/whatsapp_business_profile",
    "POST /{phone_id}/conversational_automation",
    "POST /{phone_id}/block_users",
]
"""What others need is made first."""
LAST = [
    "POST /{flow_id}/publish",
    "POST /{flow_id}/deprecate",
    "DELETE /{phone_id}/message_qrdls/{code}",
    "DELETE /{waba_id}/product_catalogs",
    "DELETE /{phone_id}/block_users",
    "DELETE /{waba_id}/message_templates",
    "DELETE /{waba_id}/subscribed_apps",
    "DELETE /{app_id}/subscriptions",
]
ELSEWHERE = {
    "POST /{phone_id}/request_code",  # a number that is verified already gets no code
    "POST /{phone_id}/verify_code",
    "POST /{phone_id}/deregister",
    "POST /{phone_id}/marketing_messages",  # only marketing templates
    "POST /{template_id}/unpause",  # only what is paused
    "DELETE /{node_id}",
    "POST /{phone_id}/settings",
}
"""Seen by other tests: their examples need a number or a template in a state of its own."""


def test_every_operation_says_what_it_takes_and_answers() -> None:
    offered = {name for name, one in OPERATIONS.items() if not one["summary"].startswith("Not offered")} - {"GET /"}
    assert offered == set(published.SHOWN)
    for name in offered:
        answer = OPERATIONS[name]["responses"]["200"]["content"][published.JSON]
        assert answer["schema"]["type"] == "object", name
        assert answer["example"], name
        body = OPERATIONS[name].get("requestBody", {}).get("content", {}).get(published.JSON, {})
        assert name == "POST /{phone_id}/messages" or "schema" not in body or "example" in body, name
    assert all("422" not in one["responses"] and "default" in one["responses"] for one in OPERATIONS.values())


class Clerk:
    """Sends the examples, with the ids of what is there."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.known = {
            "phone_id": cloud.phone,
            "waba_id": cloud.waba,
            "app_id": cloud.app,
            "business_id": cloud.business,
            "node_id": cloud.waba,
        }
        key = Endpoint(lambda _: {}).public_key
        self.real = {
            "client_id": cloud.app,
            "client_secret": cloud.secret,
            "input_token": cloud.token,
            "source_waba_id": cloud.waba,
            "business_public_key": key,
            "callback_url": cloud.receiver.url,
            "override_callback_uri": cloud.receiver.url,
        }

    def _given(self, values: dict[str, Any]) -> dict[str, Any]:
        given = {name: self.real.get(name, value) for name, value in values.items() if name != "after"}
        if template := self.known.get("template_id"):
            given |= {"hsm_ids": [template]} if "hsm_ids" in given else {}
            given |= {"hsm_id": template} if "hsm_id" in given else {}
            given |= {"template_ids": f"[{template}]"} if "template_ids" in given else {}
        if "catalog_id" in given:
            given["catalog_id"] = self.known["catalog_id"]
        return given

    async def send(self, name: str) -> httpx.Response:
        method, _, path = name.partition(" ")
        path = re.sub(r"\{(\w+)\}", lambda found: self.known[found[1]], path)
        operation = OPERATIONS[name]
        queries = [one for one in operation.get("parameters", []) if one["in"] == "query"]
        params = self._given({one["name"]: one["example"] for one in queries})
        (kind, body), *_ = [*operation.get("requestBody", {}).get("content", {}).items(), ("", {})]
        more: dict[str, Any] = {}
        if kind == published.JSON:
            more["json"] = self._given(body["example"])
        elif kind == published.FORM:
            data = published.FLOW.encode() if "flow" in path or "assets" in path else PNG
            file_type = "application/json" if "assets" in path else "image/png"
            more = {"data": published.SHOWN[name].body, "files": {"file": ("f", data, file_type)}}
        elif kind:
            more = {"content": PNG, "headers": {"file_offset": "0"}}
        if name == "POST /{app_id}/uploads":
            more["json"]["file_length"] = len(PNG)
        answer = await self.cloud.http.request(method, path, params=params, **more)
        self._note(name, answer)
        return answer

    def _note(self, name: str, answer: httpx.Response) -> None:
        if not answer.is_success:
            return
        made = {
            "POST /{app_id}/uploads": ("upload_id", "id"),
            "POST /{waba_id}/message_templates": ("template_id", "id"),
            "POST /{waba_id}/flows": ("flow_id", "id"),
            "POST /{business_id}/owned_product_catalogs": ("catalog_id", "id"),
            "POST /{phone_id}/message_qrdls": ("code", "code"),
        }
        if name in made:
            wanted, found = made[name]
            self.known[wanted] = str(answer.json()[found]).removeprefix("upload:")


def differs(shown: Any, found: Any, where: str = "") -> list[str]:
    """Names that the example has and the answer has not, and values of another kind."""
    if isinstance(shown, dict) and isinstance(found, dict):
        missing = [f"{where}.{name}" for name in shown if name not in found]
        return missing + [
            problem
            for name, value in shown.items()
            if name in found
            for problem in differs(value, found[name], f"{where}.{name}")
        ]
    if isinstance(shown, list) and isinstance(found, list):
        return differs(shown[0], found[0], f"{where}[0]") if shown and found else []
    return [] if type(shown) is type(found) else [f"{where}: {type(found).__name__}"]


@pytest.fixture
async def clerk(tmp_path: Path) -> AsyncIterator[Clerk]:
    async with Cloud(tmp_path) as cloud:
        await cloud.ann.write("Hello")  # only who wrote can be blocked
        await cloud.settle()
        yield Clerk(cloud)


async def test_every_example_runs_and_is_answered_as_it_says(clerk: Clerk) -> None:
    middle = [name for name in published.SHOWN if name not in {*ORDER, *LAST, *ELSEWHERE}]
    wrong = {}
    for name in [*ORDER, *middle, *LAST]:
        answer = await clerk.send(name)
        shown = published.SHOWN[name].answer
        problems = differs(shown, answer.json()) if answer.status_code == 200 else [answer.text[:300]]
        if problems:
            wrong[name] = problems
    assert "\n".join(f"{name}: {why}" for name, why in wrong.items()) == ""
