"""Plays: a business and a person write to each other, and webhooks tell of every tick."""

from __future__ import annotations

from plauder.core.people import Published
from plauder.wire.jid import Jid
from plauder.wire.xml import E
from tests.business.cloud import ANN, NUMBER, Cloud


async def test_a_person_writes_and_the_business_answers(cloud: Cloud) -> None:
    await cloud.ann.write("Oi!")
    await cloud.settle()
    (incoming,) = cloud.receiver.messages()
    assert incoming["text"] == {"body": "Oi!"}
    assert incoming["from"] == ANN
    assert incoming["from_user_id"].startswith("DE.")

    answer = await cloud.text("Hallo Ann", context={"message_id": incoming["id"]}, biz_opaque_callback_data="42")
    assert answer.status_code == 200, answer.text
    wamid = answer.json()["messages"][0]["id"]
    assert answer.json() == {
        "messaging_product": "whatsapp",
        "contacts": [{"input": ANN, "wa_id": ANN}],
        "messages": [{"id": wamid}],
    }
    await cloud.settle()
    received = cloud.ann.received[-1]
    assert received.id == wamid
    assert received.text("{jabber:client}body") == "Hallo Ann"
    statuses = cloud.receiver.statuses()
    assert [status["status"] for status in statuses] == ["sent", "delivered"]
    assert {status["biz_opaque_callback_data"] for status in statuses} == {"42"}
    assert statuses[0]["pricing"]["type"] == "free_customer_service"

    await cloud.ann.say(f"<displayed xmlns='urn:xmpp:chat-markers:0' id='{wamid}'/>", key="d1")
    await cloud.settle()
    assert [status["status"] for status in cloud.receiver.statuses()] == ["sent", "delivered", "read"]


async def test_outside_the_window_text_fails_late(cloud: Cloud) -> None:
    answer = await cloud.text()
    assert answer.status_code == 200
    await cloud.settle()
    (status,) = cloud.receiver.statuses()
    assert (status["status"], status["errors"][0]["code"]) == ("failed", 131047)
    assert cloud.receiver.values()[0]["contacts"][0]["user_id"]
    assert cloud.ann.received == []


async def test_the_business_number_hears_only_people(cloud: Cloud) -> None:
    await cloud.ann.write("first", key="a")
    await cloud.ann.write("first", key="a")
    await cloud.settle()
    assert len(cloud.receiver.messages()) == 1
    assert cloud.receiver.values()[0]["metadata"]["display_phone_number"] == NUMBER


async def test_the_business_hears_the_name_a_person_goes_by(cloud: Cloud) -> None:
    class Personal(type(cloud.server.people.personal)):  # type: ignore[misc]
        async def items(self, account: Jid, node: str, **_: object) -> list[Published]:
            nick = E("{http://jabber.org/protocol/nick}nick", {}, f"Ann of {account.local}")
            return [Published(account.text, node, "current", nick)]

    cloud.server.people.personal = Personal()
    await cloud.ann.write("Oi!")
    await cloud.settle()
    assert cloud.receiver.values()[0]["contacts"][0]["profile"] == {"name": f"Ann of {ANN}"}
