"""Remember answers for a while; who asks while one is being looked up waits for that one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Remembered(Generic[K, V]):
    """`look_up(key)` at most once at a time, its answer kept for `seconds`, at most `most` of them."""

    def __init__(
        self,
        look_up: Callable[[K], Awaitable[V]],
        *,
        seconds: float,
        monotonic: Callable[[], float],
        most: int = 10_000,
    ) -> None:
        self._look_up = look_up
        self._seconds = seconds
        self._monotonic = monotonic
        self._most = most
        self._known: dict[K, tuple[float, V]] = {}
        self._asked: dict[K, asyncio.Future[V]] = {}

    async def get(self, key: K) -> V:
        """The answer. What `look_up` raises is raised to all who wait, and not remembered."""
        known = self._known.get(key)
        if known is not None and known[0] > self._monotonic():
            return known[1]
        asked = self._asked.get(key)
        if asked is None:
            asked = self._asked[key] = asyncio.ensure_future(self._ask(key))
        return await asyncio.shield(asked)

    def forget(self, key: K | None = None) -> None:
        """This one, or all."""
        if key is None:
            self._known.clear()
            self._asked.clear()
        else:
            self._known.pop(key, None)
            self._asked.pop(key, None)

    async def _ask(self, key: K) -> V:
        mine = asyncio.current_task()
        try:
            found = await self._look_up(key)
        finally:
            is_current = self._asked.get(key) is mine  # else it was forgotten meanwhile: this answer may be old
            if is_current:
                del self._asked[key]
        if is_current:
            if len(self._known) >= self._most:
                self._known.clear()
            self._known[key] = (self._monotonic() + self._seconds, found)
        return found
