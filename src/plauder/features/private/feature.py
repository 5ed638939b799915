"""Registers private storage."""

from __future__ import annotations

from typing import Final
from xml.etree.ElementTree import Element

from plauder.core.server import Server
from plauder.core.session import Session
from plauder.features.private import bookmarks, store
from plauder.wire.jid import Jid
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError
from plauder.wire.xml import E, parse, serialize

NS: Final = "jabber:iq:private"
MAX_BYTES: Final = 512 * 1024
"""All private elements of one account."""


def register(server: Server, *, max_bytes: int = MAX_BYTES) -> None:
    async def get(session: Session, _iq: Stanza, query: Element) -> Element:
        asked = _payload(query)
        async with server.database.read() as uow:
            kept = await store.find(uow, session.account.text, asked.tag)
        # XEP-0049 §3: what was never stored comes back as an empty element.
        found = parse(kept) if kept else Element(asked.tag)
        if asked.tag == bookmarks.STORAGE:
            found = await bookmarks.merged(server.people.personal, session.account, found)
        return E(f"{{{NS}}}query", None, found)

    async def set_(session: Session, _iq: Stanza, query: Element) -> None:
        element = _payload(query)
        if element.tag == bookmarks.STORAGE:
            element = await bookmarks.split(server.people.personal, session.account, element)
        payload = serialize(element, "")
        async with server.database.begin() as uow:
            if len(payload) + await store.held(uow, session.account.text, but=element.tag) > max_bytes:
                raise StanzaError("wait", "resource-constraint", f"Private data is at most {max_bytes} bytes.")
            await store.save(uow, session.account.text, element.tag, payload)

    async def forget(account: Jid) -> None:
        async with server.database.begin() as uow:
            await store.forget(uow, account.text)

    async def rename(old: Jid, new: Jid) -> None:
        async with server.database.begin() as uow:
            await store.rename(uow, old.text, new.text)

    server.advertise(NS)
    server.advertise(bookmarks.COMPAT, on="account")
    server.on_iq("get", NS, "query", to="self", do=get)
    server.on_iq("set", NS, "query", to="self", do=set_)
    server.on_forgotten(do=forget)
    server.on_renamed(do=rename)


def _payload(query: Element) -> Element:
    # XEP-0049 §3: exactly one element, in a namespace of its own.
    if len(query) != 1:
        raise StanzaError("modify", "bad-request", "Name exactly one element.")
    if not query[0].tag.startswith("{") or query[0].tag.startswith((f"{{{NS}}}", "{jabber:client}")):
        raise StanzaError("modify", "not-acceptable", "The element needs a namespace of its own.")
    return query[0]
