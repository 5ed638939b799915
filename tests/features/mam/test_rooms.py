"""A room's archive, for a member: what still waits in the member's inbox, under the ids that the room gave."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from plauder.features.groups.feature import register as groups
from plauder.features.mam.feature import register as mam
from plauder.store.database import Database
from plauder.wire.stanza import Stanza
from tests.harness import Client, World

ROOM = "tea@groups.plauder.example"
MAM = "urn:xmpp:mam:2"
BODY = "{urn:xmpp:forward:0}forwarded/{jabber:client}message/{jabber:client}body"
SID = "{urn:xmpp:sid:0}stanza-id"


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    world = World(accounts=("ana", "bruno", "carla"), register=[mam, groups], database=database)
    yield world
    await world.close()


async def ask(client: Client, page: str = "") -> tuple[list[Stanza], Stanza]:
    rsm = f"<set xmlns='http://jabber.org/protocol/rsm'>{page}</set>" if page else ""
    answer = await client.request(f"<query xmlns='{MAM}' queryid='q'>{rsm}</query>", type="set", to=ROOM)
    return [stanza for stanza in client.messages() if stanza.find(f"{{{MAM}}}result") is not None], answer


def found(results: list[Stanza]) -> list[tuple[str, str]]:
    elements = [stanza.find(f"{{{MAM}}}result") for stanza in results]
    return [(element.get("id", ""), element.findtext(BODY) or "") for element in elements if element is not None]


async def test_members_find_what_they_missed(world: World):
    ana = await world.connect("ana", "phone", sm=True)
    await ana.send(f"<presence to='{ROOM}/Ana'><x xmlns='http://jabber.org/protocol/muc'/></presence>")
    form = "<x xmlns='jabber:x:data' type='submit'/>"
    await ana.request(f"<query xmlns='http://jabber.org/protocol/muc#owner'>{form}</query>", type="set", to=ROOM)
    item = f"<item affiliation='member' jid='{world.jid('bruno')}'/>"
    await ana.request(f"<query xmlns='http://jabber.org/protocol/muc#admin'>{item}</query>", type="set", to=ROOM)
    await world.connect("bruno", "tablet", sm=True, mute=True)
    ana.take()
    for text in ("one", "two", "three"):
        await ana.send(f"<message to='{ROOM}' type='groupchat'><body>{text}</body></message>")
        await world.advance(60)
    said = [stanza.find(SID).get("id") for stanza in ana.messages() if stanza.find(SID).get("by") == ROOM]
    phone = await world.connect("bruno", "phone")
    phone.take()
    results, answer = await ask(phone)
    assert found(results) == list(zip(said, ("one", "two", "three"), strict=True))
    assert {stanza.attrs["from"] for stanza in results} == {ROOM}
    assert answer.find(f"{{{MAM}}}fin").get("complete") == "true"
    results, answer = await ask(phone, f"<max>1</max><after>{said[0]}</after>")
    assert found(results) == [(said[1], "two")]
    assert answer.find(f"{{{MAM}}}fin").get("complete") is None
    assert found((await ask(phone, "<max>1</max><before/>"))[0]) == [(said[2], "three")]
    fields = await phone.request(f"<query xmlns='{MAM}'/>", to=ROOM)
    assert fields.find(f"{{{MAM}}}query") is not None
    assert [stanza for stanza in phone.take() if stanza.kind == "message"] == []


async def test_others_find_nothing(world: World):
    ana, carla = await world.connect("ana", "phone"), await world.connect("carla")
    await ana.send(f"<presence to='{ROOM}/Ana'><x xmlns='http://jabber.org/protocol/muc'/></presence>")
    form = "<x xmlns='jabber:x:data' type='submit'/>"
    await ana.request(f"<query xmlns='http://jabber.org/protocol/muc#owner'>{form}</query>", type="set", to=ROOM)
    _, answer = await ask(carla)
    assert answer.error is not None
    assert answer.error.condition == "forbidden"
