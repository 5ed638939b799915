"""Which failures a business has switched on in its sandbox, remembered for two seconds."""

from __future__ import annotations

from plauder.business.sandbox import store
from plauder.kit.clock import Clock
from plauder.kit.remember import Remembered
from plauder.store.database import Database

REMEMBER = 2.0


class Faults:
    """By portfolio. `forget` when they change."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._known = Remembered(self._look_up, seconds=REMEMBER, monotonic=clock.monotonic)

    async def of(self, portfolio_id: str) -> frozenset[str]:
        """The names of what is switched on; see `business.sandbox.rules`."""
        return await self._known.get(portfolio_id)

    def forget(self, portfolio_id: str | None = None) -> None:
        """Those of one portfolio, or all."""
        self._known.forget(portfolio_id)

    async def _look_up(self, portfolio_id: str) -> frozenset[str]:
        async with self._database.read() as uow:
            row = await store.get(uow, portfolio_id)
        return frozenset(row.faults) if row is not None else frozenset()
