"""How far an account is trusted, and which messages open a conversation. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from plauder.wire.stanza import Stanza

DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Trust:
    """New conversations a day: `first_day`, and `growth` more for each day of age, at most `most`."""

    first_day: int = 30
    growth: int = 10
    most: int = 300

    def a_day(self, age_days: float) -> int:
        """What an account of this age may open in 24 hours."""
        return min(self.most, self.first_day + self.growth * int(max(0.0, age_days)))


def opens(message: Stanza) -> bool:
    """Would this message catch somebody's eye? Receipts, typing and errors do not."""
    if message.attrs.get("type", "normal") not in ("chat", "normal"):
        return False
    inner = message.inner
    return b"<body" in inner or b"encrypted" in inner or b"<propose" in inner or b"jabber:x:conference" in inner
