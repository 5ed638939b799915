"""Hats (XEP-0317 0.3.1): titles that admins invent and give to people, shown beside them in their presence.

A room keeps a list of hats, each known by its URI, and who wears which. Commands (XEP-0050) to the room change both;
each asks once, for a form, and nothing is kept between the two steps.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import Element

from plauder.features.groups import names as ns
from plauder.features.groups.room import Hat, Room
from plauder.features.groups.rules import ADMIN, MEMBER, RANK
from plauder.kit.ids import new_id
from plauder.wire.disco import Identity, Info
from plauder.wire.forms import FORM_TYPE, Field, Form, MalformedForm
from plauder.wire.jid import InvalidJid, Jid
from plauder.wire.stanza_error import StanzaError
from plauder.wire.xml import E

if TYPE_CHECKING:
    from plauder.features.groups.post import Post

MOST_HATS: Final = 50
MOST_WEARERS: Final = 2_000
LONGEST_URI: Final = 500
LONGEST_TITLE: Final = 60
_COMMAND: Final = f"{{{ns.COMMANDS}}}command"
_URI, _TITLE, _HUE, _JID = "hats#uri", "hats#title", "hats#hue", "hats#jid"
_COMPAT_JID, _COMPAT_URI = "accountjid", "hat"
"""COMPAT(XEP-0317 0.2, until): the names of these fields before."""
_RUNS: Final = frozenset({"", "execute", "next", "complete"})


@dataclass(slots=True)
class Given:
    """The answer to a command, and what became of the room by it."""

    answer: Element
    is_changed: bool = False
    shown_anew: set[str] = field(default_factory=set)
    """Whose hats are others now."""


def entries(room: Room, account: str) -> list[tuple[str, str]]:
    """The commands that there are for somebody: (node, name)."""
    return [(f"{ns.HATS_COMMANDS}:{name}", title) for name, (title, may, _) in _ALL.items() if may(room, account)]


def info(room: Room, account: str, node: str) -> Info | None:
    """What a command is (XEP-0050 §2.2); None where there is none, or none for this account."""
    known = dict(entries(room, account)).get(node)
    if known is None:
        return None
    return Info([Identity("automation", "command-node", name=known)], [ns.COMMANDS, "jabber:x:data"])


def run(room: Room, account: str, command: Element) -> Given:
    """Carry out a command of this account. Raises StanzaError."""
    node, action = command.get("node", ""), command.get("action", "")
    found = _ALL.get(node.removeprefix(f"{ns.HATS_COMMANDS}:"))
    if found is None or not found[1](room, account):
        raise StanzaError("cancel", "item-not-found", "There is no such command here.")
    key = command.get("sessionid") or new_id()
    attrs = {"node": node, "sessionid": key}
    if action == "cancel":
        return Given(E(_COMMAND, attrs | {"status": "canceled"}))
    if action not in _RUNS:
        raise StanzaError("modify", "bad-request", None, E(f"{{{ns.COMMANDS}}}bad-action"))
    try:
        form = Form.within(command)
    except MalformedForm:
        raise StanzaError("modify", "bad-request", None, E(f"{{{ns.COMMANDS}}}bad-payload")) from None
    step = found[2](room, form if form is not None and form.kind == "submit" else None)
    if isinstance(step, Form):
        actions = E("actions", {"execute": "complete"}, E("complete"))
        return Given(E(_COMMAND, attrs | {"status": "executing"}, actions, step.element()))
    answer = E(_COMMAND, attrs | {"status": "completed"}, step.listed)
    return Given(answer, is_changed=step.listed is None, shown_anew=step.shown_anew)


def worn(room: Room, account: str) -> Element | None:
    """`<hats/>` of somebody, for presence; None without any."""
    mine = [hat for hat in room.hats.values() if account in hat.wearers]
    if not mine:
        return None
    hats = (E("hat", {"uri": hat.uri, "title": hat.title, "hue": hat.hue or None}) for hat in mine)
    return E(f"{{{ns.HATS}}}hats", {}, *hats)


def digest(room: Room) -> str:
    """What changes with the list of hats; "" without any."""
    text = "\n".join(f"{hat.uri}\t{hat.title}\t{hat.hue}" for hat in room.hats.values())
    return hashlib.sha256(text.encode()).hexdigest()[:40] if text else ""


def take_off(room: Room, account: str) -> None:
    """Somebody is gone for good."""
    for hat in list(room.hats.values()):
        if account in hat.wearers:
            room.hats[hat.uri] = replace(hat, wearers=hat.wearers - {account})


def hand_over(room: Room, old: str, new: str) -> None:
    """Somebody has another address."""
    for hat in list(room.hats.values()):
        if old in hat.wearers:
            room.hats[hat.uri] = replace(hat, wearers=hat.wearers - {old} | {new})


def tell(post: Post, room: Room, given: Given) -> None:
    """Show everybody the new hats of those who have others now."""
    post.status(room, ns.CONFIG_CHANGED)
    for account in given.shown_anew:
        for occupant in room.occupants_of(account):
            post.announce(room, occupant)


# ── the commands ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class _Done:
    shown_anew: set[str] = field(default_factory=set)
    listed: Element | None = None


def _create(room: Room, form: Form | None) -> Form | _Done:
    """Make a hat, or give one another title or colour."""
    if form is None:
        return _form(
            "Make a hat",
            Field(_TITLE, (), "text-single", "Title", required=True),
            Field(_URI, (), "text-single", "Address (URI) that names it", required=True),
            Field(_HUE, (), "text-single", "Colour: an angle of hue, 0 to 360"),
        )
    uri, title, hue = form.text(_URI).strip(), " ".join(form.text(_TITLE).split()), form.text(_HUE).strip()
    if not (0 < len(uri) <= LONGEST_URI and 0 < len(title) <= LONGEST_TITLE and _is_hue(hue)):
        raise StanzaError("modify", "not-acceptable", "A hat has a URI, a short title, and a hue from 0 to 360.")
    before = room.hats.get(uri)
    if before is None and len(room.hats) >= MOST_HATS:
        raise StanzaError("wait", "resource-constraint", f"A group has at most {MOST_HATS} hats.")
    hat = replace(before, title=title, hue=hue) if before is not None else Hat(uri, title, hue)
    room.hats[uri] = hat
    return _Done(set(hat.wearers))


def _is_hue(text: str) -> bool:
    try:
        return not text or (len(text) < 20 and 0 <= float(text) <= 360)
    except ValueError:
        return False


def _destroy(room: Room, form: Form | None) -> Form | _Done:
    """Take a hat off everybody, and out of the list."""
    if form is None:
        return _form("Put a hat away for good", _choice(room))
    hat = _named(room, form)
    del room.hats[hat.uri]
    return _Done(set(hat.wearers))


def _assign(room: Room, form: Form | None) -> Form | _Done:
    if form is None:
        return _form("Give somebody a hat", Field(_JID, (), "jid-single", "Who", required=True), _choice(room))
    hat, account = _named(room, form), _person(form)
    if RANK[room.affiliation(account)] < RANK[MEMBER] and not room.occupants_of(account):
        raise StanzaError("cancel", "item-not-found", f"{account} does not belong to this group.")
    if len(hat.wearers) >= MOST_WEARERS:
        raise StanzaError("wait", "resource-constraint", f"At most {MOST_WEARERS} people wear the same hat.")
    room.hats[hat.uri] = replace(hat, wearers=hat.wearers | {account})
    return _Done({account})


def _unassign(room: Room, form: Form | None) -> Form | _Done:
    if form is None:
        return _form("Take a hat off somebody", Field(_JID, (), "jid-single", "Who", required=True), _choice(room))
    hat, account = _named(room, form), _person(form)
    if account not in hat.wearers:
        raise StanzaError("cancel", "item-not-found", f"{account} does not wear that hat.")
    room.hats[hat.uri] = replace(hat, wearers=hat.wearers - {account})
    return _Done({account})


def _list(room: Room, form: Form | None) -> _Done:
    rows = ((None, hat) for hat in room.hats.values())
    return _Done(listed=_table("Hats", (_TITLE, _URI, _HUE), rows))


def _list_assigned(room: Room, form: Form | None) -> _Done:
    rows = ((account, hat) for hat in room.hats.values() for account in sorted(hat.wearers))
    return _Done(listed=_table("Who wears which hat", (_JID, _URI, _TITLE, _HUE), rows))


def _table(title: str, columns: tuple[str, ...], rows: Iterable[tuple[str | None, Hat]]) -> Element:
    """A form of several items (XEP-0004 §3.4)."""
    x = Form("result", title=title).element()
    x.append(E("{jabber:x:data}reported", {}, *(E("field", {"var": var}) for var in columns)))
    for account, hat in rows:
        cells = {_JID: account or "", _URI: hat.uri, _TITLE: hat.title, _HUE: hat.hue}
        x.append(
            E("{jabber:x:data}item", {}, *(E("field", {"var": var}, E("value", {}, cells[var])) for var in columns))
        )
    return x


def _form(title: str, *fields: Field) -> Form:
    return Form("form", (Field(FORM_TYPE, (ns.HATS_COMMANDS,), "hidden"), *fields), title=title)


def _choice(room: Room) -> Field:
    options = tuple((hat.uri, hat.title) for hat in room.hats.values())
    return Field(_URI, (), "list-single", "Hat", options, required=True)


def _named(room: Room, form: Form) -> Hat:
    hat = room.hats.get(form.text(_URI) or form.text(_COMPAT_URI))
    if hat is None:
        raise StanzaError("cancel", "item-not-found", "There is no such hat here.")
    return hat


def _person(form: Form) -> str:
    try:
        return Jid.parse(form.text(_JID) or form.text(_COMPAT_JID)).bare.text
    except InvalidJid:
        raise StanzaError("modify", "jid-malformed", "Name somebody by address.") from None


def _for_admins(room: Room, account: str) -> bool:
    return RANK[room.affiliation(account)] >= RANK[ADMIN]


def _for_all(room: Room, account: str) -> bool:
    return RANK[room.affiliation(account)] >= RANK[MEMBER] or bool(room.occupants_of(account))


_Run = Callable[[Room, Form | None], Form | _Done]
_ALL: Final[dict[str, tuple[str, Callable[[Room, str], bool], _Run]]] = {
    "create": ("Make a hat", _for_admins, _create),
    "destroy": ("Put a hat away for good", _for_admins, _destroy),
    "assign": ("Give somebody a hat", _for_admins, _assign),
    "unassign": ("Take a hat off somebody", _for_admins, _unassign),
    "list": ("Which hats there are", _for_all, _list),
    "list-assigned": ("Who wears which hat", _for_admins, _list_assigned),
    # COMPAT(XEP-0317 0.2, until): the names of assign and unassign before.
    "don": ("Give somebody a hat (old clients)", _for_admins, _assign),
    "doff": ("Take a hat off somebody (old clients)", _for_admins, _unassign),
}
