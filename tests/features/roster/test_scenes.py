"""Rosters and subscriptions between the people of one server."""

from __future__ import annotations

import pytest

from plauder.core.people import Bond
from plauder.features.roster import feature
from plauder.store.database import Database
from plauder.wire.jid import Jid
from tests.features.fakes import FakeServer, FakeSession

ROSTER = "{jabber:iq:roster}"
GET = "<query xmlns='jabber:iq:roster'/>"
ANA, BRUNO = "ana@example.org", "bruno@example.org"


@pytest.fixture(autouse=True)
def _registered(server: FakeServer) -> None:
    feature.register(server)


async def roster(server: FakeServer, session: FakeSession, ver: str | None = None) -> dict[str, dict[str, str]] | None:
    version = "" if ver is None else f" ver='{ver}'"
    query = await server.ask(session, "get", f"<query xmlns='jabber:iq:roster'{version}/>")
    return None if query is None else {item.attrib["jid"]: dict(item.attrib) for item in query}


def set_(inner: str) -> str:
    return f"<query xmlns='jabber:iq:roster'>{inner}</query>"


def pushed(session: FakeSession) -> list[dict[str, str]]:
    return [dict(stanza.payloads[0][0].attrib) for stanza in session.take() if stanza.kind == "iq"]


async def befriend(server: FakeServer, first: FakeSession, second: FakeSession) -> None:
    """Both subscribe to each other."""
    for one, other in ((first, second), (second, first)):
        await server.say(one, f"<presence type='subscribe' to='{other.account}'/>")
        await server.say(other, f"<presence type='subscribed' to='{one.account}'/>")
    first.take()
    second.take()


async def test_a_contact_is_kept_and_pushed_to_interested_devices(server: FakeServer):
    phone = await server.login("ana/phone")
    tablet = await server.login("ana/tablet")
    await roster(server, phone)
    await server.ask(phone, "set", set_(f"<item jid='{BRUNO}' name='Bruno'><group>Friends</group></item>"))
    assert pushed(phone) == [{"jid": BRUNO, "name": "Bruno", "subscription": "none"}]
    assert pushed(tablet) == []
    assert await roster(server, tablet) == {BRUNO: {"jid": BRUNO, "name": "Bruno", "subscription": "none"}}


async def test_a_contact_is_removed_on_both_sides(server: FakeServer):
    ana, bruno = await server.login("ana"), await server.login("bruno")
    await befriend(server, ana, bruno)
    await roster(server, ana)
    await server.ask(ana, "set", set_(f"<item jid='{BRUNO}' subscription='remove'/>"))
    assert pushed(ana) == [{"jid": BRUNO, "subscription": "remove"}]
    assert await roster(server, ana) == {}
    assert (await roster(server, bruno) or {})[ANA]["subscription"] == "none"
    assert {stanza.type for stanza in bruno.take()} == {"unsubscribe", "unsubscribed"}


async def test_who_is_not_there_cannot_be_removed(server: FakeServer):
    ana = await server.login("ana")
    error = await server.refused(ana, "set", set_(f"<item jid='{BRUNO}' subscription='remove'/>"))
    assert error.condition == "item-not-found"


async def test_versions_spare_the_transfer(server: FakeServer):
    ana = await server.login("ana")
    query = await server.ask(ana, "get", GET)
    assert query is not None
    await server.ask(ana, "set", set_(f"<item jid='{BRUNO}'/>"))
    ana.take()
    assert await roster(server, ana, query.get("ver")) is None
    push = ana.take_one().payloads[0]
    assert push[0].get("jid") == BRUNO
    assert await roster(server, ana, push.get("ver")) is None
    assert ana.take() == []
    await server.ask(ana, "set", set_(f"<item jid='{BRUNO}' subscription='remove'/>"))
    assert await roster(server, ana, push.get("ver")) == {}


@pytest.mark.parametrize("ver", ["", "x", "-1", "9" * 40, "١"])
async def test_a_version_we_never_gave_means_everything(server: FakeServer, ver: str):
    ana = await server.login("ana")
    await server.ask(ana, "set", set_(f"<item jid='{BRUNO}'/>"))
    assert set(await roster(server, ana, ver) or {}) == {BRUNO}


async def test_a_subscription_from_asking_to_seeing(server: FakeServer):
    ana, bruno = await server.login("ana"), await server.login("bruno")
    bonds: list[Bond] = []
    server.people.contacts.on_bond(bonds.append)
    await roster(server, ana)
    await server.say(ana, f"<presence type='subscribe' to='{BRUNO}/phone'><status>It is me</status></presence>")
    assert pushed(ana) == [{"jid": BRUNO, "subscription": "none", "ask": "subscribe"}]
    request = bruno.take_one()
    assert (request.type, request.attrs["from"], request.text("{jabber:client}status")) == (
        "subscribe",
        ANA,
        "It is me",
    )
    assert await roster(server, bruno) == {}
    await server.say(bruno, f"<presence type='subscribed' to='{ANA}'/>")
    answer, push = ana.take()
    assert (answer.type, push.payloads[0][0].get("subscription")) == ("subscribed", "to")
    assert bonds == [Bond(Jid.parse(BRUNO), Jid.parse(ANA), shows=True)]
    assert (await server.people.contacts.of(BRUNO)).subscribers == {ANA}
    assert (await server.people.contacts.of(ANA)).subscriptions == {BRUNO}


