"""`python -m bench.encryption`: what a hosted business device costs, beside two other OMEMO engines for Python.

One number writes to many people with one device each. "In memory" is the engine alone; "kept" writes ratchets to SQLite
with full sync, sealed, in one unit of work for each batch. The other engines have no storage here.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from plauder.business.encryption import own as own_keys
from plauder.business.encryption import ratchet
from plauder.business.encryption.keys import Identity
from plauder.business.encryption.profile import AXOLOTL, OMEMO2, Profile
from plauder.business.encryption.records import Device
from plauder.business.encryption.service import (
    PROFILES,
    Encryption,
    FetchedBundle,
    FetchedList,
    Incoming,
    Outgoing,
    Sealed,
)
from plauder.kit.batching import Batcher
from plauder.kit.clock import SystemClock
from plauder.kit.keyring import Keyring
from plauder.store.database import Database
from plauder.wire.xml import E

PEOPLE = 1000
TEXT = "Your parcel with number 00340434161094042557 has arrived and waits for you at the shop around the corner."


class Watch:
    """Wall time, and CPU time of all threads: the second says more on a machine that others use too."""

    def __init__(self) -> None:
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def line(self, what: str, count: int) -> None:
        wall, cpu = time.perf_counter() - self.wall, time.process_time() - self.cpu
        each = f"{wall / count * 1e6:9.0f} µs {count / wall:8.0f}/s {cpu / count * 1e6:9.0f} µs CPU"
        print(f"{what:<84} {each}", flush=True)


async def timed(what: str, count: int, work: Callable[[], Awaitable[Any]]) -> None:
    watch = Watch()
    await work()
    watch.line(what, count)


class Crowd:
    """Devices of people who share one set of keys: enough to measure the sender."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.identity = Identity.new()
        self.own = own_keys.create(profile, self.identity, time.time())
        self.bundle = own_keys.bundle(profile, self.identity, self.own)
        self.device = 4711
        self.jids = [f"4915{at:08}@example.org" for at in range(PEOPLE)]


def message_to(jid: str) -> Outgoing:
    return Outgoing(jid, [E("{jabber:client}body", None, TEXT)], TEXT)


def in_memory(profile: Profile) -> None:
    """Keys, payload and element for one device, nothing kept."""
    crowd = Crowd(profile)
    watch = Watch()
    bundles = [profile.parse_bundle(crowd.bundle) for _ in range(200)]
    watch.line(f"{profile.namespace}: verify a bundle", 200)
    found = bundles[0]
    assert found is not None
    identity = Identity.new()
    watch = Watch()
    sessions = [
        ratchet.open_session(
            profile,
            identity,
            (found.identity, found.ed_identity),
            found.signed_prekey,
            found.prekeys[0],
            time.time(),
        )
        for _ in range(200)
    ]
    watch.line(f"{profile.namespace}: open a session", 200)
    session = sessions[0]
    watch = Watch()
    for _ in range(2000):
        payload = profile.seal_payload(TEXT.encode())
        session, _message = ratchet.encrypt(profile, session, payload.key)
    watch.line(f"{profile.namespace}: seal, in memory", 2000)


