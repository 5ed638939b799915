"""Groups played with named people."""

from collections.abc import AsyncIterator, Iterable
from xml.etree.ElementTree import Element

import pytest

from plauder.core.server import Server
from plauder.features.groups.feature import register
from plauder.store.database import Database
from plauder.wire.jid import Jid
from plauder.wire.stanza import Stanza
from tests.harness import Client, World

ROOM = "hikers@groups.plauder.example"
JOIN = "<x xmlns='http://jabber.org/protocol/muc'/>"
USER = "{http://jabber.org/protocol/muc#user}"
BODY = "{jabber:client}body"


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    world = World(accounts=("ana", "bruno", "carla", "dirk"), register=[register], database=database)
    yield world
    await world.close()


async def enter(client: Client, nick: str, *, room: str = ROOM, x: str = JOIN) -> list[Stanza]:
    await client.send(f"<presence to='{room}/{nick}'>{x}</presence>")
    return client.take()


async def owner_form(client: Client, **fields: str) -> Stanza:
    values = "".join(
        f"<field var='muc#roomconfig_{var}'><value>{value}</value></field>" for var, value in fields.items()
    )
    form = f"<x xmlns='jabber:x:data' type='submit'>{values}</x>"
    query = f"<query xmlns='http://jabber.org/protocol/muc#owner'>{form}</query>"
    return await client.request(query, type="set", to=ROOM)


async def admin(client: Client, *items: str) -> Stanza:
    query = f"<query xmlns='http://jabber.org/protocol/muc#admin'>{''.join(items)}</query>"
    return await client.request(query, type="set", to=ROOM)


async def group(world: World, *, members: Iterable[str] = ("bruno",), **config: str) -> Client:
    """Ana opens the group and makes members; she is in it."""
    ana = await world.connect("ana", "phone")
    await enter(ana, "Ana")
    await owner_form(ana, **config)
    for member in members:
        await admin(ana, f"<item affiliation='member' jid='{world.jid(member)}'/>")
    ana.take()
    return ana


def codes(stanza: Stanza) -> set[str]:
    return {e.get("code", "") for p in stanza.payloads for e in p.iter(f"{USER}status")}


def item(stanza: Stanza) -> Element:
    found = next((e for p in stanza.payloads for e in p.iter(f"{USER}item")), None)
    assert found is not None
    return found


def bodies(stanzas: list[Stanza]) -> list[str | None]:
    return [stanza.text(BODY) for stanza in stanzas if stanza.kind == "message" and stanza.text(BODY) is not None]


def say(text: str, key: str = "m1") -> str:
    return f"<message to='{ROOM}' type='groupchat' id='{key}'><body>{text}</body></message>"


# ── opening and entering ──────────────────────────────────────────────────────────────────────────────────────────


async def test_whoever_enters_first_opens_the_group_and_owns_it(world: World) -> None:
    ana = await world.connect("ana")
    presence, subject = await enter(ana, "Ana")
    assert codes(presence) >= {"110", "201", "100"}
    assert (item(presence).get("affiliation"), item(presence).get("role")) == ("owner", "moderator")
    assert subject.text("{jabber:client}subject") == ""


async def test_until_it_is_set_up_nobody_else_comes_in(world: World) -> None:
    ana, bruno = await world.connect("ana"), await world.connect("bruno")
    await enter(ana, "Ana")
    [refused] = await enter(bruno, "Bruno")
    assert refused.error is not None
    assert refused.error.condition == "item-not-found"
    assert (await owner_form(ana, membersonly="0")).type == "result"
    assert codes((await enter(bruno, "Bruno"))[-2]) >= {"110"}


async def test_strangers_do_not_enter_a_members_only_group(world: World) -> None:
    await group(world)
    carla = await world.connect("carla")
    [refused] = await enter(carla, "Carla")
    # Clients know by this that it is the wish to enter that was refused.
    assert refused.find("{http://jabber.org/protocol/muc}x") is not None
    assert refused.error is not None
    assert refused.error.condition == "registration-required"


