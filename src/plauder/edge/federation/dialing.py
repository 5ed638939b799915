"""Opens the way to another server: each place its names lead to, one after the other."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from plauder.core.link import Link, Unreachable
from plauder.edge.federation.connection import OutgoingConnection
from plauder.edge.federation.names import Names, Target
from plauder.edge.listen import tune
from plauder.wire.dialback import Answer
from plauder.wire.s2s_initiating import Question

if TYPE_CHECKING:
    from plauder.edge.federation.service import Federation

CONNECT_SECONDS: Final = 10.0
OPEN_SECONDS: Final = 30.0
DIALS_MAX: Final = 128
"""Connections that are being made at once: somebody may write to thousands of domains."""
QUESTIONS_MAX: Final = 64
"""Dialback questions at once, to all servers together."""


class Dialer:
    """The `Dial` of the links."""

    def __init__(self, federation: Federation, names: Names) -> None:
        self._federation = federation
        self._names = names
        self._dials = asyncio.Semaphore(DIALS_MAX)
        self._questions = asyncio.Semaphore(QUESTIONS_MAX)

    async def __call__(self, link: Link) -> OutgoingConnection:
        async with self._dials:
            connection, _ = await self._open(link, link.local, link.remote, None)
        return connection

    async def ask(self, local: str, remote: str, question: Question) -> Answer:
        """What the authoritative server of `remote` says about a key. Raises Unreachable."""
        async with self._questions:
            _, answer = await self._open(None, local, remote, question)
        return answer or "error"

    async def _open(
        self, link: Link | None, local: str, remote: str, question: Question | None
    ) -> tuple[OutgoingConnection, Answer | None]:
        if not self._federation.allows(remote):
            raise Unreachable("remote-server-not-found", "this server does not talk to it", is_final=True)
        last = Unreachable("remote-server-timeout", "nothing answers at its addresses")
        for target in await self._names.targets(remote):
            connection = OutgoingConnection(self._federation, link, local, remote, question, is_direct=target.is_direct)
            try:
                await self._connect(connection, target)
                async with asyncio.timeout(OPEN_SECONDS):
                    return connection, await connection.opened
            except Unreachable as problem:
                last = problem
            except TimeoutError:
                last = Unreachable("remote-server-timeout", "it did not answer in time")
                connection.abort()
            except BaseException:
                connection.abort()
                raise
        raise last

    async def _connect(self, connection: OutgoingConnection, target: Target) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                transport, _ = await loop.create_connection(lambda: connection, target.address, target.port)
                tune(transport.get_extra_info("socket"))
        except TimeoutError:
            raise Unreachable("remote-server-timeout", "it did not answer in time") from None
        except OSError as error:
            raise Unreachable("remote-server-timeout", error.strerror or type(error).__name__) from None
