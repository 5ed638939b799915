"""Sends nothing: prints the text on standard error, and keeps the latest for the developer page."""

from __future__ import annotations

import sys
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import TextIO

from plauder.kit.clock import Clock
from plauder.kit.phone import Phone

KEPT = 50


@dataclass(frozen=True, slots=True)
class Shown:
    """One text that was not sent."""

    at: datetime
    to: Phone
    text: str


class Console:
    """For a laptop and for tests. The code is not logged (logs are kept and shipped), only printed."""

    def __init__(self, clock: Clock, out: TextIO | None = None) -> None:
        self._clock = clock
        self._out = out
        self.latest: deque[Shown] = deque(maxlen=KEPT)

    async def send(self, to: Phone, text: str) -> None:
        self.latest.appendleft(Shown(self._clock.now(), to, text))
        print(f"[text to {to.international}] {text.splitlines()[0]}", file=self._out or sys.stderr, flush=True)
