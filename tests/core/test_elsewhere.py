"""Links to other servers: durable or delivered, in order, back as an error when it cannot be; and who comes in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from plauder.core.delivery import Outcome
from plauder.core.elsewhere import Elsewhere
from plauder.core.foreign import ForeignSession, Gateway, Visitors, misuse
from plauder.core.hooks import Verdict
from plauder.core.link import Link, Unreachable, is_kept
from plauder.core.ports import Limits
from plauder.core.router import unavailable
from plauder.wire import sm
from plauder.wire.jid import Jid
from plauder.wire.stanza import Stanza
from plauder.wire.xml import E
from tests.harness import DOMAIN, World, stanzas_of

THEIRS = "theirs.example"


class Stream:
    """A stream to the other server that keeps what is written."""

    def __init__(self, *, counts: bool = True) -> None:
        self.counts = counts
        self.is_open = self.can_take = True
        self.sent: list[bytes] = []
        self.link: Link | None = None

    def write(self, data: bytes) -> None:
        self.sent.append(data)

    def close(self) -> None:
        self.is_open = self.can_take = False
        if self.link is not None:
            self.link.lost(self)

    @property
    def bodies(self) -> list[str | None]:
        stanzas = [data for data in self.sent if data.startswith(b"<message")]
        return [one.text("{jabber:client}body") for data in stanzas for one in stanzas_of(data)]


class Net:
    """What the other server is like: `streams` waits for the next, an exception says why there is none."""

    def __init__(self) -> None:
        self.problem: Unreachable | None = None
        self.streams: list[Stream] = []
        self.tries = 0
        self.counts = True
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, link: Link) -> Stream:
        self.tries += 1
        await self.gate.wait()
        if self.problem is not None:
            raise self.problem
        stream = Stream(counts=self.counts)
        stream.link = link
        self.streams.append(stream)
        return stream


class Place:
    """A world whose server talks to `theirs.example`."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.net = Net()
        self.elsewhere = Elsewhere(
            world.server,
            self.net,
            allows=lambda domain: domain.endswith(THEIRS),
            give_up_seconds=3_600,
            idle_seconds=600,
        )
        world.server.elsewhere = self.elsewhere

    @property
    def stream(self) -> Stream:
        return self.net.streams[-1]

    @property
    def link(self) -> Link:
        return self.elsewhere.links()[0]

    async def waiting(self) -> int:
        return await self.world.server.inbox.count(THEIRS, (f"s2s:{DOMAIN}",))


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    world = World(accounts=("ana", "bruno"), limits=Limits(unacked=4))
    world.server.start()
    yield Place(world)
    await world.close()


def chat(number: int, to: str = f"eve@{THEIRS}") -> str:
    return f"<message to='{to}' type='chat' id='m{number}'><body>{number}</body></message>"


GONE = Unreachable("remote-server-timeout", "nobody answers")
NEVER = Unreachable("remote-server-not-found", "it does not exist", is_final=True)


# ── out ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_message_is_safe_when_the_other_server_has_it(place: Place) -> None:
    ana = await place.world.connect("ana", sm=True)
    await ana.send(chat(1))
    await place.world.settle()
    assert place.stream.bodies == ["1"]
    assert place.stream.sent[-1] == sm.REQUEST
    place.link.acknowledged(1)
    await place.world.settle()
    assert await ana.ask_ack() >= 1
    assert await place.waiting() == 0


async def test_what_is_not_acknowledged_is_written_and_sent_again(place: Place) -> None:
    ana = await place.world.connect("ana", sm=True)
    for number in range(3):
        await ana.send(chat(number))
    place.link.acknowledged(1)
    await place.world.advance(1)
    assert await place.waiting() == 2
    place.stream.close()
    await place.world.settle()
    await place.world.advance(60)
    assert len(place.net.streams) == 2
    assert place.stream.bodies == ["1", "2"]
    place.link.acknowledged(2)
    await place.world.settle()
    assert await place.waiting() == 0


async def test_order_holds_when_the_other_side_is_slow(place: Place) -> None:
    ana = await place.world.connect("ana", sm=True)
    for number in range(12):
        await ana.send(chat(number))
    assert place.stream.bodies == ["0", "1", "2", "3"]  # as many as may be unacknowledged
    for h in (4, 8, 12):
        place.link.acknowledged(h)
        await place.world.settle()
    assert place.stream.bodies == [str(number) for number in range(12)]
    assert await place.waiting() == 0


async def test_without_counting_a_ping_that_is_answered_is_the_proof(place: Place) -> None:
    place.net.counts = False
    ana = await place.world.connect("ana", sm=True)
    await ana.send(chat(1))
    await place.world.settle()
    (ping,) = stanzas_of(place.stream.sent[-1])
    assert (ping.kind, ping.type) == ("iq", "get")
    await place.world.advance(1)
    assert await place.waiting() == 1
    gateway = Gateway(place.world.server, "", place.link.send)
    gateway.take(ping.error_reply(unavailable()))
    await place.world.settle()
    assert await place.waiting() == 0


