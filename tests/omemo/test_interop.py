"""The browser's core against two independent engines, both ways: fresh identities, and whatever a network does."""

from __future__ import annotations

import os
import random
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

import pytest

from tests.omemo import gajim
from tests.omemo.browser import AXOLOTL, OMEMO2, Browser, Node
from tests.omemo.syndace import Syndace

pytestmark = pytest.mark.server

ROUNDS = int(os.environ.get("PLAUDER_OMEMO_ROUNDS", "3"))
"""Random conversations per engine and opener; raise it for a long run."""

NUMBERS = count(1)
Pair = tuple[Browser, Any]
Meet = Callable[[], Awaitable[Pair]]


@pytest.fixture(params=["oldmemo", "twomemo", "omemo-dr"])
def meet(request: pytest.FixtureRequest, node: Node) -> Meet:
    """Makes two fresh devices that know each other's bundles."""
    if request.param == "omemo-dr" and (why := gajim.why_missing()):
        pytest.skip(why)

    async def make() -> Pair:
        number = next(NUMBERS)
        namespace = OMEMO2 if request.param == "twomemo" else AXOLOTL
        ana = Browser(node, f"ana{number}", f"ana{number}@example.org", namespace)
        jid = f"bruno{number}@example.org"
        bruno: Any = gajim.Gajim(jid) if request.param == "omemo-dr" else Syndace(jid, 1000 + number, namespace)
        await bruno.meet(ana.jid, ana.device_id, await ana.bundle())
        await ana.meet(bruno.jid, bruno.device_id, await bruno.bundle())
        return ana, bruno

    return make


async def test_either_side_opens_and_both_talk(meet: Meet) -> None:
    for opener in (0, 1) * ROUNDS:
        pair = await meet()
        first, second = (pair[opener], pair[1 - opener])
        for turn in range(6):
            text = f"{turn} ą 🦜 <&>"
            assert await second.hear(first.jid, await first.say(second.jid, text)) == text
            first, second = second, first


async def test_identities_of_both_signs_talk(meet: Meet) -> None:
    """Half of all identities have the sign bit set, ours none; a wrong one breaks signatures or associated data."""
    theirs: set[int] = set()
    for _ in range(24):
        ana, bruno = await meet()
        assert await bruno.hear(ana.jid, await ana.say(bruno.jid, "oi")) == "oi"
        assert await ana.hear(bruno.jid, await bruno.say(ana.jid, "tudo bem?")) == "tudo bem?"
        assert ana.call("devices", bruno.jid)[0]["fingerprint"] == bruno.fingerprint
        assert sign_of(ana) == 0
        theirs.add(getattr(bruno, "sign", -1))  # an engine of 0.3 alone knows no sign
        if theirs in ({0, 1}, {-1}):
            break
    assert theirs in ({0, 1}, {-1})


def sign_of(browser: Browser) -> int:
    import base64

    publication = browser.call("publication", OMEMO2)
    ik = next(child for child in publication["bundle"]["children"] if child["name"] == "ik")
    return base64.b64decode(ik["children"][0])[31] >> 7


async def test_an_empty_message_ends_the_key_exchange(meet: Meet) -> None:
    ana, bruno = await meet()
    first = await ana.say(bruno.jid, "1")
    assert await bruno.hear(ana.jid, first) == "1"
    assert await ana.hear(bruno.jid, await bruno.nod(ana.jid, ana.device_id)) == ""
    second = await ana.say(bruno.jid, "2")
    assert not any(key.get("prekey") or key.get("kex") for key in second.iter())
    assert await bruno.hear(ana.jid, second) == "2"

    carla, diego = await meet()
    opened = await diego.say(carla.jid, "3")
    outcome = carla.read(diego.jid, opened)
    assert [task["why"] for task in outcome["tasks"] if task["do"] == "send-empty"] == ["key-exchange"]
    assert await diego.hear(carla.jid, await carla.nod(diego.jid, diego.device_id)) == ""
    third = await diego.say(carla.jid, "4")
    assert not any(key.get("prekey") or key.get("kex") for key in third.iter())
    assert await carla.hear(diego.jid, third) == "4"


async def test_a_network_that_delays_drops_reorders_and_repeats(meet: Meet) -> None:
    for seed in range(ROUNDS):
        chance = random.Random(seed)
        ana, bruno = await meet()
        people = [ana, bruno]
        chance.shuffle(people)
        await chat(people, chance)


