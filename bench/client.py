"""A load client that does as little as it can: raw bytes in, counts out. TCP, TLS or WebSocket.

It speaks enough XMPP to register, log in with SCRAM and enable stream management, then leaves every stanza to
`on_stanza`. It is no parser: what a benchmark's servers send is cut at closing tags.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import re
import secrets
import ssl
import struct
from collections.abc import Callable
from functools import lru_cache
from typing import cast

from bench.peers import DOMAIN, Peer

PATIENCE = 600.0
"""Seconds that an answer may take: on a busy machine ten thousand logins are slow, and a row is better than none."""
CLIENT = "xmlns='jabber:client'"
_TOP = re.compile(
    rb"<(?:stream:)?(message|iq|presence|features|challenge|success|failure|error|open)\b"
    rb"(?:[^>]*?/>|.*?</(?:stream:)?\1>)|<(?:r|a|enabled|resumed)\b[^>]*>(?:</(?:r|a|enabled)>)?",
    re.DOTALL,
)
_ID = re.compile(rb"\bid=['\"]([^'\"]*)")


class Client(asyncio.Protocol):
    """One connection of one user."""

    def __init__(self, peer: Peer, user: str, password: str, *, kind: str = "tcp", resource: str = "bench") -> None:
        self.peer, self.user, self.password, self.kind, self.resource = peer, user, password, kind, resource
        self.jid = f"{user}@{DOMAIN}/{resource}"
        self.on_stanza: Callable[[bytes], None] | None = None
        self.handled = 0
        self.acked = 0
        self.manages = False
        self._buffer = b""
        self._frames = b""
        self._waiting: list[tuple[bytes, asyncio.Future[bytes]]] = []
        self._transport: asyncio.Transport | None = None
        self._upgraded: asyncio.Future[None] | None = None

    # ── the socket ────────────────────────────────────────────────────────────────────────────────────────────────

    async def connect(self) -> None:
        ports, loop = self.peer.ports, asyncio.get_running_loop()
        port = {"tcp": ports.tcp, "tls": ports.tls, "ws": ports.http}[self.kind]
        context = None
        if self.kind == "tls":
            context = _context()
        await loop.create_connection(lambda: self, "127.0.0.1", port, ssl=context)
        if self.kind == "ws":
            self._upgraded = loop.create_future()
            assert self._transport is not None
            self._transport.write(
                f"GET {self.peer.ws_path} HTTP/1.1\r\nHost: {DOMAIN}:{port}\r\nUpgrade: websocket\r\n"
                "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: xmpp\r\n"
                "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
            )
            await asyncio.wait_for(self._upgraded, 60)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are asyncio.Transport in all but name.
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        for future in (self._upgraded, *(future for _, future in self._waiting)):
            if future is not None and not future.done():
                future.set_exception(ConnectionError(f"{self.user}: connection lost: {self._buffer[-300:]!r}"))

    def write(self, data: bytes) -> None:
        assert self._transport is not None
        self._transport.write(data if self.kind != "ws" else _frame(data))

    def write_each(self, *stanzas: bytes) -> None:
        """Several elements at once: one write, and on WebSocket one frame each."""
        assert self._transport is not None
        self._transport.write(b"".join(stanzas if self.kind != "ws" else map(_frame, stanzas)))

    def data_received(self, data: bytes) -> None:
        if self.kind == "ws":
            data = self._unframe(data)
        self._buffer += data
        end = 0
        for found in _TOP.finditer(self._buffer):
            end = found.end()
            self._element(found.group())
        if end:
            self._buffer = self._buffer[end:]

    def _unframe(self, data: bytes) -> bytes:
        assert self._upgraded is not None
        self._frames += data
        if not self._upgraded.done():
            head, end, rest = self._frames.partition(b"\r\n\r\n")
            if not end:
                return b""
            if b" 101 " not in head.split(b"\r\n")[0]:
                self._upgraded.set_exception(ConnectionError(head.decode()))
                return b""
            self._upgraded.set_result(None)
            self._frames = rest
        out = []
        frames, at = self._frames, 0
        while len(frames) - at >= 2:
            size, head = frames[at + 1] & 127, 2
            if size == 126:
                head = 4
                if len(frames) - at < head:
                    break
                size = struct.unpack_from("!H", frames, at + 2)[0]
            elif size == 127:
                head = 10
                if len(frames) - at < head:
                    break
                size = struct.unpack_from("!Q", frames, at + 2)[0]
            if len(frames) - at < head + size:
                break
            if frames[at] & 15 in (0, 1, 2):
                out.append(frames[at + head : at + head + size])
            at += head + size
        self._frames = frames[at:]
        return b"".join(out)

    def _element(self, element: bytes) -> None:
        if self._waiting:
            for slot in self._waiting:
                if slot[0] in element and not slot[1].done():
                    self._waiting.remove(slot)
                    slot[1].set_result(element)
                    return
        start = element[:4]
        if start == b"<mes":
            self.handled += 1
            if self.on_stanza is not None:
                self.on_stanza(element)
        elif start in (b"<r x", b"<r/>", b"<r>\n"):
            self.write(b"<a xmlns='urn:xmpp:sm:3' h='%d'/>" % self.handled)
        elif start == b"<a x" or start == b"<a h":
            self.acked = int(re.search(rb"h=['\"](\d+)", element).group(1))  # type: ignore[union-attr]
        elif start == b"<iq ":
            self.handled += 1
            if b"urn:xmpp:ping" in element or b"type='get'" in element or b'type="get"' in element:
                found = _ID.search(element)
                if found:
                    self.write(
                        b"<iq type='result' id='%s' xmlns='jabber:client' to='%s'/>" % (found[1], DOMAIN.encode())
                    )
        elif start == b"<pre":
            self.handled += 1

    def wait_for(self, part: bytes) -> asyncio.Future[bytes]:
        """The next element that contains `part`."""
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting.append((part, future))
        return future

    async def ask(self, data: bytes, part: bytes) -> bytes:
        future = self.wait_for(part)
        self.write(data)
        return await asyncio.wait_for(future, PATIENCE)

    # ── the stream ────────────────────────────────────────────────────────────────────────────────────────────────

    async def open(self) -> bytes:
        if self.kind == "ws":
            header = f"<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='{DOMAIN}' version='1.0'/>"
        else:
            header = (
                f"<?xml version='1.0'?><stream:stream to='{DOMAIN}' version='1.0' {CLIENT} "
                "xmlns:stream='http://etherx.jabber.org/streams'>"
            )
        return await self.ask(header.encode(), b"features")

    async def register(self) -> None:
        """In-band registration (XEP-0077) on a connection of its own."""
        await self.connect()
        await self.open()
        await self.ask(
            f"<iq type='set' id='reg' {CLIENT}><query xmlns='jabber:iq:register'><username>{self.user}</username>"
            f"<password>{self.password}</password></query></iq>".encode(),
            b"reg",
        )
        self.close()

    async def login(self, *, manage: bool = False, presence: bool = True) -> None:
        await self.connect()
        features = await self.open()
        await self._scram("SCRAM-SHA-1", "sha1", b"SCRAM-SHA-1" in features)
        await self.open()
        await self.ask(
            f"<iq type='set' id='bind' {CLIENT}><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>"
            f"{self.resource}</resource></bind></iq>".encode(),
            b"bind",
        )
        if manage:
            await self.ask(b"<enable xmlns='urn:xmpp:sm:3' resume='true'/>", b"<enabled")
            self.manages, self.handled = True, 0
        if presence:
            self.write(f"<presence {CLIENT}/>".encode())

    async def _scram(self, mechanism: str, hash_name: str, offered: bool) -> None:
        assert offered, f"{self.peer.name} does not offer {mechanism}"
        nonce = secrets.token_hex(12)
        first = f"n={self.user},r={nonce}"
        sasl = "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"
        challenge = await self.ask(
            f"<auth {sasl} mechanism='{mechanism}'>{_b64(('n,,' + first).encode())}</auth>".encode(), b"challenge"
        )
        server = base64.b64decode(re.search(rb">([^<]*)<", challenge)[1]).decode()  # type: ignore[index]
        values = dict(part.split("=", 1) for part in server.split(","))
        salted = _salted(hash_name, self.password, values["s"], int(values["i"]))
        without_proof = f"c=biws,r={values['r']}"
        message = f"{first},{server},{without_proof}".encode()
        client_key = hmac.digest(salted, b"Client Key", hash_name)
        signature = hmac.digest(hashlib.new(hash_name, client_key).digest(), message, hash_name)
        proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
        await self.ask(
            f"<response {sasl}>{_b64(f'{without_proof},p={_b64(proof)}'.encode())}</response>".encode(), b"success"
        )

    def close(self) -> None:
        assert self._transport is not None
        self._transport.abort()


def _frame(data: bytes) -> bytes:
    """A masked frame whose mask is zero: legal, and free."""
    size = len(data)
    if size < 126:
        return struct.pack("!BBI", 0x81, 0x80 | size, 0) + data
    if size < 65_536:
        return struct.pack("!BBHI", 0x81, 0x80 | 126, size, 0) + data
    return struct.pack("!BBQI", 0x81, 0x80 | 127, size, 0) + data


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@lru_cache(maxsize=100_000)
def _salted(hash_name: str, password: str, salt: str, iterations: int) -> bytes:
    return hashlib.pbkdf2_hmac(hash_name, password.encode(), base64.b64decode(salt), iterations)


@lru_cache(maxsize=1)
def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
