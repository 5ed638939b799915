"""What features need to know of an account from one another: contacts, whom it blocks, who may see it, what devices
want, what it publishes.

Features never import each other. The one that keeps a thing puts it here (`server.people`); the others ask here, and
get an empty answer where that feature is not registered. Answers are shared and immutable, so that asking costs a
look-up and an idle session nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol
from xml.etree.ElementTree import Element

from plauder.wire.stanza_error import StanzaError

if TYPE_CHECKING:
    from plauder.core.session import Session
    from plauder.wire.jid import Jid

NOBODY: Final[frozenset[str]] = frozenset()
NO_GROUPS: Final[Mapping[str, frozenset[str]]] = {}


@dataclass(frozen=True, slots=True)
class Relations:
    """Who sees whose presence. Bare JIDs as texts.

    `subscribers` see this account's presence (subscription "from" or "both"), `subscriptions` are whose presence it
    sees ("to" or "both"), `groups` are the roster groups of each contact that is in any, `known` is everybody in the
    roster, `asked` are those whose request to subscribe is not answered yet.
    """

    subscribers: frozenset[str] = NOBODY
    subscriptions: frozenset[str] = NOBODY
    known: frozenset[str] = NOBODY
    asked: frozenset[str] = NOBODY
    groups: Mapping[str, frozenset[str]] = field(default_factory=lambda: NO_GROUPS)


ALONE: Final = Relations()


@dataclass(frozen=True, slots=True)
class Bond:
    """`contact` (bare JID) may see `account`'s presence from now on, or no longer."""

    account: Jid
    contact: Jid
    shows: bool


Bonds = Callable[[Bond], Awaitable[None] | None]


class Contacts(Protocol):
    """The roster, as others need it."""

    async def of(self, account: str) -> Relations:
        """The relations of a local account (bare JID); cached."""
        ...

    def cached(self, account: str) -> Relations | None:
        """The same where it is at hand without waiting."""
        ...

    def on_bond(self, do: Bonds) -> None:
        """Call `do` when somebody comes to see an account's presence, or no longer does."""
        ...

    async def befriend(self, account: Jid, contact: Jid) -> None:
        """Put both local accounts into each other's roster, as if both had asked and agreed."""
        ...

    async def follow(self, account: Jid, old: Jid, new: Jid, request: bytes) -> None:
        """A contact of the local account goes on as `new`, which has proved it; `request`: its subscription request."""
        ...


class BlockList:
    """Whom an account blocks (XEP-0191). Asking is a few set look-ups; the empty list is one shared object."""

    __slots__ = ("jids",)

    def __init__(self, jids: frozenset[str] = NOBODY) -> None:
        self.jids = jids

    def __contains__(self, jid: object) -> bool:
        """Is this Jid blocked? XEP-0191 §4: full, bare, domain with resource, domain alone."""
        jids = self.jids
        if not jids:
            return False
        address: Jid = jid  # type: ignore[assignment]
        if address.text in jids or address.bare.text in jids or address.domain in jids:
            return True
        return bool(address.resource) and f"{address.domain}/{address.resource}" in jids

    def __bool__(self) -> bool:
        return bool(self.jids)


UNBLOCKED: Final = BlockList()


BlockWatcher = Callable[["Jid", Sequence["Jid"], bool], Awaitable[None] | None]
"""`do(account, jids, blocked)`: the account has blocked these addresses, or no longer does."""


class Blocks(Protocol):
    """The block lists."""

    async def of(self, account: str) -> BlockList:
        """The block list of a local account (bare JID); cached."""
        ...

    def cached(self, account: str) -> BlockList | None:
        """The same where it is at hand without waiting."""
        ...

    def on_block(self, do: BlockWatcher) -> None:
        """Call `do` after a block list has changed."""
        ...


class Audience(StrEnum):
    """Who may do or see something of an account. Contacts are those who may see its presence."""

    EVERYONE = "everyone"
    CONTACTS = "contacts"
    NOBODY = "nobody"

    def holds(self, *, is_contact: bool) -> bool:
        """Does somebody who is (not) a contact belong to it?"""
        return self is Audience.EVERYONE or (self is Audience.CONTACTS and is_contact)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What an account shows of itself, and to whom. The default is what XMPP does by itself."""

    online: Audience = Audience.CONTACTS
    """That it is here, and its status."""
    last_seen: Audience = Audience.CONTACTS
    """When it was last here."""
    groups: Audience = Audience.EVERYONE
    """Who may put it into a group."""


USUAL: Final = Wishes()

WishWatcher = Callable[["Jid", Wishes, Wishes], Awaitable[None] | None]
"""`do(account, before, after)`: an account has changed its wishes."""


class Discretion(Protocol):
    """What each account wishes to show."""

    async def of(self, account: str) -> Wishes:
        """The wishes of a local account (bare JID); cached."""
        ...

    def on_change(self, do: WishWatcher) -> None:
        """Call `do` after an account has changed its wishes."""
        ...


@dataclass(frozen=True, slots=True)
class Report:
    """What somebody reported while blocking (XEP-0377). The evidence is what the reporter chose to name or to tell."""

    reporter: str
    reported: str
    reason: str
    text: str
    evidence: tuple[str, ...]
    """Ids of messages (XEP-0359), as `by id`."""
    at: datetime

    @property
    def line(self) -> str:
        """The report on one line, as operators read it."""
        reason = self.reason.rpartition(":")[2] or "no reason"
        evidence = f" [{', '.join(self.evidence)}]" if self.evidence else ""
        said = " ".join(self.text.split())
        return f"{self.at:%Y-%m-%d %H:%M} {self.reported}: {reason}, by {self.reporter}: {said}{evidence}"


Interested = Callable[["Session", frozenset[str]], Awaitable[None] | None]
"""`do(session, nodes)`: the session has come to want the events of these nodes."""


class Interests(Protocol):
    """Which pubsub events a device wants, from its entity capabilities (XEP-0163 §4.3.1)."""

    def of(self, session: Session) -> frozenset[str]:
        """The nodes the session wants; empty as long as its capabilities are not known."""
        ...

    def visited_by(self, session: Session) -> Set[str]:
        """The accounts here (bare JIDs) that a device elsewhere shows itself to, and that show themselves to it."""
        ...

    def on_interest(self, do: Interested) -> None:
        """Call `do` when an available session's wishes become known or grow; with all of them after it comes online."""
        ...


