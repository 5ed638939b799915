"""Ready-made templates: utility texts that most businesses need. Data and one function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from plauder.business.shared.errors import invalid


def _entry(
    name: str, topic: str, usecase: str, industry: str, body: str, samples: Sequence[str], *buttons: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "name": name,
        "language": "en_US",
        "category": "UTILITY",
        "topic": topic,
        "usecase": usecase,
        "industry": [industry],
        "header": "",
        "body": body,
        "body_params": list(samples),
        "body_param_types": ["TEXT"] * len(samples),
        "buttons": list(buttons),
    }


ENTRIES: Sequence[dict[str, Any]] = (
    _entry(
        "delivery_update_1", "ORDER_MANAGEMENT", "DELIVERY_UPDATE", "E_COMMERCE",
        "Hi {{1}}, your order {{2}} is on its way and should arrive on {{3}}. Thank you for your patience.",
        ("Ann", "A-1042", "Friday"),
        {"type": "URL", "text": "Track delivery", "url": "https://shop.example/track/{{1}}", "example": ["A-1042"]},
    ),
    _entry(
        "delivery_confirmation_1", "ORDER_MANAGEMENT", "DELIVERY_CONFIRMATION", "E_COMMERCE",
        "Hi {{1}}, your order {{2}} was delivered today. Tell us if anything is missing.", ("Ann", "A-1042"),
    ),
    _entry(
        "appointment_reminder_1", "EVENT_REMINDER", "APPOINTMENT_REMINDER", "HEALTH",
        "Hello {{1}}, this is a reminder of your appointment on {{2}} at {{3}}. Reply if you cannot come.",
        ("Ann", "12 May", "10:30"),
        {"type": "QUICK_REPLY", "text": "I will come"},
        {"type": "QUICK_REPLY", "text": "Change the time"},
    ),
    _entry(
        "payment_received_1", "PAYMENTS", "PAYMENT_CONFIRMATION", "FINANCIAL_SERVICES",
        "Hello {{1}}, we have received your payment of {{2}} for invoice {{3}}. No further step is needed.",
        ("Ann", "24.90 EUR", "R-77"),
    ),
    _entry(
        "flight_boarding_1", "ACCOUNT_UPDATES", "BOARDING", "TRAVEL",
        "Hello {{1}}, boarding for flight {{2}} starts at {{3}} at gate {{4}} today. Have your pass ready.",
        ("Ann", "PL 204", "14:05", "B12"),
    ),
)  # fmt: skip


def search(text: str = "", **filters: str) -> list[dict[str, Any]]:
    """Entries that contain `text` and match every filter (topic, usecase, industry, language, name)."""
    found = []
    for index, entry in enumerate(ENTRIES):
        if text and text.casefold() not in f"{entry['name']} {entry['body']}".casefold():
            continue
        if all(_matches(entry[name], value) for name, value in filters.items() if value):
            found.append(entry | {"id": str(7_000_000_000_000_000 + index)})
    return found


def _matches(have: Any, wanted: str) -> bool:
    return wanted.upper() in have if isinstance(have, list) else str(have).upper() == wanted.upper()


def components(name: str, button_inputs: Sequence[Any]) -> list[dict[str, Any]]:
    """The components of a library entry with the business's own button values. Raises error 100."""
    entry = next((item for item in ENTRIES if item["name"] == name), None)
    if entry is None:
        raise invalid(f"There is no library template {name[:60]!r}")
    result: list[dict[str, Any]] = [
        {"type": "BODY", "text": entry["body"], "example": {"body_text": [list(entry["body_params"])]}}
    ]
    buttons = [dict(button) for button in entry["buttons"]]
    inputs = {str(item.get("type", "")).upper(): item for item in button_inputs if isinstance(item, Mapping)}
    for button in buttons:
        if button["type"] == "URL" and isinstance(url := (inputs.get("URL") or {}).get("url"), Mapping):
            button["url"] = url.get("base_url", button["url"])
            if example := url.get("url_suffix_example"):
                button["example"] = [example]
    if buttons:
        result.append({"type": "BUTTONS", "buttons": buttons})
    return result
