"""Business numbers as hosted devices: the way to people and back.

Each registered number is a device of this process (`digits@domain/cloud`). What is sent goes through the router like
any message, so it is durable or delivered before the business hears `sent`; receipts and markers of people come back
as `delivered` and `read`. How content is encrypted is the `Sealer`'s business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Protocol
from weakref import WeakValueDictionary
from xml.etree.ElementTree import Element

from plauder.business.messages import commands, stanzas
from plauder.business.messages.commands import Incoming, Ports
from plauder.business.messages.outcomes import Outcomes, Progressed, Receipt
from plauder.business.messages.ports import Payload, Sender
from plauder.business.messages.referrals import Referrals
from plauder.business.messages.stanzas import Said, SharedFile
from plauder.business.numbers import store as number_store
from plauder.business.sandbox.rules import is_customer
from plauder.business.shared.errors import fail
from plauder.core.local import LocalSession
from plauder.core.server import Server
from plauder.core.session import Session
from plauder.edge import hosted_profile
from plauder.kit.clock import Clock
from plauder.kit.log import get as get_log
from plauder.store.blobs import Blobs
from plauder.store.database import Database
from plauder.wire.disco import Info
from plauder.wire.jid import InvalidJid, Jid
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError
from plauder.wire.xml import E

log = get_log("edge.hosted")

RESOURCE = "cloud"
CONCURRENCY = 256
NAME_SECONDS, NAMES_MAX = 300.0, 10_000
FLOW = f"{{{stanzas.BUSINESS}}}flow"
DELAY = "{urn:xmpp:delay}delay"


class Sealer(Protocol):
    """Encrypts what a number says to a person's devices, and reads what they say to it."""

    def attached(self, number: str, session: LocalSession) -> None:
        """The number has become a device of this process."""
        ...

    async def seal(self, number: str, to: Jid, content: Sequence[Element]) -> Sequence[Element]:
        """The elements that carry `content` to the person. Raises GraphError when it cannot be encrypted."""
        ...

    async def open(self, number: str, stanza: Stanza) -> Sequence[Element]:
        """What the message says, decrypted; its plain elements where nothing is encrypted."""
        ...


class Plain:
    """No encryption: for tests, and for networks that do without."""

    def attached(self, number: str, session: LocalSession) -> None:
        pass

    async def seal(self, number: str, to: Jid, content: Sequence[Element]) -> Sequence[Element]:
        return content

    async def open(self, number: str, stanza: Stanza) -> Sequence[Element]:
        return stanza.payloads


Take = Callable[[Sender, SharedFile, str], Awaitable[dict[str, Any]]]
"""Fetches and stores a file that a person shared; returns the media object of the webhook. Raises GraphError."""


