"""Interactive messages: buttons, lists, links, flows, products, orders, requests. Pure; limits of §3.1."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from plauder.business.messages.reading import Part, kept, missing, wrong
from plauder.business.shared.errors import fail

MediaReader = Callable[..., dict[str, Any]]

_CURRENCY = re.compile(r"[A-Z]{3}")
ORDER_STATUS = frozenset({"pending", "processing", "partially_shipped", "shipped", "completed", "canceled"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """Products by the shop's own ids. `catalog_id` "": the connected catalogue. `whole`: the rest of it as well."""

    catalog_id: str
    retailer_ids: Sequence[str]
    whole: bool = False


def parse(part: Part, media: MediaReader) -> dict[str, Any]:
    """The `interactive` object in normal form."""
    kind = part.text("type", 40).lower()
    if kind not in ACTIONS:
        raise wrong(part.where("type"), f"must be one of {', '.join(sorted(ACTIONS))}")
    result: dict[str, Any] = {"type": kind}
    if header := part.maybe_part("header"):
        result["header"] = _header(header, kind, media)
    elif kind == "product_list":
        raise missing(part.where("header"))
    body = part.maybe_part("body")
    if body:
        result["body"] = {"text": body.text("text", 4_096 if kind == "list" else 1_024)}
    elif kind not in ("product", "voice_call", "call_permission_request"):
        raise missing(part.where("body"))
    if (footer := part.maybe_part("footer")) and (text := footer.maybe("text", 60)):
        result["footer"] = {"text": text}
    action = part.part("action")
    result["action"] = CARDS(action, media) if kind == "carousel" else ACTIONS[kind](action)
    return result


_NO_HEADER = frozenset({"location_request_message", "product", "request_contact_info", "call_permission_request"})


def _header(part: Part, kind: str, media: MediaReader) -> dict[str, Any]:
    if kind in _NO_HEADER:
        raise wrong(part.path, f"is not allowed in an interactive message of type {kind}")
    form = part.text("type", 20).lower()
    if form == "text":
        return {"type": "text", "text": part.text("text", 60)}
    if kind in ("list", "product_list"):
        raise wrong(part.where("type"), f"must be text in an interactive message of type {kind}")
    if form not in ("image", "video", "document"):
        raise wrong(part.where("type"), "must be one of text, image, video, document")
    return {"type": form, form: media(part.part(form), caption=False, filename=form == "document")}


def _unique(values: Sequence[str], path: str) -> None:
    if len(set(values)) != len(values):
        raise wrong(path, "must be unique")


def _buttons(action: Part) -> dict[str, Any]:
    buttons: list[dict[str, Any]] = []
    for item in action.parts("buttons", 1, 3):
        item.one_of("type", frozenset({"reply"}), default="reply")
        reply = item.part("reply")
        buttons.append({"type": "reply", "reply": {"id": reply.text("id", 256), "title": reply.text("title", 20)}})
    _unique([button["reply"]["id"] for button in buttons], action.where("buttons") + " ids")
    _unique([button["reply"]["title"] for button in buttons], action.where("buttons") + " titles")
    return {"buttons": buttons}


def _list(action: Part) -> dict[str, Any]:
    parts = action.parts("sections", 1, 10)
    sections = []
    for part in parts:
        rows = [
            {"id": row.text("id", 200), "title": row.text("title", 24)} | kept(description=row.maybe("description", 72))
            for row in part.parts("rows", 1, 10)
        ]
        title = part.text("title", 24, required=len(parts) > 1)
        sections.append(kept(title=title) | {"rows": rows})
    ids = [row["id"] for section in sections for row in section["rows"]]
    if len(ids) > 10:
        raise wrong(action.where("sections"), "must have at most 10 rows in total")
    _unique(ids, action.where("sections") + " row ids")
    return {"button": action.text("button", 20), "sections": sections}


def _cta_url(action: Part) -> dict[str, Any]:
    parameters = action.part("parameters")
    return {
        "name": "cta_url",
        "parameters": {"display_text": parameters.text("display_text", 20), "url": parameters.url("url")},
    }


def _named(name: str) -> Callable[[Part], dict[str, Any]]:
    def read(action: Part) -> dict[str, Any]:
        action.one_of("name", frozenset({name}), default=name)
        return {"name": name}

    return read


