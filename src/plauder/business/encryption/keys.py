"""The curve, by `cryptography` (OpenSSL: native and constant-time), and one identity in its two forms.

An identity is an Ed25519 seed, so signing is plain Ed25519. Curve25519 and Ed25519 forms are mapped as RFC 7748 §4.1
says; the map from Curve25519 loses the sign of x, which OMEMO 0.3 carries in the top bit of the last signature byte.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Final

import xeddsa
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from plauder.business.encryption.errors import malformed

_SIGN: Final = 0x80
ZEROS: Final = bytes(32)


@dataclass(frozen=True, slots=True)
class KeyPair:
    """An X25519 key pair, 32 bytes each."""

    secret: bytes
    public: bytes


@dataclass(frozen=True, slots=True)
class Identity:
    """The long-term key of a device."""

    seed: bytes
    ed_public: bytes
    public: bytes
    """Curve25519 form; the fingerprint is its hexadecimal spelling."""
    secret: bytes
    """The X25519 secret: the first half of SHA-512 of the seed (RFC 8032 §5.1.5), clamped on use."""

    @classmethod
    def of(cls, seed: bytes) -> Identity:
        ed_public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
        secret = hashlib.sha512(seed).digest()[:32]
        public = X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()
        return cls(seed, ed_public, public, secret)

    @classmethod
    def new(cls) -> Identity:
        """With the sign bit of the Ed25519 form clear: libomemo.js (Converse.js 14) forgets it in bundles."""
        while True:
            identity = cls.of(secrets.token_bytes(32))
            if not identity.ed_public[31] & _SIGN:
                return identity

    def sign(self, message: bytes) -> bytes:
        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(message)

    def sign_with_sign(self, message: bytes) -> bytes:
        """As 0.3 wants it: the free top bit tells the sign of the public key."""
        signature = self.sign(message)
        return signature[:63] + bytes((signature[63] | self.ed_public[31] & _SIGN,))


def generate() -> KeyPair:
    key = X25519PrivateKey.generate()
    return KeyPair(key.private_bytes_raw(), key.public_key().public_bytes_raw())


def agree(secret: bytes, public: bytes) -> bytes:
    """X25519. Raises `Unreadable` for a point of small order (the result would be all zero)."""
    try:
        theirs = X25519PublicKey.from_public_bytes(public)
        return X25519PrivateKey.from_private_bytes(secret).exchange(theirs)
    except ValueError:
        raise malformed("a key of small order") from None


def verify(ed_public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(ed_public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def verify_with_sign(public: bytes, message: bytes, signature: bytes) -> bytes | None:
    """Verify a signature of 0.3 by the Curve25519 form. The Ed25519 form, or None when it does not verify."""
    if len(signature) != 64:
        return None
    sign = bool(signature[63] & _SIGN)
    ed_public: bytes = xeddsa.curve25519_pub_to_ed25519_pub(public, sign)
    plain = signature[:63] + bytes((signature[63] & ~_SIGN & 0xFF,))
    return ed_public if verify(ed_public, message, plain) else None


def to_montgomery(ed_public: bytes) -> bytes:
    """Raises `Unreadable` where it is no point of the curve."""
    try:
        public: bytes = xeddsa.ed25519_pub_to_curve25519_pub(ed_public)
    except Exception:  # the binding raises its own classes, and ValueError
        raise malformed("the identity is no point of Ed25519") from None
    return public


# ------------------------------------------------------------------------------------------------ symmetric primitives


def mac(key: bytes, data: bytes) -> bytes:
    """HMAC-SHA-256."""
    return hmac.digest(key, data, "sha256")


def derive(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """HKDF-SHA-256."""
    return HKDF(SHA256(), length, salt=salt, info=info).derive(secret)


def cbc_encrypt(key: bytes, iv: bytes, plain: bytes) -> bytes:
    """AES-CBC with PKCS#7 padding."""
    pad = 16 - len(plain) % 16
    cipher = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return cipher.update(plain + bytes((pad,)) * pad) + cipher.finalize()


def cbc_decrypt(key: bytes, iv: bytes, sealed: bytes) -> bytes | None:
    """None when it is badly padded; always authenticate first."""
    if not sealed or len(sealed) % 16:
        return None
    cipher = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
    padded = cipher.update(sealed) + cipher.finalize()
    pad = padded[-1]
    if not 1 <= pad <= 16 or padded[-pad:] != bytes((pad,)) * pad:
        return None
    return padded[:-pad]
