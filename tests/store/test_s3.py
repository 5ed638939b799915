"""Files in a store that speaks S3, over real HTTP: moto plays it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from plauder.kit.errors import NotFound, Unavailable
from plauder.store.blobs import Blobs

pytestmark = pytest.mark.server
DATA = bytes(range(256)) * 50_000  # 12.8 MB: more than one part of an upload in parts


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A store with the bucket `files`, and the environment an operator would set; its port."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    assert httpx.put(f"http://{host}:{port}/files").status_code == 200
    for name, value in {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ALLOW_HTTP": "true",
    }.items():
        monkeypatch.setenv(name, value)
    yield port
    server.stop()


async def pieces(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 100_000):
        yield data[start : start + 100_000]


async def whole(store: Blobs, key: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([piece async for piece in await store.read(key, start, end)])


async def test_files_go_to_the_bucket_and_come_from_it(s3: int, tmp_path: Path) -> None:
    store = Blobs(tmp_path, "s3://files/network")
    await store.receive("photo", 0, pieces(DATA), limit=len(DATA))
    assert (await store.commit("photo")).size == len(DATA)
    assert httpx.get(f"http://127.0.0.1:{s3}/files/network/photo").content == DATA
    assert await whole(store, "photo") == DATA
    assert await whole(store, "photo", 1_000, 9_000_000) == DATA[1_000:9_000_000]
    assert list((tmp_path / "staging").iterdir()) == []
    await store.delete("photo")
    await store.delete("photo")
    with pytest.raises(NotFound):
        await store.read("photo")


async def test_while_the_bucket_is_away_uploads_wait_and_nothing_is_lost(
    s3: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = Blobs(tmp_path, "s3://files")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    closed = Blobs(tmp_path, "s3://files", patience=0)
    await closed.receive("photo", 0, pieces(DATA), limit=len(DATA))
    for attempt in (closed.commit("photo"), closed.read("photo"), closed.delete("photo")):
        with pytest.raises(Unavailable):
            await attempt
    assert closed.staged("photo") == len(DATA)
    await away.commit("photo")
    assert await whole(away, "photo") == DATA