async def test_nobody_there_for_now_and_then_for_good(place: Place) -> None:
    place.net.problem = GONE
    ana = await place.world.connect("ana", sm=True)
    await ana.send(chat(1))
    assert await ana.ask_ack() >= 1  # it is on disk
    assert ana.messages() == []
    tries = place.net.tries
    await place.world.advance(30)
    assert place.net.tries > tries
    for _ in range(5):
        await place.world.advance(900)
    (error,) = ana.messages()
    assert error.type == "error"
    assert error.attrs["id"] == "m1"
    assert b"remote-server-timeout" in error.inner
    assert await place.waiting() == 0


async def test_a_domain_that_does_not_exist_is_said_at_once(place: Place) -> None:
    place.net.problem = NEVER
    ana = await place.world.connect("ana", sm=True)
    await ana.send(chat(1))
    (error,) = ana.messages()
    assert b"remote-server-not-found" in error.inner
    answer = await ana.request("<ping xmlns='urn:xmpp:ping'/>", to=THEIRS)
    assert answer.type == "error"
    assert await place.waiting() == 0


async def test_the_error_waits_for_a_sender_who_has_gone(place: Place) -> None:
    place.net.problem = GONE
    ana = await place.world.connect("ana", device="phone")
    await ana.send(chat(1))
    await ana.disconnect()
    for _ in range(6):
        await place.world.advance(900)
    ana = await place.world.connect("ana", device="phone")
    (error,) = ana.messages()
    assert error.type == "error"


async def test_requests_come_back_when_the_connection_breaks(place: Place) -> None:
    ana = await place.world.connect("ana", sm=True)
    await ana.send(f"<iq to='{THEIRS}' type='get' id='q'><ping xmlns='urn:xmpp:ping'/></iq>")
    place.stream.close()
    await place.world.settle()
    (answer,) = [stanza for stanza in ana.take() if stanza.kind == "iq"]
    assert answer.attrs["id"] == "q"
    assert b"remote-server-timeout" in answer.inner


async def test_what_is_for_the_moment_waits_for_the_connection_in_bounds(place: Place) -> None:
    back: list[Stanza] = []

    async def collect(_session: object, stanza: Stanza) -> None:
        back.append(stanza)

    place.world.server.host(f"rooms.{DOMAIN}", collect)
    place.net.gate.clear()
    (request,) = stanzas_of(
        f"<iq from='rooms.{DOMAIN}' to='{THEIRS}' type='get' id='q'><ping xmlns='urn:xmpp:ping'/></iq>"
    )
    for _ in range(600):
        place.elsewhere.route(request, Jid.parse(THEIRS), None, Outcome())
    place.net.gate.set()
    await place.world.settle()
    refused = [stanza for stanza in back if b"resource-constraint" in stanza.inner]
    assert len(refused) == 600 - 512
    sent = sum(data.startswith(b"<iq") for data in place.stream.sent)
    assert sent == 4 * 4  # what may be unacknowledged
    assert len(back) == 600 - sent


async def test_what_a_process_before_left_is_sent_by_the_next(place: Place) -> None:
    place.net.problem = GONE
    ana = await place.world.connect("ana", sm=True)
    await ana.send(chat(1))
    next_process = Elsewhere(
        place.world.server, net := Net(), allows=lambda _: True, give_up_seconds=3_600, idle_seconds=600
    )
    await next_process.start()
    await place.world.settle()
    assert net.streams[0].bodies == ["1"]


async def test_who_is_not_allowed_is_not_asked(place: Place) -> None:
    ana = await place.world.connect("ana", sm=True)
    await ana.send(chat(1, "eve@evil.example"))
    (error,) = ana.messages()
    assert b"remote-server-not-found" in error.inner
    assert place.net.tries == 0


async def test_the_other_side_cannot_acknowledge_more_than_it_got(place: Place) -> None:
    ana = await place.world.connect("ana", sm=True)
    await ana.send(chat(1))
    with pytest.raises(sm.HandledCountTooHigh):
        place.link.acknowledged(2)


async def test_an_idle_stream_ends_and_the_link_is_forgotten(place: Place) -> None:
    await place.elsewhere.start()
    ana = await place.world.connect("ana", sm=True)
    await ana.send(chat(1))
    place.link.acknowledged(1)
    for _ in range(13):
        await place.world.advance(61)
    assert not place.stream.is_open
    assert place.elsewhere.links() == []