@dataclass(frozen=True, slots=True)
class Published:
    """An item that an account's node holds."""

    account: str
    node: str
    id: str
    payload: Element | None
    publisher: str = ""


class Personal(Protocol):
    """What accounts publish about themselves (XEP-0163), for features that keep their data there."""

    async def publish(
        self, account: Jid, node: str, item: str, payload: Element, *, options: Mapping[str, str] | None = None
    ) -> None:
        """Publish as the account itself. `options` configure a node that is not there yet. Raises StanzaError."""
        ...

    async def retract(self, account: Jid, node: str, item: str) -> None:
        """Remove an item and tell the subscribers; nothing happens where there is none."""
        ...

    async def items(self, account: Jid, node: str, *, ids: Sequence[str] = (), limit: int = 1) -> list[Published]:
        """The latest items, the newest last, whoever may read them; empty where the node is not there."""
        ...

    async def latest(self, accounts: Collection[str], nodes: Collection[str]) -> Mapping[tuple[str, str], Published]:
        """The latest item of each node with one of these names, of each of these accounts, by (account, node)."""
        ...

    async def items_by_name(self, wanted: Collection[tuple[str, str, str]]) -> Mapping[tuple[str, str, str], Published]:
        """Items by (account, node, item id); those that are not there are missing."""
        ...

    def on_published(self, node: str, do: Callable[[Published], Awaitable[None]]) -> None:
        """Call `do` after each publication to this node; its `payload` is None when the item was retracted."""
        ...


class Archive(Protocol):
    """What is still stored of a room's messages for one of its members (XEP-0313)."""

    async def of_room(self, member: Jid, room: Jid, query: Element) -> Element:
        """Send a page of `room`'s messages to `member` (full JID); return the end of the answer. Raises StanzaError."""
        ...

    def fields_of_room(self) -> Element:
        """What can be asked."""
        ...


class _NoArchive:
    async def of_room(self, member: Jid, room: Jid, query: Element) -> Element:
        raise StanzaError("cancel", "feature-not-implemented")

    def fields_of_room(self) -> Element:
        raise StanzaError("cancel", "feature-not-implemented")


class _NoContacts:
    async def of(self, account: str) -> Relations:
        return ALONE

    def cached(self, account: str) -> Relations | None:
        return ALONE

    def on_bond(self, do: Bonds) -> None:
        pass

    async def befriend(self, account: Jid, contact: Jid) -> None:
        pass

    async def follow(self, account: Jid, old: Jid, new: Jid, request: bytes) -> None:
        pass


class _NoBlocks:
    async def of(self, account: str) -> BlockList:
        return UNBLOCKED

    def cached(self, account: str) -> BlockList | None:
        return UNBLOCKED

    def on_block(self, do: BlockWatcher) -> None:
        pass


class _Usual:
    async def of(self, account: str) -> Wishes:
        return USUAL

    def on_change(self, do: WishWatcher) -> None:
        pass


class _NoInterests:
    def of(self, session: Session) -> frozenset[str]:
        return NOBODY

    def visited_by(self, session: Session) -> Set[str]:
        return NOBODY

    def on_interest(self, do: Interested) -> None:
        pass


class _NothingPublished:
    async def publish(
        self, account: Jid, node: str, item: str, payload: Element, *, options: Mapping[str, str] | None = None
    ) -> None:
        pass

    async def retract(self, account: Jid, node: str, item: str) -> None:
        pass

    async def items(self, account: Jid, node: str, *, ids: Sequence[str] = (), limit: int = 1) -> list[Published]:
        return []

    async def latest(self, accounts: Collection[str], nodes: Collection[str]) -> Mapping[tuple[str, str], Published]:
        return {}

    async def items_by_name(self, wanted: Collection[tuple[str, str, str]]) -> Mapping[tuple[str, str, str], Published]:
        return {}

    def on_published(self, node: str, do: Callable[[Published], Awaitable[None]]) -> None:
        pass


@dataclass(slots=True)
class People:
    """Where the features meet."""

    contacts: Contacts = field(default_factory=_NoContacts)
    blocks: Blocks = field(default_factory=_NoBlocks)
    discretion: Discretion = field(default_factory=_Usual)
    interests: Interests = field(default_factory=_NoInterests)
    personal: Personal = field(default_factory=_NothingPublished)
    archive: Archive = field(default_factory=_NoArchive)
