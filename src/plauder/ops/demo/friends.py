"""What makes the friends live: each is a device of this process that reads, waits a little, and answers."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import TYPE_CHECKING, Any, Final
from xml.etree.ElementTree import Element

from plauder.core.local import LocalSession
from plauder.core.people import Published
from plauder.edge.hosted_omemo import OmemoSealer
from plauder.kit import log
from plauder.kit.errors import PlauderError
from plauder.kit.ids import new_id
from plauder.ops.demo import people
from plauder.ops.demo.people import Person
from plauder.wire.jid import Jid
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError
from plauder.wire.xml import E

if TYPE_CHECKING:
    from plauder.core.server import Server

RESOURCE: Final = "demo"
BODY: Final = "{jabber:client}body"
RECEIPTS: Final = "urn:xmpp:receipts"
MARKERS: Final = "urn:xmpp:chat-markers:0"
STATES: Final = "http://jabber.org/protocol/chatstates"
ORIGIN: Final = "{urn:xmpp:sid:0}origin-id"
DEVICE_LISTS: Final = ("eu.siacs.conversations.axolotl.devicelist", "urn:xmpp:omemo:2:devices")
READING, TYPING = 0.8, 1.6
"""Seconds a friend takes to open a chat, and to type."""

_log = log.get("ops.demo")


class Friends:
    """All friends. `pace` scales their hesitation: 0 in tests."""

    def __init__(self, server: Server, sealer: OmemoSealer, *, pace: float = 1.0) -> None:
        self._server = server
        self._sealer = sealer
        self._pace = pace
        self._sessions: dict[str, LocalSession] = {}
        self._answers: dict[str, Iterator[str]] = {}
        self._group_answers = itertools.cycle(people.GROUP_ANSWERS)
        self._greeted: set[str] = set()
        self.after_greeting: list[Callable[[str], Awaitable[None]]] = []
        """Called with the localpart of Ana or Bruno when their app was opened for the first time."""
        self.room = Jid.of(people.GROUP, f"groups.{server.domain}")

    async def arrive(self) -> None:
        """Bring everybody's device in, and listen for Ana's and Bruno's apps."""
        for person in people.FRIENDS:
            self._attach(person)
        await self._sealer.settled()
        for node in DEVICE_LISTS:
            self._server.people.personal.on_published(node, self._published)
        for session in self._sessions.values():
            await session.submit(Stanza("presence", {}))

    def jid(self, person: Person) -> Jid:
        return Jid.of(person.local, self._server.domain)

    def _attach(self, person: Person) -> None:
        async def on_stanza(stanza: Stanza) -> None:
            await self._hear(person, stanza)

        session = self._server.attach_local(self.jid(person).with_resource(RESOURCE), on_stanza)
        self._sessions[person.local] = session
        self._answers[person.local] = itertools.cycle(person.answers)
        self._sealer.attached(person.local, session)

    def is_played(self, person: Person) -> bool:
        """Whether a human has opened this person's app: then the friend keeps silent."""
        return any(not isinstance(session, LocalSession) for session in self._server.sessions_of(self.jid(person)))

    # ── hearing ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def _hear(self, person: Person, stanza: Stanza) -> None:
        sender = stanza.sender
        if stanza.kind != "message" or sender is None or stanza.type == "error" or sender.bare == self.jid(person):
            return
        if stanza.type == "groupchat":
            await self._hear_group(person, sender, stanza)
            return
        if stanza.type not in ("chat", "normal", None) or not sender.local:
            return
        said = await self._sealer.open(person.local, stanza)
        if any(each.tag == BODY and each.text for each in said) and stanza.id and not self.is_played(person):
            self._server.spawn(self._answer(person, sender.bare, stanza.id), "a friend answers")

    async def _hear_group(self, person: Person, sender: Jid, stanza: Stanza) -> None:
        """One friend answers for the group: the one whose turn it is, and only to what people say."""
        speaker = next((one for one in people.HUMANS if sender.resource in (one.name, one.local)), None)
        if person is not people.JONAS or speaker is None or not self.is_played(speaker):
            return
        if any("encrypted" in each.tag or each.tag == BODY for each in stanza.payloads):
            friend, text = next(self._group_answers)
            if not self.is_played(friend):
                self._server.spawn(self._later(TYPING * 2, self.say_in_group(friend, text)), "a friend answers a group")

    async def _answer(self, person: Person, to: Jid, stanza_id: str) -> None:
        session = self._sessions[person.local]
        await self._submit(session, to, E(f"{{{RECEIPTS}}}received", {"id": stanza_id}))
        await self._wait(READING)
        await self._submit(session, to, E(f"{{{MARKERS}}}displayed", {"id": stanza_id}))
        await self._submit(session, to, E(f"{{{STATES}}}composing"), hint="no-store")
        await self._wait(TYPING)
        await self.say(person, to, next(self._answers[person.local]))

    # ── speaking ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def say(self, person: Person, to: Jid, text: str) -> None:
        """One encrypted message."""
        key = new_id()
        content = [E(BODY, {}, text)]
        sealed = await self._sealer.seal(person.local, to, content)
        wrapping = (E(f"{{{RECEIPTS}}}request"), E(f"{{{MARKERS}}}markable"), E(ORIGIN, {"id": key}))
        await self._submit(self._sessions[person.local], to, *sealed, *wrapping, key=key)

    async def say_in_group(self, person: Person, text: str) -> None:
        """One message that every member's devices can read."""
        key = new_id()
        members = [self.jid(member).text for member in people.GROUP_MEMBERS if member is not person]
        sealed = await self._sealer.seal_for(person.local, self.room, [E(BODY, {}, text)], members)
        stanza = Stanza.build(
            "message", {"type": "groupchat", "to": self.room, "id": key}, *sealed, E(ORIGIN, {"id": key})
        )
        await self._sessions[person.local].submit(stanza)

    async def _submit(
        self, session: LocalSession, to: Jid, *payloads: Element, key: str | None = None, hint: str = "store"
    ) -> None:
        hinted = E(f"{{urn:xmpp:hints}}{hint}")
        stanza = Stanza.build("message", {"type": "chat", "to": to, "id": key or new_id()}, *payloads, hinted)
        try:
            await session.submit(stanza)
        except (StanzaError, PlauderError) as problem:
            _log.warning("a friend was not heard", reason=str(problem))

    # ── greeting ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def _published(self, published: Published) -> None:
        """Somebody opened Ana's or Bruno's app: the first time, friends write."""
        human = next((one for one in people.HUMANS if self.jid(one).text == published.account), None)
        if human is None or published.payload is None or len(published.payload) < 1:
            return
        own = {session.device for session in self._sessions.values()}
        played = [s for s in self._server.sessions_of(self.jid(human)) if s.device not in own]
        if not played or human.local in self._greeted:
            return
        self._greeted.add(human.local)
        self._server.spawn(self._later(1.5, self._greet(human)), "friends greet")

    async def _greet(self, human: Person) -> None:
        """In the order in which the design's chat list shows them: the last to write is on top."""
        first = human.name.split()[0]
        if human is people.ANA:
            for friend, text in people.GROUP_TALK:
                await self.say_in_group(friend, text)
                await self._wait(0.3)
        for friend in reversed(people.FRIENDS):
            for text in friend.opening.get(first, ()):
                if not self.is_played(friend):
                    await self.say(friend, self.jid(human), text)
                    await self._wait(0.3)
        for greet in self.after_greeting if human is people.ANA else ():
            await greet(human.local)

    async def _later(self, seconds: float, work: Coroutine[Any, Any, None]) -> None:
        await self._wait(seconds)
        await work

    async def _wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds * self._pace)
