"""Invoices and credit notes: numbered without gaps, never changed, each with its lines down to the micro-unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import orjson
from sqlalchemy import BigInteger, Column, Index, Table, func, select

from plauder.kit.errors import Conflict, NotFound
from plauder.kit.money import MICRO, Money
from plauder.money.billing import charges as charge_store
from plauder.money.billing.accounts import Account, Accounts
from plauder.money.ledger.entry import Entry, Leg
from plauder.money.ledger.store import Ledger
from plauder.store.append_only import append_only
from plauder.store.database import Database, UnitOfWork
from plauder.store.schema import Bytes, Instant, Text, metadata

table = append_only(
    Table(
        "billing_documents",
        metadata,
        Column("number", Text, primary_key=True),
        Column("kind", Text, nullable=False),
        Column("account", Text, nullable=False),
        # An invoice's month; the number of the invoice that a credit note is about.
        Column("about", Text, nullable=False),
        Column("total", BigInteger, nullable=False),
        Column("issued_at", Instant, nullable=False),
        Column("body", Bytes, nullable=False),
        Index("ix_billing_documents_account", "account", "number"),
    )
)
credited = append_only(
    Table(
        "billing_credited",
        metadata,
        Column("charge", Text, primary_key=True),
        Column("document", Text, nullable=False),
    )
)
numbers = Table(
    "billing_numbers",
    metadata,
    Column("series", Text, primary_key=True),
    Column("last", BigInteger, nullable=False),
)

INVOICE, CREDIT_NOTE = "invoice", "credit-note"
PAYMENT_DAYS = 30


@dataclass(frozen=True, slots=True)
class Line:
    """Messages of one market, category and price. `unit` and `amount` in micro-units."""

    market: str
    category: str
    type: str
    messages: int
    unit: int
    amount: int


@dataclass(frozen=True, slots=True)
class Document:
    """An invoice or a credit note (its amounts are negative). Amounts in micro-units of `currency`: the lines sum to
    `net`, `net + tax + rounding = total`, and `total` is a whole number of cents."""

    number: str
    kind: str
    account: str
    about: str
    issued: str
    due: str
    seller: str
    buyer: dict[str, str]
    currency: str
    lines: tuple[Line, ...]
    net: int
    tax_name: str
    tax_basis_points: int
    tax: int
    rounding: int
    total: int
    reason: str = ""
    """Why it was credited; empty on an invoice."""

    def money(self, micros: int) -> Money:
        return Money(micros, self.currency)


class Invoices:
    """The documents, inside one unit of work. `seller` is the operator's name and address as it is printed."""

    def __init__(self, uow: UnitOfWork, *, seller: str) -> None:
        self._uow = uow
        self._seller = seller

    async def issue(self, account_id: str, month: str, at: datetime) -> Document:
        """The invoice of one month (`2026-10`), after its end. Asking again gives the same one.

        Raises Conflict while the month is not over for this business.
        """
        account = await Accounts(self._uow).get(account_id, lock=True)
        earlier = await self._find(account_id, INVOICE, month)
        if earlier is not None:
            return earlier
        if account.local_date(at).isoformat()[:7] <= month:
            raise Conflict(f"{month} is not over yet")
        lines = await self._lines(account_id, month)
        number = await self._next_number(f"PL-{month}")
        return await self._write(account, INVOICE, number, month, lines, at)

    async def credit(self, invoice_number: str, message_ids: Sequence[str], at: datetime, *, reason: str) -> Document:
        """A credit note over messages that should not have been charged, each at most once.

        Raises NotFound for an unknown invoice, Conflict when a message was not charged on it or was credited before.
        """
        invoice = await self.get(invoice_number)
        account = await Accounts(self._uow).get(invoice.account, lock=True)
        ids = sorted(set(message_ids))
        rows = await self._charged(invoice, ids)
        before = select(credited.c.charge).where(credited.c.charge.in_(ids))
        if len(rows) != len(ids) or (await self._uow.execute(before)).first() or not ids:
            raise Conflict("each message must have been charged on that invoice and not been credited yet")
        number = await self._next_number(f"CN-{at:%Y}")
        await self._uow.execute(credited.insert(), [{"charge": one, "document": number} for one in ids])
        back: list[Leg] = []
        for row in rows:
            amount = Money(row.micros, row.currency)
            revenue = f"revenue:messages:{row.market}:{row.reported_category}"
            back += [Leg(revenue, amount), Leg(account.ledger_name, -amount)]
        await Ledger(self._uow).post(Entry(f"credit:{number}", at, tuple(back), reason))
        lines = _gather([(r.market, r.reported_category, r.type, r.micros, -1) for r in rows])
        return await self._write(account, CREDIT_NOTE, number, invoice_number, lines, at, reason)

    async def get(self, number: str) -> Document:
        """Raises NotFound."""
        row = (await self._uow.execute(select(table.c.body).where(table.c.number == number))).scalar()
        if row is None:
            raise NotFound("there is no such invoice")
        return _from_json(row)

    async def of(self, account_id: str) -> list[Document]:
        """The account's documents, newest first."""
        query = select(table.c.body).where(table.c.account == account_id).order_by(table.c.issued_at.desc())
        return [_from_json(body) for (body,) in await self._uow.execute(query.order_by(table.c.number.desc()))]

    async def _find(self, account: str, kind: str, about: str) -> Document | None:
        query = select(table.c.body).where(table.c.account == account, table.c.kind == kind, table.c.about == about)
        body = (await self._uow.execute(query)).scalar()
        return None if body is None else _from_json(body)

    async def _lines(self, account: str, month: str) -> tuple[Line, ...]:
        charges = charge_store.table.c
        query = (
            select(charges.market, charges.reported_category, charges.type, charges.micros, func.count())
            .where(charges.account == account, charges.month == month, charges.state == charge_store.CHARGED)
            .group_by(charges.market, charges.reported_category, charges.type, charges.micros)
        )
        return _gather([tuple(row) for row in await self._uow.execute(query)])

    async def _charged(self, invoice: Document, ids: Sequence[str]) -> list[Any]:
        charges = charge_store.table.c
        query = select(charge_store.table).where(
            charges.id.in_(ids),
            charges.account == invoice.account,
            charges.month == invoice.about,
            charges.state == charge_store.CHARGED,
            charges.micros > 0,
        )
        return list(await self._uow.execute(query))

    async def _next_number(self, series: str) -> str:
        statement = self._uow.insert(numbers)
        statement = statement.on_conflict_do_update(index_elements=["series"], set_={"last": numbers.c.last + 1})
        result = await self._uow.execute(statement.returning(numbers.c.last), {"series": series, "last": 1})
        return f"{series}-{result.scalar_one():04d}"

    async def _write(
        self,
        account: Account,
        kind: str,
        number: str,
        about: str,
        lines: tuple[Line, ...],
        at: datetime,
        reason: str = "",
    ) -> Document:
        net = sum(line.amount for line in lines)
        tax = Money(net, account.currency).share(account.tax_basis_points).micros
        total = _whole_cents(net + tax)
        issued = account.local_date(at)
        document = Document(
            number=number,
            kind=kind,
            account=account.id,
            about=about,
            issued=issued.isoformat(),
            due=(issued + timedelta(days=PAYMENT_DAYS)).isoformat(),
            seller=self._seller,
            buyer={"name": account.name, "address": account.address, "tax_id": account.tax_id},
            currency=account.currency,
            lines=lines,
            net=net,
            tax_name=account.tax_name,
            tax_basis_points=account.tax_basis_points,
            tax=tax,
            rounding=total - net - tax,
            total=total,
            reason=reason,
        )
        await self._post_tax(account, document, at)
        row = {
            "number": number,
            "kind": kind,
            "account": account.id,
            "about": about,
            "total": total,
            "issued_at": at,
            "body": orjson.dumps(asdict(document)),
        }
        await self._uow.execute(table.insert(), [row])
        self._uow.announce("billing.document", {"number": number, "account": account.id}, key=account.id)
        return document

    async def _post_tax(self, account: Account, document: Document, at: datetime) -> None:
        """The charges are in the books already; tax and rounding come with the document."""
        parts = {
            account.ledger_name: document.tax + document.rounding,
            f"tax:{account.country or 'none'}": -document.tax,
            "rounding": -document.rounding,
        }
        legs = [Leg(name, document.money(micros)) for name, micros in parts.items() if micros]
        if legs:
            await Ledger(self._uow).post(Entry(f"tax:{document.number}", at, tuple(legs), f"tax of {document.number}"))


