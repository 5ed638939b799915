"""Every message type: what is taken, what is refused and with which code."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plauder.business.messages import content
from plauder.business.messages.content import Outgoing, ReadRequest
from plauder.business.shared.errors import GraphError

TO = "4915112345678"


def message(kind: str, value: Any, **more: Any) -> dict[str, Any]:
    return {"messaging_product": "whatsapp", "to": TO, "type": kind, kind: value} | more


def parsed(kind: str, value: Any, **more: Any) -> Outgoing:
    result = content.parse(message(kind, value, **more))
    assert isinstance(result, Outgoing)
    return result


def code_of(body: dict[str, Any]) -> int:
    with pytest.raises(GraphError) as caught:
        content.parse(body)
    return caught.value.number


def interactive(**parts: Any) -> dict[str, Any]:
    return {"body": {"text": "b"}} | parts


def replies(count: int, title: str = "T") -> dict[str, Any]:
    return {"buttons": [{"type": "reply", "reply": {"id": str(i), "title": f"{title}{i}"}} for i in range(count)]}


def rows(count: int, prefix: str = "r") -> list[dict[str, str]]:
    return [{"id": f"{prefix}{i}", "title": f"Row {i}"} for i in range(count)]


AMOUNT = {"value": 100, "offset": 100}
ORDER = {
    "reference_id": "r1",
    "type": "digital-goods",
    "currency": "BRL",
    "total_amount": {"value": 230, "offset": 100},
    "order": {
        "status": "pending",
        "items": [{"retailer_id": "a", "name": "Bread", "amount": AMOUNT, "quantity": 2}],
        "subtotal": {"value": 200, "offset": 100},
        "tax": {"value": 30, "offset": 100},
    },
}

GOOD: list[tuple[str, Any]] = [
    ("text", {"body": "x" * 4096, "preview_url": "true"}),
    ("image", {"id": "1", "caption": "c" * 1024}),
    ("video", {"link": "https://a.example/v.mp4"}),
    ("audio", {"id": "1", "voice": True}),
    ("document", {"id": "1", "filename": "a.pdf"}),
    ("sticker", {"id": "1"}),
    ("location", {"latitude": "52.5", "longitude": 13}),
    ("contacts", [{"name": {"formatted_name": "A B", "first_name": "A"}, "emails": [], "birthday": None}]),
    ("reaction", {"message_id": "wamid.x", "emoji": ""}),
    ("interactive", interactive(type="button", action=replies(3))),
    ("interactive", interactive(type="list", action={"button": "M", "sections": [{"rows": rows(10)}]})),
    (
        "interactive",
        interactive(
            type="cta_url",
            header={"type": "image", "image": {"id": "1"}},
            action={"name": "cta_url", "parameters": {"display_text": "Go", "url": "https://a.example"}},
        ),
    ),
    ("interactive", interactive(type="location_request_message", action={"name": "send_location"})),
    (
        "interactive",
        interactive(
            type="flow",
            action={"name": "flow", "parameters": {"flow_id": "1", "flow_cta": "Open", "flow_message_version": "3"}},
        ),
    ),
    ("interactive", {"type": "product", "action": {"catalog_id": "1", "product_retailer_id": "a"}}),
    (
        "interactive",
        interactive(
            type="product_list",
            header={"type": "text", "text": "h"},
            action={
                "catalog_id": "1",
                "sections": [{"title": "S", "product_items": [{"product_retailer_id": "a"}]}],
            },
        ),
    ),
    ("interactive", interactive(type="catalog_message", action={"name": "catalog_message"})),
    (
        "interactive",
        interactive(
            type="carousel",
            action={
                "cards": [
                    {
                        "card_index": index,
                        "type": "cta_url",
                        "header": {"type": "image", "image": {"link": "https://a.example/a.png"}},
                        "action": {"name": "cta_url", "parameters": {"display_text": "Go", "url": "https://a.example"}},
                    }
                    for index in range(2)
                ]
            },
        ),
    ),
    ("interactive", interactive(type="order_details", action={"name": "review_and_pay", "parameters": ORDER})),
    (
        "interactive",
        interactive(
            type="order_status",
            action={"name": "review_order", "parameters": {"reference_id": "r", "order": {"status": "shipped"}}},
        ),
    ),
    ("template", {"name": "a", "language": {"code": "de", "policy": "deterministic"}}),
    (
        "template",
        {
            "name": "a",
            "language": {"code": "de"},
            "components": [
                {"type": "HEADER", "parameters": [{"type": "image", "image": {"id": "1"}}]},
                {"type": "BODY", "parameters": [{"type": "text", "text": "x", "parameter_name": "n"}]},
                {
                    "type": "button",
                    "sub_type": "QUICK_REPLY",
                    "index": "1",
                    "parameters": [{"type": "payload", "payload": "p"}],
                },
            ],
        },
    ),
]


@pytest.mark.parametrize(("kind", "value"), GOOD)
def test_is_taken(kind: str, value: Any) -> None:
    assert parsed(kind, value).kind == kind


BAD: list[tuple[str, Any, int]] = [
    ("text", {"body": "x" * 4097}, 131009),
    ("text", {"body": " "}, 131008),
    ("text", {}, 131008),
    ("text", "hello", 131009),
    ("image", {"id": "1", "link": "https://a.example"}, 131009),
    ("image", {}, 131009),
    ("image", {"link": "ftp://a.example"}, 131009),
    ("location", {"latitude": 91, "longitude": 0}, 131009),
    ("location", {"latitude": float("nan"), "longitude": 0}, 131009),
    ("contacts", [{"name": {"formatted_name": "A"}}], 131009),
    ("contacts", [], 131009),
    ("interactive", interactive(type="button", action=replies(4)), 131009),
    ("interactive", interactive(type="button", action=replies(2, "T" * 20)), 131009),
    (
        "interactive",
        interactive(
            type="button",
            action={"buttons": [{"reply": {"id": "a", "title": "A"}}, {"reply": {"id": "a", "title": "B"}}]},
        ),
        131009,
    ),
    (
        "interactive",
        interactive(
            type="list",
            action={
                "button": "M",
                "sections": [{"title": "A", "rows": rows(6)}, {"title": "B", "rows": rows(5, "s")}],
            },
        ),
        131009,
    ),
    (
        "interactive",
        interactive(type="list", action={"button": "M", "sections": [{"rows": rows(1)}, {"rows": rows(1, "s")}]}),
        131008,
    ),
    (
        "interactive",
        interactive(
            type="list",
            header={"type": "image", "image": {"id": "1"}},
            action={"button": "M", "sections": [{"rows": rows(1)}]},
        ),
        131009,
    ),
    ("interactive", {"type": "button", "action": replies(1)}, 131008),
    ("interactive", interactive(type="nope", action={}), 131009),
    (
        "interactive",
        interactive(
            type="order_details",
            action={"name": "review_and_pay", "parameters": ORDER | {"total_amount": {"value": 1, "offset": 100}}},
        ),
        131009,
    ),
    ("template", {"name": "a"}, 131008),
    ("template", {"name": "a", "language": {"code": "de"}, "components": [{"type": "nope"}]}, 131009),
]


@pytest.mark.parametrize(("kind", "value", "code"), BAD)
def test_is_refused_with_its_code(kind: str, value: Any, code: int) -> None:
    assert code_of(message(kind, value)) == code


def test_the_envelope() -> None:
    assert code_of({"to": TO, "type": "text", "text": {"body": "x"}}) == 100
    assert code_of({"messaging_product": "telegram", "to": TO, "text": {"body": "x"}}) == 100
    assert code_of({"messaging_product": "whatsapp", "to": TO}) == 100
    assert code_of({"messaging_product": "whatsapp", "to": TO, "type": "fax"}) == 100
    assert code_of({"messaging_product": "whatsapp", "to": TO, "type": "text"}) == 131008
    assert code_of({"messaging_product": "whatsapp", "type": "text", "text": {"body": "x"}}) == 131008
    assert code_of(message("text", {"body": "x"}, to="hello")) == 131009
    assert code_of(message("text", {"body": "x"}, biz_opaque_callback_data="x" * 513)) == 131009


def test_the_type_may_be_left_out_of_a_text() -> None:
    result = content.parse({"messaging_product": "whatsapp", "to": TO, "text": {"body": "x"}})
    assert isinstance(result, Outgoing)
    assert result.kind == "text"


@pytest.mark.parametrize(
    ("entered", "digits"),
    [("+49 151 123-45 678", TO), ("(49) 15112345678", TO), (TO, TO), (f"00{TO}", TO), (int(TO), TO)],
)
def test_numbers_are_read_and_echoed(entered: Any, digits: str) -> None:
    result = parsed("text", {"body": "x"}, to=entered)
    assert (result.to, result.input) == (digits, str(entered))


def test_user_ids_are_recipients() -> None:
    result = parsed("text", {"body": "x"}, to="DE.91208655302741918")
    assert (result.to, result.recipient) == ("", "DE.91208655302741918")
    both = parsed("text", {"body": "x"}, recipient="DE.1")
    assert (both.to, both.recipient) == (TO, "")


def test_read_and_typing() -> None:
    body = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.x"}
    assert content.parse(body) == ReadRequest("wamid.x", False)
    assert content.parse(body | {"typing_indicator": {"type": "text"}}) == ReadRequest("wamid.x", True)
    assert code_of(body | {"status": "delivered"}) == 131009


def test_media_are_found_wherever_they_are() -> None:
    for kind, value in GOOD:
        result = parsed(kind, value)
        found = list(content.media_parts(kind, result.content))
        assert all("id" in part or "link" in part for _, part in found)
    card = next(value for kind, value in GOOD if kind == "interactive" and value["type"] == "carousel")
    assert len(list(content.media_parts("interactive", parsed("interactive", card).content))) == 2


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@given(
    st.sampled_from(sorted(content.KINDS)), JSON, st.dictionaries(st.sampled_from(["to", "context", "recipient"]), JSON)
)
def test_anything_else_is_an_error_of_the_api(kind: str, value: Any, more: dict[str, Any]) -> None:
    try:
        content.parse(message(kind, value) | more)
    except GraphError as error:
        number = error.number
    else:
        number = 100
    assert number in (100, 131008, 131009, 131051)


@given(st.sampled_from([value for kind, value in GOOD if kind == "interactive"]), st.data())
def test_interactive_with_one_part_broken(value: dict[str, Any], data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(value)))
    try:
        content.parse(message("interactive", value | {key: data.draw(JSON)}))
    except GraphError as error:
        number = error.number
    else:
        number = 100
    assert number in (100, 131008, 131009, 131051)