async def test_who_enters_sees_the_others_and_they_see_it(world: World) -> None:
    ana = await group(world)
    bruno = await world.connect("bruno", "phone")
    bruno.take()
    first, mine, _ = await enter(bruno, "Bruno")
    assert first.attrs["from"] == f"{ROOM}/Ana"
    assert item(first).get("jid") == str(ana.jid)
    assert codes(mine) >= {"110", "100"}
    [seen] = ana.presences()
    assert (seen.attrs["from"], item(seen).get("affiliation")) == (f"{ROOM}/Bruno", "member")


async def test_a_name_that_somebody_has_is_refused_even_while_he_is_away(world: World) -> None:
    ana = await group(world)
    await admin(ana, f"<item affiliation='member' jid='{world.jid('bruno')}' nick='Bruno'/>")
    carla = await world.connect("carla")
    await admin(ana, f"<item affiliation='member' jid='{world.jid('carla')}'/>")
    carla.take()
    [refused] = await enter(carla, "Bruno")
    assert refused.error is not None
    assert refused.error.condition == "conflict"


async def test_two_devices_share_one_name_and_the_last_one_to_go_leaves(world: World) -> None:
    ana = await group(world)
    phone, laptop = await world.connect("bruno", "phone"), await world.connect("bruno", "laptop")
    await enter(phone, "Bruno")
    await enter(laptop, "Bruno")
    ana.take()
    await phone.send(f"<presence to='{ROOM}/Bruno' type='unavailable'/>")
    assert ana.presences() == []
    await laptop.disconnect()
    [gone] = ana.presences()
    assert gone.type == "unavailable"


async def test_a_password_is_asked_for(world: World) -> None:
    await group(world, membersonly="0", passwordprotectedroom="1", roomsecret="cauldronburn")
    carla = await world.connect("carla")
    [refused] = await enter(carla, "Carla")
    assert refused.error is not None
    assert refused.error.condition == "not-authorized"
    right = "<x xmlns='http://jabber.org/protocol/muc'><password>cauldronburn</password></x>"
    assert codes((await enter(carla, "Carla", x=right))[-2]) >= {"110"}


async def test_changing_the_name(world: World) -> None:
    ana = await group(world)
    bruno = await world.connect("bruno")
    await enter(bruno, "Bruno")
    ana.take()
    await bruno.send(f"<presence to='{ROOM}/Bruno K'/>")
    gone, back = ana.presences()
    assert (gone.type, codes(gone), item(gone).get("nick")) == ("unavailable", {"303"}, "Bruno K")
    assert back.attrs["from"] == f"{ROOM}/Bruno K"


# ── talking ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_everybody_in_it_hears_what_is_said_once(world: World) -> None:
    ana = await group(world)
    bruno = await world.connect("bruno", "phone")
    await enter(bruno, "Bruno")
    ana.take()
    await ana.send(say("Who takes the big thermos?"))
    for client in (ana, bruno):
        [heard] = client.messages()
        assert heard.text(BODY) == "Who takes the big thermos?"
        assert (heard.attrs["from"], heard.type, heard.id) == (f"{ROOM}/Ana", "groupchat", "m1")
        assert ROOM in {e.get("by") for e in heard.payloads if e.tag == "{urn:xmpp:sid:0}stanza-id"}


async def test_a_member_whose_phone_was_off_misses_nothing(world: World) -> None:
    ana = await group(world)
    phone = await world.connect("bruno", "phone", sm=True)
    await phone.disconnect()
    for n in range(3):
        await ana.send(say(f"no {n}", f"m{n}"))
    back = await world.connect("bruno", "phone", sm=True)
    assert bodies(back.take()) == ["no 0", "no 1", "no 2"]
    await enter(back, "Bruno")
    assert bodies(back.take()) == []


async def test_a_member_hears_and_speaks_without_having_joined(world: World) -> None:
    ana = await group(world)
    bruno = await world.connect("bruno", "phone")
    bruno.take()
    await ana.send(say("hello"))
    assert bodies(bruno.take()) == ["hello"]
    await bruno.send(say("hi", "b1"))
    [heard] = [m for m in ana.messages() if m.id == "b1"]
    assert heard.attrs["from"] == f"{ROOM}/bruno"


