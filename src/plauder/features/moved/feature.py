"""Registers the look at subscription requests of people who have moved."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Final

from plauder.core.hooks import Action, Verdict
from plauder.wire.jid import InvalidJid, Jid

if TYPE_CHECKING:
    from plauder.core.server import Server
    from plauder.core.session import Session
    from plauder.wire.stanza import Stanza

NS: Final = "urn:xmpp:moved:1"
AFTER_BLOCKING_BEFORE_THE_ROSTER: Final = 250


class Moved:
    """Grants requests of people who have proved that they moved."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def look(self, session: Session, presence: Stanza) -> Awaitable[Verdict | None] | None:
        """§4.4: a request that names an old address."""
        if presence.type != "subscribe":
            return None
        element, contact = presence.find(f"{{{NS}}}moved"), presence.to
        text = element.findtext(f"{{{NS}}}old-jid") if element is not None else None
        if not text or contact is None or not self._server.is_local(contact):
            return None
        try:
            old = Jid.parse(text.strip())
        except InvalidJid:
            return None
        return None if old.resource or not self._server.is_local(old) else self._verify(session, contact.bare, old)

    async def _verify(self, session: Session, contact: Jid, old: Jid) -> Verdict | None:
        relations = await self._server.people.contacts.of(contact.text)
        if old.text not in relations.subscribers or old.text not in relations.subscriptions:
            return None  # §4.3: the claim is ignored; the request is one as any other
        if session.account in await self._server.people.blocks.of(contact.text):
            return None
        for item in await self._server.people.personal.items(old, NS):
            said = item.payload.findtext(f"{{{NS}}}new-jid") if item.payload is not None else None
            if said is not None and said.strip() == session.account.text:
                await self._server.people.contacts.befriend(session.account, contact)
                return Verdict(Action.CONSUME, "moved")
        return None


def register(server: Server) -> None:
    server.on_presence(Moved(server).look, priority=AFTER_BLOCKING_BEFORE_THE_ROSTER)
