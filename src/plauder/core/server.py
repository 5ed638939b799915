"""The server as features see it: the hooks, and the few things one may ask of the engine.

`app` builds one, hands it to every feature's `register(server)`, then starts it. Inside, `Router` decides where a
stanza goes, `Delivery` sees that nothing acknowledged is lost, `Session` is one bound resource.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from plauder.core.hooks import Hooks
from plauder.core.ports import Bus, Credentials, Directory, Inbox, Limits, Metrics, NoMetrics
from plauder.core.session import Session
from plauder.kit.clock import Clock
from plauder.store.database import Database
from plauder.wire.jid import Jid
from plauder.wire.stanza import Stanza


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
        config: object = None,
    ) -> None:
        super().__init__()
        self.domain = domain
        self.clock = clock
        self.credentials = credentials
        self.inbox = inbox
        self.bus = bus
        self.directory = directory
        self.limits = limits or Limits()
        self.metrics = metrics or NoMetrics()
        self.config = config
        """The program's settings, as `kit.config` has them; the engine itself reads only `limits`."""
        self._database = database

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
        raise NotImplementedError

    async def request(self, stanza: Stanza, *, seconds: float = 30.0) -> Stanza:
        """Send an IQ request to a client and return its answer (result or error).

        Raises StanzaError(remote-server-timeout) when none comes.
        """
        raise NotImplementedError

    # ── sessions and devices ──────────────────────────────────────────────────────────────────────────────────────

    def session(self, jid: Jid) -> Session | None:
        """The session with this full JID."""
        raise NotImplementedError

    def sessions_of(self, account: Jid) -> Sequence[Session]:
        """All bound sessions of an account, available or not, those that wait to be resumed included."""
        raise NotImplementedError

    def available_sessions_of(self, account: Jid) -> Sequence[Session]:
        """Those that have sent available presence."""
        return [session for session in self.sessions_of(account) if session.presence is not None]

    def is_local(self, jid: Jid) -> bool:
        """Whether the address is of this domain (not of a sub-domain)."""
        return jid.domain == self.domain

    async def has_account(self, account: Jid) -> bool:
        """Whether a local account exists: registered, or a device of this process."""
        raise NotImplementedError

    async def remember_device(self, session: Session, trait: str, on: bool) -> None:
        """Note a trait of a session's device ("carbons"), so that it counts while the device is away."""
        raise NotImplementedError

    async def forget_device(self, account: Jid, device: str) -> None:
        """A device was revoked: its sessions end with `not-authorized`, its queue is erased."""
        raise NotImplementedError

    async def forget_account(self, account: Jid) -> None:
        """An account was removed: its sessions end, its queues are erased."""
        raise NotImplementedError

    def account_changed(self, account: Jid) -> None:
        """An account was made, disabled or removed: what the engine has cached of it is void."""
        raise NotImplementedError

    # ── parts in this process ─────────────────────────────────────────────────────────────────────────────────────

    def attach_local(self, jid: Jid, on_stanza: Callable[[Stanza], Awaitable[None]]) -> LocalSession:
        """Put a device into this process at a full JID (a hosted business number, a bot).

        A stanza to it counts as acknowledged when the awaitable returns; when it raises, a message stays in the
        inbox and is handed out again. Stanzas are handed out one after the other.
        """
        raise NotImplementedError

    # ── work in the background ────────────────────────────────────────────────────────────────────────────────────

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run something in the background; an exception in it is logged under `name`, and `stop` waits for it."""
        raise NotImplementedError

    def every(self, seconds: float, do: Callable[[], Awaitable[None]], name: str) -> None:
        """Call `do` again and again while the server runs."""
        raise NotImplementedError


class LocalSession(Session):
    """A device in this process, made by `Server.attach_local`."""

    __slots__ = ()

    def submit(self, stanza: Stanza) -> Awaitable[None]:
        """Send as a client does: `from` is stamped, filters run. Completes when durable or delivered, raises
        StanzaError when refused."""
        raise NotImplementedError

    async def request(self, iq: Stanza, *, seconds: float = 30.0) -> Stanza:
        """Send an IQ request as a client does and return the answer (result or error)."""
        raise NotImplementedError
