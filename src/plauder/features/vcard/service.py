"""Serves cards, keeps pictures in step with the published ones, announces them in presence."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable
from typing import Final
from xml.etree.ElementTree import Element

from plauder.core.hooks import Verdict
from plauder.core.people import Published
from plauder.core.server import Server
from plauder.core.session import Session
from plauder.features.vcard import rules, store
from plauder.features.vcard.rules import AVATAR_DATA, AVATAR_METADATA, VCARD, BadPicture, Picture
from plauder.wire.jid import Jid
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError
from plauder.wire.xml import E, parse, serialize

_CACHE: Final = 65_536


class Cards:
    """The cards and pictures of all accounts."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._hashes: OrderedDict[str, str] = OrderedDict()

    # ── requests ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def get(self, session: Session, iq: Stanza, _payload: Element) -> Element:
        """XEP-0054 §3.1, §3.3: one's own card, or somebody's."""
        account = iq.to or session.account
        if account != session.account:
            blocked = session.jid in await self._server.people.blocks.of(account.text)
            if blocked or not await self._server.has_account(account):
                raise StanzaError("cancel", "service-unavailable")
        async with self._server.database.read() as uow:
            kept = await store.find(uow, account.text)
        card = parse(kept) if kept else E(VCARD)
        picture = await self._picture(account)
        if picture is not None:
            card.append(picture.photo())
        if account != session.account and not len(card):
            raise StanzaError("cancel", "item-not-found")
        return card

    async def set(self, session: Session, _iq: Stanza, card: Element) -> None:
        """XEP-0054 §3.2; a new picture is published (XEP-0398 §3)."""
        try:
            picture = rules.picture_in(card)
        except BadPicture as error:
            raise StanzaError("modify", "bad-request", "The picture is not base64.") from error
        kept = serialize(rules.without_photo(card), "")
        if len(kept) > rules.MAX_CARD:
            raise StanzaError("modify", "not-acceptable", f"A card is at most {rules.MAX_CARD} bytes.")
        before = await self._hash(session.account)
        if picture is not None and picture.id != before:
            await self._publish(session.account, picture)
        async with self._server.database.begin() as uow:
            await store.save(uow, session.account.text, kept)
        if picture is None and before:
            empty = E(f"{{{AVATAR_METADATA}}}metadata")
            await self._server.people.personal.publish(session.account, AVATAR_METADATA, "current", empty)

    async def _publish(self, account: Jid, picture: Picture) -> None:
        personal = self._server.people.personal
        # XEP-0398 §3: whoever could see the card can see the picture.
        options = {"pubsub#access_model": "open"}
        await personal.publish(account, AVATAR_DATA, picture.id, picture.item(), options=options)
        await personal.publish(account, AVATAR_METADATA, picture.id, picture.metadata(), options=options)

    # ── the picture that is published ─────────────────────────────────────────────────────────────────────────────

    async def _picture(self, account: Jid) -> Picture | None:
        personal = self._server.people.personal
        latest = await personal.items(account, AVATAR_METADATA)
        id_, type_ = rules.announced(latest[-1].payload if latest else None)
        if not id_:
            return None
        data = await personal.items(account, AVATAR_DATA, ids=[id_])
        return rules.picture_of(data[0].payload, type_) if data and data[0].payload is not None else None

    def _known_hash(self, account: Jid) -> str | None:
        """The hash of the account's picture, where it is at hand."""
        found = self._hashes.get(account.text)
        if found is None:
            found = store.look(self._server.database, account.text)
            if found is not None:
                self._keep(account, found)
        return found

    async def _hash(self, account: Jid) -> str:
        found = self._known_hash(account)
        if found is None:
            found = await store.picture(self._server.database, account.text)
            self._keep(account, found)
        return found

    def _keep(self, account: Jid, hash_: str) -> None:
        self._hashes[account.text] = hash_
        if len(self._hashes) > _CACHE:
            self._hashes.popitem(last=False)

    async def published(self, what: Published) -> None:
        """XEP-0398 §4: a picture was published or taken away: every device's presence says so."""
        account = Jid.parse(what.account)
        before = await self._hash(account)
        latest = await self._server.people.personal.items(account, AVATAR_METADATA)
        hash_, _ = rules.announced(latest[-1].payload if latest else None)
        if hash_ == before:
            return
        async with self._server.database.begin() as uow:
            await store.save_picture(uow, what.account, hash_)
        self._hashes[what.account] = hash_
        for session in self._server.available_sessions_of(account):
            presence = rules.announcing(session.presence, hash_) if session.presence is not None else None
            if presence is not None:
                session.presence = presence
                session.presence_changed()
                for watcher in self._server.available_watchers:
                    waiting = watcher(session, presence, False)
                    if waiting is not None:
                        await waiting

    # ── presence ──────────────────────────────────────────────────────────────────────────────────────────────────

    def announce(self, session: Session, presence: Stanza) -> Verdict | Awaitable[Verdict | None] | None:
        """A filter: presence gets the hash of the picture, also towards rooms."""
        if presence.type is not None or not self._server.is_local(session.account):
            return None
        known = self._known_hash(session.account)
        if known is None:
            return self._announce(session, presence)
        return _verdict(presence, known)

    async def _announce(self, session: Session, presence: Stanza) -> Verdict | None:
        return _verdict(presence, await self._hash(session.account))

    async def rename(self, old: Jid, new: Jid) -> None:
        """The account has another address now."""
        async with self._server.database.begin() as uow:
            await store.rename(uow, old.text, new.text)
        self._hashes.pop(old.text, None)
        self._hashes.pop(new.text, None)

    async def forget(self, account: Jid) -> None:
        """The account is removed."""
        self._hashes.pop(account.text, None)
        async with self._server.database.begin() as uow:
            await store.forget(uow, account.text)


def _verdict(presence: Stanza, hash_: str) -> Verdict | None:
    changed = rules.announcing(presence, hash_)
    return None if changed is None else Verdict.change(changed, "avatar hash")
