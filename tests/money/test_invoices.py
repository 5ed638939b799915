import csv
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from plauder.kit.errors import BadInput, Conflict, NotFound
from plauder.kit.money import Money
from plauder.money.billing import documents
from plauder.money.billing.accounts import POSTPAID, Account, Accounts
from plauder.money.billing.charges import Charges, Message
from plauder.money.billing.invoices import Document, Invoices, Line, close_month
from plauder.money.billing.usage import export, pricing_analytics
from plauder.money.ledger.store import Ledger
from plauder.money.rates.rule import Category
from plauder.store.database import Database

OCTOBER = datetime(2026, 10, 20, 12, tzinfo=UTC)
AFTER = datetime(2026, 11, 2, 9, tzinfo=UTC)
KOLIBRI = Account(
    "4711",
    "Kolibri <Air> & Söhne 🐦",
    "EUR",
    "Europe/Lisbon",
    mode=POSTPAID,
    credit_limit=10**12,
    country="PT",
    tax_basis_points=2_300,
    address="Rua Augusta 1\nLisboa",
    tax_id="PT501964843",
)
PASS = Message("wamid.1", "4711", "106540352242922", "4915112345678", Category.UTILITY, OCTOBER)


@pytest.fixture
async def sold(books: Database) -> AsyncIterator[Database]:
    async with books.begin() as uow:
        await Accounts(uow).open(KOLIBRI, OCTOBER)
        ids = []
        for n in range(7):
            category = Category.MARKETING if n % 2 else Category.UTILITY
            await Charges(uow).reserve(replace(PASS, id=f"m{n}", category=category))
            ids.append(f"m{n}")
        await Charges(uow).reserve(replace(PASS, id="free", entry_point_open=True))
        await Charges(uow).reserve(replace(PASS, id="lost"))
        await Charges(uow).settle([*ids, "free"], OCTOBER)
        await Charges(uow).release(["lost"], OCTOBER)
    yield books
    async with books.read() as uow:
        assert await Ledger(uow).audit() == []


async def october(uow_database: Database) -> Document:
    async with uow_database.begin() as uow:
        return await Invoices(uow, seller="Plauder Demo").issue("4711", "2026-10", AFTER)


async def test_an_invoice_adds_up_to_the_micro_unit(sold: Database) -> None:
    invoice = await october(sold)
    assert [(line.category, line.messages, line.unit, line.amount) for line in invoice.lines] == [
        ("marketing", 3, 136_500, 409_500),
        ("utility", 1, 0, 0),
        ("utility", 4, 55_000, 220_000),
    ]
    assert (invoice.net, invoice.tax, invoice.total, invoice.rounding) == (629_500, 144_785, 770_000, -4_285)
    async with sold.read() as uow:
        owed = await Ledger(uow).balance("customer:4711", "EUR")
        assert owed == Money(invoice.total, "EUR")
        assert await Ledger(uow).balance("tax:PT", "EUR") == Money(-144_785, "EUR")


async def test_a_month_is_invoiced_once_and_numbers_have_no_gaps(sold: Database) -> None:
    assert await october(sold) == await october(sold)
    async with sold.begin() as uow:
        await Accounts(uow).open(Account("5", "Quiet", "EUR"), OCTOBER)
        quiet = await Invoices(uow, seller="x").issue("5", "2026-10", AFTER)
        assert (quiet.number, quiet.total) == ("PL-2026-10-0002", 0)
        assert [d.number for d in await Invoices(uow, seller="x").of("4711")] == ["PL-2026-10-0001"]


async def test_the_monthly_run_issues_what_is_missing_once(sold: Database) -> None:
    assert await close_month(sold, seller="x", at=OCTOBER) == []
    assert await close_month(sold, seller="x", at=AFTER) == ["PL-2026-10-0001"]
    assert await close_month(sold, seller="x", at=AFTER) == []


async def test_a_month_that_is_not_over_is_not_invoiced(sold: Database) -> None:
    async with sold.begin() as uow:
        with pytest.raises(Conflict, match="not over"):
            await Invoices(uow, seller="x").issue("4711", "2026-11", AFTER)


