"""Answers disco#info and disco#items for the domain and for accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import Element

from plauder.core.server import Server
from plauder.core.session import Session
from plauder.features.disco.rules import CAPS, ECAPS2, HASH, joined
from plauder.wire.disco import QUERY_ITEMS, Entry, Info, caps_0115, caps_0390
from plauder.wire.jid import Jid
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError
from plauder.wire.xml import E

if TYPE_CHECKING:
    from plauder.core.hooks import Entity

SOFTWARE: Final = "https://plauder.example/"
"""The node of our own capabilities: names the software, as XEP-0115 §4 wants."""


class Discovery:
    """What this server and its accounts say of themselves."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def _registered(self, entity: Entity) -> Info:
        server = self._server
        return Info(list(server.identities[entity]), sorted(server.vars[entity]), list(server.forms[entity]))

    # ── requests ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def info(self, session: Session, iq: Stanza, query: Element) -> Element:
        """XEP-0030 §3."""
        jid, node = iq.to or session.account, query.get("node", "")
        if jid.local:
            await self._require_reachable(session, jid)
        elif node in self._own_nodes():
            return self._registered("server").element(node)
        found = [info for source in self._server.info_sources if (info := await source(session, jid, node)) is not None]
        if node:
            if not found:
                raise StanzaError("cancel", "item-not-found")
            return joined(found).element(node)
        return joined([self._registered("account" if jid.local else "server"), *found]).element()

    async def items(self, session: Session, iq: Stanza, query: Element) -> Element:
        """XEP-0030 §4."""
        jid, node = iq.to or session.account, query.get("node", "")
        if jid.local:
            await self._require_reachable(session, jid)
        found = [
            list_ for source in self._server.item_sources if (list_ := await source(session, jid, node)) is not None
        ]
        if node and not found:
            raise StanzaError("cancel", "item-not-found")
        entries = [entry for list_ in found for entry in list_]
        if not jid.local and not node:
            entries = [Entry(domain) for domain in sorted(self._server.hosts)] + entries
        attrs = {"node": node} if node else None
        return E(QUERY_ITEMS, attrs, *(entry.element() for entry in entries))

    async def _require_reachable(self, session: Session, jid: Jid) -> None:
        # An account that is not there and one that blocks the asker must look alike.
        if jid == session.account:
            return
        if session.jid in await self._server.people.blocks.of(jid.text) or not await self._server.has_account(jid):
            raise StanzaError("cancel", "service-unavailable")

    # ── our own capabilities ──────────────────────────────────────────────────────────────────────────────────────

    def _own_nodes(self) -> set[str]:
        info = self._registered("server")
        return {f"{SOFTWARE}#{caps_0115(info)}", f"{ECAPS2}#sha-256.{caps_0390(info)}"}

    def caps(self) -> Element:
        """XEP-0115 §6.3: the `<c/>` of our stream features."""
        ver = caps_0115(self._registered("server"))
        return E(f"{{{CAPS}}}c", {"hash": "sha-1", "node": SOFTWARE, "ver": ver})

    def ecaps2(self) -> Element:
        """XEP-0390 §5.2: the same, newer."""
        value = caps_0390(self._registered("server"))
        return E(f"{{{ECAPS2}}}c", None, E(HASH, {"algo": "sha-256"}, value))
