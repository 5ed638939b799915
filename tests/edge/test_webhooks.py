"""Deliveries: retries, order, death and replay, faults of receivers."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from plauder.business.shared.errors import GraphError
from plauder.business.shared.updates import Update
from plauder.business.webhooks import commands, rules, store
from plauder.edge import certificates
from plauder.edge.outbound import Outbound, OutboundFailed, Refused
from plauder.edge.webhooks import DeliverySettings, sampled
from plauder.kit.config import Config
from tests.business.cloud import LOOPBACK, Cloud


@pytest.fixture
async def cloud(tmp_path: Path):
    async with Cloud(tmp_path, delivery=DeliverySettings(give_up_after=timedelta(minutes=5))) as cloud:
        yield cloud


async def publish(cloud: Cloud, *texts: str, key: str = "c1", field: str = "messages") -> None:
    now = cloud.clock.now()
    async with cloud.database.begin() as uow:
        updates = [Update(cloud.waba, field, {"text": text}, now, key=key) for text in texts]
        await cloud.platform.publisher.publish(uow, updates)


async def count(cloud: Cloud, state: str) -> int:
    async with cloud.database.read() as uow:
        statement = select(func.count()).where(store.deliveries.c.state == state)
        return int((await uow.execute(statement)).scalar_one())


def heard(cloud: Cloud) -> list[str]:
    return [value["text"] for value in cloud.receiver.values()]


async def deliver(cloud: Cloud, seconds: float = 0.0) -> int:
    cloud.clock.advance(seconds)
    return await cloud.platform.webhooks.deliver_due()


async def test_one_post_per_update_signed(cloud: Cloud) -> None:
    await publish(cloud, "é", "b")
    await deliver(cloud)
    assert heard(cloud) == ["é", "b"]
    for headers, body in cloud.receiver.requests:
        good = hmac.new(cloud.secret.encode(), body, hashlib.sha256).hexdigest()
        assert headers["x-hub-signature-256"] == f"sha256={good}"
        assert headers["content-type"] == "application/json"
        assert body.isascii()
    assert await count(cloud, "due") == 0


async def test_a_failure_is_tried_again_and_holds_its_conversation_only(cloud: Cloud) -> None:
    cloud.receiver.status = 500
    await publish(cloud, "a1", "a2", key="a")
    assert await deliver(cloud) == 1
    cloud.receiver.status = 200
    await publish(cloud, "b1", key="b")
    await deliver(cloud)
    assert heard(cloud) == ["a1", "b1"]  # the failed try, then the other conversation
    cloud.receiver.requests.clear()
    await deliver(cloud, 2)
    assert heard(cloud) == ["a1", "a2"]


@pytest.mark.parametrize("status", [201, 204, 301, 302, 404, 429, 503])
async def test_only_200_counts(cloud: Cloud, status: int) -> None:
    cloud.receiver.status = status
    await publish(cloud, "x")
    await deliver(cloud)
    assert await count(cloud, "due") == 1


async def test_a_body_nobody_digests_is_overtaken_in_the_end(cloud: Cloud) -> None:
    cloud.receiver.status = 500
    await publish(cloud, "poison", "next")
    for attempt in range(rules.ORDERED_ATTEMPTS):
        await deliver(cloud, 1.3 * 2**attempt / 2)
    cloud.receiver.requests.clear()
    await deliver(cloud, 90)
    assert heard(cloud)[:2] == ["poison", "next"]


async def test_after_its_time_it_is_dead_and_can_be_replayed(cloud: Cloud) -> None:
    cloud.receiver.status = 500
    await publish(cloud, "a", "b")
    for _ in range(20):
        await deliver(cloud, 200)
    assert await count(cloud, "dead") == 2
    async with cloud.database.read() as uow:
        dead = await commands.dead_letters(uow, cloud.business)
        assert [row.last_status for row in dead] == [500, 500]
    cloud.receiver.status = 200
    cloud.receiver.requests.clear()
    async with cloud.database.begin() as uow:
        assert await commands.revive(uow, "1", at=cloud.clock.now()) == 0
        assert await commands.revive(uow, cloud.business, at=cloud.clock.now()) == 2
    await deliver(cloud)
    assert heard(cloud) == ["a", "b"]


async def test_a_dead_host_rests_and_the_living_go_on(cloud: Cloud) -> None:
    gone = "http://127.0.0.1:9/none"
    async with cloud.database.begin() as uow:
        await commands.override_number(uow, phone_id="77", app_id=cloud.app, override_url=gone)
    cloud.platform.publisher.changed()
    async with cloud.database.begin() as uow:
        now = cloud.clock.now()
        updates = [Update(cloud.waba, "messages", {"text": str(n)}, now, key=str(n), phone_id="77") for n in range(6)]
        await cloud.platform.publisher.publish(uow, updates)
    await publish(cloud, "alive", key="z")
    await deliver(cloud)
    assert heard(cloud) == ["alive"]
    assert await deliver(cloud, 1.0) == 0  # it rests
    assert await deliver(cloud, 60.0) == 6


async def test_the_callback_closest_to_the_number_wins(cloud: Cloud) -> None:
    url = cloud.receiver.url
    async with cloud.database.begin() as uow:
        await commands.subscribe_waba(uow, waba_id=cloud.waba, app_id=cloud.app, override_url=f"{url}/waba")
        await commands.override_number(uow, phone_id="1", app_id=cloud.app, override_url=f"{url}/phone")
        cloud.platform.publisher.changed()
        now = cloud.clock.now()
        for phone_id in ("1", "2"):
            item = Update(cloud.waba, "messages", {"text": phone_id}, now, phone_id=phone_id)
            await cloud.platform.publisher.publish(uow, [item])
        rows = (await uow.execute(select(store.deliveries.c.url))).scalars().all()
    assert rows == [f"{url}/phone", f"{url}/waba"]


async def test_unsubscribed_fields_are_not_sent(cloud: Cloud) -> None:
    async with cloud.database.begin() as uow:
        await commands.unsubscribe_app(uow, cloud.app, ["messages"])
    cloud.platform.publisher.changed()
    await publish(cloud, "x")
    await publish(cloud, "y", field="flows")
    await deliver(cloud)
    assert [body["entry"][0]["changes"][0]["field"] for body in cloud.receiver.bodies()] == ["flows"]


async def test_the_handshake(cloud: Cloud) -> None:
    handshake = cloud.platform.webhooks.handshake
    await handshake(cloud.receiver.url, "hello")
    await handshake(f"{cloud.receiver.url}?keep=1", "hello")
    for url, token in (
        (cloud.receiver.url, "wrong"),
        ("http://127.0.0.1:9/", "hello"),
        ("http://nowhere.invalid/", "hello"),
        ("http://10.0.0.1/", "hello"),
    ):
        with pytest.raises(GraphError) as caught:
            await handshake(url, token)
        assert caught.value.number == 2200


async def test_requests_to_private_networks_are_refused() -> None:
    outbound = Outbound()
    for url in (
        "http://127.0.0.1:9/",
        "http://localhost/",
        "http://[::1]/",
        "http://0x7f000001/",
        "http://2130706433/",
    ):
        with pytest.raises((Refused, OutboundFailed)):
            await outbound.get(url, timeout=2)


async def test_answers_are_bounded(cloud: Cloud) -> None:
    url = cloud.receiver.url + "?hub.verify_token=hello&hub.challenge=" + "1" * 500
    with pytest.raises(OutboundFailed):
        await cloud.platform.outbound.get(url, limit=100)
    assert (await cloud.platform.outbound.get(url, limit=500)).body == b"1" * 500


async def test_header_injection_is_refused(cloud: Cloud) -> None:
    with pytest.raises(OutboundFailed):
        await cloud.platform.outbound.post(cloud.receiver.url, b"", {"X": "a\r\nEvil: 1"})


async def test_the_journal_forgets(cloud: Cloud) -> None:
    await publish(cloud, "secret words")
    await deliver(cloud)
    async with cloud.database.read() as uow:
        assert len(await commands.read_journal(uow, cloud.business)) == 1
        assert await commands.read_journal(uow, "another") == []
    cloud.clock.advance(days=1.1)
    await cloud.platform.webhooks.flush_journal()
    async with cloud.database.read() as uow:
        assert await commands.read_journal(uow, cloud.business) == []


def test_under_load_the_journal_keeps_failures_and_a_sample() -> None:
    entries = [{"status": 500 if index % 100 == 7 else 200, "n": index} for index in range(1_000)]
    kept = sampled(entries)
    assert len(kept) < 100
    assert [entry for entry in kept if entry["status"] == 500] == [e for e in entries if e["status"] == 500]
    assert sampled(entries[:64]) == entries[:64]


# ── receivers that mean ill ───────────────────────────────────────────────────────────────────────────────────────

OK = b"HTTP/1.1 200 OK\r\n"
EVIL: dict[str, tuple[bytes, bytes]] = {
    "a huge body": (OK + b"Content-Length: 99999999999\r\n\r\n", b"x" * 65_536),
    "chunks for ever": (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"400\r\n" + b"x" * 1_024 + b"\r\n"),
    "a chunk extension for ever": (OK + b"Transfer-Encoding: chunked\r\n\r\n1;", b"x" * 65_536),
    "one header for ever": (OK + b"X-Long: ", b"x" * 65_536),
    "headers for ever": (OK, b"X-More: 1\r\n" * 1_000),
    "a trailer for ever": (OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX-Late: ", b"x" * 65_536),
    "promises for ever": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    "not HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n", b"\x00\xff" * 100),
    "a slow drip": (OK + b"Content-Length: 1000\r\n\r\n", b""),
    "silence": (b"", b""),
    "nothing at all": (b"close", b""),
    "half an answer": (OK + b"Content-Length: 10\r\n\r\nabcclose", b""),
    "two lengths": (OK + b"Content-Length: 1\r\nContent-Length: 3\r\n\r\nabcclose", b""),
    "a redirect to ourselves": (b"HTTP/1.1 307 X\r\nLocation: /hook\r\nContent-Length: 0\r\n\r\n", b""),
}


@pytest.mark.parametrize("name", EVIL)
async def test_a_receiver_that_means_ill_only_fails_its_own_delivery(tmp_path: Path, name: str) -> None:
    head, more = EVIL[name]
    serving: list[asyncio.Task[object] | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append(asyncio.current_task())
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(head.removesuffix(b"close"))
            while more:
                writer.write(more)
                await writer.drain()
            while not head.endswith(b"close"):
                if name == "a slow drip":
                    writer.write(b"x")
                await asyncio.sleep(0.02)
        except OSError:
            pass
        finally:
            writer.transport.abort() if more else writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    evil = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    async with Cloud(tmp_path, delivery=DeliverySettings(timeout=0.3)) as cloud:
        async with cloud.database.begin() as uow:
            await commands.override_number(uow, phone_id="77", app_id=cloud.app, override_url=evil)
            update = Update(cloud.waba, "messages", {"text": "x"}, cloud.clock.now(), key="a", phone_id="77")
            await cloud.platform.publisher.publish(uow, [update])
        await publish(cloud, "fine")
        await deliver(cloud)
        assert heard(cloud) == ["fine"]
        assert (await count(cloud, "due"), len(serving)) == (1, 1)
        async with cloud.database.read() as uow:
            entry = (await uow.execute(select(store.journal).where(store.journal.c.error != ""))).one()
    assert len(entry.response) <= 16_384
    server.close()
    for task in filter(None, serving):
        task.cancel()
    await asyncio.gather(*filter(None, serving), return_exceptions=True)
    await asyncio.sleep(0)


async def test_tls_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    made = certificates.files(Config(data_dir=tmp_path, domain="chat.example"), datetime.now(UTC))
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(made.certificate, made.key)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    trusting = ssl.create_default_context(cafile=made.ca)
    for context in (own, None):  # a stranger's certificate; a server that speaks no TLS at all
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        for tls in (None, trusting):  # the second knows the authority, but the name is another
            outbound = Outbound(allowed=LOOPBACK, tls=tls)
            with pytest.raises(OutboundFailed, match=r"Cannot connect|closed"):
                await outbound.post(f"https://127.0.0.1:{port}/hook", b"{}", timeout=5)
            outbound.close()
        server.close()
