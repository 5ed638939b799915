"""What others use: hosted devices by the bare JID of their number. Nothing here does network; the caller fetches.

Every method works inside the caller's unit of work and writes at its end. Send what was sealed only after that unit has
committed: a key must never be used for two messages. Two units of work must not change one number's records at the same
time: open them by `Database.apart` with `turn(owner)`; where several processes share a database, each method that
changes something takes its turn there as well (`UnitOfWork.alone`).
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Final, Literal
from xml.etree.ElementTree import Element

import orjson

from plauder.business.encryption import own as own_keys
from plauder.business.encryption.envelope import open_envelope, seal_envelope
from plauder.business.encryption.errors import Reason, Unreadable
from plauder.business.encryption.keys import Identity
from plauder.business.encryption.profile import (
    AXOLOTL,
    OMEMO2,
    Addressed,
    EncryptedElement,
    Profile,
    SealedPayload,
    Version,
)
from plauder.business.encryption.records import Debt, Device, Fetched, Known, encode_fetched
from plauder.business.encryption.sessions import Opened, Sessions
from plauder.business.encryption.store import Notebook, Seal, forget, owners_of
from plauder.business.encryption.wire_v03 import V03
from plauder.business.encryption.wire_v2 import V2
from plauder.kit.clock import Clock
from plauder.kit.keyring import Keyring
from plauder.store.database import UnitOfWork
from plauder.wire.xml import E, parse, serialize

PROFILES: Final[Mapping[str, Profile]] = {OMEMO2: V2(), AXOLOTL: V03()}
"""By namespace, the better one first."""
_BY_VERSION: Final[Mapping[Version, Profile]] = {profile.version: profile for profile in PROFILES.values()}
_VERSIONS: Final[tuple[Version, ...]] = ("v2", "v03")
_BUNDLE_AGE: Final = 24 * 3600.0
_REFUSED_AGE: Final = 3600.0
_MAX_DEVICE_ID: Final = (1 << 31) - 1
_BODY: Final = "{jabber:client}body"


@dataclass(frozen=True, slots=True)
class Publication:
    """What to publish on the number's PEP service, open to all and with `max_items` `max`."""

    namespace: str
    device_list_node: str
    device_list: Element
    bundle_node: str
    bundle_item: str
    bundle: Element
    revision: int


@dataclass(frozen=True, slots=True)
class FetchedList:
    """The `<list/>` or `<devices/>` of somebody; None: there is none."""

    jid: str
    namespace: str
    element: Element | None


@dataclass(frozen=True, slots=True)
class FetchedBundle:
    """The `<bundle/>` of a device; None: there is none."""

    device: Device
    namespace: str
    element: Element | None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message: `content` for apps that read XEP-0420, `body` for all others (None: not for them).

    `to` is the person, or a group; then `people` are those who shall read it.
    """

    to: str
    content: Sequence[Element]
    body: str | None
    people: Sequence[str] = ()

    @property
    def readers(self) -> Sequence[str]:
        return self.people or (self.to,)


@dataclass(frozen=True, slots=True)
class Sealed:
    """One or two `<encrypted/>` for one stanza."""

    elements: Sequence[Element]
    devices: int
    """How many can read it."""
    listed: int
    """How many the person has."""
    missed: Sequence[Device]
    """Devices without session or usable bundle: `missing` says what to fetch."""
    is_known: bool
    """Device lists of the person were received (there may be none)."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """The `<encrypted/>` elements of a stanza, the sender's bare JID, and when it was received (epoch seconds).

    With `id`, the content is kept until the next message: should the caller crash before it has done its part, the
    same message can be read again although its key is gone.
    """

    sender: str
    elements: Sequence[Element]
    sent_at: float | None = None
    id: str = ""


@dataclass(frozen=True, slots=True)
class Read:
    """Content that was read; empty for a message that only moved keys. `owes`: call `seal_empty` for the device."""

    sender: Device
    namespace: str
    content: Sequence[Element]
    owes: bool
    publish: bool
    """A prekey was used: publish the bundle again."""


@dataclass(frozen=True, slots=True)
class NotRead:
    """Why not. `healing`: a new session is on its way (`missing` names the bundle to fetch, `debts` what to send)."""

    sender: Device | None
    reason: Reason
    healing: bool


@dataclass(frozen=True, slots=True)
class Missing:
    """What to fetch before sealing: device lists never received, and bundles."""

    lists: Sequence[tuple[str, str]]
    """(JID, namespace)."""
    bundles: Sequence[tuple[Device, str]]
    """(device, namespace)."""


@dataclass(frozen=True, slots=True)
class _Route:
    device: Device
    version: Version
    way: Literal["session", "bundle", "fetch", "refused"]


def turn(owner: str) -> str:
    """The name of a number's turn: who has it is alone with the records of that number."""
    return f"omemo/{owner}"


