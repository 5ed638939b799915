"""Stanzas from other domains: components on this machine, other servers. They are taken as those of local clients are.

Whoever speaks for the domain (`edge.component`, `edge.federation`) vouches for `from`; here they pass the same
filters, get the same answers, and are routed the same way. A `ForeignSession` stands for the sender towards filters
and handlers; one is made for each stanza, unless the sender is a visitor, of whom features remember something.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from plauder.core.delivery import Outcome
from plauder.core.session import Session
from plauder.wire.jid import InvalidJid, Jid
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError

if TYPE_CHECKING:
    from plauder.core.server import Server

WAITING_MAX: Final = 1_024
WAITING_BYTES_MAX: Final = 4_194_304
VISITORS_MAX: Final = 20_000

_RECEIVED: Final = "{urn:xmpp:carbons:2}received"
_SENT: Final = "{urn:xmpp:carbons:2}sent"

Send = Callable[[Stanza], None]
Done = Callable[[], None]


class ForeignSession(Session):
    """An entity of another domain, as filters and handlers see it."""

    __slots__ = ("_send",)

    def __init__(self, server: Server, jid: Jid, send: Send) -> None:
        super().__init__(server, jid, "")
        self._send = send

    @property
    def is_foreign(self) -> bool:
        return True

    @property
    def is_promised(self) -> bool:
        """Its server forgets what we have taken, whether it counts (XEP-0198) or not: so it must be safe."""
        return True

    def send(self, stanza: Stanza) -> None:
        self._send(stanza)

    def close(self, condition: str = "", text: str = "") -> None:
        """Nothing to close: it is somebody else's connection."""


class Visitors:
    """Devices elsewhere that show their presence to accounts here and of which features remember something.

    A bounded number: the one that was heard of least recently is forgotten first.
    """

    def __init__(self) -> None:
        self._sessions: OrderedDict[str, ForeignSession] = OrderedDict()
        self._of: dict[str, set[str]] = {}

    def find(self, jid: Jid) -> ForeignSession | None:
        """The visitor with this full JID."""
        found = self._sessions.get(jid.text)
        if found is not None:
            self._sessions.move_to_end(jid.text)
        return found

    def keep(self, session: ForeignSession) -> None:
        """Remember it from now on."""
        self._sessions[session.jid.text] = session
        self._of.setdefault(session.account.text, set()).add(session.jid.text)
        if len(self._sessions) > VISITORS_MAX:
            self.forget(next(iter(self._sessions.values())).jid)

    def forget(self, jid: Jid) -> None:
        """It went away."""
        session = self._sessions.pop(jid.text, None)
        if session is not None:
            known = self._of[session.account.text]
            known.discard(jid.text)
            if not known:
                del self._of[session.account.text]

    def of(self, account: str) -> Sequence[ForeignSession]:
        """The visitors of one bare JID."""
        return [self._sessions[text] for text in sorted(self._of.get(account, ()))]


def misuse(stanza: Stanza) -> str:
    """What only one's own server may say, and why it is not passed on where another one says it; "" for all else.

    Clients ought to look at `from` themselves; not all always did (CVE-2017-5589 and its kin).
    """
    inner = stanza.inner
    if b"urn:xmpp:carbons:2" in inner and (stanza.find(_RECEIVED) is not None or stanza.find(_SENT) is not None):
        return "a copy of somebody's messages"
    if stanza.kind == "iq" and stanza.type == "set" and (b"jabber:iq:roster" in inner or b"urn:xmpp:blocking" in inner):
        return "a push to somebody's lists"
    return ""


class Gateway:
    """Takes the stanzas of foreign domains; those of one sender one after the other, so that none waits for others."""

    def __init__(self, server: Server, domain: str, send: Send) -> None:
        """`domain`: the only one that `from` may be of; "" where whoever calls has made sure of it."""
        self._server = server
        self._domain = domain
        self._send = send
        self._lanes: dict[str, deque[tuple[Stanza, Done | None]]] = {}
        self._waiting = 0
        self._bytes = 0

    @property
    def is_full(self) -> bool:
        """Whether the peer should not be read for a while."""
        return self._waiting >= WAITING_MAX or self._bytes >= WAITING_BYTES_MAX

    def take(self, stanza: Stanza, done: Done | None = None) -> None:
        """Deal with a stanza of the domain; answers go out by `send`. Raises ValueError if `from` is not of it.

        `done` is called when the stanza is durable, delivered, or refused.
        """
        try:
            sender, to = stanza.sender, stanza.to
        except InvalidJid:
            sender = to = None
        if sender is None or self._domain not in ("", sender.domain):
            raise ValueError("from")
        if to is None:
            self._refuse(stanza, StanzaError("modify", "jid-malformed"))
            if done is not None:
                done()
            return
        self._waiting += 1
        self._bytes += len(stanza.inner)
        lane = self._lanes.get(sender.bare.text)
        if lane is not None:
            lane.append((stanza, done))
            return
        self._lanes[sender.bare.text] = deque([(stanza, done)])
        self._server.spawn(self._work(sender.bare.text), f"stanzas of {sender.domain}")

    async def _work(self, name: str) -> None:
        lane = self._lanes[name]
        try:
            while lane:
                stanza, done = lane[0]
                await self._deal_with(stanza, done)
                lane.popleft()
                self._waiting -= 1
                self._bytes -= len(stanza.inner)
        finally:
            for stanza, _ in lane:
                self._waiting -= 1
                self._bytes -= len(stanza.inner)
            del self._lanes[name]

    async def _deal_with(self, stanza: Stanza, done: Done | None) -> None:
        sender = stanza.sender
        assert sender is not None
        outcome = Outcome()

        def finished(outcome: Outcome) -> None:
            if outcome.error is not None:
                self._refuse(stanza, outcome.error)
            if done is not None:
                done()

        outcome.then(finished)
        why = misuse(stanza)
        if why:
            self._server.metrics.count("foreign_refused", 1, why=why)
            outcome.release(StanzaError("cancel", "service-unavailable"))
            return
        session = self._server.visitors.find(sender) or ForeignSession(self._server, sender, self._send)
        later = self._server.intake.take(session, stanza, outcome)
        if later is not None:
            await later

    def _refuse(self, stanza: Stanza, error: StanzaError) -> None:
        # RFC 6120 §8.3.1: errors are not answered with errors; nor are results.
        if stanza.type not in ("error", "result"):
            self._send(stanza.error_reply(error))
