"""Who moves to another address is found there by contacts, and by nobody else's word."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from plauder.core.session import Session
from plauder.features.moved.feature import NS, register
from plauder.store.database import Database
from plauder.wire.jid import Jid
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError
from plauder.wire.xml import parse
from tests.features.messenger import MESSENGER
from tests.harness import Client, World

AWAY = Jid.parse("ana@elsewhere.example")


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
    relations = await world.server.people.contacts.of("bruno@plauder.example")
    assert relations.subscriptions == {"new@plauder.example", "old@plauder.example"}
    assert relations.subscribers == {"new@plauder.example"}  # §4.4: the old address sees him no more
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


def said(address: str) -> str:
    item = f"<item id='current'><moved xmlns='{NS}'><new-jid>{address}</new-jid></moved></item>"
    return f"<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='{NS}'>{item}</items></pubsub>"


@pytest.mark.parametrize(
    ("answer", "sender", "is_moved"),
    [
        (said("new@plauder.example"), AWAY.text, True),
        (StanzaError("cancel", "gone", address="xmpp:new@plauder.example"), AWAY.text, True),
        (StanzaError("cancel", "gone", address="xmpp:eve@plauder.example"), AWAY.text, False),
        (StanzaError("cancel", "gone", address="https://plauder.example/new@plauder.example"), AWAY.text, False),
        (StanzaError("cancel", "gone"), AWAY.text, False),
        (StanzaError("cancel", "item-not-found"), AWAY.text, False),
        (said("eve@plauder.example"), AWAY.text, False),
        (said(""), AWAY.text, False),
        (said("new@plauder.example"), "eve@elsewhere.example", False),  # another's word
        ("<query xmlns='jabber:iq:version'/>", AWAY.text, False),
        ("", AWAY.text, False),
    ],
)
async def test_an_old_account_elsewhere_is_asked(
    world: World, answer: str | StanzaError, sender: str, is_moved: bool
) -> None:
    asked: list[Stanza] = []

    async def elsewhere(_session: Session | None, stanza: Stanza) -> None:
        if stanza.kind != "iq":
            return
        asked.append(stanza)
        reply = (
            stanza.error_reply(answer)
            if isinstance(answer, StanzaError)
            else stanza.result(parse(answer.encode()) if answer else None)
        )
        await world.server.route(reply.with_attrs(from_=sender))

    world.server.host(AWAY.domain, elsewhere)
    new, bruno = [await world.connect(name) for name in ("new", "bruno")]
    await bruno.send(f"<presence type='subscribed' to='{AWAY}'/>")
    await bruno.send(f"<presence type='subscribe' to='{AWAY}'/>")
    contacts = world.server.people.contacts
    await contacts.arrived(world.jid("bruno"), "subscribe", AWAY, b"")  # type: ignore[attr-defined]
    await contacts.arrived(world.jid("bruno"), "subscribed", AWAY, b"")  # type: ignore[attr-defined]
    bruno.take()
    await ask(new, AWAY.text)
    relations = await contacts.of("bruno@plauder.example")
    assert ("new@plauder.example" in relations.subscribers, AWAY.text in relations.subscribers) == (
        is_moved,
        not is_moved,
    )
    assert [p.type for p in bruno.presences() if p.type == "subscribe"] == ([] if is_moved else ["subscribe"])
    assert [(iq.attrs["from"], iq.attrs["to"]) for iq in asked] == [("bruno@plauder.example", AWAY.text)]