async def test_strangers_cannot_speak(world: World) -> None:
    ana = await group(world)
    carla = await world.connect("carla")
    await carla.send(say("spam"))
    [refused] = carla.messages()
    assert refused.error is not None
    assert refused.error.condition == "not-acceptable"
    assert bodies(ana.take()) == []


async def test_visitors_need_voice_and_can_ask_for_it(world: World) -> None:
    ana = await group(world, membersonly="0", moderatedroom="1")
    carla = await world.connect("carla")
    await enter(carla, "Carla")
    await carla.send(say("may I?"))
    assert carla.messages()[0].error is not None
    ana.take()
    ask = "<field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#request</value></field>"
    form = f"<x xmlns='jabber:x:data' type='submit'>{ask}<field var='muc#role'><value>participant</value></field></x>"
    await carla.send(f"<message to='{ROOM}'>{form}</message>")
    [request] = ana.messages()
    assert request.find("{jabber:x:data}x") is not None
    grant = f"{ask}<field var='muc#roomnick'><value>Carla</value></field>"
    grant += "<field var='muc#request_allow'><value>true</value></field>"
    await ana.send(f"<message to='{ROOM}'><x xmlns='jabber:x:data' type='submit'>{grant}</x></message>")
    carla.take()
    await carla.send(say("thank you"))
    assert bodies(ana.take()) == ["thank you"]


async def test_nobody_speaks_for_the_room(world: World) -> None:
    ana = await group(world)
    bruno = await world.connect("bruno")
    forged = (
        f"<stanza-id xmlns='urn:xmpp:sid:0' by='{ROOM}' id='forged'/>"
        "<occupant-id xmlns='urn:xmpp:occupant-id:0' id='forged'/>"
    )
    await bruno.send(f"<message to='{ROOM}' type='groupchat'><body>x</body>{forged}</message>")
    [heard] = ana.messages()
    ids = [e.get("id") for e in heard.payloads if e.tag.endswith(("}stanza-id", "}occupant-id"))]
    assert "forged" not in ids
    assert len(ids) == 3


async def test_typing_reaches_who_is_there_and_is_kept_for_nobody(world: World) -> None:
    ana = await group(world)
    phone = await world.connect("bruno", "phone", sm=True)
    await phone.disconnect()
    typing = "<composing xmlns='http://jabber.org/protocol/chatstates'/>"
    await ana.send(f"<message to='{ROOM}' type='groupchat'>{typing}</message>")
    assert len(ana.messages()) == 1
    assert (await world.connect("bruno", "phone", sm=True)).messages() == []


async def test_the_subject(world: World) -> None:
    ana = await group(world, members=["bruno"], changesubject="0")
    await ana.send(f"<message to='{ROOM}' type='groupchat'><subject>Brocken on Sunday</subject></message>")
    assert ana.messages()[0].text("{jabber:client}subject") == "Brocken on Sunday"
    bruno = await world.connect("bruno")
    assert (await enter(bruno, "Bruno"))[-1].text("{jabber:client}subject") == "Brocken on Sunday"
    await bruno.send(f"<message to='{ROOM}' type='groupchat'><subject>Harz</subject></message>")
    assert bruno.messages()[0].error is not None


async def test_a_private_message_to_one_in_the_room(world: World) -> None:
    ana = await group(world)
    bruno = await world.connect("bruno")
    await enter(bruno, "Bruno")
    await ana.send(f"<message to='{ROOM}/Bruno' type='chat'><body>psst</body></message>")
    [heard] = bruno.messages()
    assert (heard.attrs["from"], heard.text(BODY)) == (f"{ROOM}/Ana", "psst")


# ── who belongs to it ─────────────────────────────────────────────────────────────────────────────────────────────


