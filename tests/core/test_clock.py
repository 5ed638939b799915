"""The wall clock is set back, or far ahead: nothing is lost, order holds, nothing expires by mistake."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from plauder.features.groups.feature import register as groups
from tests import databases
from tests.harness import World

ROOM = "club@groups.plauder.example"
BODY = "{jabber:client}body"
DAY = 86_400.0


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    database = databases.fresh(tmp_path / "plauder.db")
    world = World(register=[groups], database=database)
    world.server.start()
    yield world
    await world.close()
    await database.close()


@pytest.mark.parametrize("jump", [-400 * DAY, 400 * DAY])
async def test_nothing_is_lost_when_the_clock_jumps(world: World, jump: float) -> None:
    ana = await world.connect("ana", "phone", sm=True)
    bruno = await world.connect("bruno", "phone")
    await bruno.disconnect()
    await ana.send(f"<presence to='{ROOM}/Ana'><x xmlns='http://jabber.org/protocol/muc'/></presence>")
    form = "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query>"
    await ana.request(form, type="set", to=ROOM)
    item = f"<item affiliation='member' jid='{world.jid('bruno')}'/>"
    await ana.request(f"<query xmlns='http://jabber.org/protocol/muc#admin'>{item}</query>", type="set", to=ROOM)
    for round_ in range(3):
        await ana.send(
            f"<message to='{world.jid('bruno')}' type='chat' id='c{round_}'><body>c{round_}</body></message>"
            f"<message to='{ROOM}' type='groupchat' id='g{round_}'><body>g{round_}</body></message>"
        )
        if round_ == 0:
            world.clock.jump(jump)
        await world.advance(3_700)
    assert await ana.ask_ack() == ana.acknowledged > 8
    bruno = await world.connect("bruno", "phone")
    texts = [stanza.text(BODY) for stanza in bruno.messages() if stanza.text(BODY)]
    assert texts == ["c0", "g0", "c1", "g1", "c2", "g2"]


async def test_after_a_day_of_even_running_a_clock_is_believed(world: World) -> None:
    ana = await world.connect("ana", "phone")
    bruno = await world.connect("bruno", "phone")
    await bruno.disconnect()
    await ana.send(f"<message to='{world.jid('bruno')}' type='chat'><body>old</body></message>")
    world.clock.jump(40 * DAY)
    for _ in range(23):
        await world.advance(3_700)
    assert len(world.fake_inbox.rows) == 1
    for _ in range(3):
        await world.advance(3_700)
    assert not world.fake_inbox.rows