def _open(name: str, *fields: str) -> Callable[[Part], dict[str, Any]]:
    """An action whose parameters are carried as they are, as far as they are known."""

    def read(action: Part) -> dict[str, Any]:
        action.one_of("name", frozenset({name}), default=name)
        parameters = action.maybe_part("parameters")
        values = {field: parameters.value[field] for field in fields if parameters and parameters.has(field)}
        return {"name": name} | ({"parameters": values} if values else {})

    return read


def _address(action: Part) -> dict[str, Any]:
    parameters = action.part("parameters")
    parameters.text("country", 2)
    return _open("address_message", "country", "values", "saved_addresses", "validation_errors")(action)


def _flow(action: Part) -> dict[str, Any]:
    parameters = action.part("parameters")
    if parameters.has("flow_id") == parameters.has("flow_name"):
        raise wrong(parameters.path, "must have exactly one of flow_id and flow_name")
    result: dict[str, Any] = {
        "flow_message_version": parameters.text("flow_message_version", 8, required=False, default="3"),
        "flow_cta": parameters.text("flow_cta", 30),
        "mode": parameters.one_of("mode", frozenset({"published", "draft"}), default="published"),
        "flow_action": parameters.one_of("flow_action", frozenset({"navigate", "data_exchange"}), default="navigate"),
    } | kept(
        flow_id=parameters.maybe("flow_id", 64),
        flow_name=parameters.maybe("flow_name", 200),
        flow_token=parameters.text("flow_token", 2_048, required=False, default="unused"),
    )
    if payload := parameters.maybe_part("flow_action_payload"):
        result["flow_action_payload"] = {"screen": payload.text("screen", 200)} | (
            {"data": dict(payload.part("data").value)} if payload.has("data") else {}
        )
    return {"name": "flow", "parameters": result}


def _product(action: Part) -> dict[str, Any]:
    return {
        "catalog_id": action.text("catalog_id", 64),
        "product_retailer_id": action.text("product_retailer_id", 100),
    }


def _product_list(action: Part) -> dict[str, Any]:
    sections: list[dict[str, Any]] = [
        {
            "title": part.text("title", 24),
            "product_items": [
                {"product_retailer_id": item.text("product_retailer_id", 100)}
                for item in part.parts("product_items", 1, 30)
            ],
        }
        for part in action.parts("sections", 1, 10)
    ]
    if sum(len(section["product_items"]) for section in sections) > 30:
        raise wrong(action.where("sections"), "must have at most 30 products in total")
    return {"catalog_id": action.text("catalog_id", 64), "sections": sections}


def _carousel(action: Part, media: MediaReader) -> dict[str, Any]:
    cards = []
    for index, card in enumerate(action.parts("cards", 2, 10)):
        kind = card.one_of("type", frozenset({"cta_url", "button", "product"}), default="cta_url")
        item: dict[str, Any] = {"card_index": card.whole("card_index", most=9, default=index), "type": kind}
        if header := card.maybe_part("header"):
            item["header"] = _header(header, "carousel", media)
        if body := card.maybe_part("body"):
            item["body"] = {"text": body.text("text", 160)}
        item["action"] = ACTIONS[kind](card.part("action"))
        cards.append(item)
    if len({card["type"] for card in cards}) > 1:
        raise wrong(action.where("cards"), "must all have the same type")
    return {"cards": cards}


CARDS = _carousel


def _amount(part: Part) -> dict[str, Any]:
    if part.whole("offset", default=100) != 100:
        raise wrong(part.where("offset"), "must be 100")
    return {"value": part.whole("value"), "offset": 100}


