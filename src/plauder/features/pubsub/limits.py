"""How fast one may fetch others' key bundles. In memory and per process: a limit, not an account of anything."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from plauder.kit.clock import Clock
from plauder.kit.limits import Allowance


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` at once, then one every `seconds`."""

    burst: int
    seconds: float

    def allowance(self, clock: Clock) -> Allowance:
        """The same as tokens that are refilled evenly."""
        return Allowance(clock, self.burst, self.burst * self.seconds)


# A member of a group of 250 people with a few devices each fetches all their bundles once; nobody needs those of one
# person again and again.
PER_ASKER: Final = Rate(burst=2_000, seconds=0.5)
PER_PAIR: Final = Rate(burst=60, seconds=30.0)


class BundleLimits:
    """Both limits on fetching bundles."""

    def __init__(self, clock: Clock, per_asker: Rate = PER_ASKER, per_pair: Rate = PER_PAIR) -> None:
        self._askers = per_asker.allowance(clock)
        self._pairs = per_pair.allowance(clock)

    def take(self, asker: str, owner: str) -> int:
        """May `asker` fetch a bundle of `owner`? 0, or the whole seconds to wait."""
        return math.ceil(self._pairs.take(f"{asker} {owner}") or self._askers.take(asker))
