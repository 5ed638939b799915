"""Registers presence."""

from __future__ import annotations

from plauder.core.server import Server
from plauder.features.presence.service import Presence


def register(server: Server) -> None:
    """After the roster, blocking and discretion have registered."""
    presence = Presence(server)
    server.on_available(do=presence.available)
    server.on_unavailable(do=presence.unavailable)
    server.on_presence(do=presence.probe)
    server.people.contacts.on_bond(presence.bond)
    server.people.blocks.on_block(presence.blocked)
    server.people.discretion.on_change(presence.wished)
