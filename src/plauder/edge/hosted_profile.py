"""What people's apps see of a business number: its name, its profile, and that it is a business.

Published as any account does it (XEP-0172, XEP-0292), so that every client shows a name; our own app reads the whole
profile, and from service discovery that encryption ends at a host.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from plauder.business.numbers import store as number_store
from plauder.business.profiles import commands as profiles
from plauder.core.server import Server
from plauder.store.database import Database
from plauder.wire.disco import Identity, Info
from plauder.wire.jid import Jid
from plauder.wire.xml import E

NICK: Final = "http://jabber.org/protocol/nick"
VCARD: Final = "urn:ietf:params:xml:ns:vcard-4.0"
VCARD_NODE: Final = "urn:xmpp:vcard4"
PROFILE: Final = "urn:plauder:business:profile:0"
OPEN: Final = {"pubsub#access_model": "open", "pubsub#persist_items": "true"}


def describe(name: str) -> Info:
    """The identity by which an app knows a hosted business (XEP-0030)."""
    return Info([Identity("account", "business", name=name)], [PROFILE])


async def introduce(server: Server, database: Database, number_id: str, account: Jid) -> str:
    """Publish what is new since the last time; returns the name."""
    async with database.read() as uow:
        row = await number_store.get(uow, number_id)
        profile = await profiles.read(uow, number_id, None) if row is not None else {}
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
    return name


def _text(element: Any) -> str:
    return "" if element is None else "\n".join(element.itertext())
