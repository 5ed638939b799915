"""Requests of programs we cannot run here, sent again as they send them: Chatwoot, Typebot, n8n, the Node SDK."""

from __future__ import annotations

import json

import httpx

from tests.business.cloud import ANN, Cloud


async def open_window(cloud: Cloud) -> None:
    await cloud.ann.write("hi")
    await cloud.settle()


async def bare(cloud: Cloud, method: str, url: str, **more: object) -> httpx.Response:
    """A request without the fixture's header."""
    transport = httpx.ASGITransport(app=cloud.platform.api)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://cloud.test") as http:
        return await http.request(method, url, **more)  # type: ignore[arg-type]


async def test_chatwoot_lists_templates_by_query_token_and_follows_next(cloud: Cloud) -> None:
    body = [{"type": "BODY", "text": "Hello there, how are you today?"}]
    for index in range(3):
        made = await cloud.post(
            f"{cloud.waba}/message_templates",
            {"name": f"t{index}", "language": "en_US", "category": "MARKETING", "components": body},
        )
        assert made.status_code == 200, made.text
    url = f"http://cloud.test/v14.0/{cloud.waba}/message_templates?access_token={cloud.token}&limit=2"
    seen = []
    while url:
        page = (await bare(cloud, "GET", url)).json()
        seen += [item["name"] for item in page["data"]]
        url = page["paging"].get("next", "")
        assert not url or (url.startswith("http://cloud.test/v14.0/") and cloud.token in url)
    assert sorted(seen) == ["t0", "t1", "t2"]


async def test_chatwoot_checks_and_subscribes(cloud: Cloud) -> None:
    numbers = await bare(cloud, "GET", f"/v22.0/{cloud.waba}/phone_numbers", params={"access_token": cloud.token})
    assert numbers.json()["data"][0]["id"] == cloud.phone
    override = {"override_callback_uri": cloud.receiver.url, "verify_token": "hello"}
    headers = {"Authorization": f"Bearer {cloud.token}"}
    done = await bare(cloud, "POST", f"/v22.0/{cloud.waba}/subscribed_apps", json=override, headers=headers)
    assert done.json() == {"success": True}
    listed = (await cloud.get(f"{cloud.waba}/subscribed_apps")).json()["data"][0]
    assert listed["override_callback_uri"] == cloud.receiver.url
    assert listed["whatsapp_business_api_data"]["id"] == cloud.app


async def test_chatwoot_sends_with_type_last_and_null_context(cloud: Cloud) -> None:
    await open_window(cloud)
    body = {
        "messaging_product": "whatsapp",
        "context": None,
        "to": ANN,
        "text": {"body": "Hello"},
        "type": "text",
    }
    assert (await cloud.post(f"{cloud.phone}/messages", body)).status_code == 200
    interactive = {
        "messaging_product": "whatsapp",
        "to": ANN,
        "interactive": {
            "type": "button",
            "body": {"text": "Choose"},
            "action": '{"buttons":[{"type":"reply","reply":{"id":"a","title":"A"}}]}',
        },
        "type": "interactive",
    }
    assert (await cloud.post(f"{cloud.phone}/messages", interactive)).status_code == 200
    interactive["interactive"] = json.dumps(
        {"type": "button", "body": {"text": "Choose"}, "action": {"buttons": [{"reply": {"id": "a", "title": "A"}}]}}
    )
    assert (await cloud.post(f"{cloud.phone}/messages", interactive)).status_code == 200


async def test_typebot_checks_its_token_and_registers(cloud: Cloud) -> None:
    debug = await cloud.get("debug_token", input_token=cloud.token)
    data = debug.json()["data"]
    assert data["is_valid"] is True
    assert {"whatsapp_business_management", "whatsapp_business_messaging"} <= set(data["scopes"])
    number = await cloud.get(cloud.phone)
    assert number.json()["display_phone_number"] == "+49 30 55500123"
    registered = await cloud.post(f"{cloud.phone}/register", {"messaging_product": "whatsapp", "pin": "123456"})
    assert registered.json() == {"success": True}
    wrong = await cloud.post(f"{cloud.phone}/register", {"messaging_product": "whatsapp", "pin": "654321"})
    assert wrong.json()["error"]["code"] == 133005


async def test_n8n_tests_its_credential_and_subscribes_with_a_list_as_text(cloud: Cloud) -> None:
    probe = await cloud.http.get("http://cloud.test/v13.0/")
    assert probe.json()["error"]["type"] == "GraphMethodException"
    token = await bare(
        cloud,
        "GET",
        "/v19.0/oauth/access_token",
        params={"client_id": cloud.app, "client_secret": cloud.secret, "grant_type": "client_credentials"},
    )
    app_token = token.json()["access_token"]
    form = {
        "object": "whatsapp_business_account",
        "callback_url": cloud.receiver.url,
        "verify_token": "hello",
        "fields": json.dumps(["messages"]),
        "include_values": True,
    }
    headers = {"Authorization": f"Bearer {app_token}"}
    done = await bare(cloud, "POST", f"/v19.0/{cloud.app}/subscriptions", json=form, headers=headers)
    assert done.json() == {"success": True}
    listed = await bare(cloud, "GET", f"/v19.0/{cloud.app}/subscriptions", headers=headers)
    assert listed.json()["data"][0]["callback_url"] == cloud.receiver.url
    gone = await bare(
        cloud,
        "DELETE",
        f"/v19.0/{cloud.app}/subscriptions",
        json={"object": "whatsapp_business_account"},
        headers=headers,
    )
    assert gone.json() == {"success": True}


async def test_the_node_sdk_sends_chunks_to_a_path_with_a_slash(cloud: Cloud) -> None:
    await open_window(cloud)
    text = {
        "messaging_product": "whatsapp",
        "to": int(ANN),
        "type": "text",
        "text": {"body": "Hi", "preview_url": False},
    }

    async def chunks() -> object:
        for index in range(0, len(raw), 7):
            yield raw[index : index + 7]

    raw = json.dumps(text).encode()
    headers = {"Authorization": f"Bearer {cloud.token}", "Content-Type": "application/json"}
    done = await bare(cloud, "POST", f"/v15.0/{cloud.phone}/messages/", content=chunks(), headers=headers)
    assert done.json()["contacts"] == [{"input": ANN, "wa_id": ANN}]


async def test_a_form_does_as_well_as_json(cloud: Cloud) -> None:
    await open_window(cloud)
    form = {
        "messaging_product": "whatsapp",
        "to": ANN,
        "type": "text",
        "text": '{"body": "from a form"}',
        "access_token": cloud.token,
    }
    done = await bare(cloud, "POST", f"/{cloud.phone}/messages", data=form)
    assert done.status_code == 200, done.text
    settings = f"/v23.0/{cloud.phone}/whatsapp_commerce_settings?is_cart_enabled=false&access_token={cloud.token}"
    assert (await bare(cloud, "POST", settings)).json() == {"success": True}
    read = await cloud.get(f"{cloud.phone}/whatsapp_commerce_settings")
    assert read.json()["data"][0]["is_cart_enabled"] is False
