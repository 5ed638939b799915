"""The XMPP Compliance Suites (XEP-0479, 2023), server side: each row is looked at on the running program.

The table in the documentation is what was seen here. `PLAUDER_WRITE=1` writes it anew.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from xml.etree.ElementTree import Element

import httpx
import pytest

from plauder import app
from plauder.app import App
from plauder.edge.component import proof
from plauder.kit.config import Config
from plauder.wire.disco import Info
from plauder.wire.xml import parse

pytestmark = pytest.mark.server

TABLE = Path(__file__).parents[2] / "docs" / "reference" / "compliance.md"
GATE = "gate.localhost"
BOSH = "http://jabber.org/protocol/httpbind"
DISCO = "http://jabber.org/protocol/disco"
PUBSUB = "http://jabber.org/protocol/pubsub"
STREAMS = "xmlns:stream='http://etherx.jabber.org/streams'"


@dataclass
class Seen:
    """What the running server said of itself."""

    stream: set[str] = field(default_factory=set)
    """Namespaces of the stream features after login."""
    server: set[str] = field(default_factory=set)
    account: set[str] = field(default_factory=set)
    parts: set[str] = field(default_factory=set)
    """Features of its sub-domains."""
    room: set[str] = field(default_factory=set)
    links: set[str] = field(default_factory=set)
    """Connection methods of host-meta."""
    answers: set[str] = field(default_factory=set)
    """What was tried and worked."""


class Row(NamedTuple):
    suite: str
    level: str
    what: str
    documents: str
    holds: Callable[[Seen], bool]


def _on_server(var: str) -> Callable[[Seen], bool]:
    return lambda seen: var in seen.server


def _on_account(*wanted: str) -> Callable[[Seen], bool]:
    return lambda seen: seen.account >= set(wanted)


def _tried(what: str) -> Callable[[Seen], bool]:
    return lambda seen: what in seen.answers


def _stream(ns: str) -> Callable[[Seen], bool]:
    return lambda seen: ns in seen.stream


ROWS = (
    Row("Core", "Core", "Core features", "RFC 6120", _tried("login")),
    Row("Core", "Core", "TLS", "RFC 7590", _tried("starttls")),
    Row("Core", "Advanced", "Direct TLS", "XEP-0368", _tried("direct tls")),
    Row("Core", "Core", "Feature discovery", "XEP-0030", _on_server(f"{DISCO}#info")),
    Row("Core", "Advanced", "Feature broadcasts", "XEP-0115", _stream("http://jabber.org/protocol/caps")),
    Row("Core", "Core", "Server extensibility", "XEP-0114", _tried("component")),
    Row("Core", "Advanced", "Event publishing", "XEP-0163", _on_account(f"{PUBSUB}#publish", "pubsub/pep")),
    Row("Web", "Core", "Web connections: WebSocket", "RFC 7395", _tried("websocket")),
    Row("Web", "Core", "Web connections: BOSH", "XEP-0206, XEP-0124", _tried("bosh")),
    Row(
        "Web",
        "Client",
        "Connection discovery",
        "XEP-0156",
        lambda seen: seen.links >= {"urn:xmpp:alt-connections:websocket", "urn:xmpp:alt-connections:xbosh"},
    ),
    Row("IM", "Core", "Core features", "RFC 6121", _tried("roster")),
    Row("IM", "Advanced", "Avatar compatibility", "XEP-0398, XEP-0153", _on_account("urn:xmpp:pep-vcard-conversion:0")),
    Row("IM", "Core", "vcard-temp", "XEP-0054", _on_server("vcard-temp")),
    Row("IM", "Core", "Outbound synchronisation", "XEP-0280", _on_server("urn:xmpp:carbons:2")),
    Row("IM", "Advanced", "Blocking", "XEP-0191", _on_server("urn:xmpp:blocking")),
    Row("IM", "Core", "Group chat", "XEP-0045, XEP-0249", lambda seen: "http://jabber.org/protocol/muc" in seen.parts),
    Row("IM", "Advanced", "Bookmarks, old and new", "XEP-0402, XEP-0048", _on_account("urn:xmpp:bookmarks:1#compat")),
    Row(
        "IM",
        "Advanced",
        "Self-ping in rooms",
        "XEP-0410",
        lambda seen: "http://jabber.org/protocol/muc#self-ping-optimization" in seen.room,
    ),
    Row("IM", "Advanced", "History of rooms", "XEP-0313", lambda seen: "urn:xmpp:mam:2" in seen.room),
    Row(
        "IM",
        "Advanced",
        "Private data in nodes",
        "XEP-0223",
        _on_account(f"{PUBSUB}#publish-options", f"{PUBSUB}#persistent-items", f"{PUBSUB}#access-whitelist"),
    ),
    Row("IM", "Advanced", "Private XML storage", "XEP-0049", _on_server("jabber:iq:private")),
    Row("IM", "Advanced", "Stream management", "XEP-0198", _stream("urn:xmpp:sm:3")),
    Row("IM", "Advanced", "History", "XEP-0313", _on_account("urn:xmpp:mam:2")),
    Row("IM", "Core", "File upload", "XEP-0363", lambda seen: "urn:xmpp:http:upload:0" in seen.server | seen.parts),
    Row("Mobile", "Core", "Stream management", "XEP-0198", _stream("urn:xmpp:sm:3")),
    Row("Mobile", "Core", "Client state", "XEP-0352", _stream("urn:xmpp:csi:0")),
    Row("Mobile", "Advanced", "Push", "XEP-0357", _on_account("urn:xmpp:push:0")),
    Row("A/V", "Core", "STUN and TURN discovery", "XEP-0215", _on_server("urn:xmpp:extdisco:2")),
)

IN_PART = {
    "History": "What is still stored for one of the account's devices; there is no other archive.",
    "History of rooms": "For members, from the same: what still waits for one of their devices.",
}
NOTES = {
    "Connection discovery": "Asked of clients alone; this is the server's side of it.",
    "Group chat": "Direct invitations are the clients' business, and passed on.",
}


class Web:
    """A client that asks over BOSH."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.rid = 1
        self.sid = ""

    async def post(self, inner: str = "", attrs: str = "") -> Element:
        self.rid += 1
        sid = f" sid='{self.sid}'" if self.sid else ""
        data = f"<body xmlns='{BOSH}' rid='{self.rid}'{sid} {attrs}>{inner}</body>"
        return parse((await self.http.post("/http-bind", content=data)).content)

    async def ask(self, xml: str, to: str = "", kind: str = "get") -> Element:
        """The answer to an IQ."""
        key = f"q{self.rid}"
        address = f" to='{to}'" if to else ""
        body = await self.post(f"<iq xmlns='jabber:client' type='{kind}' id='{key}'{address}>{xml}</iq>")
        async with asyncio.timeout(20):
            while True:
                for child in body:
                    if child.get("id") == key:
                        return child
                body = await self.post()

    async def info(self, to: str) -> Info:
        answer = await self.ask(f"<query xmlns='{DISCO}#info'/>", to)
        return Info.parse(answer[0])


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[App]:
    config = Config(
        data_dir=tmp_path / "data",
        http={"port": 0},  # type: ignore[arg-type]
        xmpp={"port": 0, "tls_port": 0},  # type: ignore[arg-type]
        components={"port": 0, "secrets": {GATE: "geheim"}},  # type: ignore[arg-type]
        calls={"relays": ["turn:127.0.0.1:3478"], "secret": "geheim"},  # type: ignore[arg-type]
    )
    async with app.running(config) as running:
        await running.devices.create_with_password("ana", "geheim-123456")
        yield running


