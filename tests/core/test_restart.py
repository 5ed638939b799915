"""Streams across the deaths of the process: what is resumed counts right, and nobody is shown anything twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from plauder.core.storing import expiring
from plauder.features.presence.feature import register as presence
from plauder.features.roster.feature import register as roster
from plauder.kit.clock import FakeClock
from plauder.store.database import Database
from plauder.store.resumption import MappedStreams
from plauder.wire.xml import serialize
from tests.fakes import FakeInbox
from tests.harness import Client, World, stanzas_of

BODY = "{jabber:client}body"
PEOPLE = ("ana", "bruno", "carla")


class House:
    """One world after another on the same files: each dies without a word."""

    def __init__(self, directory: Path, register: Sequence[object] = (), database: Database | None = None) -> None:
        self.directory = directory
        self.register = register
        self.database = database
        self.clock = FakeClock()
        self.inbox = FakeInbox()

    async def start(self) -> World:
        """The next process. The one before does nothing more: its timers are in the test's hands."""
        return World(
            accounts=PEOPLE,
            register=self.register,  # type: ignore[arg-type]
            database=self.database,
            inbox=self.inbox,
            clock=self.clock,
            streams=MappedStreams(self.directory),
            highest=await self.inbox.highest(),
        )


async def comes_back(client: Client, world: World) -> None:
    """Resume the stream in the next process."""
    client.world = world
    world.clients.append(client)
    await client.resume()


def chat(to: str, text: str) -> str:
    return f"<message to='{to}@plauder.example' type='chat' id='{text}'><body>{text}</body></message>"


def bodies(client: Client) -> list[str | None]:
    return [stanza.text(BODY) for stanza in client.messages()]


async def test_what_was_on_its_way_when_the_process_died_has_no_count_in_the_next(tmp_path: Path) -> None:
    """Bruno reads nothing of what the first process hands him, and of the second's no more than one message."""
    house = House(tmp_path)
    first = await house.start()
    ana = await first.connect("ana", "phone", sm=True)
    bruno = await first.connect("bruno", "phone", sm=True, mute=True)
    first.clients.remove(bruno)
    for text in ("one", "two", "three"):
        await ana.send(chat("bruno", text))
    await first.advance(1)

    second = await house.start()
    await comes_back(bruno, second)
    assert bodies(bruno) == ["one", "two", "three"]
    bruno.count = 1

    third = await house.start()
    await comes_back(bruno, third)
    assert bodies(bruno) == ["two", "three"]
    for world in (first, second, third):
        await world.close()


async def test_counts_hold_though_other_stanzas_came_first(tmp_path: Path) -> None:
    house = House(tmp_path)
    first = await house.start()
    ana = await first.connect("ana", "phone", sm=True)
    bruno = await first.connect("bruno", "phone", sm=True, mute=True)
    first.clients.remove(bruno)
    await ana.send(chat("bruno", "one") + chat("bruno", "two"))
    await first.advance(1)

    second = await house.start()
    session = await second.server.find_resumable(second.jid("bruno"), bruno.session.resume_id)
    assert session is not None
    session.send(stanzas_of("<presence from='ana@plauder.example/phone'/>")[0])
    await comes_back(bruno, second)
    assert [stanza.kind for stanza in bruno.take()] == ["presence", "message", "message"]
    bruno.count = 2

    third = await house.start()
    await comes_back(bruno, third)
    assert bodies(bruno) == ["two"]
    for world in (first, second, third):
        await world.close()


async def test_who_comes_back_after_two_deaths_says_nothing_twice(tmp_path: Path) -> None:
    """Ana is told nothing before the process dies, and is in a tunnel while the next one lives and dies."""
    house = House(tmp_path)
    first = await house.start()
    ana = await first.connect("ana", "phone", sm=True)
    bruno = await first.connect("bruno", "phone", sm=True, mute=True)
    carla = await first.connect("carla", "phone", sm=True)
    await ana.send(chat("bruno", "Oi!"))
    assert bodies(bruno) == ["Oi!"]

    second = await house.start()
    await comes_back(bruno, second)
    await comes_back(carla, second)
    await second.advance(60)
    await carla.send(chat("bruno", "and I?"))
    assert bodies(bruno) == ["and I?"]

    third = await house.start()
    await comes_back(bruno, third)
    await comes_back(ana, third)
    assert ana.acknowledged == 1  # her presence; nobody told her that the message is safe
    await ana.send(chat("bruno", "Oi!"))
    await third.advance(1)
    assert bodies(bruno) == []
    assert await ana.ask_ack() == 2
    for world in (first, second, third):
        await world.close()


async def test_what_was_stored_before_two_deaths_is_not_stored_twice(tmp_path: Path) -> None:
    """The message is on disk when the process dies, but Ana was not told."""
    house = House(tmp_path)
    first = await house.start()
    ana = await first.connect("ana", "phone", sm=True)
    carla = await first.connect("carla", "phone", sm=True)
    bruno = await first.connect("bruno", "phone")
    await bruno.disconnect()
    await ana.send(chat("bruno", "Oi!"))
    ana.session.slot.handled(1)  # type: ignore[union-attr]

    second = await house.start()
    await comes_back(carla, second)
    await second.advance(60)
    await carla.send(chat("bruno", "and I?"))

    third = await house.start()
    await comes_back(ana, third)
    await ana.send(chat("bruno", "Oi!"))
    again = await third.connect("bruno", "phone")
    assert bodies(again) == ["Oi!", "and I?"]
    for world in (first, second, third):
        await world.close()


async def test_presence_of_a_restored_stream_is_counted(tmp_path: Path, database: Database) -> None:
    """A restored session announces itself, and is sent its own presence, before its client is back."""
    house = House(tmp_path, (roster, presence), database)
    first = await house.start()
    ana = await first.connect("ana", "phone", sm=True)
    bruno = await first.connect("bruno", "phone", sm=True)
    bruno.take()

    second = await house.start()
    await comes_back(bruno, second)
    await comes_back(ana, second)
    second.clients.remove(bruno)
    await ana.send(chat("bruno", "one") + chat("bruno", "two"))
    await second.advance(1)

    third = await house.start()
    await comes_back(bruno, third)
    assert bodies(bruno) == ["one", "two"]
    for world in (first, second, third):
        await world.close()


async def test_counts_that_moved_up_when_a_message_expired_hold_in_the_next_process(tmp_path: Path) -> None:
    """Bruno loses his connection, comes back after a code has expired, takes one more message, and the process dies."""
    house = House(tmp_path)
    first = await house.start()
    ana = await first.connect("ana", "phone", sm=True)
    bruno = await first.connect("bruno", "phone", sm=True, mute=True)
    until = serialize(expiring(house.clock.now() + timedelta(seconds=30))).decode()
    await ana.send(chat("bruno", "code").replace("</message>", f"{until}</message>"))
    for text in ("one", "two"):
        await ana.send(chat("bruno", text))
    await bruno.vanish()
    house.clock.advance(30)
    bruno.count = 0
    await bruno.resume()
    assert bodies(bruno)[-2:] == ["one", "two"]
    await first.advance(1)
    first.clients.remove(bruno)
    bruno.count = 1

    second = await house.start()
    await comes_back(bruno, second)
    assert bodies(bruno) == ["two"]
