"""What is said in a room, to one in it, and about it (XEP-0045 §7.4, §7.5, §7.8, §8.1, §8.6)."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from plauder.core.hooks import Action
from plauder.core.storing import should_store
from plauder.features.groups import names as ns
from plauder.features.groups import presence, rules
from plauder.features.groups.post import Post
from plauder.features.groups.room import Affiliated, Occupant, Room, Subject
from plauder.wire.forms import Form, MalformedForm
from plauder.wire.jid import InvalidJid, Jid
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError
from plauder.wire.xml import E

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_SUBJECT, _BODY, _THREAD = "{jabber:client}subject", "{jabber:client}body", "{jabber:client}thread"
_REQUEST = f"{ns.MUC}#request"
LONGEST_SUBJECT = 1_000


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who speaks: somebody in the room, or a member who has not joined with this device."""

    account: str
    nick: str
    role: str

    @classmethod
    def of(cls, room: Room, full: Jid) -> Speaker:
        """Raises StanzaError(not-acceptable) for who is neither (§7.4)."""
        occupant = room.occupant_of(full.text)
        if occupant is not None:
            return cls(occupant.account, occupant.nick, occupant.role)
        account = full.bare.text
        if rules.RANK[room.affiliation(account)] < rules.RANK[rules.MEMBER]:
            raise StanzaError("modify", "not-acceptable", "Enter the group before you speak.")
        role = rules.initial_role(room.affiliation(account), moderated=room.config.moderated)
        return cls(account, room.nick_of(account), role)


def changes_subject(message: Stanza) -> bool:
    """§8.1: a subject and no body or thread."""
    return message.find(_SUBJECT) is not None and message.find(_BODY) is None and message.find(_THREAD) is None


def set_subject(post: Post, room: Room, speaker: Speaker, message: Stanza, at: datetime) -> None:
    """Raises StanzaError(forbidden)."""
    if not rules.may_change_subject(speaker.role, anyone=room.config.change_subject).allowed:
        raise StanzaError("auth", "forbidden", "Only moderators change the subject here.")
    text = message.text(_SUBJECT) or ""
    if len(text) > LONGEST_SUBJECT:
        raise StanzaError("modify", "not-acceptable", f"A subject has at most {LONGEST_SUBJECT} characters.")
    room.subject = Subject(text, str(room.address(post.domain, speaker.nick)), at)


def say(post: Post, room: Room, speaker: Speaker, message: Stanza, number: int) -> list[Awaitable[None]]:
    """§7.4: to everybody, the speaker included. Raises StanzaError; what is returned tells when it is safe."""
    if speaker.role == rules.VISITOR:
        raise StanzaError("auth", "forbidden", "You need voice to speak here.")
    by = str(room.address(post.domain))
    kept = should_store(message.with_attrs(type="chat")).action is Action.PASS
    cleaned = _without_claims(message, by)
    marks = [E(f"{{{ns.OCCUPANT_ID}}}occupant-id", {"id": room.occupant_id(speaker.account)})]
    if kept:
        marks.append(E(f"{{{ns.STANZA_ID}}}stanza-id", {"by": by, "id": f"{number:x}"}))
    said = cleaned.with_attrs(from_=room.address(post.domain, speaker.nick), to=None, type="groupchat").adding(*marks)
    return post.to_everybody(room, said, kept=kept, number=number)


def whisper(post: Post, room: Room, sender: Occupant, target: Occupant, message: Stanza) -> None:
    """§7.5: a private message to one in the room."""
    if not room.config.private_messages:
        raise StanzaError("cancel", "not-allowed", "Private messages are switched off in this group.")
    if message.type == "groupchat":
        raise StanzaError("modify", "bad-request", "A message to one person is not of type groupchat.")
    mark = E(f"{{{ns.OCCUPANT_ID}}}occupant-id", {"id": room.occupant_id(sender.account)})
    cleaned = _without_claims(message, str(room.address(post.domain)))
    if cleaned.find(f"{{{ns.USER}}}x") is None:
        cleaned = cleaned.adding(E(f"{{{ns.USER}}}x"))
    private = cleaned.with_attrs(from_=room.address(post.domain, sender.nick)).adding(mark)
    for full in list(target.sessions):
        post.to_session(private, full)


