"""The hosted business device against the browser's core and two independent engines, both ways."""

from __future__ import annotations

import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from plauder.business.encryption.service import NotRead
from plauder.kit.clock import FakeClock
from plauder.store.database import Database
from tests.omemo import gajim
from tests.omemo.browser import AXOLOTL, OMEMO2, Browser, Node
from tests.omemo.hosted import Hosted
from tests.omemo.syndace import Syndace

pytestmark = pytest.mark.server

ROUNDS = int(os.environ.get("PLAUDER_OMEMO_ROUNDS", "2"))
NUMBERS = count(1)
Meet = Callable[[], Awaitable[tuple[Hosted, Any]]]


@pytest.fixture
async def shop_database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'plauder.db'}")
    await database.create_all()
    yield database
    await database.close()


@pytest.fixture(params=["browser 0.3", "browser omemo:2", "oldmemo", "twomemo", "omemo-dr"])
def meet(request: pytest.FixtureRequest, node: Node, shop_database: Database, clock: FakeClock) -> Meet:
    """Makes a fresh number and a fresh person that know each other's bundles."""
    kind: str = request.param
    if kind == "omemo-dr" and (why := gajim.why_missing()):
        pytest.skip(why)

    async def make() -> tuple[Hosted, Any]:
        number = next(NUMBERS)
        namespace = OMEMO2 if kind in ("browser omemo:2", "twomemo") else AXOLOTL
        shop = Hosted(shop_database, clock, f"{number}@shops.example.org", namespace)
        await shop.ensure()
        jid = f"carla{number}@example.org"
        person: Any
        if kind.startswith("browser"):
            person = Browser(node, f"carla{number}", jid, namespace)
        elif kind == "omemo-dr":
            person = gajim.Gajim(jid)
        else:
            person = Syndace(jid, 1000 + number, namespace)
        await person.meet(shop.jid, shop.device_id, await shop.bundle())
        assert await shop.meet(person.jid, person.device_id, await person.bundle())
        return shop, person

    return make


async def test_either_side_opens_and_both_talk(meet: Meet) -> None:
    for opener in (0, 1) * (2 * ROUNDS):
        pair: tuple[Any, Any] = await meet()
        first, second = pair[opener], pair[1 - opener]
        for turn in range(6):
            text = f"{turn} ą 🦜 <&>"
            assert await second.hear(first.jid, await first.say(second.jid, text)) == text
            first, second = second, first


async def test_empty_messages_end_key_exchanges(meet: Meet) -> None:
    shop, person = await meet()
    assert await person.hear(shop.jid, await shop.say(person.jid, "your parcel")) == "your parcel"
    assert await shop.hear(person.jid, await person.nod(shop.jid, shop.device_id)) == ""
    second = await shop.say(person.jid, "has arrived")
    assert not any(key.get("prekey") or key.get("kex") for key in second.iter())
    assert await person.hear(shop.jid, second) == "has arrived"


async def test_a_network_that_delays_drops_reorders_and_repeats(meet: Meet) -> None:
    for seed in range(ROUNDS):
        chance = random.Random(seed)
        shop, person = await meet()
        people: list[Any] = [shop, person]
        assert await person.hear(shop.jid, await shop.say(person.jid, "first")) == "first"
        air: list[tuple[int, str, Any]] = []
        arrived: list[Any] = []
        for turn in range(25):
            sender = chance.randrange(2)
            for part in range(chance.choice([1, 1, 2, 4])):
                text = f"{turn}.{part}"
                air.append((sender, text, await people[sender].say(people[1 - sender].jid, text)))
            chance.shuffle(air)
            while air and chance.random() < 0.75:
                sent_by, text, element = air.pop()
                if chance.random() < 0.1:
                    continue
                assert await people[1 - sent_by].hear(people[sent_by].jid, element) == text
                if sent_by == 1:
                    arrived.append(element)
            if arrived and chance.random() < 0.4:
                assert await shop.hear(person.jid, chance.choice(arrived)) == "(replay)"


async def test_a_number_that_lost_its_session_repairs_it(meet: Meet) -> None:
    shop, person = await meet()
    assert await person.hear(shop.jid, await shop.say(person.jid, "1")) == "1"
    assert await shop.hear(person.jid, await person.say(shop.jid, "2")) == "2"
    async with shop.database.begin() as uow:
        await uow.connection.exec_driver_sql("DELETE FROM business_omemo WHERE key LIKE 'session/%'")
    outcome = await shop.read(person.jid, await person.say(shop.jid, "lost"))
    assert isinstance(outcome, NotRead)
    assert (outcome.reason, outcome.healing) == ("no-session", True)
    assert await shop.meet(person.jid, person.device_id, await person.bundle())
    assert await person.hear(shop.jid, await shop.nod(person.jid, person.device_id)) == ""
    assert await shop.hear(person.jid, await person.say(shop.jid, "found")) == "found"
