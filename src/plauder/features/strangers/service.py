"""Counts the conversations that each account opens with strangers."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from plauder.core.hooks import Verdict
from plauder.core.local import LocalSession
from plauder.core.server import Server
from plauder.core.session import Session
from plauder.features.strangers.rules import DAY, Trust, opens
from plauder.wire.jid import InvalidJid, Jid
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError

_SENDERS: Final = 65_536
_PARTNERS: Final = 2_048

Since = Callable[[str], Awaitable[datetime | None]]
"""When the account with this localpart was made."""


@dataclass(slots=True)
class Sender:
    """What is remembered of one who writes: partners, and when new ones were met within a day."""

    partners: set[str] = field(default_factory=set)
    met: list[float] = field(default_factory=list)
    a_day: int = 0


class Strangers:
    """A filter on messages."""

    def __init__(self, server: Server, since: Since, trust: Trust) -> None:
        self._server = server
        self._since = since
        self._trust = trust
        self._senders: OrderedDict[str, Sender] = OrderedDict()

    def check(self, session: Session, message: Stanza) -> Awaitable[Verdict | None] | None:
        """Let a message to a partner pass at once; look closer at one that opens a conversation."""
        sender = self._senders.get(session.account.text)
        try:
            to = message.to
        except InvalidJid:
            return None  # refused by the router
        if to is None or (sender is not None and to.bare.text in sender.partners):
            return None
        if to.bare == session.account or to.domain in self._server.hosts or not opens(message):
            return None
        # A business writes to those who let it, which its own rules see to; for a gateway its operator answers.
        if isinstance(session, LocalSession) or session.account.domain in self._server.hosts:
            self._partner(to.bare.text, session.account.text)
            return None
        return self._meet(session.account, to.bare)

    async def _meet(self, account: Jid, to: Jid) -> Verdict | None:
        sender = self._sender(account.text)
        if self._server.is_local(to) and account.text in (await self._server.people.contacts.of(to.text)).known:
            self._remember(sender, to.text)
            return None
        counted = [sender]
        if self._server.is_local(account):
            if self._is_done(sender):
                # Asked for again only when it matters: trust grows with the days.
                sender.a_day = self._trust.a_day(await self._age(account))
        else:
            # How old an account elsewhere is nobody can tell, and its server makes as many as it likes.
            sender.a_day = self._trust.a_day(0.0)
            whole = self._sender(account.domain)
            whole.a_day = self._trust.most
            counted.append(whole)
        now = self._server.clock.monotonic()
        for one in counted:
            if self._is_done(one):
                wait = math.ceil(DAY - (now - one.met[0])) if one.met else math.ceil(DAY)
                text = f"You have written to many new people today. Try again in {-(-wait // 3600)} hours."
                self._server.metrics.count("strangers_refused")
                return Verdict.refuse(StanzaError("wait", "policy-violation", text), "too many strangers")
        for one in counted:
            one.met.append(now)
        self._remember(sender, to.text)
        # Whom one writes to may answer.
        self._partner(to.text, account.text)
        return None

    def _is_done(self, sender: Sender) -> bool:
        """Whether this one has met as many as a day allows."""
        now = self._server.clock.monotonic()
        sender.met = [moment for moment in sender.met if now - moment < DAY]
        return len(sender.met) >= sender.a_day

    async def _age(self, account: Jid) -> float:
        made = await self._since(account.local)
        return 0.0 if made is None else (self._server.clock.now() - made).total_seconds() / DAY

    def _sender(self, account: str) -> Sender:
        found = self._senders.get(account)
        if found is None:
            found = self._senders[account] = Sender()
            if len(self._senders) > _SENDERS:
                self._senders.popitem(last=False)
        return found

    def _partner(self, account: str, other: str) -> None:
        self._remember(self._sender(account), other)

    @staticmethod
    def _remember(sender: Sender, other: str) -> None:
        if len(sender.partners) >= _PARTNERS:
            sender.partners.clear()
        sender.partners.add(other)

    async def forget(self, account: Jid) -> None:
        """The account is removed."""
        self._senders.pop(account.text, None)
