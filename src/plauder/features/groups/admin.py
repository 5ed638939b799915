"""Running a room: lists, affiliations, roles, configuration, its end (XEP-0045 §8, §9, §10; XEP-0425)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from plauder.features.groups import names as ns
from plauder.features.groups import presence, rules
from plauder.features.groups.config import BadConfig, RoomConfig, changed
from plauder.features.groups.room import Affiliated, Occupant, Room
from plauder.features.groups.rules import ADMIN, MEMBER, MODERATOR, NO_ROLE, NONE, OUTCAST, RANK, ROLES
from plauder.wire.forms import Form, MalformedForm
from plauder.wire.jid import InvalidJid, Jid
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError
from plauder.wire.xml import E

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from plauder.features.groups.post import Post

Plan = Callable[[], None]
ITEM = f"{{{ns.ADMIN}}}item"
MOST_ITEMS = 500
_WHY = {
    "last-owner": ("cancel", "conflict", "A group needs an owner; make somebody else owner first."),
    "self": ("cancel", "not-allowed", "You cannot change this about yourself."),
    "rank": ("cancel", "not-allowed", "You may not change this about this person."),
    "not-moderator": ("auth", "forbidden", "That takes a moderator."),
    "not-admin": ("auth", "forbidden", "That takes an admin."),
}


def refuse(verdict: rules.Verdict) -> None:
    """Raises the StanzaError that says why not."""
    if not verdict.allowed:
        kind, condition, text = _WHY.get(verdict.why, ("auth", "forbidden", "You may not do that here."))
        raise StanzaError(kind, condition, text)  # type: ignore[arg-type]


def read_lists(room: Room, account: str, role: str, query: Element) -> Element:
    """§8.5, §9.3, §9.5, §9.8, §10.3: the people with an affiliation or a role."""
    answer = E(f"{{{ns.ADMIN}}}query")
    for item in query.iterfind(ITEM):
        affiliation, wanted_role = item.get("affiliation"), item.get("role")
        if affiliation in RANK:
            own = room.affiliation(account)
            refuse(rules.may_read_list(own, affiliation, non_anonymous=room.config.non_anonymous))
            for jid in room.of(affiliation):
                person = room.people[jid]
                reason = E("reason", {}, person.reason) if person.reason else None
                attrs = {"affiliation": affiliation, "jid": jid, "nick": person.nick or None}
                answer.append(E(ITEM, attrs, reason))
        elif wanted_role in ROLES:
            if role != MODERATOR:
                raise StanzaError("auth", "forbidden", "That takes a moderator.")
            for occupant in room.occupants.values():
                if occupant.role == wanted_role:
                    attrs = {"affiliation": room.affiliation(occupant.account), "role": wanted_role}
                    jid = next(iter(occupant.sessions))
                    answer.append(E(ITEM, attrs | {"nick": occupant.nick, "jid": jid}))
        else:
            raise StanzaError("modify", "bad-request", "Ask for an affiliation or a role.")
    return answer


class Change:
    """One admin request in progress: everything is checked before anything is changed (§9.1 on lists)."""

    def __init__(self, post: Post, room: Room, actor: str, actor_role: str) -> None:
        self._post = post
        self._room = room
        self._actor = actor
        self._role = actor_role
        self._nick = room.nick_of(actor)
        self.touched: list[str] = []
        """Accounts whose affiliation is another now."""

    def carry_out(self, query: Element) -> None:
        """Raises StanzaError; then nothing was changed."""
        items = list(query.iterfind(ITEM))
        if not items or len(items) > MOST_ITEMS:
            raise StanzaError("modify", "bad-request", f"Name one to {MOST_ITEMS} people.")
        for act in [self._plan(item) for item in items]:
            act()

    def _plan(self, item: Element) -> Plan:
        reason = (item.findtext(f"{{{ns.ADMIN}}}reason") or "")[:500]
        affiliation, role = item.get("affiliation"), item.get("role")
        if affiliation is not None:
            return self._plan_affiliation(item, affiliation, reason)
        if role is not None:
            return self._plan_role(item, role, reason)
        raise StanzaError("modify", "bad-request", "Name an affiliation or a role.")

    def _plan_affiliation(self, item: Element, affiliation: str, reason: str) -> Plan:
        room = self._room
        if affiliation not in RANK:
            raise StanzaError("modify", "bad-request", "There is no such affiliation.")
        try:
            account = Jid.parse(item.get("jid", "")).bare.text
        except InvalidJid:
            occupant = room.occupants.get(item.get("nick", ""))
            if occupant is None:
                raise StanzaError("modify", "jid-malformed", "Name the person by address.") from None
            account = occupant.account
        now = room.affiliation(account)
        verdict = rules.may_set_affiliation(
            room.affiliation(self._actor), now, affiliation, is_self=account == self._actor, owners=room.owners()
        )
        refuse(verdict)
        nick = item.get("nick", "") or (room.people[account].nick if account in room.people else "")
        if nick and room.nick_owner(nick) not in (None, account):
            nick = ""
        person = Affiliated(affiliation, nick[:64], reason)
        return lambda: self._set_affiliation(account, person)

    def _set_affiliation(self, account: str, person: Affiliated) -> None:
        room, before = self._room, self._room.affiliation(account)
        if person.affiliation == NONE:
            room.people.pop(account, None)
        else:
            room.people[account] = person
        self.touched.append(account)
        inside = room.occupants_of(account)
        out = {OUTCAST: ns.BANNED}.get(person.affiliation)
        if out is None and room.config.members_only and RANK[person.affiliation] < RANK[MEMBER]:
            out = ns.AFFILIATION_LOST
        for occupant in inside:
            if out is not None:
                presence.expel(self._post, room, occupant, out, person.reason, self._nick)
            else:
                presence.adjust_role(self._post, room, occupant, person.reason, self._nick)
        if before != person.affiliation:
            # OMEMO clients keep their lists by this: members are told of everybody who is not seen in the room.
            self._post.affiliation_changed(room, account, person.reason)

    def _plan_role(self, item: Element, role: str, reason: str) -> Plan:
        if role not in ROLES:
            raise StanzaError("modify", "bad-request", "There is no such role.")
        occupant = self._room.occupants.get(item.get("nick", ""))
        if occupant is None:
            raise StanzaError("cancel", "item-not-found", "Nobody here has this name.")
        actor, target = self._room.affiliation(self._actor), self._room.affiliation(occupant.account)
        refuse(rules.may_set_role(self._role, actor, target, role, occupant.role))
        return lambda: self._set_role(occupant, role, reason)

    def _set_role(self, occupant: Occupant, role: str, reason: str) -> None:
        if role == NO_ROLE:
            presence.expel(self._post, self._room, occupant, ns.KICKED, reason, self._nick)
        elif role != occupant.role:
            occupant.role = role
            self._post.announce(self._room, occupant, reason=reason, actor=self._nick)


def configure(post: Post, room: Room, query: Element) -> None:
    """§10.1.2, §10.2: take the owner's form. Raises StanzaError."""
    try:
        form = Form.within(query)
    except MalformedForm:
        form = None
    if form is None or form.kind not in ("submit", "cancel"):
        raise StanzaError("modify", "bad-request", "Send the configuration form.")
    if form.kind == "cancel":
        return
    try:
        new = changed(room.config, form.values())
    except BadConfig as problem:
        raise StanzaError("modify", "not-acceptable", str(problem)) from None
    old, room.config, room.is_locked = room.config, new, False
    if new != old:
        _tell_changes(post, room, old, new)


