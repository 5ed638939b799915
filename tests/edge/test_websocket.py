"""XMPP over WebSocket through uvicorn, with a client that is not ours."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import pytest
import uvicorn
import websockets

from plauder.core.door import Rules
from plauder.edge.http.address import Proxies
from plauder.edge.websocket import AddressOf, WebSocketListener, direct
from plauder.wire.xml import parse
from tests.live import Live, live

pytestmark = pytest.mark.server

FRAMING = "urn:ietf:params:xml:ns:xmpp-framing"
PLAIN = base64.b64encode(b"\0ana\0secret").decode()


async def application(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


@asynccontextmanager
async def serving(
    directory: Path, rules: Rules | None = None, address_of: AddressOf = direct
) -> AsyncIterator[tuple[Live, int]]:
    async with live(directory, rules=rules) as at:
        listener = WebSocketListener(at.door, address_of)
        config = uvicorn.Config(
            application,
            host="127.0.0.1",
            port=0,
            ws=listener.make,
            log_level="error",
            lifespan="off",  # type: ignore[arg-type]
        )
        server = uvicorn.Server(config)
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        task = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        try:
            yield at, server.servers[0].sockets[0].getsockname()[1]
        finally:
            server.should_exit = True
            await task


class Client:
    def __init__(self, socket: Any) -> None:
        self.socket = socket

    async def send(self, text: str) -> None:
        await self.socket.send(text)

    async def next(self) -> Element:
        async with asyncio.timeout(5):
            return parse((await self.socket.recv()).encode())

    async def until(self, tag: str) -> Element:
        while True:
            element = await self.next()
            if element.tag == tag:
                return element

    async def open(self) -> None:
        await self.send(f"<open xmlns='{FRAMING}' to='localhost' version='1.0'/>")
        assert (await self.next()).tag == f"{{{FRAMING}}}open"
        assert (await self.next()).tag == "{http://etherx.jabber.org/streams}features"

    async def login(self) -> str:
        await self.open()
        await self.send(f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{PLAIN}</auth>")
        assert (await self.next()).tag.endswith("success")
        await self.open()
        await self.send(
            "<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
            "<resource>web</resource></bind></iq>"
        )
        jid = (await self.next()).findtext(".//{urn:ietf:params:xml:ns:xmpp-bind}jid")
        assert jid is not None
        return jid


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Client]:
    async with websockets.connect(f"ws://127.0.0.1:{port}/ws", subprotocols=["xmpp"]) as socket:  # type: ignore[list-item]
        yield Client(socket)


async def test_who_hides_behind_a_proxy_is_counted_and_let_go_again(tmp_path: Path) -> None:
    """Anybody can send the header; nobody named the proxy that it speaks of."""
    rules = Rules(require_tls=False, connections_per_address=2)
    hidden = {"X-Forwarded-For": "192.0.2.7"}
    async with serving(tmp_path, rules, Proxies(()).of_upgrade) as (at, port):
        for _ in range(5):
            async with websockets.connect(
                f"ws://127.0.0.1:{port}/ws",
                subprotocols=["xmpp"],  # type: ignore[list-item]
                additional_headers=hidden,
            ) as socket:
                await Client(socket).open()
                assert at.door.count == 1
            async with asyncio.timeout(5):
                while at.door.count:
                    await asyncio.sleep(0.01)


async def test_a_browser_talks_to_itself(tmp_path: Path) -> None:
    async with serving(tmp_path) as (_, port), connected(port) as client:
        assert await client.login() == "ana@localhost/web"
        await client.send("<presence xmlns='jabber:client'/>")
        await client.send(
            "<message xmlns='jabber:client' to='ana@localhost' type='chat' id='1'><body>note</body></message>"
        )
        message = await client.until("{jabber:client}message")
        assert message.findtext("{jabber:client}body") == "note"
        await client.send(f"<close xmlns='{FRAMING}'/>")
        await client.until(f"{{{FRAMING}}}close")


async def test_the_http_port_still_serves_pages(tmp_path: Path) -> None:
    async with serving(tmp_path) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert b"hello" in await reader.read()
        writer.close()


@pytest.mark.parametrize(
    ("target", "protocol", "status"), [("/other", "xmpp", 404), ("/ws", "chat", 400), ("/ws?x=1", "xmpp", 101)]
)
async def test_a_handshake_for_something_else_is_refused(
    tmp_path: Path, target: str, protocol: str, status: int
) -> None:
    async with serving(tmp_path) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        key = base64.b64encode(bytes(16)).decode()
        writer.write(
            f"GET {target} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: {protocol}\r\n\r\n".encode()
        )
        assert (await reader.readline()).split()[1] == str(status).encode()
        writer.close()


async def test_malformed_xml_ends_the_stream_with_its_error(tmp_path: Path) -> None:
    async with serving(tmp_path) as (_, port), connected(port) as client:
        await client.open()
        await client.send("<auth><b></auth>")
        error = await client.until("{http://etherx.jabber.org/streams}error")
        assert error.find("{urn:ietf:params:xml:ns:xmpp-streams}not-well-formed") is not None


async def test_the_first_message_after_a_login_may_be_long(tmp_path: Path) -> None:
    async with serving(tmp_path) as (_, port), connected(port) as client:
        await client.open()
        await client.send(
            "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'>"
            f"<initial-response>{PLAIN}</initial-response><bind xmlns='urn:xmpp:bind:0'/></authenticate>"
        )
        await client.until("{urn:xmpp:sasl:2}success")
        body = "x" * 50_000
        await client.send(f"<message xmlns='jabber:client' to='ana@localhost'><body>{body}</body></message>")
        await client.send("<presence xmlns='jabber:client'/>")
        message = await client.until("{jabber:client}message")
        assert message.findtext("{jabber:client}body") == body
