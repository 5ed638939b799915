"""Registers last activity."""

from __future__ import annotations

from typing import Final
from xml.etree.ElementTree import Element

from plauder.core.server import Server
from plauder.core.session import Session
from plauder.features.last import store
from plauder.features.last.store import Seen
from plauder.wire.jid import Jid
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError
from plauder.wire.xml import E

NS: Final = "jabber:iq:last"
WRITE_EVERY: Final = 60.0
MAX_STATUS: Final = 512


class LastSeen:
    """When each account was last here."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._started = server.clock.monotonic()
        self._news: dict[str, Seen] = {}

    def gone(self, session: Session, presence: Stanza, first: bool) -> None:
        """A device went; the account went with its last one."""
        others = (s for s in self._server.available_sessions_of(session.account) if s is not session)
        if first and next(iter(others), None) is None:
            status = (presence.text("{jabber:client}status") or "")[:MAX_STATUS]
            self._news[session.account.text] = Seen(self._server.clock.now(), status)

    async def write(self) -> None:
        """Bring what is new to the database."""
        news, self._news = self._news, {}
        if news:
            async with self._server.database.begin() as uow:
                await store.save(uow, news)

    async def forget(self, account: Jid) -> None:
        """The account is removed."""
        self._news.pop(account.text, None)
        async with self._server.database.begin() as uow:
            await store.forget(uow, account.text)

    async def rename(self, old: Jid, new: Jid) -> None:
        """The account has another address now."""
        await self.write()
        async with self._server.database.begin() as uow:
            await store.rename(uow, old.text, new.text)

    def uptime(self, _session: Session, _iq: Stanza, _query: Element) -> Element:
        """XEP-0012 §4: how long the server runs."""
        return _answer(self._server.clock.monotonic() - self._started)

    async def tell(self, session: Session, iq: Stanza, _query: Element) -> Element:
        """XEP-0012 §3: only those who see the presence anyway may know (§6), unless the account wishes otherwise."""
        account = iq.to or session.account
        sees_presence = True
        if account != session.account:
            people = self._server.people
            is_contact = session.account.text in (await people.contacts.of(account.text)).subscribers
            wishes = await people.discretion.of(account.text)
            sees_presence = wishes.online.holds(is_contact=is_contact)
            if not wishes.last_seen.holds(is_contact=is_contact) or session.jid in await people.blocks.of(account.text):
                raise StanzaError("auth", "forbidden")
        if sees_presence and self._server.available_sessions_of(account):
            return _answer(0)
        seen = self._news.get(account.text)
        if seen is None:
            async with self._server.database.read() as uow:
                seen = await store.find(uow, account.text)
        if seen is None:
            raise StanzaError("cancel", "item-not-found")
        return _answer((self._server.clock.now() - seen.at).total_seconds(), seen.status)


def _answer(seconds: float, status: str = "") -> Element:
    return E(f"{{{NS}}}query", {"seconds": str(max(0, int(seconds)))}, status or None)


def register(server: Server) -> LastSeen:
    """After the roster and blocking have registered."""
    last = LastSeen(server)
    server.advertise(NS)
    server.advertise(NS, on="account")
    server.on_iq("get", NS, "query", to="server", do=last.uptime, from_elsewhere=True)
    server.on_iq("get", NS, "query", to="account", do=last.tell, from_elsewhere=True)
    server.on_unavailable(do=last.gone)
    server.on_forgotten(do=last.forget)
    server.on_renamed(do=last.rename)
    server.on_stop(last.write)
    server.every(WRITE_EVERY, last.write, "last-seen")
    return last
