"""Sessions in the engine: devices of this process, client state, back-pressure, devices that come and go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from xml.etree.ElementTree import Element

import pytest

from plauder.core.hooks import Hold, Routed, Verdict
from plauder.core.local import WAITING_BYTES_MAX
from plauder.core.ports import SHARED, Limits
from plauder.core.server import Server
from plauder.core.session import Session
from plauder.wire.jid import Jid
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError
from plauder.wire.xml import E
from tests.harness import World

BODY = "{jabber:client}body"


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World(limits=Limits(unacked=8, pending_from_client=8, sessions_per_account=3, devices_per_account=2))
    made.server.start()
    yield made
    await made.close()


def chat(to: str, text: str, key: str = "m") -> str:
    return f"<message to='{to}' type='chat' id='{key}'><body>{text}</body></message>"


def bodies(stanzas: list[Stanza]) -> list[str | None]:
    return [stanza.text(BODY) for stanza in stanzas]


# ── devices of this process ───────────────────────────────────────────────────────────────────────────────────────


class Bot:
    """A device in the server's own process; may be told to fail."""

    def __init__(self, world: World, *, concurrency: int = 1) -> None:
        self.taken: list[Stanza] = []
        self.fails = False
        self.may_work = asyncio.Event()
        self.may_work.set()
        jid = world.jid("shop").with_resource("bot")
        self.session = world.server.attach_local(jid, self.take, concurrency=concurrency)

    async def take(self, stanza: Stanza) -> None:
        await self.may_work.wait()
        await asyncio.sleep(0)
        if self.fails:
            raise RuntimeError("out of order")
        self.taken.append(stanza)


async def test_a_local_device_acknowledges_by_returning(world: World) -> None:
    bot = Bot(world)
    await world.settle()
    ana = await world.connect("ana", sm=True)
    await ana.send(chat("shop@plauder.example", "hello"))
    assert bodies(bot.taken) == ["hello"]
    assert await ana.ask_ack() == 2
    assert not world.fake_inbox.rows


async def test_a_busy_local_device_of_many_at_once_spares_the_disk(world: World) -> None:
    bot = Bot(world, concurrency=64)
    await world.settle()
    ana = await world.connect("ana", sm=True)
    bot.may_work.clear()
    for at in range(100):
        ana.session.receive(Stanza.build("message", {"to": "shop@plauder.example"}, E(BODY, None, f"{at}")))
    bot.may_work.set()
    await world.settle()
    assert bodies(bot.taken) == [f"{at}" for at in range(100)]
    assert await ana.ask_ack() == 101
    assert world.server.deliveries.stored == 0


async def test_a_busy_local_device_holds_only_so_many_bytes(world: World) -> None:
    bot = Bot(world, concurrency=64)
    await world.settle()
    ana = await world.connect("ana", sm=True)
    bot.may_work.clear()
    long = E(BODY, None, "x" * 50_000)
    count = WAITING_BYTES_MAX // 50_000 + 10
    for _ in range(count):
        ana.session.receive(Stanza.build("message", {"to": "shop@plauder.example"}, long))
    bot.may_work.set()
    await world.settle()
    assert 5 < world.server.deliveries.stored < 20
    assert len(bot.taken) == count
    assert not world.fake_inbox.rows


async def test_what_a_local_device_could_not_take_comes_again(world: World) -> None:
    bot = Bot(world)
    await world.settle()
    bot.fails = True
    ana = await world.connect("ana", sm=True)
    await ana.send(chat("shop@plauder.example", "one") + chat("shop@plauder.example", "two"))
    assert await ana.ask_ack() == 3
    assert len(world.fake_inbox.rows) == 2
    bot.fails = False
    await world.advance(10)
    assert bodies(bot.taken) == ["one", "two"]
    assert not world.fake_inbox.rows


async def test_a_local_device_that_is_detached_leaves_its_messages_waiting(world: World) -> None:
    bot = Bot(world)
    await world.settle()
    bot.session.close()
    ana = await world.connect("ana")
    await ana.send(chat("shop@plauder.example", "hello"))
    assert len(world.fake_inbox.rows) == 1
    again = Bot(world)
    await world.settle()
    assert bodies(again.taken) == ["hello"]


