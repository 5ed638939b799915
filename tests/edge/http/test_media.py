"""Media over HTTP: in whole, in pieces, out in ranges."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from plauder.edge.http.media import router
from plauder.features.media.rules import Policy
from plauder.features.media.service import Grant, Media, Refused
from plauder.kit.clock import FakeClock
from plauder.store.blobs import Blobs
from tests import databases
from tests.edge.http.conftest import Client

PHOTO = bytes(range(256)) * 10_000  # 2.56 MB: more than other bodies may have
Ask = Callable[..., Awaitable[Grant]]


@pytest.fixture
async def media(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Media]:
    database = databases.fresh(tmp_path / "m.db")
    policy = Policy(max_bytes=4 << 20, daily_bytes=8 << 20)
    yield Media(
        database,
        Blobs(tmp_path / "media"),
        clock,
        base_url="http://localhost:8080",
        policy=policy,
        retention_days=30,
    )
    await database.close()


@pytest.fixture
def web(client: Client, media: Media, clock: FakeClock) -> httpx.AsyncClient:
    return client(router(media), clock=clock)


async def ask(media: Media, size: int = len(PHOTO), name: str = "photo.jpg", kind: str = "image/jpeg") -> Grant:
    return await media.grant("ana@localhost", name, size, kind)


def key(grant: Grant) -> dict[str, str]:
    return {"Authorization": f"Bearer {grant.secret}"}


async def upload(web: httpx.AsyncClient, media: Media, **what: str) -> Grant:
    grant = await ask(media, **what)  # type: ignore[arg-type]
    assert (await web.put(grant.put_url, content=PHOTO, headers=key(grant))).status_code == 201
    return grant


async def test_what_was_put_is_got(web: httpx.AsyncClient, media: Media) -> None:
    grant = await upload(web, media)
    answer = await web.get(grant.get_url)
    assert answer.content == PHOTO
    assert answer.headers["content-type"] == "image/jpeg"
    assert "immutable" in answer.headers["cache-control"]
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["access-control-allow-origin"] == "*"
    again = await web.get(grant.get_url, headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("header", "status", "start", "end"),
    [
        ("bytes=0-99", 206, 0, 100),
        ("bytes=100-", 206, 100, None),
        ("bytes=-50", 206, -50, None),
        ("bytes=0-99999999999", 200, 0, None),
        ("bytes=5-4", 416, 0, 0),
        ("bytes=99999999-", 416, 0, 0),
        ("bytes=-0", 416, 0, 0),
        ("bytes=0-1,5-6", 200, 0, None),
        ("lines=1-2", 200, 0, None),
        ("bytes=" + "9" * 400 + "-", 200, 0, None),
        ("bytes=\u00b2-", 200, 0, None),
    ],
)
async def test_ranges(
    web: httpx.AsyncClient, media: Media, header: str, status: int, start: int, end: int | None
) -> None:
    grant = await upload(web, media)
    answer = await web.get(grant.get_url, headers={"Range": header.encode("latin-1")})
    assert answer.status_code == status
    if status != 416:
        assert answer.content == PHOTO[start:end]


@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "application/pdf", "nonsense"])
async def test_what_could_act_is_only_ever_a_download(web: httpx.AsyncClient, media: Media, kind: str) -> None:
    grant = await upload(web, media, kind=kind, name="evil.html")
    answer = await web.get(grant.get_url)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''evil.html"


async def test_an_upload_that_broke_off_goes_on(web: httpx.AsyncClient, media: Media) -> None:
    grant = await ask(media)
    first = await web.patch(grant.put_url, content=PHOTO[:1_000_000], headers=key(grant) | {"Upload-Offset": "0"})
    assert (first.status_code, first.headers["upload-offset"]) == (204, "1000000")
    assert (await web.get(grant.get_url)).status_code == 404
    state = await web.head(grant.put_url, headers=key(grant))
    assert (state.headers["upload-offset"], state.headers["upload-length"]) == ("1000000", str(len(PHOTO)))
    wrong = await web.patch(grant.put_url, content=b"x", headers=key(grant) | {"Upload-Offset": "5"})
    assert wrong.status_code == 409
    rest = await web.patch(grant.put_url, content=PHOTO[1_000_000:], headers=key(grant) | {"Upload-Offset": "1000000"})
    assert rest.status_code == 204
    assert (await web.get(grant.get_url)).content == PHOTO


async def test_a_put_after_a_broken_one_starts_anew(web: httpx.AsyncClient, media: Media) -> None:
    grant = await ask(media)
    await web.patch(grant.put_url, content=b"half", headers=key(grant) | {"Upload-Offset": "0"})
    assert (await web.put(grant.put_url, content=PHOTO, headers=key(grant))).status_code == 201
    assert (await web.get(grant.get_url)).content == PHOTO


async def test_only_the_announced_bytes_only_once_only_with_the_secret(web: httpx.AsyncClient, media: Media) -> None:
    grant = await ask(media)
    assert (await web.put(grant.put_url, content=PHOTO)).status_code == 401
    assert (await web.put(grant.put_url, content=PHOTO, headers={"Authorization": "Bearer no"})).status_code == 403
    assert (await web.put(grant.put_url, content=PHOTO + b"x", headers=key(grant))).status_code == 400
    assert (await web.put(grant.put_url, content=PHOTO[:-1], headers=key(grant))).status_code == 400
    assert (await web.put(grant.put_url, content=PHOTO, headers=key(grant))).status_code == 201
    assert (await web.put(grant.put_url, content=PHOTO, headers=key(grant))).status_code == 403
    assert (await web.get(grant.get_url)).content == PHOTO


async def test_chunked_bodies_cannot_grow_beyond_the_slot(web: httpx.AsyncClient, media: Media) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(4_000):
            yield PHOTO[:4096]

    grant = await ask(media)
    assert (await web.put(grant.put_url, content=endless(), headers=key(grant))).status_code == 413
    assert (await web.get(grant.get_url)).status_code == 404


async def test_files_go_when_deleted_expired_or_forgotten(
    web: httpx.AsyncClient, media: Media, clock: FakeClock
) -> None:
    one, two, three = [await upload(web, media) for _ in range(3)]
    assert (await web.delete(one.get_url, headers=key(two))).status_code == 403
    assert (await web.delete(one.get_url, headers=key(one))).status_code == 204
    assert (await web.get(one.get_url)).status_code == 404
    clock.advance(days=31)
    assert (await web.get(two.get_url)).status_code == 404
    assert await media.sweep() == 2
    four = await upload(web, media)
    await media.forget("ana@localhost")
    assert (await web.get(four.get_url)).status_code == 404
    assert (await web.get(three.get_url)).status_code == 404


async def test_a_day_has_a_quota(web: httpx.AsyncClient, media: Media, clock: FakeClock) -> None:
    for _ in range(3):
        await ask(media)
    with pytest.raises(Refused):
        await ask(media)
    clock.advance(days=1.1)
    await ask(media)


@pytest.mark.parametrize(
    "path", ["/media/x/y", "/media/..%2f..%2fetc/passwd", "/media/", "/media/" + "a" * 5_000 + "/b"]
)
async def test_unknown_addresses_are_not_found(web: httpx.AsyncClient, path: str) -> None:
    answer = await web.get(path)
    assert answer.status_code == 404
    assert "Traceback" not in answer.text


async def test_other_origins_may_ask(web: httpx.AsyncClient, media: Media) -> None:
    answer = await web.options((await ask(media)).put_url)
    assert answer.status_code == 204
    assert "PUT" in answer.headers["access-control-allow-methods"]


async def test_an_upload_that_stands_still_holds_no_connection(client: Client, media: Media, clock: FakeClock) -> None:
    async def stalled() -> AsyncIterator[bytes]:
        yield PHOTO[:1_000]
        await asyncio.Event().wait()

    web = client(router(media, patience=0.01), clock=clock)
    grant = await ask(media)
    answer = await web.patch(grant.put_url, content=stalled(), headers=key(grant) | {"Upload-Offset": "0"})
    assert answer.json()["error"]["code"] == "upload-broken-off"
    assert (await web.head(grant.put_url, headers=key(grant))).headers["upload-offset"] == "1000"


async def test_other_origins_can_read_why_they_were_refused(web: httpx.AsyncClient, media: Media) -> None:
    refused = await web.put((await ask(media)).put_url, content=PHOTO, headers={"Authorization": "Bearer no"})
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (403, "*")


async def test_checksums_come_along_and_are_checked(web: httpx.AsyncClient, media: Media) -> None:
    def digest(data: bytes) -> dict[str, str]:
        return {"Repr-Digest": f"sha-256=:{base64.b64encode(hashlib.sha256(data).digest()).decode()}:"}

    grant = await ask(media)
    for wrong in ("sha-256=:AAAA:", "sha-256=:!!:"):
        headers = key(grant) | {"Repr-Digest": wrong}
        assert (await web.put(grant.put_url, content=PHOTO, headers=headers)).json()["error"]["code"] == "bad-input"
    damaged = await web.put(grant.put_url, content=PHOTO[:-1] + b"?", headers=key(grant) | digest(PHOTO))
    assert damaged.json()["error"]["code"] == "wrong-checksum"
    assert (await web.put(grant.put_url, content=PHOTO, headers=key(grant) | digest(PHOTO))).status_code == 201
    assert (await web.get(grant.get_url)).headers["repr-digest"] == digest(PHOTO)["Repr-Digest"]


async def test_what_a_cache_asks_is_answered(web: httpx.AsyncClient, media: Media) -> None:
    grant = await upload(web, media)
    tag = (await web.head(grant.get_url)).headers["etag"]
    for known in (tag, f'"other", W/{tag}', "*"):
        answer = await web.get(grant.get_url, headers={"If-None-Match": known})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    assert (await web.get(grant.get_url, headers={"If-None-Match": '"other"'})).status_code == 200
    part = {"Range": "bytes=0-9"}
    assert (await web.get(grant.get_url, headers=part | {"If-Range": tag})).content == PHOTO[:10]
    assert (await web.get(grant.get_url, headers=part | {"If-Range": '"other"'})).content == PHOTO


async def test_a_file_that_somebody_has_goes_sooner(client: Client, clock: FakeClock, tmp_path: Path) -> None:
    database = databases.fresh(tmp_path / "m.db")
    media = Media(
        database,
        Blobs(tmp_path / "media"),
        clock,
        base_url="http://localhost:8080",
        policy=Policy(),
        retention_days=30,
        downloaded_days=2,
    )
    web = client(router(media), clock=clock)
    got, left = await upload(web, media), await upload(web, media)
    await web.get(got.get_url, headers={"Range": "bytes=0-99"})
    clock.advance(days=3)
    assert (await web.get(got.get_url)).status_code == 200
    clock.advance(days=1)
    assert (await web.get(got.get_url)).status_code == 200
    clock.advance(days=1.5)
    assert (await web.get(got.get_url)).status_code == 404
    assert (await web.head(left.get_url)).status_code == 200
    await database.close()


async def test_bytes_that_all_came_before_a_crash_become_a_file(web: httpx.AsyncClient, media: Media) -> None:
    grant = await ask(media)
    await media._blobs.receive(grant.slot.id, 0, _once(PHOTO), limit=len(PHOTO))
    state = await web.head(grant.put_url, headers=key(grant))
    assert state.headers["upload-offset"] == str(len(PHOTO))
    assert (await web.get(grant.get_url)).content == PHOTO


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
