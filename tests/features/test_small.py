"""The features of one handler: ping, time, version, last activity, private storage."""

from __future__ import annotations

import pytest

from plauder.core.people import BlockList, Relations
from plauder.features.last import feature as last
from plauder.features.ping import feature as ping
from plauder.features.private import feature as private
from plauder.features.time import feature as time
from plauder.features.version import feature as version
from tests.features.fakes import DOMAIN, FakeServer

LAST = "<query xmlns='jabber:iq:last'/>"
ANA, BRUNO = "ana@example.org", "bruno@example.org"


async def test_the_server_and_accounts_answer_a_ping(server: FakeServer):
    ping.register(server)
    ana = await server.login("ana")
    for to in (None, DOMAIN, BRUNO):
        assert await server.ask(ana, "get", "<ping xmlns='urn:xmpp:ping'/>", to=to) is None


async def test_the_time_is_that_of_the_clock(server: FakeServer):
    time.register(server)
    answer = await server.ask(await server.login("ana"), "get", "<time xmlns='urn:xmpp:time'/>", to=DOMAIN)
    assert [child.text for child in answer] == ["+00:00", "2026-11-22T12:00:00Z"]


@pytest.mark.parametrize(("shows", "expected"), [(True, "0.1.0"), (False, "hidden")])
async def test_an_operator_may_hide_the_version(server: FakeServer, shows: bool, expected: str):
    version.register(server, shows_version=shows)
    answer = await server.ask(await server.login("ana"), "get", "<query xmlns='jabber:iq:version'/>", to=DOMAIN)
    assert [child.text for child in answer] == ["Plauder", expected]


class Friends:
    """Bruno sees Ana's presence."""

    async def of(self, account: str) -> Relations:
        return Relations(subscribers=frozenset({BRUNO})) if account == ANA else Relations()


async def test_last_activity_is_for_those_who_see_the_presence(server: FakeServer):
    server.people.contacts = Friends()  # type: ignore[assignment]
    seen = last.register(server)
    bruno, carla = await server.login("bruno"), await server.login("carla")
    assert (await server.refused(bruno, "get", LAST, to=ANA)).condition == "item-not-found"
    phone, tablet = await server.login("ana/phone"), await server.login("ana/tablet")
    await server.logout(phone)
    assert (await server.ask(bruno, "get", LAST, to=ANA)).get("seconds") == "0"
    await server.say(tablet, "<presence type='unavailable'><status>Good night</status></presence>")
    for write in (False, True):
        if write:
            await seen.write()
        server.clock.advance(60)  # type: ignore[attr-defined]
        answer = await server.ask(bruno, "get", LAST, to=ANA)
        assert (answer.get("seconds"), answer.text) == ("120" if write else "60", "Good night")
    assert (await server.refused(carla, "get", LAST, to=ANA)).condition == "forbidden"

    class Blocks:
        async def of(self, account: str) -> BlockList:
            return BlockList(frozenset({BRUNO}))

    server.people.blocks = Blocks()  # type: ignore[assignment]
    assert (await server.refused(bruno, "get", LAST, to=ANA)).condition == "forbidden"
    await server.forgotten_watchers[0](phone.account)
    assert (await server.refused(tablet, "get", LAST)).condition == "item-not-found"


async def test_the_server_tells_its_uptime(server: FakeServer):
    last.register(server)
    ana = await server.login("ana")
    server.clock.advance(3_600)  # type: ignore[attr-defined]
    assert (await server.ask(ana, "get", LAST, to=DOMAIN)).get("seconds") == "3600"


def query(inner: str) -> str:
    return f"<query xmlns='jabber:iq:private'>{inner}</query>"


async def test_private_elements_are_kept_by_name(server: FakeServer):
    private.register(server)
    ana, bruno = await server.login("ana"), await server.login("bruno")
    await server.ask(ana, "set", query("<a xmlns='urn:a'><b>1</b></a>"))
    await server.ask(ana, "set", query("<a xmlns='urn:a'><b>2</b></a>"))
    assert (await server.ask(ana, "get", query("<a xmlns='urn:a'/>")))[0].findtext("{urn:a}b") == "2"
    assert len((await server.ask(bruno, "get", query("<a xmlns='urn:a'/>")))[0]) == 0
    await server.forgotten_watchers[0](ana.account)
    assert len((await server.ask(ana, "get", query("<a xmlns='urn:a'/>")))[0]) == 0


@pytest.mark.parametrize(
    ("inner", "condition"),
    [
        ("", "bad-request"),
        ("<a xmlns='urn:a'/><b xmlns='urn:b'/>", "bad-request"),
        ("<a/>", "not-acceptable"),
        (f"<a xmlns='urn:a'>{'x' * 200}</a>", "resource-constraint"),
    ],
)
async def test_improper_private_elements_are_refused(server: FakeServer, inner: str, condition: str):
    private.register(server, max_bytes=100)
    assert (await server.refused(await server.login("ana"), "set", query(inner))).condition == condition
