"""slixmpp with slixmpp-omemo, a client of others, encrypting over the real sockets: OMEMO 0.3 and omemo:2."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, ClassVar, Protocol

import pytest
import slixmpp
import twomemo.etree
from omemo.storage import Just, Maybe, Nothing, Storage
from slixmpp.plugins import register_plugin
from slixmpp_omemo import XEP_0384, TrustLevel
from twomemo import twomemo as omemo2

from plauder.features.groups.feature import register as groups
from plauder.store.database import Database
from tests.features.messenger import MESSENGER
from tests.live import Live, live

pytestmark = [pytest.mark.server, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

ANA, BRUNO, CARLA = "ana@localhost", "bruno@localhost", "carla@localhost"
ROOM = "hikers@groups.localhost"


class Memory(Storage):  # type: ignore[misc]
    """Keys and sessions of one device."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, Any] = {}

    async def _load(self, key: str) -> Maybe[Any]:
        return Just(self.values[key]) if key in self.values else Nothing()

    async def _store(self, key: str, value: Any) -> None:
        self.values[key] = value

    async def _delete(self, key: str) -> None:
        self.values.pop(key, None)


class Omemo(XEP_0384):  # type: ignore[misc]
    """The plugin with its keys in memory; it trusts blindly, as clients do before the first verification."""

    default_config: ClassVar[dict[str, Any]] = {"fallback_message": "This message is encrypted.", "memory": None}

    @property
    def storage(self) -> Storage:
        return self.memory

    @property
    def _btbv_enabled(self) -> bool:
        return True

    async def _prompt_manual_trust(self, manually_trusted: Any, identifier: str | None) -> None:
        manager = await self.get_session_manager()
        for device in manually_trusted:
            await manager.set_trust(device.bare_jid, device.identity_key, TrustLevel.TRUSTED.value)


register_plugin(Omemo)


class At(Protocol):
    """Where an account is: the server's port, and what its certificate is trusted for."""

    @property
    def port(self) -> int: ...
    @property
    def authority(self) -> Path: ...


class Phone(slixmpp.ClientXMPP):  # type: ignore[misc]
    """A device with keys of its own."""

    def __init__(self, at: At, jid: str, memory: Memory | None = None) -> None:
        super().__init__(jid, "secret")
        self.at = at
        self.memory = memory or Memory()
        self.ca_certs = str(at.authority)
        self.enable_plaintext = False
        self.inbox: asyncio.Queue[Any] = asyncio.Queue()
        for plugin in ("xep_0030", "xep_0045", "xep_0060", "xep_0115", "xep_0163", "xep_0199", "xep_0280", "xep_0380"):
            self.register_plugin(plugin)
        self.register_plugin("xep_0384", {"memory": self.memory}, module=__import__(__name__, fromlist=["Omemo"]))
        self.started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.add_event_handler("session_start", self._start)
        self.add_event_handler("message", self._message)
        self.add_event_handler("carbon_sent", lambda m: self.inbox.put_nowait(m["carbon_sent"]))

    async def _start(self, _: object) -> None:
        await self.get_roster()
        await self.plugin["xep_0280"].enable()
        self.send_presence()
        await self.plugin["xep_0384"].get_session_manager()
        if not self.started.done():
            self.started.set_result(None)

    def _message(self, message: Any) -> None:
        if self.plugin["xep_0384"].is_encrypted(message):
            self.inbox.put_nowait(message)

    async def come(self) -> Phone:
        self.connect("127.0.0.1", self.at.port)
        async with asyncio.timeout(30):
            await self.started
        return self

    async def encrypt(self, to: str, text: str) -> None:
        message = self.make_message(to, mtype="chat", mbody=text)
        encrypted, errors = await self.plugin["xep_0384"].encrypt_message(message, slixmpp.JID(to))
        assert not errors
        encrypted.send()

    async def read(self) -> tuple[str, str]:
        async with asyncio.timeout(20):
            message = await self.inbox.get()
        plain, device = await self.plugin["xep_0384"].decrypt_message(message)
        return device.bare_jid, plain["body"]

    async def enter(self, nick: str) -> None:
        """Enter the group, and know who is in it by their real addresses."""
        await self.plugin["xep_0045"].join_muc_wait(slixmpp.JID(ROOM), nick, maxstanzas=0, timeout=20)

    async def encrypt_to_group(self, text: str) -> None:
        """For everybody on the lists of members, here or not, as XEP-0384 §5.8 has it."""
        people: set[slixmpp.JID] = set()
        for affiliation in ("owner", "member"):
            answer = await self.plugin["xep_0045"].get_affiliation_list(ROOM, affiliation)
            people |= {slixmpp.JID(jid) for jid in answer}
        message = self.make_message(ROOM, mtype="groupchat", mbody=text)
        encrypted, errors = await self.plugin["xep_0384"].encrypt_message(message, people - {self.boundjid.bare})
        assert not errors
        encrypted.send()

    async def encrypt2(self, to: str, content: bytes) -> None:
        """By omemo:2, whose envelope (XEP-0420) the plugin leaves to its user."""
        manager = await self.plugin["xep_0384"].get_session_manager()
        await manager.refresh_device_list(omemo2.NAMESPACE, to)
        messages, errors = await manager.encrypt(
            frozenset({to}), {omemo2.NAMESPACE: content}, backend_priority_order=[omemo2.NAMESPACE]
        )
        assert not errors
        stanza = self.make_message(to, mtype="chat", mbody="encrypted")  # slixmpp tells of messages with a body
        for each in messages:
            stanza.append(twomemo.etree.serialize_message(each))
        stanza.send()

    async def read2(self) -> bytes | None:
        async with asyncio.timeout(20):
            message = await self.inbox.get()
        element = message.xml.find(f"{{{omemo2.NAMESPACE}}}encrypted")
        manager = await self.plugin["xep_0384"].get_session_manager()
        parsed = twomemo.etree.parse_message(element, message["from"].bare)
        plain, _, _ = await manager.decrypt(parsed)
        return plain

    async def go(self) -> None:
        await self.disconnect(wait=0.5)


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Live]:
    logging.getLogger("slixmpp").setLevel(logging.ERROR)
    database = Database(f"sqlite:///{tmp_path / 'plauder.db'}")
    await database.create_all()
    people = ("ana", "bruno", "carla")
    async with live(tmp_path, accounts=people, register=[*MESSENGER, groups], database=database) as running:
        yield running
    await database.close()


