"""What the engine knows of an account while it matters: its sessions and the devices that own a queue.

An `Account` is loaded from the credentials and the inbox when a stanza first needs it, and forgotten again when
nobody is online and it was not used lately. Work that arrives during the loading waits, in order.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from plauder.core.feed import FedSession
from plauder.core.ports import SHARED, Credentials, Device, Inbox
from plauder.wire.jid import Jid
from plauder.wire.xml import quote

if TYPE_CHECKING:
    from plauder.core.server import Server

IDLE_ACCOUNTS = 20_000
"""Accounts without sessions that are kept in memory."""


class Account:
    """One local account. `devices` is None until it is loaded; `exists` is valid from then on."""

    __slots__ = ("devices", "exists", "jid", "quoted", "sessions", "waiting")

    def __init__(self, jid: Jid) -> None:
        self.jid = jid
        self.quoted = quote(jid.text).encode()
        """Its address as the value of an attribute."""
        self.exists = False
        self.sessions: dict[str, FedSession] = {}
        """By resource; those that wait to be resumed included."""
        self.devices: dict[str, Device] | None = None
        self.waiting: list[Callable[[], None]] | None = None

    @property
    def is_loaded(self) -> bool:
        return self.devices is not None

    def queues(self) -> list[str]:
        """Who owes an acknowledgement for a stanza to the bare address: every device with a queue; the shared queue
        when there is no such device, or when a client without one is here."""
        devices = self.devices or {}
        queues = list(devices)
        if not queues:
            return [SHARED]
        for session in self.sessions.values():
            if session.device == SHARED:
                queues.append(SHARED)
                break
        return queues


class Accounts:
    """All accounts that are in memory."""

    def __init__(self, server: Server, credentials: Credentials, inbox: Inbox) -> None:
        self._server = server
        self._credentials = credentials
        self._inbox = inbox
        self._online: dict[str, Account] = {}
        self._idle: OrderedDict[str, Account] = OrderedDict()
        self.local: set[str] = set()
        """Localparts that exist in this process only (bots)."""

    def find(self, bare: str) -> Account | None:
        """The account if it is in memory."""
        return self._online.get(bare) or self._idle.get(bare)

    def missing(self, accounts: Iterable[str]) -> list[str]:
        """Which of these are not in memory, loaded."""
        online, idle = self._online, self._idle
        missing = []
        for bare in accounts:
            account = online.get(bare) or idle.get(bare)
            if account is None or account.devices is None or account.waiting is not None:
                missing.append(bare)
        return missing

    def get(self, jid: Jid) -> Account:
        """The account of a bare JID of this domain; it may have to be loaded."""
        text = jid.text
        account = self._online.get(text)
        if account is None:
            account = self._idle.get(text)
            if account is None:
                account = self._idle[text] = Account(jid)
                if len(self._idle) > IDLE_ACCOUNTS:
                    self._shed()
            else:
                self._idle.move_to_end(text)
        return account

    def when_loaded(self, account: Account, do: Callable[[], None]) -> None:
        """Call `do` once the account is loaded; at once if it is. Calls keep their order."""
        if account.waiting is not None:
            account.waiting.append(do)
        elif account.is_loaded:
            do()
        else:
            account.waiting = [do]
            self._server.spawn(self._load(account), "load an account")

    async def load(self, jid: Jid, *, is_known: bool = False) -> Account:
        """The account, loaded. `is_known`: it has just logged in, so nobody need be asked whether it exists."""
        account = self.get(jid)
        if is_known:
            account.exists = True
        if account.waiting is not None or not account.is_loaded:
            loaded = self._server.future()
            self.when_loaded(account, lambda: loaded.set_result(None))
            await asyncio.shield(loaded)
        return account

    async def _load(self, account: Account) -> None:
        jid = account.jid
        try:
            account.exists = account.exists or jid.local in self.local or await self._credentials.exists(jid.local)
            devices = await self._inbox.devices(jid.text) if account.exists else []
            account.devices = {device.id: device for device in devices}
        finally:
            # After a failure those who wait see an account that is not loaded; the next stanza tries again.
            waiting, account.waiting = account.waiting or [], None
            if not account.exists:
                self._idle.pop(jid.text, None)  # it may be registered the next moment
            for do in waiting:
                do()

    def bound(self, account: Account, session: FedSession) -> None:
        """A session got its resource."""
        account.sessions[session.jid.resource] = session
        if self._online.setdefault(account.jid.text, account) is account:
            self._idle.pop(account.jid.text, None)
        self._server.directory.claim(account.jid.text, session.jid.resource)

    def unbound(self, session: FedSession) -> None:
        """A session is over."""
        account = self._online.get(session.account.text)
        if account is None or account.sessions.get(session.jid.resource) is not session:
            return
        del account.sessions[session.jid.resource]
        self._server.directory.release(session.account.text, session.jid.resource)
        if not account.sessions:
            del self._online[session.account.text]
            self._idle[session.account.text] = account

    def forget(self, jid: Jid) -> None:
        """What was loaded of an account is void; its sessions stay."""
        account = self._idle.pop(jid.text, None) or self._online.get(jid.text)
        if account is not None:
            account.devices = None
            account.exists = False

    def online(self) -> list[Account]:
        return list(self._online.values())

    def _shed(self) -> None:
        for text, account in self._idle.items():
            if account.waiting is None:
                del self._idle[text]
                return
