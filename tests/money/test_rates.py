from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plauder.kit.errors import BadInput
from plauder.kit.money import Money
from plauder.money.rates import sheet
from plauder.money.rates.card import NoPrice
from plauder.money.rates.market import market_of, markets
from plauder.money.rates.rule import Category, Counter, Model, Question
from plauder.money.rates.store import RateCards, example_card
from plauder.store.database import Database

CARD = example_card()
NOW = date(2026, 11, 22)
BERLIN = Question(NOW, "DE", Category.UTILITY)


def usd(amount: str) -> Money:
    return Money.of(amount, "USD")


@pytest.mark.parametrize(
    ("question", "price", "type_"),
    [
        (BERLIN, "0.055", "regular"),
        (replace(BERLIN, category=Category.MARKETING), "0.1365", "regular"),
        (replace(BERLIN, category=Category.AUTHENTICATION), "0.055", "regular"),
        (replace(BERLIN, window_open=True), "0.055", "regular"),
        (replace(BERLIN, window_open=True, local_date=date(2026, 9, 30)), "0", "free_customer_service"),
        (replace(BERLIN, local_date=date(2026, 9, 30)), "0.055", "regular"),
        (replace(BERLIN, category=Category.MARKETING, entry_point_open=True), "0", "free_entry_point"),
        (replace(BERLIN, category=Category.SERVICE, window_open=True), "0", "free_customer_service"),
        (replace(BERLIN, market="IT", category=Category.MARKETING), "0.0795", "regular"),
        (replace(BERLIN, market="IT", category=Category.MARKETING, local_date=date(2026, 1, 1)), "0.0691", "regular"),
        (replace(BERLIN, industry="NONPROFIT"), "0.0385", "regular"),
        (replace(BERLIN, category=Category.MARKETING, quality="RED"), "0.1638", "regular"),
    ],
)
def test_the_example_card_has_the_public_figures(question: Question, price: str, type_: str) -> None:
    quote = CARD.quote(question)
    assert (quote.price, quote.type) == (usd(price), type_)
    assert quote.why


def test_service_messages_are_charged_after_the_allowance() -> None:
    question = Question(NOW, "DE", Category.SERVICE, window_open=True, counters={Counter.NUMBER_SERVICE: 999})
    assert not CARD.quote(question).is_billable
    paid = CARD.quote(replace(question, counters={Counter.NUMBER_SERVICE: 1_000}))
    assert (paid.price, paid.type, paid.category) == (usd("0.055"), "regular", "service")


def test_tiers_are_a_percentage_with_its_reason() -> None:
    quote = CARD.quote(replace(BERLIN, counters={Counter.MARKET_CATEGORY: 184_300}))
    assert quote.price == usd("0.05225")
    assert quote.why[-1] == "utility-tier-2: tier -5 %"
    assert CARD.tier(replace(BERLIN, counters={Counter.MARKET_CATEGORY: 184_300})) == (100_000, 500_000)
    assert CARD.tier(BERLIN) == (0, 100_000)
    assert CARD.tier(replace(BERLIN, category=Category.MARKETING)) == (0, None)


def test_authentication_from_abroad_in_volume_is_its_own_category() -> None:
    counters = {Counter.AUTHENTICATION_30_DAYS: 750_000}
    question = Question(NOW, "IN", Category.AUTHENTICATION, business_market="DE", counters=counters)
    quote = CARD.quote(question)
    assert (quote.price, quote.category) == (usd("0.028"), "authentication-international")
    assert CARD.quote(replace(question, business_market="IN")).category == "authentication"


def test_the_conversation_model_charges_once_per_conversation() -> None:
    first = Question(date(2025, 6, 1), "DE", Category.MARKETING)
    assert CARD.quote(first).price == usd("0.1365")
    assert CARD.quote(first).model is Model.PER_CONVERSATION
    assert CARD.quote(replace(first, conversation_open=True)).price == usd("0")


def test_every_market_and_category_has_a_price() -> None:
    for market in markets():
        for category in Category:
            assert CARD.quote(Question(NOW, market, category)).why


def test_what_no_rule_covers_is_refused_not_free() -> None:
    with pytest.raises(NoPrice):
        CARD.quote(Question(date(2020, 1, 1), "DE", Category.MARKETING))


