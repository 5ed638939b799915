"""How a process that serves treats the garbage collector."""

from __future__ import annotations

import gc
from typing import Final

GARBAGE: Final = 5_000
"""Objects that were made and not given back before the garbage collector looks at them."""


def settle() -> None:
    """What was made while starting stays: the garbage collector need not look at it again and again, which would stop
    every conversation for tens of milliseconds. What comes and goes, mostly without cycles, it looks at less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE, 20, 20)
