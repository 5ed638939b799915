import pytest
from hypothesis import given
from hypothesis import strategies as st

from plauder.kit.money import Money

micros = st.integers(-(10**18), 10**18)


@given(micros, micros)
def test_adding_and_taking_away_again_changes_nothing(a: int, b: int) -> None:
    assert Money(a, "EUR") + Money(b, "EUR") - Money(b, "EUR") == Money(a, "EUR")


def test_currencies_do_not_mix() -> None:
    with pytest.raises(TypeError, match="EUR and USD"):
        Money(1, "EUR") + Money(1, "USD")


@pytest.mark.parametrize("currency", ["", "eur", "EURO", "E1R"])
def test_a_currency_is_an_iso_code(currency: str) -> None:
    with pytest.raises(ValueError, match="ISO 4217"):
        Money(1, currency)


def test_floats_are_refused() -> None:
    with pytest.raises(TypeError, match="must be int"):
        Money(1.5, "EUR")  # type: ignore[arg-type]


def test_a_share_rounds_half_to_even() -> None:
    assert Money(150, "BRL").share(99) == Money(1, "BRL")
    assert Money(50, "BRL").share(100) == Money(0, "BRL")
    assert Money(246_000_000, "BRL").share(99) == Money(2_435_400, "BRL")


def test_decimal_texts_are_exact() -> None:
    assert Money.of("0.1365", "EUR").micros == 136_500
    with pytest.raises(ValueError, match="finer than a micro-unit"):
        Money.of("0.00000001", "EUR")