async def look(served: App) -> Seen:
    seen = Seen()
    await _try_tls(served, seen)
    await _try_component(served, seen)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{served.http_port}", timeout=30) as http:
        links = (await http.get("/.well-known/host-meta.json")).json()["links"]
        seen.links = {link["rel"] for link in links}
        await _try_websocket(served, seen)
        await _ask(Web(http), seen)
    return seen


async def _ask(web: Web, seen: Seen) -> None:
    web.sid = (await web.post(attrs="to='localhost' wait='1' hold='1'")).get("sid", "")
    secret = b64encode(b"\0ana\0geheim-123456").decode()
    auth = f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{secret}</auth>"
    assert (await web.post(auth))[0].tag.endswith("}success")
    features = (await web.post(attrs="xmlns:xmpp='urn:xmpp:xbosh' xmpp:restart='true' to='localhost'"))[0]
    seen.stream = {child.tag[1:].partition("}")[0] for child in features}
    await web.ask("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>", kind="set")
    seen.answers |= {"bosh", "login"}
    if (await web.ask("<query xmlns='jabber:iq:roster'/>")).get("type") == "result":
        seen.answers.add("roster")
    seen.server = _vars(await web.info("localhost"))
    seen.account = _vars(await web.info("ana@localhost"))
    items = await web.ask(f"<query xmlns='{DISCO}#items'/>", "localhost")
    for item in items[0]:
        found = _vars(await web.info(item.get("jid", "")))
        seen.parts |= found
        if "http://jabber.org/protocol/muc" in found:
            await _open_room(web, f"tea@{item.get('jid')}", seen)