def invite(post: Post, room: Room, full: Jid, message: Stanza, request: Element) -> list[tuple[str, Affiliated]]:
    """§7.8.2: mediated invitations. Returns who became a member by it. Raises StanzaError."""
    account = full.bare.text
    occupant = room.occupant_of(full.text)
    role = occupant.role if occupant is not None else rules.NO_ROLE
    config = room.config
    verdict = rules.may_invite(
        room.affiliation(account), role, members_only=config.members_only, members_invite=config.members_invite
    )
    if not verdict.allowed:
        raise StanzaError("auth", "forbidden", "You may not invite people to this group.")
    made: list[tuple[str, Affiliated]] = []
    for wanted in request.iterfind(f"{{{ns.USER}}}invite"):
        try:
            guest = Jid.parse(wanted.get("to", "")).bare
        except InvalidJid:
            raise StanzaError("modify", "jid-malformed") from None
        if config.members_only and room.affiliation(guest.text) == rules.NONE:
            made.append((guest.text, presence.join_as_member(room, guest.text, "")))
            post.affiliation_changed(room, guest.text)
        reason = wanted.findtext(f"{{{ns.USER}}}reason")
        said = E("reason", {}, reason) if reason else None
        x = E(f"{{{ns.USER}}}x", {}, E("invite", {"from": full.text}, said))
        if config.password:
            x.append(E(f"{{{ns.USER}}}password", {}, config.password))
        where = room.address(post.domain)
        direct = E("{jabber:x:conference}x", {"jid": str(where), "reason": reason, "password": config.password or None})
        post.to_account(Stanza.build("message", {"from": where, "to": guest, "id": message.id}, x, direct))
    return made


def decline(post: Post, room: Room, full: Jid, request: Element) -> None:
    """§7.8.2: no, thank you."""
    for wanted in request.iterfind(f"{{{ns.USER}}}decline"):
        try:
            host = Jid.parse(wanted.get("to", ""))
        except InvalidJid:
            raise StanzaError("modify", "jid-malformed") from None
        reason = wanted.findtext(f"{{{ns.USER}}}reason")
        answer = E("decline", {"from": full.bare.text}, E("reason", {}, reason) if reason else None)
        x = E(f"{{{ns.USER}}}x", {}, answer)
        post.to_account(Stanza.build("message", {"from": room.address(post.domain), "to": host.bare}, x))


def voice_form(room: Room, message: Stanza) -> Form | None:
    """§7.13 and §8.6: a form that asks for voice, or answers such a request."""
    x = message.find("{jabber:x:data}x")
    try:
        form = Form.parse(x) if x is not None else None
    except MalformedForm:
        raise StanzaError("modify", "bad-request", "The form cannot be read.") from None
    return form if form is not None and form.form_type == _REQUEST else None


def ask_for_voice(post: Post, room: Room, sender: Occupant) -> None:
    """Pass a visitor's request on to the moderators."""
    request = Form.of(
        "form",
        _REQUEST,
        {
            "muc#role": rules.PARTICIPANT,
            "muc#jid": next(iter(sender.sessions)),
            "muc#roomnick": sender.nick,
            "muc#request_allow": "0",
        },
    )
    message = Stanza.build("message", {"from": room.address(post.domain)}, request.element())
    for viewer, full in list(room.sessions()):
        if viewer.role == rules.MODERATOR:
            post.to_session(message, full)


def _without_claims(message: Stanza, by: str) -> Stanza:
    """Take out what only the room may say: its stanza-id (XEP-0359 §4), an occupant id, delays and status codes."""
    cleaned = message.without(f"{{{ns.OCCUPANT_ID}}}occupant-id")
    if cleaned.may_have(f"{{{ns.STANZA_ID}}}stanza-id"):
        kept = [p for p in cleaned.payloads if not (p.tag == f"{{{ns.STANZA_ID}}}stanza-id" and p.get("by") == by)]
        cleaned = cleaned.with_payloads(kept) if len(kept) != len(cleaned.payloads) else cleaned
    return cleaned
