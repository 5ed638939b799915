"""Streams that survive the process: what XEP-0198 needs to resume after a crash, in memory-mapped files.

A mapped page belongs to the kernel, so what is stored into it is there after the process was killed, at the price of a
store. It is not promised to survive the machine: after a reboot the files are void (they name the boot), no stream is
resumed, and nothing is lost, because what was acknowledged is in the inbox.

Each stream has a slot: a head with its counters, a ring with the numbers of the messages handed out last, and a page
of JSON. Heads and rings are mapped; the JSON is written with `pwrite`, so that an idle stream costs no mapped page.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import secrets
import struct
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from plauder.kit import log as logging

log = logging.get("store.resumption")

MAGIC: Final = b"plauder1"
CHUNK_SLOTS: Final = 1024
RING: Final = 320
"""Messages that are remembered per stream. At least `Limits.unacked`, or a resumed client may see some twice."""
_ENTRY: Final = struct.Struct("<QQQ")
"""count, number, mark"""
UNSURE: Final = 10 * 1_000_000 << 8
"""So long before the death of a process, as numbers count time, a message may have been handed out and not written, or
written without its sender being told: a commit window and a slow disk."""
DEATHS_MAX: Final = 1_000
_HEAD: Final = struct.Struct("<IIQQII")
"""in use, size of the JSON, stanzas of the client that are safe, messages handed out, acknowledged by the client, -"""
_HANDLED: Final = struct.Struct("<Q")
_ACKED: Final = struct.Struct("<I")
_AT_HANDLED: Final = 8
_AT_SENT: Final = 16
_AT_ACKED: Final = 24
JSON_MAX: Final = 4096
_TOP: Final = 4096
_HEADS: Final = _HEAD.size * CHUNK_SLOTS
_RING_SIZE: Final = _ENTRY.size * RING
_RINGS: Final = _RING_SIZE * CHUNK_SLOTS
_MAPPED: Final = _TOP + _HEADS + _RINGS
_FILE_SIZE: Final = _MAPPED + JSON_MAX * CHUNK_SLOTS

Json = Any


@dataclass(slots=True)
class Found:
    """A stream of the process before."""

    snapshot: dict[str, Json]
    handled: int
    acked: int
    sent: list[tuple[int, int, int]]
    slot: MappedSlot
    unsure: frozenset[int] = frozenset()


class MappedSlot:
    """The memory of one stream; see `core.remembered.Slot`."""

    __slots__ = ("_chunk", "_head", "_index", "_ring", "_written")

    def __init__(self, chunk: _Chunk, index: int) -> None:
        self._chunk: _Chunk | None = chunk
        self._index = index
        self._head = _TOP + index * _HEAD.size
        self._ring = _TOP + _HEADS + index * _RING_SIZE
        self._written = 0

    def handled(self, count: int) -> None:
        if self._chunk is not None:
            _HANDLED.pack_into(self._chunk.map, self._head + _AT_HANDLED, count)

    def sent(self, count: int, number: int, mark: int) -> None:
        chunk = self._chunk
        if chunk is not None:
            written = self._written
            _ENTRY.pack_into(chunk.map, self._ring + written % RING * _ENTRY.size, count, number, mark)
            self._written = written + 1
            # The entry first, then the count that makes it valid: a process can die in between.
            _HANDLED.pack_into(chunk.map, self._head + _AT_SENT, written + 1)

    def only_sent(self, sent: Sequence[tuple[int, int, int]]) -> None:
        if self._chunk is None:
            return
        self._written = 0
        _HANDLED.pack_into(self._chunk.map, self._head + _AT_SENT, 0)
        for entry in sent:
            self.sent(*entry)

    def acked(self, count: int) -> None:
        if self._chunk is not None:
            _ACKED.pack_into(self._chunk.map, self._head + _AT_ACKED, count % 2**32)

    def remember(self, snapshot: dict[str, Json]) -> None:
        chunk = self._chunk
        if chunk is None:
            return
        data = json.dumps(snapshot, separators=(",", ":")).encode()
        if len(data) > JSON_MAX:
            # Too much to remember: this stream cannot be resumed after a crash, and says so by not being found.
            struct.pack_into("<II", chunk.map, self._head, 1, 0)
            return
        struct.pack_into("<II", chunk.map, self._head, 1, 0)
        try:
            os.pwrite(chunk.file, data, _MAPPED + self._index * JSON_MAX)
        except OSError:
            return
        struct.pack_into("<II", chunk.map, self._head, 1, len(data))

    def close(self) -> None:
        chunk, self._chunk = self._chunk, None
        if chunk is not None:
            chunk.release(self._index)

    def read(self) -> Found | None:
        """What the process before left in this slot."""
        chunk = self._chunk
        assert chunk is not None
        in_use, size, handled, written, acked, _ = _HEAD.unpack_from(chunk.map, self._head)
        if not in_use or not 0 < size <= JSON_MAX:
            return None
        try:
            snapshot = json.loads(os.pread(chunk.file, size, _MAPPED + self._index * JSON_MAX))
        except ValueError:
            return None
        first = max(0, written - RING)
        sent: list[tuple[int, int, int]] = []
        for position in range(first, written):
            count, number, mark = _ENTRY.unpack_from(chunk.map, self._ring + position % RING * _ENTRY.size)
            sent.append((count, number, mark))
        self._written = written
        return Found(snapshot, handled, acked, sent, self)


class _Chunk:
    """One file of slots."""

    def __init__(self, path: Path, boot: bytes) -> None:
        self.file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        is_old = os.fstat(self.file).st_size == _FILE_SIZE and os.pread(self.file, 48, 0) == MAGIC + boot
        if not is_old:
            os.ftruncate(self.file, 0)
            # A store into a mapped hole kills the process when the disk is full, so there must be no holes.
            os.posix_fallocate(self.file, 0, _MAPPED)
            os.ftruncate(self.file, _FILE_SIZE)
            os.pwrite(self.file, MAGIC + boot, 0)
        self.map = mmap.mmap(self.file, _MAPPED)
        self.free: list[int] = []
        self.found: list[int] = []
        for index in range(CHUNK_SLOTS - 1, -1, -1):
            in_use = is_old and self.map[_TOP + index * _HEAD.size] == 1
            (self.found if in_use else self.free).append(index)

    def release(self, index: int) -> None:
        """The slot is free again, and nothing of what was in it remains."""
        head = _TOP + index * _HEAD.size
        size = struct.unpack_from("<I", self.map, head + 4)[0]
        self.map[head : head + _HEAD.size] = bytes(_HEAD.size)
        if size:
            os.pwrite(self.file, bytes(min(size, JSON_MAX)), _MAPPED + index * JSON_MAX)
        self.free.append(index)

    def close(self) -> None:
        self.map.close()
        os.close(self.file)


class MappedStreams:
    """All slots of this node; see `core.remembered.Streams`.

    Raises OSError when the directory cannot be used. When the disk is full later on, new streams get no slot.
    """

    def __init__(self, directory: Path, *, chunks_max: int = 64) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._directory = directory
        self._boot = boot_id()
        self._chunks_max = chunks_max
        self._chunks: list[_Chunk] = []
        self._found: dict[str, Found] = {}
        self._by_jid: dict[str, str] = {}
        self._deaths: list[int] = []
        while (self._path(len(self._chunks))).exists() and len(self._chunks) < chunks_max:
            self._add()

    def died(self, highest: int, resume_seconds: int) -> None:
        path = self._directory / "deaths"
        try:
            # Who wrote to somebody in the process before the last one may come back only now.
            before = [int(one) for one in path.read_text().split()] if path.exists() else []
        except (OSError, ValueError):
            before = []
        last = max(highest, *before, *(found.sent[-1][1] for found in self._found.values() if found.sent), 0)
        window = (resume_seconds * 1_000_000 << 8) + UNSURE
        self._deaths = [*[one for one in before if last - window < one < last][-DEATHS_MAX:], last]
        with contextlib.suppress(OSError):
            path.write_text("\n".join(map(str, self._deaths)))
        for found in self._found.values():
            found.unsure = frozenset(number for _, number, _ in found.sent if self.is_unsure(number))

    def is_unsure(self, number: int) -> bool:
        at = bisect_left(self._deaths, number)
        return at < len(self._deaths) and number > self._deaths[at] - UNSURE

    @property
    def unsure_since(self) -> int:
        return max(0, self._deaths[0] - UNSURE) if self._deaths else 0

    def _path(self, number: int) -> Path:
        return self._directory / f"streams.{number}"

    def _add(self) -> _Chunk:
        chunk = _Chunk(self._path(len(self._chunks)), self._boot)
        self._chunks.append(chunk)
        for index in chunk.found:
            slot = MappedSlot(chunk, index)
            found = slot.read()
            if found is None:
                slot.close()
            else:
                self._found[str(found.snapshot["id"])] = found
                self._by_jid[str(found.snapshot["jid"])] = str(found.snapshot["id"])
        return chunk

    def open(self) -> MappedSlot | None:
        for chunk in self._chunks:
            if chunk.free:
                return MappedSlot(chunk, chunk.free.pop())
        if len(self._chunks) >= self._chunks_max:
            return None
        try:
            chunk = self._add()
        except OSError:
            log.exception("no-slot-for-a-stream")
            return None
        return MappedSlot(chunk, chunk.free.pop())

    def find(self, resume_id: str) -> Found | None:
        found = self._found.pop(resume_id, None)
        if found is not None:
            self._by_jid.pop(str(found.snapshot["jid"]), None)
        return found

    def forget_device(self, jid: str) -> None:
        resume_id = self._by_jid.get(jid)
        found = self.find(resume_id) if resume_id is not None else None
        if found is not None:
            found.slot.close()

    @property
    def count(self) -> int:
        """Streams of the process before that were not asked for yet."""
        return len(self._found)

    def forget_all(self) -> None:
        """The time to resume is over for what the process before left."""
        for resume_id in tuple(self._found):
            found = self.find(resume_id)
            assert found is not None
            found.slot.close()

    def close(self) -> None:
        for chunk in self._chunks:
            chunk.close()
        self._chunks = []


def boot_id() -> bytes:
    """What tells one run of the machine from another, 40 bytes."""
    path = Path("/proc/sys/kernel/random/boot_id")
    # Where the system does not say, every start counts as another boot: safe, and nothing is resumed.
    text = path.read_text().strip() if path.exists() else secrets.token_hex(20)
    return text.encode()[:40].ljust(40, b"-")
