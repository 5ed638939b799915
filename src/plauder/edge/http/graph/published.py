"""What the published OpenAPI says beyond the routes: parameters, bodies, answers, errors, each with an example that
runs as it stands (`tests/edge/http/graph/test_published.py` sends every one of them).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

SUCCESS: Json = {"success": True}
JSON, FORM = "application/json", "multipart/form-data"
PHONE, WABA, MEDIA, PICTURE = "106540352242922", "102290129340398", "1037543291543636", "4:cGljdHVyZS5wbmc=:x"
TEMPLATE: list[Json] = [
    {"type": "BODY", "text": "Hi {{1}}, your parcel is here.", "example": {"body_text": [["Ana"]]}},
    {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Thanks"}]},
]
FLOW = (
    '{"version":"7.0","screens":[{"id":"A","title":"A","terminal":true,"layout":{"type":"SingleColumnLayout","children":'
    '[{"type":"Footer","label":"Done","on-click-action":{"name":"complete","payload":{}}}]}}]}'
)
PEOPLE: Json = {"block_users": [{"user": "4915112345678"}]}
USER: Json = {"input": "4915112345678", "wa_id": "4915112345678"}
BLOCKED: Json = {"block_users": {"added_users": [USER]}, "messaging_product": "whatsapp"}


def page(*items: Json) -> Json:
    """One page of a list."""
    return {"data": list(items), "paging": {"cursors": {"before": "MA==", "after": "MA=="}}}


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown of one operation: an example of its query, its body and its answer."""

    answer: Json
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Json | None = None
    needs: tuple[str, ...] = ()
    """Parameters that must be there."""
    file: str = ""
    """The part of a multipart body that is a file."""
    raw: bool = False
    """The body is a file's bytes."""