def _gather(rows: Sequence[tuple[Any, ...]]) -> tuple[Line, ...]:
    """(market, category, type, unit, ±count) rows into lines, sorted for a reader."""
    counts: dict[tuple[str, str, str, int], int] = {}
    for market, category, type_, unit, count in rows:
        slot = (market, category, type_, unit)
        counts[slot] = counts.get(slot, 0) + count
    return tuple(
        Line(market, category, type_, abs(count), unit, unit * count)
        for (market, category, type_, unit), count in sorted(counts.items())
    )


def _whole_cents(micros: int) -> int:
    cents = (Decimal(micros) / (MICRO // 100)).to_integral_value(ROUND_HALF_EVEN)
    return int(cents) * (MICRO // 100)


def _from_json(body: bytes) -> Document:
    data = orjson.loads(body)
    data["lines"] = tuple(Line(**line) for line in data["lines"])
    return Document(**data)


async def close_month(database: Database, *, seller: str, at: datetime) -> list[str]:
    """Issue what is missing for the month that ended last, each account in its own transaction; the numbers.

    Safe to run again and again: a month is invoiced once. Accounts without a charge get none.
    """
    c = charge_store.table.c
    issued = []
    async with database.read() as uow:
        months = select(c.account, c.month).where(c.state == charge_store.CHARGED).distinct()
        done = {(row.account, row.about) for row in await uow.execute(select(table.c.account, table.c.about))}
        waiting = [row for row in await uow.execute(months) if (row.account, row.month) not in done]
        accounts = {name: await Accounts(uow).get(name) for name in {row.account for row in waiting}}
    for row in waiting:
        if row.month < accounts[row.account].local_date(at).isoformat()[:7]:
            async with database.begin() as uow:
                issued.append((await Invoices(uow, seller=seller).issue(row.account, row.month, at)).number)
    return issued
