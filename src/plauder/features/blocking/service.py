"""The block lists of all accounts: cached, changed, pushed, and asked with every stanza between two people."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable
from datetime import timedelta
from typing import Final
from xml.etree.ElementTree import Element

from plauder.core.hooks import Verdict
from plauder.core.people import UNBLOCKED, BlockList, BlockWatcher, Report
from plauder.core.server import Server
from plauder.core.session import Session
from plauder.features.blocking import rules, store
from plauder.kit.ids import new_id
from plauder.wire.jid import InvalidJid, Jid
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError

INTERESTED: Final = "blocking"
"""What a session remembers when it asked for the list: XEP-0191 §3.2 pushes changes to such."""

DAY: Final = timedelta(days=1)
REPORTS_KEPT: Final = timedelta(days=180)
MAX_REPORTS_A_DAY: Final = 50

_CACHE: Final = 65_536


class Blocking:
    """`server.people.blocks` is this."""

    def __init__(self, server: Server, max_blocked: int = rules.MAX_BLOCKED) -> None:
        self._server = server
        self._max_blocked = max_blocked
        self._lists: OrderedDict[str, BlockList] = OrderedDict()
        self._watchers: list[BlockWatcher] = []
        self._generation = 0

    # ── what other features ask ───────────────────────────────────────────────────────────────────────────────────

    def cached(self, account: str) -> BlockList | None:
        """An account's list, if it is at hand."""
        found = self._lists.get(account)
        if found is None:
            jids = store.look(self._server.database, account)
            if jids is not None:
                found = self._keep(account, jids)
        return found

    async def of(self, account: str) -> BlockList:
        """An account's list."""
        found = self.cached(account)
        if found is None:
            generation = self._generation
            jids = await store.load(self._server.database, account)
            if generation != self._generation:
                return BlockList(frozenset(jids))
            found = self._keep(account, jids)
        return found

    def _keep(self, account: str, jids: list[str]) -> BlockList:
        found = self._lists[account] = BlockList(frozenset(jids)) if jids else UNBLOCKED
        if len(self._lists) > _CACHE:
            self._lists.popitem(last=False)
        return found

    def on_block(self, do: BlockWatcher) -> None:
        """Call `do` after a block list has changed."""
        self._watchers.append(do)

    # ── requests ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def get(self, session: Session, _iq: Stanza, _payload: Element) -> Element:
        """XEP-0191 §3.1: the list."""
        session.remember(INTERESTED, True)
        blocked = await self.of(session.account.text)
        return rules.listed("blocklist", [Jid.parse(jid) for jid in sorted(blocked.jids)])

    async def block(self, session: Session, _iq: Stanza, payload: Element) -> None:
        """XEP-0191 §3.3."""
        jids = rules.read(payload)
        if not jids:
            raise StanzaError("modify", "bad-request", "Name at least one address.")
        before = await self.of(session.account.text)
        if len(before.jids | {jid.text for jid in jids}) > self._max_blocked:
            raise StanzaError("wait", "resource-constraint", f"You can block {self._max_blocked} addresses.")
        now = self._server.clock.now()
        reports = rules.reports_in(payload, session.account, now)
        async with self._server.database.begin() as uow:
            await store.add(uow, session.account.text, [jid.text for jid in jids])
            made = await store.count_reports(uow, session.account.text, now - DAY) if reports else 0
            # Whoever reports very many gets the blocking, which was asked for, and no hearing.
            for report in reports[: max(0, MAX_REPORTS_A_DAY - made)]:
                await store.save_report(uow, report)
        for report in reports:
            reason = report.reason.rpartition(":")[2]
            self._server.metrics.count("abuse_reports", 1, reason=reason if reason in ("spam", "abuse") else "other")
        await self._changed(session.account, "block", jids)

    async def latest(self, limit: int) -> list[Report]:
        """The latest reports, for the operator."""
        async with self._server.database.read() as uow:
            return await store.latest_reports(uow, limit)

    async def clean(self) -> None:
        """Reports are kept for a while, not for ever."""
        async with self._server.database.begin() as uow:
            await store.forget_reports(uow, self._server.clock.now() - REPORTS_KEPT)

    async def unblock(self, session: Session, _iq: Stanza, payload: Element) -> None:
        """XEP-0191 §3.4; §3.5: no address at all means everybody."""
        jids = rules.read(payload)
        account = session.account
        before = await self.of(account.text)
        async with self._server.database.begin() as uow:
            await store.remove(uow, account.text, [jid.text for jid in jids] or sorted(before.jids))
        await self._changed(account, "unblock", jids, jids or [Jid.parse(jid) for jid in sorted(before.jids)])

    async def forget(self, account: Jid) -> None:
        """The account is removed."""
        async with self._server.database.begin() as uow:
            await store.forget_account(uow, account.text)
        self._drop(account)

    async def rename(self, old: Jid, new: Jid) -> None:
        """The account has another address now; whoever blocked it blocks that."""
        async with self._server.database.begin() as uow:
            blockers = await store.rename(uow, old.text, new.text)
        for account in (old, new, *map(Jid.parse, blockers)):
            self._drop(account)

    def _drop(self, account: Jid) -> None:
        self._generation += 1
        self._lists.pop(account.text, None)

    async def _changed(self, account: Jid, tag: str, named: list[Jid], meant: list[Jid] | None = None) -> None:
        self._drop(account)
        payload = rules.listed(tag, named)
        for session in self._server.sessions_of(account):
            if session.recall(INTERESTED):
                attrs = {"type": "set", "id": f"block-{new_id()}", "to": session.jid.text, "from": account.text}
                session.send(Stanza.build("iq", attrs, payload))
        for watcher in self._watchers:
            waiting = watcher(account, meant or named, tag == "block")
            if waiting is not None:
                await waiting

    # ── stanzas on their way ──────────────────────────────────────────────────────────────────────────────────────

    def check(self, session: Session, stanza: Stanza) -> Verdict | Awaitable[Verdict | None] | None:
        """A filter for whatever a local session sends. Waits only where a list is not at hand."""
        try:
            to = stanza.to
        except InvalidJid:
            return None  # refused by the router
        if to is None:
            return None
        mine = self._lists.get(session.account.text)
        theirs = self._lists.get(to.bare.text)
        if mine is UNBLOCKED and theirs is UNBLOCKED:
            return None
        if to.bare == session.account:
            return None
        # Of accounts elsewhere we keep no lists.
        if theirs is None and not self._server.is_local(to):
            theirs = UNBLOCKED
        if mine is None and not self._server.is_local(session.account):
            mine = UNBLOCKED
        mine = self.cached(session.account.text) if mine is None else mine
        theirs = self.cached(to.bare.text) if theirs is None else theirs
        if mine is None or theirs is None:
            return self._check_slowly(session, stanza, to)
        return rules.leaving(stanza, mine, to) or rules.arriving(stanza, theirs, session.jid)

    async def _check_slowly(self, session: Session, stanza: Stanza, to: Jid) -> Verdict | None:
        mine = await self.of(session.account.text) if self._server.is_local(session.account) else UNBLOCKED
        theirs = await self.of(to.bare.text) if self._server.is_local(to) else UNBLOCKED
        return rules.leaving(stanza, mine, to) or rules.arriving(stanza, theirs, session.jid)
