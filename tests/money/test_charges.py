from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from plauder.kit.errors import BadInput, Conflict, NotFound
from plauder.kit.money import Money
from plauder.money.billing.accounts import POSTPAID, Account, Accounts
from plauder.money.billing.charges import Charges, Message, PaymentIssue
from plauder.money.ledger.store import Ledger
from plauder.money.rates.rule import Category, Counter, Quote
from plauder.money.rates.store import RateCards
from plauder.store import outbox
from plauder.store.database import Database
from tests import databases

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
KOLIBRI = Account("4711", "Kolibri Air", "EUR", "Europe/Lisbon", market="PT")
PASS = Message("wamid.1", "4711", "106540352242922", "4915112345678", Category.UTILITY, NOW)
PRICE = Money.of("0.055", "EUR")


def eur(amount: str) -> Money:
    return Money.of(amount, "EUR")


@pytest.fixture
async def till(books: Database) -> AsyncIterator[Database]:
    async with books.begin() as uow:
        await Accounts(uow).open(KOLIBRI, NOW)
        await Accounts(uow).pay_in("4711", eur("10"), key="t1", at=NOW, memo="bank transfer")
    yield books
    async with books.read() as uow:
        assert await Ledger(uow).audit() == []


async def test_a_message_is_charged_when_it_is_delivered_and_once(till: Database) -> None:
    async with till.begin() as uow:
        assert (await Charges(uow).reserve(PASS)).price == PRICE
        account = await Accounts(uow).get("4711")
        assert (await Charges(uow).standing(account, NOW)).owed == eur("-10")
    for _ in range(2):
        async with till.begin() as uow:
            await Charges(uow).settle(["wamid.1"], NOW)
    async with till.read() as uow:
        account = await Accounts(uow).get("4711")
        standing = await Charges(uow).standing(account, NOW)
        assert (standing.owed, standing.reserved, standing.spent) == (eur("-9.945"), eur("0"), PRICE)
        assert await Ledger(uow).balance("revenue:messages:DE:utility", "EUR") == -PRICE


async def test_a_refused_message_costs_nothing(till: Database) -> None:
    async with till.begin() as uow:
        charges = Charges(uow)
        await charges.reserve(PASS)
        assert await charges.release(["wamid.1"], NOW) == 1
        assert await charges.settle(["wamid.1"], NOW) == 0
        standing = await charges.standing(await Accounts(uow).get("4711"), NOW)
        assert (standing.owed, standing.reserved) == (eur("-10"), eur("0"))


async def test_accepting_the_same_message_again_reserves_once(till: Database) -> None:
    async with till.begin() as uow:
        first = await Charges(uow).reserve(PASS)
        again = await Charges(uow).reserve(replace(PASS, at=NOW + timedelta(days=40)))
        assert again == first
        assert (await Accounts(uow).get("4711")).reserved == PRICE.micros


async def test_a_prepaid_account_cannot_overdraw_with_open_reservations(till: Database) -> None:
    async with till.begin() as uow:
        charges = Charges(uow)
        for n in range(181):  # 181 × 0.055 = 9.955
            await charges.reserve(replace(PASS, id=f"wamid.{n}"))
        with pytest.raises(PaymentIssue, match="prepaid balance"):
            await charges.reserve(replace(PASS, id="wamid.181"))
        free = replace(PASS, id="wamid.free", entry_point_open=True)
        assert not (await charges.reserve(free)).is_billable


async def test_a_postpaid_account_may_owe_up_to_its_limit(till: Database) -> None:
    async with till.begin() as uow:
        await Accounts(uow).open(Account("5", "Later", "EUR", mode=POSTPAID, credit_limit=PRICE.micros), NOW)
        await Charges(uow).reserve(replace(PASS, account="5", id="a"))
        with pytest.raises(PaymentIssue, match="credit limit"):
            await Charges(uow).reserve(replace(PASS, account="5", id="b"))


