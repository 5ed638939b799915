"""Registers the look at subscription requests of people who have moved."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from plauder.core.hooks import Action, Verdict
from plauder.wire.jid import InvalidJid, Jid
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError
from plauder.wire.xml import E

if TYPE_CHECKING:
    from plauder.core.server import Server
    from plauder.core.session import Session

NS: Final = "urn:xmpp:moved:1"
AFTER_BLOCKING_BEFORE_THE_ROSTER: Final = 250
PATIENCE: Final = 20.0
"""Seconds that the old account's server has to answer; the request waits for it."""

_PUBSUB: Final = "{http://jabber.org/protocol/pubsub}"
_GONE: Final = "{urn:ietf:params:xml:ns:xmpp-stanzas}gone"


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
        return None if old.resource else self._verify(session, contact.bare, old, presence.inner)

    async def _verify(self, session: Session, contact: Jid, old: Jid, request: bytes) -> Verdict | None:
        new, contacts = session.account, self._server.people.contacts
        if old.text not in (await contacts.of(contact.text)).subscribers or old == new:
            return None  # §4.3: the claim is ignored; the request is one as any other
        if new in await self._server.people.blocks.of(contact.text):
            return None
        said = await (self._said_here(old) if self._server.is_local(old) else self._said_elsewhere(contact, old))
        if said.strip() != new.text:
            return None
        await contacts.follow(contact, old, new, request)
        return Verdict(Action.CONSUME, "moved")

    async def _said_here(self, old: Jid) -> str:
        for item in await self._server.people.personal.items(old, NS):
            if item.payload is not None:
                return item.payload.findtext(f"{{{NS}}}new-jid") or ""
        return ""

    async def _said_elsewhere(self, contact: Jid, old: Jid) -> str:
        """§4.3: where the old account says that it went, asked in the contact's name; "" where it does not say."""
        question = E(f"{_PUBSUB}pubsub", {}, E(f"{_PUBSUB}items", {"node": NS}, E(f"{_PUBSUB}item", {"id": "current"})))
        attrs = {"type": "get", "from": contact.text, "to": old.text}
        try:
            answer = await self._server.request(Stanza.build("iq", attrs, question), seconds=PATIENCE)
        except StanzaError:
            return ""
        if answer.attrs.get("from") != old.text:
            return ""
        if answer.type == "error":
            return _forwarding(answer)
        path = f"{_PUBSUB}items/{_PUBSUB}item/{{{NS}}}moved/{{{NS}}}new-jid"
        return next((pubsub.findtext(path) or "" for pubsub in answer.payloads), "")


def _forwarding(answer: Stanza) -> str:
    """§4.3, the note: an account that is gone may say where to by an XMPP address (RFC 6120 §8.3.3.5, RFC 5122)."""
    error = answer.find("{jabber:client}error")
    scheme, _, address = ((error.findtext(_GONE) if error is not None else None) or "").strip().partition(":")
    return unquote(address.partition("?")[0]) if scheme == "xmpp" else ""


def register(server: Server) -> None:
    server.on_presence(Moved(server).look, priority=AFTER_BLOCKING_BEFORE_THE_ROSTER)
