"""Clicks on ads and posts: a signed token says which one brought a person here, so nobody can make up a free window.

Whoever shows the ad (a later part of the program) asks for a token per click; the person's app sends it along with the
first message, as `<referral xmlns='urn:plauder:business:0' token='…'/>`. A token is for one number, for a short time,
and counts for one person: the first who uses it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from plauder.business.shared.errors import invalid
from plauder.kit.ids import new_token
from plauder.kit.keyring import Keyring

LIFE = timedelta(hours=24)
MAX_TOKEN = 2_048
FIELDS: Mapping[str, int] = {
    "source_url": 400,
    "source_id": 64,
    "source_type": 4,
    "headline": 80,
    "body": 250,
    "media_type": 5,
    "image_url": 300,
    "video_url": 300,
    "thumbnail_url": 300,
}
"""What a `referral` of the webhook may say, with the longest text of each."""


@dataclass(frozen=True, slots=True)
class Click:
    """A click that is proven. `id` is unique to it (the webhook's `ctwa_clid`)."""

    id: str
    referral: Mapping[str, Any]


class Referrals:
    """Makes and checks tokens. `number` is the digits of the business number that the click leads to."""

    def __init__(self, keyring: Keyring) -> None:
        self._key = keyring.derive("referrals")

    def token(self, number: str, referral: Mapping[str, str], *, at: datetime) -> str:
        """For one click. Raises error 100 for what a referral cannot say."""
        if referral.get("source_type") not in ("ad", "post") or not referral.get("source_id"):
            raise invalid("a referral needs source_type (ad or post) and source_id")
        if unknown := [name for name, text in referral.items() if len(text) > FIELDS.get(name, -1)]:
            raise invalid(f"a referral has no {unknown[0]}, or not so long a one")
        claim = orjson.dumps([number, int((at + LIFE).timestamp()), new_token(15), dict(referral)])
        token = _encode(claim + self._mac(claim))
        if len(token) > MAX_TOKEN:
            raise invalid("the referral is too long")
        return token

    def read(self, number: str, token: str, *, at: datetime) -> Click | None:
        """The click, None for a token that is not ours, not for this number, or too old."""
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        claim, given = raw[:-32], raw[-32:]
        if len(token) > MAX_TOKEN or not hmac.compare_digest(self._mac(claim), given):
            return None
        to, until, click, referral = orjson.loads(claim)
        if to != number or at.timestamp() >= until:
            return None
        return Click(click, referral | {"ctwa_clid": click})

    def _mac(self, claim: bytes) -> bytes:
        return hmac.digest(self._key, claim, hashlib.sha256)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
