"""What the demo's businesses did before today: delivered messages of three months, their invoices, a payment.

Nothing is written past the books: each message is reserved and settled at its time, months are invoiced as they end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from plauder.kit.money import Money
from plauder.money.billing.accounts import Accounts
from plauder.money.billing.charges import Charges, Message
from plauder.money.billing.invoices import Invoices
from plauder.money.rates.rule import Category

if TYPE_CHECKING:
    from plauder.store.database import Database, UnitOfWork

BACK: Final = 2
"""Whole months before this one."""


@dataclass(frozen=True, slots=True)
class Habit:
    """About how many messages a day go to a country (a number there, without its end) in a category."""

    country: str
    category: Category
    daily: int
    is_answer: bool = False
    """Sent inside the customer-service window."""


U, M, A, S = Category.UTILITY, Category.MARKETING, Category.AUTHENTICATION, Category.SERVICE
AIRLINE: Final = (
    Habit("35191234", U, 9), Habit("49151123", U, 6), Habit("55119612", U, 4),
    Habit("35191234", M, 3), Habit("49151123", M, 1), Habit("35191234", S, 5, is_answer=True),
)  # fmt: skip
PARCELS: Final = (Habit("49151123", U, 12), Habit("43664123", U, 3), Habit("49151123", S, 4, is_answer=True))
BANK: Final = (Habit("49151123", A, 9), Habit("35191234", A, 2))


def days_of(habits: tuple[Habit, ...], day: datetime) -> Iterator[tuple[Habit, int]]:
    """How many messages of each kind go out on a day: fewer on Sundays, a sale on the 19th; the same every time."""
    for place, habit in enumerate(habits):
        wave = (day.toordinal() * 7 + place * 5) % 5 - 2
        count = habit.daily + wave * habit.daily // 6
        if day.weekday() == 6:
            count = count * 2 // 3
        if day.day == 19 and habit.category is M:
            count *= 6
        yield habit, max(1, count)


def months_before(now: datetime) -> list[datetime]:
    """The first days of the months before this one, oldest first."""
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    found: list[datetime] = []
    for _ in range(BACK):
        first = (first - timedelta(days=1)).replace(day=1)
        found.append(first)
    return list(reversed(found))


async def tell(
    database: Database, account: str, phone: str, habits: tuple[Habit, ...], now: datetime, *, seller: str
) -> None:
    """Live through the months before `now`, day by day, each in a transaction of its own."""
    months = months_before(now)
    day = months[0]
    while day.date() < now.date():
        async with database.begin() as uow:
            if day.day == 1 and day > months[0]:
                await _end_of_month(uow, account, phone, day, seller)
            await _live(uow, account, phone, habits, day)
        day += timedelta(days=1)


async def _live(uow: UnitOfWork, account: str, phone: str, habits: tuple[Habit, ...], day: datetime) -> None:
    charges, messages = Charges(uow), []
    for place, (habit, count) in enumerate(days_of(habits, day)):
        for number in range(count):
            at = day + timedelta(hours=8, minutes=(number * 41 + place * 13) % 720)
            key = f"wamid.demo.{phone}.{day:%Y%m%d}.{place}.{number}"
            recipient = f"{habit.country}{number:05}"
            message = Message(key, account, phone, recipient, habit.category, at, window_open=habit.is_answer)
            messages.append(message)
    await charges.reserve_all(messages)
    await charges.settle([message.id for message in messages], day + timedelta(hours=20, minutes=1))


async def _end_of_month(uow: UnitOfWork, account: str, phone: str, first: datetime, seller: str) -> None:
    """On the first of a month: the invoice of the last one; in the newest, a credit note and what was owed is paid."""
    books, at = Invoices(uow, seller=seller), first + timedelta(hours=6)
    earlier = [one for one in await books.of(account) if one.kind == "invoice"]
    month = (first - timedelta(days=1)).strftime("%Y-%m")
    invoice = await books.issue(account, month, at)
    if earlier:
        owed = Money(earlier[0].total, earlier[0].currency)
        await Accounts(uow).pay_in(account, owed, key=earlier[0].number, at=at, memo=earlier[0].number)
        day = first - timedelta(days=11)
        lost = [f"wamid.demo.{phone}.{day:%Y%m%d}.0.{number}" for number in range(3)]
        await books.credit(invoice.number, lost, at + timedelta(hours=2), reason="Delivered to a wrong number")
