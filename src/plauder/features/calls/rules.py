"""Relay credentials and the life of a call that rings. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from plauder.wire.stanza import Stanza

JMI: Final = "urn:xmpp:jingle-message:0"
RINGS: Final = 60.0
"""Seconds a call rings; who comes back later has missed it."""
_ADDRESS = re.compile(
    r"(?P<kind>stun|stuns|turn|turns):(?P<host>\[[0-9a-fA-F:]+\]|[^:?/\[\]]+)(?::(?P<port>\d{1,5}))?"
    r"(?:\?transport=(?P<transport>udp|tcp))?"
)
_PORTS = {"stun": 3478, "turn": 3478, "stuns": 5349, "turns": 5349}


@dataclass(frozen=True, slots=True)
class Relay:
    """One STUN or TURN service, as its URI (RFC 7064, RFC 7065) says."""

    kind: str
    host: str
    port: int
    transport: str

    @classmethod
    def parse(cls, uri: str) -> Relay:
        """Raises ValueError for what is no STUN or TURN URI."""
        found = _ADDRESS.fullmatch(uri)
        if found is None or int(found["port"] or 1) not in range(1, 65_536):
            raise ValueError(f"{uri[:80]!r} is not a URI like turn:turn.example.org:3478?transport=udp")
        kind = found["kind"]
        transport = found["transport"] or ("tcp" if kind.endswith("s") else "udp")
        return cls(kind, found["host"].strip("[]"), int(found["port"] or _PORTS[kind]), transport)

    @property
    def needs_login(self) -> bool:
        return self.kind.startswith("turn")


@dataclass(frozen=True, slots=True)
class Login:
    """A short-lived name and password for a relay."""

    username: str
    password: str
    expires: datetime


def login(secret: str, user: str, now: datetime, seconds: int) -> Login:
    """Credentials by the shared secret of coturn's `use-auth-secret` (the TURN REST API): the name is the time it ends
    and an opaque user, the password its HMAC-SHA-1 under the secret."""
    expires = now + timedelta(seconds=seconds)
    name = f"{int(expires.timestamp())}:{user}"
    digest = hmac.digest(secret.encode(), name.encode(), hashlib.sha1)
    return Login(name, base64.b64encode(digest).decode(), expires)


@dataclass(frozen=True, slots=True)
class Signal:
    """What a message says about a call: `act` is propose, ringing, proceed, accept, reject, retract or finish."""

    act: str
    call: str


def signal_of(message: Stanza) -> Signal | None:
    """The call signal in a message, if it has one."""
    if JMI.encode() not in message.inner:
        return None
    for payload in message.payloads:
        namespace, _, name = payload.tag[1:].partition("}")
        if namespace == JMI and payload.get("id"):
            return Signal(name, payload.get("id", "")[:128])
    return None


def ends_ringing(signal: Signal) -> bool:
    """Whether the call does not ring any more after this."""
    return signal.act in ("proceed", "accept", "reject", "retract", "finish")
