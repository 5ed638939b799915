"""Other servers: one `Link` for each pair of a domain of ours and one of theirs, made when a stanza needs it.

`Server.elsewhere` is an `Elsewhere` where federation is switched on; the router hands it what is for no domain of
ours. How a connection is made, and what is said on it before stanzas flow, is the edge's business (`Dial`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from plauder.core.link import DEVICE, Dial, Link, Unreachable, Way, return_to_sender
from plauder.core.session import Session
from plauder.kit import log as logging
from plauder.wire.jid import InvalidJid, Jid
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError

if TYPE_CHECKING:
    from plauder.core.delivery import Outcome
    from plauder.core.server import Server

log = logging.get("core.elsewhere")

LINKS_MAX: Final = 5_000
LOOK_SECONDS: Final = 60.0


class Elsewhere:
    """All links of this server."""

    def __init__(
        self, server: Server, dial: Dial, *, allows: Callable[[str], bool], give_up_seconds: float, idle_seconds: float
    ) -> None:
        """`allows(domain)`: whether we talk to it; `give_up_seconds`: how long a stanza is tried."""
        self.server = server
        self.dial = dial
        self.allows = allows
        self.give_up_seconds = give_up_seconds
        self.idle_seconds = idle_seconds
        self._links: dict[tuple[str, str], Link] = {}

    def serves(self, domain: str) -> bool:
        """Whether the domain is ours, so that we may speak for it."""
        return domain == self.server.domain or domain in self.server.hosts

    def links(self) -> list[Link]:
        """Every link there is now."""
        return list(self._links.values())

    async def start(self) -> None:
        """Go on with what the process before had not delivered."""
        for remote, device in await self.server.inbox.queues(DEVICE):
            local = device.removeprefix(DEVICE)
            link = self._link(local, remote)
            if link is not None:
                link.wake()
        self.server.every(LOOK_SECONDS, self._look_after, "look after other servers")

    def route(self, stanza: Stanza, to: Jid, origin: Session | None, outcome: Outcome) -> None:
        """Send a stanza to another server; releases one part of `outcome` when it is safe, or was refused."""
        try:
            sender = stanza.sender
        except InvalidJid:
            sender = None
        if sender is None or not self.serves(sender.domain):
            outcome.release(StanzaError("modify", "jid-malformed", "That sender is not of this server."))
            return
        if not self.allows(to.domain):
            text = f"This server exchanges no messages with {to.domain}."
            outcome.release(_told(stanza, StanzaError("cancel", "remote-server-not-found", text)))
            return
        link = self._link(sender.domain, to.domain)
        if link is None:
            outcome.release(_told(stanza, StanzaError("wait", "resource-constraint", "Too many servers at once.")))
            return
        link.pass_on(stanza, outcome, promised=origin is None or origin.is_promised)

    def _link(self, local: str, remote: str) -> Link | None:
        link = self._links.get((local, remote))
        if link is None:
            if len(self._links) >= LINKS_MAX:
                return None
            link = self._links[local, remote] = Link(self, local, remote)
        return link

    def adopt(self, local: str, remote: str, way: Way) -> Link | None:
        """A stream that the other server opened may carry what we have for it (XEP-0288). None: we have one."""
        link = self._link(local, remote)
        return link if link is not None and link.adopt(way) else None

    async def _look_after(self) -> None:
        """End what idles, return what was tried for too long, forget links without anything to do."""
        for key, link in list(self._links.items()):
            await link.look_after()
            if link.is_idle:
                del self._links[key]

    async def stop(self) -> None:
        """End every stream; what was not acknowledged waits in the inbox for the next start."""
        for link in self.links():
            link.stop()


def _told(stanza: Stanza, error: StanzaError) -> StanzaError | None:
    """Presence finds nobody in silence, and errors are not answered; all else is told."""
    return None if stanza.kind == "presence" or stanza.type in ("error", "result") else error


__all__ = ["Dial", "Elsewhere", "Link", "Unreachable", "Way", "return_to_sender"]
