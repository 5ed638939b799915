"""Registers the limit on writing to strangers."""

from __future__ import annotations

from plauder.core.server import Server
from plauder.features.strangers.rules import Trust
from plauder.features.strangers.service import Since, Strangers

PRIORITY = 200
"""After blocking: who is blocked has met nobody."""


def register(server: Server, since: Since, *, trust: Trust | None = None) -> None:
    """`since` tells when an account was made. After the roster has registered."""
    strangers = Strangers(server, since, trust or Trust())
    server.on_message(do=strangers.check, priority=PRIORITY)
    server.on_forgotten(do=strangers.forget)