@given(st.integers(0, 300), st.integers(0, 200), st.sampled_from(Category))
def test_a_campaign_costs_the_sum_of_its_messages(before: int, count: int, category: Category) -> None:
    rows = sheet.write(CARD).replace(",100000,500000,", ",70,190,").replace(",500000,1000000,", ",190,250,")
    card = sheet.read(rows, "USD")
    question = Question(NOW, "BR", category, counters=dict.fromkeys(Counter, before))
    singles = [
        card.quote(replace(question, counters=dict.fromkeys(Counter, before + n))).price.micros for n in range(count)
    ]
    cost = card.cost(question, count)
    assert cost.total.micros == sum(singles)
    assert sum(band.count for band in cost.bands) == count


def test_a_card_survives_export_and_import() -> None:
    assert sheet.read(sheet.write(CARD), "USD").rules == CARD.rules


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("a,2026-13-01,,0.1,", "since is '2026-13-01', not a date"),
        ("a,2026-01-01,,,", "either a price or a percent"),
        ("a,2026-01-01,,0.1,5", "either a price or a percent"),
        ("a,2026-01-01,,,5", "a percent says what it adjusts"),
        ("a,2026-01-01,2025-01-01,0.1,", "until is not after since"),
        ("a,2026-01-01,,NaN,", "price is 'NaN', not a number"),
        ("a,2026-01-01,,-1,", "price is '-1', not a number"),
        ("a,2026-01-01,,1e400,", "price is '1e400', not a number"),
        ("a,2026-01-01,,0.0000001,", "finer than a micro-unit"),
        (",2026-01-01,,0.1,", "id is empty"),
        ("a,2026-01-01,,0.1,,,,,,", "more fields than columns"),
    ],
)
def test_a_wrong_line_is_named(line: str, complaint: str) -> None:
    with pytest.raises(sheet.BadSheet, match="line 2") as caught:
        sheet.read(f"id,since,until,price,percent\n{line}\n", "EUR")
    assert complaint in str(caught.value)


@pytest.mark.parametrize("text", ["", "id,since\n", "nonsense\x00", "id;since\na;b", "x" * (sheet.MOST_BYTES + 1)])
def test_what_is_not_a_card_is_refused(text: str) -> None:
    with pytest.raises(sheet.BadSheet):
        sheet.read(text, "EUR")


@settings(deadline=None)
@given(st.text(max_size=300))
def test_no_text_breaks_the_reader(text: str) -> None:
    with pytest.raises(sheet.BadSheet):
        sheet.read(text, "EUR")


@pytest.mark.parametrize(
    ("number", "market"),
    [
        ("4915112345678", "DE"),
        ("5511999999999", "BR"),
        ("12125550123", "north-america"),
        ("18095550123", "rest-of-latin-america"),
        ("18765550123", "rest-of-latin-america"),
        ("12425550123", "other"),
        ("79991234567", "RU"),
        ("77011234567", "KZ"),
        ("254700000000", "rest-of-africa"),
        ("351912345678", "rest-of-western-europe"),
        ("88812345678", "other"),
    ],
)
def test_the_market_is_the_longest_calling_code(number: str, market: str) -> None:
    assert market_of(number) == market


@pytest.mark.parametrize("number", ["", "+4915112345678", "49 151", "٤٩١٥١١٢٣٤٥٦٧٨", "1" * 50])
def test_only_digits_are_a_number(number: str) -> None:
    with pytest.raises(BadInput):
        market_of(number)


async def test_an_imported_card_counts_from_then_on(books: Database) -> None:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    async with books.begin() as uow:
        assert (await RateCards(uow).current("EUR")).quote(BERLIN).price == Money.of("0.055", "EUR")
        await RateCards(uow).bring_in("id,since,price\nflat,2026-01-01,0.01\n", "EUR", by="operator", at=at)
        assert (await RateCards(uow).current("EUR")).quote(BERLIN).price == Money.of("0.01", "EUR")
        with pytest.raises(sheet.BadSheet):
            await RateCards(uow).bring_in("id,since,price\nflat,never,0.01\n", "EUR", by="operator", at=at)
        assert (await RateCards(uow).current("EUR")).quote(BERLIN).price == Money.of("0.01", "EUR")
