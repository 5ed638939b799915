"""Phone numbers: what people type, what must be refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plauder.kit import phone
from plauder.kit.phone import BadNumber, Phone


@pytest.mark.parametrize(
    ("text", "region", "digits", "country"),
    [
        ("+49 1511 2345678", "", "4915112345678", "DE"),
        ("0049-1511-2345678", "DE", "4915112345678", "DE"),
        ("01511 2345678", "DE", "4915112345678", "DE"),
        ("(11) 96123-4567", "BR", "5511961234567", "BR"),
        ("tel:+91-98765-43210", "", "919876543210", "IN"),
        ("＋４９１５１１２３４５６７８", "", "4915112345678", "DE"),
    ],
)
def test_usual_notations(text: str, region: str, digits: str, country: str) -> None:
    assert phone.parse(text, region) == Phone(digits, country)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "01511 2345678",
        "+49",
        "+49 1",
        "+999 123456789",
        "+49 900 1234567",
        "1" * 65,
        "+49 1511 2345678 ext 5",
    ],
)
def test_what_cannot_get_a_code(text: str) -> None:
    with pytest.raises(BadNumber) as caught:
        phone.parse(text)
    assert caught.value.message.endswith(".")


@given(st.text(max_size=80))
def test_any_text_is_a_number_or_refused(text: str) -> None:
    try:
        found = phone.parse(text, "DE")
    except BadNumber:
        return
    assert found.digits.isdecimal()
    assert phone.parse_digits(found.digits).digits == found.digits


def test_digits_and_countries() -> None:
    assert phone.parse_digits("4915112345678").international == "+49 1511 2345678"
    assert phone.country_of("5511961234567") == "BR"
    assert phone.country_of("") == ""
    for bad in ("+4915112345678", "४९", "abc"):
        with pytest.raises(BadNumber):
            phone.parse_digits(bad)


def test_a_country_has_digits_that_its_numbers_begin_with() -> None:
    assert (phone.example_of("DE")[:2], phone.example_of("BR")[:2], phone.example_of("")) == ("49", "55", "")
