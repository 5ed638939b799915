"""Money as whole micro-units of a named currency. Never a float."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

MICRO = 1_000_000
MOST_UNITS = 10**12
_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """`micros` millionths of one unit of `currency` (ISO 4217): 1.25 EUR is Money(1_250_000, "EUR").

    Raises ValueError for a currency that is not three capital letters; TypeError when `micros` is not an int or
    two currencies meet in one sum.
    """

    micros: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.micros) is not int:
            raise TypeError(f"micros must be int, not {type(self.micros).__name__}")
        if not _CURRENCY.fullmatch(self.currency):
            raise ValueError(f"not an ISO 4217 code: {self.currency!r}")

    @classmethod
    def of(cls, amount: str | Decimal | int, currency: str) -> Money:
        """From a decimal text or number of whole units. Raises ValueError below a micro-unit and beyond 10^12 units."""
        exact = Decimal(amount)
        if not exact.is_finite() or abs(exact) > MOST_UNITS:
            raise ValueError(f"beyond {MOST_UNITS} units: {amount}")
        micros = exact * MICRO
        if micros != micros.to_integral_value():
            raise ValueError(f"finer than a micro-unit: {amount}")
        return cls(int(micros), currency)

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise TypeError(f"{self.currency} and {other.currency} in one sum")

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.micros + other.micros, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.micros - other.micros, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.micros, self.currency)

    def __mul__(self, count: int) -> Money:
        return Money(self.micros * count, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.micros < other.micros

    def __le__(self, other: Money) -> bool:
        self._same(other)
        return self.micros <= other.micros

    def __bool__(self) -> bool:
        return self.micros != 0

    def share(self, basis_points: int) -> Money:
        """`basis_points` ten-thousandths of this, rounded half to even."""
        exact = Decimal(self.micros) * basis_points / 10_000
        return Money(int(exact.to_integral_value(ROUND_HALF_EVEN)), self.currency)

    @property
    def decimal(self) -> Decimal:
        """Whole units as an exact decimal."""
        return Decimal(self.micros) / MICRO

    def __str__(self) -> str:
        return f"{self.decimal:f} {self.currency}"
