"""Messages as the person's app gets them, and webhooks as the business gets them. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from plauder.business.messages import templating
from plauder.business.messages.ports import Sender

Json = Mapping[str, Any]


def _stamp(at: datetime) -> str:
    return str(int(at.timestamp()))


# ── for the person ────────────────────────────────────────────────────────────────────────────────────────────────


def fallback(kind: str, content: Any) -> str:
    """The message for a client that shows text only."""
    if kind == "text":
        return str(content["body"])
    if kind == "template":
        return templating.as_text(content)
    if kind == "location":
        label = ", ".join(content[key] for key in ("name", "address") if key in content)
        return f"{label} geo:{content['latitude']},{content['longitude']}".strip()
    if kind == "contacts":
        return "\n".join(_contact_line(contact) for contact in content)
    if kind == "interactive":
        return _interactive_text(content)
    if kind == "reaction":
        return str(content["emoji"])
    return "\n".join(part for part in (content.get("caption", ""), content.get("link", "")) if part)


def _contact_line(contact: Json) -> str:
    numbers = ", ".join(str(phone.get("phone", "")) for phone in contact.get("phones", []))
    return f"{contact['name']['formatted_name']} {numbers}".strip()


def _interactive_text(content: Json) -> str:
    lines: list[str] = []
    header = content.get("header") or {}
    if header.get("type") == "text":
        lines.append(header["text"])
    lines += [content.get("body", {}).get("text", ""), content.get("footer", {}).get("text", "")]
    action = content["action"]
    lines += [f"• {button['reply']['title']}" for button in action.get("buttons", [])]
    for section in action.get("sections", []):
        lines += [f"• {row['title']}" for row in section.get("rows", [])]
    lines += [f"• {product['name']}" for product in content.get("products", [])]
    if url := (action.get("parameters") or {}).get("url"):
        lines.append(f"{action['parameters']['display_text']}: {url}")
    return "\n".join(line for line in lines if line) or content["type"].replace("_", " ")


# ── for the business ──────────────────────────────────────────────────────────────────────────────────────────────


def metadata(sender: Sender) -> dict[str, str]:
    return {"display_phone_number": sender.digits, "phone_number_id": sender.phone_id}


def contact(wa_id: str, user_id: str, name: str) -> dict[str, Any]:
    """`user_id` always: pywa drops updates without it."""
    return {"profile": {"name": name or f"+{wa_id}"}, "wa_id": wa_id, "user_id": user_id}


def incoming_value(sender: Sender, message: Json, *, wa_id: str, user_id: str, name: str) -> dict[str, Any]:
    """The `value` of a `messages` webhook for one message of a person."""
    return {
        "messaging_product": "whatsapp",
        "metadata": metadata(sender),
        "contacts": [contact(wa_id, user_id, name)],
        "messages": [message],
    }


def incoming_message(
    wamid: str,
    at: datetime,
    *,
    wa_id: str,
    user_id: str,
    kind: str,
    content: Any,
    context: Json | None = None,
    referral: Json | None = None,
) -> dict[str, Any]:
    message: dict[str, Any] = {"from": wa_id, "from_user_id": user_id, "id": wamid, "timestamp": _stamp(at)}
    if context:
        message["context"] = dict(context)
    if referral:
        message["referral"] = dict(referral)
    message["type"] = kind
    if kind == "unsupported":
        message["errors"] = content["errors"]
        message["unsupported"] = content["unsupported"]
    else:
        message[kind] = content
    return message


def status_value(
    sender: Sender,
    *,
    wamid: str,
    status: str,
    at: datetime,
    wa_id: str,
    user_id: str,
    name: str = "",
    callback_data: str = "",
    pricing: Json | None = None,
    conversation: Json | None = None,
    errors: Sequence[Json] = (),
) -> dict[str, Any]:
    """The `value` of a `messages` webhook for one status."""
    item: dict[str, Any] = {
        "id": wamid,
        "status": status,
        "timestamp": _stamp(at),
        "recipient_id": wa_id,
        "recipient_user_id": user_id,
    }
    if callback_data:
        item["biz_opaque_callback_data"] = callback_data
    if conversation:
        item["conversation"] = dict(conversation)
    if pricing:
        item["pricing"] = dict(pricing)
    if errors:
        item["errors"] = [dict(error) for error in errors]
    return {
        "messaging_product": "whatsapp",
        "metadata": metadata(sender),
        "contacts": [contact(wa_id, user_id, name)],
        "statuses": [item],
    }


def pricing_object(pricing: Json) -> dict[str, Any]:
    """`pricing` of a status, from what was kept with the message."""
    return {
        "billable": pricing["billable"],
        "pricing_model": pricing["model"],
        "category": pricing["category"],
        "type": pricing["type"],
    }


def conversation_object(wamid: str, pricing: Json, at: datetime, *, with_expiry: bool) -> dict[str, Any]:
    """`conversation`: since prices are per message its id is the message's own (§11.3)."""
    origin = "referral_conversion" if pricing["type"] == "free_entry_point" else pricing["category"]
    result: dict[str, Any] = {
        "id": hashlib.sha256(wamid.encode()).hexdigest()[:32],
        "origin": {"type": origin.replace("-", "_")},
    }
    if with_expiry:
        result["expiration_timestamp"] = str(int(at.timestamp()) + 86_400)
    return result
