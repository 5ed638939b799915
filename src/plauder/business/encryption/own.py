"""A hosted device's own keys: 100 prekeys, a signed prekey that changes weekly, and the bundles made of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from xml.etree.ElementTree import Element

from plauder.business.encryption.errors import Unreadable
from plauder.business.encryption.keys import Identity, KeyPair, generate
from plauder.business.encryption.profile import Profile, PublicKey
from plauder.business.encryption.records import Own, SignedPreKey

PREKEYS: Final = 100
ROTATION: Final = 7 * 24 * 3600.0
"""Seconds; a retired signed prekey is honoured as long again."""
_MAX_ID: Final = 0xFFFFFF


def _following(key_id: int) -> int:
    return 1 if key_id >= _MAX_ID else key_id + 1


def create(profile: Profile, identity: Identity, now: float) -> Own:
    return refill(Own(_signed(profile, identity, 1, now), (), {}, 1, 0, 0))


def _signed(profile: Profile, identity: Identity, key_id: int, now: float) -> SignedPreKey:
    pair = generate()
    return SignedPreKey(key_id, pair, profile.sign_prekey(identity, pair), now)


def refill(own: Own) -> Own:
    """Back to `PREKEYS`."""
    if len(own.prekeys) >= PREKEYS:
        return own
    prekeys, key_id = dict(own.prekeys), own.next_id
    while len(prekeys) < PREKEYS:
        if key_id not in prekeys:
            prekeys[key_id] = generate()
        key_id = _following(key_id)
    return replace(own, prekeys=prekeys, next_id=key_id, revision=own.revision + 1)


def take(own: Own, key_id: int) -> Own:
    """A key exchange has used this prekey: it goes, another takes its place."""
    return refill(replace(own, prekeys={each: pair for each, pair in own.prekeys.items() if each != key_id}))


def rotate(profile: Profile, identity: Identity, own: Own, now: float) -> Own:
    retired = tuple(key for key in own.retired if now - key.retired_at < ROTATION)
    if now - own.signed_prekey.created_at < ROTATION:
        return own if len(retired) == len(own.retired) else replace(own, retired=retired)
    old = replace(own.signed_prekey, retired_at=now)
    fresh = _signed(profile, identity, _following(old.id), now)
    return replace(own, signed_prekey=fresh, retired=(old, *retired), revision=own.revision + 1)


def signed_prekey(own: Own, key_id: int) -> KeyPair:
    for key in (own.signed_prekey, *own.retired):
        if key.id == key_id:
            return key.pair
    raise Unreadable("unknown-prekey", f"signed prekey {key_id} is gone")


def prekey(own: Own, key_id: int) -> KeyPair:
    found = own.prekeys.get(key_id)
    if found is None:
        raise Unreadable("unknown-prekey", f"prekey {key_id} is gone")
    return found


def bundle(profile: Profile, identity: Identity, own: Own) -> Element:
    signed = own.signed_prekey
    prekeys = [PublicKey(key_id, pair.public) for key_id, pair in sorted(own.prekeys.items())]
    return profile.bundle(identity, PublicKey(signed.id, signed.pair.public), signed.signature, prekeys)