async def test_a_credit_note_gives_back_what_was_charged_wrongly_once(sold: Database) -> None:
    invoice = await october(sold)
    async with sold.begin() as uow:
        note = await Invoices(uow, seller="x").credit(invoice.number, ["m1", "m0"], AFTER, reason="not delivered")
        assert (note.net, note.total) == (-191_500, -240_000)
        assert await Ledger(uow).balance("customer:4711", "EUR") == Money(770_000 - 240_000, "EUR")
    for ids in (["m1"], ["free"], ["lost"], ["unknown"], []):
        async with sold.begin() as uow:
            with pytest.raises(Conflict):
                await Invoices(uow, seller="x").credit(invoice.number, ids, AFTER, reason="again")


async def test_unknown_documents_are_not_found(sold: Database) -> None:
    async with sold.read() as uow:
        with pytest.raises(NotFound):
            await Invoices(uow, seller="x").get("PL-1900-01-0001'; --")


async def test_the_pdf_is_a_pdf_whatever_the_names_are(sold: Database) -> None:
    invoice = await october(sold)
    pdf = documents.to_pdf(replace(invoice, lines=invoice.lines * 200))
    assert pdf.startswith(b"%PDF-")
    assert pdf.rstrip().endswith(b"%%EOF")


async def test_the_pdf_says_why_something_was_credited(sold: Database) -> None:
    invoice = await october(sold)
    async with sold.begin() as uow:
        reason = "Refunded: sent twice, Łódź & Δελφοί"
        made = await Invoices(uow, seller="x").credit(invoice.number, ["m1"], AFTER, reason=reason)
        note = await Invoices(uow, seller="x").get(made.number)
    assert note.reason == reason
    plain = replace(note, reason="")
    assert len(documents.to_pdf(note)) > len(documents.to_pdf(plain)) + 1_000  # the letters' outlines


@pytest.mark.parametrize(
    ("market", "shown"), [("rest-of-western-europe", "Rest of Western Europe"), ("BR", "BR"), ("other", "Other")]
)
def test_people_read_a_region_by_its_name(market: str, shown: str) -> None:
    line = Line(market, "utility", "regular", 1_200, 5_500, 6_600_000)
    assert documents._cells(line, 4, 2) == [shown, "utility", "1,200", "0.0055", "6.60"]


async def test_machines_read_the_same_numbers(sold: Database) -> None:
    invoice = await october(sold)
    assert orjson.loads(documents.to_json(invoice))["total"] == 770_000
    rows = list(csv.DictReader(io.StringIO(documents.to_csv(invoice))))
    assert sum(Money.of(row["amount"], "EUR").micros for row in rows[:-1]) == invoice.total
    assert rows[0]["unit"] == "0.1365"


async def test_usage_by_day_market_and_category(sold: Database) -> None:
    async with sold.read() as uow:
        points = await pricing_analytics(
            uow,
            "4711",
            start=OCTOBER - timedelta(days=1),
            end=OCTOBER + timedelta(days=1),
            granularity="DAILY",
            dimensions=["COUNTRY", "PRICING_CATEGORY"],
        )
        assert [(dict(p.dimensions), p.volume, p.cost) for p in points] == [
            ({"COUNTRY": "DE", "PRICING_CATEGORY": "MARKETING"}, 3, 409_500),
            ({"COUNTRY": "DE", "PRICING_CATEGORY": "UTILITY"}, 5, 220_000),
        ]
        assert points[0].end - points[0].start == 86_400
        table = list(csv.DictReader(io.StringIO(await export(uow, "4711", "2026-10"))))
    assert {row["message"]: row["state"] for row in table}["lost"] == "released"
    assert len(table) == 9


@pytest.mark.parametrize(
    "wrong",
    [{"granularity": "WEEKLY"}, {"dimensions": ["PASSWORD"]}, {"end": OCTOBER}, {"end": OCTOBER + timedelta(days=400)}],
)
async def test_wrong_questions_are_said_to_be_wrong(sold: Database, wrong: dict[str, object]) -> None:
    question: dict[str, object] = {"start": OCTOBER, "end": AFTER, "granularity": "DAILY"} | wrong
    async with sold.read() as uow:
        with pytest.raises(BadInput):
            await pricing_analytics(uow, "4711", **question)  # type: ignore[arg-type]
