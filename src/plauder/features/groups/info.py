"""What the service and a room say of themselves (XEP-0045 §6, XEP-0128, XEP-0153 for rooms)."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from plauder.features.groups import hats
from plauder.features.groups import names as ns
from plauder.features.groups.room import Room
from plauder.features.groups.rules import MEMBER, RANK
from plauder.wire.disco import INFO, ITEMS, QUERY_INFO, QUERY_ITEMS, Identity
from plauder.wire.disco import Info as DiscoInfo
from plauder.wire.forms import FORM_TYPE, Field, Form
from plauder.wire.stanza_error import StanzaError
from plauder.wire.xml import E, parse

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from plauder.core.server import Server

NICK_NODE = "x-roomuser-item"
_ROOM = (INFO, ITEMS, ns.MUC, ns.OCCUPANT_ID, ns.MODERATE, ns.STANZA_ID, ns.SELF_PING, ns.STABLE_ID, ns.ARCHIVE)
_MORE = (ns.VCARD, ns.REGISTER, ns.REGISTER_FORM, ns.REQUEST_FORM, ns.PING, ns.INVITE_LINK, ns.HATS, ns.COMMANDS)


class Info:
    """Answers of service discovery."""

    def __init__(self, server: Server, domain: str) -> None:
        self._server = server
        self._domain = domain

    def of_service(self, payload: Element | None, kind: str, public: Sequence[tuple[str, str]]) -> Element | None:
        """Requests to the service itself. Raises StanzaError for what it does not answer."""
        tag = payload.tag if payload is not None and kind == "get" else ""
        if tag == QUERY_INFO:
            info = DiscoInfo(
                [Identity("conference", "text", name="Groups")],
                [INFO, ITEMS, ns.MUC, ns.OCCUPANT_ID, ns.PING, ns.HATS],
            )
            return info.element()
        if tag == QUERY_ITEMS:
            rooms = (E("item", {"jid": f"{local}@{self._domain}", "name": name or local}) for local, name in public)
            return E(QUERY_ITEMS, {}, *rooms)
        if tag == f"{{{ns.PING}}}ping":
            return None
        raise StanzaError("cancel", "service-unavailable")

    def of_room(self, room: Room, account: str, payload: Element) -> Element | None:
        """A get request that is about what the room is; None when it is about something else."""
        if payload.tag == QUERY_INFO:
            if payload.get("node") == NICK_NODE:
                return self._reserved_nick(room, account)
            node = payload.get("node", "")
            command = hats.info(room, account, node) if node else None
            return self._room(room, account) if command is None else command.element(node)
        if payload.tag == QUERY_ITEMS and payload.get("node") == ns.COMMANDS:
            where = str(room.address(self._domain))
            known = hats.entries(room, account)
            return E(
                QUERY_ITEMS, {"node": ns.COMMANDS}, *(E("item", {"jid": where, "node": n, "name": t}) for n, t in known)
            )
        if payload.tag == QUERY_ITEMS:
            return self._occupants(room, account)
        if payload.tag == f"{{{ns.REGISTER}}}query":
            return self._registration(room, account, payload.tag)
        if payload.tag == f"{{{ns.VCARD}}}vCard":
            return self.vcard(room)
        return None

    def vcard(self, room: Room) -> Element:
        return parse(room.vcard) if room.vcard else E(f"{{{ns.VCARD}}}vCard")

    def _room(self, room: Room, account: str) -> Element:
        config = room.config
        values = {
            "muc#roominfo_description": config.description,
            "muc#roominfo_occupants": str(len(room.occupants)),
            "muc#roominfo_lang": config.lang,
            "hats#hash": hats.digest(room),
            "muc#roominfo_changesubject": "1" if config.change_subject else "0",
            "muc#roomconfig_changesubject": "1" if config.change_subject else "0",
        }
        if RANK[room.affiliation(account)] >= RANK[MEMBER]:
            values["muc#roominfo_subject"] = room.subject.text
        photo = photo_hash(room)
        if photo:
            values["muc#roominfo_avatarhash"] = photo
        shown: dict[str, str | Iterable[str]] = {name: value for name, value in values.items() if value}
        identity = Identity("conference", "text", name=config.name or room.local)
        info = DiscoInfo([identity], [*_ROOM, *_MORE, *config.features], [Form.of("result", ns.ROOM_INFO, shown)])
        return info.element()

    def _occupants(self, room: Room, account: str) -> Element:
        """§6.5: only who belongs to it sees who is in it."""
        if RANK[room.affiliation(account)] < RANK[MEMBER] and not room.occupants_of(account):
            return E(QUERY_ITEMS)
        where = room.address(self._domain)
        return E(QUERY_ITEMS, {}, *(E("item", {"jid": f"{where}/{nick}"}) for nick in room.occupants))

    @staticmethod
    def _registration(room: Room, account: str, tag: str) -> Element:
        """§7.10: what a member fills in to reserve a name, or the name that is reserved. Raises StanzaError."""
        person = room.people.get(account)
        if person is None or RANK[person.affiliation] < RANK[MEMBER]:
            raise StanzaError("cancel", "not-allowed", "Only members reserve a name here.")
        if person.nick:
            return E(tag, {}, E("registered"), E("username", {}, person.nick))
        kind = Field(FORM_TYPE, (ns.REGISTER_FORM,), "hidden")
        nick = Field("muc#register_roomnick", (), "text-single", "Name", required=True)
        return E(tag, {}, E("username"), Form("form", [kind, nick], title="Reserve a name").element())

    @staticmethod
    def _reserved_nick(room: Room, account: str) -> Element:
        """§7.12."""
        person = room.people.get(account)
        name = person.nick if person is not None else ""
        identity = E("identity", {"category": "conference", "type": "text", "name": name}) if name else None
        return E(QUERY_INFO, {"node": NICK_NODE}, identity)


def photo_hash(room: Room) -> str:
    """SHA-1 of the room's picture in hex (XEP-0153), "" without one."""
    if not room.vcard:
        return ""
    encoded = parse(room.vcard).findtext(f"{{{ns.VCARD}}}PHOTO/{{{ns.VCARD}}}BINVAL") or ""
    try:
        picture = base64.b64decode(encoded)
    except (binascii.Error, ValueError):
        return ""
    return hashlib.sha1(picture, usedforsecurity=False).hexdigest() if picture else ""
