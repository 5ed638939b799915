"""Broadcasts presence and answers probes."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Sequence
from contextlib import suppress

from plauder.core.hooks import Verdict
from plauder.core.people import NOBODY, Audience, Bond, Wishes
from plauder.core.server import Server
from plauder.core.session import Session
from plauder.wire.jid import Jid
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError


class Presence:
    """The presence of every device of this server."""

    def __init__(self, server: Server) -> None:
        self._server = server

    # ── a device says how it is ───────────────────────────────────────────────────────────────────────────────────

    def available(self, session: Session, presence: Stanza, first: bool) -> Awaitable[None] | None:
        """RFC 6121 §4.2 and §4.4: tell the subscribers and the own devices; at first, learn of the contacts."""
        relations = self._server.people.contacts.cached(session.account.text)
        if relations is None or relations.subscribers or relations.subscriptions:
            return self._available(session, presence, first)
        # Nobody but the own devices: nothing has to be waited for.
        self._tell_own(session, presence.with_attrs(from_=session.jid))
        if first:
            self._learn_own(session)
        return None

    async def _available(self, session: Session, presence: Stanza, first: bool) -> None:
        relations = await self._server.people.contacts.of(session.account.text)
        stamped = presence.with_attrs(from_=session.jid)
        await self._broadcast(session, stamped, await self._watchers(session.account))
        if first:
            await self._learn(session, relations.subscriptions)

    def unavailable(self, session: Session, presence: Stanza, first: bool) -> Awaitable[None] | None:
        """RFC 6121 §4.5: tell the subscribers and the own devices. Core tells those it was directed to."""
        if not first:
            return None
        stamped = presence.with_attrs(from_=session.jid, type="unavailable")
        relations = self._server.people.contacts.cached(session.account.text)
        if relations is None or relations.subscribers:
            return self._unavailable(session, stamped)
        self._tell_own(session, stamped)
        return None

    async def _unavailable(self, session: Session, presence: Stanza) -> None:
        await self._broadcast(session, presence, await self._watchers(session.account))

    async def _watchers(self, account: Jid) -> frozenset[str]:
        """Who is told without asking."""
        subscribers = (await self._server.people.contacts.of(account.text)).subscribers
        return subscribers if subscribers and await self._is_seen(account) else NOBODY

    async def _is_seen(self, account: Jid) -> bool:
        return (await self._server.people.discretion.of(account.text)).online is not Audience.NOBODY

    async def _broadcast(self, session: Session, presence: Stanza, subscribers: Iterable[str]) -> None:
        mine = await self._server.people.blocks.of(session.account.text)
        self._tell_own(session, presence)
        for text in subscribers:
            contact = Jid.parse(text)
            if contact not in mine:
                await self._tell(presence, session.jid, contact)

    def _tell_own(self, session: Session, presence: Stanza) -> None:
        """RFC 6121 §4.2.2: the own devices, this one included."""
        for device in self._server.available_sessions_of(session.account):
            if device is not session or presence.type is None:
                device.send(presence.with_attrs(to=device.account))

    async def _tell(self, presence: Stanza, sender: Jid, contact: Jid) -> None:
        """Hand a presence to every available device of a contact who does not block the sender."""
        addressed = presence.with_attrs(to=contact)
        if not self._server.is_local(contact):
            self._hand(addressed, contact)
            return
        devices = self._server.available_sessions_of(contact)
        if devices and sender not in await self._server.people.blocks.of(contact.text):
            for device in devices:
                device.send(addressed)

    def _hand(self, presence: Stanza, to: Jid) -> None:
        """Pass presence on to one address, wherever it is; whether it arrives is not our sender's business."""
        self._server.spawn(self._route(presence), "presence")

    async def _route(self, presence: Stanza) -> None:
        with suppress(StanzaError):
            await self._server.route(presence)

    async def _learn(self, session: Session, contacts: Iterable[str]) -> None:
        """RFC 6121 §4.3: what a probe to each contact would bring; our own contacts need not be asked."""
        self._learn_own(session)
        for text in contacts:
            contact = Jid.parse(text)
            if self._server.is_local(contact):
                await self._show(contact, session)
            else:
                self._hand(Stanza.build("presence", {"type": "probe", "from": session.account, "to": contact}), contact)

    def _learn_own(self, session: Session) -> None:
        for device in self._server.available_sessions_of(session.account):
            if device is not session and device.presence is not None:
                session.send(device.presence.with_attrs(from_=device.jid, to=session.account))

    async def _show(self, account: Jid, session: Session) -> None:
        """Send a session the presence of every available device of an account, if it wants to be seen."""
        devices = self._server.available_sessions_of(account)
        if not devices or session.jid in await self._server.people.blocks.of(account.text):
            return
        if account != session.account and not await self._is_seen(account):
            return
        for device in devices:
            if device.presence is not None:
                session.send(device.presence.with_attrs(from_=device.jid, to=session.account))

    def probe(self, session: Session, presence: Stanza) -> Awaitable[Verdict | None] | None:
        """RFC 6121 §4.3.2: answer probes that a client sends itself as those of servers."""
        to = presence.to
        if presence.type != "probe" or to is None or not self._server.is_local(to):
            return None
        return self._answer(session, to)

    async def _answer(self, session: Session, to: Jid) -> Verdict:
        subscribers = (await self._server.people.contacts.of(to.bare.text)).subscribers
        online = (await self._server.people.discretion.of(to.bare.text)).online
        if to.bare == session.account or online.holds(is_contact=session.account.text in subscribers):
            await self._show(to.bare, session)
        return Verdict.consume("probe")

    # ── who may see whom changes ──────────────────────────────────────────────────────────────────────────────────

    async def bond(self, bond: Bond) -> None:
        """RFC 6121 §3.1.5, §3.2.4, §3.3.3: a new subscriber learns the presence, a former one sees it end."""
        if await self._is_seen(bond.account):
            await self._reveal(bond.account, bond.contact, shows=bond.shows)

    async def wished(self, account: Jid, before: Wishes, after: Wishes) -> None:
        """Who no longer wants to be seen looks gone to the subscribers, and the other way round."""
        shows = after.online is not Audience.NOBODY
        if shows == (before.online is not Audience.NOBODY):
            return
        mine = await self._server.people.blocks.of(account.text)
        for text in (await self._server.people.contacts.of(account.text)).subscribers:
            if (contact := Jid.parse(text)) not in mine:
                await self._reveal(account, contact, shows=shows)

    async def blocked(self, account: Jid, jids: Sequence[Jid], blocked: bool) -> None:
        """XEP-0191 §3.3 and §3.4: who is blocked sees the account go, and come back."""
        relations = await self._server.people.contacts.of(account.text)
        is_seen = await self._is_seen(account)
        for jid in jids:
            for text in [jid.text] if jid.local else _of_domain(relations.subscribers, jid):
                if is_seen and Jid.parse(text).bare.text in relations.subscribers:
                    await self._reveal(account, Jid.parse(text), shows=not blocked)
                if not blocked and Jid.parse(text).bare.text in relations.subscriptions:
                    for session in self._server.available_sessions_of(account):
                        await self._show(Jid.parse(text).bare, session)

    async def _reveal(self, account: Jid, contact: Jid, *, shows: bool) -> None:
        for device in self._server.available_sessions_of(account):
            if device.presence is None:
                continue
            presence = device.presence if shows else Stanza("presence", {"type": "unavailable"})
            await self._tell(presence.with_attrs(from_=device.jid), device.jid, contact)


def _of_domain(contacts: Iterable[str], domain: Jid) -> list[str]:
    return sorted(text for text in contacts if Jid.parse(text).domain == domain.domain)