async def test_omemo_03_both_ways_offline_and_on_a_second_device(at: Live) -> None:
    ana, bruno = await Phone(at, f"{ANA}/phone").come(), await Phone(at, f"{BRUNO}/phone").come()
    for number in range(3):
        await ana.encrypt(BRUNO, f"to Bruno {number}")
        assert await bruno.read() == (ANA, f"to Bruno {number}")
        await bruno.encrypt(ANA, f"to Ana {number}")
        assert await ana.read() == (BRUNO, f"to Ana {number}")

    await bruno.go()
    await ana.encrypt(BRUNO, "while away")
    bruno = await Phone(at, f"{BRUNO}/phone", bruno.memory).come()
    assert await bruno.read() == (ANA, "while away")

    tablet = await Phone(at, f"{ANA}/tablet").come()
    await ana.plugin["xep_0384"].refresh_device_lists({slixmpp.JID(BRUNO)}, True)
    await bruno.plugin["xep_0384"].refresh_device_lists({slixmpp.JID(ANA)}, True)
    await bruno.encrypt(ANA, "to both")
    assert await ana.read() == (BRUNO, "to both")
    assert await tablet.read() == (BRUNO, "to both")
    for device in (ana, bruno, tablet):
        await device.go()


async def test_omemo_2_both_ways(at: Live) -> None:
    ana, bruno = await Phone(at, f"{ANA}/phone").come(), await Phone(at, f"{BRUNO}/phone").come()
    for content in (b"one", b"two"):
        await ana.encrypt2(BRUNO, content)
        assert await bruno.read2() == content
        await bruno.encrypt2(ANA, content[::-1])
        assert await ana.read2() == content[::-1]
    for device in (ana, bruno):
        await device.go()


async def test_what_one_device_sends_encrypted_the_other_reads(at: Live) -> None:
    ana, tablet = await Phone(at, f"{ANA}/phone").come(), await Phone(at, f"{ANA}/tablet").come()
    bruno = await Phone(at, f"{BRUNO}/phone").come()
    manager = await ana.plugin["xep_0384"].get_session_manager()
    await manager.refresh_device_list("eu.siacs.conversations.axolotl", ANA)
    await ana.encrypt(BRUNO, "seen by my tablet")
    assert await bruno.read() == (ANA, "seen by my tablet")
    assert await tablet.read() == (ANA, "seen by my tablet")
    for device in (ana, bruno, tablet):
        await device.go()


async def test_a_group_talks_encrypted_and_who_was_away_misses_nothing(at: Live) -> None:
    ana, bruno, carla = [await Phone(at, f"{jid}/phone").come() for jid in (ANA, BRUNO, CARLA)]
    await ana.enter("Ana")
    await ana.plugin["xep_0045"].set_room_config(ROOM, ana.plugin["xep_0004"].make_form("submit"))
    for jid in (BRUNO, CARLA):
        await ana.plugin["xep_0045"].set_affiliation(ROOM, "member", jid=jid)
    await carla.go()
    await bruno.enter("Bruno")
    await ana.encrypt_to_group("Up at six")
    assert await bruno.read() == (ANA, "Up at six")
    await bruno.encrypt_to_group("So early?")
    assert await ana.read() == (ANA, "Up at six")  # one's own, back from the group
    assert await ana.read() == (BRUNO, "So early?")
    carla = await Phone(at, f"{CARLA}/phone", carla.memory).come()
    await carla.enter("Carla")
    assert [await carla.read(), await carla.read()] == [(ANA, "Up at six"), (BRUNO, "So early?")]
    for device in (ana, bruno, carla):
        await device.go()
