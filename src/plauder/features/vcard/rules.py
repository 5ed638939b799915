"""Pictures between cards and items. Pure."""

from __future__ import annotations

import binascii
import hashlib
import struct
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element

from plauder.wire.stanza import Stanza
from plauder.wire.xml import E

NS: Final = "vcard-temp"
VCARD: Final = f"{{{NS}}}vCard"
PHOTO: Final = f"{{{NS}}}PHOTO"
UPDATE: Final = "vcard-temp:x:update"
X: Final = f"{{{UPDATE}}}x"
AVATAR_DATA: Final = "urn:xmpp:avatar:data"
AVATAR_METADATA: Final = "urn:xmpp:avatar:metadata"
CONVERSION: Final = "urn:xmpp:pep-vcard-conversion:0"

MAX_CARD: Final = 64 * 1024
"""A card without its picture."""


class BadPicture(ValueError):
    """That is not a picture as XEP-0153 has it."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An avatar: its bytes and media type."""

    data: bytes
    type: str

    @property
    def id(self) -> str:
        """The SHA-1 in hexadecimal: the item id of XEP-0084, the hash of XEP-0153."""
        return hashlib.sha1(self.data, usedforsecurity=False).hexdigest()

    def photo(self) -> Element:
        """The `<PHOTO/>` of a card."""
        return E(PHOTO, None, E("TYPE", None, self.type), E("BINVAL", None, b64encode(self.data).decode()))

    def item(self) -> Element:
        """The payload of the data node."""
        return E(f"{{{AVATAR_DATA}}}data", None, b64encode(self.data).decode())

    def metadata(self) -> Element:
        """The payload of the metadata node. XEP-0084 §4.2.1: bytes, id and type are required."""
        attrs = {"bytes": str(len(self.data)), "id": self.id, "type": self.type}
        size = dimensions(self.data)
        if size is not None:
            attrs |= {"width": str(size[0]), "height": str(size[1])}
        return E(f"{{{AVATAR_METADATA}}}metadata", None, E("info", attrs))


def picture_in(card: Element) -> Picture | None:
    """The picture of a card; None where it has none. Raises BadPicture."""
    photo = card.find(PHOTO)
    binval = photo.findtext(f"{{{NS}}}BINVAL") if photo is not None else None
    if photo is None or not (binval or "").strip():
        return None
    data = _decoded(binval or "")
    return Picture(data, sniffed(data) or photo.findtext(f"{{{NS}}}TYPE") or "image/png")


def picture_of(data_item: Element, type_: str) -> Picture | None:
    """The picture of an item of the data node; None where it is no base64."""
    try:
        return Picture(_decoded(data_item.text or ""), type_)
    except BadPicture:
        return None


def _decoded(text: str) -> bytes:
    try:
        data = b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadPicture("not base64") from error
    if not data:
        raise BadPicture("empty")
    return data


def announced(metadata: Element | None) -> tuple[str, str]:
    """The id and the type of the picture that is embedded in the data node: both empty where there is none."""
    if metadata is not None:
        for info in metadata.findall(f"{{{AVATAR_METADATA}}}info"):
            if info.get("url") is None and info.get("id"):
                return info.get("id", ""), info.get("type", "image/png")
    return "", ""


def sniffed(data: bytes) -> str:
    """The media type that the bytes show; empty if unknown."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    return "image/webp" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else ""


def dimensions(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels, where they stand at a fixed place: of PNG and GIF."""
    kind = sniffed(data)
    if kind == "image/png" and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
        return (width, height) if width < 65_536 and height < 65_536 else None
    if kind == "image/gif" and len(data) >= 10:
        width, height = struct.unpack("<HH", data[6:10])
        return width, height
    return None


def without_photo(card: Element) -> Element:
    """The card as it is kept: the picture is in the node."""
    return E(VCARD, None, *(child for child in card if child.tag != PHOTO))


def announcing(presence: Stanza, hash_: str) -> Stanza | None:
    """The presence with the hash of the account's picture; None where it may stay as it is (XEP-0153 §4.5, 0398 §4)."""
    element = presence.find(X)
    if element is None:
        if not hash_:
            return None
        return presence.adding(E(X, None, E("photo", None, hash_)))
    photo = element.find(f"{{{UPDATE}}}photo")
    # XEP-0153 §4.1: an empty <x/> says "not ready yet"; a client that names a hash of its own is set right.
    if photo is None or (photo.text or "") == hash_:
        return None
    return presence.without(X).adding(E(X, None, E("photo", None, hash_ or None)))
