"""Rules of numbers: codes, PINs, registration limits, health. Pure."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from plauder.business.shared.errors import fail, invalid

PIN = re.compile(r"[0-9]{6}")
CODE_LIFE = timedelta(minutes=10)
CODE_TRIES = 5
CODE_WAIT = timedelta(seconds=30)
REGISTRATIONS = 10
REGISTRATION_SPAN = timedelta(hours=72)
PIN_TRIES = 5
PIN_SPAN = timedelta(hours=12)
TEST_RECIPIENTS = 5

TIER_LIMITS: dict[str, int | None] = {
    "TIER_50": 50,
    "TIER_250": 250,
    "TIER_2K": 2_000,
    "TIER_10K": 10_000,
    "TIER_100K": 100_000,
    "TIER_UNLIMITED": None,
}
"""Unique people per rolling 24 hours that a portfolio may reach outside windows."""

_SCRYPT = {"n": 2**12, "r": 8, "p": 1}


def hash_secret(secret: str) -> str:
    """A short secret (PIN or code), salted and stretched (RFC 7914) because it can be guessed."""
    salt = secrets.token_bytes(16)
    return salt.hex() + hashlib.scrypt(secret.encode(), salt=salt, **_SCRYPT, dklen=32).hex()


def is_secret(secret: str, kept: str) -> bool:
    salt = bytes.fromhex(kept[:32])
    return hmac.compare_digest(hashlib.scrypt(secret.encode(), salt=salt, **_SCRYPT, dklen=32).hex(), kept[32:])


def check_pin_form(pin: str) -> str:
    if not PIN.fullmatch(pin):
        raise fail(131009, "Param pin must be 6 digits") if pin else fail(131008, "pin is required")
    return pin


def check_code(kept: Any, code: str, now: datetime) -> None:
    """Whether the code entered is the one sent. Raises 136025 with what to do."""
    if kept is None:
        raise fail(136025, "No code was asked for. Call request_code first.")
    if kept.tries >= CODE_TRIES:
        raise fail(136025, "Too many wrong codes. Ask for a new one.")
    if now - kept.asked_at > CODE_LIFE:
        raise fail(136025, "The code has expired. Ask for a new one.")
    if not is_secret(re.sub(r"[\s-]", "", code), kept.code_hash):
        raise fail(136025, "The code is wrong.")


def health(*, phone_ok: bool, waba_locked: str, entities: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """`health_status`: the overall ability is that of the worst entity."""
    listed: list[dict[str, Any]] = []
    for entity in entities:
        kind = entity["entity_type"]
        item: dict[str, Any] = dict(entity) | {"can_send_message": "AVAILABLE"}
        if kind == "PHONE_NUMBER" and not phone_ok:
            item |= {
                "can_send_message": "BLOCKED",
                "errors": [
                    {
                        "error_code": 141000,
                        "error_description": "The phone number is not registered.",
                        "possible_solution": "Call POST /{phone}/register.",
                    }
                ],
            }
        if kind == "WABA" and waba_locked:
            item |= {
                "can_send_message": "BLOCKED",
                "errors": [
                    {
                        "error_code": 131031,
                        "error_description": waba_locked,
                        "possible_solution": "Ask the operator of this server for a review.",
                    }
                ],
            }
        listed.append(item)
    blocked = any(item["can_send_message"] == "BLOCKED" for item in listed)
    return {"can_send_message": "BLOCKED" if blocked else "AVAILABLE", "entities": listed}


CALLING_STATUS = frozenset({"ENABLED", "DISABLED"})


def check_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Number settings as they are kept: enumerations in capitals. Raises error 100."""
    kept: dict[str, Any] = {}
    for name, value in settings.items():
        if name not in ("calling", "user_identity_change", "payload_encryption", "storage_configuration"):
            raise invalid(f"Unknown setting {name}")
        if not isinstance(value, Mapping):
            raise invalid(f"{name} must be an object")
        kept[name] = {
            key: item.upper() if key in ("status", "call_icon_visibility") and isinstance(item, str) else item
            for key, item in value.items()
        }
    calling = kept.get("calling", {})
    if "status" in calling and calling["status"] not in CALLING_STATUS:
        raise invalid("calling.status must be ENABLED or DISABLED")
    return kept
