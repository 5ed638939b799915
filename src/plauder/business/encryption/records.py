"""What is kept for a hosted device, and its spelling: JSON with bytes as base64.

Keys are paths below the number that owns them; JIDs are bare and hold no slash.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from plauder.business.encryption.keys import KeyPair
from plauder.business.encryption.profile import AXOLOTL, OMEMO2, PublicKey, Version
from plauder.business.encryption.ratchet import Chain, Session, Skipped

Why = Literal["key-exchange", "heartbeat", "healing"]


@dataclass(frozen=True, slots=True)
class Device:
    """Of somebody: bare JID and device id."""

    jid: str
    device_id: int

    def key(self, kind: str, version: Version | None = None) -> str:
        return f"{kind}/{self.jid}/{self.device_id}" + (f"/{version}" if version else "")


@dataclass(frozen=True, slots=True)
class SignedPreKey:
    id: int
    pair: KeyPair
    signature: bytes
    created_at: float
    retired_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Own:
    """Own keys of one version. `revision` counts changes of the published part."""

    signed_prekey: SignedPreKey
    retired: tuple[SignedPreKey, ...]
    prekeys: dict[int, KeyPair]
    next_id: int
    revision: int
    published: int


@dataclass(frozen=True, slots=True)
class Known:
    """Another device: its pinned key and when it was last heard (epoch seconds)."""

    fingerprint: str
    heard_at: float


@dataclass(frozen=True, slots=True)
class Fetched:
    """A bundle of which one prekey was picked, or the news that there is no usable one."""

    at: float
    identity: bytes = b""
    ed_identity: bytes = b""
    signed_prekey: PublicKey = field(default_factory=lambda: PublicKey(0, b""))
    prekey: PublicKey = field(default_factory=lambda: PublicKey(0, b""))

    @property
    def usable(self) -> bool:
        return bool(self.identity)


@dataclass(frozen=True, slots=True)
class Debt:
    """An empty message that has to be sent."""

    device: Device
    version: Version
    why: Why

    @property
    def namespace(self) -> str:
        return OMEMO2 if self.version == "v2" else AXOLOTL


@dataclass(frozen=True, slots=True)
class Repair:
    """How often a broken session was made anew, and when it may be tried again (epoch seconds)."""

    attempts: int
    not_before: float


# --------------------------------------------------------------------------------------------------------- spelling


def _b(data: bytes) -> str:
    return b64encode(data).decode()


def _pair(pair: KeyPair) -> list[str]:
    return [_b(pair.secret), _b(pair.public)]


def _unpair(spelt: list[str]) -> KeyPair:
    return KeyPair(b64decode(spelt[0]), b64decode(spelt[1]))


def encode_sessions(sessions: tuple[Session, ...]) -> bytes:
    """The current session first, earlier ones after it."""
    return orjson.dumps([_session(session) for session in sessions])


def decode_sessions(data: bytes) -> tuple[Session, ...]:
    return tuple(_unsession(spelt) for spelt in orjson.loads(data))


def _chain(chain: Chain | None) -> list[Any] | None:
    return None if chain is None else [_b(chain.key), chain.n]


def _unchain(spelt: list[Any] | None) -> Chain | None:
    return None if spelt is None else Chain(b64decode(spelt[0]), spelt[1])


def _session(session: Session) -> list[Any]:
    return [
        session.initiated,
        _b(session.own_identity),
        _b(session.their_identity),
        _b(session.ephemeral),
        session.unconfirmed,
        session.created_at,
        _b(session.root),
        _pair(session.own),
        None if session.their is None else _b(session.their),
        _chain(session.sending),
        _chain(session.receiving),
        session.previous,
        [[_b(key.ratchet_key), key.n, _b(key.key), key.at] for key in session.skipped],
        [_b(past) for past in session.past],
        session.heartbeat,
    ]


def _unsession(spelt: list[Any]) -> Session:
    return Session(
        initiated=spelt[0],
        own_identity=b64decode(spelt[1]),
        their_identity=b64decode(spelt[2]),
        ephemeral=b64decode(spelt[3]),
        unconfirmed=None if spelt[4] is None else (spelt[4][0], spelt[4][1]),
        created_at=spelt[5],
        root=b64decode(spelt[6]),
        own=_unpair(spelt[7]),
        their=None if spelt[8] is None else b64decode(spelt[8]),
        sending=_unchain(spelt[9]),
        receiving=_unchain(spelt[10]),
        previous=spelt[11],
        skipped=tuple(Skipped(b64decode(key[0]), key[1], b64decode(key[2]), key[3]) for key in spelt[12]),
        past=tuple(b64decode(past) for past in spelt[13]),
        heartbeat=spelt[14],
    )


def encode_own(own: Own) -> bytes:
    def signed(key: SignedPreKey) -> list[Any]:
        return [key.id, _pair(key.pair), _b(key.signature), key.created_at, key.retired_at]

    prekeys = [[each, *_pair(pair)] for each, pair in own.prekeys.items()]
    retired = [signed(key) for key in own.retired]
    return orjson.dumps([signed(own.signed_prekey), retired, prekeys, own.next_id, own.revision, own.published])


def decode_own(data: bytes) -> Own:
    def signed(spelt: list[Any]) -> SignedPreKey:
        return SignedPreKey(spelt[0], _unpair(spelt[1]), b64decode(spelt[2]), spelt[3], spelt[4])

    current, retired, prekeys, next_id, revision, published = orjson.loads(data)
    pairs = {each: _unpair(pair) for each, *pair in prekeys}
    return Own(signed(current), tuple(signed(key) for key in retired), pairs, next_id, revision, published)


def encode_fetched(fetched: Fetched) -> bytes:
    keys = [fetched.signed_prekey, fetched.prekey]
    spelt = [[key.id, _b(key.public)] for key in keys]
    return orjson.dumps([fetched.at, _b(fetched.identity), _b(fetched.ed_identity), *spelt])


def decode_fetched(data: bytes) -> Fetched:
    at, identity, ed_identity, signed, one = orjson.loads(data)
    keys = [PublicKey(key[0], b64decode(key[1])) for key in (signed, one)]
    return Fetched(at, b64decode(identity), b64decode(ed_identity), *keys)
