"""Simulated customers: devices in this process that a developer plays from the browser."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element

import orjson
from sqlalchemy import Row

from plauder.business.media import commands as media
from plauder.business.messages import stanzas
from plauder.business.sandbox import store
from plauder.core.local import LocalSession
from plauder.core.server import Server
from plauder.edge.faults import Faults
from plauder.kit.clock import Clock
from plauder.kit.errors import BadInput, Conflict, NotFound
from plauder.kit.ids import new_id
from plauder.store.database import Database
from plauder.wire.jid import Jid
from plauder.wire.stanza import Stanza
from plauder.wire.xml import E

RESOURCE = "sandbox"
HOSTED = "cloud"
"""The device of a business's number (`edge.hosted`)."""


class Unanswered(Conflict):
    """The business's device, or the endpoint of its form, gave no answer."""


class Sandbox:
    """All simulated customers, and which failures are switched on where."""

    def __init__(self, server: Server, database: Database, clock: Clock, media_key: bytes, base: str) -> None:
        self._server = server
        self._database = database
        self._clock = clock
        self._media_key = media_key
        self._base = base
        self._sessions: dict[str, LocalSession] = {}
        self._rows: dict[str, Row[Any]] = {}
        self.faults_changed: Callable[[], None] = lambda: None
        self._faults = Faults(database, clock)
        self._work: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Attach every simulated customer."""
        async with self._database.read() as uow:
            rows = await store.all_of_them(uow)
        for row in rows:
            self._attach(row)

    async def changed(self, portfolio_id: str) -> None:
        """A sandbox was made or its settings changed."""
        self._faults.forget(portfolio_id)
        self.faults_changed()
        async with self._database.read() as uow:
            row = await store.get(uow, portfolio_id)
        if row is not None:
            self._attach(row)

    async def faults(self, portfolio_id: str) -> frozenset[str]:
        """What is switched on."""
        return await self._faults.of(portfolio_id)

    def _attach(self, row: Row[Any]) -> None:
        self._rows[row.portfolio_id] = row
        if row.portfolio_id in self._sessions:
            return

        async def on_stanza(stanza: Stanza) -> None:
            self._receive(row.portfolio_id, stanza)

        jid = Jid.parse(f"{row.customer}@{self._server.domain}/{RESOURCE}")
        self._sessions[row.portfolio_id] = self._server.attach_local(jid, on_stanza)

    def _receive(self, portfolio_id: str, stanza: Stanza) -> None:
        """Answer as a phone does: a receipt, and a marker when the chat is open."""
        row = self._rows[portfolio_id]
        if stanza.kind != "message" or not stanza.id or stanza.find(f"{{{stanzas.RECEIPTS}}}request") is None:
            return
        answers: list[list[Element]] = []
        if row.sends_receipts:
            answers.append(stanzas.receipt(stanza.id))
            if row.reads:
                answers.append(stanzas.displayed(stanza.id))
        if answers:
            task = asyncio.create_task(self._answer(portfolio_id, answers))
            self._work.add(task)
            task.add_done_callback(self._work.discard)

    async def _answer(self, portfolio_id: str, answers: Sequence[Sequence[Element]]) -> None:
        for elements in answers:
            await self._submit(portfolio_id, "", elements)

    async def say(self, portfolio_id: str, message: dict[str, Any]) -> str:
        """The customer writes: `{text}`, `{reply: …}`, `{form: what was filled in}`, `{location: …}`,
        `{reaction: {message_id, emoji}}`, `{file: {id, caption}}` of an upload, and `quoted` to answer a message.
        Returns the stanza id."""
        file = message.get("file")
        elements = await self._file(portfolio_id, file) if isinstance(file, dict) else _elements(message)
        if quoted := message.get("quoted"):
            elements.append(E(f"{{{stanzas.REPLY}}}reply", {"id": str(quoted)[:512]}))
        _, row = self._of(portfolio_id)
        elements.append(E(f"{{{stanzas.NICK}}}nick", {}, row.customer_name))
        key = new_id()
        await self._submit(portfolio_id, key, elements)
        return key

    async def ask(self, portfolio_id: str, question: Mapping[str, Any]) -> dict[str, Any]:
        """What the business's device answers to a question about a form (`edge.flows`), asked as an app asks."""
        session, row = self._of(portfolio_id)
        flow = E(f"{{{stanzas.BUSINESS}}}flow", {}, orjson.dumps(question).decode())
        to = f"{row.number}@{self._server.domain}/{HOSTED}"
        answer = await session.request(Stanza.build("iq", {"type": "get", "to": to}, flow))
        found = answer.find(flow.tag)
        if found is None:
            raise Unanswered((answer.error and answer.error.text) or "")
        result: dict[str, Any] = orjson.loads(found.text or "")
        return result

    async def _file(self, portfolio_id: str, file: dict[str, Any]) -> list[Element]:
        """XEP-0447: an upload of the business, as a phone shares what it took."""
        now = self._clock.now()
        async with self._database.read() as uow:
            row = await media.live(uow, portfolio_id, str(file.get("id", ""))[:20], now)
        if row is None:
            raise NotFound("There is no such file.")
        url = media.url(self._base, self._media_key, row.id, now)
        named = {"media-type": row.mime_type, "name": row.filename, "desc": str(file.get("caption", ""))[:1_024]}
        meta = [E(f"{{{stanzas.FILE}}}{name}", {}, value) for name, value in named.items() if value]
        source = E(f"{{{stanzas.URL_DATA}}}url-data", {"target": url})
        sources = E(f"{{{stanzas.SFS}}}sources", {}, source)
        voice = [E(f"{{{stanzas.MEDIA_EXTRA}}}voice", {})] if row.mime_type.startswith("audio/") else []
        share = E(f"{{{stanzas.SFS}}}file-sharing", {}, E(f"{{{stanzas.FILE}}}file", {}, *meta), sources, *voice)
        return [E(f"{{{stanzas.CLIENT}}}body", {}, url), share]

    async def read(self, portfolio_id: str, stanza_id: str) -> None:
        """The customer opens the chat."""
        await self._submit(portfolio_id, "", stanzas.displayed(stanza_id))

    async def _submit(self, portfolio_id: str, key: str, elements: Sequence[Element]) -> None:
        session, row = self._of(portfolio_id)
        to = f"{row.number}@{self._server.domain}"
        await session.submit(Stanza.build("message", {"to": to, "type": "chat", "id": key or new_id()}, *elements))

    def _of(self, portfolio_id: str) -> tuple[LocalSession, Row[Any]]:
        session, row = self._sessions.get(portfolio_id), self._rows.get(portfolio_id)
        if session is None or row is None:
            raise NotFound("This business has no sandbox yet.")
        return session, row


