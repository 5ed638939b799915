"""`urn:xmpp:omemo:2`: XEP-0384 0.8 to 0.9.1. Bare 32-byte keys, Ed25519 identities, a MAC of 16 bytes."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping, Sequence
from typing import Final
from xml.etree.ElementTree import Element

from plauder.business.encryption.errors import Unreadable, malformed
from plauder.business.encryption.keys import (
    ZEROS,
    Identity,
    KeyPair,
    cbc_decrypt,
    cbc_encrypt,
    derive,
    mac,
    to_montgomery,
    verify,
)
from plauder.business.encryption.profile import (
    MAX_CANDIDATES,
    MAX_DEVICES,
    MAX_KEY_BYTES,
    MAX_KEYS,
    MAX_PAYLOAD,
    MAX_PREKEYS,
    OMEMO2,
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
    exactly,
    flag_of,
    number_of,
    optional,
)
from plauder.business.encryption.protobuf import Fields, Kind, encode
from plauder.wire.xml import E

_NS: Final = f"{{{OMEMO2}}}"
_MAC: Final = 16

# XEP-0384, protobuf schema.
_MESSAGE: Final[Mapping[int, Kind]] = {1: "uint32", 2: "uint32", 3: "bytes", 4: "bytes"}
_AUTHENTICATED: Final[Mapping[int, Kind]] = {1: "bytes", 2: "bytes"}
_EXCHANGE: Final[Mapping[int, Kind]] = {1: "uint32", 2: "uint32", 3: "bytes", 4: "bytes", 5: "bytes"}


def _payload_keys(key: bytes) -> tuple[bytes, bytes, bytes]:
    """XEP-0384 §4.4: encryption key, authentication key, IV."""
    derived = derive(key, ZEROS, b"OMEMO Payload", 80)
    return derived[:32], derived[32:64], derived[64:]


class V2:
    namespace = OMEMO2
    version: Version = "v2"
    exchange_label = b"OMEMO X3DH"
    root_label = b"OMEMO Root Chain"
    message_label = b"OMEMO Message Key Material"
    mac_length = _MAC
    pn_slack = 0

    def wire_identity(self, public: bytes, ed_public: bytes) -> bytes:
        return ed_public

    def identity_point(self, wire: bytes) -> bytes:
        return to_montgomery(wire)

    def associated_data(self, own: bytes, theirs: bytes, *, initiated: bool, sending: bool) -> bytes:
        return own + theirs if initiated else theirs + own

    def encode_message(self, header: Header, ciphertext: bytes) -> bytes:
        return encode((1, header.n), (2, header.pn), (3, header.ratchet_key), (4, ciphertext))

    def frame(self, signed: bytes, mac: bytes) -> bytes:
        return encode((1, mac), (2, signed))

    def parse_message(self, framed: bytes) -> RatchetMessage:
        outer = Fields(framed, _AUTHENTICATED)
        signed = outer.bytes(2)
        fields = Fields(signed, _MESSAGE)
        header = Header(fields.uint32(1), fields.uint32(2), fields.bytes(3, 32))
        return RatchetMessage(header, fields.bytes(4), signed, outer.bytes(1, _MAC))

    def encode_exchange(self, exchange: Exchange, device_id: int) -> bytes:
        return encode(
            (1, exchange.prekey_id),
            (2, exchange.signed_prekey_id),
            (3, exchange.identity),
            (4, exchange.ephemeral),
            (5, exchange.message),
        )

    def parse_exchange(self, data: bytes) -> Exchange:
        fields = Fields(data, _EXCHANGE)
        return Exchange(fields.uint32(1), fields.uint32(2), fields.bytes(3, 32), fields.bytes(4, 32), fields.bytes(5))

    def seal_payload(self, plain: bytes) -> SealedPayload:
        key = secrets.token_bytes(32)
        encryption, authentication, iv = _payload_keys(key)
        payload = cbc_encrypt(encryption, iv, plain)
        return SealedPayload(key + mac(authentication, payload)[:_MAC], None, payload)

    def empty_payload(self) -> SealedPayload:
        return SealedPayload(ZEROS, None, None)

    def open_payload(self, key: bytes, element: EncryptedElement) -> bytes:
        if element.payload is None or len(key) != 32 + _MAC:
            raise Unreadable("bad-payload", "the key has a wrong length")
        encryption, authentication, iv = _payload_keys(key[:32])
        if not hmac.compare_digest(mac(authentication, element.payload)[:_MAC], key[32:]):
            raise Unreadable("bad-payload", "the payload does not match its MAC")
        plain = cbc_decrypt(encryption, iv, element.payload)
        if plain is None:
            raise Unreadable("bad-payload", "the payload is badly padded")
        return plain

    def encrypted(self, sender_id: int, keys: Sequence[Addressed], sealed: SealedPayload) -> Element:
        header = E(f"{_NS}header", {"sid": str(sender_id)})
        accounts: dict[str, Element] = {}
        for to in keys:
            if to.jid not in accounts:
                accounts[to.jid] = E(f"{_NS}keys", {"jid": to.jid})
                header.append(accounts[to.jid])
            attributes = {"rid": str(to.device_id), "kex": "true" if to.key.is_exchange else None}
            accounts[to.jid].append(E(f"{_NS}key", attributes, b64(to.key.data)))
        payload = None if sealed.payload is None else E(f"{_NS}payload", None, b64(sealed.payload))
        return E(f"{_NS}encrypted", None, header, payload)

    def parse_encrypted(self, element: Element, jid: str, device_id: int) -> EncryptedElement:
        header = child(element, f"{_NS}header")
        mine = [
            key
            for keys in children(header, f"{_NS}keys", MAX_KEYS)
            if keys.get("jid") == jid
            for key in children(keys, f"{_NS}key", MAX_DEVICES)
            if key.get("rid") == str(device_id)
        ]
        payload = optional(element, f"{_NS}payload")
        return EncryptedElement(
            number_of(header, "sid"),
            [SealedKey(flag_of(key, "kex"), bytes_of(key, MAX_KEY_BYTES)) for key in mine[:MAX_CANDIDATES]],
            None,
            None if payload is None else bytes_of(payload, MAX_PAYLOAD),
        )

    def device_list_node(self) -> str:
        return f"{OMEMO2}:devices"

    def bundle_node(self, device_id: int) -> str:
        return f"{OMEMO2}:bundles"

    def bundle_item(self, device_id: int) -> str:
        return str(device_id)

    def device_list(self, device_ids: Sequence[int]) -> Element:
        return E(f"{_NS}devices", None, *(E(f"{_NS}device", {"id": str(each)}) for each in device_ids))

    def parse_device_list(self, element: Element) -> list[int]:
        if element.tag != f"{_NS}devices":
            raise malformed("no device list")
        return [number_of(device, "id") for device in children(element, f"{_NS}device", MAX_DEVICES)]

    def sign_prekey(self, identity: Identity, pair: KeyPair) -> bytes:
        return identity.sign(pair.public)

    def bundle(
        self, identity: Identity, signed_prekey: PublicKey, signature: bytes, prekeys: Sequence[PublicKey]
    ) -> Element:
        return E(
            f"{_NS}bundle",
            None,
            E(f"{_NS}spk", {"id": str(signed_prekey.id)}, b64(signed_prekey.public)),
            E(f"{_NS}spks", None, b64(signature)),
            E(f"{_NS}ik", None, b64(identity.ed_public)),
            E(f"{_NS}prekeys", None, *(E(f"{_NS}pk", {"id": str(key.id)}, b64(key.public)) for key in prekeys)),
        )

    def parse_bundle(self, element: Element) -> Bundle | None:
        if element.tag != f"{_NS}bundle":
            raise malformed("no bundle")
        spk = child(element, f"{_NS}spk")
        signed_prekey = PublicKey(number_of(spk, "id"), exactly(bytes_of(spk, 32), 32))
        ed_identity = exactly(bytes_of(child(element, f"{_NS}ik"), 32), 32)
        identity = to_montgomery(ed_identity)
        signature = exactly(bytes_of(child(element, f"{_NS}spks"), 64), 64)
        prekeys = [
            PublicKey(number_of(key, "id"), exactly(bytes_of(key, 32), 32))
            for key in children(child(element, f"{_NS}prekeys"), f"{_NS}pk", MAX_PREKEYS)
        ]
        if not prekeys:
            raise malformed("no prekeys")
        if not verify(ed_identity, signed_prekey.public, signature):
            return None
        return Bundle(identity, ed_identity, signed_prekey, prekeys)