async def test_members_read_the_lists_that_omemo_needs(world: World) -> None:
    await group(world, members=["bruno", "carla"])
    bruno = await world.connect("bruno")
    found = set()
    for affiliation in ("owner", "admin", "member"):
        query = f"<query xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='{affiliation}'/></query>"
        answer = await bruno.request(query, to=ROOM)
        found |= {e.get("jid") for e in answer.payloads[0]}
    assert found == {str(world.jid(name)) for name in ("ana", "bruno", "carla")}
    dirk = await world.connect("dirk")
    query = "<query xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='member'/></query>"
    assert (await dirk.request(query, to=ROOM)).type == "error"


async def test_members_who_are_away_learn_of_new_members(world: World) -> None:
    ana = await group(world, members=["bruno"])
    phone = await world.connect("bruno", "phone", sm=True)
    await phone.disconnect()
    await admin(ana, f"<item affiliation='member' jid='{world.jid('carla')}'/>")
    back = await world.connect("bruno", "phone", sm=True)
    assert item(back.messages()[0]).get("jid") == str(world.jid("carla"))


async def test_a_banned_one_is_put_out_and_stays_out(world: World) -> None:
    ana = await group(world, membersonly="0")
    bruno = await world.connect("bruno")
    await enter(bruno, "Bruno")
    answer = await admin(ana, f"<item affiliation='outcast' jid='{world.jid('bruno')}'><reason>rude</reason></item>")
    assert answer.type == "result"
    out = [p for p in bruno.presences() if p.type == "unavailable"][-1]
    assert codes(out) >= {"301", "110"}
    [refused] = await enter(bruno, "Bruno")
    assert refused.error is not None
    assert refused.error.condition == "forbidden"
    await bruno.send(say("still here"))
    assert bodies(ana.take()) == []


async def test_who_loses_membership_is_put_out_of_a_members_only_group(world: World) -> None:
    ana = await group(world)
    bruno = await world.connect("bruno")
    await enter(bruno, "Bruno")
    await admin(ana, f"<item affiliation='none' jid='{world.jid('bruno')}'/>")
    assert codes(bruno.presences()[-1]) >= {"321"}
    bruno.take()
    await ana.send(say("now without him"))
    assert bodies(bruno.take()) == []


async def test_kicking(world: World) -> None:
    ana = await group(world)
    bruno = await world.connect("bruno")
    await enter(bruno, "Bruno")
    assert (await admin(bruno, "<item nick='Ana' role='none'/>")).type == "error"
    assert (await admin(ana, "<item nick='Bruno' role='none'/>")).type == "result"
    assert codes(bruno.presences()[-1]) >= {"307", "110"}


async def test_the_last_owner_cannot_step_down(world: World) -> None:
    ana = await group(world)
    refused = await admin(ana, f"<item affiliation='member' jid='{world.jid('ana')}'/>")
    assert refused.error is not None
    assert refused.error.condition == "conflict"
    await admin(ana, f"<item affiliation='owner' jid='{world.jid('bruno')}'/>")
    assert (await admin(ana, f"<item affiliation='member' jid='{world.jid('ana')}'/>")).type == "result"


async def test_one_wrong_item_changes_nothing(world: World) -> None:
    ana = await group(world, members=[])
    good, bad = f"<item affiliation='member' jid='{world.jid('bruno')}'/>", "<item affiliation='king' jid='x@y'/>"
    assert (await admin(ana, good, bad)).type == "error"
    bruno = await world.connect("bruno")
    assert (await enter(bruno, "Bruno"))[0].type == "error"


async def test_an_invitation_makes_a_member_and_waits_for_him(world: World) -> None:
    ana = await group(world, members=[])
    invite = f"<invite to='{world.jid('bruno')}'><reason>Come!</reason></invite>"
    message = f"<message to='{ROOM}'><x xmlns='http://jabber.org/protocol/muc#user'>{invite}</x></message>"
    await ana.send(message)
    bruno = await world.connect("bruno", "phone")
    [invitation] = [m for m in bruno.messages() if m.find("{jabber:x:conference}x") is not None]
    assert invitation.attrs["from"] == ROOM
    assert codes((await enter(bruno, "Bruno"))[-2]) >= {"110"}
    carla = await world.connect("carla")
    await carla.send(message)
    assert carla.messages()[0].error is not None


