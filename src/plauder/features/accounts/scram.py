"""Keys from passwords (RFC 5802 §3, RFC 7677, and SHA-512 as in draft-melnikov-scram-sha-512).

SaltedPassword := PBKDF2(hash, password, salt, i)
ClientKey      := HMAC(SaltedPassword, "Client Key")
StoredKey      := H(ClientKey)
ServerKey      := HMAC(SaltedPassword, "Server Key")
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

HASHES = ("sha-1", "sha-256", "sha-512")
ITERATIONS = 10_000
"""For all accounts. A device's password has 192 random bits and needs none; those that people choose do, and share the
account's number. The server pays them once, when a password is made."""
SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Keys:
    """What a server keeps of a password for one hash: it proves the password and does not reveal it."""

    stored_key: bytes
    server_key: bytes


def keys(password: str, salt: bytes, iterations: int, hash_name: str) -> Keys:
    """One hash; some milliseconds. `password` is already normalised (RFC 8265)."""
    name = hash_name.replace("-", "")
    salted = hashlib.pbkdf2_hmac(name, password.encode(), salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", name)
    return Keys(hashlib.new(name, client_key).digest(), hmac.digest(salted, b"Server Key", name))


async def all_keys(password: str, salt: bytes, iterations: int) -> Mapping[str, Keys]:
    """All hashes, off the loop's thread (hashlib lets go of the interpreter)."""

    def work() -> dict[str, Keys]:
        return {name: keys(password, salt, iterations, name) for name in HASHES}

    return await asyncio.to_thread(work)
