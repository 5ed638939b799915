"""Use cases on flows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from plauder.business.flows import metrics, rules, store
from plauder.business.shared import nodes
from plauder.business.shared.errors import fail, invalid
from plauder.business.shared.updates import Update, Updates
from plauder.kit.ids import new_token
from plauder.store.database import UnitOfWork

PREVIEW_LIFE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class NewFlow:
    """A request to create one; `clone_of` is the id of a flow to copy."""

    waba_id: str
    portfolio_id: str
    name: str
    categories: Sequence[Any]
    json: str = ""
    endpoint_uri: str = ""
    application_id: str = ""
    clone_of: Row[Any] | None = None


async def create(uow: UnitOfWork, new: NewFlow, *, at: datetime) -> Row[Any]:
    """A draft. Its JSON may have errors; they are kept and told."""
    if not 1 <= len(new.name) <= 200:
        raise invalid("The flow's name must have 1 to 200 characters")
    if await store.named(uow, new.waba_id, new.name):
        raise invalid(f"There is a flow with the name {new.name[:60]!r} already.", subcode=4016019, title="Name in use")
    node = await nodes.create(uow, "flow", portfolio_id=new.portfolio_id, waba_id=new.waba_id)
    await uow.execute(
        store.flows.insert().values(
            id=node.id,
            waba_id=new.waba_id,
            portfolio_id=new.portfolio_id,
            name=new.name,
            categories=rules.check_categories(list(new.categories)),
            endpoint_uri=new.endpoint_uri,
            application_id=new.application_id,
            preview_token=new_token(),
            preview_until=at + PREVIEW_LIFE,
            created_at=at,
            updated_at=at,
        )
    )
    text = new.json or (new.clone_of.json if new.clone_of else "")
    if text:
        await set_json(uow, node.id, text, at=at)
    row = await store.get(uow, node.id)
    assert row
    return row


async def set_json(uow: UnitOfWork, flow_id: str, text: str, *, at: datetime) -> list[dict[str, Any]]:
    """Store the JSON of a draft; returns what is wrong with it."""
    flow, problems = rules.validate(text)
    await store.change(
        uow,
        flow_id,
        json=text,
        json_version=str(flow.get("version", ""))[:8],
        data_api_version=str(flow.get("data_api_version", ""))[:8],
        validation_errors=problems,
        updated_at=at,
    )
    return problems


def check_draft(row: Row[Any]) -> None:
    """Only drafts can be changed. Raises 139001."""
    if row.status != "DRAFT":
        raise fail(139001, "You can't update the flow: it was published or deprecated. Clone it instead.")


async def publish(uow: UnitOfWork, row: Row[Any], *, has_key: bool, at: datetime, updates: Updates) -> None:
    """DRAFT → PUBLISHED. Raises 139002 with what is missing."""
    if row.status != "DRAFT":
        raise fail(139002, f"The flow has status {row.status}; only a draft can be published.")
    if not row.json:
        raise fail(139002, "The flow has no JSON yet.")
    if row.validation_errors:
        raise fail(139002, f"The flow has validation errors: {row.validation_errors[0]['message']}")
    if row.data_api_version and not row.endpoint_uri:
        raise fail(139002, "A flow with data_api_version needs an endpoint_uri.")
    if row.data_api_version and not has_key:
        raise fail(139002, "Set a public key with POST /{phone}/whatsapp_business_encryption first.")
    await _set_status(uow, row, "PUBLISHED", at, updates)


async def deprecate(uow: UnitOfWork, row: Row[Any], *, at: datetime, updates: Updates) -> None:
    if row.status != "PUBLISHED":
        raise fail(139003, f"The flow has status {row.status}; only a published one can be deprecated.")
    await _set_status(uow, row, "DEPRECATED", at, updates)


async def delete(uow: UnitOfWork, row: Row[Any]) -> None:
    if row.status != "DRAFT":
        raise fail(139004, "Only a draft can be deleted. Deprecate the flow instead.")
    await metrics.forget(uow, row.id)
    await store.remove(uow, row.id)
    await nodes.remove(uow, row.id)


async def _set_status(uow: UnitOfWork, row: Row[Any], status: str, at: datetime, updates: Updates) -> None:
    await store.change(uow, row.id, status=status, updated_at=at)
    value = {
        "event": "FLOW_STATUS_CHANGE",
        "message": f"Flow {row.name} status changed from {row.status} to {status}",
        "flow_id": row.id,
        "old_status": row.status,
        "new_status": status,
    }
    await updates.publish(uow, [Update(row.waba_id, "flows", value, at, key=row.id, about=row.id)])