async def test_a_link_lets_somebody_in_until_it_is_withdrawn(world: World) -> None:
    ana = await group(world, members=[])
    link = await ana.request("<link xmlns='urn:plauder:groups:0'/>", type="set", to=ROOM)
    token = link.payloads[0].get("token")
    bruno, carla = await world.connect("bruno"), await world.connect("carla")
    by_link = f"{JOIN}<invite xmlns='urn:plauder:groups:0' token='{token}'/>"
    assert codes((await enter(bruno, "Bruno", x=by_link))[-2]) >= {"110"}
    assert (await bruno.request("<link xmlns='urn:plauder:groups:0'/>", type="set", to=ROOM)).type == "error"
    await ana.request("<link xmlns='urn:plauder:groups:0' action='revoke'/>", type="set", to=ROOM)
    assert (await enter(carla, "Carla", x=by_link))[0].type == "error"
    nothing = f"{JOIN}<invite xmlns='urn:plauder:groups:0' token=''/>"
    assert (await enter(carla, "Carla", x=nothing))[0].type == "error"


async def test_a_moderator_takes_a_message_back(world: World) -> None:
    ana = await group(world)
    bruno = await world.connect("bruno", "phone")
    await bruno.send(say("something rude"))
    [heard] = ana.messages()
    key = next(e.get("id") for e in heard.payloads if e.tag.endswith("}stanza-id") and e.get("by") == ROOM)
    take = f"<moderate xmlns='urn:xmpp:message-moderate:1' id='{key}'><retract xmlns='urn:xmpp:message-retract:1'/>"
    take += "<reason>rude</reason></moderate>"
    assert (await bruno.request(take, type="set", to=ROOM)).type == "error"
    assert (await ana.request(take, type="set", to=ROOM)).type == "result"
    retraction = bruno.messages()[-1].find("{urn:xmpp:message-retract:1}retract")
    assert retraction is not None
    assert retraction.get("id") == key
    assert retraction.find("{urn:xmpp:message-moderate:1}moderated") is not None


async def test_who_has_another_number_stays_in_the_groups(world: World) -> None:
    ana = await group(world)
    old, new = world.jid("bruno"), world.jid("carla")
    for move in world.server.renamed_watchers:
        await move(old, new)
    for forget in world.server.forgotten_watchers:
        await forget(old)
    await world.settle()
    changed = {item(stanza).get("jid"): item(stanza).get("affiliation") for stanza in ana.take()}
    assert changed == {old.text: "none", new.text: "member"}
    carla = await world.connect("carla")
    await ana.send(say("still with us?"))
    assert bodies(carla.take()) == ["still with us?"]


async def test_names_are_reserved_by_members_with_the_form_they_get(world: World) -> None:
    register = "<query xmlns='jabber:iq:register'/>"
    ana = await group(world)
    asked = (await ana.request(register, to=ROOM)).payloads[0]
    assert asked.find("{jabber:iq:register}registered") is not None
    bruno = await world.connect("bruno")
    asked = (await bruno.request(register, to=ROOM)).payloads[0]
    assert {field.get("var") for field in asked.iter("{jabber:x:data}field")} == {"FORM_TYPE", "muc#register_roomnick"}
    refused = await (await world.connect("carla")).request(register, to=ROOM)
    assert refused.error is not None
    assert refused.error.condition == "not-allowed"


async def test_nobody_owns_groups_without_end(database: Database) -> None:
    def few(server: Server) -> None:
        register(server, most_owned=2, most_rooms=1)

    world = World(accounts=("ana",), register=[few], database=database)
    ana = await world.connect("ana")
    for name in ("one", "two"):
        await enter(ana, "Ana", room=f"{name}@groups.plauder.example")
    [refused] = await enter(ana, "Ana", room="three@groups.plauder.example")
    assert refused.error is not None
    assert refused.error.condition == "resource-constraint"
    await world.close()


