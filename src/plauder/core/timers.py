"""Doing things later: by the event loop in a server, by hand in tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol


class Handle(Protocol):
    def cancel(self) -> None:
        """Do not do it after all."""
        ...


class Timers(Protocol):
    """What the engine needs of an event loop besides sockets."""

    def call_later(self, seconds: float, do: Callable[[], None]) -> Handle:
        """Call `do` once, after that time."""
        ...

    def call_soon(self, do: Callable[[], None]) -> object:
        """Call `do` when what runs now is done."""
        ...


class LoopTimers:
    """The running asyncio loop."""

    def call_later(self, seconds: float, do: Callable[[], None]) -> Handle:
        return asyncio.get_running_loop().call_later(seconds, do)

    def call_soon(self, do: Callable[[], None]) -> object:
        return asyncio.get_running_loop().call_soon(do)
