"""Updates: what a capability wants the world to hear, before it is a webhook.

A capability publishes within its transaction; the `webhooks` capability stores one delivery per subscribed endpoint
in the same transaction, so nothing is said that did not happen and nothing that happened stays unsaid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from plauder.store.database import UnitOfWork

ACCOUNT_FIELDS = frozenset(
    {
        "message_template_status_update",
        "message_template_quality_update",
        "message_template_components_update",
        "template_category_update",
        "phone_number_quality_update",
        "phone_number_name_update",
        "business_capability_update",
        "account_update",
        "account_review_update",
        "account_alerts",
        "security",
        "flows",
        "payment_configuration_update",
    }
)
"""Fields whose entry carries `time`."""

MESSAGE_FIELDS = frozenset(
    {
        "messages",
        "user_preferences",
        "calls",
        "smb_message_echoes",
        "smb_app_state_sync",
        "history",
        "automatic_events",
        "tracking_events",
        "partner_solutions",
        "group_lifecycle_update",
        "group_participants_update",
        "group_settings_update",
        "group_status_update",
    }
)

FIELDS = ACCOUNT_FIELDS | MESSAGE_FIELDS
"""Everything an app may subscribe to on the object `whatsapp_business_account`."""


@dataclass(frozen=True, slots=True)
class Update:
    """One change: `field` and `value` as in the webhook's `changes`, and where it belongs.

    `key` names the conversation (or node) within which order is kept; `phone_id` picks a number's own callback.
    """

    waba_id: str
    field: str
    value: Mapping[str, Any]
    at: datetime
    key: str = ""
    phone_id: str = ""
    about: str = ""
    """The message or node id a developer would search the journal for."""


class Updates(Protocol):
    """Where updates go. Implemented by `business.webhooks`."""

    async def publish(self, uow: UnitOfWork, updates: Sequence[Update]) -> None:
        """Store them for delivery, inside this transaction."""
        ...


class NoUpdates:
    """Nobody listens."""

    async def publish(self, uow: UnitOfWork, updates: Sequence[Update]) -> None:
        return
