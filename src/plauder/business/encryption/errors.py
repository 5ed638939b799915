"""Why something received cannot be used."""

from __future__ import annotations

from typing import Literal

Reason = Literal[
    "not-for-this-device",
    "replay",
    "own-message",
    "no-session",
    "unknown-prekey",
    "bad-mac",
    "too-far-ahead",
    "bad-payload",
    "forged-envelope",
    "malformed",
    "unknown-version",
]


class Unreadable(Exception):
    """Raised inside the package; the service turns it into an outcome."""

    def __init__(self, reason: Reason, why: str) -> None:
        super().__init__(why)
        self.reason: Reason = reason


def malformed(why: str) -> Unreadable:
    """The input breaks the format it claims to have."""
    return Unreadable("malformed", why)
