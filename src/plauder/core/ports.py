"""What `core` needs from others, as protocols: who may log in, where messages wait, who is where, what is counted.

Each port has an embedded implementation (in process, SQLite) and may get a clustered one; the same contract tests
run against both. So nothing here hands out something that only one process could have: ids are texts and numbers,
waiting is an awaitable.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from plauder.store.inbox import SHARED, Device, Inbox, InboxFull, Kept

__all__ = [
    "NEVER_COUNTED",
    "SHARED",
    "Bus",
    "Credentials",
    "Device",
    "DeviceKeys",
    "Directory",
    "FastToken",
    "Inbox",
    "InboxFull",
    "Kept",
    "Limits",
    "Metrics",
    "NoMetrics",
    "ScramKeys",
]

# ── who may log in ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class DeviceKeys:
    """What a server keeps of one device's password for one hash (RFC 5802 §3)."""

    device: str
    """The device the credential is bound to; empty for a password that a person chose and may use anywhere."""
    stored_key: bytes
    server_key: bytes


@dataclass(frozen=True, slots=True)
class ScramKeys:
    """An account's SCRAM data for one hash: all its devices share salt and iterations."""

    salt: bytes
    iterations: int
    devices: Sequence[DeviceKeys]


NEVER_COUNTED = -1
"""The counter of a FAST token that was not used with a `count` yet."""


@dataclass(frozen=True, slots=True)
class FastToken:
    """A FAST token (XEP-0484) of one device, as the server keeps it.

    HT-* mechanisms compute HMAC(token, "Initiator" ‖ channel binding), so the server holds the token itself.
    """

    token: bytes
    device: str
    mechanism: str
    expires: datetime
    counter: int = NEVER_COUNTED
    """The highest `count` seen with this token: an initial response that may be replayed must bring a higher one."""


class Credentials(Protocol):
    """Accounts and what proves them. Implemented by `features.accounts`; by a dictionary in tests."""

    async def lookup(self, local: str, hash_name: str) -> ScramKeys | None:
        """SCRAM data of the account with this localpart; `hash_name` is "sha-1", "sha-256" or "sha-512".

        None when there is no such account, it is disabled, or holds no key for that hash. The caller must not let
        the peer see the difference (it goes on with a faked stable salt).
        """
        ...

    async def check_password(self, local: str, password: str) -> str | None:
        """For PLAIN: the device the password belongs to ("" for an unbound one), or None when it is wrong."""
        ...

    async def exists(self, local: str) -> bool:
        """Whether the account is registered (enabled or not)."""
        ...

    async def is_enabled(self, local: str) -> bool:
        """Whether the account exists and may log in."""
        ...

    async def fast_tokens(self, local: str, user_agent: str) -> Sequence[FastToken]:
        """The tokens that this user agent (Bind 2 id) of the account may use now, the newest first."""
        ...

    async def save_fast_token(self, local: str, user_agent: str, token: FastToken) -> None:
        """Keep a token just issued to this user agent; older ones stay until used or expired (XEP-0484 §3.4)."""
        ...

    async def use_fast_token(self, local: str, user_agent: str, token: bytes, counter: int | None) -> bool:
        """Use a token, in one step: whether it is still there and `counter` is above each it was used with before.

        Without a counter it must never have been used with one. Older tokens of this user agent fall, and `counter` is
        remembered against replay (XEP-0484 §3.4): of two logins at once with the same count, one is refused.
        """
        ...

    async def drop_fast_tokens(self, local: str, user_agent: str) -> None:
        """The client asked to invalidate its tokens."""
        ...


# ── who is where ──────────────────────────────────────────────────────────────────────────────────────────────────


class Directory(Protocol):
    """Which node of the cluster holds which bound resource. The embedded one knows one node: this process."""

    def claim(self, account: str, resource: str) -> None:
        """A session is bound here now."""
        ...

    def release(self, account: str, resource: str) -> None:
        """It is gone."""
        ...

    def nodes_of(self, account: str) -> frozenset[str]:
        """The nodes that hold sessions of the account."""
        ...


class Bus(Protocol):
    """Live routing between nodes: at most once, in order per sender and subject."""

    def publish(self, subject: str, payload: bytes) -> None:
        """Hand `payload` to every subscriber of `subject` on any node."""
        ...

    def subscribe(self, subject: str, do: Callable[[bytes], None]) -> Callable[[], None]:
        """Call `do` for each payload; the returned function ends it."""
        ...


# ── what is counted ───────────────────────────────────────────────────────────────────────────────────────────────


class Metrics(Protocol):
    """Where counts go. Names are without prefix and unit suffixes follow OpenMetrics."""

    def count(self, name: str, amount: float = 1, /, **labels: str) -> None:
        """Add to a counter."""
        ...

    def observe(self, name: str, value: float, /, **labels: str) -> None:
        """Record one measurement of a histogram."""
        ...

    def gauge(self, name: str, value: float, /, **labels: str) -> None:
        """Set a gauge."""
        ...


class NoMetrics:
    """Counts nothing: for tests and embedding."""

    def count(self, name: str, amount: float = 1, /, **labels: str) -> None:
        pass

    def observe(self, name: str, value: float, /, **labels: str) -> None:
        pass

    def gauge(self, name: str, value: float, /, **labels: str) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Limits:
    """How much the engine takes from a client that has come in; `door.Rules` say who comes in. Sizes in bytes, times
    in seconds."""

    stanza: int = 262_144
    """The largest stanza after the login (RFC 6120 §13.12 asks for at least 10,000)."""
    login_seconds: float = 30.0
    """A connection that has not bound a resource by then is closed."""
    login_attempts: int = 4
    """Failed SASL exchanges of one connection."""
    sessions_per_account: int = 20
    devices_per_account: int = 16
    """Queues by resource; the longest unseen goes first. Queues by credential do not count."""
    unacked: int = 256
    """Stanzas handed to a client that it has not acknowledged; more wait in the inbox."""
    output: int = 1_048_576
    """Bytes that wait in the transport of a slow reader, at the most; above, the connection is cut."""
    pending_from_client: int = 512
    """Stanzas of one client that are neither durable nor delivered; above, its socket is not read."""
    resume_seconds: int = 600
    """How long a stream can be resumed after its connection is gone (XEP-0198 `max`)."""
    ack_timeout: float = 60.0
    """A connection that leaves <r/> unanswered this long is dead."""
    commit_window: float = 0.004
    """How long a message to devices that may answer at once is kept from the disk."""
    fast_token_days: float = 21.0
