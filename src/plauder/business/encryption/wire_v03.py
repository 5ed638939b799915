"""`eu.siacs.conversations.axolotl`: XEP-0384 0.3 around libsignal's message format (version 3).

Public keys carry a leading 5 (33 bytes), also under the signature of the signed prekey; messages a leading 0x33 and a
trailing MAC of 8 bytes, which covers sender and receiver identity in the order of this message; the payload's tag
travels with its key.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Final
from xml.etree.ElementTree import Element

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from plauder.business.encryption.errors import Unreadable, malformed
from plauder.business.encryption.keys import Identity, KeyPair, verify_with_sign
from plauder.business.encryption.profile import (
    AXOLOTL,
    MAX_CANDIDATES,
    MAX_DEVICES,
    MAX_KEY_BYTES,
    MAX_KEYS,
    MAX_PAYLOAD,
    MAX_PREKEYS,
    Addressed,
    Bundle,
    EncryptedElement,
    Exchange,
    Header,
    PublicKey,
    RatchetMessage,
    SealedKey,
    SealedPayload,
    Version,
    b64,
    bytes_of,
    child,
    children,
    flag_of,
    number_of,
    optional,
)
from plauder.business.encryption.protobuf import Fields, Kind, encode
from plauder.wire.xml import E

_NS: Final = f"{{{AXOLOTL}}}"
_VERSION: Final = b"\x33"
_KEY_TYPE: Final = b"\x05"
_MAC: Final = 8
_TAG: Final = 16

_MESSAGE: Final[Mapping[int, Kind]] = {1: "bytes", 2: "uint32", 3: "uint32", 4: "bytes"}
_EXCHANGE: Final[Mapping[int, Kind]] = {
    1: "uint32",
    2: "bytes",
    3: "bytes",
    4: "bytes",
    5: "uint32",
    6: "uint32",
}


def _unspell(key: bytes) -> bytes:
    if len(key) != 33 or key[:1] != _KEY_TYPE:
        raise malformed("a public key of 0.3 has 33 bytes and begins with 5")
    return key[1:]


def _without_version(data: bytes) -> bytes:
    if not data or data[0] >> 4 != 3:
        raise Unreadable("unknown-version", "not a version 3 message")
    return data[1:]


class V03:
    namespace = AXOLOTL
    version: Version = "v03"
    exchange_label = b"WhisperText"
    root_label = b"WhisperRatchet"
    message_label = b"WhisperMessageKeys"
    mac_length = _MAC
    # COMPAT(libsignal): it announces the index of the last message of a chain where the Double Ratchet wants the
    # length; one key more than announced is kept, or the last message of a chain could not be late.
    pn_slack = 1

    def wire_identity(self, public: bytes, ed_public: bytes) -> bytes:
        return public

    def identity_point(self, wire: bytes) -> bytes:
        return wire

    def associated_data(self, own: bytes, theirs: bytes, *, initiated: bool, sending: bool) -> bytes:
        first, second = (own, theirs) if sending else (theirs, own)
        return _KEY_TYPE + first + _KEY_TYPE + second

    def encode_message(self, header: Header, ciphertext: bytes) -> bytes:
        return _VERSION + encode((1, _KEY_TYPE + header.ratchet_key), (2, header.n), (3, header.pn), (4, ciphertext))

    def frame(self, signed: bytes, mac: bytes) -> bytes:
        return signed + mac

    def parse_message(self, framed: bytes) -> RatchetMessage:
        if len(framed) <= _MAC:
            raise malformed("a message shorter than its MAC")
        signed = framed[:-_MAC]
        fields = Fields(_without_version(signed), _MESSAGE)
        header = Header(fields.uint32(2), fields.uint32(3, 0), _unspell(fields.bytes(1)))
        return RatchetMessage(header, fields.bytes(4), signed, framed[-_MAC:])

    def encode_exchange(self, exchange: Exchange, device_id: int) -> bytes:
        return _VERSION + encode(
            (5, device_id),
            (1, exchange.prekey_id),
            (6, exchange.signed_prekey_id),
            (2, _KEY_TYPE + exchange.ephemeral),
            (3, _KEY_TYPE + exchange.identity),
            (4, exchange.message),
        )

    def parse_exchange(self, data: bytes) -> Exchange:
        fields = Fields(_without_version(data), _EXCHANGE)
        identity, ephemeral = _unspell(fields.bytes(3)), _unspell(fields.bytes(2))
        return Exchange(fields.uint32(1), fields.uint32(6), identity, ephemeral, fields.bytes(4))

    def seal_payload(self, plain: bytes) -> SealedPayload:
        key, iv = secrets.token_bytes(16), secrets.token_bytes(12)
        sealed = AESGCM(key).encrypt(iv, plain, None)
        return SealedPayload(key + sealed[-_TAG:], iv, sealed[:-_TAG])

    def empty_payload(self) -> SealedPayload:
        return SealedPayload(secrets.token_bytes(16), secrets.token_bytes(12), None)

    def open_payload(self, key: bytes, element: EncryptedElement) -> bytes:
        if element.payload is None or element.iv is None or len(element.iv) not in (12, 16):
            raise malformed("an IV has 12 or 16 bytes")
        # Before 2017 the tag was the end of the payload and the key came alone.
        if len(key) not in (16, 16 + _TAG):
            raise Unreadable("bad-payload", "the key has a wrong length")
        try:
            return AESGCM(key[:16]).decrypt(element.iv, element.payload + key[16:], None)
        except (InvalidTag, ValueError):
            raise Unreadable("bad-payload", "the payload does not match its tag") from None

    def encrypted(self, sender_id: int, keys: Sequence[Addressed], sealed: SealedPayload) -> Element:
        header = E(f"{_NS}header", {"sid": str(sender_id)})
        for to in keys:
            attributes = {"rid": str(to.device_id), "prekey": "true" if to.key.is_exchange else None}
            header.append(E(f"{_NS}key", attributes, b64(to.key.data)))
        header.append(E(f"{_NS}iv", None, b64(sealed.iv or b"")))
        payload = None if sealed.payload is None else E(f"{_NS}payload", None, b64(sealed.payload))
        return E(f"{_NS}encrypted", None, header, payload)

    def parse_encrypted(self, element: Element, jid: str, device_id: int) -> EncryptedElement:
        header = child(element, f"{_NS}header")
        mine = [key for key in children(header, f"{_NS}key", MAX_KEYS) if key.get("rid") == str(device_id)]
        iv, payload = optional(header, f"{_NS}iv"), optional(element, f"{_NS}payload")
        return EncryptedElement(
            number_of(header, "sid"),
            [SealedKey(flag_of(key, "prekey"), bytes_of(key, MAX_KEY_BYTES)) for key in mine[:MAX_CANDIDATES]],
            None if iv is None else bytes_of(iv, 16),
            None if payload is None else bytes_of(payload, MAX_PAYLOAD),
        )

    def device_list_node(self) -> str:
        return f"{AXOLOTL}.devicelist"

    def bundle_node(self, device_id: int) -> str:
        return f"{AXOLOTL}.bundles:{device_id}"

    def bundle_item(self, device_id: int) -> str:
        return "current"

    def device_list(self, device_ids: Sequence[int]) -> Element:
        return E(f"{_NS}list", None, *(E(f"{_NS}device", {"id": str(each)}) for each in device_ids))

    def parse_device_list(self, element: Element) -> list[int]:
        if element.tag != f"{_NS}list":
            raise malformed("no device list")
        return [number_of(device, "id") for device in children(element, f"{_NS}device", MAX_DEVICES)]

    def sign_prekey(self, identity: Identity, pair: KeyPair) -> bytes:
        return identity.sign_with_sign(_KEY_TYPE + pair.public)

    def bundle(
        self, identity: Identity, signed_prekey: PublicKey, signature: bytes, prekeys: Sequence[PublicKey]
    ) -> Element:
        spk = {"signedPreKeyId": str(signed_prekey.id)}
        return E(
            f"{_NS}bundle",
            None,
            E(f"{_NS}signedPreKeyPublic", spk, b64(_KEY_TYPE + signed_prekey.public)),
            E(f"{_NS}signedPreKeySignature", None, b64(signature)),
            E(f"{_NS}identityKey", None, b64(_KEY_TYPE + identity.public)),
            E(
                f"{_NS}prekeys",
                None,
                *(E(f"{_NS}preKeyPublic", {"preKeyId": str(k.id)}, b64(_KEY_TYPE + k.public)) for k in prekeys),
            ),
        )

    def parse_bundle(self, element: Element) -> Bundle | None:
        if element.tag != f"{_NS}bundle":
            raise malformed("no bundle")
        spk = child(element, f"{_NS}signedPreKeyPublic")
        signed = bytes_of(spk, 33)
        signed_prekey = PublicKey(number_of(spk, "signedPreKeyId"), _unspell(signed))
        identity = _unspell(bytes_of(child(element, f"{_NS}identityKey"), 33))
        signature = bytes_of(child(element, f"{_NS}signedPreKeySignature"), 64)
        prekeys = [
            PublicKey(number_of(key, "preKeyId"), _unspell(bytes_of(key, 33)))
            for key in children(child(element, f"{_NS}prekeys"), f"{_NS}preKeyPublic", MAX_PREKEYS)
        ]
        if not prekeys:
            raise malformed("no prekeys")
        ed_identity = verify_with_sign(identity, signed, signature)
        return None if ed_identity is None else Bundle(identity, ed_identity, signed_prekey, prekeys)
