"""The group service: finds the room of a stanza, one stanza of a room at a time, and saves what has changed."""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict, defaultdict
from collections.abc import Awaitable, Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final
from weakref import WeakValueDictionary

from plauder.features.groups import admin, hats, messages, presence, rules
from plauder.features.groups import names as ns
from plauder.features.groups.config import RoomConfig, form
from plauder.features.groups.info import Info
from plauder.features.groups.post import Post, safe
from plauder.features.groups.room import Affiliated, Occupant, Room
from plauder.features.groups.rules import MEMBER, OWNER, RANK
from plauder.features.groups.store import Rooms
from plauder.kit.ids import new_token
from plauder.wire.jid import InvalidJid, Jid
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError
from plauder.wire.xml import E, serialize

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from plauder.core.server import Server
    from plauder.core.session import Session

LONGEST_NICK: Final = 64
LARGEST_VCARD: Final = 100_000
MOST_ASKED: Final = 5_000
MOST_OWNED: Final = 1_000
MOST_ROOMS: Final = 20_000
"""Rooms in memory, those with people in them apart."""
_MEMORY = "groups"


_UNREACHABLE: Final = frozenset(("gone", "recipient-unavailable", "remote-server-not-found", "remote-server-timeout"))


class Groups:
    """The rooms below one domain."""

    def __init__(
        self, server: Server, domain: str, *, most_owned: int = MOST_OWNED, most_rooms: int = MOST_ROOMS
    ) -> None:
        self._server = server
        self._most_owned, self._most_rooms = most_owned, most_rooms
        self.domain = domain
        self.post = Post(server, domain)
        self._info = Info(server, domain)
        self._rooms: OrderedDict[str, Room] = OrderedDict()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        """One for each room that something is going on in: names can be made up, and must not fill the memory."""
        self._where: defaultdict[str, set[str]] = defaultdict(set)
        self._asked: OrderedDict[str, tuple[str, str, str]] = OrderedDict()

    async def handle(self, session: Session | None, stanza: Stanza) -> None:
        """Every stanza to the domain. Raises StanzaError, which the sender is told."""
        to, sender = stanza.to, stanza.sender
        if to is None or sender is None:
            return
        if not to.local:
            await self._to_service(stanza, sender)
            return
        said: Sequence[Awaitable[None]] = ()
        # FIFO: what one person sends to a room stays in order. Nobody waits here for the disk.
        async with self._lock(to.local):
            room = await self._load(to.local)
            if stanza.kind == "presence":
                await self._presence(room, to, sender, session, stanza)
            elif room is None:
                if stanza.type not in ("error", "result"):
                    raise StanzaError("cancel", "item-not-found", "There is no such group.")
            elif stanza.kind == "message":
                said = await self._message(room, to, sender, stanza)
            else:
                await self._iq(room, to, sender, stanza)
        await safe(said)

    # ── presence ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def _presence(self, room: Room | None, to: Jid, sender: Jid, session: Session | None, stanza: Stanza) -> None:
        inside = room.occupant_of(sender.text) if room is not None else None
        if stanza.type in ("unavailable", "error"):
            if room is not None and inside is not None:
                await self._leave(room, inside, sender.text, session, stanza)
            return
        if stanza.type == "probe":
            self._probed(room, inside, to.resource, sender)
            return
        if stanza.type is not None:
            return
        nick = to.resource
        if not nick or len(nick) > LONGEST_NICK or not sender.resource:
            raise StanzaError("modify", "jid-malformed", f"Come with a name of 1 to {LONGEST_NICK} characters.")
        if inside is not None and stanza.find(f"{{{ns.MUC}}}x") is None:
            assert room is not None
            self._change(room, inside, nick, sender, session, stanza)
            return
        if stanza.find(f"{{{ns.MUC}}}x") is None:
            # §7.2.1 is long obsolete, and this is what a client sends that does not know it was put out.
            raise StanzaError("modify", "not-acceptable", "Enter the group first.")
        await self._enter(room, to, sender, session, stanza)

    def _probed(self, room: Room | None, inside: Occupant | None, nick: str, sender: Jid) -> None:
        """§17.3: somebody in the room asks how somebody in it is."""
        if room is None or inside is None:
            raise StanzaError("cancel", "not-acceptable", "Enter the group first.")
        occupant = room.occupants.get(nick)
        if occupant is None or not (occupant is inside or room.announces(occupant)):
            raise StanzaError("cancel", "item-not-found", "Nobody here has this name.")
        self.post.presence(room, occupant, sender.text, inside, codes=(ns.SELF,) if occupant is inside else ())

    def _change(
        self, room: Room, inside: Occupant, nick: str, sender: Jid, session: Session | None, stanza: Stanza
    ) -> None:
        if nick == inside.nick:
            presence.update(self.post, room, inside, sender.text, stanza)
            return
        presence.check_nick(room, inside.account, nick)
        if nick in room.occupants:
            raise StanzaError("cancel", "conflict", "Another of your devices has this name here.")
        presence.rename(self.post, room, inside, nick)
        self._remember(session, room.local, nick)

    async def _enter(self, room: Room | None, to: Jid, sender: Jid, session: Session | None, stanza: Stanza) -> None:
        account = sender.bare.text
        is_new = room is None
        if room is None:
            room = await self._found(to.local, account, to.resource)
        by_link = presence.check_entry(room, account, stanza)
        presence.check_nick(room, account, to.resource)
        if by_link:
            await self._join_by_link(room, account, to.resource)
        before = room.occupant_of(sender.text)
        if before is not None:  # §7.2: it lost the thread and enters again
            presence.leave(self.post, room, before, sender.text)
        presence.enter(self.post, room, sender, to.resource, _shown(stanza), is_new=is_new)
        self._where[sender.text].add(room.local)
        self._remember(session, room.local, to.resource)

    async def _join_by_link(self, room: Room, account: str, nick: str) -> None:
        person = presence.join_as_member(room, account, nick)
        async with self._server.database.begin() as uow:
            await Rooms(uow).set_person(room.local, account, person)
        self.post.affiliation_changed(room, account)

    async def _found(self, local: str, account: str, nick: str) -> Room:
        """§10.1: whoever enters a room that is not there makes it; accounts of this server only."""
        if not self._server.is_local(Jid.parse(account)):
            raise StanzaError("cancel", "not-allowed", "Only people of this server open groups here.")
        async with self._server.database.read() as uow:
            if len(await Rooms(uow).of(account, OWNER)) >= self._most_owned:
                raise StanzaError("wait", "resource-constraint", f"One person owns at most {self._most_owned} groups.")
        room = Room(local, RoomConfig(), {account: Affiliated(OWNER, nick)}, secret=secrets.token_bytes(32))
        room.is_locked = True
        async with self._server.database.begin() as uow:
            await Rooms(uow).add(room, self._server.clock.now())
        self._rooms[local] = room
        return room

    async def _leave(
        self, room: Room, occupant: Occupant, full: str, session: Session | None, parting: Stanza | None = None
    ) -> None:
        presence.leave(self.post, room, occupant, full, parting)
        self._where[full].discard(room.local)
        self._remember(session, room.local, None)
        if not room.occupants and (room.is_locked or not room.config.persistent):
            await self._remove(room)

    async def closed(self, session: Session) -> None:
        """A session is over: it leaves every room it was in."""
        full = session.jid.text
        for local in list(self._where.pop(full, ())):
            async with self._lock(local):
                room = await self._load(local)
                occupant = room.occupant_of(full) if room is not None else None
                if room is not None and occupant is not None:
                    await self._leave(room, occupant, full, None)

    async def bound(self, session: Session) -> None:
        """A stream of the process before was resumed: its client thinks it is still in these rooms, so it is."""
        memory = session.recall(_MEMORY)
        for local, nick in memory.items() if isinstance(memory, dict) else ():
            async with self._lock(local):
                room = await self._load(local)
                if room is None or not isinstance(nick, str):
                    continue
                account = session.account.text
                if room.nick_owner(nick) in (None, account) and room.affiliation(account) != rules.OUTCAST:
                    full = session.jid.text
                    role = rules.initial_role(room.affiliation(account), moderated=room.config.moderated)
                    is_new = nick not in room.occupants
                    occupant = room.occupants.setdefault(nick, Occupant(nick, account, role))
                    occupant.sessions[full] = Stanza("presence", {"from": full})
                    self._where[full].add(local)
                    if is_new:
                        # Who entered anew after the restart, instead of resuming, was told of nobody.
                        self.post.announce(room, occupant, to_self=False)

    # ── messages ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def _message(self, room: Room, to: Jid, sender: Jid, stanza: Stanza) -> Sequence[Awaitable[None]]:
        if stanza.type == "error":
            await self._bounced(room, sender, stanza)
        elif to.resource:
            occupant, target = room.occupant_of(sender.text), room.occupants.get(to.resource)
            if occupant is None:
                raise StanzaError("modify", "not-acceptable", "Enter the group first.")
            if target is None:
                raise StanzaError("cancel", "item-not-found", "Nobody here has this name.")
            messages.whisper(self.post, room, occupant, target, stanza)
        elif stanza.type == "groupchat":
            return await self._said(room, messages.Speaker.of(room, sender), stanza)
        else:
            await self._asked_by_message(room, sender, stanza)
        return ()

    async def _said(self, room: Room, speaker: messages.Speaker, stanza: Stanza) -> Sequence[Awaitable[None]]:
        await self._server.load_accounts(self.post.members_here(room))
        if messages.changes_subject(stanza):
            messages.set_subject(self.post, room, speaker, stanza, self._server.clock.now())
            await self._save(room)
        return messages.say(self.post, room, speaker, stanza, self._server.numbers.next())

    async def _asked_by_message(self, room: Room, sender: Jid, stanza: Stanza) -> None:
        """Invitations, refusals of them, and the wish to speak."""
        x = stanza.find(f"{{{ns.USER}}}x")
        voice = messages.voice_form(room, stanza)
        if voice is not None:
            await self._voice(room, sender, voice.text("muc#roomnick"), wanted=voice.text("muc#request_allow"))
        elif x is not None and x.find(f"{{{ns.USER}}}invite") is not None:
            await self._ask_wishes(sender, [one.get("to", "") for one in x.iterfind(f"{{{ns.USER}}}invite")], room)
            made = messages.invite(self.post, room, sender, stanza, x)
            async with self._server.database.begin() as uow:
                for account, person in made:
                    await Rooms(uow).set_person(room.local, account, person)
        elif x is not None:
            messages.decline(self.post, room, sender, x)
        else:
            raise StanzaError("modify", "bad-request", "Messages to a group are of type groupchat.")

    async def _voice(self, room: Room, sender: Jid, nick: str, *, wanted: str) -> None:
        occupant = room.occupant_of(sender.text)
        if occupant is None:
            raise StanzaError("modify", "not-acceptable", "Enter the group first.")
        if occupant.role == rules.MODERATOR:
            target = room.occupants.get(nick)
            if target is not None and wanted in ("1", "true") and target.role == rules.VISITOR:
                target.role = rules.PARTICIPANT
                self.post.announce(room, target)
            return
        messages.ask_for_voice(self.post, room, occupant)

    async def _bounced(self, room: Room, sender: Jid, stanza: Stanza) -> None:
        """§18.1.2: who cannot be reached any more is no occupant any more."""
        occupant = room.occupant_of(sender.text)
        error = stanza.error
        if occupant is not None and error is not None and error.condition in _UNREACHABLE:
            await self._leave(room, occupant, sender.text, None, stanza)

    # ── requests ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def _to_service(self, stanza: Stanza, sender: Jid) -> None:
        if not stanza.is_request:
            return
        async with self._server.database.read() as uow:
            public = await Rooms(uow).public()
        answer = self._info.of_service(stanza.payloads[0] if stanza.payloads else None, stanza.type or "", public)
        self._server.route(stanza.result(answer))

    async def _iq(self, room: Room, to: Jid, sender: Jid, stanza: Stanza) -> None:
        if not stanza.is_request:
            self._answered(stanza)
            return
        if not stanza.payloads:
            raise StanzaError("modify", "bad-request", "The request is empty.")
        if to.resource:
            self._to_occupant(room, to, sender, stanza)
            return
        answer = await self._request(room, sender, stanza, stanza.payloads[0])
        self._server.route(stanza.result(answer))

    async def _request(self, room: Room, sender: Jid, stanza: Stanza, payload: Element) -> Element | None:
        account = sender.bare.text
        occupant = room.occupant_of(sender.text)
        role = occupant.role if occupant is not None else rules.NO_ROLE
        is_set = stanza.type == "set"
        if not is_set:
            known = self._info.of_room(room, account, payload)
            if known is not None:
                return known
        match payload.tag.partition("}")[0][1:], is_set:
            case ns.PING, False:
                return None
            case ns.ARCHIVE, _:
                return await self._archive(room, sender, payload, is_set=is_set)
            case ns.ADMIN, False:
                return admin.read_lists(room, account, role, payload)
            case ns.ADMIN, True:
                raised = [one for one in payload.iterfind(admin.ITEM) if RANK.get(one.get("affiliation", ""), 0) > 0]
                await self._ask_wishes(sender, [one.get("jid", "") for one in raised], room)
                await self._administer(room, admin.Change(self.post, room, account, role), payload)
                return None
            case ns.OWNER, _:
                return await self._own(room, account, payload, is_set=is_set)
            case ns.MODERATE, True:
                admin.moderate(self.post, room, account, payload, self._server.numbers.next())
                return None
            case ns.REGISTER, True:
                await self._register(room, account, payload)
                return None
            case ns.VCARD, _:
                return await self._vcard(room, account, payload, is_set=is_set)
            case ns.INVITE_LINK, True:
                return await self._link(room, account, payload)
            case ns.COMMANDS, True:
                return await self._command(room, account, payload)
        raise StanzaError("cancel", "feature-not-implemented")

    async def _command(self, room: Room, account: str, payload: Element) -> Element:
        given = hats.run(room, account, payload)
        if given.is_changed:
            await self._save(room)
            hats.tell(self.post, room, given)
        return given.answer

    async def _archive(self, room: Room, sender: Jid, payload: Element, *, is_set: bool) -> Element:
        """XEP-0313 for rooms: a member's archive is what still waits in the member's inbox."""
        if rules.RANK[room.affiliation(sender.bare.text)] < rules.RANK[rules.MEMBER]:
            raise StanzaError("auth", "forbidden", "Only members find what they missed.")
        archive = self._server.people.archive
        if not is_set:
            return archive.fields_of_room()
        return await archive.of_room(sender, room.address(self.domain), payload)

    async def _ask_wishes(self, host: Jid, guests: Iterable[str], room: Room) -> None:
        """Nobody is put into a group by people whom they do not let. Raises StanzaError; a link is still possible."""
        people = self._server.people
        for text in guests:
            try:
                guest = Jid.parse(text).bare
            except InvalidJid:
                continue  # refused by who carries the request out
            if guest == host.bare or room.affiliation(guest.text) != rules.NONE or not self._server.is_local(guest):
                continue
            wished = (await people.discretion.of(guest.text)).groups
            if not wished.holds(is_contact=host.bare.text in (await people.contacts.of(guest.text)).subscribers):
                raise StanzaError("auth", "forbidden", f"{guest} wants to be asked first: send the group's link.")

    async def _administer(self, room: Room, change: admin.Change, payload: Element) -> None:
        try:
            change.carry_out(payload)
        finally:
            async with self._server.database.begin() as uow:
                for account in change.touched:
                    await Rooms(uow).set_person(room.local, account, room.people.get(account))

    async def _own(self, room: Room, account: str, payload: Element, *, is_set: bool) -> Element | None:
        if room.affiliation(account) != OWNER:
            raise StanzaError("auth", "forbidden", "That takes an owner of the group.")
        if not is_set:
            return E(f"{{{ns.OWNER}}}query", {}, form(room.config).element())
        end = payload.find(f"{{{ns.OWNER}}}destroy")
        if end is not None:
            admin.destroy(self.post, room, end)
            await self._remove(room)
            return None
        x = payload.find("{jabber:x:data}x")
        if room.is_locked and x is not None and x.get("type") == "cancel":
            await self._remove(room)  # §10.1.3: the room is not made after all
            return None
        admin.configure(self.post, room, payload)
        await self._save(room)
        return None

    async def _register(self, room: Room, account: str, payload: Element) -> None:
        """§7.10: reserve a nickname, which takes a member; or leave the group for good."""
        if payload.find(f"{{{ns.REGISTER}}}remove") is not None:
            leaving = E("query", {}, E(admin.ITEM, {"affiliation": rules.NONE, "jid": account}))
            await self._administer(room, admin.Change(self.post, room, account, rules.NO_ROLE), leaving)
            return
        if RANK[room.affiliation(account)] < RANK[MEMBER]:
            raise StanzaError("auth", "registration-required", "Only members reserve a name here.")
        data = payload.find("{jabber:x:data}x")
        nick = payload.findtext(f"{{{ns.REGISTER}}}username") or _registered_nick(data)
        try:
            nick = room.address(self.domain, nick).resource
        except InvalidJid:
            nick = ""
        if not nick or len(nick) > LONGEST_NICK:
            raise StanzaError("modify", "not-acceptable", f"A name has 1 to {LONGEST_NICK} characters.")
        presence.check_nick(room, account, nick)
        person = room.people[account]
        room.people[account] = Affiliated(person.affiliation, nick, person.reason)
        async with self._server.database.begin() as uow:
            await Rooms(uow).set_person(room.local, account, room.people[account])

    async def _vcard(self, room: Room, account: str, payload: Element, *, is_set: bool) -> Element:
        if is_set:
            if RANK[room.affiliation(account)] < RANK[rules.ADMIN]:
                raise StanzaError("auth", "forbidden", "Only admins change the picture of a group.")
            card = serialize(payload)
            if len(card) > LARGEST_VCARD:
                raise StanzaError("modify", "not-acceptable", "The picture is too large.")
            room.vcard = card
            await self._save(room)
            self.post.status(room, ns.CONFIG_CHANGED)
        return self._info.vcard(room)

    async def _link(self, room: Room, account: str, payload: Element) -> Element:
        """Make, read or withdraw the invitation link of the group: `<link/>`, `<link action='reset|revoke'/>`."""
        if RANK[room.affiliation(account)] < RANK[rules.ADMIN]:
            raise StanzaError("auth", "forbidden", "Only admins see the invitation link.")
        action = payload.get("action", "")
        if action == "revoke":
            room.invite = ""
        elif action == "reset" or not room.invite:
            room.invite = new_token(18)
        await self._save(room)
        return E(f"{{{ns.INVITE_LINK}}}link", {"token": room.invite or None})

    def _to_occupant(self, room: Room, to: Jid, sender: Jid, stanza: Stanza) -> None:
        """A request to somebody in the room; one to oneself is the self-ping of XEP-0410."""
        occupant = room.occupant_of(sender.text)
        if occupant is None:
            raise StanzaError("modify", "not-acceptable", "Enter the group first.")
        target = room.occupants.get(to.resource)
        if target is None:
            raise StanzaError("cancel", "item-not-found", "Nobody here has this name.")
        payload = stanza.payloads[0]
        if target is occupant and payload.tag == f"{{{ns.PING}}}ping":
            self._server.route(stanza.result())
            return
        key = new_token(9)
        self._asked[key] = (sender.text, stanza.id or "", to.text)
        if len(self._asked) > MOST_ASKED:
            self._asked.popitem(last=False)
        whom = target.account if payload.tag == f"{{{ns.VCARD}}}vCard" else next(iter(target.sessions))
        self._server.route(stanza.with_attrs(id=key, from_=room.address(self.domain, occupant.nick), to=whom))

    def _answered(self, stanza: Stanza) -> None:
        asked = self._asked.pop(stanza.id or "", None)
        if asked is not None:
            asker, key, as_whom = asked
            self._server.route(stanza.with_attrs(id=key, from_=as_whom, to=asker))

    # ── rooms ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _lock(self, local: str) -> asyncio.Lock:
        return self._locks.setdefault(local, asyncio.Lock())

    async def _load(self, local: str) -> Room | None:
        room = self._rooms.get(local)
        if room is None:
            async with self._server.database.read() as uow:
                room = await Rooms(uow).load(local)
            if room is not None:
                self._rooms[local] = room
                self._put_away(local)
        return room

    def _put_away(self, but: str) -> None:
        """Forget a room that nobody is in, when many are in memory: it is read again when somebody speaks there."""
        if len(self._rooms) <= self._most_rooms:
            return
        for local, room in list(islice(self._rooms.items(), 8)):
            self._rooms.move_to_end(local)
            if local != but and local not in self._locks and not room.occupants:
                del self._rooms[local]
                return

    async def _save(self, room: Room) -> None:
        async with self._server.database.begin() as uow:
            await Rooms(uow).save(room)

    async def _remove(self, room: Room) -> None:
        self._rooms.pop(room.local, None)
        async with self._server.database.begin() as uow:
            await Rooms(uow).remove(room.local)

    async def forget(self, account: Jid) -> None:
        """An account was removed: it belongs nowhere any more."""
        async with self._server.database.read() as uow:
            mine = await Rooms(uow).of(account.text)
        for local in mine:
            async with self._lock(local):
                room = await self._load(local)
                if room is None:
                    continue
                room.people.pop(account.text, None)
                hats.take_off(room, account.text)
                async with self._server.database.begin() as uow:
                    await Rooms(uow).set_person(local, account.text, None)
                    await Rooms(uow).save(room)
                await self._hand_on(room)
                self.post.affiliation_changed(room, account.text)

    async def rename(self, old: Jid, new: Jid) -> None:
        """The person has another number: what they are to a room, they are under the new one."""
        async with self._server.database.read() as uow:
            mine = await Rooms(uow).of(old.text)
        for local in mine:
            async with self._lock(local):
                room = await self._load(local)
                if room is None:
                    continue
                person = room.people.pop(old.text)
                if RANK[person.affiliation] >= RANK[room.affiliation(new.text)]:
                    room.people[new.text] = person
                hats.hand_over(room, old.text, new.text)
                async with self._server.database.begin() as uow:
                    await Rooms(uow).set_person(local, old.text, None)
                    await Rooms(uow).set_person(local, new.text, room.people[new.text])
                    await Rooms(uow).save(room)
                self.post.affiliation_changed(room, old.text)
                self.post.affiliation_changed(room, new.text)

    async def _hand_on(self, room: Room) -> None:
        """A group whose last owner is gone passes to an admin, else to a member; one without anybody ends."""
        heirs = [*room.of(OWNER), *room.of(rules.ADMIN), *room.of(MEMBER)]
        if not heirs:
            await self._remove(room)
        elif room.affiliation(heirs[0]) != OWNER:
            person = room.people[heirs[0]]
            room.people[heirs[0]] = Affiliated(OWNER, person.nick, person.reason)
            async with self._server.database.begin() as uow:
                await Rooms(uow).set_person(room.local, heirs[0], room.people[heirs[0]])

    @staticmethod
    def _remember(session: Session | None, local: str, nick: str | None) -> None:
        """Note on the session where it is, so that it is still there when it resumes after a restart."""
        if session is None:
            return
        memory = session.recall(_MEMORY)
        rooms = dict(memory) if isinstance(memory, dict) else {}
        if nick is None:
            rooms.pop(local, None)
        else:
            rooms[local] = nick
        session.remember(_MEMORY, rooms or None)


def _shown(stanza: Stanza) -> Stanza:
    """The presence of who enters, without the request to enter."""
    return stanza.without(f"{{{ns.MUC}}}x", f"{{{ns.INVITE_LINK}}}invite")


def _registered_nick(data: Element | None) -> str:
    for field in data.iterfind("{jabber:x:data}field") if data is not None else ():
        if field.get("var") == "muc#register_roomnick":
            return field.findtext("{jabber:x:data}value") or ""
    return ""
