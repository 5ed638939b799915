"""What can be posted: pure values, balanced by construction."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime

from plauder.kit.errors import BadInput, Conflict
from plauder.kit.money import Money

_ACCOUNT = re.compile(r"[a-z][a-z0-9_.-]*(:[A-Za-z0-9_.-]+)*")


class Unbalanced(BadInput):
    """The legs of an entry do not sum to zero in every currency."""

    code = "ledger-unbalanced"


class KeyReused(Conflict):
    """Another entry with different content was posted under this idempotency key."""

    code = "ledger-key-reused"


class InsufficientFunds(Conflict):
    """The account would go beyond its limit; nothing was posted."""

    code = "insufficient-funds"
    status = 402


@dataclass(frozen=True, slots=True)
class Leg:
    """One side of an entry: a debit when `amount` is positive, a credit when negative."""

    account: str
    amount: Money

    def __post_init__(self) -> None:
        if not _ACCOUNT.fullmatch(self.account):
            raise BadInput(f"not an account name: {self.account!r}")
        if not self.amount:
            raise BadInput(f"a leg of nothing on {self.account}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One business fact. `key` makes it happen once; `memo` says why in words for people; `corrects` names the key of
    the entry that this one puts right."""

    key: str
    at: datetime
    legs: tuple[Leg, ...]
    memo: str = ""
    corrects: str | None = None

    def __post_init__(self) -> None:
        if not self.key or len(self.key) > 200:
            raise BadInput("an entry needs a key of 1 to 200 characters")
        totals: dict[str, int] = {}
        for leg in self.legs:
            totals[leg.amount.currency] = totals.get(leg.amount.currency, 0) + leg.amount.micros
        if not self.legs or any(totals.values()):
            raise Unbalanced(f"entry {self.key} is off by {totals}")

    def reversed(self, key: str, at: datetime, memo: str) -> Entry:
        """The entry that takes this one back."""
        legs = tuple(replace(leg, amount=-leg.amount) for leg in self.legs)
        return Entry(key, at, legs, memo, corrects=self.key)


def transfer(amount: Money, *, debit: str, credit: str, key: str, at: datetime, memo: str = "") -> Entry:
    """`amount` (positive) from one account to another."""
    if amount.micros <= 0:
        raise BadInput(f"a transfer moves a positive amount, not {amount}")
    return Entry(key, at, (Leg(debit, amount), Leg(credit, -amount)), memo)