async def test_rooms_that_were_put_away_are_what_they_were(database: Database) -> None:
    def few(server: Server) -> None:
        register(server, most_rooms=1)

    world = World(accounts=("ana",), register=[few], database=database)
    ana = await world.connect("ana")
    rooms = [f"{name}@groups.plauder.example" for name in ("one", "two", "three")]
    for room in rooms:
        await enter(ana, "Ana", room=room)
        form = "<x xmlns='jabber:x:data' type='submit'/>"
        await ana.request(f"<query xmlns='http://jabber.org/protocol/muc#owner'>{form}</query>", type="set", to=room)
        await ana.send(f"<presence to='{room}/Ana' type='unavailable'/>")
    ana.take()
    for room in rooms * 2:
        await ana.send(f"<message to='{room}' type='groupchat' id='{room}'><body>in {room}</body></message>")
        assert bodies(ana.take()) == [f"in {room}"]
    await world.close()


async def test_the_end_of_a_group_is_told_to_all(world: World) -> None:
    ana = await group(world)
    bruno = await world.connect("bruno", "phone")
    await enter(bruno, "Bruno")
    end = "<query xmlns='http://jabber.org/protocol/muc#owner'><destroy><reason>over</reason></destroy></query>"
    assert (await bruno.request(end, type="set", to=ROOM)).type == "error"
    assert (await ana.request(end, type="set", to=ROOM)).type == "result"
    assert any(p.type == "unavailable" for p in bruno.presences())
    await ana.send(say("anybody?"))
    assert ana.messages()[-1].error is not None


# ── staying and resuming ──────────────────────────────────────────────────────────────────────────────────────────


async def test_a_client_asks_whether_it_is_still_in(world: World) -> None:
    ana = await group(world)
    ping = "<ping xmlns='urn:xmpp:ping'/>"
    assert (await ana.request(ping, to=f"{ROOM}/Ana")).type == "result"
    bruno = await world.connect("bruno")
    answer = await bruno.request(ping, to=f"{ROOM}/bruno")
    assert answer.error is not None
    assert answer.error.condition == "not-acceptable"


async def test_who_resumes_after_a_restart_is_seen_by_who_entered_anew(world: World, database: Database) -> None:
    ana = await group(world)
    bruno = await world.connect("bruno", "phone")
    await enter(bruno, "Bruno")
    memory = bruno.session.recall("groups")
    again = World(accounts=("ana", "bruno"), register=[register], database=database)
    ana = await again.connect("ana", "phone")
    assert [p.sender.resource for p in await enter(ana, "Ana") if p.kind == "presence" and p.sender] == ["Ana"]
    bruno = await again.connect("bruno", "phone")
    bruno.session.remember("groups", memory)
    for watch in again.server.bound_watchers:  # what the engine does with a stream of the process before
        work = watch(bruno.session)
        if work is not None:
            await work
    await again.settle()
    (seen,) = ana.presences()
    assert (seen.sender, item(seen).get("jid")) == (Jid.parse(f"{ROOM}/Bruno"), bruno.jid.text)
    assert bruno.presences() == []
    await bruno.send(say("Still here"))
    assert bodies(ana.messages()) == ["Still here"]
    await again.close()


async def test_a_broken_connection_leaves_only_when_it_cannot_resume(world: World) -> None:
    ana = await group(world)
    bruno = await world.connect("bruno", "phone", sm=True)
    await enter(bruno, "Bruno")
    ana.take()
    await bruno.vanish()
    assert ana.presences() == []
    await bruno.resume()
    assert (await bruno.request("<ping xmlns='urn:xmpp:ping'/>", to=f"{ROOM}/Bruno")).type == "result"


async def test_an_account_that_is_removed_belongs_nowhere_and_its_group_lives_on(world: World) -> None:
    ana = await group(world)
    bruno = await world.connect("bruno", "phone")
    await world.server.forget_account(ana.jid.bare)
    await world.settle()
    bruno.take()
    form = await bruno.request("<query xmlns='http://jabber.org/protocol/muc#owner'/>", to=ROOM)
    assert form.type == "result"


