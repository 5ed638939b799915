"""Coming, going, changing names (XEP-0045 §7)."""

from __future__ import annotations

import hmac

from plauder.features.groups import names as ns
from plauder.features.groups import rules
from plauder.features.groups.post import Post
from plauder.features.groups.room import Affiliated, Occupant, Room
from plauder.features.groups.rules import MEMBER, MODERATOR, OWNER
from plauder.wire.jid import Jid
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError

_STATUS = "{jabber:client}status"
_REFUSALS = {
    "banned": ("auth", "forbidden", "You were banned from this group."),
    "members-only": ("auth", "registration-required", "Only members can enter; ask to be invited."),
    "full": ("wait", "service-unavailable", "The group is full."),
}


def check_entry(room: Room, account: str, stanza: Stanza) -> bool:
    """Whether `account` comes in by an invitation link, which makes it a member. Raises StanzaError if it may not."""
    if room.is_locked and room.affiliation(account) != OWNER:
        raise StanzaError("cancel", "item-not-found", "The group is not ready yet.")
    token = _invite_token(stanza)
    by_link = bool(room.invite) and hmac.compare_digest(token.encode(), room.invite.encode())
    affiliation = room.affiliation(account)
    if by_link and affiliation == rules.NONE:
        affiliation = MEMBER
    verdict = rules.may_enter(
        affiliation,
        members_only=room.config.members_only,
        occupants=len(room.occupants),
        max_users=room.config.max_users,
    )
    if not verdict.allowed:
        kind, condition, text = _REFUSALS[verdict.why]
        raise StanzaError(kind, condition, text)  # type: ignore[arg-type]
    if room.config.password and affiliation != OWNER and not by_link:
        given = stanza.find(f"{{{ns.MUC}}}x")
        secret = (given.findtext(f"{{{ns.MUC}}}password") or "") if given is not None else ""
        if not hmac.compare_digest(secret.encode(), room.config.password.encode()):
            raise StanzaError("auth", "not-authorized", "The password is missing or wrong.")
    return by_link and room.affiliation(account) == rules.NONE


def check_nick(room: Room, account: str, nick: str) -> None:
    """Raises StanzaError(conflict) when the nickname is somebody else's."""
    owner = room.nick_owner(nick)
    if owner is not None and owner != account:
        raise StanzaError("cancel", "conflict", "Somebody here has this name already; take another.")


def enter(post: Post, room: Room, full: Jid, nick: str, presence: Stanza, *, is_new: bool) -> None:
    """§7.2: put a session into the room and tell it and the others. Everything was checked before."""
    account = full.bare.text
    occupant = room.occupants.get(nick)
    comes = occupant is None
    if occupant is None:
        role = rules.initial_role(room.affiliation(account), moderated=room.config.moderated)
        occupant = room.occupants[nick] = Occupant(nick, account, role)
    others = [other for other in room.occupants.values() if other is not occupant]
    occupant.sessions[full.text] = presence
    for other in others:
        if room.announces(other):
            post.presence(room, other, full.text, occupant)
    if comes:
        for viewer in others:
            if room.announces(occupant):
                for session in viewer.sessions:
                    post.presence(room, occupant, session, viewer)
    codes = [ns.SELF]
    codes += [ns.NON_ANONYMOUS] if room.config.non_anonymous else []
    codes += [ns.NEW_ROOM] if is_new else []
    post.presence(room, occupant, full.text, occupant, codes=codes)
    post.subject(room, full.text)


def update(post: Post, room: Room, occupant: Occupant, full: str, presence: Stanza) -> None:
    """§7.7: away, busy and the like."""
    occupant.sessions.pop(full)
    occupant.sessions[full] = presence
    post.announce(room, occupant)


def rename(post: Post, room: Room, occupant: Occupant, nick: str) -> None:
    """§7.6: another nickname for all sessions of the occupant."""
    post.announce(room, occupant, codes=(ns.NICK_CHANGED,), gone=True, nick=nick)
    del room.occupants[occupant.nick]
    occupant.nick = nick
    room.occupants[nick] = occupant
    post.announce(room, occupant)


def leave(post: Post, room: Room, occupant: Occupant, full: str, parting: Stanza | None = None) -> None:
    """§7.14: a session goes; the occupant goes with the last one. `parting`, as it was sent, may say why."""
    said = [p for p in parting.payloads if p.tag == _STATUS] if parting is not None else []
    lost = parting is not None and parting.type == "error"
    codes = (ns.LOST,) if lost else ()
    post.presence(room, occupant, full, occupant, codes=(*codes, ns.SELF), gone=True, said=said)
    last = len(occupant.sessions) == 1
    if last:
        is_told = room.announces(occupant)
        del room.occupants[occupant.nick]
        for viewer, session in list(room.sessions()) if is_told else ():
            post.presence(room, occupant, session, viewer, codes=codes, gone=True, said=said)
    occupant.sessions.pop(full, None)


def expel(post: Post, room: Room, occupant: Occupant, code: str, reason: str = "", actor: str = "") -> None:
    """§8.2, §9.1 and the like: all sessions of the occupant are put out, by whom of this nickname, if by somebody."""
    post.announce(room, occupant, codes=(code,), gone=True, reason=reason, actor=actor)
    room.occupants.pop(occupant.nick, None)


def join_as_member(room: Room, account: str, nick: str) -> Affiliated:
    """Somebody came by a link, or was invited."""
    person = Affiliated(MEMBER, nick)
    room.people[account] = person
    return person


def adjust_role(post: Post, room: Room, occupant: Occupant, reason: str = "", actor: str = "") -> None:
    """After an affiliation changed: the role that goes with it, announced."""
    fitting = rules.initial_role(room.affiliation(occupant.account), moderated=room.config.moderated)
    if fitting == MODERATOR or occupant.role == MODERATOR or rules.ROLES[fitting] > rules.ROLES[occupant.role]:
        occupant.role = fitting
    post.announce(room, occupant, reason=reason, actor=actor)


def _invite_token(stanza: Stanza) -> str:
    element = stanza.find(f"{{{ns.INVITE_LINK}}}invite")
    return "" if element is None else element.get("token", "")
