import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from plauder.kit.errors import BadInput
from plauder.kit.money import Money
from plauder.money.ledger.entry import Entry, InsufficientFunds, KeyReused, Leg, Unbalanced, transfer
from plauder.money.ledger.store import Ledger
from plauder.store.database import Database

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PRICE = Money.of("0.055", "EUR")
CUSTOMER, REVENUE = "customer:4711", "revenue:messages:DE:utility"


def charge(key: str = "wamid.1", amount: Money = PRICE) -> Entry:
    return transfer(amount, debit=CUSTOMER, credit=REVENUE, key=key, at=NOON)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(-(10**12), 10**12).filter(bool)), min_size=1))
def test_what_does_not_sum_to_zero_cannot_be_constructed(parts: list[tuple[str, int]]) -> None:
    legs = tuple(Leg(account, Money(micros, "EUR")) for account, micros in parts)
    total = sum(micros for _, micros in parts)
    if total:
        with pytest.raises(Unbalanced):
            Entry("k", NOON, legs)
        legs = (*legs, Leg("rest", Money(-total, "EUR")))
    assert Entry("k", NOON, legs).legs == legs


def test_currencies_balance_each_on_their_own() -> None:
    with pytest.raises(Unbalanced):
        Entry("k", NOON, (Leg("a", Money(5, "EUR")), Leg("b", Money(-5, "USD"))))


@pytest.mark.parametrize("name", ["", "Customer", "a b", "a:", "a::b", "a'; drop table", "a\n"])
def test_account_names_are_plain_paths(name: str) -> None:
    with pytest.raises(BadInput):
        Leg(name, PRICE)


@pytest.mark.parametrize("micros", [0, -1])
def test_a_transfer_moves_something_forward(micros: int) -> None:
    with pytest.raises(BadInput):
        charge(amount=Money(micros, "EUR"))


async def test_the_same_key_twice_is_posted_once(books: Database) -> None:
    async with books.begin() as uow:
        assert await Ledger(uow).post(charge())
    async with books.begin() as uow:
        assert not await Ledger(uow).post(charge())
        assert await Ledger(uow).balance(CUSTOMER, "EUR") == PRICE
        assert await Ledger(uow).balance(REVENUE, "EUR") == -PRICE


async def test_the_same_key_for_something_else_is_refused(books: Database) -> None:
    async with books.begin() as uow:
        await Ledger(uow).post(charge())
        with pytest.raises(KeyReused):
            await Ledger(uow).post(charge(amount=PRICE * 2))


async def test_many_writers_with_the_same_key_post_once(books: Database) -> None:
    async def once() -> bool:
        async with books.begin() as uow:
            return await Ledger(uow).post(charge())

    assert sorted(await asyncio.gather(*(once() for _ in range(20)))) == [False] * 19 + [True]


async def test_beyond_the_ceiling_nothing_is_posted(books: Database) -> None:
    with pytest.raises(InsufficientFunds):
        async with books.begin() as uow:
            await Ledger(uow).post(charge(), ceilings={CUSTOMER: PRICE - Money(1, "EUR")})
    async with books.read() as uow:
        assert await Ledger(uow).balance(CUSTOMER, "EUR") == Money(0, "EUR")
        assert await Ledger(uow).entry("wamid.1") is None


async def test_a_correction_names_what_it_corrects(books: Database) -> None:
    async with books.begin() as uow:
        ledger = Ledger(uow)
        await ledger.post(charge())
        await ledger.post(charge().reversed("credit.1", NOON, "never delivered"))
        assert await ledger.balance(CUSTOMER, "EUR") == Money(0, "EUR")
        found = await ledger.entry("credit.1")
    assert found is not None
    assert found.corrects == "wamid.1"


@pytest.mark.parametrize("change", ["UPDATE ledger_legs SET micros = 1", "DELETE FROM ledger_entries"])
async def test_the_database_refuses_to_edit_the_books(books: Database, change: str) -> None:
    async with books.begin() as uow:
        await Ledger(uow).post(charge())
    with pytest.raises(DatabaseError, match="only grows"):
        async with books.begin() as uow:
            await uow.execute(text(change))


async def test_the_audit_finds_a_balance_that_was_tampered_with(books: Database) -> None:
    async with books.begin() as uow:
        await Ledger(uow).post_all([charge(f"wamid.{n}") for n in range(1_200)])
        assert await Ledger(uow).audit() == []
        await uow.execute(text("UPDATE ledger_balances SET micros = micros + 1 WHERE account = 'customer:4711'"))
        assert [finding.where for finding in await Ledger(uow).audit()] == ["customer:4711 in EUR"]


async def test_a_statement_lists_what_moved_in_a_period(books: Database) -> None:
    async with books.begin() as uow:
        ledger = Ledger(uow)
        for day in range(3):
            at = NOON + timedelta(days=day)
            await ledger.post(transfer(PRICE, debit=CUSTOMER, credit=REVENUE, key=f"k{day}", at=at))
        moved = await ledger.statement(CUSTOMER, "EUR", since=NOON + timedelta(days=1), until=NOON + timedelta(days=2))
    assert [(entry.key, amount) for entry, amount in moved] == [("k1", PRICE)]
