"""Registers personal eventing."""

from __future__ import annotations

from typing import Final

from plauder.core.server import Server
from plauder.features.pubsub.limits import PER_ASKER, PER_PAIR, BundleLimits, Rate
from plauder.features.pubsub.notify import Notifier
from plauder.features.pubsub.requests import OWNER, PUBSUB, Requests
from plauder.features.pubsub.service import PersonalEvents

# XEP-0060 §10, XEP-0163 §6: what clients look for before they rely on it.
FEATURES: Final = (
    "access-authorize",
    "access-open",
    "access-presence",
    "access-roster",
    "access-whitelist",
    "auto-create",
    "auto-subscribe",
    "config-node",
    "config-node-max",
    "create-and-configure",
    "create-nodes",
    "delete-items",
    "delete-nodes",
    "filtered-notifications",
    "instant-nodes",
    "item-ids",
    "last-published",
    "manage-subscriptions",
    "member-affiliation",
    "meta-data",
    "modify-affiliations",
    "multi-items",
    "outcast-affiliation",
    "persistent-items",
    "presence-notifications",
    "presence-subscribe",
    "publish",
    "publish-only-affiliation",
    "publish-options",
    "publisher-affiliation",
    "purge-nodes",
    "retract-items",
    "retrieve-affiliations",
    "retrieve-default",
    "retrieve-items",
    "retrieve-subscriptions",
    "rsm",
    "subscribe",
)


def register(server: Server, *, per_asker: Rate = PER_ASKER, per_pair: Rate = PER_PAIR) -> None:
    """After disco, the roster and blocking have registered.

    The rates bound how fast others' key bundles can be fetched.
    """
    notifier = Notifier(server)
    service = PersonalEvents(server, notifier, BundleLimits(server.clock, per_asker, per_pair))
    requests = Requests(server, service)
    server.people.personal = service
    for entity in ("server", "account"):
        server.identity("pubsub", "pep", on=entity)
        for var in (PUBSUB, *(f"{PUBSUB}#{name}" for name in FEATURES)):
            server.advertise(var, on=entity)
    server.on_iq("get", PUBSUB, "pubsub", to="account", do=requests.get, from_elsewhere=True)
    server.on_iq("set", PUBSUB, "pubsub", to="account", do=requests.set, from_elsewhere=True)
    server.on_iq("get", OWNER, "pubsub", to="account", do=requests.owner_get, from_elsewhere=True)
    server.on_iq("set", OWNER, "pubsub", to="account", do=requests.owner_set, from_elsewhere=True)
    server.on_message(do=requests.authorized)
    server.on_disco_info(requests.info)
    server.on_disco_items(requests.entries)
    server.people.interests.on_interest(notifier.interested)
    server.people.contacts.on_bond(notifier.bonded)
    server.on_forgotten(do=service.forget)
    server.on_renamed(do=service.rename)
