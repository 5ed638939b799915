"""Stanzas from other domains: components on this machine, other servers. They are taken as those of local clients are.

Whoever speaks for the domain (`edge.component`) vouches for `from`; here they pass the same filters, get the same
answers, and are routed the same way. A `ForeignSession` is made for each stanza and stands for its sender towards
filters and handlers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from plauder.core.delivery import Outcome
from plauder.core.session import Session
from plauder.wire.jid import InvalidJid, Jid
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError

if TYPE_CHECKING:
    from plauder.core.server import Server

WAITING_MAX = 1_024

Send = Callable[[Stanza], None]


class ForeignSession(Session):
    """An entity of another domain, as filters and handlers see it."""

    __slots__ = ("_send",)

    def __init__(self, server: Server, jid: Jid, send: Send) -> None:
        super().__init__(server, jid, "")
        self._send = send

    def send(self, stanza: Stanza) -> None:
        self._send(stanza)


class Gateway:
    """Takes the stanzas of one foreign domain, one after the other."""

    def __init__(self, server: Server, domain: str, send: Send) -> None:
        self._server = server
        self._domain = domain
        self._send = send
        self._waiting: deque[Stanza] = deque()
        self._is_busy = False

    @property
    def is_full(self) -> bool:
        """Whether the peer should not be read for a while."""
        return len(self._waiting) >= WAITING_MAX

    def take(self, stanza: Stanza) -> None:
        """Deal with a stanza of the domain; answers go out by `send`. Raises ValueError if `from` is not of it."""
        try:
            sender, to = stanza.sender, stanza.to
        except InvalidJid:
            sender = to = None
        if sender is None or sender.domain != self._domain:
            raise ValueError("from")
        if to is None:
            self._refuse(stanza, StanzaError("modify", "jid-malformed"))
            return
        self._waiting.append(stanza)
        if not self._is_busy:
            self._is_busy = True
            self._server.spawn(self._work(), f"stanzas of {self._domain}")

    async def _work(self) -> None:
        try:
            while self._waiting:
                await self._deal_with(self._waiting.popleft())
        finally:
            self._is_busy = False

    async def _deal_with(self, stanza: Stanza) -> None:
        sender = stanza.sender
        assert sender is not None
        outcome = Outcome()
        outcome.then(lambda done: self._refuse(stanza, done.error) if done.error is not None else None)
        later = self._server.intake.take(ForeignSession(self._server, sender, self._send), stanza, outcome)
        if later is not None:
            await later

    def _refuse(self, stanza: Stanza, error: StanzaError) -> None:
        # RFC 6120 §8.3.1: errors are not answered with errors; nor are results.
        if stanza.type not in ("error", "result"):
            self._send(stanza.error_reply(error))
