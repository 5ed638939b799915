"""What a business may send: every message type, validated and put into one normal form. Pure.

Limits are those of the reference (§3). `parse` raises 131008 for what is missing, 131009 for what is wrong, 131051 and
100 for unknown types. `media_parts` finds the objects that still need a stored medium.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from plauder.business.messages import interactive
from plauder.business.messages.reading import Part, kept, missing, wrong
from plauder.business.shared.errors import fail

MAX_BODY = 4_096
MAX_CAPTION = 1_024
MAX_CALLBACK_DATA = 512
MAX_WAMID = 512
MEDIA_KINDS = frozenset({"image", "video", "audio", "document", "sticker"})

_DIGITS = re.compile(r"[0-9]{5,17}")
_PUNCTUATION = re.compile(r"[\s()\-./]+")
_BSUID = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[0-9A-Za-z]{1,128}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A valid request to send. `content` is the object named after `kind`, in normal form."""

    input: str
    to: str
    recipient: str
    kind: str
    content: Any
    context_id: str = ""
    callback_data: str = ""
    is_group: bool = False
    template_name: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """`status: read`, perhaps with a typing indicator."""

    message_id: str
    typing: bool


def digits_of(text: str) -> tuple[str, bool]:
    """(digits, was it written with a plus): punctuation is ignored. Raises 131009."""
    cleaned = _PUNCTUATION.sub("", text)
    plus = cleaned.startswith("+")
    digits = cleaned.removeprefix("+").removeprefix("00") if not plus else cleaned[1:]
    if not digits.isascii() or not _DIGITS.fullmatch(digits):
        raise wrong("to", "is not a valid phone number")
    return digits, plus


def parse(body: Mapping[str, Any]) -> Outgoing | ReadRequest:
    """The body of POST /{phone}/messages."""
    root = Part(body, "")
    if body.get("messaging_product") != "whatsapp":
        if "messaging_product" not in body:
            raise fail(100, "The parameter messaging_product is required.")
        raise fail(100, "Param messaging_product must be one of {WHATSAPP}")
    if "status" in body:
        return _read(root)
    recipient_type = root.one_of("recipient_type", frozenset({"individual", "group"}), default="individual")
    kind = _kind(body)
    if kind not in body:
        raise missing(kind)
    content = KINDS[kind](root, kind)
    to, recipient, entered = _address(root, is_group=recipient_type == "group")
    context = root.maybe_part("context")
    return Outgoing(
        input=entered,
        to=to,
        recipient=recipient,
        kind=kind,
        content=content,
        context_id=context.text("message_id", MAX_WAMID) if context and kind != "reaction" else "",
        callback_data=root.maybe("biz_opaque_callback_data", MAX_CALLBACK_DATA),
        is_group=recipient_type == "group",
        template_name=content["name"] if kind == "template" else "",
        language=content["language"]["code"] if kind == "template" else "",
    )


def _kind(body: Mapping[str, Any]) -> str:
    kind = body.get("type") or ("text" if "text" in body else "")
    if not isinstance(kind, str):
        raise fail(100, "Param type must be a string.")
    kind = kind.lower()
    if not kind:
        raise fail(100, "The parameter type is required.")
    if kind not in KINDS:
        known = ", ".join(sorted(KINDS)).upper()
        raise fail(100, f"Param type must be one of {{{known}}} - got {kind[:40]!r}.")
    return kind


def _read(root: Part) -> ReadRequest:
    root.one_of("status", frozenset({"read"}))
    typing = root.maybe_part("typing_indicator")
    if typing:
        typing.one_of("type", frozenset({"text"}))
    return ReadRequest(root.text("message_id", MAX_WAMID), typing is not None)


def _address(root: Part, *, is_group: bool) -> tuple[str, str, str]:
    """(digits, BSUID, what was entered); `to` wins over `recipient`."""
    if root.has("to"):
        entered = root.text("to", 64)
        if is_group:
            return "", entered, entered
        if _BSUID.fullmatch(entered):
            return "", entered, entered
        return digits_of(entered)[0], "", entered
    if not root.has("recipient"):
        raise missing("to")
    user_id = root.text("recipient", 140)
    if not _BSUID.fullmatch(user_id):
        raise wrong("recipient", "is not a business-scoped user ID")
    return "", user_id, user_id


