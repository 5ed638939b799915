"""How a login fails: RFC 6120 §6.5; and the base64 that all of SASL over XMPP is wrapped in."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from typing import Final

# RFC 6120 §6.5.
CONDITIONS: Final = frozenset(
    (
        "aborted",
        "account-disabled",
        "credentials-expired",
        "encryption-required",
        "incorrect-encoding",
        "invalid-authzid",
        "invalid-mechanism",
        "malformed-request",
        "mechanism-too-weak",
        "not-authorized",
        "temporary-auth-failure",
    )
)


class SaslFailure(Exception):
    """Why a login was refused. `text` is for people and must not say what an attacker wants to know."""

    def __init__(self, condition: str, text: str | None = None) -> None:
        if condition not in CONDITIONS:
            raise ValueError(f"not a SASL error of RFC 6120: {condition}")
        super().__init__(condition + (f": {text}" if text else ""))
        self.condition = condition
        self.text = text


def from_base64(text: str | None) -> bytes:
    """The bytes in a SASL element or attribute; raises `SaslFailure`.

    RFC 6120 §6.4.2: a single "=" stands for no bytes at all; §13.9.1: anything outside of the alphabet is an error.
    XEP-0388's own examples break lines around the text, so whitespace there is let pass.
    """
    stripped = (text or "").strip(" \t\r\n")
    if stripped == "=":
        return b""
    try:
        return b64decode(stripped, validate=True)
    except (binascii.Error, ValueError):
        raise SaslFailure("incorrect-encoding", "not base64") from None


def to_base64(data: bytes) -> str:
    """The text for a SASL 1 element: "=" for no bytes at all."""
    return b64encode(data).decode() or "="
