"""A business number's hosted device (`plauder.business.encryption`), with the face all devices of these tests have."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from plauder.business.encryption.profile import AXOLOTL
from plauder.business.encryption.records import Device
from plauder.business.encryption.service import (
    PROFILES,
    Encryption,
    FetchedBundle,
    FetchedList,
    Incoming,
    NotRead,
    Outgoing,
    Read,
)
from plauder.kit.clock import FakeClock
from plauder.kit.keyring import Keyring
from plauder.store.database import Database
from plauder.wire.xml import E


class Hosted:
    """One number; each call is one unit of work."""

    def __init__(self, database: Database, clock: FakeClock, jid: str, namespace: str = AXOLOTL) -> None:
        self.database = database
        self.jid = jid
        self.namespace = namespace
        self.service = Encryption(Keyring(b"k" * 32), clock)
        self.device_id = 0

    async def ensure(self) -> None:
        async with self.database.begin() as uow:
            self.device_id = await self.service.ensure(uow, self.jid)

    async def bundle(self) -> Element:
        async with self.database.read() as uow:
            found = await self.service.publications(uow, self.jid)
        return next(each.bundle for each in found if each.namespace == self.namespace)

    async def meet(self, jid: str, device_id: int, bundle: Element | None) -> bool:
        async with self.database.begin() as uow:
            listed = FetchedList(jid, self.namespace, PROFILES[self.namespace].device_list([device_id]))
            fetched = FetchedBundle(Device(jid, device_id), self.namespace, bundle)
            return not await self.service.learn(uow, self.jid, [listed], [fetched])

    async def say(self, jid: str, text: str) -> Element:
        message = Outgoing(jid, [E("{jabber:client}body", None, text)], text)
        async with self.database.begin() as uow:
            (sealed,) = await self.service.seal(uow, self.jid, [message])
        assert not sealed.missed
        (element,) = sealed.elements
        return element

    async def nod(self, jid: str, device_id: int) -> Element:
        async with self.database.begin() as uow:
            element = await self.service.seal_empty(uow, self.jid, Device(jid, device_id), self.namespace)
        assert element is not None
        return element

    async def read(self, jid: str, element: Element, sent_at: float | None = None) -> Read | NotRead:
        async with self.database.begin() as uow:
            (outcome,) = await self.service.open(uow, self.jid, [Incoming(jid, [element], sent_at)])
        return outcome

    async def hear(self, jid: str, element: Element) -> str:
        """The text; "" for an empty message; "(reason)" when it can't be read."""
        outcome = await self.read(jid, element)
        if isinstance(outcome, NotRead):
            return f"({outcome.reason})"
        return "".join(each.text or "" for each in outcome.content)
