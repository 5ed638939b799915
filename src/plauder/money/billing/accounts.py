"""A billing account: who pays, in which currency, how far it may go."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import BigInteger, Column, Integer, Table, select, update

from plauder.kit.errors import BadInput, Conflict, NotFound
from plauder.kit.money import Money
from plauder.money.ledger.entry import transfer
from plauder.money.ledger.store import Ledger
from plauder.store.database import UnitOfWork
from plauder.store.schema import Instant, Text, metadata

table = Table(
    "billing_accounts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("credit_limit", BigInteger, nullable=False),
    Column("spend_limit", BigInteger, nullable=True),
    Column("essential_limit", BigInteger, nullable=True),
    Column("alert_percent", Integer, nullable=False),
    Column("address", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("tax_id", Text, nullable=False),
    Column("tax_name", Text, nullable=False),
    Column("tax_basis_points", Integer, nullable=False),
    Column("market", Text, nullable=False),
    Column("industry", Text, nullable=False),
    Column("opened_at", Instant, nullable=False),
    # The sum of the open reservations, kept by `Charges` in the reserving transaction.
    Column("reserved", BigInteger, nullable=False),
)

PREPAID, POSTPAID = "prepaid", "postpaid"


@dataclass(frozen=True, slots=True)
class Account:
    """Amounts are micro-units of `currency`. `spend_limit` stops marketing for the month, `essential_limit` (at least
    as high) everything else; None means no limit. `credit_limit` is what a postpaid account may owe. `market` and
    `industry` are those of the business, for prices that depend on them."""

    id: str
    name: str
    currency: str
    timezone: str = "UTC"
    mode: str = PREPAID
    credit_limit: int = 0
    spend_limit: int | None = None
    essential_limit: int | None = None
    alert_percent: int = 80
    address: str = ""
    country: str = ""
    tax_id: str = ""
    tax_name: str = "VAT"
    tax_basis_points: int = 0
    market: str = ""
    industry: str = ""
    reserved: int = 0

    def __post_init__(self) -> None:
        Money(0, self.currency)
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise BadInput(f"{self.timezone!r} is not a time zone of the IANA database") from None
        if self.mode not in (PREPAID, POSTPAID):
            raise BadInput("mode is prepaid or postpaid")
        if self.mode == PREPAID and self.credit_limit:
            raise BadInput("a prepaid account has no credit limit")
        if not 0 <= self.tax_basis_points <= 10_000:
            raise BadInput("tax_basis_points is 0 to 10000")
        if not 1 <= self.alert_percent <= 100:
            raise BadInput("alert_percent is 1 to 100", field="alert_percent")
        limits = (self.credit_limit, self.spend_limit or 0, self.essential_limit or 0)
        if min(limits) < 0 or max(limits) > 1 << 60:
            raise BadInput("a limit is a positive amount")
        if self.essential_limit is not None and (self.spend_limit is None or self.essential_limit < self.spend_limit):
            raise BadInput("the limit for essential messages is not below the spend limit", field="essential_limit")

    @property
    def ledger_name(self) -> str:
        """The account's name in the books. Debit: it owes us; credit: it has paid ahead."""
        return f"customer:{self.id}"

    def local_date(self, at: datetime) -> date:
        """The day `at` is for this business."""
        return at.astimezone(ZoneInfo(self.timezone)).date()


_FIELDS = [field.name for field in fields(Account)]


class Accounts:
    """The billing accounts, inside one unit of work."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def open(self, account: Account, at: datetime) -> None:
        """Raises Conflict when the id is taken."""
        row = {name: getattr(account, name) for name in _FIELDS} | {"opened_at": at, "reserved": 0}
        statement = self._uow.insert(table).on_conflict_do_nothing(index_elements=["id"])
        if (await self._uow.execute(statement, row)).rowcount != 1:
            raise Conflict(f"there is a billing account {account.id} already")

    async def get(self, account_id: str, *, lock: bool = False) -> Account:
        """Raises NotFound. `lock` keeps others from changing it until this unit of work ends."""
        query = select(*(table.c[name] for name in _FIELDS)).where(table.c.id == account_id)
        row = (await self._uow.execute(query.with_for_update() if lock else query)).one_or_none()
        if row is None:
            raise NotFound(f"there is no billing account {account_id[:64]}")
        return Account(**dict(zip(_FIELDS, row, strict=True)))

    async def change(self, account_id: str, **changes: Any) -> Account:
        """Change limits, address, tax …; what cannot be changed (id, currency, reserved) raises BadInput."""
        if changes.keys() - set(_FIELDS) or changes.keys() & {"id", "currency", "reserved"}:
            raise BadInput(f"these cannot be changed: {', '.join(sorted(changes))}")
        account = replace(await self.get(account_id, lock=True), **changes)
        await self._uow.execute(update(table).where(table.c.id == account_id).values(**changes))
        return account

    async def pay_in(self, account_id: str, amount: Money, *, key: str, at: datetime, memo: str) -> bool:
        """Money that arrived for the account, posted once per `key`; False when it was there already."""
        account = await self.get(account_id)
        if amount.currency != account.currency:
            raise BadInput(f"the account is kept in {account.currency}")
        entry = transfer(amount, debit="bank", credit=account.ledger_name, key=f"payment:{key}", at=at, memo=memo)
        return await Ledger(self._uow).post(entry)
