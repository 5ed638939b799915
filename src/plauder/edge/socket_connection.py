"""What a client's connection over one socket is, whatever is spoken on it."""

from __future__ import annotations

import asyncio
from typing import Final

from plauder.core.connection import GRACE_SECONDS, Connection

BUFFER: Final = 262_144
"""Bytes a slow reader may leave in the transport before it counts as congested."""


class SocketConnection(Connection, asyncio.Protocol):
    """Who inherits sets `_transport` while there is one."""

    __slots__ = ()

    _transport: asyncio.Transport | None

    def pause(self) -> None:
        if self._transport is not None:
            self._transport.pause_reading()

    def resume(self) -> None:
        if self._transport is not None:
            self._transport.resume_reading()

    def shut(self) -> None:
        transport = self._transport
        if transport is None:
            return
        if parting := self._parting():
            transport.write(parting)
        transport.close()
        asyncio.get_running_loop().call_later(GRACE_SECONDS, self._abort)

    def _parting(self) -> bytes:
        """What the layer between stream and socket says before it closes."""
        raise NotImplementedError

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()
