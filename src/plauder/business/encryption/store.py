"""One table: sealed records by number and key. A `Notebook` holds those of one operation and writes them at its end."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Column, Index, Table, delete, select

from plauder.kit.errors import PlauderError
from plauder.kit.keyring import Keyring
from plauder.store.database import UnitOfWork
from plauder.store.schema import Bytes, Text, metadata

omemo = Table(
    "business_omemo",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", Bytes, nullable=False),
    Index("ix_business_omemo_key", "key"),
)

_AT_ONCE = 400
"""Keys in one statement; SQLite takes 32,766 parameters, planners take fewer gladly."""


_NONCE = 12


class BrokenSeal(PlauderError):
    """A hosted device's keys cannot be opened. Was the database moved without `secret.key`?"""

    code = "broken-seal"


class Seal:
    """AES-256-GCM with a key of the operator's and random 96-bit nonces (NIST SP 800-38D §8.2.2).

    The place of a record is authenticated with it, so that it can't be moved to another key or number.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._cipher = AESGCM(keyring.derive("omemo"))

    def close(self, place: str, value: bytes) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._cipher.encrypt(nonce, value, place.encode())

    def open(self, place: str, sealed: bytes) -> bytes:
        """Raises BrokenSeal when key or place is another."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], place.encode())
        except (InvalidTag, ValueError):
            raise BrokenSeal(f"The record {place} was sealed with another key, or changed.") from None


class Notebook:
    """Records of one owner (the bare JID of a hosted number) within one unit of work."""

    def __init__(self, uow: UnitOfWork, owner: str, seal: Seal) -> None:
        self._uow = uow
        self._owner = owner
        self._seal = seal
        self._values: dict[str, bytes | None] = {}
        self._changed: set[str] = set()

    async def prefetch(self, keys: Iterable[str]) -> None:
        """Read many at once; `get` then finds them here."""
        missing = [key for key in dict.fromkeys(keys) if key not in self._values]
        for start in range(0, len(missing), _AT_ONCE):
            some = missing[start : start + _AT_ONCE]
            found = await self._uow.execute(
                select(omemo.c.key, omemo.c.value).where(omemo.c.owner == self._owner, omemo.c.key.in_(some))
            )
            self._values.update(dict.fromkeys(some))
            for key, sealed in found.all():
                self._values[key] = self._open(key, sealed)

    async def get(self, key: str) -> bytes | None:
        if key not in self._values:
            await self.prefetch((key,))
        return self._values[key]

    def put(self, key: str, value: bytes) -> None:
        self._values[key] = value
        self._changed.add(key)

    def delete(self, key: str) -> None:
        self._values[key] = None
        self._changed.add(key)

    async def scan(self, prefix: str) -> list[tuple[str, bytes]]:
        """All records below a prefix, with what this operation changed."""
        upper = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        found = await self._uow.execute(
            select(omemo.c.key, omemo.c.value).where(
                omemo.c.owner == self._owner, omemo.c.key >= prefix, omemo.c.key < upper
            )
        )
        for key, sealed in found.all():
            if key not in self._values:
                self._values[key] = self._open(key, sealed)
        return [(key, value) for key, value in self._values.items() if key.startswith(prefix) and value is not None]

    async def write(self) -> None:
        """Write what changed. The caller's unit of work commits it."""
        rows: list[dict[str, Any]] = []
        gone: list[str] = []
        for key in sorted(self._changed):
            value = self._values[key]
            if value is None:
                gone.append(key)
            else:
                rows.append({"owner": self._owner, "key": key, "value": self._seal.close(self._place(key), value)})
        self._changed.clear()
        await self._delete(gone)
        if rows:
            insert = self._uow.insert(omemo)
            upsert = insert.on_conflict_do_update(
                index_elements=[omemo.c.owner, omemo.c.key], set_={"value": insert.excluded.value}
            )
            await self._uow.execute(upsert, rows)

    async def _delete(self, keys: Sequence[str]) -> None:
        for start in range(0, len(keys), _AT_ONCE):
            some = keys[start : start + _AT_ONCE]
            await self._uow.execute(delete(omemo).where(omemo.c.owner == self._owner, omemo.c.key.in_(some)))

    def _place(self, key: str) -> str:
        return f"omemo/{self._owner}/{key}"

    def _open(self, key: str, sealed: bytes) -> bytes:
        return self._seal.open(self._place(key), sealed)


async def owners_of(uow: UnitOfWork, key: str) -> list[str]:
    """The numbers that have a record of this name."""
    return [row.owner for row in await uow.execute(select(omemo.c.owner).where(omemo.c.key == key))]


async def forget(uow: UnitOfWork, owner: str) -> None:
    """Delete everything of a number that is no longer hosted."""
    await uow.execute(delete(omemo).where(omemo.c.owner == owner))
