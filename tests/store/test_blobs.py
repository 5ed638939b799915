import asyncio
import hashlib
import resource
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from plauder.kit.errors import Conflict, NotFound, TooLarge
from plauder.store.blobs import BLOCK, Blobs, DiskFull, WrongChecksum


@pytest.fixture(params=["local", "memory"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    return Blobs(tmp_path, "" if request.param == "local" else "memory:///")


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def whole(blobs: Blobs, key: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([piece async for piece in await blobs.read(key, start, end)])


async def test_what_is_put_can_be_read_in_any_range(blobs: Blobs) -> None:
    data = bytes(range(256)) * 3_000
    stored = await blobs.put("a/b", data)
    assert stored.size == len(data)
    assert await whole(blobs, "a/b") == data
    assert await whole(blobs, "a/b", 1_000, 400_000) == data[1_000:400_000]
    assert await whole(blobs, "a/b", len(data) - 5) == data[-5:]


async def test_an_interrupted_upload_goes_on_where_it_stopped(blobs: Blobs) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"first "
        raise ConnectionResetError

    with pytest.raises(Exception, match="could not be stored"):
        await blobs.receive("k", 0, broken(), limit=100)
    assert blobs.staged("k") == 6
    with pytest.raises(Conflict):
        await blobs.receive("k", 0, pieces(b"again"), limit=100)
    assert await blobs.receive("k", 6, pieces(b"second"), limit=100) == 12
    assert (await blobs.commit("k")).size == 12
    assert await whole(blobs, "k") == b"first second"
    assert blobs.staged("k") == 0


async def test_more_than_announced_is_refused(blobs: Blobs) -> None:
    with pytest.raises(TooLarge):
        await blobs.receive("k", 0, pieces(b"12345", b"6"), limit=5)
    blobs.abandon("k")
    assert blobs.staged("k") == 0


async def test_what_is_not_there_is_not_found_and_can_be_deleted(blobs: Blobs) -> None:
    with pytest.raises(NotFound):
        await blobs.read("nothing")
    await blobs.delete("nothing")
    await blobs.put("k", b"x")
    await blobs.delete("k")
    with pytest.raises(NotFound):
        await blobs.read("k")


@pytest.fixture
def small_disk() -> Iterator[None]:
    import signal

    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


async def test_a_full_disk_is_said_and_leaves_nothing_half(tmp_path: Path, small_disk: None) -> None:
    blobs = Blobs(tmp_path)
    with pytest.raises(DiskFull):
        await blobs.put("k", b"x" * 200_000)
    with pytest.raises(NotFound):
        await blobs.read("k")


async def test_the_last_bytes_of_the_disk_are_left_to_others(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path, min_free_bytes=1 << 60)
    assert not blobs.has_room(1)
    with pytest.raises(DiskFull):
        await blobs.put("k", b"x")
    assert Blobs(tmp_path, min_free_bytes=1).has_room(1)


async def test_checksums_are_of_what_is_there(blobs: Blobs) -> None:
    data = bytes(range(256)) * 9_000  # more than two blocks
    expected = hashlib.sha256(data).hexdigest()
    assert (await blobs.put("at-once", data)).sha256 == expected
    await blobs.receive("in-two", 0, pieces(data[:BLOCK], b"12"), limit=len(data))
    blobs.abandon("in-two")
    await blobs.receive("in-two", 0, pieces(data[:-5]), limit=len(data))
    await blobs.receive("in-two", len(data) - 5, pieces(data[-5:]), limit=len(data))
    assert (await blobs.commit("in-two", expected)).sha256 == expected


async def test_other_bytes_than_announced_are_thrown_away(blobs: Blobs) -> None:
    await blobs.receive("k", 0, pieces(b"damaged"), limit=7)
    with pytest.raises(WrongChecksum):
        await blobs.commit("k", hashlib.sha256(b"genuine").hexdigest())
    assert blobs.staged("k") == 0


@pytest.mark.parametrize("piece", [b"late", b"late" + bytes(BLOCK)])
async def test_a_connection_thought_dead_writes_no_more_once_another_goes_on(blobs: Blobs, piece: bytes) -> None:
    gate = asyncio.Event()

    async def hanging() -> AsyncIterator[bytes]:
        yield bytes(BLOCK)
        await gate.wait()
        yield piece

    old = asyncio.create_task(blobs.receive("k", 0, hanging(), limit=4 * BLOCK))
    while blobs.staged("k") < BLOCK:
        await asyncio.sleep(0)
    assert await blobs.receive("k", BLOCK, pieces(b"new"), limit=4 * BLOCK) == BLOCK + 3
    gate.set()
    with pytest.raises(Conflict):
        await old
    await blobs.commit("k")
    assert await whole(blobs, "k") == bytes(BLOCK) + b"new"
