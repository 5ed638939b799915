"""Large opaque bytes: local files, or any S3-compatible store, behind one interface.

Bytes arrive in a staging file on the local disk, piece by piece, so that an interrupted upload can go on; when they are
whole they move into the store in one step. What is in the store never changes.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from plauder.kit.errors import BadInput, Conflict, NotFound, TooLarge, Unavailable

if TYPE_CHECKING:
    from obstore import GetResult, OffsetRange

PIECE = 256 * 1024
BLOCK = 1024 * 1024
"""What is hashed and written in one go: a change of thread costs as much as hashing 100 KiB."""
PATIENCE_SECONDS = 20.0
"""How long a store that does not answer is tried before its caller is told."""
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}


class DiskFull(Unavailable):
    """There is no room for more files; try again later."""

    code = "storage-full"
    status = 507


class WrongChecksum(BadInput):
    """What arrived is not what was announced; it was thrown away. Upload it again."""

    code = "wrong-checksum"


@dataclass(frozen=True, slots=True)
class Stored:
    """What was stored: size in bytes, SHA-256 in hex."""

    size: int
    sha256: str


@dataclass(slots=True)
class _Intake:
    """One connection that brings bytes of a key. `digest` is of all of them, if this connection brought them all."""

    digest: hashlib._Hash | None = None
    writing: asyncio.Lock = field(default_factory=asyncio.Lock)


class Blobs:
    """The store at `url` (`s3://bucket/prefix`), or local files below `root` when the URL is empty.

    Credentials, region and endpoint of S3 come from the environment (AWS_ACCESS_KEY_ID and so on). Of the local disk
    `min_free_bytes` are left to others.
    """

    def __init__(
        self, root: Path, url: str = "", *, min_free_bytes: int = 0, patience: float = PATIENCE_SECONDS
    ) -> None:
        self._staging = root / "staging"
        self._staging.mkdir(parents=True, exist_ok=True)
        self._min_free = min_free_bytes
        self._intakes: dict[str, _Intake] = {}
        self._digests: dict[str, tuple[int, str]] = {}
        self._local: Path | None = None
        self._store: ObjectStore
        if url:
            self._store = _remote(url, patience)
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

    def has_room(self, size: int) -> bool:
        """Whether `size` more bytes fit on the local disk, where they are staged in any case."""
        return not self._min_free or shutil.disk_usage(self._staging).free - size >= self._min_free

    async def receive(self, key: str, offset: int, pieces: AsyncIterator[bytes], *, limit: int) -> int:
        """Append what arrives at `offset` to the staging file; the new size. What came before a break stays.

        Who comes later goes on alone: an earlier connection for the same key writes no more and gets a Conflict.
        Raises Conflict also when `offset` is not where the file ends, TooLarge beyond `limit` bytes in all, DiskFull.
        """
        intake, before = _Intake(), self._intakes.get(key)
        self._intakes[key] = intake
        try:
            if before is not None:
                async with before.writing:
                    pass
            size = self.staged(key)
            if offset != size:
                raise Conflict(f"{size} bytes have arrived, so the next one is {size}, not {offset}", offset=size)
            if not offset:
                intake.digest = hashlib.sha256()
            size = await self._take(key, intake, size, pieces, limit)
            if intake.digest is not None:
                self._digests[key] = size, intake.digest.hexdigest()
        except OSError as error:
            raise _explained(error) from None
        finally:
            if self._intakes.get(key) is intake:
                del self._intakes[key]
        return size

    async def _take(self, key: str, intake: _Intake, size: int, pieces: AsyncIterator[bytes], limit: int) -> int:
        """Write blocks while the next one gathers. What has been gathered is written whatever ends the pieces."""
        self._digests.pop(key, None)
        with self._part(key).open("ab", buffering=0) as file:
            writing: asyncio.Task[None] | None = None
            block, gathered = list[bytes](), 0
            try:
                async for piece in pieces:
                    if size + len(piece) > limit:
                        raise TooLarge(f"more than the {limit} bytes that were announced")
                    size += len(piece)
                    block.append(piece)
                    gathered += len(piece)
                    if gathered >= BLOCK:
                        if writing is not None:
                            await writing
                        writing = asyncio.create_task(self._write(key, intake, file, block))
                        block, gathered = [], 0
            finally:
                if writing is not None:
                    await writing
                if block:
                    await self._write(key, intake, file, block)
        return size

    async def _write(self, key: str, intake: _Intake, file: FileIO, block: list[bytes]) -> None:
        async with intake.writing:
            if self._intakes.get(key) is not intake:
                raise Conflict("Another connection goes on with this upload.")
            if not self.has_room(sum(map(len, block))):
                raise DiskFull
            await asyncio.to_thread(_append, file, block, intake.digest)

    async def commit(self, key: str, sha256: str = "") -> Stored:
        """Move the staged bytes into the store, if they have the checksum that is asked for (hex).

        Raises WrongChecksum; DiskFull and Unavailable, and then the staged bytes are kept.
        """
        part = self._part(key)
        size, digest = self._digests.get(key, (-1, ""))
        if size != part.stat().st_size:
            size, digest = part.stat().st_size, await asyncio.to_thread(_digest, part)
        if sha256 and sha256 != digest:
            self.abandon(key)
            raise WrongChecksum()
        try:
            if self._local is not None:
                await asyncio.to_thread(_move, part, self._local / key)
            else:
                await obstore.put_async(self._store, key, part)
                part.unlink()
        except (OSError, BaseError) as error:
            raise _explained(error) from None
        self._digests.pop(key, None)
        return Stored(size, digest)

    async def put(self, key: str, data: bytes) -> Stored:
        """Store a small thing at once."""

        async def pieces() -> AsyncIterator[bytes]:
            yield data

        self.abandon(key)
        await self.receive(key, 0, pieces(), limit=len(data))
        return await self.commit(key)

    def abandon(self, key: str) -> None:
        """Throw away what was staged; a connection that still brings more is too late."""
        self._intakes.pop(key, None)
        self._digests.pop(key, None)
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
        except BaseError as error:
            raise _explained(error) from None
        return _bytes_of(found)

    async def delete(self, key: str) -> None:
        """Delete; what is not there is deleted already."""
        try:
            await obstore.delete_async(self._store, key)
        except FileNotFoundError:
            return
        except BaseError as error:
            raise _explained(error) from None

    def _part(self, key: str) -> Path:
        return self._staging / f"{key.replace('/', '-')}.part"


def _remote(url: str, patience: float) -> ObjectStore:
    if url.startswith("memory:"):
        return from_url(url)
    return from_url(url, retry_config={"retry_timeout": timedelta(seconds=patience)})


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


def _append(file: FileIO, block: list[bytes], digest: hashlib._Hash | None) -> None:
    for piece in block:
        rest = memoryview(piece)
        while rest:
            rest = rest[file.write(rest) :]
        if digest is not None:
            digest.update(piece)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _move(part: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(target)
    # A rename is on disk with its directory; without that a power cut would leave a row without its file.
    directory = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _explained(error: Exception) -> Exception:
    return (
        DiskFull()
        if getattr(error, "errno", None) in _FULL
        else Unavailable("The file could not be stored; try again later.")
    )
