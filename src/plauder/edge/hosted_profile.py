"""What people's apps see of a business number: its name, its profile, and that it is a business.

Published as any account does it (XEP-0172, XEP-0292), so that every client shows a name; our own app reads the whole
profile, and from service discovery that encryption ends at a host.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any, Final

import orjson
from sqlalchemy import Row

from plauder.business.media import store as media_store
from plauder.business.numbers import store as number_store
from plauder.business.profiles import commands as profiles
from plauder.business.profiles import store as profile_store
from plauder.core.server import Server
from plauder.store.blobs import Blobs
from plauder.store.database import Database
from plauder.wire.disco import Identity, Info
from plauder.wire.jid import Jid
from plauder.wire.xml import E

NICK: Final = "http://jabber.org/protocol/nick"
VCARD: Final = "urn:ietf:params:xml:ns:vcard-4.0"
VCARD_NODE: Final = "urn:xmpp:vcard4"
AVATAR_DATA: Final = "urn:xmpp:avatar:data"
AVATAR_METADATA: Final = "urn:xmpp:avatar:metadata"
PROFILE: Final = "urn:plauder:business:profile:0"
OPEN: Final = {"pubsub#access_model": "open", "pubsub#persist_items": "true"}


def describe(name: str) -> Info:
    """The identity by which an app knows a hosted business (XEP-0030)."""
    return Info([Identity("account", "business", name=name)], [PROFILE])


LARGEST_PICTURE: Final = 256 * 1_024
"""Pictures are published in a stanza; a larger one, set over the API, shows there only."""


async def introduce(server: Server, database: Database, blobs: Blobs, number_id: str, account: Jid) -> str:
    """Publish what is new since the last time; returns the name."""
    async with database.read() as uow:
        row = await number_store.get(uow, number_id)
        profile = await profiles.read(uow, number_id, None) if row is not None else {}
        kept = await profile_store.get(uow, number_id)
        medium = await media_store.get(uow, kept.picture_media_id) if kept and kept.picture_media_id else None
    if row is None:
        return ""
    name = str(row.verified_name)
    nick = E(f"{{{NICK}}}nick", {}, name)
    about = str(profile.get("about") or "")
    note = E("note", {}, E("text", {}, about)) if about else None
    card = E(f"{{{VCARD}}}vcard", {}, E("fn", {}, E("text", {}, name)), E("kind", {}, E("text", {}, "org")), note)
    facts: dict[str, Any] = {"verified_name": name} | {key: value for key, value in profile.items() if value}
    whole = E(f"{{{PROFILE}}}profile", {}, orjson.dumps(facts).decode())
    personal = server.people.personal
    for node, payload in ((NICK, nick), (VCARD_NODE, card), (PROFILE, whole)):
        known = await personal.items(account, node)
        if not known or _text(known[-1].payload) != _text(payload):
            await personal.publish(account, node, "current", payload, options=OPEN)
    await _show(server, blobs, account, medium)
    return name


async def _show(server: Server, blobs: Blobs, account: Jid, medium: Row[Any] | None) -> None:
    """The picture, as XEP-0084 has it; an empty list where there is none any more."""
    personal = server.people.personal
    known = await personal.items(account, AVATAR_METADATA)
    shown = known[-1].payload.find(f"{{{AVATAR_METADATA}}}info") if known and known[-1].payload is not None else None
    if medium is None or medium.size > LARGEST_PICTURE:
        if shown is not None:
            await personal.publish(account, AVATAR_METADATA, "current", E(f"{{{AVATAR_METADATA}}}metadata"))
        return
    data = b"".join([piece async for piece in await blobs.read(medium.blob)])
    id_ = hashlib.sha1(data, usedforsecurity=False).hexdigest()
    if shown is not None and shown.get("id") == id_:
        return
    info = {"id": id_, "bytes": str(len(data)), "type": medium.mime_type}
    item = E(f"{{{AVATAR_DATA}}}data", {}, base64.b64encode(data).decode())
    await personal.publish(account, AVATAR_DATA, id_, item, options=OPEN)
    metadata = E(f"{{{AVATAR_METADATA}}}metadata", {}, E(f"{{{AVATAR_METADATA}}}info", info))
    await personal.publish(account, AVATAR_METADATA, id_, metadata, options=OPEN)


def _text(element: Any) -> str:
    return "" if element is None else "\n".join(element.itertext())