async def chat(people: list[Any], chance: random.Random) -> None:
    """Random bursts to and fro; each message arrives late, out of order, twice or never. What arrives first is read."""
    air: list[tuple[int, str, Any]] = []
    arrived: list[tuple[int, Any]] = []
    # Both sides opening at once is tested apart: these oracles keep only one session.
    opening = await people[0].say(people[1].jid, "first")
    assert await people[1].hear(people[0].jid, opening) == "first"
    for turn in range(40):
        sender = chance.randrange(2)
        for part in range(chance.choice([1, 1, 1, 2, 5])):
            text = f"{turn}.{part}"
            air.append((sender, text, await people[sender].say(people[1 - sender].jid, text)))
        chance.shuffle(air)
        while air and chance.random() < 0.75:
            sent_by, text, element = air.pop()
            if chance.random() < 0.1:
                continue
            receiver = people[1 - sent_by]
            assert await receiver.hear(people[sent_by].jid, element) == text
            arrived.append((sent_by, element))
        if arrived and chance.random() < 0.3:
            sent_by, element = chance.choice(arrived)
            receiver = people[1 - sent_by]
            if isinstance(receiver, Browser):
                assert await receiver.hear(people[sent_by].jid, element) == "(replay)"
    for sent_by, text, element in air:
        assert await people[1 - sent_by].hear(people[sent_by].jid, element) == text


async def test_the_last_message_of_a_chain_may_be_late(meet: Meet) -> None:
    """libsignal announces one message too few for the previous chain; a key more has to be kept."""
    ana, bruno = await meet()
    assert await ana.hear(bruno.jid, await bruno.say(ana.jid, "1")) == "1"
    late = await bruno.say(ana.jid, "2")
    assert await bruno.hear(ana.jid, await ana.say(bruno.jid, "3")) == "3"
    assert await ana.hear(bruno.jid, await bruno.say(ana.jid, "4")) == "4"
    assert await ana.hear(bruno.jid, late) == "2"


async def test_a_restored_device_heals(meet: Meet) -> None:
    """A storage from a backup is behind; the first message of the other side fails, then a new session is made."""
    ana, bruno = await meet()
    assert await bruno.hear(ana.jid, await ana.say(bruno.jid, "1")) == "1"
    ana.call("keep")
    for turn in range(4):
        assert await ana.hear(bruno.jid, await bruno.say(ana.jid, f"{turn}")) == f"{turn}"
        assert await bruno.hear(ana.jid, await ana.say(bruno.jid, f"{turn}")) == f"{turn}"
    ana.call("restore")
    outcome = ana.read(bruno.jid, await bruno.say(ana.jid, "lost"))
    assert (outcome["kind"], outcome["reason"], outcome["remedy"]) == ("failed", "bad-mac", "healing")
    assert [task["do"] for task in outcome["tasks"]] == ["fetch-bundle", "send-empty"]
    assert ana.offer(bruno.jid, bruno.device_id, await bruno.bundle())["result"] == "accepted"
    assert await bruno.hear(ana.jid, await ana.nod(bruno.jid, bruno.device_id)) == ""
    assert await ana.hear(bruno.jid, await bruno.say(ana.jid, "found")) == "found"
    assert await bruno.hear(ana.jid, await ana.say(bruno.jid, "indeed")) == "indeed"


async def test_a_used_prekey_is_refused_and_healed(meet: Meet) -> None:
    """Two devices take the same prekey from one bundle: the second exchange fails and our side opens a session."""
    ana, bruno = await meet()
    _, carla = await meet()
    bundle = await ana.bundle()
    prekeys = next(child for child in bundle if child.tag.endswith("}prekeys"))
    for spare in list(prekeys)[1:]:
        prekeys.remove(spare)
    for person in (bruno, carla):
        await person.meet(ana.jid, ana.device_id, bundle)
        await ana.meet(person.jid, person.device_id, await person.bundle())
    assert await ana.hear(bruno.jid, await bruno.say(ana.jid, "mine")) == "mine"
    outcome = ana.read(carla.jid, await carla.say(ana.jid, "mine as well"))
    assert (outcome["reason"], outcome["remedy"]) == ("unknown-prekey", "healing")
    assert ana.offer(carla.jid, carla.device_id, await carla.bundle())["result"] == "accepted"
    assert await carla.hear(ana.jid, await ana.nod(carla.jid, carla.device_id)) == ""
    assert await ana.hear(carla.jid, await carla.say(ana.jid, "again")) == "again"


async def test_many_key_exchanges_use_up_and_refill_prekeys(meet: Meet) -> None:
    ana, _ = await meet()
    for _ in range(5):
        _, other = await meet()
        bundle = await ana.bundle()
        prekeys = next(child for child in bundle if child.tag.endswith("}prekeys"))
        assert len(prekeys) == 100
        await other.meet(ana.jid, ana.device_id, bundle)
        await ana.meet(other.jid, other.device_id, await other.bundle())
        assert await ana.hear(other.jid, await other.say(ana.jid, "oi")) == "oi"
