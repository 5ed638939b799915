"""The rate cards that an operator has imported; the newest counts, the older ones stay to explain old bills."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from importlib.resources import files

from sqlalchemy import Column, Table, select

from plauder.money.rates import sheet
from plauder.money.rates.card import RateCard
from plauder.store.append_only import append_only
from plauder.store.database import UnitOfWork
from plauder.store.schema import BigKey, Instant, Text, metadata

cards = append_only(
    Table(
        "rate_cards",
        metadata,
        Column("id", BigKey, primary_key=True, autoincrement=True),
        Column("currency", Text, nullable=False),
        Column("imported_at", Instant, nullable=False),
        Column("imported_by", Text, nullable=False),
        Column("csv", Text, nullable=False),
    )
)

EXAMPLE_CURRENCY = "USD"
_parse = lru_cache(maxsize=16)(sheet.read)


def example_card(currency: str = EXAMPLE_CURRENCY) -> RateCard:
    """The card that ships. Its figures are US dollars; another currency takes them one for one, as an example."""
    return _parse(files("plauder.money.rates").joinpath("example_card.csv").read_text("utf-8"), currency)


class RateCards:
    """The cards, inside one unit of work."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def current(self, currency: str) -> RateCard:
        """The newest card in `currency`; the example card where none was imported."""
        query = select(cards.c.csv).where(cards.c.currency == currency).order_by(cards.c.id.desc()).limit(1)
        text = (await self._uow.execute(query)).scalar()
        return example_card(currency) if text is None else _parse(text, currency)

    async def bring_in(self, csv: str, currency: str, *, by: str, at: datetime) -> RateCard:
        """Import a card. Raises BadSheet and changes nothing when a line is wrong."""
        card = sheet.read(csv, currency)
        row = {"currency": currency, "imported_at": at, "imported_by": by, "csv": csv}
        await self._uow.execute(cards.insert(), [row])
        return card