async def kept(profile: Profile, directory: Path) -> None:
    crowd = Crowd(profile)
    database = Database(f"sqlite:///{directory / profile.version}.db")
    await database.create_all()
    service = Encryption(Keyring(b"k" * 32), SystemClock())
    shop = "shop@example.org"
    async with database.begin() as uow:
        await service.ensure(uow, shop)

    async def seal(batch: int) -> None:
        for at in range(0, PEOPLE, batch):
            async with database.begin() as uow:
                sealed = await service.seal(uow, shop, [message_to(jid) for jid in crowd.jids[at : at + batch]])
            assert all(each.devices == 1 for each in sealed)

    listed = profile.device_list([crowd.device])

    async def meet() -> None:
        for at in range(0, PEOPLE, 100):
            some = crowd.jids[at : at + 100]
            lists = [FetchedList(jid, profile.namespace, listed) for jid in some]
            bundles = [FetchedBundle(Device(jid, crowd.device), profile.namespace, crowd.bundle) for jid in some]
            async with database.begin() as uow:
                assert not await service.learn(uow, shop, lists, bundles)

    async def queued() -> None:
        async def seal_some(messages: Sequence[Outgoing]) -> Sequence[Sealed]:
            async with database.begin() as uow:
                return await service.seal(uow, shop, messages)

        batcher: Batcher[Outgoing, Sealed] = Batcher(seal_some)
        sealed = await asyncio.gather(*(batcher.do(message_to(jid)) for jid in crowd.jids))
        assert all(each.devices == 1 for each in sealed)

    await timed(f"{profile.namespace}: learn list and bundle of a person, kept, 100 at once", PEOPLE, meet)
    await timed(f"{profile.namespace}: first message (key exchange), kept, 100 at once", PEOPLE, lambda: seal(100))
    for batch in (1, 10, 100):
        await timed(f"{profile.namespace}: later message, kept, {batch} at once", PEOPLE, lambda b=batch: seal(b))  # type: ignore[misc]
    await timed(f"{profile.namespace}: later message, kept, 1000 callers, batched as they come", PEOPLE, queued)
    await receive(profile, service, database, shop)
    await database.close()


async def receive(profile: Profile, service: Encryption, database: Database, shop: str) -> None:
    """First contact from outside, and answers on a chain."""
    person = "ana@example.org"
    async with database.begin() as uow:
        await service.ensure(uow, person)
        mine = {each.namespace: each for each in await service.publications(uow, person)}
        theirs = {each.namespace: each for each in await service.publications(uow, shop)}
        for one, other, found in ((person, shop, theirs), (shop, person, mine)):
            publication = found[profile.namespace]
            device = Device(other, int(publication.device_list[0].attrib["id"]))
            lists = [FetchedList(other, profile.namespace, publication.device_list)]
            bundles = [FetchedBundle(device, profile.namespace, publication.bundle)]
            await service.learn(uow, one, lists, bundles)
    async with database.begin() as uow:
        sealed = await service.seal(uow, person, [message_to(shop)] * (PEOPLE + 1))

    async def read(some: list[Any]) -> None:
        async with database.begin() as uow:
            await service.open(uow, shop, [Incoming(person, each.elements) for each in some])

    await timed(f"{profile.namespace}: read a first message (key exchange), kept", 1, lambda: read(sealed[:1]))
    await timed(f"{profile.namespace}: read later messages, kept, {PEOPLE} at once", PEOPLE, lambda: read(sealed[1:]))


async def others() -> None:
    """python-omemo and omemo-dr, as the tests drive them."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from tests.omemo import gajim
    from tests.omemo.syndace import Syndace

    engines: list[tuple[str, Callable[[], Any]]] = [
        ("oldmemo (0.3)", lambda: Syndace("a@example.org", 1, AXOLOTL)),
        ("twomemo (omemo:2)", lambda: Syndace("a@example.org", 1, OMEMO2)),
    ]
    if why := gajim.why_missing():
        print(why)
    else:
        engines.append(("omemo-dr (0.3)", lambda: gajim.Gajim("a@example.org")))
    for name, make in engines:
        ana = make()
        await ana.bundle()
        peers = [f"b{at}@example.org" for at in range(50)]
        other = Crowd(PROFILES[ana.namespace])

        async def meet(ana: Any = ana, peers: list[str] = peers, other: Crowd = other) -> None:
            for jid in peers:
                await ana.meet(jid, other.device, other.bundle)
                await ana.say(jid, TEXT)

        async def say(ana: Any = ana, peers: list[str] = peers) -> None:
            for jid in peers * 4:
                await ana.say(jid, TEXT)

        await timed(f"{name}: bundle and first message, in memory", len(peers), meet)
        await timed(f"{name}: later message, in memory", len(peers) * 4, say)


async def main() -> None:
    for profile in PROFILES.values():
        in_memory(profile)
    with tempfile.TemporaryDirectory() as directory:
        for profile in PROFILES.values():
            await kept(profile, Path(directory))
    await others()


if __name__ == "__main__":
    asyncio.run(main())