async def test_rooms_outlive_the_process(world: World, database: Database) -> None:
    await group(world, roomname="Sunday hikers")
    await world.close()
    again = World(accounts=("ana", "bruno"), register=[register], database=database)
    bruno = await again.connect("bruno")
    info = await bruno.request("<query xmlns='http://jabber.org/protocol/disco#info'/>", to=ROOM)
    text = {e.get("name") for e in info.payloads[0]}
    assert "Sunday hikers" in text
    assert codes((await enter(bruno, "Bruno"))[-2]) >= {"110"}
    await again.close()


# ── hostile input ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "stanza",
    [
        f"<presence to='{ROOM}'>{JOIN}</presence>",
        f"<presence to='{ROOM}/{'n' * 65}'>{JOIN}</presence>",
        f"<presence to='{ROOM}/Carla'/>",
        "<presence to='nowhere@groups.plauder.example/x'><x xmlns='urn:other'/></presence>",
        f"<iq type='get' id='1' to='{ROOM}'/>",
        f"<iq type='set' id='1' to='{ROOM}'><query xmlns='http://jabber.org/protocol/muc#admin'/></iq>",
        f"<iq type='get' id='1' to='{ROOM}'><query xmlns='http://jabber.org/protocol/muc#owner'/></iq>",
        f"<iq type='set' id='1' to='{ROOM}'><vCard xmlns='vcard-temp'/></iq>",
        f"<iq type='set' id='1' to='{ROOM}'><query xmlns='urn:unknown'/></iq>",
        f"<iq type='get' id='1' to='{ROOM}/Ana'><ping xmlns='urn:xmpp:ping'/></iq>",
        "<iq type='set' id='1' to='groups.plauder.example'><query xmlns='urn:unknown'/></iq>",
        f"<message to='{ROOM}'><body>not a groupchat</body></message>",
        f"<message to='{ROOM}/Ana' type='groupchat'><body>x</body></message>",
        f"<message to='{ROOM}'><x xmlns='http://jabber.org/protocol/muc#user'><invite to='@@'/></x></message>",
        "<message to='none@groups.plauder.example' type='groupchat'><body>x</body></message>",
    ],
)
async def test_a_stranger_who_sends_nonsense_is_told_so(world: World, stanza: str) -> None:
    ana = await group(world)
    carla = await world.connect("carla")
    await carla.send(stanza)
    answers = carla.take()
    assert [answer.type for answer in answers] == ["error"]
    assert bodies(ana.take()) == []


@pytest.mark.parametrize("field", [("maxusers", "0"), ("maxusers", "9999999999"), ("roomname", "x" * 500)])
async def test_a_configuration_that_cannot_be_is_refused(world: World, field: tuple[str, str]) -> None:
    ana = await group(world)
    assert (await owner_form(ana, **{field[0]: field[1]})).type == "error"


@pytest.mark.parametrize("presence", ["", "<presence><priority>-1</priority></presence>"])
async def test_a_member_who_only_entered_hears_the_group(world: World, presence: str) -> None:
    ana = await group(world)
    bruno = await world.connect("bruno", "phone", available=False)
    if presence:
        await bruno.send(presence)
    await enter(bruno, "Bruno")
    await ana.send(say("Tea?", "m1"))
    await bruno.send(say("Yes", "m2"))
    heard = [one for one in bruno.take() if one.kind == "message"]
    assert [(str(one.sender), one.text(BODY)) for one in heard] == [(f"{ROOM}/Ana", "Tea?"), (f"{ROOM}/Bruno", "Yes")]
    assert bodies(ana.take()) == ["Tea?", "Yes"]
    await bruno.send("<presence/>")  # nobody knows that it has them: they were kept, and come with their ids
    assert [one.id for one in bruno.take() if one.text(BODY)] == ["m1", "m2"]
    await ana.send(say("Now", "m3"))
    assert bodies(bruno.take()) == ["Now"]
