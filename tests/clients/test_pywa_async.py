"""pywa 4.5, async: a bot that answers, its webhooks verified by pywa itself."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import httpx
import pytest
from pywa_async import WhatsApp, types

from tests.business.cloud import ANN
from tests.clients.live import Live

pytestmark = pytest.mark.server
_keys = itertools.count()


async def until(what: Any) -> Any:
    for _ in range(1_000):
        if found := what():
            return found
        await asyncio.sleep(0.01)
    raise AssertionError(f"did not happen: {what}")


async def test_a_bot_hears_taps_and_ticks(live: Live) -> None:
    cloud = live.cloud
    async with httpx.AsyncClient() as session:
        wa = WhatsApp(
            phone_id=cloud.phone,
            token=cloud.token,
            session=session,
            app_secret=cloud.secret,
            verify_token="hello",
            server=None,
            validate_updates=True,
        )
        session.base_url = f"{live.url}/v26.0"
        heard: list[Any] = []

        @wa.on_message()
        async def hello(_: WhatsApp, message: types.Message) -> None:
            heard.append(message.text)
            await message.reply_text("Coffee?", buttons=[types.Button("Yes", "yes")])

        @wa.on_callback_button()
        async def tapped(_: WhatsApp, button: types.CallbackButton) -> None:
            heard.append((button.data, button.title))

        @wa.on_message_status()
        async def ticked(_: WhatsApp, status: types.MessageStatus) -> None:
            heard.append(str(status.status.value))

        done = 0

        async def feed() -> None:
            nonlocal done
            requests = cloud.receiver.requests
            while done < len(requests):
                headers, body = requests[done]
                done += 1
                assert await wa.webhook_update_validator(body, headers["x-hub-signature-256"]) is None
                text, status = await wa.webhook_update_handler(body)
                assert status == 200, text

        loop = asyncio.get_running_loop()
        key = f"async-{next(_keys)}"
        await loop.run_in_executor(None, lambda: live.run(cloud.ann.write("hi café", key=key)))
        await until(lambda: cloud.receiver.messages())
        await feed()
        assert heard == ["hi café"]
        asked = await until(lambda: next((b for b in cloud.ann.businesses() if b["type"] == "interactive"), None))
        assert asked["interactive"]["action"]["buttons"][0]["reply"] == {"id": "yes", "title": "Yes"}
        reply = '{"type":"interactive","interactive":{"type":"button_reply","button_reply":{"id":"yes","title":"Yes"}}}'
        tap = f"<business xmlns='urn:plauder:business:0' type='reply'>{reply}</business>"
        wamid = cloud.ann.received[-1].id
        answer = f"<reply xmlns='urn:xmpp:reply:0' id='{wamid}'/>"
        await loop.run_in_executor(None, lambda: live.run(cloud.ann.say(tap + answer, key=f"{key}-tap")))
        await until(lambda: len(cloud.receiver.messages()) == 2)
        await until(lambda: len(cloud.receiver.statuses()) >= 2)
        await feed()
        assert ("yes", "Yes") in heard
        assert {"sent", "delivered"} <= {item for item in heard if isinstance(item, str)}
        assert cloud.receiver.messages()[1]["context"]["id"] == wamid


async def test_chat_with_ann_stays_hers(live: Live) -> None:
    assert {message["from"] for message in live.cloud.receiver.messages()} <= {ANN}
