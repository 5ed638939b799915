"""Rooms that an old client bookmarks are there for a new one, and the other way round."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest

from plauder.features.private import feature
from plauder.features.pubsub import feature as pubsub
from tests.features.fakes import FakeServer, FakeSession

PUBSUB = "http://jabber.org/protocol/pubsub"
NEW = "urn:xmpp:bookmarks:1"
OLD = "{storage:bookmarks}"
PAGE = "<url name='Docs' url='https://example.org'/>"


@pytest.fixture(autouse=True)
def _registered(server: FakeServer) -> None:
    pubsub.register(server)
    feature.register(server)


def stored(inner: str) -> str:
    return f"<query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'>{inner}</storage></query>"


async def old(server: FakeServer, session: FakeSession) -> Element:
    return (await server.ask(session, "get", stored("")))[0]


async def new(server: FakeServer, session: FakeSession) -> dict[str, Element]:
    answer = await server.ask(session, "get", f"<pubsub xmlns='{PUBSUB}'><items node='{NEW}'/></pubsub>")
    return {item.get("id", ""): item[0] for item in answer.iter(f"{{{PUBSUB}}}item")}


async def test_what_an_old_client_keeps_a_new_one_finds(server: FakeServer):
    ana = await server.login("ana")
    room = "<conference jid='tea@rooms.example.org' name='Tea' autojoin='1'><nick>Ana</nick></conference>"
    broken = "<conference jid='@'/>"
    await server.ask(ana, "set", stored(room + broken + PAGE))
    items = await new(server, ana)
    assert list(items) == ["tea@rooms.example.org"]
    tea = items["tea@rooms.example.org"]
    assert (tea.get("name"), tea.get("autojoin"), tea.findtext(f"{{{NEW}}}nick")) == ("Tea", "true", "Ana")
    again = await old(server, ana)
    assert [child.tag.removeprefix(OLD) for child in again] == ["conference", "url"]


async def test_what_a_new_client_keeps_an_old_one_finds(server: FakeServer):
    ana = await server.login("ana")
    extra = "<extensions><state xmlns='urn:x' minimized='true'/></extensions>"
    payload = f"<conference xmlns='{NEW}' name='Tea' autojoin='true'><password>geheim</password>{extra}</conference>"
    item = f"<publish node='{NEW}'><item id='tea@rooms.example.org'>{payload}</item></publish>"
    await server.ask(ana, "set", f"<pubsub xmlns='{PUBSUB}'>{item}</pubsub>")
    (tea,) = await old(server, ana)
    assert (tea.get("jid"), tea.get("autojoin")) == ("tea@rooms.example.org", "true")
    assert tea.findtext(f"{OLD}password") == "geheim"
    room = "<conference jid='tea@rooms.example.org' name='Coffee'/>"
    await server.ask(ana, "set", stored(room))
    changed = (await new(server, ana))["tea@rooms.example.org"]
    assert (changed.get("name"), changed.get("autojoin")) == ("Coffee", None)
    assert changed.find(f"{{{NEW}}}extensions/{{urn:x}}state") is not None


async def test_a_room_that_is_left_out_goes(server: FakeServer):
    ana = await server.login("ana")
    await server.ask(ana, "set", stored("<conference jid='a@r'/><conference jid='b@r'/>"))
    await server.ask(ana, "set", stored("<conference jid='b@r'/>"))
    assert list(await new(server, ana)) == ["b@r"]
    assert [room.get("jid") for room in await old(server, ana)] == ["b@r"]
