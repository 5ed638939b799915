"""Registers relay discovery (XEP-0215) and the end of ringing (XEP-0353 §5)."""

from __future__ import annotations

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import Element

from plauder.features.calls.rules import JMI, RINGS, Login, Relay, ends_ringing, login, signal_of
from plauder.wire.jid import Jid
from plauder.wire.stanza import Stanza
from plauder.wire.xml import E

if TYPE_CHECKING:
    from plauder.core.server import Server
    from plauder.core.session import Session

NS: Final = "urn:xmpp:extdisco:2"
MOST_RINGING: Final = 20_000


@dataclass(frozen=True, slots=True)
class Relays:
    """The operator's STUN and TURN services, and the secret they share with us."""

    services: Sequence[Relay] = ()
    secret: str = ""
    seconds: int = 3_600


def register(server: Server, relays: Relays | None = None) -> None:
    """Give relay addresses, and end calls that nobody took."""
    discovery, ringing = Discovery(server, relays or Relays()), Ringing(server)
    if discovery.has_services:
        server.advertise(NS)
    server.on_iq("get", NS, "services", do=discovery.services)
    server.on_iq("get", NS, "credentials", do=discovery.services)
    server.on_message(ringing.look)


class Discovery:
    """XEP-0215."""

    def __init__(self, server: Server, relays: Relays) -> None:
        self._server = server
        self._relays = relays

    @property
    def has_services(self) -> bool:
        return bool(self._relays.services)

    def services(self, session: Session, iq: Stanza, payload: Element) -> Element:
        """All services, or those of the type (and host) that is asked for, with fresh credentials."""
        wanted = payload if payload.tag.endswith("}services") else payload.find(f"{{{NS}}}service")
        kind = wanted.get("type") if wanted is not None else None
        host = wanted.get("host") if wanted is not None else None
        given = self._login(session)
        found = [
            self._service(relay, given)
            for relay in self._relays.services
            if kind in (None, relay.kind) and host in (None, relay.host)
        ]
        return E(payload.tag, {"type": kind} if payload.tag.endswith("}services") else {}, *found)

    def _login(self, session: Session) -> Login | None:
        if not self._relays.secret:
            return None
        # The relay logs user names, so it gets one that says nothing and is another every hour.
        now = self._server.clock.now()
        seed = f"{session.account}\0{now:%Y%m%d%H}".encode()
        user = hmac.digest(self._relays.secret.encode(), seed, hashlib.sha256).hex()[:16]
        return login(self._relays.secret, user, now, self._relays.seconds)

    @staticmethod
    def _service(relay: Relay, given: Login | None) -> Element:
        attrs = {"type": relay.kind, "host": relay.host, "port": str(relay.port), "transport": relay.transport}
        if relay.needs_login and given is not None:
            attrs |= {"username": given.username, "password": given.password, "restricted": "true"}
            attrs["expires"] = given.expires.strftime("%Y-%m-%dT%H:%M:%SZ")
        return E(f"{{{NS}}}service", attrs)


class Ringing:
    """The calls that ring now: (caller, callee, call) → when it began."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._calls: OrderedDict[tuple[str, str, str], float] = OrderedDict()

    def look(self, session: Session, message: Stanza) -> None:
        """See every call signal of local people go by."""
        signal = signal_of(message)
        to = message.to if signal is not None else None
        if signal is None or to is None:
            return
        mine, theirs = session.account.text, to.bare.text
        if signal.act == "propose":
            self._begin((mine, theirs, signal.call))
        elif ends_ringing(signal):
            # The callee answers to the caller, or tells its own other devices; the caller takes it back.
            for key in ((theirs, mine, signal.call), (mine, theirs, signal.call)):
                self._calls.pop(key, None)
            if mine == theirs:
                for key in [k for k in self._calls if k[1] == mine and k[2] == signal.call]:
                    del self._calls[key]

    def _begin(self, key: tuple[str, str, str]) -> None:
        self._calls[key] = self._server.clock.monotonic()
        if len(self._calls) > MOST_RINGING:
            self._calls.popitem(last=False)
        self._server.timers.call_later(RINGS, lambda: self._over(key))

    def _over(self, key: tuple[str, str, str]) -> None:
        began = self._calls.get(key)
        if began is None or self._server.clock.monotonic() - began < RINGS - 0.5:
            return
        del self._calls[key]
        caller, callee, call = key
        retract = E(f"{{{JMI}}}retract", {"id": call}, E("{urn:xmpp:jingle:1}reason", {}, E("timeout")))
        store = E("{urn:xmpp:hints}store")
        message = Stanza.build(
            "message", {"type": "chat", "from": caller, "to": callee, "id": f"missed-{call}"}, retract, store
        )
        if self._server.is_local(Jid.parse(callee)):
            self._server.deliver(message)
        else:
            self._server.route(message)