def _tell_changes(post: Post, room: Room, old: RoomConfig, new: RoomConfig) -> None:
    codes = [ns.CONFIG_CHANGED]
    if old.non_anonymous != new.non_anonymous:
        codes.append(ns.NOW_NON_ANONYMOUS if new.non_anonymous else ns.NOW_SEMI_ANONYMOUS)
    post.status(room, *codes)
    if new.members_only and not old.members_only:
        for occupant in list(room.occupants.values()):
            if RANK[room.affiliation(occupant.account)] < RANK[MEMBER]:
                presence.expel(post, room, occupant, ns.MEMBERS_ONLY_NOW)


def destroy(post: Post, room: Room, request: Element) -> None:
    """§10.9: the end of the room. Members who are away are told too."""
    reason = (request.findtext(f"{{{ns.OWNER}}}reason") or "")[:500]
    ended = E(f"{{{ns.USER}}}destroy", {"jid": request.get("jid")}, E("reason", {}, reason) if reason else None)
    item = E(f"{{{ns.USER}}}item", {"affiliation": NONE, "role": NO_ROLE})
    for occupant, full in list(room.sessions()):
        post.presence(room, occupant, full, occupant, codes=(ns.SELF,), gone=True, item=item, destroy=ended)
    room.occupants.clear()
    message = Stanza.build("message", {"from": room.address(post.domain)}, E(f"{{{ns.USER}}}x", {}, ended))
    post.to_everybody(room, message)


def moderate(post: Post, room: Room, moderator: str, request: Element, number: int) -> None:
    """XEP-0425 0.3: a moderator takes back somebody's message."""
    target, retract = request.get("id", ""), request.find(f"{{{ns.RETRACT}}}retract")
    if not target or len(target) > 200 or retract is None:
        raise StanzaError("modify", "bad-request", "Name the message by its stanza-id.")
    is_moderator = any(occupant.role == MODERATOR for occupant in room.occupants_of(moderator))
    if not is_moderator and RANK[room.affiliation(moderator)] < RANK[ADMIN]:
        raise StanzaError("auth", "forbidden", "That takes a moderator.")
    by = room.address(post.domain, room.nick_of(moderator))
    mark = E(f"{{{ns.OCCUPANT_ID}}}occupant-id", {"id": room.occupant_id(moderator)})
    moderated = E(f"{{{ns.MODERATE}}}moderated", {"by": str(by)}, mark)
    reason = (request.findtext(f"{{{ns.MODERATE}}}reason") or "")[:500]
    taken = E(f"{{{ns.RETRACT}}}retract", {"id": target}, moderated, E("reason", {}, reason) if reason else None)
    where = str(room.address(post.domain))
    sid = E(f"{{{ns.STANZA_ID}}}stanza-id", {"by": where, "id": f"{number:x}"})
    message = Stanza.build("message", {"from": where, "type": "groupchat", "id": f"mod-{number:x}"}, taken, sid)
    post.to_everybody(room, message, number=number)
