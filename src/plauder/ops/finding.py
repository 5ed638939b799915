"""One thing that `plauder check` looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "note", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `fix` is empty when nothing is to be done."""

    level: Level
    part: str
    what: str
    fix: str = ""

    def __str__(self) -> str:
        mark = {"ok": "ok     ", "note": "note   ", "warning": "warning", "error": "ERROR  "}[self.level]
        return f"{mark}  {self.part:<12} {self.what}" + (f"\n{'':22} → {self.fix}" if self.fix else "")