# ── one function per type ─────────────────────────────────────────────────────────────────────────────────────────


def _text(root: Part, name: str) -> dict[str, Any]:
    text = root.part(name)
    body = text.text("body", MAX_BODY)
    if not body.strip():
        raise missing("text['body']")
    preview = text.value.get("preview_url")
    return {"body": body, "preview_url": preview is True or str(preview).lower() == "true"}


def media(part: Part, *, caption: bool = True, filename: bool = False) -> dict[str, Any]:
    """`{id | link}`, exactly one."""
    if part.has("id") == part.has("link"):
        raise wrong(part.path, "must have exactly one of id and link")
    source = {"id": part.text("id", 64)} if part.has("id") else {"link": part.url("link", 4_096)}
    return source | kept(
        caption=part.maybe("caption", MAX_CAPTION) if caption else "",
        filename=part.maybe("filename", 240) if filename else "",
    )


def _image(root: Part, name: str) -> dict[str, Any]:
    return media(root.part(name))


def _document(root: Part, name: str) -> dict[str, Any]:
    return media(root.part(name), filename=True)


def _sticker(root: Part, name: str) -> dict[str, Any]:
    return media(root.part(name), caption=False)


def _audio(root: Part, name: str) -> dict[str, Any]:
    part = root.part(name)
    voice = part.value.get("voice")
    return media(part, caption=False) | ({"voice": True} if voice is True or str(voice).lower() == "true" else {})


def _location(root: Part, name: str) -> dict[str, Any]:
    return location(root.part(name))


def location(part: Part) -> dict[str, Any]:
    return {"latitude": part.real("latitude", -90, 90), "longitude": part.real("longitude", -180, 180)} | kept(
        name=part.maybe("name", 1_000), address=part.maybe("address", 1_000)
    )


def _reaction(root: Part, name: str) -> dict[str, Any]:
    part = root.part(name)
    return {"message_id": part.text("message_id", MAX_WAMID), "emoji": part.maybe("emoji", 64)}


_CONTACT_LISTS: dict[str, tuple[str, ...]] = {
    "phones": ("phone", "type", "wa_id"),
    "emails": ("email", "type"),
    "urls": ("url", "type"),
    "addresses": ("street", "city", "state", "zip", "country", "country_code", "type"),
}
_NAME_PARTS = ("first_name", "last_name", "middle_name", "prefix", "suffix")


def _contacts(root: Part, name: str) -> list[dict[str, Any]]:
    return [_contact(part) for part in root.parts(name, 1, 257)]


def _contact(part: Part) -> dict[str, Any]:
    name = part.part("name")
    names = kept(**{key: name.maybe(key, 256) for key in _NAME_PARTS})
    if not names:
        raise fail(131009, f"{name.path} needs one of {', '.join(_NAME_PARTS)} besides formatted_name")
    contact: dict[str, Any] = {"name": {"formatted_name": name.text("formatted_name", 512)} | names}
    for key, fields in _CONTACT_LISTS.items():
        if part.has(key):
            contact[key] = [kept(**{f: item.maybe(f, 512) for f in fields}) for item in part.parts(key, 0, 50)]
    if birthday := part.maybe("birthday", 10):
        if not _DATE.fullmatch(birthday):
            raise wrong(part.where("birthday"), "must be of the form YYYY-MM-DD")
        contact["birthday"] = birthday
    if org := part.maybe_part("org"):
        contact["org"] = kept(**{key: org.maybe(key, 256) for key in ("company", "department", "title")})
    return contact


def _interactive(root: Part, name: str) -> dict[str, Any]:
    return interactive.parse(root.part(name), media)


def _pin(root: Part, name: str) -> dict[str, Any]:
    raise fail(131051, "Pins are for groups, which this number does not have")