@lru_cache(maxsize=1024)
def _identity(seed: str) -> Identity:
    """Public keys cost more to compute than a message to seal."""
    return Identity.of(bytes.fromhex(seed))


class Encryption:
    """All hosted devices. Nothing is remembered between operations that a rollback could make untrue."""

    def __init__(self, keyring: Keyring, clock: Clock) -> None:
        self._at_rest = Seal(keyring)
        self._clock = clock

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def _notes(self, uow: UnitOfWork, owner: str) -> Notebook:
        return Notebook(uow, owner, self._at_rest)

    async def _self(self, notes: Notebook) -> tuple[Identity, int]:
        data = await notes.get("self")
        if data is None:
            raise LookupError("the number has no device yet; call ensure")
        seed, device_id = orjson.loads(data)
        return _identity(seed), device_id

    async def _sessions(self, notes: Notebook) -> dict[Version, Sessions]:
        identity, device_id = await self._self(notes)
        now = self._now()
        return {version: Sessions(_BY_VERSION[version], identity, device_id, notes, now) for version in _VERSIONS}

    async def _write(self, notes: Notebook, sessions: Mapping[Version, Sessions]) -> None:
        for each in sessions.values():
            each.flush()
        await notes.write()

    # ------------------------------------------------------------------------------------------------- the own device

    async def ensure(self, uow: UnitOfWork, owner: str) -> int:
        """Make the number's device unless it has one. Returns the device id."""
        await uow.alone(turn(owner))
        notes = self._notes(uow, owner)
        data = await notes.get("self")
        if data is not None:
            device_id: int = orjson.loads(data)[1]
            return device_id
        identity, device_id = Identity.new(), secrets.randbelow(_MAX_DEVICE_ID) + 1
        notes.put("self", orjson.dumps([identity.seed.hex(), device_id]))
        for version in _VERSIONS:
            profile = _BY_VERSION[version]
            sessions = Sessions(profile, identity, device_id, notes, self._now())
            sessions.store_own(own_keys.create(profile, identity, self._now()))
        await notes.write()
        return device_id

    async def publications(self, uow: UnitOfWork, owner: str) -> list[Publication]:
        """Both versions' device list (of this one device) and bundle."""
        notes = self._notes(uow, owner)
        identity, device_id = await self._self(notes)
        found = []
        for version, sessions in (await self._sessions(notes)).items():
            profile, own = _BY_VERSION[version], await sessions.own()
            found.append(
                Publication(
                    profile.namespace,
                    profile.device_list_node(),
                    profile.device_list([device_id]),
                    profile.bundle_node(device_id),
                    profile.bundle_item(device_id),
                    own_keys.bundle(profile, identity, own),
                    own.revision,
                )
            )
        return found

    async def published(self, uow: UnitOfWork, owner: str, namespace: str, revision: int) -> None:
        """The bundle of this revision is out."""
        await uow.alone(turn(owner))
        notes = self._notes(uow, owner)
        sessions = (await self._sessions(notes))[PROFILES[namespace].version]
        own = await sessions.own()
        sessions.store_own(replace(own, published=max(own.published, revision)))
        await notes.write()

    async def maintain(self, uow: UnitOfWork, owner: str) -> bool:
        """Weekly rotation of signed prekeys; call daily. Whether bundles have to be published."""
        await uow.alone(turn(owner))
        notes = self._notes(uow, owner)
        identity, _ = await self._self(notes)
        due = False
        for version, sessions in (await self._sessions(notes)).items():
            before = await sessions.own()
            after = own_keys.refill(own_keys.rotate(_BY_VERSION[version], identity, before, self._now()))
            if after != before:
                sessions.store_own(after)
            due = due or after.revision > after.published
        await notes.write()
        return due

    async def forget(self, uow: UnitOfWork, owner: str) -> None:
        """The number is no longer hosted."""
        await forget(uow, owner)

    # ------------------------------------------------------------------------------------------------ others' devices

    async def learn(
        self,
        uow: UnitOfWork,
        owner: str,
        lists: Sequence[FetchedList] = (),
        bundles: Sequence[FetchedBundle] = (),
    ) -> list[Device]:
        """Device lists and bundles were fetched or announced. Returns the devices whose bundle is unusable.

        A malformed list is ignored. Of a verified bundle is kept what one session needs.
        """
        await uow.alone(turn(owner))
        notes = self._notes(uow, owner)
        await notes.prefetch(f"account/{each.jid}" for each in lists)
        await notes.prefetch(each.device.key("device") for each in bundles)
        for each in lists:
            await self._learn_list(notes, each)
        refused = [each.device for each in bundles if not await self._learn_bundle(notes, each)]
        await notes.write()
        return refused

    async def _learn_list(self, notes: Notebook, fetched: FetchedList) -> None:
        profile = PROFILES[fetched.namespace]
        try:
            ids = [] if fetched.element is None else profile.parse_device_list(fetched.element)
        except Unreadable:
            return
        known = await self._lists(notes, fetched.jid)
        known[profile.version] = [each for each in dict.fromkeys(ids) if each]
        notes.put(f"account/{fetched.jid}", orjson.dumps(known))

    async def _learn_bundle(self, notes: Notebook, fetched: FetchedBundle) -> bool:
        profile, now, device = PROFILES[fetched.namespace], self._now(), fetched.device
        try:
            found = None if fetched.element is None else profile.parse_bundle(fetched.element)
        except Unreadable:
            found = None
        record = Fetched(now)
        if found is not None:
            one = random.SystemRandom().choice(found.prekeys)
            record = Fetched(now, found.identity, found.ed_identity, found.signed_prekey, one)
            await self._pin(notes, device, found.identity.hex())
        notes.put(device.key("bundle", profile.version), encode_fetched(record))
        return found is not None

    async def _pin(self, notes: Notebook, device: Device, fingerprint: str) -> None:
        known = await notes.get(device.key("device"))
        before, heard_at = orjson.loads(known) if known else ("", 0.0)
        if before == fingerprint:
            return
        if before:  # the device was set up anew, or somebody pretends: old sessions end either way
            for version in _VERSIONS:
                notes.delete(device.key("session", version))
        notes.put(device.key("device"), orjson.dumps([fingerprint, heard_at]))

    async def acquainted(self, uow: UnitOfWork, jid: str) -> list[str]:
        """The numbers that know devices of somebody: each has to `learn` a new list of theirs."""
        return await owners_of(uow, f"account/{jid}")

    async def fingerprint(self, uow: UnitOfWork, owner: str, device: Device) -> str | None:
        """The pinned key of a device, Curve25519 form in hexadecimal."""
        known = await self._notes(uow, owner).get(device.key("device"))
        return orjson.loads(known)[0] if known else None

    async def _lists(self, notes: Notebook, jid: str) -> dict[Version, list[int]]:
        data = await notes.get(f"account/{jid}")
        found: dict[Version, list[int]] = orjson.loads(data) if data else {}
        return found

    async def missing(self, uow: UnitOfWork, owner: str, people: Sequence[str]) -> Missing:
        """What to fetch before a message to these people can be sealed for all their devices."""
        notes = self._notes(uow, owner)
        sessions = await self._sessions(notes)
        routes = await self._routes(notes, sessions, people)
        lists = []
        for jid in people:
            known = await self._lists(notes, jid)
            lists += [(jid, _BY_VERSION[version].namespace) for version in _VERSIONS if version not in known]
        return Missing(
            lists,
            [
                (route.device, _BY_VERSION[route.version].namespace)
                for of_person in routes.values()
                for route in of_person
                if route.way == "fetch"
            ],
        )

    async def _routes(
        self, notes: Notebook, sessions: Mapping[Version, Sessions], people: Sequence[str]
    ) -> dict[str, list[_Route]]:
        await notes.prefetch(f"account/{jid}" for jid in people)
        listed: dict[str, dict[Device, list[Version]]] = {}
        for jid in people:
            devices: dict[Device, list[Version]] = {}
            lists = await self._lists(notes, jid)
            for version in _VERSIONS:
                for device_id in lists.get(version, ()):
                    devices.setdefault(Device(jid, device_id), []).append(version)
            listed[jid] = devices
        await notes.prefetch(
            key
            for devices in listed.values()
            for device, versions in devices.items()
            for version in versions
            for key in sessions[version].keys_for(device)
        )
        return {
            jid: [await self._route(sessions, device, versions) for device, versions in devices.items()]
            for jid, devices in listed.items()
        }

    async def _route(self, sessions: Mapping[Version, Sessions], device: Device, versions: Sequence[Version]) -> _Route:
        """The newer protocol where the device speaks it, unless its bundle there is unusable."""
        first: _Route | None = None
        for version in versions:
            route = _Route(device, version, await self._way(sessions[version], device))
            if route.way != "refused":
                return route
            first = first or route
        assert first is not None
        return first

    async def _way(self, sessions: Sessions, device: Device) -> Literal["session", "bundle", "fetch", "refused"]:
        has_session = await sessions.load(device)
        debt = await sessions.owed(device)
        if has_session and not (debt and debt.why == "healing"):
            return "session"
        fetched, now = await sessions.fetched(device), self._now()
        if fetched and fetched.usable and now - fetched.at < _BUNDLE_AGE:
            return "bundle"
        if fetched and not fetched.usable and now - fetched.at < _REFUSED_AGE:
            return "session" if has_session else "refused"
        return "fetch"

    # ------------------------------------------------------------------------------------------------------- messages

    async def seal(self, uow: UnitOfWork, owner: str, messages: Sequence[Outgoing]) -> list[Sealed]:
        """Seal many messages of one number, in order."""
        await uow.alone(turn(owner))
        notes = self._notes(uow, owner)
        await notes.prefetch(("self", *(f"account/{message.to}" for message in messages)))
        sessions = await self._sessions(notes)
        _, own_id = await self._self(notes)
        routes = await self._routes(
            notes, sessions, list(dict.fromkeys(one for message in messages for one in message.readers))
        )
        now = self._clock.now()
        sealed = []
        for message in messages:
            is_known = all([await self._lists(notes, one) for one in message.readers])
            ways = [way for one in message.readers for way in routes[one]]
            sealed.append(await self._seal(owner, own_id, sessions, ways, message, is_known, now))
        await self._write(notes, sessions)
        return sealed

    async def _seal(
        self,
        owner: str,
        own_id: int,
        sessions: Mapping[Version, Sessions],
        routes: Sequence[_Route],
        message: Outgoing,
        is_known: bool,
        now: datetime,
    ) -> Sealed:
        elements, missed, count = [], [], 0
        for version in _VERSIONS:
            to = [route.device for route in routes if route.version == version]
            if not to or (version == "v03" and message.body is None):
                continue
            profile = _BY_VERSION[version]
            if version == "v2":
                plain = seal_envelope(message.content, owner, message.to, now)
            else:
                plain = (message.body or "").encode()
            payload = profile.seal_payload(plain)
            keys, without = await self._keys(sessions[version], to, payload)
            missed += without
            if keys:
                elements.append(profile.encrypted(own_id, keys, payload))
                count += len(keys)
        return Sealed(elements, count, len(routes), missed, is_known)

    async def _keys(
        self, sessions: Sessions, to: Sequence[Device], payload: SealedPayload
    ) -> tuple[list[Addressed], list[Device]]:
        keys, missed = [], []
        for device in to:
            try:
                key = await sessions.seal(device, payload.key)
            except Unreadable:  # a bundle whose keys are of small order
                key = None
            if key is None:
                missed.append(device)
            else:
                keys.append(Addressed(device.jid, device.device_id, key))
        return keys, missed

    async def seal_empty(self, uow: UnitOfWork, owner: str, device: Device, namespace: str) -> Element | None:
        """A message without content: completes a key exchange, turns a ratchet, repairs a session. None: no bundle."""
        await uow.alone(turn(owner))
        notes = self._notes(uow, owner)
        profile = PROFILES[namespace]
        _, own_id = await self._self(notes)
        payload = profile.empty_payload()
        sessions = (await self._sessions(notes))[profile.version]
        keys, _ = await self._keys(sessions, [device], payload)
        await self._write(notes, {profile.version: sessions})
        return profile.encrypted(own_id, keys, payload) if keys else None

    async def debts(self, uow: UnitOfWork, owner: str) -> list[Debt]:
        """Empty messages that have to be sent, also after a restart."""
        found = []
        for key, why in await self._notes(uow, owner).scan("owed/"):
            _, jid, device_id, version = key.split("/")
            known: Version = "v2" if version == "v2" else "v03"
            found.append(Debt(Device(jid, int(device_id)), known, orjson.loads(why)))
        return found

    async def open(self, uow: UnitOfWork, owner: str, messages: Sequence[Incoming]) -> list[Read | NotRead]:
        """Read many messages to one number, in order. One that cannot be read leaves the others alone."""
        await uow.alone(turn(owner))
        notes = self._notes(uow, owner)
        await notes.prefetch(("self", "last", *(f"account/{message.sender}" for message in messages)))
        sessions = await self._sessions(notes)
        outcomes = [await self._read(notes, owner, sessions, message) for message in messages]
        await self._write(notes, sessions)
        return outcomes

    async def _read(
        self, notes: Notebook, owner: str, sessions: Mapping[Version, Sessions], message: Incoming
    ) -> Read | NotRead:
        if message.id and (again := await self._read_before(notes, message)):
            return again
        failure: NotRead | None = None
        for namespace, profile in PROFILES.items():
            for element in message.elements:
                if element.tag != f"{{{namespace}}}encrypted":
                    continue
                outcome = await self._read_element(notes, owner, sessions[profile.version], message, element)
                if isinstance(outcome, Read):
                    if message.id:
                        self._remember(notes, message, outcome)
                    return outcome
                if failure is None or failure.reason == "not-for-this-device":
                    failure = outcome
        return failure or NotRead(None, "malformed", False)

    def _remember(self, notes: Notebook, message: Incoming, read: Read) -> None:
        content = [serialize(each, default_ns="").decode() for each in read.content]
        device = read.sender.device_id
        notes.put("last", orjson.dumps([message.sender, message.id, device, read.namespace, content]))

    async def _read_before(self, notes: Notebook, message: Incoming) -> Read | None:
        data = await notes.get("last")
        if data is None:
            return None
        sender, key, device_id, namespace, content = orjson.loads(data)
        if (sender, key) != (message.sender, message.id):
            return None
        return Read(Device(sender, device_id), namespace, [parse(each.encode()) for each in content], False, False)

    async def _read_element(
        self, notes: Notebook, owner: str, sessions: Sessions, message: Incoming, element: Element
    ) -> Read | NotRead:
        sender: Device | None = None
        profile = sessions.profile
        try:
            _, own_id = await self._self(notes)
            encrypted = profile.parse_encrypted(element, owner, own_id)
            sender = Device(message.sender, encrypted.sender_id)
            if sender == Device(owner, own_id):
                return NotRead(sender, "own-message", False)
            if not encrypted.keys:
                return NotRead(sender, "not-for-this-device", False)
            opened = await self._open_key(sessions, sender, encrypted)
            # The content is verified as well before anything moves: a damaged copy must not use up a key.
            content = self._content(owner, message.sender, profile, encrypted, opened)
        except Unreadable as problem:
            if sender is None:
                return NotRead(None, problem.reason, False)
            lists = await self._lists(notes, sender.jid)
            listed = frozenset(each for ids in lists.values() for each in ids)
            healing = await sessions.consider_repair(sender, problem.reason, message.sent_at, listed)
            return NotRead(sender, problem.reason, healing)
        owes = opened.commit()
        await sessions.repaired(sender)
        if owes:
            sessions.owe(sender, owes)
        await self._heard(notes, sessions, sender, message.sent_at)
        publish = owes == "key-exchange"
        return Read(sender, profile.namespace, content, owes is not None, publish)

    async def _open_key(self, sessions: Sessions, sender: Device, encrypted: EncryptedElement) -> Opened:
        first: Unreadable | None = None
        for key in encrypted.keys:
            try:
                return await sessions.open(sender, key)
            except Unreadable as problem:
                first = first or problem
        assert first is not None
        raise first

    def _content(
        self, owner: str, sender: str, profile: Profile, encrypted: EncryptedElement, opened: Opened
    ) -> Sequence[Element]:
        if encrypted.payload is None:
            return ()
        plain = profile.open_payload(opened.plaintext, encrypted)
        if profile.namespace == OMEMO2:
            return open_envelope(plain, own=owner, sender=sender).content
        try:
            return (E(_BODY, None, plain.decode()),)
        except UnicodeDecodeError:
            raise Unreadable("bad-payload", "the body is not UTF-8") from None

    async def _heard(self, notes: Notebook, sessions: Sessions, sender: Device, sent_at: float | None) -> None:
        known = await notes.get(sender.key("device"))
        if known is None:
            return
        fingerprint, heard_at = orjson.loads(known)
        # A stamp in the future would keep broken sessions from healing.
        now = self._now()
        heard = now if sent_at is None else min(sent_at, now)
        sessions.pin(sender, Known(fingerprint, max(heard_at, heard)))
