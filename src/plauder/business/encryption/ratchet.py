"""X3DH and the Double Ratchet as pure steps: a session goes in, a new one comes out, nothing changes in place.

So "commit only after the MAC verified" is: keep the new session only when `decrypt` returned. A message may jump at
most `MAX_JUMP` ahead, `MAX_SKIPPED` keys are kept in all, none longer than `SKIPPED_AGE`.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from plauder.business.encryption.errors import Unreadable
from plauder.business.encryption.keys import (
    ZEROS,
    Identity,
    KeyPair,
    agree,
    cbc_decrypt,
    cbc_encrypt,
    derive,
    generate,
    mac,
)
from plauder.business.encryption.profile import Exchange, Header, Profile, PublicKey, RatchetMessage

MAX_JUMP: Final = 1000
MAX_SKIPPED: Final = 1000
SKIPPED_AGE: Final = 30 * 24 * 3600.0
"""Seconds."""
HEARTBEAT: Final = 53
"""XEP-0384 §6: the first message of a chain at or beyond this number is answered with an empty one."""
_MAX_PAST: Final = 32
_PAST_BYTES: Final = 8
_F: Final = b"\xff" * 32
"""X3DH §2.2."""


@dataclass(frozen=True, slots=True)
class Chain:
    key: bytes
    n: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """The key of a message that has not come yet, put aside at `at` (epoch seconds)."""

    ratchet_key: bytes
    n: int
    key: bytes
    at: float


@dataclass(frozen=True, slots=True)
class Session:
    """With one device in one protocol version. Identities as spelled on the wire."""

    initiated: bool
    own_identity: bytes
    their_identity: bytes
    ephemeral: bytes
    """Of the key exchange that made this session: names it."""
    unconfirmed: tuple[int, int] | None
    """Prekey and signed prekey ids, sent along until the first answer."""
    created_at: float
    root: bytes
    own: KeyPair
    their: bytes | None
    sending: Chain | None
    receiving: Chain | None
    previous: int
    skipped: Sequence[Skipped]
    past: Sequence[bytes]
    """Beginnings of the ratchet keys of finished receiving chains, to tell a late copy from a broken session."""
    heartbeat: bool


# --------------------------------------------------------------------------------------------------------------- X3DH


def open_session(
    profile: Profile,
    identity: Identity,
    theirs: tuple[bytes, bytes],
    signed_prekey: PublicKey,
    prekey: PublicKey,
    now: float,
) -> Session:
    """The side that opens. `theirs` is the identity in Curve25519 and Ed25519 form."""
    ephemeral = generate()
    shared = (
        agree(identity.secret, signed_prekey.public)
        + agree(ephemeral.secret, theirs[0])
        + agree(ephemeral.secret, signed_prekey.public)
        + agree(ephemeral.secret, prekey.public)
    )
    own = generate()
    secret = derive(_F + shared, ZEROS, profile.exchange_label, 32)
    root, key = _step_root(profile, secret, agree(own.secret, signed_prekey.public))
    return Session(
        initiated=True,
        own_identity=profile.wire_identity(identity.public, identity.ed_public),
        their_identity=profile.wire_identity(*theirs),
        ephemeral=ephemeral.public,
        unconfirmed=(prekey.id, signed_prekey.id),
        created_at=now,
        root=root,
        own=own,
        their=signed_prekey.public,
        sending=Chain(key, 0),
        receiving=None,
        previous=0,
        skipped=(),
        past=(),
        heartbeat=False,
    )


def accept_session(
    profile: Profile, identity: Identity, exchange: Exchange, signed_prekey: KeyPair, prekey: KeyPair, now: float
) -> Session:
    """The other side; its chains begin with the first message."""
    point = profile.identity_point(exchange.identity)
    shared = (
        agree(signed_prekey.secret, point)
        + agree(identity.secret, exchange.ephemeral)
        + agree(signed_prekey.secret, exchange.ephemeral)
        + agree(prekey.secret, exchange.ephemeral)
    )
    return Session(
        initiated=False,
        own_identity=profile.wire_identity(identity.public, identity.ed_public),
        their_identity=exchange.identity,
        ephemeral=exchange.ephemeral,
        unconfirmed=None,
        created_at=now,
        root=derive(_F + shared, ZEROS, profile.exchange_label, 32),
        own=signed_prekey,
        their=None,
        sending=None,
        receiving=None,
        previous=0,
        skipped=(),
        past=(),
        heartbeat=False,
    )


# ----------------------------------------------------------------------------------------------------- Double Ratchet


def encrypt(profile: Profile, session: Session, plain: bytes) -> tuple[Session, bytes]:
    """The session after the message, and the message, framed."""
    if session.sending is None:
        raise RuntimeError("the responder sends after it has received")
    message_key, following = _step_chain(session.sending)
    encryption, authentication, iv = _message_keys(profile, message_key)
    header = Header(session.sending.n, session.previous, session.own.public)
    signed = profile.encode_message(header, cbc_encrypt(encryption, iv, plain))
    tag = _tag(profile, session, authentication, signed, sending=True)
    return replace(session, sending=following), profile.frame(signed, tag)


def knows(session: Session, header: Header) -> bool:
    """Whether the message belongs to a chain of this session, current or finished."""
    return session.their == header.ratchet_key or header.ratchet_key[:_PAST_BYTES] in session.past


def decrypt(profile: Profile, session: Session, message: RatchetMessage, now: float) -> tuple[Session, bytes, bool]:
    """The session after the message, the plaintext, and whether it came late (out of order).

    Raises `Unreadable`: `replay` when its key was used before, `too-far-ahead`, `bad-mac` for all not authentic.
    """
    header = message.header
    for at, kept in enumerate(session.skipped):
        if kept.n == header.n and kept.ratchet_key == header.ratchet_key:
            plain = _verify_and_open(profile, session, kept.key, message)
            rest = (*session.skipped[:at], *session.skipped[at + 1 :])
            return replace(session, skipped=rest, unconfirmed=None), plain, True
    if header.ratchet_key[:_PAST_BYTES] in session.past and header.ratchet_key != session.their:
        raise Unreadable("replay", "the chain of this message is finished")
    stepped = _on_chain_of(profile, session, header, now)
    chain = stepped.receiving
    assert chain is not None
    if header.n < chain.n:
        raise Unreadable("replay", "the key of this message was used before")
    skipped, chain = _skip(chain, header.n, header.ratchet_key, now)
    message_key, following = _step_chain(chain)
    plain = _verify_and_open(profile, stepped, message_key, message)
    kept_keys = _keep((*stepped.skipped, *skipped), now)
    return replace(stepped, receiving=following, skipped=kept_keys, unconfirmed=None), plain, False


def _on_chain_of(profile: Profile, session: Session, header: Header, now: float) -> Session:
    """The session with its receiving chain at the sender's ratchet key: a Diffie-Hellman step if the key is new."""
    if session.receiving is not None and session.their == header.ratchet_key:
        return session
    skipped, past = session.skipped, session.past
    if session.receiving is not None and session.their is not None:
        past = (*past, session.their[:_PAST_BYTES])[-_MAX_PAST:]
        missing = header.pn + profile.pn_slack
        if missing > session.receiving.n:
            skipped = (*skipped, *_skip(session.receiving, missing, session.their, now)[0])
    receiving_root, receiving = _step_root(profile, session.root, agree(session.own.secret, header.ratchet_key))
    own = generate()
    root, sending = _step_root(profile, receiving_root, agree(own.secret, header.ratchet_key))
    return replace(
        session,
        root=root,
        own=own,
        their=header.ratchet_key,
        sending=Chain(sending, 0),
        receiving=Chain(receiving, 0),
        previous=session.sending.n if session.sending else 0,
        skipped=skipped,
        past=past,
        heartbeat=False,
    )


