"""People of this server and of a real Prosody: encrypted both ways, presence, receipts, groups, errors."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import slixmpp
from slixmpp.xmlstream import ElementBase

from plauder.edge.federation.service import Settings
from tests.clients.test_slixmpp_omemo import Phone
from tests.federation.prosody import DOMAIN, Prosody, prosody
from tests.federation.town import Person, Town, authority, free_port, share_authority, town

pytestmark = [pytest.mark.server, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

ANA, BRUNO = "ana@ours.test", f"bruno@{DOMAIN}"


class Note(ElementBase):  # type: ignore[misc]
    """Something to publish."""

    name = "note"
    namespace = "urn:test:note"
    plugin_attrib = "note"
    interfaces = {"text"}  # noqa: RUF012
    sub_interfaces: set[str] = set()  # noqa: RUF012

    def set_text(self, value: str) -> None:
        self.xml.text = value

    def get_text(self) -> str:
        return self.xml.text or ""


@asynccontextmanager
async def both(root: Path, *, dialback: bool = False, **more: Any) -> AsyncIterator[tuple[Town, Prosody]]:
    """Our server with ana, a Prosody with bruno."""
    port = free_port()
    authority(root / "ours", "ours.test")
    if not dialback:
        share_authority(root / "ours", root / "prosody")
    places = {"ours.test": port, "groups.ours.test": port}
    async with prosody(root / "prosody", accounts=["bruno"], places=places, is_secure=not dialback, **more) as theirs:
        place = f"127.0.0.1:{theirs.s2s_port}"
        async with town(
            root / "ours",
            "ours.test",
            accounts=["ana"],
            places={DOMAIN: place, f"conference.{DOMAIN}": place},
            port=port,
            settings=Settings(allow=(DOMAIN,), dialback=dialback),
        ) as ours:
            yield ours, theirs


@pytest.mark.parametrize("dialback", [False, True], ids=["certificate", "dialback"])
async def test_people_of_both_servers_chat_with_omemo(tmp_path: Path, dialback: bool) -> None:
    async with both(tmp_path, dialback=dialback) as (ours, theirs):
        ana, bruno = await Phone(ours, f"{ANA}/phone").come(), await Phone(theirs, f"{BRUNO}/phone").come()
        try:
            for number in range(3):
                await ana.encrypt(BRUNO, f"to Bruno {number}")
                assert await bruno.read() == (ANA, f"to Bruno {number}")
                await bruno.encrypt(ANA, f"to Ana {number}")
                assert await ana.read() == (BRUNO, f"to Ana {number}")
        finally:
            for person in (ana, bruno):
                await person.go()


async def test_subscription_presence_receipts_and_published_data_cross(tmp_path: Path) -> None:
    async with both(tmp_path) as (ours, theirs):
        ana, bruno = Person(ours, f"{ANA}/phone"), Person(theirs, f"{BRUNO}/phone")
        told: dict[str, asyncio.Queue[Any]] = {ANA: asyncio.Queue(), BRUNO: asyncio.Queue()}
        for person in (ana, bruno):
            person.plugin["xep_0163"].add_interest("urn:test:note")
            person.plugin["xep_0163"].register_pep("note", Note)
            person.add_event_handler("note_publish", told[person.boundjid.bare].put_nowait)
            person.plugin["xep_0184"].auto_request = True
            person.add_event_handler("receipt_received", person.got.put_nowait)
            await person.come()
        ana.send_presence_subscription(BRUNO)
        await ana.next_presence(from_=f"{BRUNO}/phone")
        await bruno.next_presence(from_=f"{ANA}/phone")

        message = ana.make_message(BRUNO, "hello", mtype="chat")
        message["id"] = "m1"
        message.send()
        assert (await bruno.next(from_=f"{ANA}/phone"))["body"] == "hello"
        assert (await ana.next(receipt="m1"))["from"] == f"{BRUNO}/phone"

        for publisher, hears in ((ana, BRUNO), (bruno, ANA)):
            note = Note()
            note["text"] = f"by {publisher.boundjid.bare}"
            await publisher.plugin["xep_0163"].publish(note)
            async with asyncio.timeout(20):
                event = await told[hears].get()
                while event["from"].bare != publisher.boundjid.bare:
                    event = await told[hears].get()
            assert event["pubsub_event"]["items"]["item"]["payload"].text == note["text"]

        # Who comes again is told what was published last.
        await bruno.go()
        assert (await ana.next_presence(from_=f"{BRUNO}/phone", type="unavailable"))["type"] == "unavailable"
        again = Person(theirs, f"{BRUNO}/tablet")
        again.plugin["xep_0163"].add_interest("urn:test:note")
        again.plugin["xep_0163"].register_pep("note", Note)
        heard: asyncio.Queue[Any] = asyncio.Queue()
        again.add_event_handler("note_publish", heard.put_nowait)
        await again.come()
        async with asyncio.timeout(20):
            event = await heard.get()
            while event["from"].bare != ANA:
                event = await heard.get()
        for person in (ana, again):
            await person.go()


async def test_groups_of_both_servers(tmp_path: Path) -> None:
    async with both(tmp_path) as (ours, theirs):
        ana, bruno = await Person(ours, f"{ANA}/phone").come(), await Person(theirs, f"{BRUNO}/phone").come()
        for room, host, guest in (
            (f"tea@conference.{DOMAIN}", bruno, ana),
            ("coffee@groups.ours.test", ana, bruno),
        ):
            muc = host.plugin["xep_0045"]
            await muc.join_muc_wait(room, "host", timeout=20)
            form = await muc.get_room_config(room)
            form["type"] = "submit"
            await muc.set_room_config(room, form)
            await muc.set_affiliation(room, "member", jid=slixmpp.JID(guest.boundjid.bare))
            await guest.plugin["xep_0045"].join_muc_wait(room, "guest", timeout=20)
            for speaker, hearer, nick in ((host, guest, "host"), (guest, host, "guest")):
                speaker.send_message(room, f"from {nick}", mtype="groupchat")
                heard = await hearer.next(from_=f"{room}/{nick}", type="groupchat", body=f"from {nick}")
                assert heard["body"] == f"from {nick}"
            host.add_event_handler(f"muc::{room}::got_offline", host.seen.put_nowait)
            guest.plugin["xep_0045"].leave_muc(room, "guest")
            gone = await host.next_presence(from_=f"{room}/guest", type="unavailable")
            assert gone["type"] == "unavailable"
        for person in (ana, bruno):
            await person.go()


async def test_what_waits_for_a_server_that_is_away_comes_in_order(tmp_path: Path) -> None:
    async with both(tmp_path) as (ours, theirs):
        ana, bruno = await Person(ours, f"{ANA}/phone").come(), await Person(theirs, f"{BRUNO}/phone").come()
        ana.send_message(BRUNO, "first", mtype="chat")
        assert (await bruno.next(from_=ANA))["body"] == "first"
        await bruno.go()
        await theirs.stop()
        for number in range(5):
            ana.send_message(BRUNO, f"later {number}", mtype="chat")
        # A request is for the moment: it comes back.
        with pytest.raises(slixmpp.exceptions.IqError) as refused:
            await ana.plugin["xep_0199"].send_ping(slixmpp.JID(DOMAIN), timeout=20)
        assert refused.value.condition == "remote-server-timeout"
        await theirs.start()
        bruno = await Person(theirs, f"{BRUNO}/phone").come()
        for number in range(5):
            assert (await bruno.next(from_=ANA))["body"] == f"later {number}"
        for person in (ana, bruno):
            await person.go()


async def test_blocking_holds_for_people_elsewhere(tmp_path: Path) -> None:
    async with both(tmp_path) as (ours, theirs):
        ana, bruno = await Person(ours, f"{ANA}/phone").come(), await Person(theirs, f"{BRUNO}/phone").come()
        await ana.plugin["xep_0191"].block(slixmpp.JID(BRUNO))
        bruno.send_message(ANA, "let me in", mtype="chat")
        assert (await bruno.next(from_=ANA))["error"]["condition"] == "service-unavailable"
        await ana.plugin["xep_0191"].unblock(slixmpp.JID(BRUNO))
        bruno.send_message(ANA, "thanks", mtype="chat")
        assert (await ana.next(from_=BRUNO))["body"] == "thanks"
        for person in (ana, bruno):
            await person.go()


async def test_what_is_not_for_people_elsewhere(tmp_path: Path) -> None:
    async with both(tmp_path) as (ours, theirs):
        ana, bruno = await Person(ours, f"{ANA}/phone").come(), await Person(theirs, f"{BRUNO}/phone").come()
        push = bruno.make_iq_set(ito=f"{ANA}/phone")
        push.append(slixmpp.ET.fromstring("<query xmlns='jabber:iq:roster'><item jid='evil@theirs.test'/></query>"))
        with pytest.raises(slixmpp.exceptions.IqError):
            await push.send(timeout=20)
        copy = bruno.make_message(ANA, mtype="chat")
        copy.append(
            slixmpp.ET.fromstring(
                "<received xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>"
                "<message xmlns='jabber:client' from='boss@ours.test'><body>pay</body></message></forwarded></received>"
            )
        )
        copy.send()
        assert (await bruno.next(from_=ANA))["error"]["condition"] == "service-unavailable"
        assert "evil@theirs.test" not in ana.client_roster
        assert ana.got.empty()
        with pytest.raises(slixmpp.exceptions.IqError) as refused:
            await bruno.plugin["xep_0199"].send_ping(slixmpp.JID("nobody@ours.test/x"), timeout=20)
        assert refused.value.condition == "service-unavailable"
        for person in (ana, bruno):
            await person.go()


@dataclass
class Mortal:
    """Our server in a process of its own."""

    authority: Path
    port: int
    process: asyncio.subprocess.Process

    @classmethod
    async def start(cls, home: Path, port: int, theirs: int) -> Mortal:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.federation.mortal", str(home), str(port), str(theirs)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert process.stdout is not None
        async with asyncio.timeout(60):
            while not (line := (await process.stdout.readline()).decode()).startswith("ready"):
                assert line, "it did not start"
        return cls(home / "tls" / "ca.pem", int(line.split()[1]), process)

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()


async def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    port, home = free_port(), tmp_path / "ours"
    authority(home, "ours.test")
    share_authority(home, tmp_path / "prosody")
    async with prosody(tmp_path / "prosody", accounts=["bruno"], places={"ours.test": port}) as theirs:
        await theirs.stop()
        ours = await Mortal.start(home, port, theirs.s2s_port)
        try:
            ana = await Person(ours, f"{ANA}/phone").come()
            management = ana.plugin["xep_0198"]
            for number in range(20):
                ana.send_message(BRUNO, f"{number}", mtype="chat")
            await ana.plugin["xep_0030"].get_info("ours.test", timeout=20)
            # Asked again and again, since what the client answers meanwhile joins the queue.
            async with asyncio.timeout(20):
                while management.unacked_queue:
                    management.request_ack()
                    await asyncio.sleep(0.05)
            await ours.kill()
            ana.abort()
            await theirs.start()
            bruno = await Person(theirs, f"{BRUNO}/phone").come()
            ours = await Mortal.start(home, port, theirs.s2s_port)
            for number in range(20):
                assert (await bruno.next(from_=ANA))["body"] == f"{number}"
            await bruno.go()
        finally:
            await ours.kill()
