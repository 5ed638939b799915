"""Bodies, signatures, back-off, and which addresses a callback may have. Pure."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from datetime import timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import urlsplit

from plauder.business.shared.errors import invalid
from plauder.business.shared.updates import ACCOUNT_FIELDS, FIELDS, Update

OBJECT = "whatsapp_business_account"
ORDERED_ATTEMPTS = 7
"""How many failures a delivery may have before later ones of its conversation overtake it: about two minutes."""

LONGEST_WAIT = timedelta(hours=1)
MAX_URL = 2_048

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address


def ascii_json(value: Any) -> bytes:
    r"""Compact JSON in pure ASCII with lower-case \uXXXX escapes, U+007F escaped too.

    Some receivers sign the raw bytes, others the escaped form of what they decoded; only this satisfies both.
    """
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True).replace("\x7f", "\\u007f").encode("ascii")


def body(update: Update) -> bytes:
    """One update as the POST's body: one entry, one change."""
    entry: dict[str, Any] = {"id": update.waba_id}
    if update.field in ACCOUNT_FIELDS:
        entry["time"] = int(update.at.timestamp())
    entry["changes"] = [{"field": update.field, "value": update.value}]
    return ascii_json({"object": OBJECT, "entry": [entry]})


def signature(app_secret: str, raw: bytes) -> str:
    """The value of X-Hub-Signature-256."""
    return "sha256=" + hmac.new(app_secret.encode(), raw, hashlib.sha256).hexdigest()


def legacy_signature(app_secret: str, raw: bytes) -> str:
    """The value of X-Hub-Signature, which old receivers still check."""
    return "sha1=" + hmac.new(app_secret.encode(), raw, hashlib.sha1).hexdigest()


def wait_after(attempts: int, jitter: float) -> timedelta:
    """How long to wait after the `attempts`-th failure: 1, 2, 4 … seconds up to an hour, plus up to a quarter."""
    seconds = min(2.0 ** min(attempts - 1, 20), LONGEST_WAIT.total_seconds())
    return timedelta(seconds=seconds * (1 + jitter / 4))


def check_fields(fields: Iterable[object]) -> list[str]:
    """The fields of a subscription. Raises error 100 for one that does not exist."""
    names = sorted({str(item.get("name", "")) if isinstance(item, Mapping) else str(item) for item in fields})
    if unknown := [name for name in names if name not in FIELDS]:
        raise invalid(f"Param fields must be one of {{{', '.join(sorted(FIELDS))}}} - got {unknown[0]!r}")
    return names


def check_url(url: str) -> str:
    """A callback's form; its address is checked when it is resolved."""
    parts = urlsplit(url) if len(url) <= MAX_URL and url.isascii() and url.isprintable() and " " not in url else None
    try:
        _ = parts.port if parts else None
    except ValueError:
        parts = None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise invalid("The callback must be an absolute http or https URL without credentials", subcode=2200)
    return url


def is_allowed(address: str, allowed: Iterable[Network]) -> bool:
    """Whether a callback may go to this address: public ones, and what the operator allows."""
    ip: Address = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        ip = _embedded(ip) or ip
    if any(ip in network for network in allowed):
        return True
    return ip.is_global and not ip.is_multicast


def _embedded(ip: IPv6Address) -> IPv4Address | None:
    """The IPv4 address inside mapped (RFC 4291 §2.5.5.2), 6to4 (RFC 3056) and NAT64 (RFC 6052) addresses."""
    if ip in IPv6Network("64:ff9b::/96"):
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour
