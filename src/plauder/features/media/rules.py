"""Whether a slot is given. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}")
LONGEST_NAME = 128


@dataclass(frozen=True, slots=True)
class Policy:
    """The operator's limits. Sizes in bytes; `blocked_types` are prefixes of media types."""

    max_bytes: int = 100 << 20
    daily_bytes: int = 1 << 30
    kept_bytes: int = 4 << 30
    blocked_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Use:
    """What an account has uploaded: in the last 24 hours, and what is still kept."""

    today: int
    kept: int


@dataclass(frozen=True, slots=True)
class Verdict:
    allowed: bool
    why: str


def may_upload(size: int, media_type: str, use: Use, policy: Policy, *, has_room: bool = True) -> Verdict:
    """Whether this account may upload a file of `size` bytes now. `has_room` is the disk's word."""
    if size < 1:
        return Verdict(False, "empty")
    if size > policy.max_bytes:
        return Verdict(False, "too-large")
    if media_type.startswith(policy.blocked_types or ("\0",)):
        return Verdict(False, "type-blocked")
    if use.today + size > policy.daily_bytes:
        return Verdict(False, "daily-quota")
    if use.kept + size > policy.kept_bytes:
        return Verdict(False, "kept-quota")
    if not has_room:
        return Verdict(False, "disk-full")
    return Verdict(True, "within-limits")


def clean_name(name: str) -> str:
    """A file name that is safe in a URL path and in a header: no separators, no controls, at most 128 characters."""
    plain = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    kept = "".join(c for c in plain if c.isprintable() and c not in '"<>|:*?;%#')
    return kept.strip(". ")[-LONGEST_NAME:] or "file"


def clean_type(media_type: str) -> str:
    """A media type without parameters; what is none is `application/octet-stream`."""
    plain = media_type.partition(";")[0].strip().lower()
    return plain if _TYPE.fullmatch(plain) else "application/octet-stream"


def is_shown_inline(media_type: str) -> bool:
    """What a browser may show in place. Everything else is a download: it could carry script."""
    return media_type in ("image/jpeg", "image/png", "image/gif", "image/webp", "image/avif") or media_type.startswith(
        ("audio/", "video/")
    )