async def test_a_request_waits_until_somebody_comes(server: FakeServer):
    ana = await server.login("ana")
    server.accounts.add(BRUNO)
    await server.say(ana, f"<presence type='subscribe' to='{BRUNO}'><nick>Ana</nick></presence>")
    for _ in range(2):
        bruno = await server.login("bruno")
        assert bruno.take_one().inner == b"<nick>Ana</nick>"
        await server.logout(bruno)
    bruno = await server.login("bruno")
    await server.say(bruno, f"<presence type='unsubscribed' to='{ANA}'/>")
    await server.logout(bruno)
    assert (await server.login("bruno")).take() == []


async def test_taking_back_ends_the_bond(server: FakeServer):
    ana, bruno = await server.login("ana"), await server.login("bruno")
    await befriend(server, ana, bruno)
    bonds: list[Bond] = []
    server.people.contacts.on_bond(bonds.append)
    await server.say(ana, f"<presence type='unsubscribe' to='{BRUNO}'/>")
    assert bonds == [Bond(Jid.parse(BRUNO), Jid.parse(ANA), shows=False)]
    assert [stanza.type for stanza in bruno.take()] == ["unsubscribe"]
    assert (await server.people.contacts.of(ANA)).subscriptions == frozenset()


async def test_nobody_learns_whether_an_account_exists(server: FakeServer):
    ana = await server.login("ana")
    assert await server.say(ana, "<presence type='subscribe' to='nobody@example.org'/>") is None
    assert (await roster(server, ana) or {})["nobody@example.org"]["ask"] == "subscribe"


async def test_a_subscription_to_oneself_or_nobody_is_refused(server: FakeServer):
    ana = await server.login("ana")
    for to in ("", f" to='{ANA}/x'"):
        error = await server.say(ana, f"<presence type='subscribe'{to}/>")
        assert error is not None
        assert error.error.condition == "bad-request"


async def test_approval_in_advance(server: FakeServer):
    ana, bruno = await server.login("ana"), await server.login("bruno")
    await server.say(bruno, f"<presence type='subscribed' to='{ANA}'/>")
    assert (await roster(server, bruno) or {})[ANA]["approved"] == "true"
    assert ana.take() == []
    await server.say(ana, f"<presence type='subscribe' to='{BRUNO}'/>")
    assert [stanza.type for stanza in ana.take()] == ["subscribed"]
    assert (await roster(server, bruno) or {})[ANA] == {"jid": ANA, "subscription": "from"}
    assert pushed(bruno) == [{"jid": ANA, "subscription": "from"}]


async def test_a_request_to_another_server_leaves(server: FakeServer):
    ana = await server.login("ana")
    await server.say(ana, "<presence type='subscribe' to='eva@elsewhere.example/x'/>")
    assert [(s.type, s.attrs["to"], s.attrs["from"]) for s in server.away] == [
        ("subscribe", "eva@elsewhere.example", ANA)
    ]


async def test_a_request_from_another_server_arrives(server: FakeServer):
    ana = await server.login("ana")
    eva = Jid.parse("eva@elsewhere.example")
    contacts = server.people.contacts
    await contacts.arrived(ana.account, "subscribe", eva, b"")  # type: ignore[attr-defined]
    assert ana.take_one().attrs == {"type": "subscribe", "from": eva.text, "to": ANA}
    await server.say(ana, f"<presence type='subscribed' to='{eva}'/>")
    assert server.away[-1].type == "subscribed"


async def test_a_full_roster_takes_no_more(database: Database):
    server = FakeServer(database)
    feature.register(server, max_items=1)
    ana = await server.login("ana")
    await server.ask(ana, "set", set_("<item jid='a@example.org'/>"))
    assert (await server.refused(ana, "set", set_("<item jid='b@example.org'/>"))).condition == "resource-constraint"
    await server.ask(ana, "set", set_("<item jid='a@example.org' name='A'/>"))
    refused = await server.say(ana, "<presence type='subscribe' to='b@example.org'/>")
    assert refused is not None
    assert refused.error.condition == "resource-constraint"


async def test_a_removed_account_leaves_all_rosters(server: FakeServer):
    ana, bruno = await server.login("ana"), await server.login("bruno")
    await befriend(server, ana, bruno)
    for forget in server.forgotten_watchers:
        await forget(ana.account)
    assert (await roster(server, bruno) or {})[ANA]["subscription"] == "none"
    assert await roster(server, ana) == {}
