"""Hats: admins make them and give them, everybody sees them (XEP-0317)."""

from collections.abc import AsyncIterator

import pytest

from plauder.features.groups.feature import register
from plauder.store.database import Database
from plauder.wire.forms import Form
from plauder.wire.stanza import Stanza
from tests.features.groups.test_scenes import ROOM, codes, enter, group
from tests.harness import Client, World

COMMANDS = "http://jabber.org/protocol/commands"
HAT = "{urn:xmpp:hats:0}hat"
GUIDE = "https://example.org/hats#guide"


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    world = World(accounts=("ana", "bruno", "carla", "dirk"), register=[register], database=database)
    yield world
    await world.close()


async def run(client: Client, name: str, action: str = "", **fields: str) -> Stanza:
    given = "".join(f"<field var='hats#{var}'><value>{value}</value></field>" for var, value in fields.items())
    form = f"<x xmlns='jabber:x:data' type='submit'>{given}</x>" if fields else ""
    node = f"urn:xmpp:hats:commands:{name}"
    command = f"<command xmlns='{COMMANDS}' node='{node}' action='{action}'>{form}</command>"
    return await client.request(command, type="set", to=ROOM)


def worn(stanzas: list[Stanza]) -> dict[str, list[str | None]]:
    """The titles of hats by nickname, from presence."""
    found = [stanza for stanza in stanzas if stanza.kind == "presence" and stanza.type is None]
    return {s.sender.resource: [hat.get("title") for p in s.payloads for hat in p.iter(HAT)] for s in found if s.sender}


async def test_an_admin_makes_a_hat_and_gives_it(world: World) -> None:
    ana = await group(world)
    bruno = await world.connect("bruno", "phone")
    await enter(bruno, "Bruno")
    ana.take()
    asked = await run(ana, "create")
    form = Form.within(asked.payloads[0])
    assert form is not None
    assert asked.payloads[0].get("status") == "executing"
    assert {field.var for field in form.fields} >= {"hats#title", "hats#uri", "hats#hue"}
    assert (await run(ana, "create", title="Guide", uri=GUIDE, hue="171.4")).payloads[0].get("status") == "completed"
    assert [codes(stanza) for stanza in bruno.take()] == [{"104"}]
    assert (await run(ana, "assign", jid="bruno@plauder.example", uri=GUIDE)).type == "result"
    assert worn(bruno.take()) == {"Bruno": ["Guide"]}
    assert worn(ana.take()) == {"Bruno": ["Guide"]}
    carla = await world.connect("carla", "phone")
    assert (await run(carla, "list")).type == "error"
    listed = await run(bruno, "list")
    assert b"Guide" in listed.inner
    assert b"bruno@" in (await run(ana, "list-assigned")).inner
    await run(ana, "unassign", jid="bruno@plauder.example", uri=GUIDE)
    assert worn(ana.take()) == {"Bruno": []}
    assert (await run(ana, "unassign", jid="bruno@plauder.example", uri=GUIDE)).type == "error"


async def test_hats_survive_a_restart_and_go_with_their_account(world: World, database: Database) -> None:
    ana = await group(world)
    await run(ana, "create", title="Guide", uri=GUIDE)
    await run(ana, "assign", jid="bruno@plauder.example", uri=GUIDE)
    again = World(accounts=("ana", "bruno"), register=[register], database=database)
    bruno = await again.connect("bruno", "phone")
    assert worn(await enter(bruno, "Bruno")) == {"Bruno": ["Guide"]}
    await again.server.forget_account(again.jid("bruno"))
    await again.settle()
    ana = await again.connect("ana", "phone")
    await enter(ana, "Ana")
    assert b"bruno@" not in (await run(ana, "list-assigned")).inner
    await again.close()


async def test_a_new_title_and_the_end_of_a_hat_are_seen(world: World) -> None:
    ana = await group(world)
    await run(ana, "create", title="Guide", uri=GUIDE)
    await run(ana, "assign", jid="ana@plauder.example", uri=GUIDE)
    ana.take()
    await run(ana, "create", title="Mountain guide", uri=GUIDE)
    assert worn(ana.take()) == {"Ana": ["Mountain guide"]}
    await run(ana, "destroy", uri=GUIDE)
    assert worn(ana.take()) == {"Ana": []}


async def test_nobody_puts_a_hat_on_by_themselves(world: World) -> None:
    ana = await group(world)
    bruno = await world.connect("bruno", "phone")
    forged = "<hats xmlns='urn:xmpp:hats:0'><hat uri='x:y' title='Owner'/></hats>"
    await enter(bruno, "Bruno", x=f"<x xmlns='http://jabber.org/protocol/muc'/>{forged}")
    assert worn(ana.take()) == {"Bruno": []}
    for name in ("create", "assign", "destroy", "unassign", "list-assigned", "don", "nonsense"):
        refused = await run(bruno, name, title="Owner", uri="x:y", jid="bruno@plauder.example")
        assert refused.error is not None
        assert refused.error.condition == "item-not-found"


@pytest.mark.parametrize(
    "fields",
    [
        {"title": "", "uri": "x:y"},
        {"title": "x" * 61, "uri": "x:y"},
        {"title": "Guide", "uri": ""},
        {"title": "Guide", "uri": "x" * 501},
        {"title": "Guide", "uri": "x:y", "hue": "red"},
        {"title": "Guide", "uri": "x:y", "hue": "361"},
        {"title": "Guide", "uri": "x:y", "hue": "nan"},
    ],
)
async def test_what_is_no_hat_is_refused(world: World, fields: dict[str, str]) -> None:
    ana = await group(world)
    assert (await run(ana, "create", **fields)).type == "error"


async def test_hats_are_bounded_and_given_to_members_only(world: World) -> None:
    ana = await group(world)
    for number in range(50):
        await run(ana, "create", title="Guide", uri=f"x:{number}")
    assert (await run(ana, "create", title="Guide", uri="x:50")).type == "error"
    assert (await run(ana, "assign", jid="carla@plauder.example", uri="x:1")).type == "error"
    assert (await run(ana, "assign", jid="@@", uri="x:1")).type == "error"
    assert (await run(ana, "assign", jid="bruno@plauder.example", uri="x:nowhere")).type == "error"
    assert (await run(ana, "create", "cancel")).payloads[0].get("status") == "canceled"
    assert (await run(ana, "create", "explode")).type == "error"


async def test_disco_tells_of_hats_and_commands(world: World) -> None:
    ana = await group(world)
    before = await ana.request("<query xmlns='http://jabber.org/protocol/disco#info'/>", to=ROOM)
    assert b"urn:xmpp:hats:0" in before.inner
    await run(ana, "create", title="Guide", uri=GUIDE)
    after = await ana.request("<query xmlns='http://jabber.org/protocol/disco#info'/>", to=ROOM)
    assert b"hats#hash" in after.inner
    items = f"<query xmlns='http://jabber.org/protocol/disco#items' node='{COMMANDS}'/>"
    assert b"urn:xmpp:hats:commands:assign" in (await ana.request(items, to=ROOM)).inner
    bruno = await world.connect("bruno", "phone")
    offered = (await bruno.request(items, to=ROOM)).inner
    assert b"commands:list" in offered
    assert b"commands:assign" not in offered
    what = "<query xmlns='http://jabber.org/protocol/disco#info' node='urn:xmpp:hats:commands:list'/>"
    assert b"command-node" in (await bruno.request(what, to=ROOM)).inner