async def test_a_local_device_talks_and_asks(world: World) -> None:
    async def answer(session: Session, iq: Stanza, query: Element) -> Element:
        return E("{urn:test}answer", {"to": session.jid.text})

    world.server.on_iq("get", "urn:test", "question", to="server", do=answer)
    bot = Bot(world)
    await world.settle()
    ana = await world.connect("ana")
    sent = bot.session.submit(
        Stanza.build("message", {"to": ana.jid, "type": "chat"}, E("{jabber:client}body", None, "hi"))
    )
    await world.settle()
    await sent
    (message,) = ana.messages()
    assert message.sender == bot.session.jid
    asking = asyncio.ensure_future(
        bot.session.request(Stanza.build("iq", {"to": "plauder.example", "type": "get"}, E("{urn:test}question")))
    )
    await world.settle()
    assert (await asking).payloads[0].get("to") == "shop@plauder.example/bot"
    asking = asyncio.ensure_future(
        bot.session.request(Stanza.build("iq", {"to": "plauder.example", "type": "get"}, E("{urn:test}other")))
    )
    await world.settle()
    assert (await asking).error is not None


# ── client state ──────────────────────────────────────────────────────────────────────────────────────────────────


async def test_an_inactive_client_is_left_alone(world: World) -> None:
    def hold(session: Session, stanza: Stanza) -> Hold:
        if stanza.kind == "presence":
            return Hold.LATEST
        return Hold.DROP if stanza.type == "headline" else Hold.NOW

    world.server.hold_back(hold)
    ana, bruno = await world.connect("ana", "phone"), await world.connect("bruno", "phone")
    ana.take()
    ana.session.set_active(False)
    for show in ("away", "dnd"):
        await bruno.send(f"<presence to='{ana.jid}'><show>{show}</show></presence>")
    await bruno.send(f"<message to='{ana.jid}' type='headline'><body>news</body></message>")
    assert ana.take() == []
    await bruno.send(chat(str(ana.jid), "wake up"))
    held, message = ana.take()
    assert held.text("{jabber:client}show") == "dnd"
    assert message.text(BODY) == "wake up"
    await bruno.send(f"<presence to='{ana.jid}'/>")
    assert ana.take() == []
    ana.session.set_active(True)
    await world.settle()
    assert len(ana.take()) == 1


# ── slow readers, eager writers ───────────────────────────────────────────────────────────────────────────────────


async def test_a_slow_reader_is_fed_from_the_inbox(world: World) -> None:
    ana = await world.connect("ana")
    bruno = await world.connect("bruno", "phone", sm=True)
    bruno.outlet.is_congested = True
    for number in range(20):
        await ana.send(chat("bruno@plauder.example", str(number)))
    assert bruno.take() == []
    assert len(world.fake_inbox.rows) == 20
    bruno.outlet.is_congested = False
    bruno.session.drained()
    await world.settle()
    assert bodies(bruno.messages()) == [str(number) for number in range(20)]
    await ana.send(chat("bruno@plauder.example", "live"))
    assert bodies(bruno.messages()) == ["live"]
    assert not world.fake_inbox.rows


async def test_who_reads_slowly_finds_what_a_second_client_at_the_same_queue_took_at_once(world: World) -> None:
    """Two clients that nobody has seen before share a queue; neither they nor the sender acknowledge."""
    ana = await world.connect("ana")
    slow, quick = await world.connect("bruno"), await world.connect("bruno")
    assert slow.session.device == quick.session.device == SHARED
    slow.outlet.is_congested = True
    await ana.send(chat("bruno@plauder.example", "hello"))
    assert bodies(quick.messages()) == ["hello"]
    assert slow.messages() == []
    slow.outlet.is_congested = False
    slow.session.drained()
    await world.settle()
    assert bodies(slow.messages()) == ["hello"]
    assert quick.messages() == []
    assert not world.fake_inbox.rows


async def test_a_client_that_owes_too_much_gets_no_more_until_it_answers(world: World) -> None:
    ana = await world.connect("ana")
    bruno = await world.connect("bruno", "phone", sm=True, mute=True)
    for number in range(20):
        await ana.send(chat("bruno@plauder.example", str(number)))
    assert bodies(bruno.messages()) == [str(number) for number in range(8)]
    await bruno.ack()
    bruno.mute = False
    await bruno.ack()
    assert bodies(bruno.messages()) == [str(number) for number in range(8, 20)]


async def test_a_client_gets_more_when_half_of_what_it_owes_is_settled(world: World) -> None:
    ana = await world.connect("ana")
    bruno = await world.connect("bruno", "phone", sm=True, mute=True)
    for number in range(20):
        await ana.send(chat("bruno@plauder.example", str(number)))
    assert len(bruno.messages()) == 8
    handed = bruno.count
    await bruno.ack(handed - 5)
    assert bruno.messages() == []
    await bruno.ack(handed - 4)
    assert bodies(bruno.messages()) == ["8", "9", "10", "11"]


