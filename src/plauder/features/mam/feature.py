"""Registers the archive."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree.ElementTree import Element

from plauder.core.numbers import time_of
from plauder.core.ports import Kept
from plauder.core.server import Server
from plauder.core.session import Session
from plauder.features.mam import rules
from plauder.features.mam.rules import NS, Query
from plauder.wire.jid import Jid
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError
from plauder.wire.xml import E

_BATCH = 100
_SENT = "{urn:xmpp:carbons:2}sent"
_FORWARDED = "{urn:xmpp:forward:0}forwarded/{jabber:client}message"


class Archive:
    """What the inbox still holds, as an archive."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def fields(self, _session: Session, _iq: Stanza, _query: Element) -> Element:
        """XEP-0313 §4.1.6: what can be asked."""
        return rules.form()

    async def query(self, session: Session, _iq: Stanza, payload: Element) -> Element:
        """XEP-0313 §4: send the page as messages, then say where it ended."""
        account = session.account
        query = rules.read(payload)
        found = await self._find(account, query, lambda kept: self._taken(query, kept, account))
        return self._answer(query, found, account, session)

    async def of_room(self, member: Jid, room: Jid, query: Element) -> Element:
        """The same for a room, from a member's inbox: there its messages wait for each of the member's devices."""
        session = self._server.session(member)
        if session is None:
            raise StanzaError("cancel", "feature-not-implemented", "Members from elsewhere have no inbox here.")
        asked = rules.read(query)
        found = await self._find(member.bare, asked, lambda kept: rules.taken_of_room(asked, kept.stanza, room))
        return self._answer(asked, found, room, session)

    def fields_of_room(self) -> Element:
        """What can be asked of a room."""
        return rules.form()

    def _answer(self, query: Query, found: list[tuple[int, Stanza]], archive: Jid, session: Session) -> Element:
        is_complete = len(found) <= query.limit
        if not is_complete:
            found = found[-query.limit :] if query.is_backwards else found[: query.limit]
        found = found if query.limit else []
        for number, message in reversed(found) if query.is_flipped else found:
            attrs = {"from": archive.text, "to": session.jid.text}
            session.send(Stanza.build("message", attrs, rules.result(query, number, time_of(number), message)))
        return rules.fin([number for number, _ in found], complete=is_complete)

    async def _find(
        self, account: Jid, query: Query, taken: Callable[[Kept], tuple[int, Stanza] | None]
    ) -> list[tuple[int, Stanza]]:
        """The page, by number, and one more where there is more."""
        found: list[tuple[int, Stanza]] = []
        after, before = query.after, query.before
        while len(found) <= query.limit:
            kept = await self._server.inbox.archive(
                account.text,
                start=query.start,
                end=query.end,
                after=after,
                before=before,
                newest=query.is_backwards,
                limit=_BATCH,
            )
            wanted = [pair for one in kept if (pair := taken(one)) is not None]
            found = wanted + found if query.is_backwards else found + wanted
            if len(kept) < _BATCH:
                break
            if query.is_backwards:
                before = kept[0].number
            else:
                after = kept[-1].number
        return found[-query.limit - 1 :] if query.is_backwards else found[: query.limit + 1]

    def _taken(self, query: Query, kept: Kept, account: Jid) -> tuple[int, Stanza] | None:
        if query.ids and kept.number not in query.ids:
            return None
        message = original(Stanza.from_bytes(kept.stanza))
        return (kept.number, message) if query.takes(message, account) else None

    async def metadata(self, session: Session, _iq: Stanza, _payload: Element) -> Element:
        """XEP-0313 §6: the first and the last message there are."""
        ends: list[Element] = []
        for name, newest in (("start", False), ("end", True)):
            kept = await self._server.inbox.archive(session.account.text, newest=newest, limit=1)
            if kept:
                stamp = f"{time_of(kept[0].number):%Y-%m-%dT%H:%M:%SZ}"
                ends.append(E(f"{{{NS}}}{name}", {"id": f"{kept[0].number:x}", "timestamp": stamp}))
        return E(f"{{{NS}}}metadata", None, *ends)


def original(message: Stanza) -> Stanza:
    """What an own device sent is kept as a copy (XEP-0280) for the others; the archive shows the message itself."""
    if b"urn:xmpp:carbons:2" not in message.inner:
        return message
    sent = message.find(_SENT)
    inside = sent.find(_FORWARDED) if sent is not None else None
    return message if inside is None else Stanza.from_element(inside)


def register(server: Server) -> None:
    archive = Archive(server)
    server.people.archive = archive
    for var in (NS, f"{NS}#extended"):
        server.advertise(var, on="account")
    server.on_iq("get", NS, "query", to="self", do=archive.fields)
    server.on_iq("set", NS, "query", to="self", do=archive.query)
    server.on_iq("get", NS, "metadata", to="self", do=archive.metadata)
