"""The operator's terms for the business platform, from the program's configuration."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from ipaddress import ip_network

from plauder.business.messages.rules import Policies, Policy
from plauder.business.webhooks.rules import Network
from plauder.edge.webhooks import DeliverySettings
from plauder.kit.config import Business, Config

LOOPBACK = ("127.0.0.0/8", "::1/128")


def networks(config: Config) -> Sequence[Network]:
    """Private networks that webhooks and links may lead to."""
    named = (*config.business.allowed_networks, *(LOOPBACK if config.is_local else ()))
    return tuple(ip_network(network) for network in named)


def policies(business: Business) -> Policies:
    """The rules for sending, as the operator has changed them."""
    rules: dict[str, list[Policy]] = {}
    for rule in business.rules:
        rules.setdefault(rule.name, []).append(Policy(rule.enabled, rule.value, rule.since, rule.until))
    return Policies(rules)


def delivery(business: Business) -> DeliverySettings:
    """How webhooks are carried out."""
    return DeliverySettings(
        give_up_after=timedelta(days=business.webhook_days),
        timeout=business.webhook_timeout_seconds,
        journal_for=timedelta(hours=business.journal_hours),
    )
