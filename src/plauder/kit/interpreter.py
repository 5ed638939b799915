"""How the interpreter of a process that serves is set."""

from __future__ import annotations

import gc
import sys
from typing import Final

GARBAGE: Final = 5_000
"""Objects that were made and not given back before the garbage collector looks at them."""
SWITCH_SECONDS: Final = 0.001
"""How long the loop goes on while a thread has something to do. The threads here commit, and others wait for that."""


def settle() -> None:
    """Call it once, when everything is made.

    What was made while starting stays: the garbage collector need not look at it again and again, which would stop
    every conversation for tens of milliseconds. What comes and goes, mostly without cycles, it looks at less often.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE, 20, 20)
    sys.setswitchinterval(SWITCH_SECONDS)
