"""A whole server wakes a browser: the endpoint here is the browser's push service and the browser, and decrypts."""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path

import http_ece
import httpx
import pytest
import slixmpp
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02

from plauder import app
from plauder.app import App
from plauder.edge.push.web import PAYLOAD
from tests.test_app import config, log_in

pytestmark = pytest.mark.server


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class PushService:
    """Answers every POST with `status`; what came is in `arrived`: (headers, decrypted body)."""

    def __init__(self) -> None:
        self.status = 201
        self.arrived: asyncio.Queue[tuple[dict[str, str], bytes]] = asyncio.Queue()
        self._key, self._auth = ec.generate_private_key(ec.SECP256R1()), os.urandom(16)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/wake/me"

    def stop(self) -> None:
        self._server.close()

    def subscription(self) -> dict[str, object]:
        point = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {"endpoint": self.url, "keys": {"p256dh": b64(point), "auth": b64(self._auth)}}

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:] if line)}
        body = await reader.readexactly(int(headers["content-length"]))
        plain = http_ece.decrypt(body, private_key=self._key, auth_secret=self._auth, version="aes128gcm")
        writer.write(b"HTTP/1.1 %d Said\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % self.status)
        await writer.drain()
        writer.close()
        self.arrived.put_nowait((headers, plain))


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[App]:
    async with app.running(config(tmp_path / "data")) as running:
        running.outbound.allowed = (ip_network("127.0.0.0/8"),)
        yield running


@pytest.fixture
async def browser() -> AsyncIterator[PushService]:
    service = PushService()
    await service.start()
    yield service
    service.stop()


async def invited(served: App, name: str) -> tuple[str, str]:
    token, _ = await served.invites.create(None, uses=1)
    async with httpx.AsyncClient(base_url=served.local_url) as http:
        path = f"/api/v1/invites/{token}/accept"
        given = (await http.post(path, json={"username": name, "device_name": "Browser"})).json()
    return given["jid"], given["password"]


async def come_and_go(served: App, login: tuple[str, str]) -> None:
    client = await log_in(served, *login)
    await client.disconnect()


def say(client: slixmpp.ClientXMPP, to: str, text: str) -> None:
    client.send_message(slixmpp.JID(to), text)


async def test_a_browser_is_woken_once_a_chat_and_told_nothing(served: App, browser: PushService) -> None:
    ana, bruno = await invited(served, "anna"), await invited(served, "bruno")
    async with httpx.AsyncClient(base_url=served.local_url, auth=bruno) as http:
        await http.put("/api/v1/push/subscription", json=browser.subscription())
        vapid = (await http.get("/api/v1/push/vapid")).json()["key"]
    await come_and_go(served, bruno)
    client = await log_in(served, *ana)
    for text in ("secret one", "secret two"):
        say(client, bruno[0], text)
    async with asyncio.timeout(20):
        headers, plain = await browser.arrived.get()
    await client.disconnect()
    assert plain == PAYLOAD
    assert Vapid02.verify(headers["authorization"])
    assert vapid in headers["authorization"]
    assert (headers["urgency"], headers["content-encoding"]) == ("high", "aes128gcm")
    assert "anna" not in str(headers)
    assert browser.arrived.empty()


async def test_the_test_button_tells_what_each_hop_said(served: App, browser: PushService) -> None:
    login = await invited(served, "bruno")
    async with httpx.AsyncClient(base_url=served.local_url, auth=login) as http:

        async def hops() -> list[tuple[str, bool]]:
            return [(hop["hop"], hop["ok"]) for hop in (await http.post("/api/v1/push/test")).json()]

        assert await hops() == [("server", False)]
        await http.put("/api/v1/push/subscription", json=browser.subscription())
        assert await hops() == [("server", True), ("127.0.0.1", True)]
        for browser.status in (429, 500, 410):
            assert await hops() == [("server", True), ("127.0.0.1", False)]
        assert await hops() == [("server", False)], "what is gone is forgotten"
        # Nobody may make the server knock at doors inside.
        served.outbound.allowed = ()
        await http.put("/api/v1/push/subscription", json=browser.subscription())
        answer = (await http.post("/api/v1/push/test")).json()
        assert "private network" in answer[-1]["detail"]
