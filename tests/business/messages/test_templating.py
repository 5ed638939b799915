"""Templates with their parameters."""

from __future__ import annotations

from typing import Any

import pytest

from plauder.business.messages import templating
from plauder.business.messages.ports import TemplateView
from plauder.business.shared.errors import GraphError
from plauder.business.templates import rules


def view(*components: dict[str, Any], named: bool = False, category: str = "UTILITY", **more: Any) -> TemplateView:
    ready = rules.normalise(components, category=category, named=named)
    form = "NAMED" if named else "POSITIONAL"
    return TemplateView("1", "t", "en_US", category, more.pop("status", "APPROVED"), form, ready, **more)


def body(text: str, *examples: str) -> dict[str, Any]:
    return {"type": "BODY", "text": text} | ({"example": {"body_text": [list(examples)]}} if examples else {})


def texts(*values: str) -> dict[str, Any]:
    return {"type": "body", "parameters": [{"type": "text", "text": value} for value in values]}


HELLO = body("Dear {{1}}, your parcel {{2}} will arrive today.", "Ann", "A1")


def code_of(template: TemplateView, *components: dict[str, Any]) -> int:
    with pytest.raises(GraphError) as caught:
        templating.render(template, components)
    return caught.value.number


def test_positional_values_go_in_order() -> None:
    assert templating.render(view(HELLO), [texts("Bo", "7")])["body"] == "Dear Bo, your parcel 7 will arrive today."


def test_values_are_not_read_as_variables() -> None:
    assert templating.render(view(HELLO), [texts("{{2}}", "7")])["body"].startswith("Dear {{2}}, your parcel 7")


def test_named_values_go_in_any_order() -> None:
    example = {"body_text_named_params": [{"param_name": "a", "example": "x"}, {"param_name": "b", "example": "y"}]}
    template = view({"type": "BODY", "text": "Hi {{a}}, here is {{b}} for you.", "example": example}, named=True)
    given = [
        {"type": "text", "parameter_name": "b", "text": "tea"},
        {"type": "text", "parameter_name": "a", "text": "Bo"},
    ]
    assert templating.render(template, [{"type": "body", "parameters": given}])["body"] == "Hi Bo, here is tea for you."
    assert code_of(template, {"type": "body", "parameters": [given[0], given[0]]}) == 132000
    wrong = [given[0] | {"parameter_name": "c"}, given[1]]
    assert code_of(template, {"type": "body", "parameters": wrong}) == 132000


def test_counts_kinds_and_lengths() -> None:
    assert code_of(view(HELLO), texts("Bo")) == 132000
    assert code_of(view(HELLO)) == 132000
    assert code_of(view(HELLO), texts("a", "b", "c")) == 132000
    assert code_of(view(HELLO), texts("Bo", "x" * 5_000)) == 132005
    assert code_of(view(HELLO), texts("Bo", "a\nb")) == 132007
    image = {"type": "body", "parameters": [{"type": "image", "image": {"id": "1"}}] * 2}
    assert code_of(view(HELLO), image) == 132012
    assert code_of(view(body("Plain text for you.")), {"type": "header", "parameters": []}) == 132000


