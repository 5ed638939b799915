"""Which events each device wants: learnt from capabilities, asked once per hash, verified, kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable
from datetime import timedelta
from typing import Final

from plauder.core.foreign import ForeignSession
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

VISITS: Final = "disco.visits"
"""Where a visitor keeps the accounts here that it shows itself to, and that show themselves to it."""
VISITS_MAX: Final = 1_000

_CACHE: Final = 8_192
_SHOWN: Final = (None, "unavailable")
KEPT: Final = timedelta(days=90)
"""How long the answer for a hash is kept after its last use."""


def visits(session: Session) -> set[str]:
    """See VISITS."""
    found: set[str] = session.state.get(VISITS, set()) if session.has_state else set()
    return found


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

    def visited_by(self, session: Session) -> set[str]:
        """The accounts here (bare JIDs) that a visitor shows itself to, and that show themselves to it."""
        return visits(session)

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

    def heard(self, session: Session, presence: Stanza) -> Awaitable[None] | None:
        """A filter: devices elsewhere that show themselves to an account which shows itself to them are visitors.

        Their wishes are learnt like those of devices here, so they hear of what the account publishes (XEP-0163).
        """
        to = presence.to
        if not isinstance(session, ForeignSession) or not session.jid.resource or presence.type not in _SHOWN:
            return None
        if to is None or not to.local or not self._server.is_local(to):
            return None
        if presence.type is not None:
            self._left(session, to.bare.text)
            return None
        return self._visits(session, presence, to.bare.text)

    def _left(self, session: ForeignSession, account: str) -> None:
        visited = visits(session)
        visited.discard(account)
        if not visited:
            self._server.visitors.forget(session.jid)

    async def _visits(self, session: ForeignSession, presence: Stanza, account: str) -> None:
        if session.account.text not in (await self._server.people.contacts.of(account)).subscribers:
            return
        session = self._server.visitors.find(session.jid) or session
        visited = session.state.setdefault(VISITS, set())
        is_new = account not in visited and len(visited) < VISITS_MAX
        if is_new:
            visited.add(account)
        self._server.visitors.keep(session)
        session.presence = presence
        learning = self.available(session, presence, False)
        if learning is not None:
            await learning
        if is_new:
            await self._tell(session, self.of(session))

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
        await self._tell(session, wants - before)

    async def _tell(self, session: Session, fresh: frozenset[str]) -> None:
        for watcher in self._watchers if fresh else ():
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
