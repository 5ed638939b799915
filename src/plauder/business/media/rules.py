"""Which media are taken, how large, how long, and how a download URL is signed. Pure; limits of the reference §4."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from plauder.business.shared.errors import fail

KIB, MIB = 1_024, 1_024 * 1_024

LIFE_UPLOADED = timedelta(days=30)
LIFE_INCOMING = timedelta(days=7)
LIFE_FETCHED = timedelta(minutes=10)
LIFE_PICTURE = timedelta(days=36_500)
URL_LIFE = timedelta(minutes=5)
LINK_LIFE = timedelta(days=30)

TYPES: Mapping[str, tuple[str, int]] = {
    "audio/aac": ("audio", 16 * MIB),
    "audio/amr": ("audio", 16 * MIB),
    "audio/mpeg": ("audio", 16 * MIB),
    "audio/mp4": ("audio", 16 * MIB),
    "audio/ogg": ("audio", 16 * MIB),
    "audio/opus": ("audio", 16 * MIB),
    "image/jpeg": ("image", 5 * MIB),
    "image/png": ("image", 5 * MIB),
    "image/webp": ("sticker", 500 * KIB),
    "video/mp4": ("video", 16 * MIB),
    "video/3gpp": ("video", 16 * MIB),
    "text/plain": ("document", 100 * MIB),
    "text/csv": ("document", 100 * MIB),
    "application/pdf": ("document", 100 * MIB),
    "application/msword": ("document", 100 * MIB),
    "application/vnd.ms-excel": ("document", 100 * MIB),
    "application/vnd.ms-powerpoint": ("document", 100 * MIB),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ("document", 100 * MIB),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ("document", 100 * MIB),
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ("document", 100 * MIB),
}
"""MIME type → (what it can be sent as, largest size in bytes)."""

LIMITS: Mapping[str, int] = {
    "audio": 16 * MIB,
    "image": 5 * MIB,
    "sticker": 500 * KIB,
    "video": 16 * MIB,
    "document": 100 * MIB,
    "incoming": 100 * MIB,
    "upload": 100 * MIB,
}

_MAGIC: tuple[tuple[bytes, int, str], ...] = (
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", 0, "image/png"),
    (b"WEBP", 8, "image/webp"),
    (b"%PDF-", 0, "application/pdf"),
    (b"OggS", 0, "audio/ogg"),
    (b"ID3", 0, "audio/mpeg"),
    (b"#!AMR", 0, "audio/amr"),
    (b"ftyp", 4, "video/mp4"),
)


_KNOWN_BY_MAGIC = frozenset({"image/jpeg", "image/png", "image/webp"})
"""Types of which every file begins with its mark."""


def normal_type(declared: str) -> str:
    """A MIME type without parameters, aliases resolved."""
    plain = declared.partition(";")[0].strip().lower()
    return {"image/jpg": "image/jpeg", "audio/mp3": "audio/mpeg", "video/3gp": "video/3gpp"}.get(plain, plain)


def sniff(head: bytes) -> str:
    """The type that the first bytes tell, "" when they tell none."""
    for magic, offset, mime in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return mime
    return ""


def check(declared: str, head: bytes, size: int, *, kind: str = "") -> str:
    """The type to keep for a medium to be sent (as `kind`, when known). Raises 131053."""
    mime = normal_type(declared)
    seen = sniff(head)
    if mime in ("", "application/octet-stream") or mime not in TYPES:
        if mime not in ("", "application/octet-stream") or not seen:
            raise fail(131053, f"Unsupported media type {mime or 'unknown'}. Supported: {', '.join(sorted(TYPES))}")
        mime = seen
    form, most = TYPES[mime]
    if seen and TYPES[seen][0] != form and {TYPES[seen][0], form} != {"audio", "video"}:
        raise fail(131053, f"The file is {seen}, not {mime} as it says")
    if mime in _KNOWN_BY_MAGIC and seen != mime:
        raise fail(131053, f"The file is {seen or 'no picture'}, not {mime} as it says")
    if kind == "sticker" and mime != "image/webp":
        raise fail(131053, "A sticker must be image/webp")
    if kind == "document":
        most = LIMITS["document"]  # any supported type can be sent as a document
    elif kind and kind != form and not (kind == "image" and form == "sticker"):
        raise fail(131053, f"{mime} cannot be sent as {kind}")
    if size > most:
        raise fail(131053, f"The file has {size} bytes; {mime} may have {most}")
    if size == 0:
        raise fail(131053, "The file is empty")
    return mime


_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"|?*;]')


def safe_name(name: str) -> str:
    """A file name without a path; "" for none, and for the word `undefined` that some clients send."""
    base = _UNSAFE.sub("", name.replace("\\", "/").rsplit("/", 1)[-1]).strip(" .")
    return "" if base in ("undefined", "null", "blob") else base[:240]


def sign(key: bytes, media_id: str, expires: int) -> str:
    """The signature in a download URL: 128 bits of HMAC-SHA256."""
    return hmac.new(key, f"{media_id}.{expires}".encode(), hashlib.sha256).hexdigest()[:32]


def is_signed(key: bytes, media_id: str, expires: str, signature: str, now: datetime) -> bool:
    if not expires.isascii() or not expires.isdecimal() or len(expires) > 12:
        return False
    good = hmac.compare_digest(sign(key, media_id, int(expires)).encode(), signature.encode())
    return good and now.timestamp() < int(expires)
