"""What a flow's JSON must be like. Pure: text in, list of errors with their place out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from plauder.business.shared.errors import invalid

CATEGORIES = frozenset(
    {
        "SIGN_UP",
        "SIGN_IN",
        "APPOINTMENT_BOOKING",
        "LEAD_GENERATION",
        "CONTACT_US",
        "CUSTOMER_SUPPORT",
        "SURVEY",
        "OTHER",
    }
)
VERSIONS = re.compile(r"(?:2\.1|[3-7]\.\d)")
MAX_BYTES = 10 * 1024 * 1024
MAX_SCREENS = 100
MAX_COMPONENTS = 50
SCREEN_ID = re.compile(r"[A-Za-z_]{1,200}")

COMPONENTS = frozenset(
    {
        "TextHeading",
        "TextSubheading",
        "TextBody",
        "TextCaption",
        "RichText",
        "TextInput",
        "TextArea",
        "CheckboxGroup",
        "RadioButtonsGroup",
        "ChipsSelector",
        "Dropdown",
        "DatePicker",
        "CalendarPicker",
        "OptIn",
        "EmbeddedLink",
        "Image",
        "ImageCarousel",
        "PhotoPicker",
        "DocumentPicker",
        "NavigationList",
        "Footer",
        "Form",
        "If",
        "Switch",
    }
)
ACTIONS = frozenset({"navigate", "complete", "data_exchange", "open_url", "update_data"})
REQUIRED: Mapping[str, tuple[str, ...]] = {
    "TextHeading": ("text",),
    "TextBody": ("text",),
    "TextInput": ("name", "label"),
    "TextArea": ("name", "label"),
    "CheckboxGroup": ("name", "data-source"),
    "RadioButtonsGroup": ("name", "data-source"),
    "Dropdown": ("name", "label", "data-source"),
    "DatePicker": ("name", "label"),
    "OptIn": ("name", "label"),
    "EmbeddedLink": ("text", "on-click-action"),
    "Image": ("src",),
    "Footer": ("label", "on-click-action"),
}

Problem = dict[str, Any]


def check_categories(categories: list[Any]) -> list[str]:
    names = [str(item).upper() for item in categories]
    if not names or any(name not in CATEGORIES for name in names):
        raise invalid(f"categories must have at least one of {', '.join(sorted(CATEGORIES))}")
    return sorted(set(names))


def _problem(error: str, message: str, text: str = "", needle: str = "", kind: str = "FLOW_JSON_ERROR") -> Problem:
    """A validation error; its place is that of the first `needle` in the text."""
    at = text.find(f'"{needle}"') if needle else -1
    line = text.count("\n", 0, at) + 1 if at >= 0 else 1
    column = at - (text.rfind("\n", 0, at) + 1) + 1 if at >= 0 else 1
    end = column + len(needle) + 2 if at >= 0 else 1
    return {
        "error": error,
        "error_type": kind,
        "message": message,
        "line_start": line,
        "line_end": line,
        "column_start": column,
        "column_end": end,
        "pointers": [],
    }


def validate(text: str) -> tuple[dict[str, Any], list[Problem]]:
    """(the flow, what is wrong with it). The flow is {} when the text is no JSON object at all."""
    if len(text.encode()) > MAX_BYTES:
        return {}, [_problem("INVALID_FLOW_JSON", f"The flow JSON is larger than {MAX_BYTES} bytes.")]
    try:
        flow = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        problem = _problem(
            "INVALID_FLOW_JSON", f"The flow JSON cannot be parsed: {error.msg}", kind="JSON_SCHEMA_ERROR"
        )
        return {}, [problem | {"line_start": error.lineno, "line_end": error.lineno, "column_start": error.colno}]
    if not isinstance(flow, dict):
        return {}, [_problem("INVALID_FLOW_JSON", "The flow JSON must be an object.")]
    return flow, list(_problems(flow, text))


def _problems(flow: Mapping[str, Any], text: str) -> Iterator[Problem]:
    version = flow.get("version")
    if not isinstance(version, str) or not VERSIONS.fullmatch(version):
        yield _problem("INVALID_PROPERTY_VALUE", "version must be 2.1 or from 3.0 to 7.9.", text, "version")
    screens = flow.get("screens")
    if not isinstance(screens, list) or not 1 <= len(screens) <= MAX_SCREENS:
        yield _problem("REQUIRED_PROPERTY", f"screens must have 1 to {MAX_SCREENS} screens.", text, "screens")
        return
    ids = [screen.get("id") if isinstance(screen, Mapping) else None for screen in screens]
    for screen in screens:
        yield from _screen(screen, ids, text)
    known = [name for name in ids if isinstance(name, str)]
    if len(set(known)) != len(known):
        yield _problem("DUPLICATE_SCREEN_IDS", "Screen ids must be unique.", text, "id")
    if not any(isinstance(screen, Mapping) and screen.get("terminal") for screen in screens):
        yield _problem("MISSING_TERMINAL_SCREEN", "At least one screen must be terminal.", text, "screens")
    yield from _routes(flow.get("routing_model"), known, text)


def _routes(model: Any, known: list[str], text: str) -> Iterator[Problem]:
    if model is None:
        return
    if not isinstance(model, Mapping) or not all(isinstance(value, list) for value in model.values()):
        yield _problem(
            "INVALID_ROUTING_MODEL", "routing_model must map screen ids to lists of them.", text, "routing_model"
        )
        return
    for name in [*model, *(target for targets in model.values() for target in targets)]:
        if name not in known:
            message = f"routing_model names the screen {str(name)[:60]!r}, which does not exist."
            yield _problem("INVALID_ROUTING_MODEL", message, text, "routing_model")


def _screen(screen: Any, ids: list[Any], text: str) -> Iterator[Problem]:
    if not isinstance(screen, Mapping):
        yield _problem("INVALID_PROPERTY_VALUE", "A screen must be an object.", text, "screens")
        return
    name = screen.get("id")
    if not isinstance(name, str) or not SCREEN_ID.fullmatch(name) or name == "SUCCESS":
        message = "A screen's id has letters and underscores only, and SUCCESS is reserved."
        yield _problem("INVALID_PROPERTY_VALUE", message, text, name if isinstance(name, str) else "id")
        return
    layout = screen.get("layout")
    if not isinstance(layout, Mapping) or layout.get("type") != "SingleColumnLayout":
        yield _problem("REQUIRED_PROPERTY", f"Screen {name} needs a layout of type SingleColumnLayout.", text, name)
        return
    children = list(_children(layout.get("children"), 0))
    if len(children) > MAX_COMPONENTS:
        yield _problem(
            "INVALID_PROPERTY_VALUE", f"Screen {name} has more than {MAX_COMPONENTS} components.", text, name
        )
    footers = 0
    for child in children:
        footers += isinstance(child, Mapping) and child.get("type") == "Footer"
        yield from _component(child, name, ids, text)
    if screen.get("terminal") and not footers:
        yield _problem("MISSING_FOOTER", f"The terminal screen {name} needs a Footer.", text, name)


def _children(children: Any, depth: int) -> Iterator[Any]:
    if not isinstance(children, list) or depth > 5:
        return
    for child in children:
        yield child
        if isinstance(child, Mapping):
            for key in ("children", "then", "else"):
                yield from _children(child.get(key), depth + 1)
            cases = child.get("cases")
            if isinstance(cases, Mapping):
                for case in cases.values():
                    yield from _children(case, depth + 1)


def _component(child: Any, screen: str, ids: list[Any], text: str) -> Iterator[Problem]:
    kind = child.get("type") if isinstance(child, Mapping) else None
    if kind not in COMPONENTS:
        message = f"Screen {screen} has a component of the unknown type {str(kind)[:60]!r}."
        yield _problem("INVALID_PROPERTY_VALUE", message, text, str(kind))
        return
    for name in REQUIRED.get(str(kind), ()):
        if name not in child:
            yield _problem("REQUIRED_PROPERTY", f"{kind} on {screen} needs {name}.", text, str(kind))
    action = child.get("on-click-action")
    if action is None:
        return
    if not isinstance(action, Mapping) or action.get("name") not in ACTIONS:
        message = f"on-click-action of {kind} on {screen} must be one of {', '.join(sorted(ACTIONS))}."
        yield _problem("INVALID_PROPERTY_VALUE", message, text, "on-click-action")
        return
    target = action.get("next")
    if action["name"] == "navigate" and (not isinstance(target, Mapping) or target.get("name") not in ids):
        yield _problem("INVALID_NAVIGATION", f"{kind} on {screen} leads to a screen that does not exist.", text, screen)


def uses_endpoint(flow: Mapping[str, Any]) -> bool:
    """Whether it needs an endpoint: it names a data API version or exchanges data."""
    return "data_api_version" in flow
