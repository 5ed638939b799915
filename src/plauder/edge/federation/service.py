"""Federation as a whole: the listeners, the policy, and the server's `elsewhere`."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from plauder.core.delivery import Outcome
from plauder.core.elsewhere import Elsewhere
from plauder.edge import listen
from plauder.edge.federation.connection import IncomingConnection, ServerConnection
from plauder.edge.federation.dialing import Dialer
from plauder.edge.federation.names import Names
from plauder.edge.federation.tls import PeerContext
from plauder.edge.federation.trust import Trust
from plauder.kit import log as logging
from plauder.kit.limits import Allowance, network_of
from plauder.wire.stanza import Stanza
from plauder.wire.stream_error import StreamError

if TYPE_CHECKING:
    from plauder.core.server import Server

log = logging.get("edge.federation")

EVERYBODY: Final = "*"
BURST_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator decides. Times in seconds."""

    allow: Sequence[str] = ()
    deny: Sequence[str] = ()
    dialback: bool = False
    give_up_seconds: float = 172_800.0
    idle_seconds: float = 900.0
    stanzas_per_second: float = 200.0
    max_connections: int = 1_000
    max_connections_per_address: int = 20


@dataclass(slots=True)
class Federation:
    """Made by `app`, where it is switched on. It is the `wire.s2s.Policy` of every stream."""

    server: Server
    settings: Settings
    trust: Trust
    tls: PeerContext
    secret: bytes
    """Makes dialback keys."""
    names: Names
    connections: set[ServerConnection] = field(default_factory=set)
    elsewhere: Elsewhere = field(init=False)
    dialer: Dialer = field(init=False)
    allowance: Allowance = field(init=False)
    _sockets: list[asyncio.Server] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dialer = Dialer(self, self.names)
        settings = self.settings
        self.elsewhere = Elsewhere(
            self.server,
            self.dialer,
            allows=self.allows,
            give_up_seconds=settings.give_up_seconds,
            idle_seconds=settings.idle_seconds,
        )
        rate = settings.stanzas_per_second
        self.allowance = Allowance(self.server.clock, rate * BURST_SECONDS, BURST_SECONDS, most_keys=10_000)

    # ── policy ────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def dialback(self) -> bool:
        return self.settings.dialback

    def serves(self, domain: str) -> bool:
        return self.elsewhere.serves(domain)

    def allows(self, domain: str) -> bool:
        """Whether we talk to a domain. A name in a list stands for its sub-domains too; `deny` has the last word."""
        if self.serves(domain) or is_named(domain, self.settings.deny):
            return False
        return EVERYBODY in self.settings.allow or is_named(domain, self.settings.allow)

    def admits(self, connection: IncomingConnection) -> bool:
        """Whether there is room for one more connection, in all and from its network."""
        network = network_of(connection.address)
        same = Counter(network_of(one.address) for one in self.connections if isinstance(one, IncomingConnection))
        return (
            len(self.connections) <= self.settings.max_connections
            and same[network] <= self.settings.max_connections_per_address
        )

    # ── life ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def start(self) -> None:
        """Take over what is for other servers, and go on with what waits for them."""
        self.server.elsewhere = self.elsewhere
        await self.elsewhere.start()

    async def listen(self, host: str, port: int, setting: str, *, is_direct: bool = False) -> int:
        """Accept servers; returns the port, a free one where 0 was asked for. Raises PortTaken."""
        sock = listen.bind(host, port, setting)
        loop = asyncio.get_running_loop()
        self._sockets.append(await loop.create_server(lambda: IncomingConnection(self, is_direct=is_direct), sock=sock))
        taken: int = sock.getsockname()[1]
        return taken

    async def stop(self) -> None:
        """Accept nothing more, end every stream; what was not acknowledged waits for the next start."""
        for opened in self._sockets:
            opened.close()
        await self.elsewhere.stop()
        for connection in tuple(self.connections):
            connection.fail(StreamError("system-shutdown"))
        await asyncio.sleep(0)

    def send(self, stanza: Stanza) -> None:
        """An answer of ours to a stanza from elsewhere."""
        self.server.router.route(stanza, None, Outcome())


def is_named(domain: str, names: Sequence[str]) -> bool:
    """Whether a domain, or one above it, is in a list."""
    while domain:
        if domain in names:
            return True
        domain = domain.partition(".")[2]
    return False
