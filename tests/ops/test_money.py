"""Money on the command line."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from plauder.money.billing.accounts import Account, Accounts
from plauder.store.database import Database
from tests.ops.conftest import Command


@pytest.fixture
def shop(data: Path) -> str:
    async def open_account() -> None:
        database = Database(f"sqlite:///{data}/plauder.db")
        async with database.begin() as uow:
            await Accounts(uow).open(Account("4711", "Kolibri Air", "EUR"), datetime.now(UTC))
        await database.close()

    asyncio.run(open_account())
    return "4711"


def test_a_payment_is_booked_once(plauder: Command, shop: str) -> None:
    pay = ("billing", "pay-in", shop, "250.00 EUR", "--key", "bank-1")
    assert plauder(*pay) == (0, "250 EUR booked for 4711.\n", "")
    assert plauder(*pay)[1] == "bank-1 was booked before; nothing changed.\n"
    assert "owes -250 EUR" in plauder("billing", "list")[1]
    assert plauder("billing", "audit") == (0, "The books are in order.\n", "")


def test_credit_is_given_and_taken_back(plauder: Command, shop: str) -> None:
    assert plauder("billing", "credit", shop, "1000 EUR")[1] == "4711 is postpaid.\n"
    assert plauder("billing", "credit", shop, "0 EUR")[1] == "4711 is prepaid.\n"
    assert plauder("billing", "credit", shop, "5 USD")[0] == 1


def test_a_rate_card_goes_in_and_comes_out(plauder: Command, shop: str, here: Path) -> None:
    (here / "card.csv").write_text("id,since,price\nflat,2026-01-01,0.02\n")
    assert plauder("billing", "card-import", "card.csv", "EUR")[1] == "1 rules are in force for EUR.\n"
    assert "flat" in plauder("billing", "card-export", "EUR")[1]
    (here / "card.csv").write_text("id,since,price\nflat,never,0.02\n")
    status, _, error = plauder("billing", "card-import", "card.csv", "EUR")
    assert status == 1
    assert "line 2" in error
    assert plauder("billing", "close-month")[1] == "Nothing is due.\n"


@pytest.mark.parametrize(
    "wrong",
    [
        ("pay-in", "4711", "much"),
        ("pay-in", "4711", "-5 EUR"),
        ("pay-in", "4711", "NaN EUR"),
        ("pay-in", "4711", "1e999999 EUR"),
        ("pay-in", "4711", "5 EURO"),
        ("pay-in", "4711", "0.0000001 EUR"),
        ("pay-in", "nobody", "5 EUR"),
        ("card-import", "nothing.csv", "EUR"),
        ("card-export", "euro"),
        ("credit",),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(plauder: Command, shop: str, wrong: tuple[str, ...]) -> None:
    status, out, error = plauder("billing", *wrong)
    assert status in (1, 2)
    assert error.startswith("plauder: ")
    assert error.count("\n") == 1
    assert "Traceback" not in error + out
