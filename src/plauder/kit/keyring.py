"""The server's one secret, and the keys that are made from it.

It lies beside the database, not in it: who steals only the database cannot guess phone numbers, codes or tokens from
it. Losing it costs every waiting code and FAST token, and contact lookups begin anew; no account and no message.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from plauder.kit.errors import PlauderError

SIZE = 32


class BadKey(PlauderError):
    """The server's secret key cannot be used."""

    code = "bad-key"


class Keyring:
    """Keys for named purposes, all from one secret of 32 bytes; no key tells anything about another."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != SIZE:
            raise BadKey(f"The secret key must be {SIZE} bytes, not {len(secret)}.")
        self._secret = secret

    @classmethod
    def open(cls, path: Path) -> Keyring:
        """Read the secret, or make it at first start, readable by its owner alone. Raises BadKey."""
        try:
            secret = path.read_bytes()
        except FileNotFoundError:
            secret = secrets.token_bytes(SIZE)
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(handle, "wb") as file:
                    file.write(secret)
            except OSError as error:
                raise BadKey(f"The secret key {path} cannot be written: {error.strerror}.") from None
        except OSError as error:
            raise BadKey(f"The secret key {path} cannot be read: {error.strerror}.") from None
        return cls(secret)

    def derive(self, purpose: str) -> bytes:
        """A 32-byte key for one purpose (HKDF-SHA-256, RFC 5869)."""
        return HKDF(SHA256(), 32, salt=None, info=f"plauder/{purpose}".encode()).derive(self._secret)

    def pseudonym(self, purpose: str, *parts: str) -> bytes:
        """What stands for a phone number or address in a table that must count but not know: a keyed hash."""
        return hmac.digest(self.derive(purpose), "\0".join(parts).encode(), hashlib.sha256)

    def seal(self, purpose: str, secret: bytes) -> bytes:
        """Encrypt for storage (AES-256-GCM with a random nonce in front)."""
        nonce = secrets.token_bytes(12)
        return nonce + AESGCM(self.derive(purpose)).encrypt(nonce, secret, None)

    def unseal(self, purpose: str, sealed: bytes) -> bytes | None:
        """What was sealed; None when it was sealed with another secret or altered."""
        try:
            return AESGCM(self.derive(purpose)).decrypt(sealed[:12], sealed[12:], None)
        except (InvalidTag, ValueError):
            return None
