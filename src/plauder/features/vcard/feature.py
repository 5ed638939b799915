"""Registers cards."""

from __future__ import annotations

from plauder.core.server import Server
from plauder.features.vcard.rules import AVATAR_METADATA, CONVERSION, NS
from plauder.features.vcard.service import Cards


def register(server: Server) -> None:
    """After blocking and pubsub have registered."""
    cards = Cards(server)
    server.advertise(NS)
    server.advertise(NS, on="account")
    server.advertise(CONVERSION, on="account")
    server.on_iq("get", NS, "vCard", to="account", do=cards.get, from_elsewhere=True)
    server.on_iq("set", NS, "vCard", to="self", do=cards.set)
    server.on_presence(do=cards.announce)
    server.people.personal.on_published(AVATAR_METADATA, cards.published)
    server.on_forgotten(do=cards.forget)
    server.on_renamed(do=cards.rename)