class Hosted:
    """All registered numbers of this process; a `messages.ports.Channel`."""

    def __init__(
        self,
        server: Server,
        database: Database,
        clock: Clock,
        *,
        blobs: Blobs,
        take: Take,
        sealer: Sealer | None = None,
        referrals: Referrals,
    ) -> None:
        self._blobs = blobs
        self.sealer: Sealer = sealer or Plain()
        self.ports: Ports | None = None
        self.outcomes: Outcomes | None = None
        self.published: Callable[[], None] = lambda: None
        """Called after a commit that may have published webhooks."""
        self.flows: Callable[[str, str], Awaitable[str]] | None = None
        """Answers flow requests: (number id, JSON) → JSON; raises StanzaError."""
        self._server = server
        self._database = database
        self._clock = clock
        self._take = take
        self._referrals = referrals
        self._sessions: dict[str, LocalSession] = {}
        self._names: dict[str, str] = {}
        self._people_names: dict[str, tuple[float, str]] = {}
        self._lanes: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()
        server.on_disco_info(self._describe)

    # ── which numbers ─────────────────────────────────────────────────────────────────────────────────────────────

    async def start(self) -> None:
        """Attach every registered number."""
        async with self._database.read() as uow:
            rows = await number_store.registered(uow)
        for row in rows:
            self._attach(row.id, row.digits)

    async def changed(self, number_id: str) -> None:
        """A number was registered, deregistered or renamed."""
        async with self._database.read() as uow:
            row = await number_store.get(uow, number_id)
        if row is None:
            return
        if row.status == "CONNECTED" and row.digits not in self._sessions:
            self._attach(row.id, row.digits)
        elif row.status == "CONNECTED":
            await self._introduce(row.id, row.digits)
        elif row.status != "CONNECTED" and (session := self._sessions.pop(row.digits, None)) is not None:
            session.close()

    def _attach(self, number_id: str, digits: str) -> None:
        async def on_stanza(stanza: Stanza) -> None:
            await self._on_stanza(number_id, digits, stanza)

        session = self._server.attach_local(self._jid(digits, RESOURCE), on_stanza, concurrency=CONCURRENCY)
        self._sessions[digits] = session
        self.sealer.attached(digits, session)
        self._server.spawn(self._introduce(number_id, digits), "introduce a business")

    async def _introduce(self, number_id: str, digits: str) -> None:
        self._names[digits] = await hosted_profile.introduce(
            self._server, self._database, self._blobs, number_id, self._jid(digits)
        )

    async def _describe(self, _session: Session, jid: Jid, node: str) -> Info | None:
        """Service discovery of a number: it is a business."""
        if node or jid.local not in self._sessions or jid.domain != self._server.domain:
            return None
        return hosted_profile.describe(self._names.get(jid.local, ""))

    def session_of(self, digits: str) -> LocalSession | None:
        """The device of a number: for the encryption of its keys."""
        return self._sessions.get(digits)

    def _jid(self, local: str, resource: str = "") -> Jid:
        return Jid.parse(f"{local}@{self._server.domain}" + (f"/{resource}" if resource else ""))

    async def exists(self, digits: str) -> bool:
        """Whether a person or number has an account here."""
        try:
            return await self._server.has_account(self._jid(digits))
        except InvalidJid:
            return False

    # ── to people ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def send(self, number: str, to: str, payload: Payload) -> None:
        content = stanzas.content_of(payload, lambda digits: str(self._jid(digits)))
        await self._submit(number, to, payload.id, content, stanzas.wrapping_of(payload))

    async def mark_read(self, number: str, to: str, stanza_ids: Sequence[str]) -> None:
        await self._submit(number, to, None, [], stanzas.displayed(stanza_ids[-1]))

    async def typing(self, number: str, to: str) -> None:
        await self._submit(number, to, None, [], stanzas.composing())

    async def _submit(
        self, number: str, to: str, stanza_id: str | None, content: Sequence[Element], wrapping: Sequence[Element]
    ) -> None:
        session = self._sessions.get(number)
        if session is None:
            raise fail(133010, "The number is not registered.")
        target = self._jid(to)
        sealed = content
        if content and not is_customer(to):
            sealed = await self.sealer.seal(number, target, content)
        stanza = Stanza.build("message", {"to": target, "id": stanza_id, "type": "chat"}, *sealed, *wrapping)
        try:
            await session.submit(stanza)
        except StanzaError as error:
            if error.condition in ("resource-constraint", "internal-server-error", "remote-server-timeout"):
                raise  # it may work later
            raise fail(131026, f"The message cannot be delivered to this person ({error.condition}).") from None

    # ── from people ───────────────────────────────────────────────────────────────────────────────────────────────

    async def _on_stanza(self, number_id: str, digits: str, stanza: Stanza) -> None:
        """Returns when what it says is on disk; raising leaves it in the inbox. Many run at once."""
        person = stanza.sender
        if stanza.kind == "iq":  # a flow's endpoint may be slow, and nobody's messages should wait for it
            self._server.spawn(self._on_iq(number_id, digits, stanza), "answer a flow request")
            return
        if stanza.kind != "message" or person is None or not self._server.is_local(person) or not person.local:
            return
        if person.local == digits:
            return
        lane = self._lanes.setdefault((digits, person.local), asyncio.Lock())
        async with lane:  # one person's words in their order
            await self._hear(number_id, digits, person, stanza)

    async def _hear(self, number_id: str, digits: str, person: Jid, stanza: Stanza) -> None:
        if stanza.type == "error":
            await self._bounced(stanza)
            return
        is_plain = is_customer(person.local)
        opened = stanza.payloads if is_plain else await self.sealer.open(digits, stanza)
        outer = said = stanzas.read(stanza.payloads)
        receipts = outer
        if opened is not stanza.payloads:
            said = stanzas.read(opened)
            receipts = Said(received=[*said.received, *outer.received], displayed=[*said.displayed, *outer.displayed])
        if receipts.received or receipts.displayed:
            await self._note(number_id, person.local, receipts)
        if (said.kind or said.marketing) and stanza.id:
            await self._receive(number_id, digits, person, stanza, said)
            if said.wants_receipt or outer.wants_receipt:
                await self._submit(digits, person.local, None, [], stanzas.receipt(stanza.id))

    async def _on_iq(self, number_id: str, digits: str, iq: Stanza) -> None:
        """Requests of people's apps: flows. Others get the answer of an entity that does not know them."""
        session = self._sessions.get(digits)
        if not iq.is_request or session is None:
            return
        asked = iq.find(FLOW)
        if asked is None or self.flows is None:
            await session.submit(iq.error_reply(StanzaError("cancel", "service-unavailable")))
            return
        try:
            answer = iq.result(E(FLOW, {}, await self.flows(number_id, asked.text or "")))
        except StanzaError as error:
            answer = iq.error_reply(error)
        await session.submit(answer)

    async def _bounced(self, stanza: Stanza) -> None:
        assert self.outcomes
        if not stanza.id:
            return
        condition = stanza.error.condition if stanza.error else "unknown"
        failure = fail(131026, f"The message was returned ({condition}).").as_failure()
        await self.outcomes.note([Progressed(stanza.id, "failed", self._clock.now(), failure)])

    async def _note(self, number_id: str, wa_id: str, said: Said) -> None:
        assert self.outcomes
        now = self._clock.now()
        told = ((said.received, False), (said.displayed, True))
        await self.outcomes.note([Receipt(number_id, wa_id, ids, read, now) for ids, read in told if ids])

    async def name_of(self, digits: str) -> str:
        """The name a person or business here goes by, "" where none is known."""
        try:
            return await self._name_of(self._jid(digits))
        except InvalidJid:
            return ""

    async def _name_of(self, person: Jid) -> str:
        """The name a person goes by (XEP-0172), asked for once in a while."""
        known, now = self._people_names.get(person.local), self._clock.monotonic()
        if known and known[0] > now:
            return known[1]
        items = await self._server.people.personal.items(person.bare, stanzas.NICK)
        payload = items[-1].payload if items else None
        name = "".join(payload.itertext()).strip()[:128] if payload is not None else ""
        if len(self._people_names) >= NAMES_MAX:
            self._people_names.clear()
        self._people_names[person.local] = (now + NAME_SECONDS, name)
        return name

    async def _receive(self, number_id: str, digits: str, person: Jid, stanza: Stanza, said: Said) -> None:
        assert self.ports
        sender = await self.ports.numbers.sender(number_id)
        if sender is None:
            return
        at = _time_of(stanza, self._clock.now())
        if said.marketing:
            async with self._database.begin() as uow:
                await commands.prefer_marketing(uow, self.ports, sender, wa_id=person.local, wish=said.marketing, at=at)
            self.published()
            return
        kind, content = said.kind, said.content
        if said.file is not None:
            content = await self._take(sender, said.file, kind)
        click = self._referrals.read(digits, said.referral_token, at=at) if said.referral_token else None
        incoming = Incoming(
            wa_id=person.local,
            stanza_id=stanza.id or "",
            kind="unsupported" if "errors" in content else kind,
            content=content,
            at=at,
            name=said.nick or await self._name_of(person),
            quoted=said.quoted,
            target=said.target,
            forwarded=said.forwarded,
            click=click,
        )
        async with self._database.hot() as uow:
            await commands.receive(uow, self.ports, sender, incoming)
        self.published()


def _time_of(stanza: Stanza, now: datetime) -> datetime:
    """When it was sent, where it waited for the number (XEP-0203); never in the future."""
    delay = stanza.find(DELAY)
    try:
        at = datetime.fromisoformat(delay.get("stamp") or "") if delay is not None else now
    except ValueError:
        return now
    return min(at, now) if at.tzinfo else now