def test_media_headers_need_their_medium() -> None:
    header = {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": ["4::x"]}}
    template = view(header, body("Look at this for a moment."))
    given = {"type": "header", "parameters": [{"type": "image", "image": {"id": "9"}}]}
    assert templating.render(template, [given])["header"] == {"type": "image", "image": {"id": "9"}}
    video = {"type": "header", "parameters": [{"type": "video", "video": {"id": "9"}}]}
    assert code_of(template, video) == 132012
    assert code_of(template) == 132012


def test_buttons() -> None:
    buttons = {
        "type": "BUTTONS",
        "buttons": [
            {"type": "QUICK_REPLY", "text": "Stop"},
            {"type": "URL", "text": "Track", "url": "https://a.example/{{1}}", "example": ["x"]},
            {"type": "PHONE_NUMBER", "text": "Call", "phone_number": "+49301"},
        ],
    }
    template = view(body("Choose what you want to do."), buttons)
    suffix = {"type": "button", "sub_type": "url", "index": 1, "parameters": [{"type": "text", "text": "A1"}]}
    payload = {
        "type": "button",
        "sub_type": "quick_reply",
        "index": 0,
        "parameters": [{"type": "payload", "payload": "P"}],
    }
    found = templating.render(template, [suffix, payload])["buttons"]
    assert [(button["type"], button.get("url"), button.get("payload")) for button in found] == [
        ("QUICK_REPLY", None, "P"),
        ("URL", "https://a.example/A1", None),
        ("PHONE_NUMBER", None, None),
    ]
    assert templating.render(template, [suffix])["buttons"][0]["payload"] == "Stop"
    assert code_of(template) == 131008
    assert code_of(template, suffix, payload | {"index": 7}) == 132000
    assert code_of(view(body("No buttons here at all.")), payload) == 132000


def test_codes_of_authentication_templates() -> None:
    template = view(
        {"type": "body", "add_security_recommendation": True},
        {"type": "footer", "code_expiration_minutes": 5},
        {"type": "buttons", "buttons": [{"type": "otp", "otp_type": "copy_code"}]},
        category="AUTHENTICATION",
    )
    code = {"type": "button", "sub_type": "url", "index": 0, "parameters": [{"type": "text", "text": "481516"}]}
    found = templating.render(template, [texts("481516"), code])
    assert found["body"] == "*481516* is your verification code. For your security, do not share this code."
    assert (found["footer"], found["buttons"][0]["code"]) == ("This code expires in 5 minutes.", "481516")
    assert code_of(template, texts("481516")) == 131008
    long = code | {"parameters": [{"type": "text", "text": "1" * 16}]}
    assert code_of(template, texts("481516"), long) == 132005


def test_carousels_and_offers() -> None:
    card = {
        "components": [
            {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": ["4::x"]}},
            body("Only {{1}} left in our shop", "2"),
            {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Buy"}]},
        ]
    }
    offer = {"type": "LIMITED_TIME_OFFER", "limited_time_offer": {"text": "Today", "has_expiration": True}}
    template = view(body("Have a look."), {"type": "CAROUSEL", "cards": [card, card]}, offer, category="MARKETING")
    image = {"type": "header", "parameters": [{"type": "image", "image": {"id": "9"}}]}
    cards = [{"card_index": index, "components": [image, texts(str(index))]} for index in (1, 0)]
    until = {
        "type": "limited_time_offer",
        "parameters": [{"type": "limited_time_offer", "limited_time_offer": {"expiration_time_ms": 1}}],
    }
    found = templating.render(template, [{"type": "carousel", "cards": cards}, until])
    assert [card["body"] for card in found["cards"]] == ["Only 0 left in our shop", "Only 1 left in our shop"]
    assert found["limited_time_offer"]["expiration_time_ms"] == 1
    assert code_of(template, {"type": "carousel", "cards": cards[:1]}, until) == 132000
    assert code_of(template, {"type": "carousel", "cards": cards}) == 132012


@pytest.mark.parametrize(("status", "code"), [("PAUSED", 132015), ("DISABLED", 132016), ("REJECTED", 132001)])
def test_state(status: str, code: int) -> None:
    with pytest.raises(GraphError) as caught:
        templating.check_state(view(HELLO, status=status), "t", "en_US")
    assert caught.value.number == code


def test_text_for_clients_that_show_text_only() -> None:
    buttons = {"type": "BUTTONS", "buttons": [{"type": "URL", "text": "Track", "url": "https://a.example"}]}
    template = view(
        {"type": "HEADER", "format": "TEXT", "text": "News"}, HELLO, {"type": "FOOTER", "text": "Bye"}, buttons
    )
    assert templating.as_text(templating.render(template, [texts("Bo", "7")])) == (
        "News\nDear Bo, your parcel 7 will arrive today.\nBye\n[Track] https://a.example"
    )