def _skip(chain: Chain, n: int, ratchet_key: bytes, now: float) -> tuple[list[Skipped], Chain]:
    """Keys of the messages from the chain's next up to, not including, `n`."""
    if n - chain.n > MAX_JUMP:
        raise Unreadable("too-far-ahead", f"{n - chain.n} messages are missing")
    skipped = []
    while chain.n < n:
        at = chain.n
        message_key, chain = _step_chain(chain)
        skipped.append(Skipped(ratchet_key, at, message_key, now))
    return skipped, chain


def _keep(skipped: Sequence[Skipped], now: float) -> Sequence[Skipped]:
    return [key for key in skipped if now - key.at < SKIPPED_AGE][-MAX_SKIPPED:]


def _verify_and_open(profile: Profile, session: Session, message_key: bytes, message: RatchetMessage) -> bytes:
    encryption, authentication, iv = _message_keys(profile, message_key)
    tag = _tag(profile, session, authentication, message.signed, sending=False)
    if not hmac.compare_digest(tag, message.mac):
        raise Unreadable("bad-mac", "the message does not authenticate")
    plain = cbc_decrypt(encryption, iv, message.ciphertext)
    if plain is None:
        raise Unreadable("bad-mac", "the message is badly padded")
    return plain


def _tag(profile: Profile, session: Session, key: bytes, signed: bytes, *, sending: bool) -> bytes:
    data = profile.associated_data(
        session.own_identity, session.their_identity, initiated=session.initiated, sending=sending
    )
    return mac(key, data + signed)[: profile.mac_length]


def _step_root(profile: Profile, root: bytes, shared: bytes) -> tuple[bytes, bytes]:
    """KDF_RK: next root key and chain key."""
    derived = derive(shared, root, profile.root_label, 64)
    return derived[:32], derived[32:]


def _step_chain(chain: Chain) -> tuple[bytes, Chain]:
    """KDF_CK: message key and next chain key."""
    return mac(chain.key, b"\x01"), Chain(mac(chain.key, b"\x02"), chain.n + 1)


def _message_keys(profile: Profile, message_key: bytes) -> tuple[bytes, bytes, bytes]:
    derived = derive(message_key, ZEROS, profile.message_label, 80)
    return derived[:32], derived[32:64], derived[64:]
