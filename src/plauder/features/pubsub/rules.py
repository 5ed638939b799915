"""Who may do what with a node. Pure: facts in, a verdict with its reason out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from plauder.features.pubsub.config import NodeConfig

MAX_NODES: Final = 256
"""Nodes per account: OMEMO 0.3 takes one per device, everything else together a few dozen."""
MAX_ITEM_BYTES: Final = 192 * 1024
"""One payload. Avatars are the largest that is usual (XEP-0084)."""
MAX_ACCOUNT_BYTES: Final = 16 * 1024 * 1024
"""All payloads of an account together."""
MAX_NAME: Final = 1_023
"""Bytes of a node or item name, as of a part of an address."""

AFFILIATIONS: Final = ("owner", "publisher", "publish-only", "member", "none", "outcast")

_BUNDLES: Final = ("eu.siacs.conversations.axolotl.bundles:", "urn:xmpp:omemo:2:bundles")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something is refused: a stanza error (type, condition) and the pubsub error that explains it."""

    type: str
    condition: str
    detail: str = ""
    feature: str = ""

    @property
    def why(self) -> str:
        return self.detail or self.condition


@dataclass(frozen=True, slots=True)
class Asker:
    """What the owner has to do with whom who asks.

    `subscribed` tells whether the asker receives the owner's presence; `groups` are the owner's roster groups that the
    asker is in; `subscription` is the explicit one to the node: none, pending or subscribed.
    """

    is_owner: bool = False
    is_blocked: bool = False
    subscribed: bool = False
    groups: frozenset[str] = frozenset()
    affiliation: str = "none"
    subscription: str = "none"


# XEP-0191 §5: to whom is blocked, the account looks as if it were not there.
BLOCKED: Final = Refusal("cancel", "service-unavailable")
NO_NODE: Final = Refusal("cancel", "item-not-found")
FORBIDDEN: Final = Refusal("auth", "forbidden")

_BY_MODEL: Final = {
    "presence": Refusal("auth", "not-authorized", "presence-subscription-required"),
    "roster": Refusal("auth", "not-authorized", "not-in-roster-group"),
    "whitelist": Refusal("cancel", "not-allowed", "closed-node"),
    "authorize": Refusal("auth", "not-authorized", "not-subscribed"),
}


def reading(config: NodeConfig, asker: Asker) -> Refusal | None:
    """XEP-0060 §6.5.9: may the asker fetch items and be notified?"""
    if asker.is_owner:
        return None
    if asker.is_blocked:
        return BLOCKED
    if asker.affiliation in ("outcast", "publish-only"):
        return FORBIDDEN
    if asker.affiliation in ("owner", "publisher", "member"):
        return None
    return None if _fits(config, asker) else _BY_MODEL[config.access_model]


def _fits(config: NodeConfig, asker: Asker) -> bool:
    match config.access_model:
        case "open":
            return True
        case "presence":
            return asker.subscribed
        case "roster":
            return bool(asker.groups & set(config.roster_groups_allowed))
        case "authorize":
            return asker.subscription == "subscribed"
        case _:
            return False


def subscribing(config: NodeConfig, asker: Asker) -> Refusal | str:
    """XEP-0060 §6.1.3: the state that a new subscription gets, or why there is none."""
    if asker.is_owner:
        return "subscribed"
    if asker.is_blocked:
        return BLOCKED
    if not config.subscribe:
        return Refusal("cancel", "feature-not-implemented", "unsupported", "subscribe")
    refusal = reading(config, asker)
    if refusal is None:
        return "subscribed"
    return "pending" if refusal.detail == "not-subscribed" else refusal


def publishing(config: NodeConfig, asker: Asker) -> Refusal | None:
    """XEP-0060 §7.1.3: may the asker publish here?"""
    if asker.is_owner:
        return None
    if asker.is_blocked:
        return BLOCKED
    if asker.affiliation in ("owner", "publisher", "publish-only"):
        return None
    if asker.affiliation == "outcast":
        return FORBIDDEN
    if config.publish_model == "open" and _fits(config, asker):
        return None
    if config.publish_model == "subscribers" and asker.subscription == "subscribed":
        return None
    return FORBIDDEN


def owning(asker: Asker) -> Refusal | None:
    """XEP-0060 §8: may the asker configure, purge and delete?"""
    if asker.is_owner or asker.affiliation == "owner":
        return None
    return BLOCKED if asker.is_blocked else FORBIDDEN


def item_fits(config: NodeConfig, *, size: int, held: int) -> Refusal | None:
    """Does a payload of `size` bytes fit, when the account holds `held` bytes already?"""
    limit = min(config.max_payload_size or MAX_ITEM_BYTES, MAX_ITEM_BYTES)
    if size > limit:
        return Refusal("modify", "not-acceptable", "payload-too-big")
    if held + size > MAX_ACCOUNT_BYTES:
        return Refusal("wait", "resource-constraint")
    return None


def is_name(text: str) -> bool:
    """Is this a name that a node or an item can have?"""
    return bool(text) and len(text.encode()) <= MAX_NAME


def is_bundle_node(node: str) -> bool:
    """Does the node hold prekeys, which an attacker would want to use up?"""
    return node.startswith(_BUNDLES)
