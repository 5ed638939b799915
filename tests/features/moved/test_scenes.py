"""Who moves to another address is found there by contacts, and by nobody else's word."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from plauder.features.moved.feature import NS, register
from plauder.store.database import Database
from tests.features.messenger import MESSENGER
from tests.harness import Client, World


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    world = World(accounts=("old", "new", "bruno", "eve"), database=database, register=[*MESSENGER, register])
    yield world
    await world.close()


async def friends(world: World, one: str, other: str) -> None:
    await world.server.people.contacts.befriend(world.jid(one), world.jid(other))


async def say_moved(client: Client, to: str) -> None:
    moved = f"<moved xmlns='{NS}'><new-jid>{to}</new-jid></moved>"
    publish = f"<publish node='{NS}'><item id='current'>{moved}</item></publish>"
    answer = await client.request(f"<pubsub xmlns='http://jabber.org/protocol/pubsub'>{publish}</pubsub>", type="set")
    assert answer.type == "result"


async def ask(client: Client, old: str, to: str = "bruno@plauder.example") -> None:
    moved = f"<moved xmlns='{NS}'><old-jid>{old}</old-jid></moved>"
    await client.send(f"<presence type='subscribe' to='{to}'>{moved}</presence>")


async def test_contacts_go_along(world: World) -> None:
    old, new, bruno = [await world.connect(name) for name in ("old", "new", "bruno")]
    await friends(world, "old", "bruno")
    await say_moved(old, "new@plauder.example")
    bruno.take()
    await ask(new, "old@plauder.example")
    assert "new@plauder.example" in (await world.server.people.contacts.of("bruno@plauder.example")).subscriptions
    assert [p for p in bruno.presences() if p.type == "subscribe"] == []


@pytest.mark.parametrize(
    ("who", "named", "statement"),
    [
        ("eve", "old@plauder.example", "new@plauder.example"),  # the statement names somebody else
        ("new", "old@plauder.example", ""),  # there is no statement
        ("new", "eve@plauder.example", "new@plauder.example"),  # no contact of Bruno's
        ("new", "old@elsewhere.example", "new@plauder.example"),
        ("new", "old@plauder.example/phone", "new@plauder.example"),
        ("new", "@@", "new@plauder.example"),
        ("new", "", "new@plauder.example"),
    ],
)
async def test_a_claim_without_proof_is_a_request_as_any_other(
    world: World, who: str, named: str, statement: str
) -> None:
    old, asking, bruno = [await world.connect(name) for name in ("old", who, "bruno")]
    await friends(world, "old", "bruno")
    if statement:
        await say_moved(old, statement)
    bruno.take()
    await ask(asking, named)
    assert [p.type for p in bruno.presences() if p.sender == world.jid(who)] == ["subscribe"]
    assert world.jid(who).text not in (await world.server.people.contacts.of("bruno@plauder.example")).subscribers
