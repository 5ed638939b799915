"""The server as features see it: the hooks, and the few things one may ask of the engine.

`app` builds one, hands it to every feature's `register(server)`, then starts it. Inside, `Intake` deals with what a
client sends, `Router` decides where a stanza goes, `Deliveries` sees that nothing acknowledged is lost, `Session` is
one bound resource.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import replace
from typing import Any

from plauder.core.accounts import Account, Accounts
from plauder.core.client import ClientSession, Outlet
from plauder.core.delivery import Deliveries, Outcome, mark_of_stored
from plauder.core.elsewhere import Elsewhere
from plauder.core.feed import FedSession
from plauder.core.foreign import Visitors
from plauder.core.hooks import Hooks
from plauder.core.intake import Intake
from plauder.core.local import LocalSession
from plauder.core.numbers import Numbers
from plauder.core.ports import SHARED, Bus, Credentials, Device, Directory, Inbox, Limits, Metrics, NoMetrics
from plauder.core.remembered import Remembered, Streams
from plauder.core.router import Router, common_of
from plauder.core.session import Session
from plauder.core.timers import LoopTimers, Timers
from plauder.kit import ids
from plauder.kit import log as logging
from plauder.kit.clock import Clock
from plauder.store.database import Database
from plauder.wire.jid import Jid
from plauder.wire.negotiation import SESSION
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError
from plauder.wire.xml import quote

log = logging.get("core.server")

REPEATS_MAX = 20_000
CLOCK_SLACK = 600.0
"""Seconds by which the wall clock may run away from the monotonic one between two looks."""
CLOCK_PROBATION = 86_400.0
"""Seconds in which nothing expires after it did."""

__all__ = ["LocalSession", "Server"]


class Server(Hooks):
    """One domain, its sessions, and what features registered."""

    def __init__(
        self,
        domain: str,
        *,
        clock: Clock,
        credentials: Credentials,
        inbox: Inbox,
        bus: Bus,
        directory: Directory,
        database: Database | None = None,
        limits: Limits | None = None,
        metrics: Metrics | None = None,
        timers: Timers | None = None,
        streams: Streams | None = None,
        config: object = None,
        highest: int = 0,
    ) -> None:
        super().__init__()
        # RFC 3921 §3: clients on older libraries ask for a session after binding, optional or not, and give up if it
        # is refused.
        self.on_iq("set", SESSION, "session", to="any", do=lambda _session, _iq, _payload: None)
        self.domain = domain
        self.domain_jid = Jid.parse(domain)
        self.clock = clock
        self.credentials = credentials
        self.inbox = inbox
        self.bus = bus
        self.directory = directory
        self.limits = limits or Limits()
        self.metrics = metrics or NoMetrics()
        self.timers = timers or LoopTimers()
        self.streams = streams
        self.config = config
        """The program's settings, as `kit.config` has them; the engine itself reads only `limits`."""
        self._database = database
        self.numbers = Numbers(clock, above=highest)
        self.deliveries = Deliveries(inbox, clock, self.timers, self.limits.commit_window, self.kept_watchers)
        self.accounts = Accounts(self, credentials, inbox)
        self.router = Router(self, self.accounts)
        self.intake = Intake(self)
        self._tasks: set[asyncio.Task[None]] = set()
        self._requests: dict[str, asyncio.Future[Stanza]] = {}
        self._resumable: dict[str, ClientSession] = {}
        self.is_stopping = False
        self._clock_offset = clock.now().timestamp() - clock.monotonic()
        self._trusted_from = 0.0
        self.elsewhere: Elsewhere | None = None
        """Other servers, where federation is switched on."""
        self.visitors = Visitors()
        """Devices of other servers that features remember."""
        if streams is not None:
            streams.died(highest, self.limits.resume_seconds)
        self.repeats: set[tuple[str, int]] | None = None
        """(account, mark) of what a process before stored in its last moments: its senders may not have been told,
        and then send it again. None until it was read."""

    @property
    def database(self) -> Database:
        """The database of accounts and features."""
        if self._database is None:
            raise RuntimeError("this server was built without a database")
        return self._database

    # ── stanzas ───────────────────────────────────────────────────────────────────────────────────────────────────

    def route(self, stanza: Stanza) -> Awaitable[None]:
        """Send a stanza of the server or of a feature; `from` and `to` must be set. It runs no filters.

        What it returns may be ignored, or awaited: it completes when the stanza is durable or delivered, and raises
        StanzaError when it is neither (no such account, the disk is full).
        """
        outcome = Outcome()
        self.router.route(stanza, None, outcome)
        return outcome

    def deliver(self, stanza: Stanza, devices: Sequence[str] | None = None) -> Awaitable[None]:
        """Send a message of any type to the account in its `to`, to be kept until delivered: to all its devices, or
        to `devices` (ids or resources). For what RFC 6121 would not store but a feature must not lose (groups)."""
        outcome = Outcome()
        to = stanza.to
        assert to is not None
        account = self.accounts.get(to.bare)
        self.accounts.when_loaded(account, lambda: self.router.keep(account, stanza, devices, outcome))
        return outcome

    def deliver_common(self, stanza: Stanza, accounts: Iterable[str], number: int) -> Awaitable[None]:
        """The same for many local accounts (bare JIDs): the message is kept once for all of them, under `number`.

        `stanza` has no `to`. Accounts that are gone are passed over; those that are not in memory cost more, see
        `load_accounts`.
        """
        outcome = Outcome()
        known = self.accounts
        found = [known.find(account) or known.get(Jid.parse(account)) for account in accounts]
        self.router.deliver_common(found, stanza, number, outcome)
        return outcome

    def send_common(self, stanza: Stanza, to: Iterable[str]) -> None:
        """Send the same message without `to` to many sessions (full JIDs), for the moment; it is written out once."""
        head, tail = common_of(stanza)
        known = self.accounts
        for full in to:
            bare, _, resource = full.partition("/")
            account = known.find(bare)
            session = account.sessions.get(resource) if account is not None else None
            if session is None:
                self.route(stanza.with_attrs(to=full))
            elif type(session) is ClientSession and session.is_active:
                session.send_data(b"%b%b%b" % (head, quote(full).encode(), tail))
            else:
                session.send(stanza.with_attrs(to=full))

    async def load_accounts(self, accounts: Iterable[str]) -> None:
        """Bring local accounts (bare JIDs) into memory, before a message to all of them."""
        missing = self.accounts.missing(accounts)
        if missing:
            await asyncio.gather(*(self.accounts.load(Jid.parse(account)) for account in missing))

    async def request(self, stanza: Stanza, *, seconds: float = 30.0) -> Stanza:
        """Send an IQ request to a client and return its answer (result or error).

        Raises StanzaError(remote-server-timeout) when none comes. `from` may be the domain or a bare JID.
        """
        key = stanza.attrs.get("id") or ids.new_token(9)
        stanza = stanza.with_attrs(id=key, from_=stanza.attrs.get("from", self.domain))
        return await self.answer_to(stanza, lambda: self.route(stanza), seconds=seconds)

    async def answer_to(
        self, request: Stanza, send: Callable[[], Awaitable[None] | None], *, seconds: float = 30.0
    ) -> Stanza:
        """The answer to a request with an id that nobody can guess, which `send` sends. Raises StanzaError."""
        key = request.attrs["id"]
        answer: asyncio.Future[Stanza] = asyncio.get_running_loop().create_future()
        self._requests[key] = answer
        try:
            sent = send()
            if sent is not None:
                await sent
            async with asyncio.timeout(seconds):
                return await answer
        except TimeoutError:
            raise StanzaError("wait", "remote-server-timeout") from None
        finally:
            del self._requests[key]

    def answered(self, stanza: Stanza) -> None:
        """An IQ result or error came for the server or an account: whoever asked is told."""
        waiting = self._requests.get(stanza.attrs.get("id", ""))
        if waiting is not None and not waiting.done():
            waiting.set_result(stanza)

    # ── sessions and devices ──────────────────────────────────────────────────────────────────────────────────────

    def session(self, jid: Jid) -> FedSession | None:
        """The session with this full JID."""
        account = self.accounts.find(jid.bare.text)
        return account.sessions.get(jid.resource) if account is not None else None

    def sessions_of(self, account: Jid) -> Sequence[FedSession]:
        """All bound sessions of an account, available or not, those that wait to be resumed included."""
        found = self.accounts.find(account.bare.text)
        return list(found.sessions.values()) if found is not None else ()

    def available_sessions_of(self, account: Jid) -> Sequence[FedSession]:
        """Those that have sent available presence."""
        return [session for session in self.sessions_of(account) if session.presence is not None]

    def sessions(self) -> list[FedSession]:
        """Every bound session of this node."""
        return [session for account in self.accounts.online() for session in account.sessions.values()]

    def is_local(self, jid: Jid) -> bool:
        """Whether the address is of this domain (not of a sub-domain)."""
        return jid.domain == self.domain

    async def has_account(self, account: Jid) -> bool:
        """Whether a local account exists: registered, or a device of this process."""
        return self.is_local(account) and bool(account.local) and (await self.accounts.load(account.bare)).exists

    async def devices_of(self, account: Jid) -> Sequence[Device]:
        """The devices of an account that own a queue, here or away, with their traits."""
        return list(((await self.accounts.load(account.bare)).devices or {}).values())

    def known_devices_of(self, account: Jid) -> Sequence[Device]:
        """The same without waiting: for an account whose message was just routed, which is loaded."""
        found = self.accounts.find(account.bare.text)
        return list((found.devices or {}).values()) if found is not None else ()

    async def remember_device(self, session: Session, trait: str, on: bool) -> None:
        """Note a trait of a session's device ("carbons"), so that it counts while the device is away."""
        account = self.accounts.find(session.account.text)
        device = (account.devices or {}).get(session.device) if account is not None else None
        if account is None or device is None:
            return
        traits = device.traits | {trait} if on else device.traits - {trait}
        if traits != device.traits:
            assert account.devices is not None
            account.devices[device.id] = replace(device, traits=traits)
            await self.inbox.save_device(account.devices[device.id])

    async def forget_device(self, account: Jid, device: str) -> None:
        """A device was revoked: its sessions end with `not-authorized`, its queue is erased."""
        for session in self.sessions_of(account):
            if session.device == device:
                session.close("not-authorized", "This device was removed.")
        found = self.accounts.find(account.bare.text)
        if found is not None and found.devices:
            found.devices.pop(device, None)
        await self.inbox.forget_device(account.bare.text, device)

    async def forget_account(self, account: Jid) -> None:
        """An account was removed: its sessions end, its queues are erased, features erase what they keep."""
        for session in self.sessions_of(account):
            session.close("not-authorized", "The account was removed.")
        self.accounts.forget(account.bare)
        await self.inbox.forget_account(account.bare.text)
        for watch in self.forgotten_watchers:
            await watch(account.bare)

    def account_changed(self, account: Jid) -> None:
        """An account was made, disabled or removed: what the engine has cached of it is void."""
        self.accounts.forget(account.bare)

    # ── what connections ask for ──────────────────────────────────────────────────────────────────────────────────

    async def bind(
        self, account: Jid, resource: str, device: str, outlet: Outlet, *, is_known: bool, user_agent: str = ""
    ) -> ClientSession:
        """Bind a resource (RFC 6120 §7). A session that has it already gives way.

        `device` names the queue, "" where the client brought no lasting name; then a resource that was seen before
        (`is_known` says that the client chose it) is its name.
        """
        await self._read_repeats()
        entry = await self.accounts.load(account, is_known=True)
        jid = account.with_resource(resource)
        old = entry.sessions.get(jid.resource)
        if old is not None:
            old.close("conflict", "The resource was bound by another connection.")
        queue = await self._queue_of(entry, jid.resource, device, is_known=is_known)
        others = sorted(entry.sessions.values(), key=lambda session: session.priority)
        if len(others) >= self.limits.sessions_per_account:
            others[0].close("policy-violation", "Too many connections of this account.")
        if self.streams is not None:
            self.streams.forget_device(jid.text)
        session = ClientSession(self, jid, queue, outlet)
        session.user_agent = user_agent
        self.accounts.bound(entry, session)
        for watch in self.bound_watchers:
            work = watch(session)
            if work is not None:
                await work
        return session

    async def _queue_of(self, account: Account, resource: str, device: str, *, is_known: bool) -> str:
        """Whose queue a new session reads; a device that is new gets one."""
        devices = account.devices
        assert devices is not None
        name = device or (f"resource:{resource}" if is_known else SHARED)
        now = self.clock.now()
        known = devices.get(name)
        if known is not None:
            if known.resource != resource or (now - known.seen).total_seconds() > 86_400:
                devices[name] = replace(known, resource=resource, seen=now)
                self.inbox.note_device(devices[name])
            return name
        if name == SHARED:
            return SHARED
        if not device and not await self.inbox.seen_before(account.jid.text, name, now):
            return SHARED
        devices[name] = Device(account.jid.text, name, resource, now)
        self.inbox.note_device(devices[name])
        by_resource = sorted((d for d in devices.values() if d.id.startswith("resource:")), key=lambda d: d.seen)
        for surplus in by_resource[: max(0, len(by_resource) - self.limits.devices_per_account)]:
            del devices[surplus.id]
            await self.inbox.forget_device(account.jid.text, surplus.id)
        return name

    def feed(self, session: Session) -> None:
        """A session's presence has changed: start or stop handing it what is sent to the bare address."""
        session.presence_changed()
        if not isinstance(session, FedSession):
            return
        if session.presence is not None and session.priority >= 0:
            session.start_feed()
        else:
            session.stop_feed()

    def enable_resumption(self, session: ClientSession, seconds: int) -> str:
        """XEP-0198 §3: let a stream be resumed for so long; the id to do it with."""
        resume_id = ids.new_token(18)
        slot = self.streams.open() if self.streams is not None else None
        session.enable(resume_id, min(seconds, self.limits.resume_seconds) or self.limits.resume_seconds, slot)
        self._resumable[resume_id] = session
        return resume_id

    async def find_resumable(self, account: Jid, resume_id: str) -> ClientSession | None:
        """The account's session with this id: one of this process, or one of the process before."""
        session = self._resumable.get(resume_id)
        if session is None and self.streams is not None:
            await self._read_repeats()
            remembered = self.streams.find(resume_id)
            if remembered is not None:
                session = await self._restore(account, remembered)
        return session if session is not None and session.account == account else None

    async def _read_repeats(self) -> None:
        """Before anybody can send anything: what was stored moments before a process died."""
        if self.repeats is not None:
            return
        streams = self.streams
        kept = await self.inbox.since(streams.unsure_since, REPEATS_MAX) if streams is not None else []
        found = {(one.account, mark_of_stored(one.stanza)) for one in kept if streams and streams.is_unsure(one.number)}
        if self.repeats is None:
            self.repeats = {(account, mark) for account, mark in found if mark}
            self.timers.call_later(self.limits.resume_seconds, self.repeats.clear)

    def is_repeat(self, account: str, mark: int) -> bool:
        """Whether this message is in the inbox already, from the process before. Answers yes once."""
        if not self.repeats or (account, mark) not in self.repeats:
            return False
        self.repeats.discard((account, mark))
        return True

    async def prepare_resumption(self, session: ClientSession) -> None:
        """Cut a session off from the connection it may still have, and let what is under way be done."""
        while True:
            outlet = session.outlet
            if outlet is not None:
                session.detach()
                outlet.close("conflict", "The stream was resumed on another connection.")
            await session.quiet()
            if session.outlet is None:
                return

    async def _restore(self, account: Jid, remembered: Remembered) -> ClientSession | None:
        """Bring a stream of the process before back to life, without a connection yet."""
        snapshot = remembered.snapshot
        jid = Jid.parse(str(snapshot["jid"]))
        entry = await self.accounts.load(jid.bare)
        if jid.bare != account or jid.resource in entry.sessions:
            remembered.slot.close()
            return None
        session = ClientSession(self, jid, str(snapshot["device"]), None)
        session.restore(remembered)
        self._resumable[session.resume_id] = session
        self.accounts.bound(entry, session)
        for watch in self.bound_watchers:
            work = watch(session)
            if work is not None:
                await work
        if isinstance(snapshot["presence"], str):
            presence = Stanza.from_bytes(snapshot["presence"].encode())
            later = self.intake.take(session, presence, Outcome())
            if later is not None:
                await later
        return session

    def ended(self, session: ClientSession) -> None:
        """A client's session is over: called by it, once."""
        self._resumable.pop(session.resume_id, None)
        self.accounts.unbound(session)
        later = None
        if session.presence is not None:
            gone = Stanza("presence", {"from": session.jid.text, "type": "unavailable"})
            later = self.intake.unavailable(session, gone)
        self.spawn(self._say_closed(session, later), "close a session")

    async def _say_closed(self, session: ClientSession, first: Coroutine[Any, Any, None] | None) -> None:
        if first is not None:
            await first
        for watch in self.closed_watchers:
            work = watch(session)
            if work is not None:
                await work

    # ── parts in this process ─────────────────────────────────────────────────────────────────────────────────────

    def attach_local(
        self, jid: Jid, on_stanza: Callable[[Stanza], Awaitable[None]], *, concurrency: int = 1
    ) -> LocalSession:
        """Put a device into this process at a full JID (a hosted business number, a bot).

        A stanza to it counts as acknowledged when the awaitable returns; when it raises, a message stays in the
        inbox and is handed out again. Stanzas are handed out one after the other, or up to `concurrency` at once
        (begun in order; who needs more order than that keeps it himself).
        """
        self.accounts.local.add(jid.local)
        account = self.accounts.get(jid.bare)
        account.exists = True
        session = LocalSession(self, jid, f"local:{jid.resource}", on_stanza, concurrency)
        self.accounts.bound(account, session)
        self.spawn(self._adopt(account, session), "adopt a local device")
        return session

    async def _adopt(self, account: Account, session: LocalSession) -> None:
        entry = await self.accounts.load(account.jid)
        assert entry.devices is not None
        if session.device not in entry.devices:
            entry.devices[session.device] = Device(
                account.jid.text, session.device, session.jid.resource, self.clock.now()
            )
            await self.inbox.save_device(entry.devices[session.device])
        session.start_feed()

    # ── work in the background ────────────────────────────────────────────────────────────────────────────────────

    def future(self) -> asyncio.Future[None]:
        """Something to wait for."""
        return asyncio.get_running_loop().create_future()

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run something in the background; an exception in it is logged under `name`, and `stop` waits for it."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def tasks(self) -> list[asyncio.Task[None]]:
        """What runs in the background now."""
        return list(self._tasks)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("task-failed", task=task.get_name(), exc_info=task.exception())

    def every(self, seconds: float, do: Callable[[], Awaitable[None]], name: str) -> None:
        """Call `do` again and again while the server runs."""

        def due() -> None:
            if not self.is_stopping:
                self.spawn(once(), name)

        async def once() -> None:
            try:
                await do()
            finally:
                self.timers.call_later(seconds, due)

        self.timers.call_later(seconds, due)

    def start(self) -> None:
        """Begin the work that is done again and again."""
        self.every(5.0, self.look_after_sessions, "look after sessions")
        self.every(3600.0, self._expire, "expire the inbox")
        if self.streams is not None:
            self.timers.call_later(self.limits.resume_seconds, self.streams.forget_all)

    def _trusts_clock(self) -> bool:
        """Whether the wall clock has run evenly for a day: what it says decides what is deleted."""
        now, monotonic = self.clock.now().timestamp(), self.clock.monotonic()
        jumped = now - monotonic - self._clock_offset
        if abs(jumped) > CLOCK_SLACK:
            log.warning("clock-jumped", seconds=round(jumped), fix="nothing expires for a day; look at the clock")
            self._clock_offset = now - monotonic
            self._trusted_from = monotonic + CLOCK_PROBATION
        return monotonic >= self._trusted_from

    async def _expire(self) -> None:
        if not self._trusts_clock():
            return
        now = self.clock.now()
        for account in self.accounts.online():
            for name in {session.device for session in account.sessions.values()}:
                device = (account.devices or {}).get(name)
                if device is not None and (now - device.seen).total_seconds() > 86_400:
                    account.devices[name] = replace(device, seen=now)  # type: ignore[index]
                    await self.inbox.save_device(account.devices[name])  # type: ignore[index]
        gone = await self.inbox.expire(now)
        self.metrics.count("inbox_expired", gone)

    async def look_after_sessions(self) -> None:
        """End what cannot be resumed any more, and connections that do not answer."""
        now = self.clock.monotonic()
        limits = self.limits
        for session in self.sessions():
            if not isinstance(session, ClientSession):
                continue
            if session.gone_at:
                if now - session.gone_at > session.resume_seconds:
                    session.end()
            elif session.asked_at and now - session.asked_at > limits.ack_timeout:
                if session.sm:
                    outlet = session.outlet
                    session.detach()
                    if outlet is not None:
                        outlet.close("connection-timeout", "An acknowledgement was asked for and did not come.")
                else:
                    session.give_up_proof()

    async def stop(self) -> None:
        """Write down what is owed, end every stream with `system-shutdown`; resumable ones stay remembered."""
        self.is_stopping = True
        for session in self.sessions():
            if isinstance(session, ClientSession) and session.outlet is not None:
                session.outlet.pause()
        # What was in its commit window becomes durable, so that the clients' last acknowledgements cover it.
        self.deliveries.flush()
        await self.inbox.flush()
        for session in self.sessions():
            if isinstance(session, ClientSession):
                session.shut_down()
        while self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                done, _ = await asyncio.wait(set(self._tasks), timeout=5.0)
                if not done:
                    break
        for task in set(self._tasks):
            task.cancel()
        for write_down in self.stop_watchers:
            try:
                await write_down()
            except Exception:
                log.exception("stop-failed")
        await self.inbox.flush()
