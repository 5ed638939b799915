"""Who sees what of an account: presence, last activity and groups on the engine itself."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from plauder.core.people import USUAL, Audience, Wishes
from plauder.features.discretion.rules import NODE, read
from plauder.features.groups.feature import register as groups
from plauder.store.database import Database
from plauder.wire.xml import E
from tests.features.messenger import MESSENGER
from tests.harness import DOMAIN, Client, World

ANA = f"ana@{DOMAIN}"
LAST = "<query xmlns='jabber:iq:last'/>"
ROOM = f"hikers@groups.{DOMAIN}"
PROBE = f"<presence type='probe' to='{ANA}'/>"


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    world = World(accounts=("ana", "bruno", "carla"), register=[*MESSENGER, groups], database=database)
    yield world
    await world.close()


async def befriend(first: Client, second: Client) -> None:
    for one, other in ((first, second), (second, first)):
        await one.send(f"<presence type='subscribe' to='{other.jid.bare}'/>")
        await other.send(f"<presence type='subscribed' to='{one.jid.bare}'/>")
    first.take()
    second.take()


async def wish(client: Client, **audiences: str) -> None:
    said = "".join(f" {name.replace('_', '-')}='{audience}'" for name, audience in audiences.items())
    item = f"<item id='current'><privacy xmlns='{NODE}'{said}/></item>"
    publish = f"<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='{NODE}'>{item}</publish></pubsub>"
    assert (await client.request(publish, type="set")).type == "result"


def seen(client: Client) -> list[str | None]:
    return [stanza.type for stanza in client.presences() if stanza.attrs["from"].startswith("ana@")]


async def test_who_wants_to_be_seen_by_nobody_looks_gone_and_comes_back(world: World):
    ana, bruno = await world.connect("ana"), await world.connect("bruno")
    await befriend(ana, bruno)
    await wish(ana, online="nobody")
    assert seen(bruno) == ["unavailable"]
    await wish(ana, online="nobody", last_seen="nobody")
    await ana.send("<presence><show>away</show></presence>")
    await bruno.send(PROBE)
    assert seen(bruno) == []
    await wish(ana, online="contacts")
    assert seen(bruno) == [None]


async def test_neither_coming_nor_going_shows_after_a_restart_of_the_wishes(world: World):
    ana, bruno = await world.connect("ana"), await world.connect("bruno")
    await befriend(ana, bruno)
    await wish(ana, online="nobody")
    await ana.disconnect()
    bruno.take()
    for forget in world.server.forgotten_watchers:
        if getattr(forget, "__self__", None) is world.server.people.discretion:
            await forget(ana.jid.bare)
    ana = await world.connect("ana")
    late = await world.connect("bruno", "tablet")
    await ana.send("<presence type='unavailable'/>")
    assert seen(bruno) == seen(late) == []


async def test_own_devices_always_see_each_other(world: World):
    phone = await world.connect("ana", "phone")
    await wish(phone, online="nobody", last_seen="nobody")
    tablet = await world.connect("ana", "tablet")
    assert [stanza.attrs["from"] for stanza in phone.presences()][-1] == str(tablet.jid)
    assert (await tablet.request(LAST, type="get", to=ANA)).type == "result"


async def test_whom_everybody_may_see_answers_strangers(world: World):
    ana, carla = await world.connect("ana"), await world.connect("carla")
    await carla.send(PROBE)
    assert seen(carla) == []
    assert (await carla.request(LAST, type="get", to=ANA)).type == "error"
    await wish(ana, online="everyone", last_seen="everyone")
    await carla.send(PROBE)
    assert seen(carla) == [None]
    assert (await carla.request(LAST, type="get", to=ANA)).payloads[0].get("seconds") == "0"


async def test_last_seen_is_kept_from_contacts_who_may_see_one_online(world: World):
    ana, bruno = await world.connect("ana"), await world.connect("bruno")
    await befriend(ana, bruno)
    await wish(ana, last_seen="nobody")
    assert (await bruno.request(LAST, type="get", to=ANA)).error.condition == "forbidden"


async def test_last_activity_does_not_betray_who_is_online_unseen(world: World):
    ana, bruno = await world.connect("ana"), await world.connect("bruno")
    await befriend(ana, bruno)
    await wish(ana, online="nobody")
    assert (await bruno.request(LAST, type="get", to=ANA)).error.condition == "item-not-found"


@pytest.mark.parametrize(
    ("groups", "is_friend", "may"),
    [
        ("everyone", False, True),
        ("contacts", False, False),
        ("contacts", True, True),
        ("nobody", True, False),
    ],
)
async def test_who_may_be_put_into_a_group(world: World, groups: str, is_friend: bool, may: bool):
    ana, bruno = await world.connect("ana"), await world.connect("bruno")
    if is_friend:
        await befriend(ana, bruno)
    await wish(ana, groups=groups)
    await bruno.send(f"<presence to='{ROOM}/Bruno'><x xmlns='http://jabber.org/protocol/muc'/></presence>")
    form = "<x xmlns='jabber:x:data' type='submit'/>"
    await bruno.request(f"<query xmlns='http://jabber.org/protocol/muc#owner'>{form}</query>", type="set", to=ROOM)
    bruno.take()
    ana.take()
    invite = f"<x xmlns='http://jabber.org/protocol/muc#user'><invite to='{ANA}'/></x>"
    await bruno.send(f"<message to='{ROOM}'>{invite}</message>")
    assert any(stanza.type == "error" for stanza in bruno.messages()) is not may
    assert bool(ana.messages()) is may
    member = f"<item affiliation='member' jid='{ANA}'/>"
    query = f"<query xmlns='http://jabber.org/protocol/muc#admin'>{member}</query>"
    assert (await bruno.request(query, type="set", to=ROOM)).type == ("result" if may else "error")


@pytest.mark.parametrize(
    ("item", "wishes"),
    [
        (None, USUAL),
        (E("{other}privacy", {"online": "nobody"}), USUAL),
        (E(f"{{{NODE}}}privacy", {"online": "friends", "last-seen": "", "groups": "x" * 10_000}), USUAL),
        (E(f"{{{NODE}}}privacy", {"last-seen": "nobody"}), Wishes(last_seen=Audience.NOBODY)),
    ],
)
def test_what_is_not_understood_is_as_if_it_were_not_there(item: object, wishes: Wishes):
    assert read(item) == wishes  # type: ignore[arg-type]
