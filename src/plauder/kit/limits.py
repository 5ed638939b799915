"""How often somebody may knock: allowances per key in memory, and what counts as one address.

For the doors anyone can reach. What costs money (codes by SMS) is counted in the database, where a restart does not
forget it.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from plauder.kit.clock import Clock


@lru_cache(maxsize=4_096)
def network_of(address: str) -> str:
    """The key that one subscriber's addresses share: an IPv4 address, or the /64 of an IPv6 one.

    An IPv6 subscriber owns 2^64 addresses, so counting single ones would count nothing. IPv4 mapped into IPv6 is
    IPv4. What is no address (a unix socket) is its own text.
    """
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    if isinstance(parsed, IPv4Address):
        return str(parsed)
    return str(ip_network((int(parsed), 64), strict=False))


class Allowance:
    """`count` acts per `seconds` and key, refilled evenly: a token bucket (the "leaky bucket as a meter").

    Remembers at most `most_keys` keys; those least recently seen are forgotten first, so memory is bounded however
    many addresses knock. A forgotten key starts with a full bucket.
    """

    def __init__(self, clock: Clock, count: float, seconds: float, *, most_keys: int = 100_000) -> None:
        self._clock = clock
        self._capacity = float(count)
        self._rate = count / seconds
        self._most_keys = most_keys
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # key: tokens left, at (monotonic)

    def _left(self, key: str) -> float:
        now = self._clock.monotonic()
        tokens, at = self._buckets.get(key, (self._capacity, now))
        return min(self._capacity, tokens + (now - at) * self._rate)

    def wait(self, key: str, cost: float = 1.0) -> float:
        """Seconds until `cost` acts are allowed; 0.0 when they are now. Takes nothing."""
        return max(0.0, (min(cost, self._capacity) - self._left(key)) / self._rate)

    def take(self, key: str, cost: float = 1.0) -> float:
        """Take `cost` acts. 0.0 when granted; else the seconds to wait, and nothing is taken."""
        wait = self.wait(key, cost)
        if wait > 0 or cost > self._capacity:
            return wait or 1 / self._rate
        self._buckets[key] = (self._left(key) - cost, self._clock.monotonic())
        self._buckets.move_to_end(key)
        if len(self._buckets) > self._most_keys:
            self._buckets.popitem(last=False)
        return 0.0

    def forgive(self, key: str) -> None:
        """Give a key its full allowance back, as after a successful login."""
        self._buckets.pop(key, None)

    def __len__(self) -> int:
        return len(self._buckets)
