"""Registers ping."""

from __future__ import annotations

from typing import Final

from plauder.core.server import Server

NS: Final = "urn:xmpp:ping"


def register(server: Server) -> None:
    server.advertise(NS)
    server.on_iq("get", NS, "ping", to="any", do=lambda _session, _iq, _payload: None, from_elsewhere=True)
