"""End-to-end encryption of hosted numbers: an OMEMO device for each, which publishes its keys and finds others'.

Encryption ends here, on the platform that a business has its number hosted on, as with the Cloud API; the person's app
says so. Whoever has published no device at all is written to in plain: his app knows no encryption. Nobody who has
published one ever is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Final
from xml.etree.ElementTree import Element

from plauder.business.encryption.records import Debt, Device
from plauder.business.encryption.service import (
    PROFILES,
    Encryption,
    FetchedBundle,
    FetchedList,
    Incoming,
    Missing,
    NotRead,
    Outgoing,
    Publication,
    Sealed,
    turn,
)
from plauder.business.shared.errors import fail
from plauder.core.local import LocalSession
from plauder.core.people import Published
from plauder.core.server import Server
from plauder.kit.batching import Batcher
from plauder.kit.clock import Clock
from plauder.kit.keyring import Keyring
from plauder.kit.log import get as get_log
from plauder.store.database import Database, UnitOfWork
from plauder.wire.jid import Jid
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError
from plauder.wire.xml import E

log = get_log("edge.hosted-omemo")

ENCRYPTED: Final = frozenset(f"{{{namespace}}}encrypted" for namespace in PROFILES)
EME: Final = "{urn:xmpp:eme:0}encryption"
STORE: Final = "{urn:xmpp:hints}store"
BODY: Final = "{jabber:client}body"
ONLY: Final = "current"
DAY: Final = 24 * 3600.0
OPEN_NODE: Final = {"pubsub#access_model": "open", "pubsub#persist_items": "true", "pubsub#max_items": "max"}


class OmemoSealer:
    """A `hosted.Sealer`. Messages of one number that are sent at the same time share a transaction."""

    def __init__(self, server: Server, database: Database, keyring: Keyring, clock: Clock) -> None:
        self._server = server
        self._database = database
        self._service = Encryption(keyring, clock)
        self._sessions: dict[str, LocalSession] = {}
        self._ready: dict[str, asyncio.Future[None]] = {}
        self._batchers: dict[str, Batcher[Outgoing, Sealed]] = {}
        self._fetchers: dict[str, Batcher[Sequence[str], None]] = {}
        self._watches = False

    def attached(self, number: str, session: LocalSession) -> None:
        """The number is a device of this process from now on: its keys get published."""
        if not self._watches:  # not earlier: what accounts publish is a feature's, which registers after us
            self._watches = True
            for namespace, profile in PROFILES.items():
                personal = self._server.people.personal
                personal.on_published(profile.device_list_node(), partial(self._announced, namespace))
        self._sessions[number] = session
        ready = self._ready[number] = asyncio.get_running_loop().create_future()
        self._server.spawn(self._begin(number, session, ready), "publish the keys of a number")

    async def settled(self) -> None:
        """Returns when the keys of all attached numbers are published."""
        await asyncio.gather(*self._ready.values())

    def _owner(self, number: str) -> str:
        return f"{number}@{self._server.domain}"

    def _turn(self, owner: str) -> AbstractAsyncContextManager[UnitOfWork]:
        """A unit of work that is alone with the keys of a number."""
        return self._database.apart(turn(owner))

    # ── own keys ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def _begin(self, number: str, session: LocalSession, ready: asyncio.Future[None]) -> None:
        try:
            await self._set_up(number, session)
        finally:
            if not ready.done():
                ready.set_result(None)

    async def _set_up(self, number: str, session: LocalSession) -> None:
        owner = self._owner(number)
        async with self._turn(owner) as uow:
            await self._service.ensure(uow, owner)
            must_publish = await self._service.maintain(uow, owner)
        if must_publish:
            try:
                await self._publish(number)
            except StanzaError as error:  # people cannot write encrypted before it works; the next day tries again
                log.warning("keys-not-published", number=number, condition=error.condition)
        await self._settle(number, publish=False)
        self._server.timers.call_later(DAY, partial(self._daily, number, session))

    def _daily(self, number: str, session: LocalSession) -> None:
        if self._sessions.get(number) is session:
            self._server.spawn(self._set_up(number, session), "rotate the keys of a number")

    async def _publish(self, number: str) -> None:
        owner = self._owner(number)
        async with self._database.read() as uow:
            publications = await self._service.publications(uow, owner)
        account = Jid.parse(owner)
        for each in publications:
            await self._announce(account, each)
            await self._server.people.personal.publish(
                account, each.bundle_node, each.bundle_item, each.bundle, options=OPEN_NODE
            )
            async with self._turn(owner) as uow:
                await self._service.published(uow, owner, each.namespace, each.revision)

    async def _announce(self, account: Jid, publication: Publication) -> None:
        """Put the device on the number's list, beside those that its owner's own apps have put there."""
        personal = self._server.people.personal
        found = await personal.items(account, publication.device_list_node)
        listed = found[-1].payload if found else None
        (own,) = publication.device_list
        if listed is None:
            listed = publication.device_list
        elif any(device.get("id") == own.get("id") for device in listed):
            return
        else:
            listed.append(own)
        await personal.publish(account, publication.device_list_node, "current", listed, options=OPEN_NODE)

    # ── others' keys ──────────────────────────────────────────────────────────────────────────────────────────────

    async def _announced(self, namespace: str, published: Published) -> None:
        listed = [FetchedList(published.account, namespace, published.payload)]
        async with self._database.read() as uow:
            owners = await self._service.acquainted(uow, published.account)
        for owner in owners:
            async with self._turn(owner) as uow:
                await self._service.learn(uow, owner, listed)

    async def _fetch(self, owner: str, *people: str) -> None:
        """Learn what is missing to write to people; what is asked for at the same time is looked up together."""
        if owner not in self._fetchers:
            self._fetchers[owner] = Batcher(partial(self._fetch_all, owner))
        await self._fetchers[owner].do(people)

    async def _fetch_all(self, owner: str, asked: Sequence[Sequence[str]]) -> Sequence[None]:
        """Device lists first, then the bundles of devices that have no session yet."""
        people = list(dict.fromkeys(person for some in asked for person in some))
        for _ in range(2):
            async with self._database.read() as uow:
                missing = await self._service.missing(uow, owner, people)
            if missing.lists or missing.bundles:
                await self._learn(owner, missing)
        return [None] * len(asked)

    async def _learn(self, owner: str, missing: Missing) -> None:
        lists = await self._lists_of(missing.lists)
        bundles = await self._bundles_of(missing.bundles)
        async with self._turn(owner) as uow:
            for refused in await self._service.learn(uow, owner, lists, bundles):
                log.warning("bundle-unusable", number=owner, device=refused.device_id)

    async def _lists_of(self, wanted: Sequence[tuple[str, str]]) -> list[FetchedList]:
        names = [(jid, PROFILES[namespace].device_list_node(), ONLY) for jid, namespace in wanted]
        return [
            FetchedList(jid, namespace, payload)
            for (jid, namespace), payload in zip(wanted, await self._payloads(names), strict=True)
        ]

    async def _bundles_of(self, wanted: Sequence[tuple[Device, str]]) -> list[FetchedBundle]:
        names = []
        for device, namespace in wanted:
            profile = PROFILES[namespace]
            names.append((device.jid, profile.bundle_node(device.device_id), profile.bundle_item(device.device_id)))
        return [
            FetchedBundle(device, namespace, payload)
            for (device, namespace), payload in zip(wanted, await self._payloads(names), strict=True)
        ]

    async def _payloads(self, names: Sequence[tuple[str, str, str]]) -> list[Element | None]:
        """Items by (account, node, item id). Of a node that holds one item, the latest: some apps name it otherwise."""
        personal = self._server.people.personal
        single = {(jid, node) for jid, node, item in names if item == ONLY}
        latest = await personal.latest({jid for jid, _ in single}, {node for _, node in single})
        found = await personal.items_by_name([name for name in names if name[2] != ONLY])
        items = [latest.get((jid, node)) if item == ONLY else found.get((jid, node, item)) for jid, node, item in names]
        return [item.payload if item else None for item in items]

    # ── messages ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def seal(self, number: str, to: Jid, content: Sequence[Element]) -> Sequence[Element]:
        return await self.seal_for(number, to, content, ())

    async def seal_for(
        self, number: str, to: Jid, content: Sequence[Element], people: Sequence[str]
    ) -> Sequence[Element]:
        """The same for a group at `to`, of which `people` shall read it."""
        if ready := self._ready.get(number):
            await ready
        owner = self._owner(number)
        body = next((each.text or "" for each in content if each.tag == BODY), None)
        message = Outgoing(to.bare.text, content, body, people)
        sealed = await self._batcher(owner).do(message)
        if not sealed.is_known or sealed.missed:
            await self._fetch(owner, *message.readers)
            sealed = await self._batcher(owner).do(message)
        if sealed.elements:
            namespace = sealed.elements[0].tag[1:].partition("}")[0]
            return [*sealed.elements, E(EME, {"namespace": namespace, "name": "OMEMO"})]
        if sealed.listed == 0:
            return content
        if sealed.missed:
            raise fail(131026, "None of this person's devices has published usable encryption keys.")
        return []  # nothing for people: old apps cannot show it encrypted, and it is not sent in plain

    def _batcher(self, owner: str) -> Batcher[Outgoing, Sealed]:
        if owner not in self._batchers:
            self._batchers[owner] = Batcher(partial(self._seal, owner))
        return self._batchers[owner]

    async def _seal(self, owner: str, messages: Sequence[Outgoing]) -> Sequence[Sealed]:
        async with self._turn(owner) as uow:
            return await self._service.seal(uow, owner, messages)

    async def open(self, number: str, stanza: Stanza) -> Sequence[Element]:
        encrypted = [each for each in stanza.payloads if each.tag in ENCRYPTED]
        sender = stanza.sender
        if not encrypted or sender is None:
            return stanza.payloads
        owner, person = self._owner(number), sender.bare.text
        message = Incoming(person, encrypted, id=stanza.id or "")
        async with self._turn(owner) as uow:
            (outcome,) = await self._service.open(uow, owner, [message])
        if isinstance(outcome, NotRead):
            log.warning("message-not-read", number=number, reason=outcome.reason, healing=outcome.healing)
            if outcome.healing or outcome.sender is not None:
                self._server.spawn(self._mend(number, person), "mend a session")
            return ()
        if outcome.owes or outcome.publish:
            self._server.spawn(self._settle(number, publish=outcome.publish), "complete a key exchange")
        return outcome.content

    async def _mend(self, number: str, person: str) -> None:
        await self._fetch(self._owner(number), person)
        await self._settle(number, publish=False)

    async def _settle(self, number: str, *, publish: bool) -> None:
        """Publish the bundle without used prekeys, and send the empty messages that are owed."""
        if publish:
            await self._publish(number)
        async with self._database.read() as uow:
            debts = await self._service.debts(uow, self._owner(number))
        for debt in debts:
            await self._pay(number, debt)

    async def _pay(self, number: str, debt: Debt) -> None:
        session = self._sessions.get(number)
        if session is None:
            return
        owner, namespace = self._owner(number), debt.namespace
        if debt.why == "healing":
            await self._learn(owner, Missing([], [(debt.device, namespace)]))
        async with self._turn(owner) as uow:
            element = await self._service.seal_empty(uow, owner, debt.device, namespace)
        if element is None:
            return
        to = Jid.parse(debt.device.jid)
        try:
            await session.submit(Stanza.build("message", {"to": to, "type": "chat"}, element, E(STORE)))
        except StanzaError as error:
            log.warning("empty-message-refused", number=number, condition=error.condition)
