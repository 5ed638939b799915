"""Large opaque bytes: local files, or any S3-compatible store, behind one interface.

Bytes arrive in a staging file on the local disk, piece by piece, so that an interrupted upload can go on; when they are
whole they move into the store in one step. What is in the store never changes.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import obstore
from obstore.store import LocalStore, ObjectStore, from_url

from plauder.kit.errors import Conflict, NotFound, TooLarge, Unavailable

if TYPE_CHECKING:
    from obstore import GetResult, OffsetRange

PIECE = 256 * 1024
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}


class DiskFull(Unavailable):
    """There is no room for more files; try again later."""

    code = "storage-full"
    status = 507


@dataclass(frozen=True, slots=True)
class Stored:
    """What was stored: size in bytes, SHA-256 in hex."""

    size: int
    sha256: str


class Blobs:
    """The store at `url` (`s3://bucket/prefix?…`), or local files below `root` when the URL is empty."""

    def __init__(self, root: Path, url: str = "") -> None:
        self._staging = root / "staging"
        self._staging.mkdir(parents=True, exist_ok=True)
        self._local: Path | None = None
        self._store: ObjectStore
        if url:
            self._store = from_url(url)
        else:
            self._local = root / "blobs"
            self._store = LocalStore(self._local, mkdir=True)

    # ── coming in ─────────────────────────────────────────────────────────────────────────────────────────────────

    def staged(self, key: str) -> int:
        """How many bytes of `key` have arrived so far."""
        try:
            return self._part(key).stat().st_size
        except FileNotFoundError:
            return 0

    async def receive(self, key: str, offset: int, pieces: AsyncIterator[bytes], *, limit: int) -> int:
        """Append what arrives at `offset` to the staging file; the new size. What came before a break stays.

        Raises Conflict when `offset` is not where the file ends, TooLarge beyond `limit` bytes in all, DiskFull.
        """
        size = self.staged(key)
        if offset != size:
            raise Conflict(f"{size} bytes have arrived, so the next one is {size}, not {offset}", offset=size)
        try:
            with self._part(key).open("ab") as file:
                async for piece in pieces:
                    if size + len(piece) > limit:
                        raise TooLarge(f"more than the {limit} bytes that were announced")
                    await asyncio.to_thread(file.write, piece)
                    size += len(piece)
        except OSError as error:
            raise _explained(error) from None
        return size

    async def commit(self, key: str) -> Stored:
        """Move the staged bytes into the store. Raises DiskFull; the staged bytes are kept then."""
        part = self._part(key)
        stored = Stored(part.stat().st_size, await asyncio.to_thread(_digest, part))
        try:
            if self._local is not None:
                await asyncio.to_thread(_move, part, self._local / key)
            else:
                await obstore.put_async(self._store, key, part)
                part.unlink()
        except OSError as error:
            raise _explained(error) from None
        return stored

    async def put(self, key: str, data: bytes) -> Stored:
        """Store a small thing at once."""

        async def pieces() -> AsyncIterator[bytes]:
            yield data

        self.abandon(key)
        await self.receive(key, 0, pieces(), limit=len(data))
        return await self.commit(key)

    def abandon(self, key: str) -> None:
        """Throw away what was staged."""
        self._part(key).unlink(missing_ok=True)

    # ── going out ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes [start, end), in pieces. Raises NotFound before the first piece."""
        if self._local is not None:
            path = self._local / key
            try:
                file = path.open("rb")
            except FileNotFoundError:
                raise NotFound("there is no such file") from None
            return _pieces_of(file, start, end)
        try:
            found = await obstore.get_async(self._store, key, options={"range": _range(start, end)})
        except FileNotFoundError:
            raise NotFound("there is no such file") from None
        return _bytes_of(found)

    async def delete(self, key: str) -> None:
        """Delete; what is not there is deleted already."""
        try:
            await obstore.delete_async(self._store, key)
        except FileNotFoundError:
            return

    def _part(self, key: str) -> Path:
        return self._staging / f"{key.replace('/', '-')}.part"


async def _pieces_of(file: BinaryIO, start: int, end: int | None) -> AsyncIterator[bytes]:
    with file:
        file.seek(start)
        left = end - start if end is not None else None
        while left is None or left > 0:
            piece = await asyncio.to_thread(file.read, PIECE if left is None else min(PIECE, left))
            if not piece:
                return
            if left is not None:
                left -= len(piece)
            yield piece


async def _bytes_of(found: GetResult) -> AsyncIterator[bytes]:
    async for piece in found.stream(min_chunk_size=PIECE):
        yield bytes(piece)


def _range(start: int, end: int | None) -> tuple[int, int] | OffsetRange:
    return (start, end) if end is not None else {"offset": start}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _move(part: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(target)


def _explained(error: OSError) -> Exception:
    return DiskFull() if error.errno in _FULL else Unavailable("The file could not be stored; try again later.")