async def test_at_the_spend_limit_marketing_stops_first(till: Database) -> None:
    async with till.begin() as uow:
        await Accounts(uow).change("4711", spend_limit=100_000, essential_limit=160_000)
        charges = Charges(uow)
        await charges.reserve(PASS)
        seats = replace(PASS, id="wamid.sale", category=Category.MARKETING)
        with pytest.raises(PaymentIssue, match="spend limit"):
            await charges.reserve(seats)
        await charges.reserve(replace(PASS, id="wamid.2"))
        with pytest.raises(PaymentIssue, match="spend limit"):
            await charges.reserve(replace(PASS, id="wamid.3"))


async def test_an_alert_is_announced_once_for_each_threshold(till: Database) -> None:
    async with till.begin() as uow:
        await Accounts(uow).change("4711", spend_limit=120_000, alert_percent=80)
        for n in range(2):
            await Charges(uow).reserve(replace(PASS, id=f"wamid.{n}"))
    for n in range(2):
        async with till.begin() as uow:
            await Charges(uow).settle([f"wamid.{n}"], NOW)
    async with till.read() as uow:
        rows = (await uow.execute(select(outbox.table.c.topic, outbox.table.c.payload))).all()
    assert [(topic, orjson.loads(payload)["percent"]) for topic, payload in rows] == [("billing.alert", 80)]


async def test_a_message_belongs_to_the_month_it_was_delivered_in(till: Database) -> None:
    midnight = datetime(2026, 12, 1, tzinfo=UTC)
    async with till.begin() as uow:
        charges = Charges(uow)
        await charges.reserve(replace(PASS, at=midnight - timedelta(seconds=1)))
        await charges.settle(["wamid.1"], midnight)
        account = await Accounts(uow).get("4711")
        assert (await charges.standing(account, midnight)).spent == PRICE
        assert (await charges.standing(account, NOW)).spent == eur("0")
        counts = await charges.counts(account, "DE", "utility", PASS.number, midnight)
        assert counts[Counter.MARKET_CATEGORY] == 1


async def test_volume_moves_the_price_into_the_next_tier(till: Database) -> None:
    card = (
        "id,since,price,percent,adjusts,counter,volume_from\n"
        "p,2026-01-01,0.05,,,,\n"
        "t,2026-01-01,,-10,tier,market-category,2\n"
    )
    async with till.begin() as uow:
        await RateCards(uow).bring_in(card, "EUR", by="test", at=NOW)
        prices = []
        for n in range(4):
            message = replace(PASS, id=f"wamid.{n}")
            shown = await Charges(uow).quote(message)
            assert await Charges(uow).reserve(message) == shown
            prices.append(shown.price)
            await Charges(uow).settle([message.id], NOW)
    assert prices == [eur("0.05"), eur("0.05"), eur("0.045"), eur("0.045")]


async def test_by_conversation_only_the_first_message_of_a_day_costs(till: Database) -> None:
    card = "id,since,price,model,category\np,2024-11-01,0.05,CBP,*\n"
    day = timedelta(days=1)
    async with till.begin() as uow:
        await RateCards(uow).bring_in(card, "EUR", by="test", at=NOW)
        charges = Charges(uow)
        first = [replace(PASS, id="a"), replace(PASS, id="b"), replace(PASS, id="c", category=Category.MARKETING)]
        quotes = await charges.reserve_all([*first, replace(PASS, id="d", recipient="4915112340000")])
        assert [quote.price for quote in quotes if isinstance(quote, Quote)] == [
            eur("0.05"),
            eur("0"),
            eur("0.05"),
            eur("0.05"),
        ]
        later = replace(PASS, id="e", at=NOW + day - timedelta(seconds=1))
        assert (await charges.quote(later)).price == (await charges.reserve(later)).price == eur("0")
        assert (await charges.reserve(replace(PASS, id="f", at=NOW + day))).price == eur("0.05")
        # What was never delivered has opened nothing.
        await charges.release(["d"], NOW)
        again = replace(PASS, id="g", recipient="4915112340000")
        assert (await charges.reserve(again)).price == eur("0.05")
        await charges.settle(["a", "b", "c"], NOW)
        standing = await charges.standing(await Accounts(uow).get("4711"), NOW)
        assert standing.spent == eur("0.10")