@pytest.mark.parametrize(
    ("stanza", "kept"),
    [
        ("<message type='chat'><body>a</body></message>", True),
        ("<message type='groupchat'><body>a</body></message>", True),
        ("<message type='groupchat'><subject>a</subject></message>", False),
        ("<message type='chat'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>", False),
        ("<message type='chat'><body>a</body><no-store xmlns='urn:xmpp:hints'/></message>", False),
        ("<message type='error'><body>a</body></message>", False),
        ("<presence type='subscribe'/>", True),
        ("<presence/>", False),
        ("<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>", False),
    ],
)
def test_what_is_kept(stanza: str, kept: bool) -> None:
    assert is_kept(stanzas_of(stanza)[0]) is kept


# ── in ────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_stanza_from_elsewhere_is_done_when_it_is_safe(place: Place) -> None:
    done: list[bool] = []
    gateway = Gateway(place.world.server, "", lambda _: None)
    (message,) = stanzas_of(f"<message from='eve@{THEIRS}/x' to='bruno@{DOMAIN}' type='chat'><body>a</body></message>")
    gateway.take(message, lambda: done.append(True))
    await place.world.settle()
    assert done == [True]
    bruno = await place.world.connect("bruno")
    assert [one.text("{jabber:client}body") for one in bruno.messages()] == ["a"]


async def test_one_sender_does_not_hold_up_another(place: Place) -> None:
    server = place.world.server
    gate = asyncio.Event()

    async def slow(session: object, stanza: Stanza) -> Verdict | None:
        if stanza.attrs["from"].startswith("slow"):
            await gate.wait()
        return None

    server.on_message(slow)
    order: list[str] = []
    gateway = Gateway(server, "", lambda _: None)
    for name in ("slow", "slow", "quick"):
        (message,) = stanzas_of(
            f"<message from='{name}@{THEIRS}/x' to='bruno@{DOMAIN}' type='chat'><body>a</body></message>"
        )
        gateway.take(message, lambda name=name: order.append(name))  # type: ignore[misc]
    await place.world.settle()
    assert order == ["quick"]
    gate.set()
    await place.world.settle()
    assert order == ["quick", "slow", "slow"]
    assert not gateway.is_full


async def test_only_what_is_for_all_is_answered(place: Place) -> None:
    server = place.world.server
    server.on_iq("get", "urn:own", "a", do=lambda _session, _iq, _payload: E("{urn:own}secret"))
    server.on_iq("get", "urn:all", "a", do=lambda _session, _iq, _payload: None, from_elsewhere=True)
    answers: list[Stanza] = []
    gateway = Gateway(server, "", answers.append)
    for ns in ("urn:own", "urn:all"):
        (iq,) = stanzas_of(f"<iq from='eve@{THEIRS}/x' to='{DOMAIN}' type='get' id='1'><a xmlns='{ns}'/></iq>")
        gateway.take(iq)
        await place.world.settle()
    assert [answer.type for answer in answers] == ["error", "result"]


@pytest.mark.parametrize(
    ("stanza", "why"),
    [
        ("<iq type='set' id='1'><query xmlns='jabber:iq:roster'/></iq>", "a push to somebody's lists"),
        ("<iq type='set' id='1'><block xmlns='urn:xmpp:blocking'/></iq>", "a push to somebody's lists"),
        ("<message><received xmlns='urn:xmpp:carbons:2'/></message>", "a copy of somebody's messages"),
        ("<message><c:sent xmlns:c='urn:xmpp:carbons:2'/></message>", "a copy of somebody's messages"),
        ("<message><body>urn:xmpp:carbons:2</body></message>", ""),
        ("<iq type='get' id='1'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>", ""),
    ],
)
def test_misuse(stanza: str, why: str) -> None:
    assert misuse(stanzas_of(stanza)[0]) == why


async def test_visitors_are_bounded(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plauder.core.foreign.VISITORS_MAX", 2)
    visitors = Visitors()
    jids = [Jid.parse(f"eve@{THEIRS}/{number}") for number in range(3)]
    for jid in jids:
        visitors.keep(ForeignSession(place.world.server, jid, lambda _: None))
    assert visitors.find(jids[0]) is None
    assert [one.jid for one in visitors.of(f"eve@{THEIRS}")] == jids[1:]
    for jid in jids:
        visitors.forget(jid)
    assert visitors.of(f"eve@{THEIRS}") == []


async def test_a_room_soon_hears_that_a_server_is_gone(place: Place) -> None:
    back: list[Stanza] = []

    async def collect(_session: object, stanza: Stanza) -> None:
        back.append(stanza)

    place.world.server.host(f"rooms.{DOMAIN}", collect)
    place.net.problem = GONE
    (said,) = stanzas_of(
        f"<message from='tea@rooms.{DOMAIN}/ana' to='eve@{THEIRS}/x' type='groupchat' id='1'><body>a</body></message>"
    )
    await place.world.server.route(said)
    for _ in range(4):
        await place.world.advance(30)
    (error,) = back
    assert (error.type, error.attrs["from"]) == ("error", f"eve@{THEIRS}/x")
