"""Which events each device wants: learnt from capabilities, asked once per hash, verified, kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable
from datetime import timedelta
from typing import Final

from plauder.core.people import NOBODY, Interested
from plauder.core.server import Server
from plauder.core.session import Session
from plauder.features.disco import store
from plauder.features.disco.rules import Caps, caps_of, interests
from plauder.wire.disco import QUERY_INFO, Info, MalformedInfo
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError
from plauder.wire.xml import E

WANTS: Final = "disco.wants"
"""Where a session keeps the set it shares with all others of the same software."""
SAYS: Final = "disco.caps"
"""Where a session keeps the key of the capabilities it announced last."""

_CACHE: Final = 8_192
KEPT: Final = timedelta(days=90)
"""How long the answer for a hash is kept after its last use."""


class DeviceInterests:
    """`server.people.interests` is this."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._known: OrderedDict[str, frozenset[str]] = OrderedDict()
        self._shared: dict[frozenset[str], frozenset[str]] = {}
        self._watchers: list[Interested] = []

    def of(self, session: Session) -> frozenset[str]:
        """The nodes whose events the session wants."""
        if not session.has_state:
            return NOBODY
        wants: frozenset[str] = session.state.get(WANTS, NOBODY)
        return wants

    def on_interest(self, do: Interested) -> None:
        """Call `do` when an available session's wishes become known or grow."""
        self._watchers.append(do)

    # ── presence brings a hash ────────────────────────────────────────────────────────────────────────────────────

    def available(self, session: Session, presence: Stanza, first: bool) -> Awaitable[None] | None:
        """Learn what the device wants; ask it, in the background, where the hash is new."""
        caps = caps_of(presence)
        if caps is None or (not first and session.state.get(SAYS) == caps.key):
            return None
        return self._announced(session, caps)

    async def _announced(self, session: Session, caps: Caps) -> None:
        wants = await self._recall(caps)
        if wants is None:
            session.state[SAYS] = caps.key
            self._server.spawn(self._ask(session, caps), "capabilities")
        else:
            await self._learn(session, caps, wants)

    async def bound(self, session: Session) -> None:
        """A stream that is resumed after a restart: its presence is known, and what it says was known before."""
        caps = caps_of(session.presence) if session.presence is not None else None
        wants = await self._recall(caps) if caps is not None else None
        if caps is not None and wants:
            session.state.update({SAYS: caps.key, WANTS: self._share(wants)})

    def unavailable(self, session: Session, _presence: Stanza, _first: bool) -> None:
        """Who is offline wants nothing."""
        if session.has_state:
            session.state.pop(WANTS, None)
            session.state.pop(SAYS, None)

    async def _learn(self, session: Session, caps: Caps, wants: frozenset[str]) -> None:
        before = self.of(session)
        if wants or before:
            session.state.update({SAYS: caps.key, WANTS: self._share(wants)})
        fresh = wants - before
        if fresh:
            for watcher in self._watchers:
                waiting = watcher(session, fresh)
                if waiting is not None:
                    await waiting

    def _share(self, wants: frozenset[str]) -> frozenset[str]:
        # Versions of one client differ in their hash, seldom in what they want.
        if len(self._shared) > _CACHE:
            self._shared.clear()
        return self._shared.setdefault(wants, wants)

    # ── what a hash means ─────────────────────────────────────────────────────────────────────────────────────────

    async def _recall(self, caps: Caps) -> frozenset[str] | None:
        known = self._known.get(caps.key)
        if known is None:
            async with self._server.database.read() as uow:
                known = await store.find(uow, caps.key)
            if known is not None:
                self._remember(caps, known)
        return known

    def _remember(self, caps: Caps, wants: frozenset[str]) -> None:
        self._known[caps.key] = self._share(wants)
        if len(self._known) > _CACHE:
            self._known.popitem(last=False)

    async def _ask(self, session: Session, caps: Caps) -> None:
        attrs = {"type": "get", "from": self._server.domain, "to": session.jid.text}
        try:
            answer = await self._server.request(Stanza.build("iq", attrs, E(QUERY_INFO, {"node": caps.node})))
            query = answer.find(QUERY_INFO)
            if answer.type != "result" or query is None:
                return
            info = Info.parse(query)
        except (StanzaError, MalformedInfo):
            return
        wants = interests(info)
        if caps.is_of(info):
            # Only what has the hash that was announced may speak for others who announce it (XEP-0115 §8.1).
            self._remember(caps, wants)
            async with self._server.database.begin() as uow:
                await store.save(uow, caps.key, wants, self._server.clock.now())
        if session.is_available and session.state.get(SAYS) == caps.key:
            await self._learn(session, caps, wants)

    async def clean(self) -> None:
        """Forget hashes that nobody has announced for long."""
        async with self._server.database.begin() as uow:
            await store.forget(uow, self._server.clock.now() - KEPT)
        self._known.clear()
