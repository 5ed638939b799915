"""Registers the roster."""

from __future__ import annotations

from plauder.core.server import Server
from plauder.features.roster.handlers import Handlers
from plauder.features.roster.rules import MAX_ITEMS, NS
from plauder.features.roster.service import Roster
from plauder.wire.xml import E

PRIORITY = 300
"""Before presence is passed on, after blocking has had its say."""


def register(server: Server, *, max_items: int = MAX_ITEMS) -> None:
    roster = Roster(server, max_items)
    server.people.contacts = roster
    handlers = Handlers(server, roster)
    server.stream_feature(lambda: E("{urn:xmpp:features:rosterver}ver"))
    server.stream_feature(lambda: E("{urn:xmpp:features:pre-approval}sub"))
    server.on_iq("get", NS, "query", to="self", do=handlers.get)
    server.on_iq("set", NS, "query", to="self", do=handlers.set)
    server.on_presence(do=handlers.subscription, priority=PRIORITY)
    server.on_available(do=handlers.available)
    server.on_forgotten(do=roster.forget)
    server.on_renamed(do=roster.rename)
