"""Web Push: RFC 8030 delivery, RFC 8291 encryption, RFC 8292 identification, straight to the browser's push service."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02

from plauder.edge.outbound import Outbound, OutboundFailed
from plauder.features.push.service import Report, Ring
from plauder.features.push.store import Target
from plauder.kit.errors import BadInput
from plauder.kit.keyring import Keyring

TTL_SECONDS = 7 * 86_400
VAPID_SECONDS = 12 * 3_600
PAYLOAD = b'{"v":1}'
"""What is delivered: that there is something. The app fetches the rest, encrypted, from its inbox."""
# The order of P-256 (SEC 2 §2.4.2), to make a key from derived bytes.
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class WebPush:
    """Rings browsers. The VAPID key is made from the server's secret, so it stays the same."""

    def __init__(self, outbound: Outbound, keyring: Keyring, *, contact: str, now: Callable[[], float]) -> None:
        scalar = int.from_bytes(keyring.derive("web push vapid"), "big") % (_ORDER - 1) + 1
        self._key = ec.derive_private_key(scalar, ec.SECP256R1())
        self._vapid = Vapid02(self._key)
        self._outbound = outbound
        self._contact = contact
        self._now = now

    @property
    def public_key(self) -> str:
        """The application server key, base64url: what a browser subscribes with."""
        point = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return base64.urlsafe_b64encode(point).rstrip(b"=").decode()

    async def ring(self, target: Target, ring: Ring) -> Sequence[Report]:
        parts = urlsplit(target.address)
        host = parts.hostname or "?"
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "sub": self._contact,
            "exp": int(self._now()) + VAPID_SECONDS,
        }
        headers = dict(self._vapid.sign(claims))
        headers |= {
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(TTL_SECONDS),
            "Urgency": ring.urgency,
            # RFC 8030 §5.4: a waiting message with the same topic is replaced, so a chat rings once.
            "Topic": ring.chat,
        }
        try:
            answer = await self._outbound.post(target.address, _encrypt(target), headers)
        except OutboundFailed as problem:
            return [Report(host, ok=False, detail=problem.message)]
        if answer.status in (200, 201, 202, 204):
            return [Report(host, ok=True, detail="The push service took it.", milliseconds=answer.milliseconds)]
        gone = answer.status in (404, 410)
        detail = "The browser's subscription has ended." if gone else f"The push service answered {answer.status}."
        return [Report(host, ok=False, detail=detail, milliseconds=answer.milliseconds, gone=gone)]


def check(endpoint: str, p256dh: str, auth: str) -> dict[str, str]:
    """The options of a subscription that can be used. Raises BadInput."""
    parts = urlsplit(endpoint)
    if parts.scheme not in ("https", "http") or not parts.hostname or len(endpoint) > 2_000:
        raise BadInput("endpoint is the URL that the browser's push service gave")
    try:
        point, secret = _decode(p256dh), _decode(auth)
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except (ValueError, binascii.Error):
        raise BadInput("p256dh and auth are the keys of the browser's subscription, base64url") from None
    if len(secret) != 16:
        raise BadInput("auth has 16 bytes")
    return {"p256dh": p256dh, "auth": auth}


def _encrypt(target: Target) -> bytes:
    body: bytes = http_ece.encrypt(
        PAYLOAD,
        salt=os.urandom(16),
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=_decode(target.options["p256dh"]),
        auth_secret=_decode(target.options["auth"]),
        version="aes128gcm",
    )
    return body


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
