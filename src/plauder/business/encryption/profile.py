"""The two wire formats behind one face: how keys are spelled, labels, what the MAC covers, how messages are framed."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol
from xml.etree.ElementTree import Element

from plauder.business.encryption.errors import malformed
from plauder.business.encryption.keys import Identity, KeyPair

AXOLOTL: Final = "eu.siacs.conversations.axolotl"
OMEMO2: Final = "urn:xmpp:omemo:2"
Version = Literal["v03", "v2"]

MAX_DEVICES: Final = 128
MAX_PREKEYS: Final = 256
MAX_KEYS: Final = 5000
MAX_KEY_BYTES: Final = 1024
MAX_PAYLOAD: Final = 1 << 20
MAX_CANDIDATES: Final = 4


@dataclass(frozen=True, slots=True)
class Header:
    """Of one ratchet message: its number, the length of the chain before, the sender's ratchet key."""

    n: int
    pn: int
    ratchet_key: bytes


@dataclass(frozen=True, slots=True)
class RatchetMessage:
    """As it arrived; `signed` is what the MAC covers besides the associated data."""

    header: Header
    ciphertext: bytes
    signed: bytes
    mac: bytes


@dataclass(frozen=True, slots=True)
class Exchange:
    """A key exchange; `identity` as spelled on the wire, 32 bytes."""

    prekey_id: int
    signed_prekey_id: int
    identity: bytes
    ephemeral: bytes
    message: bytes


@dataclass(frozen=True, slots=True)
class PublicKey:
    id: int
    public: bytes


@dataclass(frozen=True, slots=True)
class Bundle:
    """Of another device, its signature verified. `identity` in Curve25519 form."""

    identity: bytes
    ed_identity: bytes
    signed_prekey: PublicKey
    prekeys: Sequence[PublicKey]


@dataclass(frozen=True, slots=True)
class SealedKey:
    is_exchange: bool
    data: bytes


@dataclass(frozen=True, slots=True)
class Addressed:
    """A key and the device it is for."""

    jid: str
    device_id: int
    key: SealedKey


@dataclass(frozen=True, slots=True)
class SealedPayload:
    """Content sealed once for all devices; each gets `key` through its own session."""

    key: bytes
    iv: bytes | None
    payload: bytes | None


@dataclass(frozen=True, slots=True)
class EncryptedElement:
    sender_id: int
    keys: Sequence[SealedKey]
    iv: bytes | None
    payload: bytes | None


class Profile(Protocol):
    """See `wire_v03` and `wire_v2`. Parsers raise `Unreadable`."""

    namespace: str
    version: Version
    exchange_label: bytes
    root_label: bytes
    message_label: bytes
    mac_length: int
    pn_slack: int

    def wire_identity(self, public: bytes, ed_public: bytes) -> bytes: ...
    def identity_point(self, wire: bytes) -> bytes: ...
    def associated_data(self, own: bytes, theirs: bytes, *, initiated: bool, sending: bool) -> bytes: ...
    def encode_message(self, header: Header, ciphertext: bytes) -> bytes: ...
    def frame(self, signed: bytes, mac: bytes) -> bytes: ...
    def parse_message(self, framed: bytes) -> RatchetMessage: ...
    def encode_exchange(self, exchange: Exchange, device_id: int) -> bytes: ...
    def parse_exchange(self, data: bytes) -> Exchange: ...
    def seal_payload(self, plain: bytes) -> SealedPayload: ...
    def empty_payload(self) -> SealedPayload: ...
    def open_payload(self, key: bytes, element: EncryptedElement) -> bytes: ...
    def encrypted(self, sender_id: int, keys: Sequence[Addressed], sealed: SealedPayload) -> Element: ...
    def parse_encrypted(self, element: Element, jid: str, device_id: int) -> EncryptedElement: ...
    def device_list_node(self) -> str: ...
    def bundle_node(self, device_id: int) -> str: ...
    def bundle_item(self, device_id: int) -> str: ...
    def device_list(self, device_ids: Sequence[int]) -> Element: ...
    def parse_device_list(self, element: Element) -> list[int]: ...
    def sign_prekey(self, identity: Identity, pair: KeyPair) -> bytes: ...
    def bundle(
        self, identity: Identity, signed_prekey: PublicKey, signature: bytes, prekeys: Sequence[PublicKey]
    ) -> Element: ...
    def parse_bundle(self, element: Element) -> Bundle | None:
        """None for a bad signature."""
        ...


# ------------------------------------------------------------------------------------------------- reading elements


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def child(parent: Element, tag: str) -> Element:
    found = parent.findall(tag)
    if len(found) != 1:
        raise malformed(f"{len(found)} of {tag}")
    return found[0]


def optional(parent: Element, tag: str) -> Element | None:
    return child(parent, tag) if parent.find(tag) is not None else None


def children(parent: Element, tag: str, limit: int) -> list[Element]:
    found = parent.findall(tag)
    if len(found) > limit:
        raise malformed(f"more than {limit} of {tag}")
    return found


def bytes_of(element: Element, limit: int) -> bytes:
    """The text as base64: one to `limit` bytes."""
    text = "".join((element.text or "").split())
    if len(text) > limit * 2 + 64:
        raise malformed(f"{element.tag} is too long")
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise malformed(f"{element.tag} holds no base64") from None
    if not 0 < len(data) <= limit:
        raise malformed(f"{element.tag} has {len(data)} bytes")
    return data


def exactly(data: bytes, length: int) -> bytes:
    if len(data) != length:
        raise malformed(f"expected {length} bytes, got {len(data)}")
    return data


def number_of(element: Element, name: str) -> int:
    """A decimal attribute of 32 bits."""
    text = element.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 10) or int(text) >= 1 << 32:
        raise malformed(f"{element.tag} has no {name}")
    return int(text)


def flag_of(element: Element, name: str) -> bool:
    return element.get(name) in ("true", "1")
