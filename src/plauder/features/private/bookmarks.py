"""Bookmarks of older clients (XEP-0048 in private storage) and of newer ones (XEP-0402 items) are the same bookmarks.

Rooms live in the node; what else an older client keeps with its bookmarks (addresses of pages) stays in private
storage.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from xml.etree.ElementTree import Element

from plauder.core.people import Personal, Published
from plauder.wire.jid import InvalidJid, Jid
from plauder.wire.xml import E, serialize

OLD: Final = "storage:bookmarks"
STORAGE: Final = f"{{{OLD}}}storage"
CONFERENCE: Final = f"{{{OLD}}}conference"
NEW: Final = "urn:xmpp:bookmarks:1"
COMPAT: Final = f"{NEW}#compat"

MAX_ROOMS: Final = 1_000
_TEXTS: Final = ("nick", "password")


def older(item: Published) -> Element | None:
    """An item as older clients know it; None where it is no bookmark."""
    if item.payload is None or item.payload.tag != f"{{{NEW}}}conference":
        return None
    attrs = {"jid": item.id, "name": item.payload.get("name")}
    if item.payload.get("autojoin") in ("1", "true"):
        attrs["autojoin"] = "true"
    texts = [(name, item.payload.findtext(f"{{{NEW}}}{name}")) for name in _TEXTS]
    return E(CONFERENCE, attrs, *(E(name, None, text) for name, text in texts if text))


def newer(conference: Element, former: Element | None) -> Element:
    """A bookmark of an older client as a payload. What it cannot know (extensions) stays as it was."""
    attrs = {"name": conference.get("name")}
    if conference.get("autojoin") in ("1", "true"):
        attrs["autojoin"] = "true"
    texts = [(name, conference.findtext(f"{{{OLD}}}{name}")) for name in _TEXTS]
    extensions = former.findall(f"{{{NEW}}}extensions") if former is not None else []
    return E(f"{{{NEW}}}conference", attrs, *(E(name, None, text) for name, text in texts if text), *extensions)


async def merged(personal: Personal, account: Jid, rest: Element) -> Element:
    """The `<storage/>` that an older client is shown: the rooms of the node, and the `rest` that was kept."""
    items = await personal.items(account, NEW, limit=MAX_ROOMS)
    rooms = [room for item in items if (room := older(item)) is not None]
    return E(STORAGE, None, *rooms, *(child for child in rest if child.tag != CONFERENCE))


async def split(personal: Personal, account: Jid, storage: Element) -> Element:
    """Bring the rooms that an older client keeps to the node; return what is to be kept beside them."""
    former = {item.id: item.payload for item in await personal.items(account, NEW, limit=MAX_ROOMS)}
    wanted = dict(_rooms(storage))
    for room, conference in wanted.items():
        before = former.get(room)
        payload = newer(conference, before)
        if before is None or serialize(before) != serialize(payload):
            await personal.publish(account, NEW, room, payload)
    for room in former.keys() - wanted.keys():
        await personal.retract(account, NEW, room)
    return E(STORAGE, None, *(child for child in storage if child.tag != CONFERENCE))


def _rooms(storage: Element) -> Iterable[tuple[str, Element]]:
    for conference in storage.findall(CONFERENCE)[:MAX_ROOMS]:
        try:
            yield Jid.parse(conference.get("jid", "")).bare.text, conference
        except InvalidJid:
            continue
