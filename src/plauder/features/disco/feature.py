"""Registers service discovery and capabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from plauder.core.server import Server
from plauder.features.disco.discovery import Discovery
from plauder.features.disco.interests import DeviceInterests
from plauder.features.disco.rules import CAPS, ECAPS2
from plauder.wire.disco import INFO, ITEMS
from plauder.wire.forms import Form

_DAY: Final = 86_400.0
AFTER_ALL: Final = 900
"""Presence from elsewhere that was refused, or consumed, is none."""
SERVER_INFO: Final = "http://jabber.org/network/serverinfo"


def register(server: Server, *, contacts: Mapping[str, Sequence[str]] | None = None) -> None:
    """`contacts`: addresses (URIs) of the operator by purpose, e.g. {"abuse-addresses": ["mailto:…"]} (XEP-0157)."""
    discovery, interests = Discovery(server), DeviceInterests(server)
    server.people.interests = interests
    server.identity("server", "im", "Plauder")
    server.identity("account", "registered", on="account")
    for var in (INFO, ITEMS, CAPS, ECAPS2):
        server.advertise(var)
    for var in (INFO, ITEMS):
        server.advertise(var, on="account")
    if contacts:
        server.extended_info(Form.of("result", SERVER_INFO, dict(contacts)))
    server.on_iq("get", INFO, "query", to="any", do=discovery.info, from_elsewhere=True)
    server.on_iq("get", ITEMS, "query", to="any", do=discovery.items, from_elsewhere=True)
    server.stream_feature(discovery.caps)
    server.stream_feature(discovery.ecaps2)
    server.on_available(do=interests.available)
    server.on_bound(do=interests.bound)
    server.on_presence(do=interests.heard, priority=AFTER_ALL)
    server.on_unavailable(do=interests.unavailable)
    server.every(_DAY, interests.clean, "capabilities")
