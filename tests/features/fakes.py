"""A server without an engine: enough of `core.server.Server` to play a feature's scenes in memory.

Stanzas reach `FakeSession.sent` at once and in order; nothing is stored or acknowledged. What the engine really does
is tested with the engine.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, cast
from xml.etree.ElementTree import Element

from plauder.core.hooks import Action
from plauder.core.ports import Bus, Credentials, Directory, Inbox
from plauder.core.server import Server
from plauder.core.session import Session
from plauder.kit.clock import FakeClock
from plauder.store.database import Database
from plauder.wire.disco import Info
from plauder.wire.jid import Jid
from plauder.wire.stanza import Kind, Stanza
from plauder.wire.stanza_error import StanzaError
from plauder.wire.xml import parse

DOMAIN = "example.org"


class FakeSession(Session):
    """A bound resource whose client reads everything at once."""

    __slots__ = ("sent",)

    def __init__(self, server: Server, jid: Jid) -> None:
        super().__init__(server, jid, device=jid.resource)
        self.sent: list[Stanza] = []

    def send(self, stanza: Stanza) -> None:
        self.sent.append(stanza)

    def close(self, condition: str = "", text: str = "") -> None:
        self.server.bound.pop(self.jid.text, None)  # type: ignore[attr-defined]

    def take(self) -> list[Stanza]:
        """What arrived since the last time."""
        sent, self.sent = self.sent, []
        return sent

    def take_one(self) -> Stanza:
        """The one stanza that arrived since the last time."""
        sent = self.take()
        assert len(sent) == 1, sent
        return sent[0]


class FakeServer(Server):
    """`await server.login("ana/phone")`, then say and ask as the client would."""

    def __init__(self, database: Database) -> None:
        nothing: Any = None
        super().__init__(
            DOMAIN,
            clock=FakeClock(),
            credentials=cast("Credentials", nothing),
            inbox=cast("Inbox", nothing),
            bus=cast("Bus", nothing),
            directory=cast("Directory", nothing),
            database=database,
        )
        self.accounts: set[str] = set()
        self.bound: dict[str, FakeSession] = {}
        self.away: list[Stanza] = []
        """What was routed to another domain, or to nobody who is here."""
        self.tasks: set[asyncio.Task[None]] = set()
        self.repeated: dict[str, Callable[[], Awaitable[None]]] = {}

    # ── what features ask ─────────────────────────────────────────────────────────────────────────────────────────

    def route(self, stanza: Stanza) -> Awaitable[None]:
        self._route(stanza)
        return _done()

    def _route(self, stanza: Stanza) -> None:
        to = stanza.to
        assert to is not None
        assert stanza.sender is not None
        if to.resource:
            session = self.bound.get(to.text)
            if session is not None:
                session.send(stanza)
                return
        else:
            sessions = self.sessions_of(to)
            for session in sessions:
                session.send(stanza)
            if sessions:
                return
        self.away.append(stanza)

    def session(self, jid: Jid) -> Session | None:
        return self.bound.get(jid.text)

    def sessions_of(self, account: Jid) -> list[FakeSession]:  # type: ignore[override]
        return [session for session in self.bound.values() if session.account == account]

    def sessions(self) -> list[FakeSession]:  # type: ignore[override]
        return list(self.bound.values())

    async def has_account(self, account: Jid) -> bool:
        return account.text in self.accounts

    def spawn(self, work: Coroutine[Any, Any, None] | Callable[[], Any], name: str) -> None:
        coroutine = work if inspect.iscoroutine(work) else cast("Callable[[], Any]", work)()
        task = asyncio.get_running_loop().create_task(coroutine)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def every(self, seconds: float, do: Callable[[], Awaitable[None]], name: str) -> None:
        self.repeated[name] = do

    # ── what a test does ──────────────────────────────────────────────────────────────────────────────────────────

    async def settle(self) -> None:
        """Wait for what was begun in the background."""
        while self.tasks:
            await asyncio.gather(*self.tasks)

    async def login(self, name: str, *, available: bool = True) -> FakeSession:
        """Bind `ana/phone`, making the account if need be."""
        jid = Jid.parse(f"{name.partition('/')[0]}@{DOMAIN}/{name.partition('/')[2] or 'phone'}")
        self.accounts.add(jid.bare.text)
        session = self.bound[jid.text] = FakeSession(self, jid)
        for bound in self.bound_watchers:
            await _wait(bound(session))
        if available:
            await self.say(session, "<presence/>")
        return session

    async def logout(self, session: FakeSession) -> None:
        """The connection is gone for good."""
        await self._unavailable(session, Stanza("presence", {"type": "unavailable", "from": session.jid.text}))
        for closed in self.closed_watchers:
            await _wait(closed(session))
        self.bound.pop(session.jid.text, None)
        await self.settle()

    async def say(self, session: FakeSession, xml: str) -> Stanza | None:
        """Send a message or presence; the error that comes back, if any."""
        stanza = read(xml).with_attrs(from_=session.jid)
        filters = self.presence_filters if stanza.kind == "presence" else self.message_filters
        for _, _, check in list(filters):
            verdict = await _wait(check(session, stanza))
            if verdict is None or verdict.action is Action.PASS:
                continue
            if verdict.action is Action.CHANGE:
                stanza = verdict.stanza
                continue
            await self.settle()
            return stanza.error_reply(verdict.error) if verdict.action is Action.REFUSE else None
        if stanza.kind == "presence" and "to" not in stanza.attrs:
            if stanza.type is None:
                first = session.presence is None
                session.presence = stanza
                for available in self.available_watchers:
                    await _wait(available(session, stanza, first))
            elif stanza.type == "unavailable":
                await self._unavailable(session, stanza)
        elif "to" in stanza.attrs:
            self._route(stanza)
        await self.settle()
        return None

    async def _unavailable(self, session: FakeSession, stanza: Stanza) -> None:
        was = session.presence is not None
        session.presence = None
        for unavailable in self.unavailable_watchers:
            await _wait(unavailable(session, stanza, was))

    async def ask(self, session: FakeSession, kind: str, xml: str, *, to: str | None = None) -> Element | None:
        """Send an IQ to the server or an account and return the payload of the result; raises StanzaError."""
        payload = parse(xml.encode())
        address = Jid.parse(to) if to else session.account
        if not address.local:
            targets = ["server", "any"]
        else:
            targets = [*(["self"] if address == session.account else []), "account", "any"]
        do = self.find_iq_handler(kind, payload.tag, targets)  # type: ignore[arg-type]
        if do is None:
            raise StanzaError("cancel", "service-unavailable")
        iq = Stanza.build("iq", {"type": kind, "id": "1", "from": session.jid, "to": address}, payload)
        answer = await _wait(do(session, iq, payload))
        await self.settle()
        return cast("Element | None", answer)

    async def refused(self, session: FakeSession, kind: str, xml: str, *, to: str | None = None) -> StanzaError:
        """The error that the same request is answered with."""
        try:
            answer = await self.ask(session, kind, xml, to=to)
        except StanzaError as error:
            return error
        raise AssertionError(f"not refused: {answer}")


class AskingServer(FakeServer):
    """Clients answer what they can do with `says`; None stays silent."""

    def __init__(self, database: Database, says: Info | None = None) -> None:
        super().__init__(database)
        self.says = says
        self.asked: list[str] = []

    async def request(self, stanza: Stanza, *, seconds: float = 30.0) -> Stanza:
        node = stanza.payloads[0].get("node", "")
        self.asked.append(node)
        await asyncio.sleep(0)
        if self.says is None:
            raise StanzaError("wait", "remote-server-timeout")
        return stanza.result(self.says.element(node))


def read(xml: str) -> Stanza:
    """A stanza as a client writes it."""
    element = parse(_with_ns(xml).encode())
    return Stanza.from_element(element)


def _with_ns(xml: str) -> str:
    for kind in ("message", "presence", "iq"):
        if xml.startswith(f"<{kind}"):
            return f"<{kind} xmlns='jabber:client'" + xml[len(kind) + 1 :]
    raise ValueError(xml)


async def _wait(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value


async def _done() -> None:
    return None


__all__ = ["DOMAIN", "AskingServer", "FakeServer", "FakeSession", "Kind", "read"]
