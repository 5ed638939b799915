"""What a room sends: presence and messages as XEP-0045 writes them. Decides nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Sequence
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from plauder.core.client import ClientSession
from plauder.features.groups import names as ns
from plauder.features.groups.hats import worn
from plauder.features.groups.room import Occupant, Room
from plauder.features.groups.rules import NO_ROLE
from plauder.wire.jid import Jid
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError
from plauder.wire.xml import E

if TYPE_CHECKING:
    from plauder.core.server import Server

Attrs = dict[str, str | Jid | None]


class Post:
    """The way from a room to people."""

    def __init__(self, server: Server, domain: str) -> None:
        self._server = server
        self.domain = domain

    # ── presence ──────────────────────────────────────────────────────────────────────────────────────────────────

    def presence(
        self,
        room: Room,
        occupant: Occupant,
        to: str,
        viewer: Occupant,
        *,
        codes: Iterable[str] = (),
        gone: bool = False,
        said: Sequence[Element] = (),
        item: Element | None = None,
        destroy: Element | None = None,
    ) -> None:
        """Tell the session `to` of `viewer` about `occupant`; `gone`: that it left, and what it `said` leaving."""
        shown = viewer is occupant or room.sees_addresses(viewer.account, viewer.role)
        x = E(
            f"{{{ns.USER}}}x", {}, self.item(room, occupant, shown=shown, gone=gone) if item is None else item, destroy
        )
        for code in codes:
            x.append(E(f"{{{ns.USER}}}status", {"code": code}))
        latest = occupant.latest()
        inner = said if latest is None or gone else (p for p in latest.payloads if _is_shown(p))
        gone_type = "unavailable" if gone else None
        attrs: Attrs = {"from": room.address(self.domain, occupant.nick), "to": to, "type": gone_type}
        mark = E(f"{{{ns.OCCUPANT_ID}}}occupant-id", {"id": room.occupant_id(occupant.account)})
        hats = None if gone else worn(room, occupant.account)
        self._server.route(Stanza.build("presence", attrs, *inner, mark, hats, x))

    def item(
        self,
        room: Room,
        occupant: Occupant,
        *,
        shown: bool,
        gone: bool = False,
        actor: str = "",
        reason: str = "",
        nick: str = "",
    ) -> Element:
        """`<item/>`: affiliation, role and, where they may be seen, the real address; who did it (`actor`), and why."""
        latest = next(reversed(occupant.sessions), occupant.account)
        attrs = {
            "affiliation": room.affiliation(occupant.account),
            "role": NO_ROLE if gone and not nick else occupant.role,
            "jid": latest if shown else None,
            "nick": nick or None,
        }
        if attrs["affiliation"] == "outcast":
            attrs["jid"] = None
        by = E("actor", {"nick": actor}) if actor else None
        return E(f"{{{ns.USER}}}item", attrs, by, E("reason", {}, reason) if reason else None)

    def announce(
        self,
        room: Room,
        occupant: Occupant,
        *,
        codes: tuple[str, ...] = (),
        gone: bool = False,
        actor: str = "",
        reason: str = "",
        nick: str = "",
        to_self: bool = True,
    ) -> None:
        """Tell everybody in the room about an occupant, and itself with status 110."""
        is_told = room.announces(occupant)
        for viewer, full in list(room.sessions()):
            mine = viewer is occupant
            if (mine and not to_self) or not (mine or is_told):
                continue
            shown = mine or room.sees_addresses(viewer.account, viewer.role)
            item = self.item(room, occupant, shown=shown, gone=gone, actor=actor, reason=reason, nick=nick)
            self.presence(
                room, occupant, full, viewer, codes=(*codes, ns.SELF) if mine else codes, gone=gone, item=item
            )

    # ── messages ──────────────────────────────────────────────────────────────────────────────────────────────────

    def to_everybody(self, room: Room, message: Stanza, *, kept: bool = True, number: int = 0) -> list[Awaitable[None]]:
        """Send a message to all who belong to the room and all who are in it.

        `kept`: members get it on every device, joined or not, and it waits, written once, for those that are away. A
        device of theirs that has entered but takes nothing sent to the bare address (RFC 6121 §8.5.2: it never sent
        initial presence, or one of negative priority) hears it as every occupant does, and has it in its inbox, too.
        `number` is the one it got, if it got one. What is returned may be ignored, or given to `safe`.
        """
        members = self.members_here(room) if kept else set()
        outcomes = []
        if members:
            outcomes.append(self._server.deliver_common(message, members, number or self._server.numbers.next()))
        self._server.send_common(
            message,
            [
                full
                for occupant, full in room.sessions()
                if occupant.account not in members or self._is_aside(occupant.account, full)
            ],
        )
        return outcomes

    def _is_aside(self, account: str, full: str) -> bool:
        found = self._server.accounts.find(account)
        session = found.sessions.get(full[len(account) + 1 :]) if found is not None else None
        if not isinstance(session, ClientSession) or session.outlet is None:
            return False  # while it is away, and until a restored one has its presence again, the inbox does
        return session.presence is None or session.priority < 0

    def members_here(self, room: Room) -> set[str]:
        """The members whose accounts are on this server."""
        here = f"@{self._server.domain}"
        return {account for account in room.members() if account.endswith(here)}

    def to_session(self, message: Stanza, full: str) -> None:
        """Send something to one session, for the moment."""
        self._server.route(message.with_attrs(to=full))

    def to_account(self, message: Stanza) -> Awaitable[None]:
        """Send a message to an account, here or elsewhere; kept for it if it is here."""
        to = message.to
        assert to is not None
        return self._server.deliver(message) if self._server.is_local(to) else self._server.route(message)

    def affiliation_changed(self, room: Room, account: str, reason: str = "") -> None:
        """Tell members of somebody's new affiliation who is not in the room (§9.3 and what OMEMO needs)."""
        item = E(
            f"{{{ns.USER}}}item",
            {"affiliation": room.affiliation(account), "role": NO_ROLE, "jid": account},
            E("reason", {}, reason) if reason else None,
        )
        attrs: Attrs = {"from": room.address(self.domain), "id": f"a{self._server.numbers.next():x}"}
        if room.config.non_anonymous:
            self.to_everybody(room, Stanza.build("message", attrs, E(f"{{{ns.USER}}}x", {}, item)))
            return
        for viewer, full in list(room.sessions()):
            if room.sees_addresses(viewer.account, viewer.role):
                self.to_session(Stanza.build("message", attrs, E(f"{{{ns.USER}}}x", {}, item)), full)

    def status(self, room: Room, *codes: str) -> None:
        """Tell all who are in the room that something about it has changed (§10.2.1)."""
        x = E(f"{{{ns.USER}}}x", {}, *(E("status", {"code": code}) for code in codes))
        message = Stanza.build("message", {"from": room.address(self.domain), "type": "groupchat"}, x)
        self._server.send_common(message, [full for _, full in room.sessions()])

    def subject(self, room: Room, to: str) -> None:
        """The room's subject, the last thing that somebody who enters is sent (§7.2.15)."""
        subject = room.subject
        payloads = [E("{jabber:client}subject", {}, subject.text)]
        if subject.at is not None:
            stamp = subject.at.strftime("%Y-%m-%dT%H:%M:%SZ")
            payloads.append(E("{urn:xmpp:delay}delay", {"stamp": stamp, "from": str(room.address(self.domain))}))
        sender = subject.by or str(room.address(self.domain))
        self._server.route(Stanza.build("message", {"from": sender, "to": to, "type": "groupchat"}, *payloads))


async def safe(outcomes: Sequence[Awaitable[None]]) -> None:
    """Wait until a message is durable or delivered for everybody; raises StanzaError when it could not be kept.

    A member whose account is gone is no reason to tell the speaker.
    """
    for outcome in outcomes:
        try:
            await outcome
        except StanzaError as problem:
            if problem.type == "wait":
                raise


def _is_shown(payload: Element) -> bool:
    """What of an occupant's presence others are shown: nothing that speaks for the room, no join request."""
    return not payload.tag.startswith((f"{{{ns.MUC}}}", f"{{{ns.USER}}}", f"{{{ns.OCCUPANT_ID}}}", f"{{{ns.HATS}}}"))