async def test_a_client_that_answers_no_pings_is_neither_starved_nor_believed(world: World) -> None:
    ana = await world.connect("ana", sm=True)
    bruno = await world.connect("bruno", "phone", mute=True)
    for number in range(12):
        await ana.send(chat("bruno@plauder.example", str(number)))
    assert len(bruno.messages()) == 8
    await world.advance(120)
    assert bodies(bruno.messages()) == ["8", "9", "10", "11"]
    await ana.send(chat("bruno@plauder.example", "live"))
    assert bodies(bruno.messages()) == ["live"]
    await world.advance(1)
    assert await ana.ask_ack() == 14
    assert len(world.fake_inbox.rows) == 13


async def test_a_writer_is_not_read_while_too_much_of_it_is_under_way(world: World) -> None:
    world.fake_inbox.auto = False
    ana = await world.connect("ana", sm=True)
    for number in range(12):
        await ana.send(chat("bruno@plauder.example", str(number)))
    assert ana.outlet.is_paused
    world.fake_inbox.write()
    assert not ana.outlet.is_paused
    assert await ana.ask_ack() == 13


async def test_later_stanzas_wait_for_a_handler(world: World) -> None:
    gate = asyncio.Event()

    async def slow(session: Session, iq: Stanza, query: Element) -> None:
        await gate.wait()

    world.server.on_iq("set", "urn:test", "slow", to="server", do=slow)
    ana, bruno = await world.connect("ana", sm=True), await world.connect("bruno")
    await ana.send(
        "<iq type='set' id='1' to='plauder.example'><slow xmlns='urn:test'/></iq>" + chat("bruno@plauder.example", "x")
    )
    assert bruno.messages() == []
    assert await ana.ask_ack() == 0
    gate.set()
    await world.settle()
    assert bodies(bruno.messages()) == ["x"]
    assert ana.acknowledged == 3


# ── devices ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_resource_is_a_device_from_the_second_visit_on(world: World) -> None:
    server = world.server
    for expected in (SHARED, "resource:home", "resource:home"):
        client = await world.connect("ana")
        await client.disconnect()
        session = await server.bind(world.jid("ana"), "home", "", client.outlet, is_known=True)
        assert session.device == expected
        session.close()
        await world.settle()


async def test_the_oldest_unseen_resource_makes_room(world: World) -> None:
    for name in ("a", "b", "c"):
        for _ in range(2):
            outlet = (await world.connect("bruno")).outlet
            session = await world.server.bind(world.jid("ana"), name, "", outlet, is_known=True)
            session.close()
            await world.settle()
            world.clock.advance(60)
    assert {device.id for device in await world.server.devices_of(world.jid("ana"))} == {"resource:b", "resource:c"}


async def test_too_many_sessions_of_one_account(world: World) -> None:
    first = await world.connect("ana", "one")
    for name in ("two", "three", "four"):
        await world.connect("ana", name)
    assert len(world.server.sessions_of(world.jid("ana"))) == 3
    assert first.outlet.closed == "policy-violation"


async def test_a_revoked_device_is_gone_with_its_queue(world: World) -> None:
    phone = await world.connect("ana", "phone")
    laptop = await world.connect("ana", "laptop")
    await laptop.disconnect()
    bruno = await world.connect("bruno")
    await bruno.send(chat("ana@plauder.example", "both"))
    await world.server.forget_device(world.jid("ana"), "device:laptop")
    assert not world.fake_inbox.rows
    await world.server.forget_device(world.jid("ana"), "device:phone")
    assert phone.outlet.closed == "not-authorized"
    assert await world.server.devices_of(world.jid("ana")) == []


async def test_a_removed_account_is_forgotten_by_all(world: World) -> None:
    told: list[Jid] = []

    async def forgotten(account: Jid) -> None:
        told.append(account)

    world.server.on_forgotten(forgotten)
    ana = await world.connect("ana", "phone")
    bruno = await world.connect("bruno")
    world.credentials.passwords.pop("ana")  # type: ignore[attr-defined]
    await world.server.forget_account(world.jid("ana"))
    assert ana.outlet.closed == "not-authorized"
    assert told == [world.jid("ana")]
    await bruno.send(chat("ana@plauder.example", "hello?"))
    (error,) = bruno.messages()
    assert error.error is not None


async def test_a_trait_of_a_device_outlives_its_session(world: World) -> None:
    phone = await world.connect("ana", "phone")
    await world.server.remember_device(phone.session, "carbons", True)
    await phone.disconnect()
    (device,) = await world.server.devices_of(world.jid("ana"))
    assert device.traits == {"carbons"}
    assert await world.fake_inbox.devices("ana@plauder.example") == [device]


