"""Two servers of ours talk over real sockets, by certificate, by dialback, over direct TLS."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from plauder.edge.federation.service import Settings
from plauder.features.moved.feature import NS as MOVED
from tests.federation.town import Person, two_towns

pytestmark = [pytest.mark.server, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

ANA, BRUNO = "ana@one.test", "bruno@two.test"


@pytest.mark.parametrize("way", ["certificate", "dialback", "direct"])
async def test_people_of_two_servers_talk(tmp_path: Path, way: str) -> None:
    one, two = (
        Settings(allow=("two.test",), dialback=way == "dialback"),
        Settings(("one.test",), dialback=way == "dialback"),
    )
    async with two_towns(tmp_path, one=one, two=two, shared=way != "dialback", is_direct=way == "direct") as (
        here,
        there,
    ):
        ana, bruno = await Person(here, f"{ANA}/phone").come(), await Person(there, f"{BRUNO}/phone").come()
        for number in range(20):
            ana.send_message(BRUNO, f"to Bruno {number}", mtype="chat")
        for number in range(20):
            assert (await bruno.next(from_=ANA))["body"] == f"to Bruno {number}"
        bruno.send_message(ANA, "back", mtype="chat")
        assert (await ana.next(from_=BRUNO))["body"] == "back"
        link = next(link for link in here.federation.elsewhere.links() if link.remote == "two.test")
        assert link.is_up
        while link.unacked:
            await asyncio.sleep(0)
        assert await here.live.inbox.count("two.test", (link.device,)) == 0
        for person in (ana, bruno):
            await person.go()


async def test_subscriptions_presence_and_requests_cross(tmp_path: Path) -> None:
    async with two_towns(tmp_path) as (here, there):
        ana, bruno = await Person(here, f"{ANA}/phone").come(), await Person(there, f"{BRUNO}/phone").come()
        ana.send_presence_subscription(BRUNO)
        await ana.next_presence(from_=f"{BRUNO}/phone")
        await bruno.next_presence(from_=f"{ANA}/phone")
        assert ana.client_roster[BRUNO]["subscription"] == "both"
        version = await ana.plugin["xep_0199"].ping(f"{BRUNO}/phone", timeout=10)
        assert version is not None
        await bruno.go()
        gone = await ana.next_presence(from_=f"{BRUNO}/phone", type="unavailable")
        assert gone["type"] == "unavailable"
        ana.send_message(BRUNO, "while you were away", mtype="chat")
        bruno = await Person(there, f"{BRUNO}/phone").come()
        assert (await bruno.next(from_=ANA))["body"] == "while you were away"
        for person in (ana, bruno):
            await person.go()


@pytest.mark.parametrize("has_said", [True, False])
async def test_contacts_on_another_server_go_along_with_who_moves(tmp_path: Path, has_said: bool) -> None:
    anna_at = "anna@one.test"
    async with two_towns(tmp_path) as (here, there):
        ana, bruno = await Person(here, f"{ANA}/phone").come(), await Person(there, f"{BRUNO}/phone").come()
        ana.send_presence_subscription(BRUNO)
        await ana.next_presence(from_=f"{BRUNO}/phone")
        await bruno.next_presence(from_=f"{ANA}/phone")
        bruno.auto_authorize = bruno.auto_subscribe = None  # from now on nobody but his server agrees for him
        asked: asyncio.Queue[Any] = asyncio.Queue()
        bruno.add_event_handler("presence_subscribe", asked.put_nowait)
        if has_said:
            statement = ET.fromstring(f"<moved xmlns='{MOVED}'><new-jid>{anna_at}</new-jid></moved>")
            await ana.plugin["xep_0060"].publish(None, MOVED, id="current", payload=statement)
        anna = await Person(here, f"{anna_at}/phone").come()
        request = anna.make_presence(pto=BRUNO, ptype="subscribe")
        request.append(ET.fromstring(f"<moved xmlns='{MOVED}'><old-jid>{ANA}</old-jid></moved>"))
        request.send()
        if has_said:
            await anna.next_presence(from_=f"{BRUNO}/phone")
            await bruno.next_presence(from_=f"{anna_at}/phone")
            assert asked.empty()
        else:
            async with asyncio.timeout(20):
                assert (await asked.get())["from"] == anna_at
        seen = await there.server.people.contacts.of(BRUNO)
        assert seen.subscribers == {anna_at if has_said else ANA}
        for person in (ana, anna, bruno):
            await person.go()


async def test_whom_we_do_not_talk_to_is_told_at_once(tmp_path: Path) -> None:
    async with two_towns(tmp_path, one=Settings(allow=("other.test",))) as (here, there):
        ana, bruno = await Person(here, f"{ANA}/phone").come(), await Person(there, f"{BRUNO}/phone").come()
        ana.send_message(BRUNO, "hello", mtype="chat")
        error = await ana.next(from_=BRUNO)
        assert error["error"]["condition"] == "remote-server-not-found"
        bruno.send_message(ANA, "hello", mtype="chat")
        error = await bruno.next(from_=ANA)
        assert error["error"]["condition"] == "remote-server-timeout"
        for person in (ana, bruno):
            await person.go()
