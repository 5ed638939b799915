"""What a template must be like."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plauder.business.shared.errors import GraphError
from plauder.business.templates import rules
from tests.business.messages.test_content import JSON

NOW = datetime(2026, 11, 22, tzinfo=UTC)
BODY = {"type": "BODY", "text": "Your order is on its way."}


def subcode_of(*components: Any, category: str = "UTILITY", named: bool = False) -> int | None:
    with pytest.raises(GraphError) as caught:
        rules.normalise(components, category=category, named=named)
    assert caught.value.number == 100
    return caught.value.subcode


def body(text: str, *examples: str) -> dict[str, Any]:
    return {"type": "body", "text": text, "example": {"body_text": [list(examples)]}}


@pytest.mark.parametrize(
    ("component", "subcode"),
    [
        (body("{{1}} is here for you", "a"), 2388299),
        (body("Here is your {{1}}", "a"), 2388299),
        (body("We have {{1}} {{2}} for you today", "a", "b"), 2388299),
        (body("a {{1}} b {{2}} c {{3}} d", "1", "2", "3"), 2388293),
        (body("Hello {{2}} how are you", "a"), 2388047),
        (body("Hello {{1} how are you", "a"), 2388047),
        (body("Hello {{name}} how are you", "a"), 2388047),
        (body("Hello {{1}} how are you"), 2388043),
        (body("x" * 1_025), 2388040),
        (body("a\n\n\n\nb"), 2388072),
    ],
)
def test_bodies_are_refused_with_their_subcode(component: dict[str, Any], subcode: int) -> None:
    assert subcode_of(component) == subcode


@pytest.mark.parametrize(
    ("component", "subcode"),
    [
        ({"type": "HEADER", "format": "TEXT", "text": "x" * 61}, 2388040),
        ({"type": "HEADER", "format": "TEXT", "text": "*bold*"}, 2388047),
        ({"type": "HEADER", "format": "IMAGE"}, 2388043),
        ({"type": "HEADER", "format": "PAINTING"}, 2388047),
        ({"type": "FOOTER", "text": "Hi {{1}}"}, 2388073),
        ({"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "x" * 26}]}, 2388040),
    ],
)
def test_other_parts_too(component: dict[str, Any], subcode: int) -> None:
    assert subcode_of(BODY, component) == subcode


def test_a_body_is_needed_and_nothing_twice() -> None:
    assert subcode_of({"type": "FOOTER", "text": "x"}) == 2388043
    assert subcode_of(BODY, BODY) is None


def test_quick_replies_stand_together() -> None:
    reply, url = {"type": "QUICK_REPLY", "text": "A"}, {"type": "URL", "text": "B", "url": "https://a.example"}
    good = {"type": "buttons", "buttons": [url, reply, reply | {"text": "C"}]}
    assert rules.normalise([BODY, good], category="UTILITY", named=False)[-1]["type"] == "BUTTONS"
    mixed = {"type": "buttons", "buttons": [reply, url, reply | {"text": "C"}]}
    assert subcode_of(BODY, mixed) is None


def test_named_variables() -> None:
    example = {"body_text_named_params": [{"param_name": "first_name", "example": "Ann"}]}
    good = {"type": "BODY", "text": "Hello {{first_name}}, how are you?", "example": example}
    assert rules.normalise([good], category="UTILITY", named=True)
    bad = good | {"text": "Hello {{First}}, how are you?"}
    assert subcode_of(bad, named=True) == 2388047


def test_authentication_templates_have_one_code_button() -> None:
    assert subcode_of({"type": "BODY"}, category="AUTHENTICATION") is None
    tap = {"type": "OTP", "otp_type": "ONE_TAP", "package_name": "org.example", "signature_hash": "K8a/AINcGX7"}
    ready = rules.normalise(
        [{"type": "BODY"}, {"type": "BUTTONS", "buttons": [tap]}], category="AUTHENTICATION", named=False
    )
    assert ready[1]["buttons"][0]["supported_apps"][0]["package_name"] == "org.example"
    short = tap | {"signature_hash": "x"}
    assert subcode_of({"type": "BODY"}, {"type": "BUTTONS", "buttons": [short]}, category="AUTHENTICATION") is None


def test_moderation_and_category() -> None:
    sale = [{"type": "BODY", "text": "Big sale: 50 % off everything today"}]
    assert rules.suggested_category(sale, "UTILITY") == "MARKETING"
    assert rules.suggested_category([BODY], "UTILITY") == "UTILITY"
    assert rules.moderate([{"type": "BODY", "text": "Please send your password to us"}], "UTILITY")[0] == "REJECTED"
    assert rules.moderate([BODY], "UTILITY") == ("APPROVED", "NONE")


def test_ttl_and_names() -> None:
    assert rules.check_ttl("AUTHENTICATION", None) == 600
    assert rules.check_ttl("MARKETING", -1) == -1
    with pytest.raises(GraphError):
        rules.check_ttl("AUTHENTICATION", 901)
    for bad in ("Hello", "a b", "", "é"):
        with pytest.raises(GraphError):
            rules.check_name(bad)


def test_an_approved_template_is_edited_once_a_day() -> None:
    def check(*edits: datetime, status: str = "APPROVED", category: str | None = None) -> None:
        rules.check_edit(status=status, edits=edits, category="UTILITY", new_category=category, at=NOW)

    check()
    check(NOW - timedelta(hours=25))
    check(NOW, status="REJECTED", category="MARKETING")
    for edits, more in (
        ((NOW - timedelta(hours=23),), {}),
        (tuple(NOW - timedelta(days=d) for d in range(2, 12)), {}),
        ((), {"category": "MARKETING"}),
        ((), {"status": "PENDING"}),
    ):
        with pytest.raises(GraphError) as caught:
            check(*edits, **more)
        assert caught.value.subcode == 2388039


@given(
    st.lists(
        JSON
        | st.fixed_dictionaries(
            {
                "type": st.sampled_from(sorted(rules.COMPONENTS)),
                "text": JSON,
                "buttons": JSON,
                "cards": JSON,
                "format": JSON,
                "example": JSON,
            }
        ),
        max_size=3,
    )
)
def test_anything_else_is_error_100(components: list[Any]) -> None:
    try:
        rules.normalise(components, category="MARKETING", named=False)
    except GraphError as error:
        number = error.number
    else:
        number = 100
    assert number == 100
