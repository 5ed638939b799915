"""The features on the engine itself: what one of them alone cannot show."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from plauder.store.database import Database
from plauder.wire.stanza import Stanza
from tests.features.messenger import MESSENGER
from tests.harness import DOMAIN, Client, World

ANA, BRUNO = f"ana@{DOMAIN}", f"bruno@{DOMAIN}"
MAM = "urn:xmpp:mam:2"
CARBONS = "<enable xmlns='urn:xmpp:carbons:2'/>"
LIST = "eu.siacs.conversations.axolotl.devicelist"


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    world = World(accounts=("ana", "bruno", "carla"), register=MESSENGER, database=database)
    yield world
    await world.close()


async def befriend(first: Client, second: Client) -> None:
    for one, other in ((first, second), (second, first)):
        await one.send(f"<presence type='subscribe' to='{other.jid.bare}'/>")
        await other.send(f"<presence type='subscribed' to='{one.jid.bare}'/>")
    first.take()
    second.take()


def bodies(client: Client) -> list[str]:
    return [stanza.text("{jabber:client}body") or "" for stanza in client.messages()]


def chat(to: str, body: str) -> str:
    return f"<message to='{to}' type='chat' id='m-{body}'><body>{body}</body></message>"


async def test_contacts_see_each_other_come_and_go(world: World):
    ana, bruno = await world.connect("ana"), await world.connect("bruno")
    await befriend(ana, bruno)
    await ana.send("<presence><show>away</show></presence>")
    assert bruno.presences()[-1].text("{jabber:client}show") == "away"
    await ana.disconnect()
    assert [stanza.type for stanza in bruno.presences()] == ["unavailable"]


async def test_a_stream_that_breaks_stays_online_until_it_cannot_be_resumed(world: World):
    ana, bruno = await world.connect("ana", "phone", sm=True), await world.connect("bruno")
    await befriend(ana, bruno)
    await ana.vanish()
    assert bruno.presences() == []
    await ana.resume()
    await bruno.send(chat(ANA, "still there"))
    assert bodies(ana) == ["still there"]


async def test_other_devices_see_what_was_sent(world: World):
    phone, tablet = await world.connect("ana", "phone"), await world.connect("ana", "tablet")
    bruno = await world.connect("bruno")
    await tablet.request(CARBONS, type="set")
    await phone.send(chat(BRUNO, "hello"))
    (copy,) = tablet.messages()
    inside = copy.payloads[0].find("{urn:xmpp:forward:0}forwarded/{jabber:client}message")
    assert copy.attrs["from"] == ANA
    assert inside.get("from") == str(phone.jid)
    assert inside.findtext("{jabber:client}body") == "hello"
    assert bodies(bruno) == ["hello"]
    assert phone.messages() == []


async def test_a_message_to_one_device_is_copied_to_the_other(world: World):
    phone, tablet = await world.connect("ana", "phone"), await world.connect("ana", "tablet")
    bruno = await world.connect("bruno")
    await tablet.request(CARBONS, type="set")
    await bruno.send(chat(str(phone.jid), "for the phone"))
    assert bodies(phone) == ["for the phone"]
    (copy,) = tablet.messages()
    assert copy.find("{urn:xmpp:carbons:2}received") is not None


async def test_a_device_that_was_away_gets_the_copies_too(world: World):
    tablet = await world.connect("ana", "tablet")
    await tablet.request(CARBONS, type="set")
    await tablet.disconnect()
    phone = await world.connect("ana", "phone")
    await phone.send(chat(BRUNO, "while away"))
    tablet = await world.connect("ana", "tablet")
    (copy,) = tablet.messages()
    assert copy.find("{urn:xmpp:carbons:2}sent") is not None


async def test_typing_is_copied_and_not_kept(world: World):
    tablet = await world.connect("ana", "tablet")
    await tablet.request(CARBONS, type="set")
    phone = await world.connect("ana", "phone")
    typing = f"<message to='{BRUNO}' type='chat'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>"
    await phone.send(typing)
    assert len(tablet.messages()) == 1
    await tablet.disconnect()
    await phone.send(typing)
    assert (await world.connect("ana", "tablet")).messages() == []


async def test_whom_i_block_finds_nobody(world: World):
    ana, bruno = await world.connect("ana"), await world.connect("bruno")
    await befriend(ana, bruno)
    await ana.request(f"<block xmlns='urn:xmpp:blocking'><item jid='{BRUNO}'/></block>", type="set")
    assert [stanza.type for stanza in bruno.presences()] == ["unavailable"]
    await bruno.send(chat(ANA, "hello?"))
    (error,) = bruno.messages()
    assert error.error is not None
    assert error.error.condition == "service-unavailable"
    for payload in ("<ping xmlns='urn:xmpp:ping'/>", "<query xmlns='jabber:iq:version'/>"):
        answer = await bruno.request(payload, to=str(ana.jid))
        assert answer.error is not None
        assert answer.error.condition == "service-unavailable"
    assert ana.take() == []
    answer = await ana.request("<ping xmlns='urn:xmpp:ping'/>", to=str(bruno.jid))
    assert answer.error is not None
    assert answer.error.condition == "not-acceptable"
    assert bruno.take() == []


async def test_an_inactive_client_is_left_in_peace_until_it_matters(world: World):
    ana, bruno = await world.connect("ana", sm=True), await world.connect("bruno")
    await befriend(ana, bruno)
    ana.session.set_active(False)
    for show in ("away", "dnd", "xa"):
        await bruno.send(f"<presence><show>{show}</show></presence>")
    await bruno.send(
        f"<message to='{ANA}' type='chat'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>"
    )
    assert ana.take() == []
    await bruno.send(chat(ANA, "wake up"))
    received = ana.take()
    assert [s.kind for s in received] == ["presence", "message", "message"]
    assert received[0].text("{jabber:client}show") == "xa"
    await bruno.send("<presence/>")
    assert ana.take() == []
    ana.session.set_active(True)
    await world.settle()
    assert [s.kind for s in ana.take()] == ["presence"]


async def archive(client: Client, fields: dict[str, str] | None = None, page: str = "") -> tuple[list[Stanza], Stanza]:
    each = "".join(f"<field var='{k}'><value>{v}</value></field>" for k, v in (fields or {}).items())
    form = f"<x xmlns='jabber:x:data' type='submit'>{each}</x>" if each else ""
    rsm = f"<set xmlns='http://jabber.org/protocol/rsm'>{page}</set>" if page else ""
    answer = await client.request(f"<query xmlns='{MAM}' queryid='q'>{form}{rsm}</query>", type="set")
    return [s for s in client.messages() if s.find(f"{{{MAM}}}result") is not None], answer


def found(results: list[Stanza]) -> list[str]:
    inside = "{urn:xmpp:forward:0}forwarded/{jabber:client}message/{jabber:client}body"
    return [s.find(f"{{{MAM}}}result").findtext(inside) or "" for s in results]


async def test_the_archive_is_what_is_still_stored(world: World):
    mute = await world.connect("ana", "tablet", mute=True, sm=True)
    bruno, carla = await world.connect("bruno", sm=True), await world.connect("carla", sm=True)
    for sender, body in ((bruno, "one"), (carla, "two"), (bruno, "three")):
        await sender.send(chat(ANA, body))
        await world.advance(60)
    phone = await world.connect("ana", "phone")
    phone.take()
    results, answer = await archive(phone)
    assert found(results) == ["one", "two", "three"]
    assert results[0].find(f"{{{MAM}}}result").get("queryid") == "q"
    fin = answer.find(f"{{{MAM}}}fin")
    assert fin.get("complete") == "true"
    ids = [s.find(f"{{{MAM}}}result").get("id") for s in results]
    assert fin.findtext("{http://jabber.org/protocol/rsm}set/{http://jabber.org/protocol/rsm}last") == ids[-1]
    assert found((await archive(phone, {"with": BRUNO}))[0]) == ["one", "three"]
    assert found((await archive(phone, {"start": "2026-11-22T12:00:30Z"}))[0]) == ["two", "three"]
    assert found((await archive(phone, {"end": "2026-11-22T12:00:30Z"}))[0]) == ["one"]
    assert found((await archive(phone, {"ids": ids[1] or ""}))[0]) == ["two"]
    results, answer = await archive(phone, page="<max>2</max>")
    assert found(results) == ["one", "two"]
    assert answer.find(f"{{{MAM}}}fin").get("complete") is None
    assert found((await archive(phone, page=f"<max>2</max><after>{ids[1]}</after>"))[0]) == ["three"]
    assert found((await archive(phone, page="<max>2</max><before/>"))[0]) == ["two", "three"]
    assert found((await archive(phone, page=f"<max>1</max><before>{ids[2]}</before>"))[0]) == ["two"]
    meta = (await phone.request(f"<metadata xmlns='{MAM}'/>")).find(f"{{{MAM}}}metadata")
    assert [end.get("id") for end in meta] == [ids[0], ids[-1]]
    mute.mute = False
    await mute.ack()
    assert found((await archive(phone))[0]) == []


@pytest.mark.parametrize(
    ("fields", "page", "condition"),
    [
        ({"start": "yesterday"}, "", "bad-request"),
        ({"with": "@"}, "", "bad-request"),
        ({"colour": "red"}, "", "feature-not-implemented"),
        ({"after-id": "not-a-number"}, "", "item-not-found"),
        ({}, "<after>x y</after>", "item-not-found"),
        ({}, "<max>-1</max>", "bad-request"),
        ({}, "<index>3</index>", "feature-not-implemented"),
    ],
)
async def test_improper_queries_are_refused(world: World, fields: dict[str, str], page: str, condition: str):
    _, answer = await archive(await world.connect("ana"), fields, page)
    assert answer.error is not None
    assert answer.error.condition == condition


async def test_a_contact_gets_device_lists_as_they_change(world: World):
    ana, bruno = await world.connect("ana"), await world.connect("bruno", available=False)
    await bruno.send(
        "<presence><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='n' "
        "ver='AAAAAAAAAAAAAAAAAAAAAAAAAAA='/></presence>"
    )
    (question,) = [s for s in bruno.take() if s.kind == "iq"]
    features = f"<feature var='{LIST}+notify'/>"
    info = f"<query xmlns='http://jabber.org/protocol/disco#info'>{features}</query>"
    await bruno.send(f"<iq type='result' id='{question.id}' to='{question.attrs['from']}'>{info}</iq>")
    await befriend(ana, bruno)
    payload = "<list xmlns='eu.siacs.conversations.axolotl'><device id='1'/></list>"
    item = f"<publish node='{LIST}'><item id='current'>{payload}</item></publish>"
    await ana.request(f"<pubsub xmlns='http://jabber.org/protocol/pubsub'>{item}</pubsub>", type="set")
    (event,) = bruno.messages()
    assert event.attrs["from"] == ANA
    assert event.find("{http://jabber.org/protocol/pubsub#event}event") is not None


async def test_clients_on_older_libraries_get_their_session(world: World):
    """RFC 3921 §3: Strophe asks for it, and gives up where it is refused."""
    answer = await (await world.connect("ana")).request(
        "<session xmlns='urn:ietf:params:xml:ns:xmpp-session'/>", type="set"
    )
    assert answer.type == "result"


async def test_when_somebody_was_last_here_outlives_the_server(database: Database):
    for late in (False, True):
        world = World(accounts=("ana", "bruno"), register=MESSENGER, database=database)
        ana = await world.connect("ana")
        answer = await ana.request("<query xmlns='jabber:iq:last'/>", to=BRUNO)
        if not late:
            bruno = await world.connect("bruno")
            await befriend(ana, bruno)
            await bruno.disconnect()
        else:
            assert answer.find("{jabber:iq:last}query") is not None
        await world.close()
