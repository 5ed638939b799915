"""Identifiers that clients see: message ids, business-scoped user ids, trace ids."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets


def new_wamid(peer: str, *, outgoing: bool) -> str:
    """A message id: `wamid.` and base64 of the peer's digits and ten random bytes. At most 128 characters.

    The layout follows what clients have seen so far (they must treat it as opaque, some look at the length).
    """
    digits = peer.encode()[:32]
    nonce = secrets.token_hex(9).upper().encode()
    direction = b"\x11" if outgoing else b"\x12"
    raw = b"\x1c\x18" + bytes([len(digits)]) + digits + b"\x15\x02\x00" + direction + b"\x18"
    raw += bytes([len(nonce)]) + nonce + b"\x00"
    return "wamid." + base64.b64encode(raw).decode()


def user_id(secret: bytes, portfolio_id: str, wa_id: str, country: str) -> str:
    """The business-scoped user id (BSUID): country, dot, digits. Unique per portfolio, and new with a new number.

    `country` is an ISO 3166 code, `wa_id` digits. Derived, so that it needs no table to be stable.
    """
    digest = hmac.new(secret, f"{portfolio_id}/{wa_id}".encode(), hashlib.sha256).digest()
    return f"{country}.{int.from_bytes(digest[:8], 'big'):020d}"


def new_trace_id() -> str:
    """23 characters like the vendor's `fbtrace_id`."""
    return "A" + secrets.token_urlsafe(17)[:22]
