"""What a roster item is, and which requests about it are proper. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final
from xml.etree.ElementTree import Element

from plauder.features.roster.states import INBOUND, OUTBOUND, Kind, State
from plauder.wire.jid import InvalidJid, Jid
from plauder.wire.stanza_error import StanzaError
from plauder.wire.xml import E

NS: Final = "jabber:iq:roster"
QUERY: Final = f"{{{NS}}}query"
ITEM: Final = f"{{{NS}}}item"
GROUP: Final = f"{{{NS}}}group"

MAX_ITEMS: Final = 5_000
MAX_NAME: Final = 1_023
MAX_GROUP: Final = 1_023
MAX_GROUPS: Final = 32
MAX_REQUEST: Final = 4_096
"""Bytes of a subscription request's content (status, nickname) that are kept until it is answered."""


@dataclass(frozen=True, slots=True)
class Item:
    """One contact of one account.

    `is_listed` is False for somebody who only asked to subscribe: RFC 6121 §3.1.3 keeps such a one out of the roster.
    `request` is the content of a subscription request that waits for its answer; `version` that of the last change.
    """

    contact: str
    state: State = State.NONE
    name: str = ""
    groups: tuple[str, ...] = ()
    is_approved: bool = False
    is_listed: bool = False
    request: bytes = b""
    version: int = 0

    @property
    def is_empty(self) -> bool:
        """Nothing is left to be kept."""
        return self.state is State.NONE and not self.is_listed and not self.is_approved

    def element(self) -> Element:
        """The `<item/>` as it goes over the wire (§2.1.2)."""
        attrs = {
            "jid": self.contact,
            "name": self.name or None,
            "subscription": self.state.subscription,
            "ask": "subscribe" if self.state.is_asking else None,
            "approved": "true" if self.is_approved else None,
        }
        return E(ITEM, attrs, *(E(GROUP, None, group) for group in self.groups))


@dataclass(frozen=True, slots=True)
class Wish:
    """What a roster set asks for: a new name and groups, or that the contact goes."""

    contact: Jid
    name: str = ""
    groups: tuple[str, ...] = ()
    removes: bool = False


def read(query: Element, own: Jid) -> Wish:
    """Read a roster set (§2.3, §2.5). Raises StanzaError."""
    items = query.findall(ITEM)
    # §2.1.5: exactly one item, anything else is a bad request.
    if len(items) != 1:
        raise StanzaError("modify", "bad-request", "A roster set names exactly one contact.")
    item = items[0]
    try:
        contact = Jid.parse(item.get("jid", "")).bare
    except InvalidJid as error:
        raise StanzaError("modify", "bad-request", "The contact's address is not valid.") from error
    if contact == own:
        raise StanzaError("cancel", "not-allowed", "You are not a contact of your own.")
    if item.get("subscription") == "remove":
        return Wish(contact, removes=True)
    name = item.get("name", "")
    if len(name.encode()) > MAX_NAME:
        raise StanzaError("modify", "not-acceptable", f"The name is longer than {MAX_NAME} bytes.")
    return Wish(contact, name, _groups([group.text or "" for group in item.findall(GROUP)]))


def _groups(groups: list[str]) -> tuple[str, ...]:
    # §2.3.3: the same group twice is a bad request; an empty or overlong name, or too many, are not acceptable.
    if len(groups) != len(set(groups)):
        raise StanzaError("modify", "bad-request", "The same group is named twice.")
    if len(groups) > MAX_GROUPS:
        raise StanzaError("modify", "not-acceptable", f"A contact can be in {MAX_GROUPS} groups.")
    if any(not group or len(group.encode()) > MAX_GROUP for group in groups):
        raise StanzaError("modify", "not-acceptable", f"A group's name has 1 to {MAX_GROUP} bytes.")
    return tuple(groups)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a subscription stanza does to an item, and what has to follow.

    `passes`: the stanza is routed (outbound) or shown to the account's devices (inbound). `reply` is what we answer on
    the account's behalf. `why` names the row.
    """

    item: Item
    passes: bool
    why: str
    reply: Kind | None = None


def send(item: Item, kind: Kind) -> Outcome:
    """The account sends a subscription stanza to the contact (§A.2)."""
    passes, state = OUTBOUND[kind][item.state]
    after = replace(item, state=state)
    match kind:
        case "subscribe":
            # §3.1.2: the contact comes into the roster by being asked.
            after = replace(after, is_listed=True)
        case "subscribed" if not passes and not item.state.shows:
            # §3.4.2: an approval before the request.
            after = replace(after, is_approved=True, is_listed=True)
        case "subscribed":
            # §3.1.5: whom the user lets in is shown in the roster.
            after = replace(after, is_listed=True, is_approved=False, request=b"")
        case "unsubscribed":
            after = replace(after, is_approved=False, request=b"")
        case _:
            pass
    return Outcome(after, passes, f"{kind} in {item.state.value}")


def receive(item: Item, kind: Kind, request: bytes = b"") -> Outcome:
    """A subscription stanza arrives from the contact (§A.3). `request` is its content."""
    if kind == "subscribe" and item.is_approved and not item.state.shows:
        # §3.4.2: approved in advance: it is answered for the user, and never shown.
        return Outcome(_let_in(item), passes=False, why="approved in advance", reply="subscribed")
    passes, state = INBOUND[kind][item.state]
    after = replace(item, state=state)
    reply: Kind | None = None
    if kind == "subscribe":
        if item.state.shows:
            # §3.1.3: the contact asks for what it has: its server may have lost the answer.
            reply = "subscribed"
        elif passes:
            after = replace(after, request=request[:MAX_REQUEST] if len(request) <= MAX_REQUEST else b"")
    elif kind == "unsubscribe":
        after = replace(after, request=b"")
        # §3.3.3: "unsubscribe" from somebody let in is answered on the account's behalf.
        reply = "unsubscribed" if item.state.shows else None
    return Outcome(after, passes, f"{kind} in {item.state.value}", reply)


def _let_in(item: Item) -> Item:
    asked = INBOUND["subscribe"][item.state].state
    return replace(item, state=OUTBOUND["subscribed"][asked].state, is_approved=False, is_listed=True)


def removal(item: Item) -> tuple[Kind, ...]:
    """What is sent to a contact that is removed from the roster (§2.5.2)."""
    kinds: list[Kind] = []
    if item.state.sees or item.state.is_asking:
        kinds.append("unsubscribe")
    if item.state.shows or item.state.is_asked:
        kinds.append("unsubscribed")
    return tuple(kinds)