CODE: Json = {"code": "ABCDEFGHIJKLMN", "prefilled_message": "Cheesecake?", "deep_link_url": "https://chat.example/m"}
PAGING = {"limit": 25, "after": "MA=="}
NODE: Json = {"id": PHONE}
SHOWN: dict[str, Shown] = {
    "GET /oauth/access_token": Shown(
        {"access_token": "EAAJB…", "token_type": "bearer"},
        {"client_id": "67890", "client_secret": "s3cret", "grant_type": "client_credentials"},
        needs=("client_id", "client_secret"),
    ),
    "POST /oauth/access_token": Shown(
        {"access_token": "EAAJB…", "token_type": "bearer"},
        body={"client_id": "67890", "client_secret": "s3cret", "grant_type": "client_credentials"},
        needs=("client_id", "client_secret"),
    ),
    "GET /debug_token": Shown(
        {
            "data": {
                "app_id": "67890",
                "type": "SYSTEM_USER",
                "is_valid": True,
                "scopes": ["whatsapp_business_messaging"],
            }
        },
        {"input_token": "EAAJB…"},
        needs=("input_token",),
    ),
    "GET /me": Shown({"id": "12345", "name": "bot"}),
    "GET /app": Shown({"id": "67890", "name": "Bot"}),
    "POST /{phone_id}/media": Shown(
        {"id": MEDIA}, body={"messaging_product": "whatsapp", "type": "image/png"}, file="file", needs=("file",)
    ),
    "POST /{app_id}/uploads": Shown(
        {"id": "upload:MTphdHRhY2htZW50"},
        body={"file_name": "picture.png", "file_length": 68, "file_type": "image/png"},
        needs=("file_length", "file_type"),
    ),
    "POST /upload:{upload_id}": Shown({"h": PICTURE}, raw=True),
    "GET /upload:{upload_id}": Shown({"id": "upload:MTphdHRhY2htZW50", "file_offset": 0}),
    "GET /{waba_id}/message_templates": Shown(
        page({"id": "594425479261596", "name": "parcel", "language": "en_US", "status": "APPROVED"}),
        {"name": "parcel", "status": "APPROVED", "category": "UTILITY", "language": "en_US", **PAGING},
    ),
    "POST /{waba_id}/message_templates": Shown(
        {"id": "594425479261596", "status": "APPROVED", "category": "UTILITY"},
        body={"name": "parcel", "language": "en_US", "category": "UTILITY", "components": TEMPLATE},
        needs=("name", "language", "category"),
    ),
    "DELETE /{waba_id}/message_templates": Shown(SUCCESS, {"name": "parcel", "hsm_id": "594425479261596"}),
    "POST /{waba_id}/upsert_message_templates": Shown(
        {"data": [{"id": "954638012257287", "status": "APPROVED", "language": "en_US"}]},
        body={
            "name": "code",
            "languages": ["en_US", "pt_BR"],
            "category": "AUTHENTICATION",
            "components": [
                {"type": "BODY", "add_security_recommendation": True},
                {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE"}]},
            ],
        },
        needs=("name", "languages", "category", "components"),
    ),
    "POST /{template_id}/unpause": Shown({"success": True, "reason": ""}),
    "GET /{waba_id}/message_template_previews": Shown(
        {"data": [{"language": "en_US", "body": "*{{1}}* is your verification code."}]},
        {"category": "AUTHENTICATION", "languages": "en_US", "button_types": "OTP"},
        needs=("category",),
    ),
    "GET /{template_id}/compare": Shown(
        {"data": [{"metric": "BLOCK_RATE", "type": "RELATIVE"}]},
        {"template_ids": "[1533406637136032]", "start": 1_764_547_200, "end": 1_765_152_000},
        needs=("template_ids", "start", "end"),
    ),
    "POST /{waba_id}/migrate_message_templates": Shown(
        {"migrated_templates": [], "failed_templates": []},
        body={"source_waba_id": WABA, "page_number": 0, "count": 200},
        needs=("source_waba_id",),
    ),
    "POST /{waba_id}/message_templates/archive": Shown(
        {"archived_templates": ["594425479261596"], "failed_templates": []},
        body={"hsm_ids": ["594425479261596"]},
        needs=("hsm_ids",),
    ),
    "POST /{waba_id}/message_templates/unarchive": Shown(
        {"unarchived_templates": ["594425479261596"], "failed_templates": []},
        body={"hsm_ids": ["594425479261596"]},
        needs=("hsm_ids",),
    ),
    "GET /{waba_id}/template_analytics": Shown(
        {"data": [{"granularity": "DAILY", "product_type": "CLOUD_API", "data_points": []}]},
        {"start": 1_795_305_600, "end": 1_795_392_000, "granularity": "DAILY", "template_ids": "[594425479261596]"},
        needs=("start", "end", "template_ids"),
    ),
    "GET /message_template_library": Shown(
        {"data": [{"id": "1", "name": "delivery_update_1", "category": "UTILITY"}]},
        {"search": "delivery", "language": "en_US"},
    ),
    "GET /{waba_id}/flows": Shown(page({"id": "1", "name": "visit", "status": "DRAFT"}), dict(PAGING)),
    "POST /{waba_id}/flows": Shown(
        {"id": "1", "success": True, "validation_errors": []},
        body={"name": "visit", "categories": ["APPOINTMENT_BOOKING"], "flow_json": FLOW, "publish": False},
        needs=("name", "categories"),
    ),
    "POST /{waba_id}/migrate_flows": Shown(
        {"migrated_flows": [], "failed_flows": []},
        body={"source_waba_id": WABA, "source_flow_names": ["visit"]},
        needs=("source_waba_id",),
    ),
    "GET /{flow_id}/assets": Shown(page({"name": "flow.json", "asset_type": "FLOW_JSON", "download_url": "https://…"})),
    "POST /{flow_id}/assets": Shown(
        {"success": True, "validation_errors": []},
        body={"name": "flow.json", "asset_type": "FLOW_JSON"},
        file="file",
        needs=("file",),
    ),
    "POST /{flow_id}/publish": Shown(SUCCESS),
    "POST /{flow_id}/deprecate": Shown(SUCCESS),
    "POST /{phone_id}/request_code": Shown(SUCCESS, body={"code_method": "SMS", "language": "en_US"}),
    "POST /{phone_id}/verify_code": Shown(SUCCESS, body={"code": "123456"}, needs=("code",)),
    "POST /{phone_id}/register": Shown(
        SUCCESS, body={"messaging_product": "whatsapp", "pin": "123456"}, needs=("pin",)
    ),
    "POST /{phone_id}/deregister": Shown(SUCCESS),
    "GET /{phone_id}/settings": Shown(
        {"calling": {"status": "DISABLED"}, "user_identity_change": {"enable_identity_key_check": False}}
    ),
    "POST /{phone_id}/settings": Shown(SUCCESS, body={"calling": {"status": "DISABLED"}}),
    "GET /{phone_id}/whatsapp_business_profile": Shown(
        {"data": [{"about": "Bread since 1998", "messaging_product": "whatsapp", "vertical": "RESTAURANT"}]},
        {"fields": "about,address,description,email,profile_picture_url,websites,vertical"},
    ),
    "POST /{phone_id}/whatsapp_business_profile": Shown(
        SUCCESS, body={"messaging_product": "whatsapp", "about": "Bread since 1998", "vertical": "RESTAURANT"}
    ),
    "POST /{phone_id}/conversational_automation": Shown(
        SUCCESS,
        body={
            "enable_welcome_message": True,
            "prompts": ["Opening hours"],
            "commands": [{"command_name": "order", "command_description": "Order bread"}],
        },
    ),
    "GET /{phone_id}/conversational_automation": Shown(
        {"data": [{"id": PHONE, "enable_welcome_message": True, "prompts": ["Opening hours"], "commands": []}]}
    ),
    "GET /{phone_id}/whatsapp_commerce_settings": Shown({"data": [{"id": PHONE, "is_cart_enabled": True}]}),
    "POST /{phone_id}/whatsapp_commerce_settings": Shown(
        SUCCESS, body={"is_cart_enabled": True, "is_catalog_visible": False}
    ),
    "GET /{phone_id}/whatsapp_business_encryption": Shown(
        {
            "data": [
                {"business_public_key": "-----BEGIN PUBLIC KEY-----…", "business_public_key_signature_status": "VALID"}
            ]
        }
    ),
    "POST /{phone_id}/whatsapp_business_encryption": Shown(
        SUCCESS, body={"business_public_key": "-----BEGIN PUBLIC KEY-----…"}, needs=("business_public_key",)
    ),
    "POST /{phone_id}/message_qrdls": Shown(
        CODE, body={"prefilled_message": "Cheesecake?", "generate_qr_image": "SVG"}, needs=("prefilled_message",)
    ),
    "GET /{phone_id}/message_qrdls": Shown({"data": [CODE]}, {"fields": "code,prefilled_message,deep_link_url"}),
    "GET /{phone_id}/message_qrdls/{code}": Shown({"data": [CODE]}),
    "DELETE /{phone_id}/message_qrdls/{code}": Shown(SUCCESS),
    "GET /{phone_id}/block_users": Shown(page({"messaging_product": "whatsapp", "wa_id": "4915112345678"}), PAGING),
    "POST /{phone_id}/block_users": Shown(
        BLOCKED, body={"messaging_product": "whatsapp"} | PEOPLE, needs=("block_users",)
    ),
    "DELETE /{phone_id}/block_users": Shown(
        {"block_users": {"removed_users": [USER]}, "messaging_product": "whatsapp"},
        body={"messaging_product": "whatsapp"} | PEOPLE,
        needs=("block_users",),
    ),
    "POST /{business_id}/owned_product_catalogs": Shown({"id": "1"}, body={"name": "Bakery"}, needs=("name",)),
    "GET /{business_id}/owned_product_catalogs": Shown(page({"id": "1", "name": "Bakery"}), dict(PAGING)),
    "GET /{waba_id}/product_catalogs": Shown(page({"id": "1", "name": "Bakery"})),
    "POST /{waba_id}/product_catalogs": Shown(SUCCESS, body={"catalog_id": "1"}, needs=("catalog_id",)),
    "DELETE /{waba_id}/product_catalogs": Shown(SUCCESS, {"catalog_id": "1"}, needs=("catalog_id",)),
    "GET /{catalog_id}/products": Shown(page({"id": "2", "retailer_id": "bread", "name": "Bread"}), dict(PAGING)),
    "POST /{catalog_id}/products": Shown(
        {"id": "2"},
        body={"retailer_id": "bread", "name": "Bread", "price": 350, "currency": "EUR", "availability": "in stock"},
        needs=("retailer_id", "name"),
    ),
    "POST /{catalog_id}/items_batch": Shown(
        {"handles": ["…"], "validation_status": []},
        body={
            "item_type": "PRODUCT_ITEM",
            "requests": [{"method": "UPDATE", "data": {"id": "bread", "title": "Dark bread", "price": "3.80 EUR"}}],
        },
        needs=("requests",),
    ),
    "POST /{waba_id}/subscribed_apps": Shown(
        SUCCESS, body={"override_callback_uri": "https://bakery.example/hook", "verify_token": "hello"}
    ),
    "GET /{waba_id}/subscribed_apps": Shown(
        {"data": [{"whatsapp_business_api_data": {"id": "67890", "name": "Bot", "link": "https://…"}}]}
    ),
    "DELETE /{waba_id}/subscribed_apps": Shown(SUCCESS),
    "GET /{waba_id}/phone_numbers": Shown(
        page(
            {"id": PHONE, "display_phone_number": "+49 30 55500123", "verified_name": "Café", "quality_rating": "GREEN"}
        ),
        {"fields": "id,display_phone_number,verified_name,quality_rating", **PAGING},
    ),
    "POST /{waba_id}/phone_numbers": Shown(
        {"id": PHONE},
        body={"cc": "55", "phone_number": "1140028922", "verified_name": "Padaria"},
        needs=("phone_number",),
    ),
    "GET /{business_id}/owned_whatsapp_business_accounts": Shown(page({"id": WABA, "name": "Café"}), dict(PAGING)),
    "GET /{business_id}/client_whatsapp_business_accounts": Shown({"data": []}, dict(PAGING)),
    "POST /{app_id}/subscriptions": Shown(
        SUCCESS,
        body={
            "object": "whatsapp_business_account",
            "callback_url": "https://bakery.example/hook",
            "verify_token": "hello",
            "fields": ["messages", "message_template_status_update"],
        },
        needs=("callback_url", "verify_token"),
    ),
    "GET /{app_id}/subscriptions": Shown(
        {"data": [{"object": "whatsapp_business_account", "callback_url": "https://bakery.example/hook", "fields": []}]}
    ),
    "DELETE /{app_id}/subscriptions": Shown(SUCCESS, {"object": "whatsapp_business_account"}),
    "GET /{node_id}": Shown(NODE, {"fields": "id"}),
    "POST /{node_id}": Shown(SUCCESS, body={"is_enabled_for_insights": True}),
    "DELETE /{node_id}": Shown(SUCCESS),
    "POST /{phone_id}/messages": Shown(
        {
            "messaging_product": "whatsapp",
            "contacts": [USER],
            "messages": [{"id": "wamid.HBgN…"}],
        }
    ),
    "POST /{phone_id}/marketing_messages": Shown(
        {
            "messaging_product": "whatsapp",
            "contacts": [USER],
            "messages": [{"id": "wamid.HBgN…", "message_status": "accepted"}],
        }
    ),
}

ERROR: Json = {
    "error": {
        "message": "(#100) Invalid parameter",
        "type": "OAuthException",
        "code": 100,
        "error_data": {"messaging_product": "whatsapp", "details": "The parameter name is required."},
        "fbtrace_id": "Ab1CdEfGh2I",
    }
}


def publish(spec: Json) -> Json:
    """The generated description, completed; changes and returns it."""
    schemas = spec.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Error"] = schema_of(ERROR) | {"description": "Clients tell errors apart by `code`, not by HTTP status."}
    spec["components"]["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "An access token; `?access_token=` is the same."}
    }
    spec["security"] = [{"token": []}]
    for path, operations in spec["paths"].items():
        for method, operation in operations.items():
            _complete(operation, SHOWN.get(f"{method.upper()} {path}"))
    return spec


def _complete(operation: Json, shown: Shown | None) -> None:
    error = {"content": {JSON: {"schema": {"$ref": "#/components/schemas/Error"}, "example": ERROR}}}
    operation["responses"] = {"default": {"description": "What went wrong"} | error}
    if shown is None:  # what is not offered here: it answers nothing but its error
        return
    answer = {"schema": schema_of(shown.answer), "example": shown.answer}
    operation["responses"]["200"] = {"description": "Done", "content": {JSON: answer}}
    for name, value in shown.query.items():
        parameter = {"name": name, "in": "query", "required": name in shown.needs, "example": value}
        operation.setdefault("parameters", []).append(parameter | {"schema": schema_of(value)})
    if shown.raw:
        content: Json = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
        operation["requestBody"] = {"required": True, "content": content}
    elif shown.body is not None:
        schema = schema_of(shown.body)
        if shown.file:
            schema["properties"][shown.file] = {"type": "string", "format": "binary"}
        schema |= {"required": list(shown.needs)} if shown.needs else {}
        kind = FORM if shown.file else JSON
        content = {kind: {"schema": schema} | ({} if shown.file else {"example": shown.body})}
        operation["requestBody"] = {"required": bool(shown.needs), "content": content}


def schema_of(example: Any) -> Json:
    """The shape of an example. Objects may hold more than it shows."""
    match example:
        case bool():
            return {"type": "boolean"}
        case int():
            return {"type": "integer"}
        case str():
            return {"type": "string"}
        case list():
            return {"type": "array", "items": schema_of(example[0]) if example else {}}
        case dict():
            return {"type": "object", "properties": {name: schema_of(value) for name, value in example.items()}}
    raise TypeError(type(example))