async def _open_room(web: Web, room: str, seen: Seen) -> None:
    join = "<x xmlns='http://jabber.org/protocol/muc'/>"
    await web.post(f"<presence xmlns='jabber:client' to='{room}/Ana'>{join}</presence>")
    form = "<x xmlns='jabber:x:data' type='submit'/>"
    await web.ask(f"<query xmlns='http://jabber.org/protocol/muc#owner'>{form}</query>", room, "set")
    seen.room = _vars(await web.info(room))


def _vars(info: Info) -> set[str]:
    return {*info.features, *(f"{one.category}/{one.type}" for one in info.identities)}


async def _try_tls(served: App, seen: Seen) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.xmpp_port)
    header = f"<stream:stream xmlns='jabber:client' {STREAMS} to='localhost' version='1.0'>"
    writer.write(header.encode())
    async with asyncio.timeout(10):
        said = await reader.readuntil(b"</stream:features>")
    if b"<required/>" in said and b"xmpp-tls" in said:
        seen.answers.add("starttls")
    writer.close()
    trust = ssl.create_default_context(cafile=served.certificate.ca)
    trust.set_alpn_protocols(["xmpp-client"])
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", served.xmpps_port, ssl=trust, server_hostname="localhost"
    )
    writer.write(header.encode())
    async with asyncio.timeout(10):
        if b"mechanisms" in await reader.readuntil(b"</stream:features>"):
            seen.answers.add("direct tls")
    writer.close()


async def _try_component(served: App, seen: Seen) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.component_port)
    opening = (
        f"<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='{GATE}'>"
    )
    writer.write(opening.encode())
    async with asyncio.timeout(10):
        await reader.readuntil(b"?>")
        header = (await reader.readuntil(b">")).decode()
        key = header.partition(" id='")[2].partition("'")[0]
        writer.write(f"<handshake>{proof(key, 'geheim')}</handshake>".encode())
        if b"<handshake/>" in await reader.readuntil(b">"):
            seen.answers.add("component")
    writer.close()


async def _try_websocket(served: App, seen: Seen) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.http_port)
    lines = (
        "GET /ws HTTP/1.1",
        "Host: localhost",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol: xmpp",
        "",
        "",
    )
    writer.write("\r\n".join(lines).encode())
    async with asyncio.timeout(10):
        if b" 101 " in await reader.readline():
            seen.answers.add("websocket")
    writer.close()


def table(seen: Seen) -> str:
    lines = [
        "# XMPP Compliance Suites 2023 (XEP-0479), server",
        "",
        "Made by `tests/clients/test_compliance.py` from what the running program answered; do not edit.",
        "",
        "| suite | level | feature | document | here |",
        "|---|---|---|---|---|",
    ]
    for row in ROWS:
        here = "yes" if row.holds(seen) else "no"
        if row.what in IN_PART and here == "yes":
            here = "in part"
        note = IN_PART.get(row.what) or NOTES.get(row.what)
        note = f": {note}" if note else ""
        lines.append(f"| {row.suite} | {row.level} | {row.what} | {row.documents} | {here}{note} |")
    return "\n".join(lines) + "\n"


async def test_the_suites(served: App) -> None:
    seen = await look(served)
    made = table(seen)
    if os.environ.get("PLAUDER_WRITE"):
        TABLE.write_text(made)
    assert TABLE.read_text() == made
    assert [row.what for row in ROWS if not row.holds(seen)] == []
