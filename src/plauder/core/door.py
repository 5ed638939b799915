"""What all connections of a server share: who may come in, how often one may fail, when output is written."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from plauder.core.authentication import FAKE_ITERATIONS
from plauder.core.connection import Flusher
from plauder.core.login import Login
from plauder.kit.limits import Allowance, network_of

if TYPE_CHECKING:
    from plauder.core.connection import Connection
    from plauder.core.server import Server


@dataclass(frozen=True, slots=True)
class Rules:
    """What a door asks of those who come in."""

    require_tls: bool = True
    """Authentication only on encrypted streams."""
    connections: int = 20_000
    connections_per_address: int = 100
    failures: int = 30
    """Failed logins of one network (IPv4 address, IPv6 /64) per `failure_seconds`."""
    failure_seconds: float = 60.0


class Door:
    """One server's entrance."""

    def __init__(self, server: Server, rules: Rules | None = None, *, secret: bytes = b"") -> None:
        self.server = server
        self.rules = rules or Rules()
        self.flusher = Flusher()
        self.connections: set[Connection] = set()
        self._by_network: dict[str, int] = {}
        self._count = 0
        self.secret = secret or secrets.token_bytes(32)
        """Fakes the salts of accounts that do not exist: the same after a restart, as those of real ones are."""
        self.iterations = FAKE_ITERATIONS
        """The iteration count to show for them: that of the last real one."""
        self.failures = Allowance(server.clock, self.rules.failures, self.rules.failure_seconds)

    def admit(self, address: str) -> bool:
        """Whether one more connection from there may come in; it is counted until `dismiss`."""
        network = network_of(address)
        here = self._by_network.get(network, 0)
        if self._count >= self.rules.connections or here >= self.rules.connections_per_address:
            self.server.metrics.count("connections_refused")
            return False
        if self.server.is_stopping:
            return False
        self._by_network[network] = here + 1
        self._count += 1
        return True

    def dismiss(self, address: str) -> None:
        """A connection that was admitted is gone."""
        network = network_of(address)
        self._count -= 1
        left = self._by_network.get(network, 1) - 1
        if left > 0:
            self._by_network[network] = left
        else:
            self._by_network.pop(network, None)

    @property
    def count(self) -> int:
        """Open connections."""
        return self._count

    def new_login(self, connection: Connection) -> Login:
        return Login(self, connection)

    def may_try(self, address: str) -> bool:
        """Whether a login from there is looked at at all."""
        return self.failures.wait(network_of(address)) == 0.0

    def failed(self, address: str) -> None:
        """A login from there has failed."""
        self.failures.take(network_of(address))
