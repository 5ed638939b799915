"""A flow as a page to look at: its screens one below the other, no script, nothing to send."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

import orjson

_STYLE = (
    "body{font:15px/1.45 system-ui,sans-serif;background:#f2f1ee;color:#13202b;margin:0;padding:24px;display:flex;"
    "flex-wrap:wrap;gap:24px}"
    "section{background:#fff;border:1px solid #e2dfd9;border-radius:18px;padding:20px;width:300px}"
    "h1{width:100%;font-size:27px;margin:0}h2{font-size:17px;margin:0 0 12px}label{display:block;margin:12px 0 4px}"
    "input,select,textarea,button{font:inherit;width:100%;padding:10px;border:1px solid #83827d;border-radius:12px;"
    "box-sizing:border-box}button{background:#00658a;color:#fff;border:0;margin-top:16px}"
)
_HEADINGS = {"TextHeading": "h3", "TextSubheading": "h4", "TextBody": "p", "TextCaption": "small", "RichText": "p"}
_INPUTS = frozenset({"TextInput", "DatePicker", "CalendarPicker", "PhotoPicker", "DocumentPicker"})
_CHOICES = frozenset({"CheckboxGroup", "RadioButtonsGroup", "ChipsSelector", "Dropdown"})


def page(name: str, text: str) -> str:
    """HTML of the whole flow; what it cannot show it leaves out."""
    try:
        flow = orjson.loads(text)
    except orjson.JSONDecodeError:
        flow = {}
    screens = flow.get("screens", []) if isinstance(flow, Mapping) else []
    body = "".join(_screen(screen) for screen in screens if isinstance(screen, Mapping))
    title = escape(name)
    head = f"<meta charset=utf-8><meta name=viewport content='width=device-width'><title>{title}</title>"
    return f"<!doctype html><html lang=en>{head}<style>{_STYLE}</style><h1>{title}</h1>{body}</html>"


def _screen(screen: Mapping[str, Any]) -> str:
    layout = screen.get("layout")
    children = layout.get("children") if isinstance(layout, Mapping) else None
    title = escape(str(screen.get("title") or screen.get("id") or ""))
    return f"<section><h2>{title}</h2>{''.join(_parts(children, 0))}</section>"


def _parts(children: Any, depth: int) -> Iterator[str]:
    for child in children if isinstance(children, list) and depth < 5 else []:
        if not isinstance(child, Mapping):
            continue
        kind, label = str(child.get("type", "")), escape(str(child.get("label", "")))
        if tag := _HEADINGS.get(kind):
            text = child.get("text", "")
            yield f"<{tag}>{escape(' '.join(text) if isinstance(text, list) else str(text))}</{tag}>"
        elif kind in _INPUTS:
            yield f"<label>{label}<input disabled></label>"
        elif kind == "TextArea":
            yield f"<label>{label}<textarea disabled></textarea></label>"
        elif kind in _CHOICES:
            yield f"<label>{label}<select>{''.join(_options(child.get('data-source')))}</select></label>"
        elif kind == "OptIn":
            yield f"<label><input type=checkbox disabled style=width:auto> {label}</label>"
        elif kind == "Footer":
            yield f"<button disabled>{label}</button>"
        yield from _parts(child.get("children"), depth + 1)


def _options(source: Any) -> Iterator[str]:
    for item in source if isinstance(source, list) else []:
        if isinstance(item, Mapping):
            yield f"<option>{escape(str(item.get('title', '')))}</option>"
