"""Reads archive queries and writes results. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from xml.etree.ElementTree import Element

from plauder.wire import rsm
from plauder.wire.forms import Field, Form, MalformedForm
from plauder.wire.jid import InvalidJid, Jid
from plauder.wire.rsm import MalformedPage, Page
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError
from plauder.wire.xml import E

NS: Final = "urn:xmpp:mam:2"
FIELDS: Final = ("start", "end", "with", "before-id", "after-id", "ids")
MAX_PAGE: Final = 100
STANZA_ID: Final = "{urn:xmpp:sid:0}stanza-id"


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for: a window in time, a partner, numbers to start after and end before, a page."""

    id: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    partner: Jid | None = None
    after: int = 0
    before: int | None = None
    ids: frozenset[int] = frozenset()
    is_backwards: bool = False
    is_flipped: bool = False
    limit: int = MAX_PAGE

    def takes(self, message: Stanza, own: Jid) -> bool:
        """Is this message between the account and the partner?"""
        if self.partner is None:
            return True
        ends = [jid for jid in (message.sender, message.to) if jid is not None]
        others = [jid for jid in ends if jid.bare != own] or ends
        return any(self.partner in (jid, jid.bare) for jid in others)


def read(query: Element) -> Query:
    """Read a `<query/>` (XEP-0313 §4). Raises StanzaError."""
    try:
        form = Form.within(query)
        page = Page.within(query) or Page()
        return _query(query, form or Form("submit"), page)
    except (MalformedForm, MalformedPage, InvalidJid, ValueError) as error:
        raise StanzaError("modify", "bad-request", str(error)) from error


def _query(query: Element, form: Form, page: Page) -> Query:
    unknown = [name for name in form.values() if name not in FIELDS]
    if unknown:
        # A field that is passed over would give another result than the one that was asked for.
        raise StanzaError("cancel", "feature-not-implemented", f"There is no field {unknown[0]}.")
    if page.index is not None:
        raise StanzaError("cancel", "feature-not-implemented", "Pages are found by ids.")
    partner = form.text("with")
    afters = [number(text) for text in (page.after, form.text("after-id")) if text]
    befores = [number(text) for text in (page.before, form.text("before-id")) if text]
    return Query(
        id=query.get("queryid"),
        start=moment(form.text("start")),
        end=moment(form.text("end")),
        partner=Jid.parse(partner) if partner else None,
        after=max(afters, default=0),
        before=min(befores, default=None),
        ids=frozenset(number(text) for text in form["ids"].values) if "ids" in form else frozenset(),
        is_backwards=page.backwards,
        is_flipped=query.find(f"{{{NS}}}flip-page") is not None,
        limit=page.limit(MAX_PAGE),
    )


def moment(text: str) -> datetime | None:
    """A time of XEP-0082; None where the field is empty. Raises ValueError."""
    if not text:
        return None
    when = datetime.fromisoformat(text.strip())
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)


def number(text: str) -> int:
    """The number that an archive id stands for. Raises StanzaError: what we never gave is not found."""
    try:
        value = int(text, 16)
    except ValueError:
        value = -1
    if value < 0 or len(text) > 16 or not text.isalnum():
        raise StanzaError("cancel", "item-not-found", "There is no message with that id.")
    return value


def taken_of_room(query: Query, stanza: bytes, room: Jid) -> tuple[int, Stanza] | None:
    """A message as the room's archive has it, under the id that the room gave it; None if it is not asked for."""
    message = Stanza.from_bytes(stanza)
    sender = message.sender
    if sender is None or sender.bare != room or message.type != "groupchat":
        return None
    for payload in message.payloads:
        if payload.tag == STANZA_ID and payload.get("by") == room.text:
            key = number(payload.get("id", ""))
            is_in = key > query.after and (query.before is None or key < query.before)
            return (key, message) if is_in and (not query.ids or key in query.ids) else None
    return None


def form() -> Element:
    """What can be asked (XEP-0313 §4.1.6)."""
    types = {"with": "jid-single", "ids": "list-multi"}
    fields = [Field(name, (), types.get(name, "text-single")) for name in FIELDS]
    return E(f"{{{NS}}}query", None, Form("form", (Field("FORM_TYPE", (NS,), "hidden"), *fields)).element())


def result(query: Query, key: int, stamp: datetime, message: Stanza) -> Element:
    """One message of the answer (§4.2)."""
    delay = E("{urn:xmpp:delay}delay", {"stamp": f"{stamp:%Y-%m-%dT%H:%M:%S}.{stamp.microsecond // 1000:03d}Z"})
    forwarded = E("{urn:xmpp:forward:0}forwarded", None, delay, message.to_element())
    return E(f"{{{NS}}}result", {"queryid": query.id, "id": f"{key:x}"}, forwarded)


def fin(keys: list[int], *, complete: bool) -> Element:
    """The end of the answer (§4.3)."""
    ends = (f"{keys[0]:x}", f"{keys[-1]:x}") if keys else (None, None)
    attrs = {"complete": "true" if complete else None, "stable": "false"}
    return E(f"{{{NS}}}fin", attrs, rsm.answer(first=ends[0], last=ends[1]))
