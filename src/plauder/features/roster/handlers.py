"""From stanzas to the roster and back."""

from __future__ import annotations

from collections.abc import Awaitable
from xml.etree.ElementTree import Element

from plauder.core.hooks import Verdict
from plauder.core.server import Server
from plauder.core.session import Session
from plauder.features.roster import rules
from plauder.features.roster.rules import QUERY, Item
from plauder.features.roster.service import INTERESTED, Roster, push
from plauder.features.roster.states import KINDS, Kind
from plauder.wire.jid import Jid
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError
from plauder.wire.xml import E


class Handlers:
    """What a client can ask of its roster."""

    def __init__(self, server: Server, roster: Roster) -> None:
        self._server = server
        self._roster = roster

    async def get(self, session: Session, _iq: Stanza, query: Element) -> Element | None:
        """RFC 6121 §2.1.3, §2.6: the roster, or nothing when the client has it."""
        known = query.get("ver")
        version, items = await self._roster.fetch(session.account, known)
        session.remember(INTERESTED, True)
        if items is None:
            return None
        if version == 0 and known:
            # §2.6.3: an empty result, then one push for each change: the task starts after the answer is sent.
            self._server.spawn(self._catch_up(session, items), "roster")
            return None
        return E(QUERY, {"ver": str(version)}, *(item.element() for item in items))

    async def _catch_up(self, session: Session, items: list[Item]) -> None:
        for item in items:
            session.send(push(session, item.element(), item.version))

    async def set(self, session: Session, _iq: Stanza, query: Element) -> None:
        """RFC 6121 §2.3 to §2.5: add, change or remove one contact."""
        await self._roster.change(session.account, rules.read(query, session.account))

    def subscription(self, session: Session, stanza: Stanza) -> Verdict | Awaitable[Verdict] | None:
        """RFC 6121 §3: presence of type subscribe, subscribed, unsubscribe and unsubscribed."""
        kind = stanza.type
        if kind not in KINDS:
            return None
        to = stanza.to
        if to is None or to.bare == session.account:
            error = StanzaError("modify", "bad-request", "A subscription needs somebody else's address.")
            return Verdict.refuse(error, "subscription to nobody")
        return self._subscription(session, kind, to.bare, stanza.inner)

    async def _subscription(self, session: Session, kind: Kind, contact: Jid, request: bytes) -> Verdict:
        if not self._server.is_local(session.account):
            await self._roster.arrived(contact, kind, session.account, request)
            return Verdict.consume(f"{kind} from elsewhere")
        try:
            why = await self._roster.sent(session.account, kind, contact, request)
        except StanzaError as error:
            return Verdict.refuse(error, error.condition)
        return Verdict.consume(why)

    def available(self, session: Session, _presence: Stanza, first: bool) -> Awaitable[None] | None:
        """RFC 6121 §3.1.3: requests that wait are shown to each device as it comes online."""
        relations = self._roster.cached(session.account.text)
        if not first or session.priority < 0 or (relations is not None and not relations.asked):
            return None
        return self._show_requests(session)

    async def _show_requests(self, session: Session) -> None:
        for stanza in await self._roster.requests(session.account):
            session.send(stanza)
