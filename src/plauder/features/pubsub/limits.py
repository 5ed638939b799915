"""How fast one may fetch others' key bundles. In memory and per process: a limit, not an account of anything."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from plauder.kit.clock import Clock


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` at once, then one every `seconds`."""

    burst: int
    seconds: float


# A member of a group of 250 people with a few devices each fetches all their bundles once; nobody needs those of one
# person again and again.
PER_ASKER: Final = Rate(burst=2_000, seconds=0.5)
PER_PAIR: Final = Rate(burst=60, seconds=30.0)

_REMEMBERED: Final = 65_536


class Buckets:
    """Token buckets by key; those used least recently are forgotten first."""

    def __init__(self, clock: Clock, rate: Rate, remembered: int = _REMEMBERED) -> None:
        self._clock = clock
        self._rate = rate
        self._remembered = remembered
        # The generic cell rate algorithm: when the bucket would be full again. One number per key.
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def take(self, key: str) -> float:
        """Take one; 0 when it was there, else the seconds until the next one is."""
        now = self._clock.monotonic()
        full_at = max(now, self._full_at.get(key, now)) + self._rate.seconds
        wait = full_at - now - self._rate.burst * self._rate.seconds
        if wait > 1e-9:
            return wait
        self._full_at[key] = full_at
        self._full_at.move_to_end(key)
        if len(self._full_at) > self._remembered:
            self._full_at.popitem(last=False)
        return 0.0


class BundleLimits:
    """Both limits on fetching bundles."""

    def __init__(self, clock: Clock, per_asker: Rate = PER_ASKER, per_pair: Rate = PER_PAIR) -> None:
        self._askers = Buckets(clock, per_asker)
        self._pairs = Buckets(clock, per_pair)

    def take(self, asker: str, owner: str) -> int:
        """May `asker` fetch a bundle of `owner`? 0, or the whole seconds to wait."""
        return math.ceil(self._pairs.take(f"{asker} {owner}") or self._askers.take(asker))
