"""Secrets that must be read again (app secrets, private keys) are sealed with a key of the operator's.

AES-256-GCM with a random 96-bit nonce (NIST SP 800-38D §8.2.2); the row's name is authenticated with it, so a sealed
value cannot be moved to another row.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from plauder.kit.errors import PlauderError

NONCE = 12


class BrokenSeal(PlauderError):
    """A sealed secret cannot be opened with this server's operator key. Was the data moved without `operator.key`?"""

    code = "broken-seal"


class Vault:
    """Seals with a 32-byte key. `derive` gives purpose-bound keys that never leave the process."""

    def __init__(self, key: bytes) -> None:
        if len(key) != 32:
            raise ValueError("the operator key has 32 bytes")
        self._key = key
        self._cipher = AESGCM(self.derive("seal"))

    @classmethod
    def at(cls, path: Path) -> Vault:
        """The key kept in a file of 64 hex digits, made on first use and readable by its owner only."""
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return cls(bytes.fromhex(path.read_text().strip()))
        key = secrets.token_bytes(32)
        with os.fdopen(descriptor, "w") as file:
            file.write(key.hex() + "\n")
        return cls(key)

    def derive(self, purpose: str) -> bytes:
        return hmac.new(self._key, purpose.encode(), hashlib.sha256).digest()

    def seal(self, name: str, secret: bytes) -> bytes:
        nonce = secrets.token_bytes(NONCE)
        return nonce + self._cipher.encrypt(nonce, secret, name.encode())

    def open(self, name: str, sealed: bytes) -> bytes:
        """Raises BrokenSeal when the key or the name is another."""
        try:
            return self._cipher.decrypt(sealed[:NONCE], sealed[NONCE:], name.encode())
        except (InvalidTag, ValueError) as error:
            raise BrokenSeal from error
