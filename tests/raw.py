"""A small XMPP client over a plain socket that does exactly what it is told: acknowledge at once, late or never."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import secrets
from collections import deque
from collections.abc import Callable, Iterable
from xml.etree.ElementTree import Element

from plauder.wire import negotiation, scram, stream
from plauder.wire.events import SM_ANSWER, SM_REQUEST, Event, Nonza, StreamOpened
from plauder.wire.framer import Framer
from plauder.wire.sasl_error import from_base64, to_base64
from plauder.wire.stanza import Stanza
from plauder.wire.stream_error import StreamError

SM = "urn:xmpp:sm:3"
FEATURES = "{http://etherx.jabber.org/streams}features"


class Lost(Exception):
    """The connection ended."""


class RawClient:
    """One account's client. `delay` is how long it takes to acknowledge, in seconds; None for never."""

    password = "secret"

    def __init__(
        self, name: str, port: int, *, resource: str = "", delay: float | None = 0.0, reads: bool = True
    ) -> None:
        self.name = name
        self.port = port
        self.resource = resource
        self.delay = delay
        self.reads = reads
        self.jid = ""
        self.on_message: Callable[[Stanza], None] = lambda _: None
        self.on_error: Callable[[StreamError], None] = lambda _: None
        self.resume_id = ""
        self.received = 0
        """Stanzas of the stream handled, as XEP-0198 counts."""
        self.unacked: deque[tuple[str, bytes]] = deque()
        """What was sent and is not acknowledged: (id, bytes)."""
        self.acked: set[str] = set()
        """Ids of the messages that the server has acknowledged."""
        self.refused: set[str] = set()
        self._h = 0
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._framer = Framer(limit=1 << 20)
        self._features = Element("features")
        self._events: deque[Event] = deque()
        self._task: asyncio.Task[None] | None = None
        self._ids = itertools.count(1)
        self.is_resumed = False

    # ── coming ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def come(self, *, sm: bool = True, available: bool = True) -> None:
        """Log in; resume the stream if there is one, else bind anew and send presence."""
        self._framer = Framer(limit=1 << 20)
        self._events.clear()
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 20)
        await self._open()
        await self._authenticate()
        await self._open()
        self.is_resumed = bool(self.resume_id) and await self._resume()
        if not self.is_resumed:
            await self._bind(sm=sm)
            if available:
                self.send_raw(b"<presence/>", key="" if sm else None)
            again, self.unacked = self.unacked, deque()
            for key, data in again:
                if key:
                    self.send_raw(data, key=key)
                elif available and sm and data == b"<presence/>":
                    self.unacked.append((key, data))
        self._task = asyncio.create_task(self._live())

    async def _open(self) -> None:
        self._write(stream.header(to="localhost"))
        self._framer.clear()
        while not isinstance(await self._next(), StreamOpened):
            pass
        self._features = (await self._until(FEATURES)).element

    async def _authenticate(self) -> None:
        offered = [one.text or "" for one in self._features.iter(f"{{{negotiation.SASL}}}mechanism")]
        client = scram.Client("sha-1", self.name, self.password, nonce=secrets.token_hex(8), mechanisms=offered)
        self._write(
            f"<auth xmlns='{negotiation.SASL}' mechanism='SCRAM-SHA-1'>{to_base64(client.first())}</auth>".encode()
        )
        challenge = await self._until(f"{{{negotiation.SASL}}}challenge")
        answer = client.final(from_base64(challenge.element.text))
        self._write(f"<response xmlns='{negotiation.SASL}'>{to_base64(answer)}</response>".encode())
        await self._until(f"{{{negotiation.SASL}}}success")

    async def _bind(self, *, sm: bool) -> None:
        wanted = f"<resource>{self.resource}</resource>" if self.resource else ""
        self._write(f"<iq type='set' id='bind'><bind xmlns='{negotiation.BIND}'>{wanted}</bind></iq>".encode())
        while True:
            event = await self._next()
            if isinstance(event, Stanza) and event.id == "bind":
                self.jid = event.payloads[0][0].text or ""
                break
        self.received = self._h = 0
        self.resume_id = ""
        if sm:
            self._write(f"<enable xmlns='{SM}' resume='true'/>".encode())
            enabled = await self._until(f"{{{SM}}}enabled")
            self.resume_id = enabled.attrs.get("id", "")

    async def _resume(self) -> bool:
        self._write(f"<resume xmlns='{SM}' previd='{self.resume_id}' h='{self.received}'/>".encode())
        while True:
            event = await self._next()
            if isinstance(event, Nonza) and event.tag == f"{{{SM}}}failed":
                self.resume_id = ""
                return False
            if isinstance(event, Nonza) and event.tag == f"{{{SM}}}resumed":
                self._handled(int(event.attrs["h"]))
                for _, data in self.unacked:
                    self._write(data)
                if self.unacked:
                    self._write(b"<r xmlns='urn:xmpp:sm:3'/>")
                return True

    # ── going ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def vanish(self) -> None:
        """Drop the connection."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Lost):
                await self._task
            self._task = None
        if self._writer is not None:
            self._writer.transport.abort()
            self._writer = None

    async def leave(self) -> None:
        """Drop the connection and forget the stream: the next visit begins anew."""
        await self.vanish()
        self.resume_id = ""
        self.unacked.clear()

    # ── talking ───────────────────────────────────────────────────────────────────────────────────────────────────

    def send_message(self, to: str, body: str, key: str = "", *, ask: bool = True, kind: str = "chat") -> str:
        """Send a message, of type chat unless another is named; its id."""
        key = key or f"{self.name}-{os.getpid()}-{next(self._ids)}"
        data = f"<message to='{to}' type='{kind}' id='{key}'><body>{body}</body></message>".encode()
        self.send_raw(data, key=key, ask=ask)
        return key

    def send_raw(self, data: bytes, *, key: str | None = None, ask: bool = True) -> None:
        """Send one stanza; with a key (which may be empty) it is kept until it is acknowledged."""
        if key is not None:
            self.unacked.append((key, data))
            if ask and self.resume_id:
                data += b"<r xmlns='urn:xmpp:sm:3'/>"
        self._write(data)

    async def found_group(self, group: str, members: Iterable[str]) -> None:
        """Open a group and make people (localparts) members of it; they need not join to get what is said."""
        join = "<x xmlns='http://jabber.org/protocol/muc'/>"
        self.send_raw(f"<presence to='{group}/{self.name}'>{join}</presence>".encode(), key="")
        form = "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query>"
        self.send_raw(f"<iq type='set' id='g1' to='{group}'>{form}</iq>".encode(), key="")
        items = "".join(f"<item affiliation='member' jid='{name}@localhost'/>" for name in members)
        admin = f"<query xmlns='http://jabber.org/protocol/muc#admin'>{items}</query>"
        self.send_raw(f"<iq type='set' id='g2' to='{group}'>{admin}</iq>".encode(), key="")
        async with asyncio.timeout(30):
            while self.unacked:
                await asyncio.sleep(0.02)

    def _write(self, data: bytes) -> None:
        if self._writer is not None:
            self._writer.write(data)

    # ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def _next(self) -> Event:
        while not self._events:
            assert self._reader is not None
            try:
                data = await self._reader.read(65_536)
            except OSError:
                data = b""
            if not data:
                raise Lost
            self._events.extend(self._framer.feed(data))
        event = self._events.popleft()
        if isinstance(event, StreamError):
            self.on_error(event)
            raise Lost
        return event

    async def _until(self, tag: str) -> Nonza:
        while True:
            event = await self._next()
            if isinstance(event, Nonza) and event.tag == tag:
                return event

    async def _live(self) -> None:
        with contextlib.suppress(Lost):
            while True:
                if not self.reads:
                    await asyncio.sleep(3600)
                self._take(await self._next())

    def _take(self, event: Event) -> None:
        if isinstance(event, Stanza):
            self.received = (self.received + 1) % 2**32
            if event.kind == "message":
                if event.type == "error":
                    self.refused.add(event.id or "")
                else:
                    self.on_message(event)
            elif event.is_request:
                self._write(event.result().with_attrs(from_=None).to_bytes())
        elif isinstance(event, Nonza) and event.tag == SM_REQUEST:
            self._answer(self.received)
        elif isinstance(event, Nonza) and event.tag == SM_ANSWER:
            self._handled(int(event.attrs["h"]))

    def _answer(self, h: int) -> None:
        data = b"<a xmlns='urn:xmpp:sm:3' h='%d'/>" % h
        if self.delay == 0:
            self._write(data)
        elif self.delay is not None:
            asyncio.get_running_loop().call_later(self.delay, self._write, data)

    def _handled(self, h: int) -> None:
        for _ in range((h - self._h) % 2**32):
            key, _ = self.unacked.popleft()
            if key:
                self.acked.add(key)
        self._h = h
