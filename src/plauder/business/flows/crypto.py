"""The encryption between us and a flow's endpoint (reference §7). Pure, but for the random key it is given.

We make an AES-128 key per request, encrypt it with the business's RSA key (OAEP, SHA-256), and the payload with
AES-GCM, tag at the end. The answer uses the same key and the IV with all bits flipped.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from plauder.kit.errors import PlauderError

KEY_SIZE = 16
IV_SIZE = 16


class UnreadableAnswer(PlauderError):
    """The flow's endpoint answered something that cannot be decrypted."""

    code = "flow-endpoint-unreadable"
    status = 502


def encrypt(payload: Mapping[str, Any], public_key: str, key: bytes, iv: bytes) -> dict[str, str]:
    """The body of the POST to the endpoint. `public_key` is PEM, `key` and `iv` 16 fresh random bytes each."""
    rsa = load_pem_public_key(public_key.encode())
    assert isinstance(rsa, RSAPublicKey)
    oaep = padding.OAEP(mgf=padding.MGF1(SHA256()), algorithm=SHA256(), label=None)
    sealed = AESGCM(key).encrypt(iv, orjson.dumps(payload), None)
    return {
        "encrypted_flow_data": base64.b64encode(sealed).decode(),
        "encrypted_aes_key": base64.b64encode(rsa.encrypt(key, oaep)).decode(),
        "initial_vector": base64.b64encode(iv).decode(),
    }


def decrypt(answer: bytes, key: bytes, iv: bytes) -> dict[str, Any]:
    """What the endpoint answered. Raises UnreadableAnswer."""
    flipped = bytes(byte ^ 0xFF for byte in iv)
    try:
        plain = AESGCM(key).decrypt(flipped, base64.b64decode(answer.strip(), validate=True), None)
        value = orjson.loads(plain)
    except (InvalidTag, binascii.Error, ValueError):
        raise UnreadableAnswer from None
    if not isinstance(value, dict):
        raise UnreadableAnswer
    return value
