"""RFC 6121 §8 with the inbox in the place of offline storage, seen by clients."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from datetime import timedelta

import pytest

from plauder.core.storing import expiring
from plauder.wire.sm import HandledCountTooHigh
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError
from plauder.wire.xml import serialize
from tests.harness import World

BODY = "{jabber:client}body"
DELAY = "{urn:xmpp:delay}delay"
STANZA_ID = "{urn:xmpp:sid:0}stanza-id"


def chat(to: str, text: str, *, key: str = "m1", extra: str = "", type: str = "chat") -> str:  # noqa: A002
    return f"<message to='{to}@plauder.example' type='{type}' id='{key}'><body>{text}</body>{extra}</message>"


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    yield made
    await made.close()


def bodies(stanzas: list[object]) -> list[str | None]:
    return [stanza.text(BODY) for stanza in stanzas]  # type: ignore[attr-defined]


async def test_a_message_reaches_everyone_who_is_available(world: World) -> None:
    ana = await world.connect("ana")
    phone = await world.connect("bruno", "phone")
    laptop = await world.connect("bruno", "laptop")
    shy = await world.connect("bruno", "shy", priority=-1)
    await ana.send(chat("bruno", "Oi!"))
    assert bodies(phone.messages()) == ["Oi!"]
    (message,) = laptop.messages()
    assert message.sender == ana.jid
    assert message.find(STANZA_ID).get("by") == "bruno@plauder.example"
    assert shy.messages() == []


async def test_a_message_waits_for_a_device_that_is_away(world: World) -> None:
    ana = await world.connect("ana")
    phone = await world.connect("bruno", "phone")
    await phone.disconnect()
    await ana.send(chat("bruno", "one") + chat("bruno", "two"))
    assert ana.take() == []
    world.clock.advance(60)
    phone = await world.connect("bruno", "phone")
    one, two = phone.messages()
    assert (one.text(BODY), two.text(BODY)) == ("one", "two")
    assert one.find(DELAY).get("stamp", "").startswith("2026-11-22T12:00:00")
    assert not world.fake_inbox.rows


async def test_what_has_expired_while_it_waited_is_not_handed_out(world: World) -> None:
    ana = await world.connect("ana")
    phone = await world.connect("bruno", "phone")
    await phone.disconnect()
    until = serialize(expiring(world.clock.now() + timedelta(seconds=60))).decode()
    odd = "<amp xmlns='http://jabber.org/protocol/amp'><rule condition='expire-at' action='drop' value='soon'/></amp>"
    for text, wish in (("code 1", until), ("hello", ""), ("odd", odd)):
        await ana.send(chat("bruno", text, key=text, extra=wish))
    world.clock.advance(60)
    phone = await world.connect("bruno", "phone")
    assert [message.text(BODY) for message in phone.messages()] == ["hello", "odd"]
    assert not world.fake_inbox.rows


async def test_what_has_expired_on_its_way_is_not_sent_again_and_has_no_count(world: World) -> None:
    ana = await world.connect("ana")
    bruno = await world.connect("bruno", "phone", sm=True, mute=True)
    until = serialize(expiring(world.clock.now() + timedelta(seconds=60))).decode()
    for text, wish in (("one", ""), ("code 1", until), ("two", ""), ("code 2", until), ("three", "")):
        await ana.send(chat("bruno", text, key=text, extra=wish))
    await bruno.vanish()
    world.clock.advance(60)
    bruno.count = 1
    await bruno.resume()
    assert [message.text(BODY) for message in bruno.messages()][-2:] == ["two", "three"]
    bruno.session.acknowledged(3)
    with pytest.raises(HandledCountTooHigh):
        bruno.session.acknowledged(4)
    await world.settle()
    assert not world.fake_inbox.rows
    await ana.send(chat("bruno", "four", key="four"))
    bruno.session.acknowledged(4)


async def test_a_message_to_nobody_is_refused(world: World) -> None:
    ana = await world.connect("ana")
    await ana.send(chat("nobody", "Oi!"))
    (error,) = ana.messages()
    assert error.error.condition == "service-unavailable"
    assert error.sender == "nobody@plauder.example" or str(error.sender) == "nobody@plauder.example"


async def test_a_chat_state_is_not_stored(world: World) -> None:
    ana = await world.connect("ana")
    state = "<composing xmlns='http://jabber.org/protocol/chatstates'/>"
    await ana.send(f"<message to='bruno@plauder.example' type='chat'>{state}</message>")
    assert ana.take() == []
    assert not world.fake_inbox.rows


async def test_an_unacknowledged_message_is_written_and_the_sender_told_then(world: World) -> None:
    ana = await world.connect("ana", sm=True)
    bruno = await world.connect("bruno", "phone", sm=True, mute=True)
    await ana.send(chat("bruno", "Oi!"))
    assert await ana.ask_ack() == 0  # the answer waits for the disk
    assert not world.fake_inbox.rows
    await world.advance(0.01)
    assert ana.acknowledged == 2
    assert len(world.fake_inbox.rows) == 1
    await bruno.ack()
    assert not world.fake_inbox.rows


async def test_a_message_acknowledged_in_time_is_never_written(world: World) -> None:
    ana = await world.connect("ana", sm=True)
    await world.connect("bruno", "phone", sm=True)
    await ana.send(chat("bruno", "Oi!"))
    assert await ana.ask_ack() == 2
    assert world.server.deliveries.stored == 0


async def test_a_full_disk_refuses(world: World) -> None:
    ana = await world.connect("ana", sm=True)
    phone = await world.connect("bruno", "phone")
    await phone.disconnect()
    world.fake_inbox.is_full = True
    await ana.send(chat("bruno", "Oi!"))
    (error,) = ana.messages()
    assert error.error.condition == "resource-constraint"


async def test_a_mute_client_resumes_and_gets_what_it_missed_once(world: World) -> None:
    ana = await world.connect("ana", sm=True)
    bruno = await world.connect("bruno", "phone", sm=True)
    await ana.send(chat("bruno", "one", key="1"))
    bruno.mute = True
    await ana.send(chat("bruno", "two", key="2"))
    await bruno.vanish()
    await ana.send(chat("bruno", "three", key="3"))
    bruno.mute = False
    await bruno.resume()
    assert bodies(bruno.messages()) == ["one", "two", "three"]
    assert not world.fake_inbox.rows


async def test_a_client_without_stream_management_proves_by_ping(world: World) -> None:
    ana = await world.connect("ana", sm=True)
    bruno = await world.connect("bruno", "phone")
    await ana.send(chat("bruno", "one"))
    assert bodies(bruno.messages()) == ["one"]
    assert await ana.ask_ack() == 2
    assert world.server.deliveries.stored == 0
    bruno.mute = True
    await ana.send(chat("bruno", "two"))
    await world.advance(1)
    assert len(world.fake_inbox.rows) == 1


async def test_a_silent_device_is_not_waited_for_again(world: World) -> None:
    ana = await world.connect("ana", sm=True)
    bruno = await world.connect("bruno", "phone", sm=True, mute=True)
    await ana.send(chat("bruno", "one"))
    assert not world.fake_inbox.rows
    await world.advance(1)
    assert len(world.fake_inbox.rows) == 1
    await ana.send(chat("bruno", "two"))
    assert len(world.fake_inbox.rows) == 2
    bruno.mute = False
    await bruno.ack()
    for number in range(8):
        await ana.send(chat("bruno", str(number)))
    assert world.server.deliveries.spared > 0
    assert not world.fake_inbox.rows


# ── one message to many accounts ──────────────────────────────────────────────────────────────────────────────────


def said(text: str) -> Stanza:
    attrs = {"from": "club@groups.plauder.example/Davi", "type": "groupchat", "id": "g1"}
    return Stanza("message", attrs, f"<body>{text}</body>".encode())


async def say(world: World, text: str, *names: str) -> Awaitable[None]:
    accounts = [str(world.jid(name)) for name in names]
    await world.server.load_accounts(accounts)
    outcome = world.server.deliver_common(said(text), accounts, world.server.numbers.next())
    await world.settle()
    return outcome


async def test_one_message_to_many_reaches_who_is_here_and_waits_for_who_is_not(world: World) -> None:
    ana = await world.connect("ana", "phone", sm=True)
    bruno = await world.connect("bruno", "phone", sm=True)
    await bruno.disconnect()
    await (await say(world, "Oi!", "ana", "bruno", "nobody"))
    (here,) = ana.messages()
    assert (here.attrs["to"], here.find(STANZA_ID).get("by")) == ("ana@plauder.example", "ana@plauder.example")
    assert [key[0] for key in world.fake_inbox.rows if isinstance(key, tuple)] == ["bruno@plauder.example"]
    bruno = await world.connect("bruno", "phone")
    (late,) = bruno.messages()
    assert (late.attrs["to"], late.text(BODY)) == ("bruno@plauder.example", "Oi!")
    assert late.find(STANZA_ID).get("id") == here.find(STANZA_ID).get("id")
    assert not world.fake_inbox.rows


async def test_one_message_to_many_is_written_once_when_several_do_not_answer(world: World) -> None:
    for name in ("ana", "bruno"):
        await world.connect(name, "phone", sm=True, mute=True)
    outcome = await say(world, "Oi!", "ana", "bruno")
    assert not world.fake_inbox.rows
    await world.advance(0.01)
    await outcome
    assert len(world.fake_inbox.rows) == 2
    assert world.server.deliveries.stored == 1


async def test_one_message_to_many_tells_when_it_cannot_be_kept(world: World) -> None:
    bruno = await world.connect("bruno", "phone")
    await bruno.disconnect()
    world.fake_inbox.is_full = True
    with pytest.raises(StanzaError, match="resource-constraint"):
        await (await say(world, "Oi!", "bruno"))


async def test_accounts_that_are_not_loaded_get_it_in_order(world: World) -> None:
    bruno = await world.connect("bruno", "phone")
    world.server.account_changed(world.jid("bruno"))
    accounts = [str(world.jid("bruno"))]
    for text in ("one", "two"):
        world.server.deliver_common(said(text), accounts, world.server.numbers.next())
    await world.settle()
    assert bodies(bruno.messages()) == ["one", "two"]