def _order_details(action: Part) -> dict[str, Any]:
    p = action.part("parameters")
    if not _CURRENCY.fullmatch(p.text("currency", 3)):
        raise wrong(p.where("currency"), "must be an ISO 4217 code")
    order = p.part("order")
    items = [_item(item) for item in order.parts("items", 1, 999)]
    subtotal, total = _amount(order.part("subtotal")), _amount(p.part("total_amount"))
    tax = _amount(order.part("tax")) if order.has("tax") else {"value": 0, "offset": 100}
    shipping, discount = order.maybe_part("shipping"), order.maybe_part("discount")
    extra = (_amount(shipping)["value"] if shipping else 0) - (_amount(discount)["value"] if discount else 0)
    expected = sum((item.get("sale_amount") or item["amount"])["value"] * item["quantity"] for item in items)
    if subtotal["value"] != expected:
        raise wrong(order.where("subtotal"), f"must be the sum of the items, {expected}")
    if total["value"] != subtotal["value"] + tax["value"] + extra:
        raise wrong(p.where("total_amount"), "must be subtotal + tax + shipping - discount")
    result: dict[str, Any] = {
        "reference_id": p.text("reference_id", 60),
        "type": p.one_of("type", frozenset({"digital-goods", "physical-goods"})),
        "currency": p.text("currency", 3),
        "total_amount": total,
        "order": {
            "status": order.one_of("status", frozenset({"pending"}), default="pending"),
            "items": items,
            "subtotal": subtotal,
            "tax": tax,
        },
    }
    for name in ("shipping", "discount", "expiration", "catalog_id"):
        if order.has(name):
            result["order"][name] = order.value[name]
    for name in ("payment_type", "payment_settings", "payment_configuration"):
        if p.has(name):
            result[name] = p.value[name]
    return {"name": "review_and_pay", "parameters": result}


def _item(part: Part) -> dict[str, Any]:
    item: dict[str, Any] = {
        "name": part.text("name", 60),
        "amount": _amount(part.part("amount")),
        "quantity": part.whole("quantity", least=1),
    } | kept(retailer_id=part.maybe("retailer_id", 100))
    if sale := part.maybe_part("sale_amount"):
        item["sale_amount"] = _amount(sale)
    return item


def _order_status(action: Part) -> dict[str, Any]:
    p = action.part("parameters")
    order = p.part("order")
    status = {"status": order.one_of("status", ORDER_STATUS)} | kept(description=order.maybe("description", 120))
    return {"name": "review_order", "parameters": {"reference_id": p.text("reference_id", 60), "order": status}}


def _unsupported(action: Part) -> dict[str, Any]:
    raise fail(131051, "Carousels do not nest")


def products_of(content: dict[str, Any]) -> Wanted | None:
    """The products that a message is about, None for one that is about none."""
    action = content["action"]
    if content["type"] == "product":
        return Wanted(action["catalog_id"], [action["product_retailer_id"]])
    if content["type"] == "product_list":
        return Wanted(action["catalog_id"], on_shelves(action["sections"]))
    if content["type"] == "catalog_message":
        return Wanted("", _thumbnail(action.get("parameters")), whole=True)
    if content["type"] == "carousel" and action["cards"][0]["type"] == "product":
        cards = [card["action"] for card in action["cards"]]
        return Wanted(cards[0]["catalog_id"], [card["product_retailer_id"] for card in cards])
    return None


def products_of_button(button: Mapping[str, Any]) -> Wanted | None:
    """The products behind a button of a rendered template; what its `action` says is not checked before."""
    action = button.get("action")
    if button["type"] not in ("CATALOG", "MPM") or not isinstance(action, dict):
        return None
    if button["type"] == "CATALOG":
        return Wanted("", _thumbnail(action), whole=True)
    sections = [part.value for part in Part(action, "action").parts("sections", 1, 10)]
    return Wanted("", on_shelves(_product_list(Part({"catalog_id": "-", "sections": sections}, "action"))["sections"]))


def on_shelves(sections: Sequence[Mapping[str, Any]]) -> list[str]:
    return [item["product_retailer_id"] for section in sections for item in section["product_items"]]


def _thumbnail(parameters: Mapping[str, Any] | None) -> list[str]:
    thumbnail = (parameters or {}).get("thumbnail_product_retailer_id")
    return [str(thumbnail)[:100]] if thumbnail else []


ACTIONS: dict[str, Callable[[Part], dict[str, Any]]] = {
    "button": _buttons,
    "list": _list,
    "cta_url": _cta_url,
    "location_request_message": _named("send_location"),
    "request_contact_info": _named("request_contact_info"),
    "address_message": _address,
    "flow": _flow,
    "product": _product,
    "product_list": _product_list,
    "catalog_message": _open("catalog_message", "thumbnail_product_retailer_id"),
    "carousel": _unsupported,
    "order_details": _order_details,
    "order_status": _order_status,
    "voice_call": _open("voice_call", "display_text", "ttl_minutes", "payload"),
    "call_permission_request": _named("call_permission_request"),
}