_TEMPLATE_PARAMETERS: dict[str, int] = {"text": 32_768, "payload": 256, "coupon_code": 20}


def _template(root: Part, name: str) -> dict[str, Any]:
    part = root.part(name)
    language = part.part("language")
    components = [_component(item, depth=0) for item in part.parts("components", 0, 20)]
    return {
        "name": part.text("name", 512),
        "language": {"code": language.text("code", 16)},
        "components": components,
    }


def _component(part: Part, *, depth: int) -> dict[str, Any]:
    kind = part.text("type", 40).lower()
    if kind not in ("header", "body", "footer", "button", "carousel", "limited_time_offer", "order_status"):
        raise wrong(part.where("type"), "is not a type of template component")
    result: dict[str, Any] = {"type": kind}
    if kind == "button":
        result["sub_type"] = part.text("sub_type", 40).lower()
        result["index"] = part.whole("index", most=9, default=0)
    if kind == "carousel" and depth == 0:
        result["cards"] = [_card(card) for card in part.parts("cards", 1, 10)]
    else:
        result["parameters"] = [_parameter(item) for item in part.parts("parameters", 0, 100)]
    return result


def _card(part: Part) -> dict[str, Any]:
    components = [_component(item, depth=1) for item in part.parts("components", 1, 10)]
    return {"card_index": part.whole("card_index", most=9), "components": components}


def _parameter(part: Part) -> dict[str, Any]:
    kind = part.text("type", 40).lower()
    result: dict[str, Any] = {"type": kind}
    if part.has("parameter_name"):
        result["parameter_name"] = part.text("parameter_name", 100)
    if kind in _TEMPLATE_PARAMETERS:
        name = "payload" if kind == "payload" else kind
        result[name] = part.text(name, _TEMPLATE_PARAMETERS[kind])
    elif kind in ("image", "video", "document", "gif"):
        result[kind] = media(part.part(kind), caption=False, filename=kind == "document")
    elif kind == "location":
        result[kind] = location(part.part(kind))
    elif kind == "currency":
        currency = part.part(kind)
        result[kind] = {
            "fallback_value": currency.text("fallback_value", 256),
            "code": currency.text("code", 3),
            "amount_1000": currency.whole("amount_1000", least=-(2**53)),
        }
    elif kind == "date_time":
        result[kind] = {"fallback_value": part.part(kind).text("fallback_value", 256)}
    elif kind == "limited_time_offer":
        result[kind] = {"expiration_time_ms": part.part(kind).whole("expiration_time_ms")}
    elif kind in ("action", "product", "tap_target_configuration", "ttl_minutes", "order_status"):
        result[kind] = part.value.get(kind)
    else:
        raise wrong(part.where("type"), f"{kind[:40]!r} is not a type of template parameter")
    return result


KINDS: dict[str, Callable[[Part, str], Any]] = {
    "text": _text,
    "image": _image,
    "video": _image,
    "audio": _audio,
    "document": _document,
    "sticker": _sticker,
    "location": _location,
    "contacts": _contacts,
    "reaction": _reaction,
    "interactive": _interactive,
    "template": _template,
    "pin": _pin,
}


def media_parts(kind: str, content: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every (media type, object with `id` or `link`) of a message, for those who resolve them in place."""
    if kind in MEDIA_KINDS:
        yield kind, content
    elif kind == "interactive":
        yield from _header_media(content.get("header"))
        for card in content["action"].get("cards", []):
            yield from _header_media(card.get("header"))
    elif kind == "template":
        yield from _parameter_media(content["components"])


def _header_media(header: dict[str, Any] | None) -> Iterator[tuple[str, dict[str, Any]]]:
    if header and header["type"] in MEDIA_KINDS:
        yield header["type"], header[header["type"]]


def _parameter_media(components: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for component in components:
        for parameter in component.get("parameters", []):
            if parameter["type"] in ("image", "video", "document", "gif"):
                yield "video" if parameter["type"] == "gif" else parameter["type"], parameter[parameter["type"]]
        for card in component.get("cards", []):
            yield from _parameter_media(card["components"])