def _elements(message: dict[str, Any]) -> list[Element]:
    text = message.get("text")
    if isinstance(text, str) and 1 <= len(text) <= 4_096:
        return [E(f"{{{stanzas.CLIENT}}}body", {}, text)]
    if isinstance(reaction := message.get("reaction"), dict):
        emoji, target = str(reaction.get("emoji", ""))[:16], str(reaction.get("message_id", ""))[:512]
        inner = [E(f"{{{stanzas.REACTIONS}}}reaction", {}, emoji)] if emoji else []
        return [E(f"{{{stanzas.REACTIONS}}}reactions", {"id": target}, *inner)]
    if isinstance(form := message.get("form"), dict):
        filled = {"name": "flow", "body": "Sent", "response_json": orjson.dumps(form).decode()}
        message = {"reply": {"type": "nfm_reply", "nfm_reply": filled}}
    for kind in ("reply", "button", "location", "order", "contacts", "user_preferences"):
        if kind in message:
            value = message[kind]
            content = value if kind in ("reply", "user_preferences") else {"type": kind, kind: value}
            return [E(f"{{{stanzas.BUSINESS}}}business", {"type": kind}, orjson.dumps(content).decode())]
    raise BadInput("A customer says one of: text, reply, form, button, location, order, contacts, reaction, file.")