async def test_each_tier_that_a_month_reaches_is_announced_once(till: Database) -> None:
    card = (
        "id,since,category,price,percent,adjusts,counter,volume_from,volume_to\n"
        "p,2026-01-01,*,0.05,,,,,\n"
        "t2,2026-01-01,utility,,-10,tier,market-category,2,3\n"
        "t3,2026-01-01,utility,,-20,tier,market-category,3,\n"
    )

    async def told() -> list[tuple[str, str]]:
        async with till.read() as uow:
            rows = await uow.execute(select(outbox.table.c.payload).where(outbox.table.c.topic == "billing.tier"))
            found = [orjson.loads(payload) for (payload,) in rows]
        assert {(one["account"], one["market"], one["category"]) for one in found} <= {("4711", "DE", "utility")}
        return [(one["month"], one["tier"]) for one in found]

    async with till.begin() as uow:
        await RateCards(uow).bring_in(card, "EUR", by="test", at=NOW)
        for n in range(6):
            await Charges(uow).reserve(replace(PASS, id=f"wamid.{n}"))
        await Charges(uow).reserve(replace(PASS, id="ad", category=Category.MARKETING))
    expected: list[tuple[str, str]] = []
    november, december = NOW, datetime(2026, 12, 1, tzinfo=UTC)
    for ids, at, reached in (
        (["wamid.0", "ad"], november, []),
        (["wamid.1"], november, [("2026-11", "2:3")]),
        (["wamid.1"], november, []),
        (["wamid.2"], november, [("2026-11", "3:MAX")]),
        (["wamid.3", "wamid.4", "wamid.5"], december, [("2026-12", "2:3"), ("2026-12", "3:MAX")]),
    ):
        async with till.begin() as uow:
            await Charges(uow).settle(ids, at)
        expected += reached
        assert await told() == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"currency": "eur"},
        {"timezone": "Mars/Olympus"},
        {"timezone": "../../etc/passwd"},
        {"mode": "later"},
        {"credit_limit": 5},
        {"tax_basis_points": 10_001},
        {"alert_percent": 0},
        {"spend_limit": -1},
        {"spend_limit": 10, "essential_limit": 9},
    ],
)
def test_an_account_is_refused_with_a_reason(changes: dict[str, object]) -> None:
    with pytest.raises((BadInput, ValueError)):
        replace(KOLIBRI, **changes)  # type: ignore[arg-type]


async def test_unknown_and_taken_accounts_are_said(till: Database) -> None:
    async with till.begin() as uow:
        with pytest.raises(NotFound):
            await Charges(uow).reserve(replace(PASS, account="nobody"))
        with pytest.raises(Conflict):
            await Accounts(uow).open(KOLIBRI, NOW)
        with pytest.raises(BadInput, match="currency"):
            await Accounts(uow).change("4711", currency="USD")
        with pytest.raises(BadInput, match="kept in EUR"):
            await Accounts(uow).pay_in("4711", Money(1, "USD"), key="x", at=NOW, memo="")


@settings(max_examples=15, deadline=None)
@given(plan=st.lists(st.tuples(st.sampled_from(["reserve", "settle", "release"]), st.integers(0, 5)), max_size=30))
async def test_whatever_happens_the_books_and_the_charges_agree(
    plan: list[tuple[str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    books = databases.fresh(tmp_path_factory.mktemp("books") / "b.db")
    async with books.begin() as uow:
        await Accounts(uow).open(KOLIBRI, NOW)
        await Accounts(uow).pay_in("4711", eur("10"), key="t1", at=NOW, memo="")
    state: dict[int, str] = {}
    for act, n in plan:
        async with books.begin() as uow:
            charges = Charges(uow)
            if act == "reserve":
                await charges.reserve(replace(PASS, id=f"m{n}"))
                state.setdefault(n, "reserve")
            else:
                await (charges.settle if act == "settle" else charges.release)([f"m{n}"], NOW)
                state.update({n: act} if state.get(n) == "reserve" else {})
    async with books.read() as uow:
        standing = await Charges(uow).standing(await Accounts(uow).get("4711"), NOW)
        count = list(state.values()).count
        assert standing.spent == PRICE * count("settle")
        assert standing.reserved == PRICE * count("reserve")
        assert standing.owed == PRICE * count("settle") - eur("10")
        assert await Ledger(uow).audit() == []
    await books.close()
