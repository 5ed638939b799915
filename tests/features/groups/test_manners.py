"""Small courtesies of XEP-0045 that foreign suites ask for: who did it, last words, probes, reserved names."""

from collections.abc import AsyncIterator
from xml.etree.ElementTree import Element

import pytest

from plauder.features.groups.feature import register
from plauder.store.database import Database
from plauder.wire.stanza import Stanza
from tests.features.groups.test_scenes import ROOM, USER, admin, codes, enter, group, item
from tests.harness import World

REGISTER = "jabber:iq:register"
STATUS = "{jabber:client}status"


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    world = World(accounts=("ana", "bruno", "carla"), register=[register], database=database)
    yield world
    await world.close()


def only(stanzas: list[Stanza], kind: str | None) -> Stanza:
    [found] = [one for one in stanzas if one.kind == "presence" and one.type == kind]
    return found


def actor(stanza: Stanza) -> str | None:
    found = item(stanza).find(f"{USER}actor")
    return None if found is None else found.get("nick")


async def test_who_is_put_out_learns_by_whom(world: World) -> None:
    ana = await group(world)
    bruno = await world.connect("bruno")
    await enter(bruno, "Bruno")
    await admin(ana, "<item nick='Bruno' role='none'><reason>Enough</reason></item>")
    gone = only(bruno.take(), "unavailable")
    assert "307" in codes(gone)
    assert (actor(gone), item(gone).findtext(f"{USER}reason")) == ("Ana", "Enough")


async def test_last_words_are_passed_on(world: World) -> None:
    ana = await group(world)
    bruno = await world.connect("bruno")
    await enter(bruno, "Bruno")
    ana.take()
    await bruno.send(
        f"<presence type='unavailable' to='{ROOM}/Bruno'><status>Good night</status><x xmlns='a:b'/></presence>"
    )
    gone = only(ana.take(), "unavailable")
    assert gone.text(STATUS) == "Good night"
    assert gone.find("{a:b}x") is None
    assert codes(gone) == set()


async def test_who_answers_with_errors_is_out_and_it_is_said_why(world: World) -> None:
    ana = await group(world)
    bruno = await world.connect("bruno")
    await enter(bruno, "Bruno")
    ana.take()
    lost = "<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
    await bruno.send(f"<presence type='error' to='{ROOM}'>{lost}</presence>")
    assert codes(only(ana.take(), "unavailable")) == {"333"}


async def test_a_probe_shows_who_is_there_to_those_who_are(world: World) -> None:
    await group(world, members=("bruno", "carla"))
    bruno, carla = await world.connect("bruno"), await world.connect("carla")
    await enter(bruno, "Bruno")
    bruno.take()
    await bruno.send(f"<presence type='probe' to='{ROOM}/Ana'/>")
    shown = only(bruno.take(), None)
    assert (str(shown.sender), item(shown).get("affiliation")) == (f"{ROOM}/Ana", "owner")
    await bruno.send(f"<presence type='probe' to='{ROOM}/Nobody'/>")
    missing = only(bruno.take(), "error")
    assert missing.error is not None
    assert missing.error.condition == "item-not-found"
    await carla.send(f"<presence type='probe' to='{ROOM}/Ana'/>")
    outside = only(carla.take(), "error")
    assert outside.error is not None
    assert outside.error.condition == "not-acceptable"


async def test_a_mediated_invitation_keeps_its_id(world: World) -> None:
    ana = await group(world, members=())
    carla = await world.connect("carla", "phone")
    await carla.send("<presence/>")
    carla.take()
    invite = f"<x xmlns='{USER[1:-1]}'><invite to='{world.jid('carla')}'/></x>"
    await ana.send(f"<message to='{ROOM}' id='invite1'>{invite}</message>")
    assert "invite1" in [one.id for one in carla.take() if one.kind == "message"]


async def _form(world: World, name: str) -> Element | None:
    client = await world.connect(name)
    answer = await client.request(f"<query xmlns='{REGISTER}'/>", to=ROOM)
    return None if answer.error is not None else answer.payloads[0]


async def test_the_form_for_a_reserved_name_is_for_members(world: World) -> None:
    await group(world)
    query = await _form(world, "bruno")
    assert query is not None
    assert [field.get("var") for field in query.iter("{jabber:x:data}field")] == ["FORM_TYPE", "muc#register_roomnick"]
    assert query.find(f"{{{REGISTER}}}registered") is None
    assert await _form(world, "carla") is None


async def test_who_says_goodbye_hears_it_himself(world: World) -> None:
    bruno = await world.connect("bruno", "phone")
    await bruno.send("<presence/>")
    bruno.take()
    await bruno.send("<presence type='unavailable'><status>Goodbye</status></presence>")
    own = only(bruno.take(), "unavailable")
    assert (own.text(STATUS), str(own.sender)) == ("Goodbye", str(bruno.jid))
    await bruno.send("<presence type='unavailable'/>")
    assert bruno.take() == []
