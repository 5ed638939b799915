"""Sessions with other devices: finding or making the right one for a message, keeping them, and repairing them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import orjson

from plauder.business.encryption import own as own_keys
from plauder.business.encryption import ratchet
from plauder.business.encryption.errors import Reason, Unreadable
from plauder.business.encryption.keys import Identity
from plauder.business.encryption.profile import Exchange, Profile, RatchetMessage, SealedKey
from plauder.business.encryption.ratchet import Session
from plauder.business.encryption.records import (
    Debt,
    Device,
    Fetched,
    Known,
    Own,
    Repair,
    Why,
    decode_fetched,
    decode_own,
    decode_sessions,
    encode_own,
    encode_sessions,
)
from plauder.business.encryption.store import Notebook

_MAX_ARCHIVED: Final = 4
_ARCHIVE_AGE: Final = 30 * 24 * 3600.0
_FIRST_PAUSE: Final = 60.0
_PAUSE_FACTOR: Final = 4
_LONGEST_PAUSE: Final = 24 * 3600.0
_CURABLE: Final[frozenset[Reason]] = frozenset(("no-session", "unknown-prekey", "bad-mac", "too-far-ahead"))


@dataclass(frozen=True, slots=True)
class Opened:
    """A key that was read. Nothing is written before `commit`, which returns the empty message that is then owed."""

    plaintext: bytes
    commit: Callable[[], Why | None]


class Sessions:
    """Of one hosted device in one version, within one operation."""

    def __init__(self, profile: Profile, identity: Identity, device_id: int, notes: Notebook, now: float) -> None:
        self.profile = profile
        self._identity = identity
        self._device_id = device_id
        self._notes = notes
        self._now = now
        self._loaded: dict[Device, tuple[Session, ...]] = {}
        self._changed: set[Device] = set()

    # ------------------------------------------------------------------------------------------------------ records

    def keys_for(self, device: Device) -> tuple[str, ...]:
        """Records that sealing for this device may need: prefetch them for all devices at once."""
        version = self.profile.version
        return device.key("session", version), device.key("owed", version), device.key("bundle", version)

    async def load(self, device: Device) -> tuple[Session, ...]:
        """The current session first, earlier ones after it."""
        if device not in self._loaded:
            data = await self._notes.get(device.key("session", self.profile.version))
            self._loaded[device] = decode_sessions(data) if data else ()
        return self._loaded[device]

    def _store(self, device: Device, sessions: tuple[Session, ...]) -> None:
        current, archived = sessions[0], sessions[1:]
        young = [session for session in archived if self._now - session.created_at < _ARCHIVE_AGE][:_MAX_ARCHIVED]
        self._loaded[device] = (current, *young)
        self._changed.add(device)

    def flush(self) -> None:
        """Hand the changed sessions to the notebook, each once however many messages moved it."""
        for device in self._changed:
            self._notes.put(device.key("session", self.profile.version), encode_sessions(self._loaded[device]))
        self._changed.clear()

    async def owed(self, device: Device) -> Debt | None:
        data = await self._notes.get(device.key("owed", self.profile.version))
        return Debt(device, self.profile.version, orjson.loads(data)) if data else None

    def owe(self, device: Device, why: Why) -> None:
        self._notes.put(device.key("owed", self.profile.version), orjson.dumps(why))

    async def fetched(self, device: Device) -> Fetched | None:
        data = await self._notes.get(device.key("bundle", self.profile.version))
        return decode_fetched(data) if data else None

    async def own(self) -> Own:
        data = await self._notes.get(f"own/{self.profile.version}")
        if data is None:
            raise RuntimeError("the number has no device yet")
        return decode_own(data)

    def store_own(self, own: Own) -> None:
        self._notes.put(f"own/{self.profile.version}", encode_own(own))

    # ------------------------------------------------------------------------------------------------------ sending

    async def seal(self, device: Device, plain: bytes) -> SealedKey | None:
        """Over the session, or over a new one from the bundle. None: there is neither."""
        sessions, debt = await self.load(device), await self.owed(device)
        if not sessions or (debt and debt.why == "healing"):
            fetched = await self.fetched(device)
            if fetched is not None and fetched.usable:
                sessions = (self._open(device, fetched), *sessions)
            elif not sessions or fetched is None:
                return None
        current, message = ratchet.encrypt(self.profile, sessions[0], plain)
        self._store(device, (current, *sessions[1:]))
        if debt:
            self._notes.delete(device.key("owed", self.profile.version))
        if current.unconfirmed is None:
            return SealedKey(False, message)
        exchange = Exchange(*current.unconfirmed, current.own_identity, current.ephemeral, message)
        return SealedKey(True, self.profile.encode_exchange(exchange, self._device_id))

    def _open(self, device: Device, fetched: Fetched) -> Session:
        self._notes.delete(device.key("bundle", self.profile.version))  # a one-time prekey is good for one session
        theirs = (fetched.identity, fetched.ed_identity)
        return ratchet.open_session(
            self.profile, self._identity, theirs, fetched.signed_prekey, fetched.prekey, self._now
        )

    # ---------------------------------------------------------------------------------------------------- receiving

    async def open(self, device: Device, key: SealedKey) -> Opened:
        """Raises `Unreadable`."""
        sessions = await self.load(device)
        if not key.is_exchange:
            return self._open_on_known(device, sessions, self.profile.parse_message(key.data))
        exchange = self.profile.parse_exchange(key.data)
        message = self.profile.parse_message(exchange.message)
        for session in sessions:
            if session.ephemeral == exchange.ephemeral:  # XEP-0384 §4.3: the same session
                return self._open_on(device, sessions, session, message)
        return await self._accept(device, sessions, exchange, message)

    def _open_on_known(self, device: Device, sessions: tuple[Session, ...], message: RatchetMessage) -> Opened:
        """The session that knows the chain, or else the first that authenticates, latest first."""
        if not sessions:
            raise Unreadable("no-session", "there is no session with this device")
        for session in sessions:
            if ratchet.knows(session, message.header):
                return self._open_on(device, sessions, session, message)
        first: Unreadable | None = None
        for session in sessions:
            try:
                return self._open_on(device, sessions, session, message)
            except Unreadable as problem:
                first = first or problem
        assert first is not None
        raise first

    def _open_on(
        self, device: Device, sessions: tuple[Session, ...], session: Session, message: RatchetMessage
    ) -> Opened:
        after, plaintext, late = ratchet.decrypt(self.profile, session, message, self._now)
        beat = not late and not after.heartbeat and message.header.n >= ratchet.HEARTBEAT
        if beat:
            after = replace(after, heartbeat=True)

        def commit() -> Why | None:
            if late:
                changed = tuple(after if each is session else each for each in sessions)
            else:
                changed = (after, *(each for each in sessions if each is not session))
            self._store(device, changed)
            return "heartbeat" if beat else None

        return Opened(plaintext, commit)

    async def _accept(
        self, device: Device, sessions: tuple[Session, ...], exchange: Exchange, message: RatchetMessage
    ) -> Opened:
        """A new key exchange replaces the session with this device."""
        own = await self.own()
        pairs = own_keys.signed_prekey(own, exchange.signed_prekey_id), own_keys.prekey(own, exchange.prekey_id)
        accepted = ratchet.accept_session(self.profile, self._identity, exchange, *pairs, self._now)
        after, plaintext, _ = ratchet.decrypt(self.profile, accepted, message, self._now)
        fingerprint = self.profile.identity_point(exchange.identity).hex()
        known = await self._notes.get(device.key("device"))

        def commit() -> Why | None:
            changed = known is not None and orjson.loads(known)[0] != fingerprint
            self._store(device, (after, *(() if changed else sessions)))
            self.pin(device, Known(fingerprint, self._now))
            self.store_own(own_keys.take(own, exchange.prekey_id))
            return "key-exchange"

        return Opened(plaintext, commit)

    def pin(self, device: Device, known: Known) -> None:
        self._notes.put(device.key("device"), orjson.dumps([known.fingerprint, known.heard_at]))

    # ------------------------------------------------------------------------------------------------------- repair

    async def consider_repair(
        self, device: Device, reason: Reason, sent_at: float | None, listed: frozenset[int]
    ) -> bool:
        """Whether a new session is on its way. After growing pauses, for listed devices, and not for old messages."""
        if reason not in _CURABLE or device.device_id not in listed:
            return False
        known = await self._notes.get(device.key("device"))
        if sent_at is not None and known is not None and sent_at < orjson.loads(known)[1]:
            return False
        key = device.key("repair", self.profile.version)
        data = await self._notes.get(key)
        state = Repair(*orjson.loads(data)) if data else Repair(0, 0.0)
        if self._now < state.not_before:
            return True
        pause = min(_FIRST_PAUSE * _PAUSE_FACTOR**state.attempts, _LONGEST_PAUSE)
        self._notes.put(key, orjson.dumps([state.attempts + 1, self._now + pause]))
        self._notes.delete(device.key("bundle", self.profile.version))
        self.owe(device, "healing")
        return True

    async def repaired(self, device: Device) -> None:
        """A message was read: whatever was broken is whole."""
        key = device.key("repair", self.profile.version)
        if await self._notes.get(key):
            self._notes.delete(key)
        debt = await self.owed(device)
        if debt and debt.why == "healing":
            self._notes.delete(device.key("owed", self.profile.version))
