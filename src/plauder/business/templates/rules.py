"""What a template must be like. Pure; limits and subcodes of the reference §6.

`normalise` returns the components in one form (upper-case types, texts of authentication templates written out) or
raises error 100 with the documented subcode and a sentence for people.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from plauder.business.shared.errors import GraphError, invalid

NAME = re.compile(r"[a-z0-9_]{1,512}")
LANGUAGE = re.compile(r"[a-z]{2,3}(?:_[A-Z]{2,4})?")
ANY_VARIABLE = re.compile(r"\{\{([^{}]*)\}\}")
NAMED_VARIABLE = re.compile(r"[a-z][a-z0-9_]*")
URL = re.compile(r"https?://[^\s{}]+(?:\{\{1\}\})?", re.IGNORECASE)
CATEGORIES = ("MARKETING", "UTILITY", "AUTHENTICATION")
STATUSES = frozenset(
    {
        "APPROVED",
        "PENDING",
        "REJECTED",
        "PAUSED",
        "DISABLED",
        "IN_APPEAL",
        "PENDING_DELETION",
        "DELETED",
        "LIMIT_EXCEEDED",
        "ARCHIVED",
    }
)
EDITABLE = frozenset({"APPROVED", "REJECTED", "PAUSED"})
ARCHIVE_LIFE = timedelta(days=28)
NAME_RESERVED = timedelta(days=30)
MAX_TEMPLATES = 250
MAX_TEMPLATES_VERIFIED = 6_000
CREATIONS_PER_HOUR = 100
EDIT_SPAN, EDITS_PER_MONTH = timedelta(hours=24), 10

TTL: Mapping[str, tuple[int, int]] = {
    "AUTHENTICATION": (30, 900),
    "UTILITY": (30, 43_200),
    "MARKETING": (43_200, 2_592_000),
}
DEFAULT_TTL: Mapping[str, int | None] = {"AUTHENTICATION": 600, "UTILITY": None, "MARKETING": None}

Json = Mapping[str, Any]


def _error(details: str, subcode: int, title: str) -> GraphError:
    return invalid(details, subcode=subcode, title=title)


def check_name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise _error(
            "Message template name can only have lowercase letters, digits and underscores.", 2388051, "Invalid name"
        )
    return name


def check_language(language: str) -> str:
    if not LANGUAGE.fullmatch(language):
        raise _error(f"{language[:20]!r} is not a language such as en_US or de.", 2388046, "Invalid language")
    return language


def check_category(category: str) -> str:
    upper = category.upper()
    if upper not in CATEGORIES:
        raise invalid(f"Param category must be one of {{{', '.join(CATEGORIES)}}} - got {category[:40]!r}.")
    return upper


def check_ttl(category: str, seconds: int | None) -> int | None:
    """`message_send_ttl_seconds`; None for the default of the category. -1 is thirty days."""
    if seconds is None:
        return DEFAULT_TTL[category]
    low, high = TTL[category]
    if seconds != -1 and not low <= seconds <= high:
        raise invalid(f"message_send_ttl_seconds must be from {low} to {high} for {category}")
    return seconds


def normalise(components: Sequence[Any], *, category: str, named: bool) -> list[dict[str, Any]]:
    """The components as they are kept."""
    result: list[dict[str, Any]] = []
    for index, component in enumerate(components):
        if not isinstance(component, Mapping):
            raise invalid(f"components[{index}] must be an object")
        kind = str(component.get("type", "")).upper()
        if kind not in COMPONENTS:
            raise invalid(f"components[{index}]['type'] must be one of {', '.join(sorted(COMPONENTS))}")
        result.append(COMPONENTS[kind](component, category, named))
    kinds = [component["type"] for component in result]
    if len(set(kinds)) != len(kinds):
        raise invalid("Each type of component may be used once.")
    if "BODY" not in kinds:
        raise _error("A template needs a BODY component.", 2388043, "Body is missing")
    if category == "AUTHENTICATION":
        _check_authentication(result)
    return sorted(result, key=lambda component: ORDER.index(component["type"]))


ORDER = (
    "HEADER",
    "LIMITED_TIME_OFFER",
    "BODY",
    "FOOTER",
    "BUTTONS",
    "CAROUSEL",
    "CALL_PERMISSION_REQUEST",
    "REQUEST_CONTACT_INFO",
)


# ── variables ─────────────────────────────────────────────────────────────────────────────────────────────────────


def variables(text: str, *, named: bool, where: str) -> list[str]:
    """The variables of a text in order of first use, checked for their form."""
    found = [name.strip() for name in ANY_VARIABLE.findall(text)]
    unique = list(dict.fromkeys(found))
    if text.count("{{") != len(found) or text.count("}}") != len(found):
        raise _error(f"{where} has a variable that is not closed.", 2388047, "Variables have a wrong format")
    for position, name in enumerate(unique, start=1):
        if named and not NAMED_VARIABLE.fullmatch(name):
            details = f"{where}: {{{{{name}}}}} must have lowercase letters, digits and underscores."
            raise _error(details, 2388047, "Variables have a wrong format")
        if not named and name != str(position):
            details = f"{where}: variables must be numbered {{{{1}}}}, {{{{2}}}} … in order; found {{{{{name}}}}}."
            raise _error(details, 2388047, "Variables have a wrong format")
    return unique


def _check_body_variables(text: str, names: Sequence[str]) -> None:
    stripped = text.strip()
    if not names:
        return
    if stripped.startswith("{{") or stripped.endswith("}}"):
        raise _error("Variables can't be at the start or end of the template.", 2388299, "Leading or trailing variable")
    if re.search(r"\}\}\s*\{\{", text):
        raise _error("Two variables must have text between them.", 2388299, "Adjacent variables")
    words = len(ANY_VARIABLE.sub(" ", text).split())
    if words < 2 * len(names) + 1:
        details = "This template has too many variables for its length. Write more text or use fewer variables."
        raise _error(details, 2388293, "Too many variables")


def _examples(component: Json, field: str, names: Sequence[str], *, named: bool, nested: bool) -> Any:
    """The examples for `names`; every variable must have one."""
    if not names:
        return None
    example = component.get("example")
    given = example if isinstance(example, Mapping) else {}
    key = f"{field}_named_params" if named else field
    values = given.get(key)
    if named:
        pairs = {str(item.get("param_name")): item.get("example") for item in values or [] if isinstance(item, Mapping)}
        has_all = all(pairs.get(name) for name in names)
    else:
        row = values[0] if nested and isinstance(values, list) and values and isinstance(values[0], list) else values
        has_all = isinstance(row, list) and len(row) >= len(names) and all(str(value).strip() for value in row)
    if not has_all:
        details = f"component of type {component.get('type')} is missing expected field(s) (example: {key})"
        raise _error(details, 2388043, "Examples are missing")
    return {key: values}


def _limited(text: Any, most: int, where: str, *, required: bool = True) -> str:
    if not isinstance(text, str) or (required and not text.strip()):
        raise invalid(f"{where} must be a text")
    if len(text) > most:
        raise _error(f"{where} has {len(text)} characters; at most {most} are allowed.", 2388040, "Too long")
    return text


# ── components ────────────────────────────────────────────────────────────────────────────────────────────────────


def _header(component: Json, category: str, named: bool) -> dict[str, Any]:
    form = str(component.get("format", "TEXT")).upper()
    if form == "TEXT":
        text = _limited(component.get("text"), 60, "Header")
        names = variables(text, named=named, where="Header")
        if len(names) > 1:
            raise _error("A header can have one variable.", 2388047, "Header format")
        if "\n" in text or any(mark in text for mark in ("*", "~")):
            raise _error("A header can have no line breaks or formatting characters.", 2388047, "Header format")
        examples = _examples(component, "header_text", names, named=named, nested=False)
        return {"type": "HEADER", "format": "TEXT", "text": text} | ({"example": examples} if examples else {})
    if form in ("IMAGE", "VIDEO", "DOCUMENT", "GIF"):
        handles = (component.get("example") or {}).get("header_handle")
        if not isinstance(handles, list) or not handles or not isinstance(handles[0], str):
            details = "component of type HEADER is missing expected field(s) (example: header_handle)"
            raise _error(details, 2388043, "Example is missing")
        return {"type": "HEADER", "format": form, "example": {"header_handle": handles[:1]}}
    if form in ("LOCATION", "PRODUCT"):
        return {"type": "HEADER", "format": form}
    raise _error(f"Header format {form[:20]!r} is unknown.", 2388047, "Header format")


def _body(component: Json, category: str, named: bool) -> dict[str, Any]:
    if category == "AUTHENTICATION":
        advice = bool(component.get("add_security_recommendation"))
        text = "*{{1}}* is your verification code." + (" For your security, do not share this code." if advice else "")
        example = {"body_text": [["123456"]]}
        return {"type": "BODY", "text": text, "add_security_recommendation": advice, "example": example}
    text = _limited(component.get("text"), 1_024, "Body")
    names = variables(text, named=named, where="Body")
    _check_body_variables(text, names)
    if "\n\n\n" in text or "     " in text:
        raise _error("The body has more than two line breaks or four spaces in a row.", 2388072, "Body format")
    examples = _examples(component, "body_text", names, named=named, nested=True)
    return {"type": "BODY", "text": text} | ({"example": examples} if examples else {})


def _footer(component: Json, category: str, named: bool) -> dict[str, Any]:
    if category == "AUTHENTICATION":
        minutes = component.get("code_expiration_minutes")
        if not isinstance(minutes, int) or isinstance(minutes, bool) or not 1 <= minutes <= 90:
            raise invalid("code_expiration_minutes must be from 1 to 90")
        text = f"This code expires in {minutes} minutes."
        return {"type": "FOOTER", "text": text, "code_expiration_minutes": minutes}
    text = _limited(component.get("text"), 60, "Footer")
    if "{{" in text:
        raise _error("A footer can have no variables.", 2388073, "Footer format")
    return {"type": "FOOTER", "text": text}


def _carousel(component: Json, category: str, named: bool) -> dict[str, Any]:
    cards = component.get("cards")
    if not isinstance(cards, list) or not 2 <= len(cards) <= 10:
        raise invalid("A carousel has 2 to 10 cards")
    result = []
    for index, card in enumerate(cards):
        parts = card.get("components") if isinstance(card, Mapping) else None
        if not isinstance(parts, list):
            raise invalid(f"cards[{index}]['components'] must be an array")
        result.append({"components": [_card_component(part, index, category, named) for part in parts]})
    shapes = {tuple((part["type"], part.get("format", "")) for part in card["components"]) for card in result}
    if len(shapes) > 1:
        raise invalid("All cards of a carousel must have the same components")
    if "HEADER" not in {part["type"] for part in result[0]["components"]}:
        raise invalid("Each card of a carousel needs an image, video or product header")
    return {"type": "CAROUSEL", "cards": result}


def _card_component(part: Any, index: int, category: str, named: bool) -> dict[str, Any]:
    kind = str(part.get("type", "")).upper() if isinstance(part, Mapping) else ""
    if kind not in ("HEADER", "BODY", "BUTTONS"):
        raise invalid(f"cards[{index}] may have HEADER, BODY and BUTTONS")
    result = COMPONENTS[kind](part, category, named)
    if kind == "HEADER" and result["format"] not in ("IMAGE", "VIDEO", "PRODUCT"):
        raise invalid(f"cards[{index}]: the header must be an image, a video or a product")
    if kind == "BODY" and len(result["text"]) > 160:
        raise _error(f"cards[{index}]: the body may have 160 characters.", 2388040, "Too long")
    return result


def _offer(component: Json, category: str, named: bool) -> dict[str, Any]:
    offer = component.get("limited_time_offer")
    if not isinstance(offer, Mapping):
        raise invalid("limited_time_offer must be an object")
    text = _limited(offer.get("text"), 16, "limited_time_offer text")
    kept = {"text": text, "has_expiration": bool(offer.get("has_expiration"))}
    return {"type": "LIMITED_TIME_OFFER", "limited_time_offer": kept}


def _plain(component: Json, category: str, named: bool) -> dict[str, Any]:
    return {"type": str(component["type"]).upper()}


def _buttons(component: Json, category: str, named: bool) -> dict[str, Any]:
    buttons = component.get("buttons")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= 10:
        raise invalid("BUTTONS has 1 to 10 buttons")
    result = [_button(button, index) for index, button in enumerate(buttons)]
    kinds = [button["type"] for button in result]
    for kind, most in MOST_BUTTONS.items():
        if kinds.count(kind) > most:
            raise invalid(f"At most {most} buttons of type {kind}")
    replies = [index for index, kind in enumerate(kinds) if kind == "QUICK_REPLY"]
    if replies and replies[-1] - replies[0] + 1 != len(replies):
        raise invalid("Quick replies must stand together, before or after the other buttons")
    texts = [button["text"] for button in result if button.get("text")]
    if len(set(texts)) != len(texts):
        raise invalid("Two buttons have the same text")
    return {"type": "BUTTONS", "buttons": result}


MOST_BUTTONS: Mapping[str, int] = {
    "URL": 2,
    "PHONE_NUMBER": 1,
    "COPY_CODE": 1,
    "FLOW": 1,
    "OTP": 1,
    "CATALOG": 1,
    "MPM": 1,
    "VOICE_CALL": 1,
    "ORDER_DETAILS": 1,
}


def _button(button: Any, index: int) -> dict[str, Any]:
    where = f"buttons[{index}]"
    if not isinstance(button, Mapping):
        raise invalid(f"{where} must be an object")
    kind = str(button.get("type", "")).upper()
    if kind == "QUICK_REPLY":
        return {"type": kind, "text": _limited(button.get("text"), 25, f"{where}['text']")}
    if kind == "URL":
        return _url_button(button, where)
    if kind == "PHONE_NUMBER":
        number = _limited(button.get("phone_number"), 20, f"{where}['phone_number']")
        return {"type": kind, "text": _limited(button.get("text"), 25, f"{where}['text']"), "phone_number": number}
    if kind == "COPY_CODE":
        example = button.get("example")
        code = example[0] if isinstance(example, list) and example else example
        return {"type": kind, "text": "Copy offer code", "example": _limited(code, 20, f"{where}['example']")}
    if kind == "OTP":
        return _otp_button(button, where)
    if kind in ("FLOW", "CATALOG", "MPM", "SPM", "VOICE_CALL", "APP", "ORDER_DETAILS"):
        if kind == "FLOW" and not any(button.get(name) for name in ("flow_id", "flow_name", "flow_json")):
            raise invalid(f"{where} needs flow_id, flow_name or flow_json")
        names = ("flow_id", "flow_name", "flow_json", "flow_action", "navigate_screen", "ttl_minutes", "app_deep_link")
        text = _limited(button.get("text", kind.replace("_", " ").title()), 25, f"{where}['text']")
        return {"type": kind, "text": text} | {name: button[name] for name in names if button.get(name)}
    raise invalid(f"{where}['type'] {kind[:20]!r} is not a type of button")


def _url_button(button: Json, where: str) -> dict[str, Any]:
    url = _limited(button.get("url"), 2_000, f"{where}['url']")
    if not URL.fullmatch(url):
        raise invalid(f"{where}['url'] must be an http or https URL with at most one variable, {{{{1}}}}, at its end")
    result: dict[str, Any] = {"type": "URL", "text": _limited(button.get("text"), 25, f"{where}['text']"), "url": url}
    if "{{1}}" in url:
        example = button.get("example")
        values = example if isinstance(example, list) else [example]
        if not values or not isinstance(values[0], str) or not values[0]:
            raise _error(f"{where} is missing its example", 2388043, "Example is missing")
        result["example"] = values[:1]
    return result


def _otp_button(button: Json, where: str) -> dict[str, Any]:
    kind = str(button.get("otp_type", "")).upper()
    if kind not in ("COPY_CODE", "ONE_TAP", "ZERO_TAP"):
        raise invalid(f"{where}['otp_type'] must be COPY_CODE, ONE_TAP or ZERO_TAP")
    result: dict[str, Any] = {"type": "OTP", "otp_type": kind, "text": button.get("text") or "Copy code"}
    if kind != "COPY_CODE":
        apps = button.get("supported_apps") or [{name: button.get(name) for name in ("package_name", "signature_hash")}]
        if not isinstance(apps, list) or not 1 <= len(apps) <= 5 or not all(_is_app(app) for app in apps):
            raise invalid(f"{where} needs 1 to 5 supported_apps with package_name and signature_hash of 11 characters")
        if kind == "ZERO_TAP" and button.get("zero_tap_terms_accepted") is not True:
            raise invalid(f"{where}: zero_tap_terms_accepted must be true")
        result |= {"supported_apps": apps, "autofill_text": button.get("autofill_text") or "Autofill"}
    return result


def _is_app(app: Any) -> bool:
    return (
        isinstance(app, Mapping)
        and isinstance(app.get("package_name"), str)
        and "." in app["package_name"]
        and isinstance(app.get("signature_hash"), str)
        and len(app["signature_hash"]) == 11
    )


def _check_authentication(components: Sequence[Json]) -> None:
    kinds = {component["type"] for component in components}
    if kinds - {"BODY", "FOOTER", "BUTTONS"}:
        raise invalid("Authentication templates have a body, a footer and one OTP button only")
    buttons: Sequence[Json] = next((item["buttons"] for item in components if item["type"] == "BUTTONS"), [])
    if len(buttons) != 1 or buttons[0]["type"] != "OTP":
        raise invalid("Authentication templates need exactly one button of type OTP")


COMPONENTS: Mapping[str, Callable[[Json, str, bool], dict[str, Any]]] = {
    "HEADER": _header,
    "BODY": _body,
    "FOOTER": _footer,
    "BUTTONS": _buttons,
    "CAROUSEL": _carousel,
    "LIMITED_TIME_OFFER": _offer,
    "CALL_PERMISSION_REQUEST": _plain,
    "REQUEST_CONTACT_INFO": _plain,
}


# ── moderation ────────────────────────────────────────────────────────────────────────────────────────────────────

PROMOTIONAL = re.compile(
    r"\b(sale|discount|% off|offers?|coupon|promo(?:tion)?|deal|buy now|shop now|limited time|free gift|rabatt|angebot"
    r"|gutschein|desconto|oferta|promoção|promoción|descuento|छूट|ऑफ़र)\b",
    re.IGNORECASE,
)
SECRET_REQUEST = re.compile(
    r"\b(send|reply with|enter|confirm|share)\b[^.]{0,60}\b(password|passcode|cvv|full card number|card number)\b",
    re.IGNORECASE,
)
SHORTENERS = re.compile(r"https?://(?:bit\.ly|tinyurl\.com|t\.co|goo\.gl|wa\.me)/", re.IGNORECASE)


def texts_of(components: Sequence[Json]) -> str:
    """Everything a person would read."""
    found: list[str] = []
    for component in components:
        found.append(str(component.get("text", "")))
        for button in component.get("buttons", []):
            found += [str(button.get("text", "")), str(button.get("url", ""))]
        for card in component.get("cards", []):
            found.append(texts_of(card["components"]))
    return "\n".join(found)


def moderate(components: Sequence[Json], category: str) -> tuple[str, str]:
    """The automatic decision: (status, rejected_reason). Plain checks that an operator can overrule."""
    text = texts_of(components)
    if SECRET_REQUEST.search(text):
        return "REJECTED", "SCAM"
    if SHORTENERS.search(text):
        return "REJECTED", "INVALID_FORMAT"
    return "APPROVED", "NONE"


def suggested_category(components: Sequence[Json], category: str) -> str:
    """The category the content has: promotion inside a utility template makes it marketing."""
    if category == "UTILITY" and PROMOTIONAL.search(texts_of(components)):
        return "MARKETING"
    return category


def check_edit(
    *, status: str, edits: Sequence[datetime], category: str, new_category: str | None, at: datetime
) -> None:
    """Whether a template may be edited now. Raises subcode 2388039."""
    if status not in EDITABLE:
        raise _error(f"A template with status {status} can't be edited.", 2388039, "Message template can't be edited")
    if status != "APPROVED":
        return
    if new_category and new_category != category:
        raise _error("The category of an approved template can't be changed.", 2388039, "Category can't be changed")
    recent = [edit for edit in edits if at - edit < timedelta(days=30)]
    if any(at - edit < EDIT_SPAN for edit in recent) or len(recent) >= EDITS_PER_MONTH:
        details = "An approved template can be edited once in 24 hours and 10 times in 30 days."
        raise _error(details, 2388039, "Message template can't be edited now")


# ── quality ───────────────────────────────────────────────────────────────────────────────────────────────────────

PAUSES = (timedelta(hours=3), timedelta(hours=6))
PAUSE_TITLES = ("FIRST_PAUSE", "SECOND_PAUSE")


def is_paced(category: str, status: str) -> bool:
    """Whether the first share of a template goes out before the rest: marketing that nobody has judged yet."""
    return category == "MARKETING" and status == "APPROVED"


def next_pause(pauses: int) -> timedelta | None:
    """How long the next pause for low quality lasts; None: disabled for good."""
    return PAUSES[pauses] if pauses < len(PAUSES) else None
