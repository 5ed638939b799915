"""Registers blocking."""

from __future__ import annotations

from plauder.core.server import Server
from plauder.features.blocking.rules import MAX_BLOCKED, NS, REPORTING
from plauder.features.blocking.service import DAY, Blocking

PRIORITY = 100
"""Before any other filter: nothing else should be done for a stanza that is refused."""


def register(server: Server, *, max_blocked: int = MAX_BLOCKED) -> Blocking:
    blocking = Blocking(server, max_blocked)
    server.people.blocks = blocking
    server.advertise(NS)
    server.advertise(REPORTING)
    server.every(DAY.total_seconds(), blocking.clean, "abuse reports")
    server.on_iq("get", NS, "blocklist", to="self", do=blocking.get)
    server.on_iq("set", NS, "block", to="self", do=blocking.block)
    server.on_iq("set", NS, "unblock", to="self", do=blocking.unblock)
    server.on_message(do=blocking.check, priority=PRIORITY)
    server.on_presence(do=blocking.check, priority=PRIORITY)
    server.on_passing_iq(do=blocking.check, priority=PRIORITY)
    server.on_forgotten(do=blocking.forget)
    server.on_renamed(do=blocking.rename)
    return blocking
