"""Two numbers of one platform write to each other: what the database, time, the network and malice do to that."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from plauder.business.encryption.envelope import open_envelope, seal_envelope
from plauder.business.encryption.errors import Unreadable
from plauder.business.encryption.profile import AXOLOTL, OMEMO2
from plauder.business.encryption.records import Device
from plauder.business.encryption.service import (
    PROFILES,
    Encryption,
    FetchedBundle,
    FetchedList,
    Incoming,
    NotRead,
    Outgoing,
    Read,
    Sealed,
)
from plauder.business.encryption.store import BrokenSeal, omemo
from plauder.kit.clock import FakeClock
from plauder.kit.keyring import Keyring
from plauder.store.database import Database
from plauder.wire.xml import E
from tests import databases

SHOP, BANK = "1@example.org", "2@example.org"
BODY = "{jabber:client}body"
DAY = 24 * 3600.0


class Numbers:
    """Two hosted numbers and a shorthand for what they do."""

    def __init__(self, database: Database, clock: FakeClock, namespaces: Sequence[str]) -> None:
        self.database = database
        self.clock = clock
        self.namespaces = namespaces
        self.service = Encryption(Keyring(b"k" * 32), clock)
        self.ids: dict[str, int] = {}

    async def start(self) -> None:
        async with self.database.begin() as uow:
            for owner in (SHOP, BANK):
                self.ids[owner] = await self.service.ensure(uow, owner)
                assert await self.service.ensure(uow, owner) == self.ids[owner]
        await self.meet(SHOP, BANK)
        await self.meet(BANK, SHOP)

    async def meet(self, owner: str, other: str) -> list[Device]:
        async with self.database.begin() as uow:
            found = {each.namespace: each for each in await self.service.publications(uow, other)}
            device = Device(other, self.ids[other])
            lists = [FetchedList(other, each, found[each].device_list) for each in self.namespaces]
            bundles = [FetchedBundle(device, each, found[each].bundle) for each in self.namespaces]
            return await self.service.learn(uow, owner, lists, bundles)

    async def say(self, owner: str, to: str, *texts: str) -> list[Sealed]:
        messages = [Outgoing(to, [E(BODY, None, text)], text) for text in texts]
        async with self.database.begin() as uow:
            return await self.service.seal(uow, owner, messages)

    async def hear(self, owner: str, sender: str, *sealed: Sealed, sent_at: float | None = None) -> list[str]:
        incoming = [Incoming(sender, each.elements, sent_at) for each in sealed]
        async with self.database.begin() as uow:
            outcomes = await self.service.open(uow, owner, incoming)
        self.last: Read | NotRead = outcomes[-1]
        return [text_of(each) for each in outcomes]

    async def pay(self, owner: str, other: str) -> list[str]:
        """Send what is owed; returns how the other side reads it."""
        async with self.database.begin() as uow:
            debts = await self.service.debts(uow, owner)
        heard = []
        for debt in debts:
            async with self.database.begin() as uow:
                element = await self.service.seal_empty(uow, owner, debt.device, debt.namespace)
            assert element is not None
            heard += await self.hear(other, owner, Sealed([element], 1, 1, [], True))
        return heard


def text_of(outcome: Read | NotRead) -> str:
    if isinstance(outcome, NotRead):
        return f"({outcome.reason})"
    return "".join(each.text or "" for each in outcome.content)


@pytest.fixture(params=[[AXOLOTL], [OMEMO2]], ids=["0.3", "omemo:2"])
async def numbers(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Numbers]:
    database = databases.careless(Database(f"sqlite:///{tmp_path / 'plauder.db'}"))
    async with database.begin() as uow:
        await uow.connection.run_sync(omemo.create)
    made = Numbers(database, clock, request.param)
    await made.start()
    yield made
    await database.close()


def damaged(sealed: Sealed, name: str) -> Sealed:
    """One character of the base64 of each key or payload changed."""
    elements = []
    for element in sealed.elements:
        changed = E(element.tag, dict(element.attrib), *_copies(element, name))
        elements.append(changed)
    return replace(sealed, elements=elements)


def _copies(element: Any, name: str) -> list[Any]:
    copies = []
    for child in element:
        text = child.text or ""
        if child.tag.endswith(f"}}{name}"):
            text = text[:-6] + ("A" if text[-6] != "A" else "B") + text[-5:]
        copies.append(E(child.tag, dict(child.attrib), text, *_copies(child, name)))
    return copies


async def test_both_kinds_of_database_keep_sessions(database: Database, clock: FakeClock) -> None:
    made = Numbers(database, clock, [OMEMO2, AXOLOTL])
    await made.start()
    assert await made.hear(BANK, SHOP, *await made.say(SHOP, BANK, "1", "2", "3")) == ["1", "2", "3"]
    assert await made.hear(SHOP, BANK, *await made.say(BANK, SHOP, "4")) == ["4"]
    async with database.begin() as uow:
        await made.service.forget(uow, SHOP)
        assert await made.service.ensure(uow, SHOP) != made.ids[SHOP]


async def test_out_of_order_once_and_never_twice(numbers: Numbers) -> None:
    sealed = await numbers.say(SHOP, BANK, *"abcdefgh")
    await numbers.hear(SHOP, BANK, *await numbers.say(BANK, SHOP, "x"))
    later = await numbers.say(SHOP, BANK, "i", "j")
    order = [later[1], *sealed[::-1], later[0]]
    assert await numbers.hear(BANK, SHOP, *order) == ["j", *"hgfedcba", "i"]
    assert set(await numbers.hear(BANK, SHOP, *order)) == {"(replay)"}


async def test_damage_moves_nothing(numbers: Numbers) -> None:
    for sealed in (await numbers.say(SHOP, BANK, "first"), await numbers.say(SHOP, BANK, "second")):
        (good,) = sealed
        for name in ("key", "payload"):
            (reason,) = await numbers.hear(BANK, SHOP, damaged(good, name))
            assert reason in ("(bad-mac)", "(bad-payload)", "(malformed)")
        assert await numbers.hear(BANK, SHOP, good) in (["first"], ["second"])


async def test_a_rolled_back_unit_of_work_moves_nothing(numbers: Numbers) -> None:
    (sealed,) = await numbers.say(SHOP, BANK, "once more")

    class Crash(Exception):
        pass

    with pytest.raises(Crash):
        async with numbers.database.begin() as uow:
            await numbers.service.open(uow, BANK, [Incoming(SHOP, sealed.elements)])
            raise Crash
    assert await numbers.hear(BANK, SHOP, sealed) == ["once more"]


async def test_a_key_exchange_ends_and_prekeys_are_replaced(numbers: Numbers) -> None:
    (first,) = await numbers.say(SHOP, BANK, "first")
    async with numbers.database.read() as uow:
        before = {each.namespace: each for each in await numbers.service.publications(uow, BANK)}
    assert await numbers.hear(BANK, SHOP, first) == ["first"]
    assert isinstance(numbers.last, Read)
    assert numbers.last.publish
    assert numbers.last.owes
    assert await numbers.pay(BANK, SHOP) == [""]
    assert await numbers.pay(BANK, SHOP) == []
    (second,) = await numbers.say(SHOP, BANK, "second")
    assert not any(key.get("kex") or key.get("prekey") for each in second.elements for key in each.iter())
    async with numbers.database.read() as uow:
        after = {each.namespace: each for each in await numbers.service.publications(uow, BANK)}
    namespace = numbers.namespaces[0]
    ids = [{key.attrib.popitem()[1] for key in found[namespace].bundle[-1]} for found in (before, after)]
    assert len(ids[0]) == len(ids[1]) == 100
    assert len(ids[1] - ids[0]) == 1


async def test_message_53_asks_for_a_heartbeat(numbers: Numbers) -> None:
    await numbers.hear(BANK, SHOP, *await numbers.say(SHOP, BANK, "0"))
    await numbers.pay(BANK, SHOP)
    sealed = await numbers.say(SHOP, BANK, *map(str, range(56)))
    for at in (0, 52, 53, 54, 55):
        await numbers.hear(BANK, SHOP, sealed[at])
        assert isinstance(numbers.last, Read)
        assert numbers.last.owes == (at == 53)
    assert await numbers.pay(BANK, SHOP) == [""]


async def test_a_thousand_may_be_missing_not_more(numbers: Numbers) -> None:
    early, *_ = await numbers.say(SHOP, BANK, *["lost"] * 1000)
    assert await numbers.hear(BANK, SHOP, *await numbers.say(SHOP, BANK, "after"), early) == ["after", "lost"]
    await numbers.say(SHOP, BANK, *["lost"] * 1001)
    assert await numbers.hear(BANK, SHOP, *await numbers.say(SHOP, BANK, "too far")) == ["(too-far-ahead)"]
    assert isinstance(numbers.last, NotRead)
    assert numbers.last.healing


async def test_keys_of_missing_messages_grow_old(numbers: Numbers) -> None:
    late, second = await numbers.say(SHOP, BANK, "late", "second")
    await numbers.hear(BANK, SHOP, second)
    numbers.clock.advance(days=30)
    await numbers.hear(BANK, SHOP, *await numbers.say(SHOP, BANK, "third"))
    assert await numbers.hear(BANK, SHOP, late) == ["(replay)"]


async def test_sessions_heal_after_growing_pauses(numbers: Numbers) -> None:
    await numbers.hear(BANK, SHOP, *await numbers.say(SHOP, BANK, "1"))
    await numbers.pay(BANK, SHOP)

    async def fails(sent_at: float | None = None) -> bool:
        (sealed,) = await numbers.say(SHOP, BANK, "x")
        assert (await numbers.hear(BANK, SHOP, damaged(sealed, "key"), sent_at=sent_at))[0] != "x"
        async with numbers.database.begin() as uow:
            owed = [debt.why for debt in await numbers.service.debts(uow, BANK)]
        return owed == ["healing"]

    assert not await fails(sent_at=numbers.clock.now().timestamp() - DAY)
    assert await fails()
    async with numbers.database.begin() as uow:
        missing = await numbers.service.missing(uow, BANK, [SHOP])
    assert [device.jid for device, _ in missing.bundles] == [SHOP]
    assert await numbers.meet(BANK, SHOP) == []
    assert await numbers.pay(BANK, SHOP) == [""]
    assert not await fails()  # a minute has not passed
    numbers.clock.advance(61)
    assert await fails()
    assert await numbers.meet(BANK, SHOP) == []
    assert await numbers.pay(BANK, SHOP) == [""]
    assert await numbers.hear(BANK, SHOP, *await numbers.say(SHOP, BANK, "whole")) == ["whole"]


async def test_strangers_do_not_make_us_heal(numbers: Numbers) -> None:
    (sealed,) = await numbers.say(SHOP, BANK, "x")
    stranger = [E(each.tag, dict(each.attrib), *each) for each in sealed.elements]
    async with numbers.database.begin() as uow:
        (outcome,) = await numbers.service.open(uow, BANK, [Incoming("eva@example.org", stranger)])
    assert isinstance(outcome, NotRead | Read)
    async with numbers.database.begin() as uow:
        assert all(debt.why != "healing" for debt in await numbers.service.debts(uow, BANK))


async def test_who_is_not_meant_reads_nothing(numbers: Numbers) -> None:
    (sealed,) = await numbers.say(SHOP, BANK, "x")
    assert await numbers.hear(SHOP, SHOP, sealed) == ["(own-message)"]
    async with numbers.database.begin() as uow:
        await numbers.service.ensure(uow, "3@example.org")
    assert await numbers.hear("3@example.org", SHOP, sealed) == ["(not-for-this-device)"]
    assert await numbers.hear(BANK, SHOP, replace(sealed, elements=[])) == ["(malformed)"]
    assert await numbers.hear(BANK, SHOP, replace(sealed, elements=[E("{urn:x}encrypted")])) == ["(malformed)"]


async def test_signed_prekeys_change_weekly_with_a_week_of_grace(numbers: Numbers) -> None:
    namespace = numbers.namespaces[0]
    async with numbers.database.begin() as uow:
        (old,) = [each for each in await numbers.service.publications(uow, BANK) if each.namespace == namespace]
        for each in await numbers.service.publications(uow, BANK):
            await numbers.service.published(uow, BANK, each.namespace, each.revision)
        assert not await numbers.service.maintain(uow, BANK)
    numbers.clock.advance(days=7)
    async with numbers.database.begin() as uow:
        assert await numbers.service.maintain(uow, BANK)
    device = FetchedBundle(Device(BANK, numbers.ids[BANK]), namespace, old.bundle)
    async with numbers.database.begin() as uow:
        await numbers.service.learn(uow, SHOP, (), [device])
    sealed = await numbers.say(SHOP, BANK, "late")
    numbers.clock.advance(days=7)
    async with numbers.database.begin() as uow:
        await numbers.service.maintain(uow, BANK)
    assert await numbers.hear(BANK, SHOP, *sealed) == ["(unknown-prekey)"]


async def test_unusable_bundles_are_named_and_asked_for_again_later(numbers: Numbers) -> None:
    namespace = numbers.namespaces[0]
    device = Device("4@example.org", 7)
    listed = FetchedList(device.jid, namespace, PROFILES[namespace].device_list([7]))
    for bundle in (None, E("{urn:x}bundle")):
        async with numbers.database.begin() as uow:
            refused = await numbers.service.learn(uow, SHOP, [listed], [FetchedBundle(device, namespace, bundle)])
        assert refused == [device]
    (sealed,) = await numbers.say(SHOP, device.jid, "x")
    assert (sealed.elements, sealed.missed, sealed.listed, sealed.is_known) == ([], [device], 1, True)
    async with numbers.database.read() as uow:
        assert (await numbers.service.missing(uow, SHOP, [device.jid])).bundles == []
    numbers.clock.advance(3600)
    async with numbers.database.read() as uow:
        assert (await numbers.service.missing(uow, SHOP, [device.jid])).bundles == [(device, namespace)]


async def test_a_malformed_list_is_ignored_and_an_unknown_person_is_known_to_be(numbers: Numbers) -> None:
    (sealed,) = await numbers.say(SHOP, "5@example.org", "x")
    assert not sealed.is_known
    async with numbers.database.begin() as uow:
        await numbers.service.learn(uow, SHOP, [FetchedList(BANK, OMEMO2, E("{urn:x}devices"))])
    assert await numbers.hear(BANK, SHOP, *await numbers.say(SHOP, BANK, "still there")) == ["still there"]
    async with numbers.database.begin() as uow:
        for owner in await numbers.service.acquainted(uow, BANK):
            await numbers.service.learn(uow, owner, [FetchedList(BANK, numbers.namespaces[0], None)])
    (sealed,) = await numbers.say(SHOP, BANK, "gone")
    assert (sealed.listed, sealed.is_known) == (0, True)


async def test_the_database_alone_reads_nothing_and_records_cannot_move(numbers: Numbers) -> None:
    await numbers.say(SHOP, BANK, "x")
    async with numbers.database.read() as uow:
        rows = list(await uow.execute(omemo.select().where(omemo.c.owner == SHOP)))
    assert {row.key.split("/")[0] for row in rows} >= {"self", "own", "session", "account"}
    for row in rows:
        with pytest.raises(orjson.JSONDecodeError):
            orjson.loads(row.value)
    other = Encryption(Keyring(b"o" * 32), numbers.clock)
    with pytest.raises(BrokenSeal):
        async with numbers.database.begin() as uow:
            await other.publications(uow, SHOP)
    stolen = next(row for row in rows if row.key == "self")
    async with numbers.database.begin() as uow:
        await uow.execute(omemo.update().where(omemo.c.owner == BANK, omemo.c.key == "self").values(value=stolen.value))
    with pytest.raises(BrokenSeal):
        async with numbers.database.begin() as uow:
            await numbers.service.publications(uow, BANK)


async def test_a_number_without_device_says_so(numbers: Numbers) -> None:
    with pytest.raises(LookupError):
        async with numbers.database.begin() as uow:
            await numbers.service.seal(uow, "9@example.org", [Outgoing(SHOP, [], None)])


async def test_what_old_apps_cannot_show_is_not_sent_to_them(numbers: Numbers) -> None:
    async with numbers.database.begin() as uow:
        (sealed,) = await numbers.service.seal(uow, SHOP, [Outgoing(BANK, [E("{urn:x}reaction")], None)])
    assert bool(sealed.elements) == (numbers.namespaces == [OMEMO2])


def test_envelopes_belong_to_one_conversation(clock: FakeClock) -> None:
    content = [E(BODY, None, "oi <&>"), E("{urn:xmpp:hints}store")]
    sealed = seal_envelope(content, SHOP, BANK, clock.now())
    assert 256 <= len(sealed) < 256 + 200 + 16
    opened = open_envelope(sealed, own=BANK, sender=SHOP)
    assert [each.tag for each in opened.content] == [BODY]
    for own, sender in ((BANK, "eva@example.org"), ("carla@example.org", SHOP)):
        with pytest.raises(Unreadable, match="another"):
            open_envelope(sealed, own=own, sender=sender)
    nobodys = b"<envelope xmlns='urn:xmpp:sce:1'><content/>%s</envelope>"
    for unsigned in (b"", b"<from/>"):
        with pytest.raises(Unreadable, match="none"):
            open_envelope(nobodys % unsigned, own=BANK, sender=SHOP)
    for broken in (b"", b"oi", b"<envelope/>", b"<!DOCTYPE a><a/>", b"\xff" * 40):
        with pytest.raises(Unreadable) as problem:
            open_envelope(broken, own=BANK, sender=SHOP)
        assert problem.value.reason == "bad-payload"
