"""Identifiers: sortable ones for rows, unguessable ones for secrets and links."""

from __future__ import annotations

import base64
import secrets
import time
import uuid


def new_id() -> str:
    """A UUIDv7 (RFC 9562 §5.7) as 32 hex digits: unique, and sorted by the millisecond it was made in."""
    milliseconds = time.time_ns() // 1_000_000
    random = secrets.randbits(74)
    value = (
        (milliseconds & (1 << 48) - 1) << 80 | 0x7 << 76 | (random >> 62) << 64 | 0b10 << 62 | random & (1 << 62) - 1
    )
    return uuid.UUID(int=value).hex


def new_token(size: int = 32) -> str:
    """An unguessable URL-safe text with `size` bytes of entropy."""
    return base64.urlsafe_b64encode(secrets.token_bytes(size)).rstrip(b"=").decode()


def new_code(digits: int = 6) -> str:
    """A decimal one-time code, leading zeros kept."""
    return f"{secrets.randbelow(10**digits):0{digits}d}"


def new_number(digits: int = 15) -> str:
    """A decimal identifier of exactly `digits` digits, as the Cloud API gives to its nodes."""
    low = 10 ** (digits - 1)
    return str(low + secrets.randbelow(9 * low))