# ── hooks ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_filters_run_in_order_and_their_verdicts_count(world: World) -> None:
    seen: list[str] = []

    def early(session: Session, message: Stanza) -> Verdict | None:
        seen.append("early")
        text = message.text(BODY)
        if text == "eat":
            return Verdict.consume("hungry")
        if text == "no":
            return Verdict.refuse(StanzaError.of("forbidden"), "rude")
        return Verdict.change(message.adding(E("{urn:test}mark")), "marked")

    async def late(session: Session, message: Stanza) -> None:
        seen.append("late")

    world.server.on_message(late)
    world.server.on_message(early, priority=1)
    ana, bruno = await world.connect("ana"), await world.connect("bruno")
    for text in ("eat", "no", "yes"):
        await ana.send(chat("bruno@plauder.example", text, text))
    (message,) = bruno.messages()
    assert message.find("{urn:test}mark") is not None
    (refused,) = ana.messages()
    assert refused.id == "no"
    assert seen == ["early", "early", "early", "late"]


async def test_copies_are_kept_for_devices_that_are_away(world: World) -> None:
    def copy(routed: Routed) -> None:
        if routed.direction == "sent":
            others = [d.id for d in world.server.known_devices_of(routed.account) if d.id not in routed.reached]
            routed.copy_to(others, routed.stanza.adding(E("{urn:test}copy")))

    world.server.on_routed_message(copy)
    phone = await world.connect("ana", "phone")
    laptop = await world.connect("ana", "laptop")
    await laptop.disconnect()
    await phone.send(chat("bruno@plauder.example", "sent from the phone"))
    laptop = await world.connect("ana", "laptop")
    (copied,) = laptop.messages()
    assert copied.find("{urn:test}copy") is not None


async def test_a_server_asks_a_client(world: World) -> None:
    ana = await world.connect("ana")
    asking = asyncio.ensure_future(
        world.server.request(Stanza.build("iq", {"to": ana.jid, "type": "get"}, E("{urn:xmpp:ping}ping")))
    )
    await world.settle()
    (question,) = ana.take()
    await ana.send(question.result().with_attrs(from_=None))
    assert (await asking).type == "result"
    with pytest.raises(StanzaError, match="service-unavailable"):
        await world.server.request(
            Stanza.build("iq", {"to": "ana@plauder.example/gone", "type": "get"}, E("{urn:xmpp:ping}ping"))
        )


async def test_a_handler_that_breaks_is_an_error_and_no_more(world: World) -> None:
    def broken(session: Session, iq: Stanza, query: Element) -> Element:
        raise ZeroDivisionError

    world.server.on_iq("get", "urn:test", "broken", to="self", do=broken)
    ana = await world.connect("ana")
    answer = await ana.request("<broken xmlns='urn:test'/>")
    assert answer.error is not None
    assert answer.error.condition == "internal-server-error"
    assert ana.is_open


def test_two_handlers_for_the_same_are_a_mistake(world: World) -> None:
    async def nothing(session: Session, iq: Stanza, query: Element) -> None:
        pass

    world.server.on_iq("get", "urn:test", "x", do=nothing)
    with pytest.raises(ValueError, match="two handlers"):
        world.server.on_iq("get", "urn:test", "x", do=nothing)


async def test_a_sub_domain_is_served_in_process(world: World) -> None:
    async def echo(origin: Session | None, stanza: Stanza) -> None:
        if stanza.type == "error":
            raise AssertionError
        if stanza.text(BODY) == "fail":
            raise StanzaError.of("not-allowed")
        world.server.route(stanza.with_attrs(to=stanza.sender, from_=stanza.to))

    world.server.host("echo.plauder.example", echo)
    ana = await world.connect("ana")
    await ana.send(chat("x@echo.plauder.example", "hello") + chat("x@echo.plauder.example", "fail", "2"))
    hello, failed = sorted(ana.messages(), key=lambda stanza: stanza.id or "", reverse=True)
    assert hello.text(BODY) == "hello"
    assert failed.error is not None


async def test_what_a_feature_must_not_lose_is_kept_whatever_its_type(world: World) -> None:
    phone = await world.connect("ana", "phone")
    await phone.disconnect()
    note = Stanza.build(
        "message", {"from": "g@plauder.example", "to": "ana@plauder.example", "type": "groupchat"}, E("{urn:test}x")
    )
    delivered = world.server.deliver(note)
    await world.settle()
    await delivered
    phone = await world.connect("ana", "phone")
    assert [stanza.type for stanza in phone.messages()] == ["groupchat"]
    with pytest.raises(StanzaError):
        await world.server.deliver(note.with_attrs(to="nobody@plauder.example"))


def test_the_server_says_what_it_lacks(world: World) -> None:
    server: Server = world.server
    with pytest.raises(RuntimeError, match="database"):
        server.database  # noqa: B018
