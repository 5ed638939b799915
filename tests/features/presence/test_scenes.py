"""Who sees whom, coming and going. The roster and blocking are played by plain fakes."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from plauder.core.people import UNBLOCKED, BlockList, BlockWatcher, Bond, Bonds, Relations
from plauder.features.presence import feature
from plauder.wire.jid import Jid
from tests.features.fakes import FakeServer, FakeSession

ANA, BRUNO, EVA = "ana@example.org", "bruno@example.org", "eva@elsewhere.example"


@dataclass
class FakeContacts:
    relations: dict[str, Relations] = field(default_factory=dict)
    watchers: list[Bonds] = field(default_factory=list)

    async def of(self, account: str) -> Relations:
        return self.relations.get(account, Relations())

    def cached(self, account: str) -> Relations | None:
        return self.relations.get(account, Relations())

    def on_bond(self, do: Bonds) -> None:
        self.watchers.append(do)


@dataclass
class FakeBlocks:
    lists: dict[str, BlockList] = field(default_factory=dict)
    watchers: list[BlockWatcher] = field(default_factory=list)

    async def of(self, account: str) -> BlockList:
        return self.lists.get(account, UNBLOCKED)

    def cached(self, account: str) -> BlockList | None:
        return self.lists.get(account, UNBLOCKED)

    def on_block(self, do: BlockWatcher) -> None:
        self.watchers.append(do)


@pytest.fixture
def contacts(server: FakeServer) -> FakeContacts:
    """Ana and Bruno see each other; Ana and Eva, who is elsewhere, too."""
    both = frozenset({BRUNO, EVA})
    contacts = FakeContacts({ANA: Relations(both, both, both), BRUNO: Relations(*[frozenset({ANA})] * 3)})
    server.people.contacts = contacts
    return contacts


@pytest.fixture
def blocks(server: FakeServer) -> FakeBlocks:
    server.people.blocks = blocks = FakeBlocks()
    return blocks


@pytest.fixture(autouse=True)
def _registered(server: FakeServer, contacts: FakeContacts, blocks: FakeBlocks) -> None:
    feature.register(server)


def seen(session: FakeSession) -> list[tuple[str, str | None]]:
    return [(stanza.attrs["from"], stanza.type) for stanza in session.take()]


async def test_coming_online_both_learn_of_each_other(server: FakeServer):
    bruno = await server.login("bruno")
    bruno.take()
    ana = await server.login("ana")
    assert seen(bruno) == [(f"{ANA}/phone", None)]
    assert seen(ana) == [(f"{ANA}/phone", None), (f"{BRUNO}/phone", None)]


async def test_who_is_elsewhere_is_told_and_probed(server: FakeServer):
    await server.login("ana")
    assert [(s.type, s.attrs["from"], s.attrs["to"]) for s in server.away] == [
        (None, f"{ANA}/phone", EVA),
        ("probe", ANA, EVA),
    ]


async def test_a_change_is_passed_on_as_it_is(server: FakeServer):
    ana, bruno = await server.login("ana"), await server.login("bruno")
    bruno.take()
    idle = "<idle xmlns='urn:xmpp:idle:1' since='2026-11-22T12:00:00Z'/>"
    await server.say(ana, f"<presence><show>away</show>{idle}</presence>")
    told = bruno.take_one()
    assert told.attrs["to"] == BRUNO
    assert told.text("{jabber:client}show") == "away"
    assert told.find("{urn:xmpp:idle:1}idle").get("since") == "2026-11-22T12:00:00Z"


async def test_own_devices_see_each_other(server: FakeServer):
    phone = await server.login("ana/phone")
    phone.take()
    tablet = await server.login("ana/tablet")
    assert seen(phone) == [(f"{ANA}/tablet", None)]
    assert seen(tablet) == [(f"{ANA}/tablet", None), (f"{ANA}/phone", None)]


async def test_going_is_told_once(server: FakeServer):
    ana, bruno = await server.login("ana"), await server.login("bruno")
    bruno.take()
    await server.say(ana, "<presence type='unavailable'><status>Bye</status></presence>")
    assert bruno.take_one().text("{jabber:client}status") == "Bye"
    await server.logout(ana)
    assert bruno.take() == []


async def test_a_lost_connection_is_told(server: FakeServer):
    ana, bruno = await server.login("ana"), await server.login("bruno")
    bruno.take()
    await server.logout(ana)
    assert seen(bruno) == [(f"{ANA}/phone", "unavailable")]


async def test_a_device_that_is_not_available_sees_nothing(server: FakeServer):
    bruno = await server.login("bruno", available=False)
    await server.login("ana")
    assert bruno.take() == []


async def test_a_probe_is_answered_for_subscribers_only(server: FakeServer):
    await server.login("ana")
    bruno, carla = await server.login("bruno"), await server.login("carla")
    bruno.take()
    await server.say(bruno, f"<presence type='probe' to='{ANA}'/>")
    assert seen(bruno) == [(f"{ANA}/phone", None)]
    carla.take()
    await server.say(carla, f"<presence type='probe' to='{ANA}'/>")
    assert carla.take() == []


@pytest.mark.parametrize(("shows", "type_"), [(True, None), (False, "unavailable")])
async def test_a_bond_shows_at_once(server: FakeServer, contacts: FakeContacts, shows: bool, type_: str | None):
    await server.login("ana")
    carla = await server.login("carla")
    carla.take()
    for watcher in contacts.watchers:
        await watcher(Bond(Jid.parse(ANA), carla.account, shows=shows))
    assert seen(carla) == [(f"{ANA}/phone", type_)]


async def test_blocking_looks_like_going(server: FakeServer, blocks: FakeBlocks):
    ana, bruno = await server.login("ana"), await server.login("bruno")
    ana.take(), bruno.take()
    jids = [Jid.parse(BRUNO)]
    for watcher in blocks.watchers:
        await watcher(ana.account, jids, True)
    assert seen(bruno) == [(f"{ANA}/phone", "unavailable")]
    blocks.lists[ANA] = BlockList(frozenset({BRUNO}))
    await server.say(ana, "<presence><show>away</show></presence>")
    await server.say(bruno, "<presence><show>away</show></presence>")
    assert bruno.take()[0].attrs["from"] == f"{BRUNO}/phone"
    assert seen(ana) == [(f"{ANA}/phone", None)]
    blocks.lists.clear()
    for watcher in blocks.watchers:
        await watcher(ana.account, jids, False)
    assert seen(bruno) == [(f"{ANA}/phone", None)]
    assert seen(ana) == [(f"{BRUNO}/phone", None)]


async def test_who_is_blocked_learns_nothing_at_login(server: FakeServer, blocks: FakeBlocks):
    await server.login("ana")
    blocks.lists[ANA] = BlockList(frozenset({BRUNO}))
    bruno = await server.login("bruno")
    assert seen(bruno) == [(f"{BRUNO}/phone", None)]


async def test_a_blocked_domain_counts_for_all_in_it(server: FakeServer, blocks: FakeBlocks):
    await server.login("ana")
    server.away.clear()
    for watcher in blocks.watchers:
        await watcher(Jid.parse(ANA), [Jid.parse("elsewhere.example")], True)
    await server.settle()
    assert [(s.type, s.attrs["to"]) for s in server.away] == [("unavailable", EVA)]
