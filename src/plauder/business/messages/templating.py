"""A template and the parameters of one send become what the person sees. Pure.

Raises the documented codes: 132000 (how many), 132012 (what kind), 132005 (too long), 132015/132016 (state), 131008.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from plauder.business.messages.ports import TemplateView
from plauder.business.shared.errors import GraphError, fail

VARIABLE = re.compile(r"\{\{\s*([a-z0-9_]+)\s*\}\}")
MAX_HYDRATED = 4_096
MAX_HEADER = 60
MEDIA = frozenset({"IMAGE", "VIDEO", "DOCUMENT", "GIF"})

Json = Mapping[str, Any]


def check_state(template: TemplateView | None, name: str, language: str) -> TemplateView:
    """Whether the template may be sent at all. Raises 132001, 132015, 132016."""
    if template is None:
        raise fail(132001, f"template name ({name}) does not exist in {language}")
    if template.status == "PAUSED":
        raise fail(132015, f"Template {name} is paused because of its low quality.")
    if template.status == "DISABLED":
        raise fail(132016, f"Template {name} was paused too many times and is disabled for good.")
    if template.status != "APPROVED":
        raise fail(132001, f"template name ({name}) in {language} has status {template.status}, not APPROVED")
    return template


def render(template: TemplateView, components: Sequence[Json]) -> dict[str, Any]:
    """The rendered template: name, language, category, header?, body, footer?, buttons, cards?, offer?."""
    sent = _by_type(components)
    result: dict[str, Any] = {"name": template.name, "language": template.language, "category": template.category}
    named = template.parameter_format == "NAMED"
    _fill(result, template.components, sent, named)
    if unexpected := [kind for kind in sent if kind != "button" and kind not in _kinds(template.components)]:
        raise fail(132000, f"The template has no {unexpected[0]} that takes parameters.")
    return result


def _kinds(components: Sequence[Json]) -> set[str]:
    return {str(component["type"]).lower() for component in components}


def _by_type(components: Sequence[Json]) -> dict[str, list[Json]]:
    result: dict[str, list[Json]] = {}
    for component in components:
        result.setdefault(component["type"], []).append(component)
    return result


def _first(sent: Mapping[str, list[Json]], kind: str) -> list[Json]:
    return list(sent[kind][0].get("parameters", [])) if kind in sent else []


def _fill(result: dict[str, Any], components: Sequence[Json], sent: Mapping[str, list[Json]], named: bool) -> None:
    for component in components:
        kind = str(component["type"]).upper()
        if kind == "HEADER":
            result["header"] = _header(component, _first(sent, "header"), named)
        elif kind == "BODY":
            result["body"] = _body(component, _first(sent, "body"), named)
        elif kind == "FOOTER":
            result["footer"] = _footer(component)
        elif kind == "BUTTONS":
            result["buttons"] = _buttons(component["buttons"], sent.get("button", []))
        elif kind == "LIMITED_TIME_OFFER":
            result["limited_time_offer"] = _offer(component, _first(sent, "limited_time_offer"))
        elif kind == "CAROUSEL":
            result["cards"] = _cards(component["cards"], sent.get("carousel", []), named)
        elif kind in ("CALL_PERMISSION_REQUEST", "REQUEST_CONTACT_INFO"):
            result[kind.lower()] = True
    if "button" in sent and "buttons" not in result:
        raise fail(132000, "The template has no buttons.")


def substitute(text: str, parameters: Sequence[Json], *, named: bool, where: str, most: int) -> str:
    """`text` with its variables replaced. Raises 132000, 132012, 132005."""
    names = list(dict.fromkeys(VARIABLE.findall(text)))
    if len(parameters) != len(names):
        raise fail(132000, f"{where}: number of localizable_params ({len(parameters)}) does not match {len(names)}")
    values: dict[str, str] = {}
    for position, parameter in enumerate(parameters, start=1):
        name = parameter.get("parameter_name", "") if named else str(position)
        if named and name not in names:
            raise fail(132000, f"{where}: parameter_name {name!r} is not one of {', '.join(names)}")
        values[name] = _text_of(parameter, where)
    if missing := [name for name in names if name not in values]:
        raise fail(132000, f"{where}: no value for {missing[0]!r}")
    filled = VARIABLE.sub(lambda match: values[match[1]], text)
    if len(filled) > most:
        raise fail(132005, f"{where} with its values has {len(filled)} characters; at most {most} are allowed")
    return filled


def _text_of(parameter: Json, where: str) -> str:
    kind = parameter["type"]
    if kind == "text":
        text = str(parameter["text"])
    elif kind in ("currency", "date_time"):
        text = str(parameter[kind]["fallback_value"])
    else:
        raise fail(132012, f"{where}: expected a text, currency or date_time, got {kind}")
    if "\n" in text or "\t" in text or "     " in text:
        raise fail(132007, f"{where}: a value cannot have new-line, tab or more than 4 consecutive spaces")
    return text


def _header(component: Json, parameters: Sequence[Json], named: bool) -> dict[str, Any]:
    form = str(component.get("format", "TEXT")).upper()
    if form == "TEXT":
        text = substitute(component.get("text", ""), parameters, named=named, where="header", most=MAX_HEADER)
        return {"type": "text", "text": text}
    if form in MEDIA or form == "LOCATION":
        kind = form.lower()
        if len(parameters) != 1:
            raise fail(132012, f"header: Format mismatch, expected {form}, received UNKNOWN")
        if parameters[0]["type"] != kind:
            raise fail(132012, f"header: Format mismatch, expected {form}, received {parameters[0]['type'].upper()}")
        return {"type": kind, kind: dict(parameters[0][kind])}
    if form == "PRODUCT":
        product = parameters[0].get("product") if parameters else None
        return {"type": "product", "product": product}
    raise fail(132012, f"header: unknown format {form}")


def _body(component: Json, parameters: Sequence[Json], named: bool) -> str:
    return substitute(component.get("text", ""), parameters, named=named, where="body", most=MAX_HYDRATED)


def _footer(component: Json) -> str:
    return str(component.get("text", ""))


def _offer(component: Json, parameters: Sequence[Json]) -> dict[str, Any]:
    offer = component["limited_time_offer"]
    result: dict[str, Any] = {"text": offer["text"], "has_expiration": bool(offer.get("has_expiration"))}
    if result["has_expiration"]:
        if not parameters or parameters[0]["type"] != "limited_time_offer":
            raise fail(132012, "limited_time_offer: expiration_time_ms is needed")
        result |= parameters[0]["limited_time_offer"]
    return result


def _cards(cards: Sequence[Json], sent: Sequence[Json], named: bool) -> list[dict[str, Any]]:
    given = {card["card_index"]: card["components"] for item in sent for card in item.get("cards", [])}
    if set(given) != set(range(len(cards))):
        raise fail(132000, f"carousel: {len(given)} cards given, the template has {len(cards)}")
    result = []
    for index, card in enumerate(cards):
        filled: dict[str, Any] = {}
        _fill(filled, card["components"], _by_type(given[index]), named)
        result.append(filled)
    return result


def _buttons(buttons: Sequence[Json], sent: Sequence[Json]) -> list[dict[str, Any]]:
    given = {component["index"]: component for component in sent}
    if extra := [index for index in given if index >= len(buttons)]:
        raise fail(132000, f"buttons: there is no button with index {extra[0]}")
    return [_button(button, given.get(index), index) for index, button in enumerate(buttons)]


def _button(button: Json, given: Json | None, index: int) -> dict[str, Any]:
    kind = str(button["type"]).upper()
    parameter = given["parameters"][0] if given and given.get("parameters") else None
    result: dict[str, Any] = {"type": kind, "index": index, "text": button.get("text", "")}
    if kind == "QUICK_REPLY":
        result["payload"] = parameter["payload"] if parameter and "payload" in parameter else result["text"]
    elif kind == "URL":
        result["url"] = _url(button, parameter, index)
    elif kind == "OTP":
        result |= _otp(button, parameter, index)
    elif kind == "PHONE_NUMBER":
        result["phone_number"] = button["phone_number"]
    elif kind == "COPY_CODE":
        if parameter is None or "coupon_code" not in parameter:
            raise _needs(index, kind, "coupon_code")
        result["code"] = parameter["coupon_code"]
    elif kind == "FLOW":
        action = (parameter or {}).get("action") or {}
        names = ("flow_id", "flow_name", "flow_action", "navigate_screen")
        result |= {name: button[name] for name in names if name in button}
        result["flow_token"] = action.get("flow_token", "unused")
        result["flow_action_data"] = action.get("flow_action_data", {})
    elif kind in ("CATALOG", "MPM", "SPM", "ORDER_DETAILS"):
        result["action"] = (parameter or {}).get("action", {})
    return result


def _url(button: Json, parameter: Json | None, index: int) -> str:
    url = str(button["url"])
    if not VARIABLE.search(url):
        return url
    if parameter is None or parameter["type"] not in ("text", "payload"):
        raise _needs(index, "URL", "text")
    return VARIABLE.sub(lambda _: str(parameter.get("text", parameter.get("payload"))), url)


def _otp(button: Json, parameter: Json | None, index: int) -> dict[str, Any]:
    if parameter is None or parameter["type"] not in ("text", "payload", "coupon_code"):
        raise _needs(index, "URL", "text with the code")
    code = str(parameter.get("text") or parameter.get("payload") or parameter.get("coupon_code"))
    if len(code) > 15:
        raise fail(132005, "The code of an authentication template has at most 15 characters")
    kept = ("otp_type", "autofill_text", "supported_apps", "package_name", "signature_hash")
    return {name: button[name] for name in kept if name in button} | {"code": code}


def _needs(index: int, kind: str, what: str) -> GraphError:
    return fail(131008, f"buttons: Button at index {index} of type {kind} requires a parameter: {what}")


def as_text(rendered: Json) -> str:
    """The rendered template for a client that shows text only."""
    lines: list[str] = []
    header = rendered.get("header") or {}
    if header.get("type") == "text":
        lines.append(header["text"])
    lines += [rendered.get("body", ""), rendered.get("footer", "")]
    for card in rendered.get("cards", []):
        lines.append("• " + str(card.get("body", "")))
    for button in rendered.get("buttons", []):
        extra = button.get("url") or button.get("phone_number") or button.get("code") or ""
        lines.append(f"[{button['text']}] {extra}".strip() if button.get("text") else str(extra))
    # Last: a list of chats shows how a message begins.
    if header.get("type") in ("image", "video", "document", "gif"):
        lines.append(str(header[header["type"]].get("link", "")))
    return "\n".join(line for line in lines if line)
