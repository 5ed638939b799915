"""The inbox: what it is, whatever keeps it. `inbox_sqlite` and `inbox_postgres` do; one contract test runs on both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from plauder.wire.xml import quote

OWN_ID: Final = b"<stanza-id xmlns='urn:xmpp:sid:0' by="
"""How the id begins that we give a message (XEP-0359), at its end."""

MOST: Final = 2**63 - 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

SHARED = ""
"""The device id of an account's shared queue: for clients that come with a new resource each time (XEP-0160)."""


@dataclass(frozen=True, slots=True)
class Device:
    """A device that owns a queue: stanzas for the account are kept until it has acknowledged them."""

    account: str
    """Bare JID."""
    id: str
    """Stable across logins: Bind 2 user-agent id, credential's device, or a resource seen before. "" = SHARED."""
    resource: str
    """The resource it last had."""
    seen: datetime
    traits: frozenset[str] = frozenset()
    """What features want to know of it while it is away, e.g. "carbons"."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One stanza that waits in the inbox."""

    number: int
    """Grows with the order of arrival, and tells the time of it; in hexadecimal it is the `id` of XEP-0359."""
    account: str
    stanza: bytes
    """As it will be handed out, without the delay stamp."""
    devices: tuple[str, ...] = ()
    """Who still owes the acknowledgement."""


def addressed(common: bytes, account: str, number: int) -> bytes:
    """A message that is kept once for many accounts, as one of them gets it: with its address and its id.

    `common` has no `to`, and is not self-closed.
    """
    return addressing(common)(quote(account).encode(), number)


def addressing(common: bytes) -> Callable[[bytes, int], bytes]:
    """The same for many accounts, quoted and encoded."""
    inner = common[8:-10] + OWN_ID
    return lambda quoted, number: b"<message to=%b%b%b id='%x'/></message>" % (quoted, inner, quoted, number)


PAGE_BYTES = 1_048_576
"""`waiting` reads no further once it has so much: one slow reader must not fill the memory."""

Owing = tuple[str, str]
"""A queue: bare JID and device id."""

Done = Callable[[Exception | None], None]
"""Called on the loop, once."""


@dataclass(frozen=True, slots=True)
class Quota:
    """How much an inbox takes."""

    per_device: int = 50_000
    """Stanzas that one device may owe."""
    days: float = 30.0
    """How long a stanza waits at the longest; a device that stays away three times as long is forgotten."""
    min_free_bytes: int = 0
    """Free disk space below which nothing more is taken."""
    seen_per_account: int = 16
    """Names that are remembered by `seen_before`."""


class InboxFull(Exception):
    """The inbox cannot take more: the disk is full or read-only, or the account's quota is reached."""


class Inbox(Protocol):
    """The durable queue of every device. A stanza is stored once with the devices that owe an acknowledgement, those of
    one account or, in groups, of a thousand."""

    def keep(self, number: int, account: str, devices: Sequence[str], stanza: bytes, done: Done) -> None:
        """Write a stanza that `devices` of `account` owe, then call `done(None)`, or `done(InboxFull)` if it cannot be.

        `number` comes from `core.numbers.Numbers` and says when it arrived. Calls are committed in the order they
        were made. A stanza that is settled for all its devices before it is written is never written.
        """
        ...

    def keep_common(self, number: int, owing: Sequence[Owing], stanza: bytes, done: Done) -> None:
        """The same for a message that devices of many accounts owe, which is written once for all of them.

        `stanza` is what `addressed` takes; whoever reads gets it addressed. More devices may come to owe it by another
        call with the same number. A device that owes too much already is left out: one full queue must not silence a
        group.
        """
        ...

    def settle(self, account: str, devices: Sequence[str], numbers: Sequence[int]) -> None:
        """These devices have acknowledged these stanzas; a stanza that nobody owes is erased. Needs no answer:
        a settlement lost in a crash makes a double, never a loss."""
        ...

    def may_have(self, account: str, devices: Sequence[str]) -> bool:
        """False where surely nothing waits for any of `devices`; where that is not known at once, True."""
        ...

    async def waiting(self, account: str, devices: Sequence[str], after: int, limit: int) -> tuple[list[Kept], bool]:
        """The oldest stanzas that any of `devices` owes with a number above `after`, by number, and whether there
        are more. At most `limit` of them, and about PAGE_BYTES.

        Sees every `keep` that was called before it.
        """
        ...

    async def archive(
        self,
        account: str,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        after: int = 0,
        before: int | None = None,
        newest: bool = False,
        limit: int = 50,
    ) -> list[Kept]:
        """What is still stored for an account, by number (XEP-0313). `newest` takes the page from the end."""
        ...

    async def count(self, account: str, devices: Sequence[str]) -> int:
        """How many stanzas any of `devices` owes."""
        ...

    async def devices(self, account: str) -> list[Device]:
        """The devices that own a queue."""
        ...

    async def queues(self, prefix: str) -> list[tuple[str, str]]:
        """(account, device) of each queue that is not empty and whose device's name begins with `prefix`."""
        ...

    async def save_device(self, device: Device) -> None:
        """Make or refresh a device's queue."""
        ...

    def note_device(self, device: Device) -> None:
        """The same, without waiting for the disk: what was kept for the device is found in any case."""
        ...

    async def seen_before(self, account: str, name: str, now: datetime) -> bool:
        """Note that a client without a lasting identity came by this name; whether it had come by it before.

        A few names are remembered per account, so a client that invents one each time leaves nothing behind. The note
        is written with the next group; one that is lost in a crash makes the name new once more.
        """
        ...

    async def forget_device(self, account: str, device: str) -> None:
        """The device was revoked: its queue goes, with every stanza that only it owed."""
        ...

    async def forget_account(self, account: str) -> None:
        """Erase the account's queues and everything in them."""
        ...

    async def expire(self, now: datetime) -> int:
        """Erase stanzas and devices past their time; return how many stanzas went."""
        ...

    async def since(self, number: int, limit: int) -> list[Kept]:
        """The newest stanzas of all accounts with a number above this one, at most `limit`; `devices` is left out.
        What is kept for many comes once for each account that owes it."""
        ...

    async def highest(self) -> int:
        """The highest number ever stored and still there; 0 for an empty inbox."""
        ...

    async def flush(self) -> None:
        """Wait until everything called before is durable."""
        ...

    async def close(self) -> None:
        """Flush and let go of the files."""
        ...


def lowest(moment: datetime) -> int:
    """The lowest number of a moment; see `core.numbers`."""
    return (moment - _EPOCH) // timedelta(microseconds=1) << 8


def bounds(start: datetime | None, end: datetime | None, after: int, before: int | None) -> tuple[int, int]:
    """What `archive` asks for, as the first number and the one behind the last."""
    low = max(after + 1, lowest(start) if start else 0)
    return low, min(MOST, before or MOST, lowest(end) + 256 if end else MOST)
