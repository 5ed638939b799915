"""Plays: a business and a person write to each other, end-to-end encrypted, through the whole server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from plauder.business.encryption.profile import AXOLOTL, OMEMO2
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
from plauder.edge.hosted_omemo import OPEN_NODE, OmemoSealer
from plauder.features.blocking import feature as blocking
from plauder.features.disco import feature as disco
from plauder.features.pubsub import feature as pubsub
from plauder.features.roster import feature as roster
from plauder.kit.keyring import Keyring
from plauder.wire.jid import Jid
from plauder.wire.stanza import Stanza
from plauder.wire.xml import E, serialize
from tests.business.cloud import ANN, DOMAIN, NUMBER, Cloud, Person

SHOP = f"{NUMBER}@{DOMAIN}"


class Phone:
    """Ann's app: what it publishes, what it can read. It speaks the versions it is told."""

    def __init__(self, cloud: Cloud, person: Person, namespaces: list[str], jid: str) -> None:
        self.cloud = cloud
        self.person = person
        self.namespaces = namespaces
        self.jid = jid
        self.service = Encryption(Keyring(b"p" * 32), cloud.clock)
        self.read: list[Read | NotRead] = []
        self._seen = 0

    @property
    def server_side(self):  # type: ignore[no-untyped-def]
        return self.cloud.server.people.personal

    async def publish(self) -> None:
        async with self.cloud.database.begin() as uow:
            await self.service.ensure(uow, self.jid)
            publications = await self.service.publications(uow, self.jid)
        account = Jid.parse(self.jid)
        for each in publications:
            if each.namespace in self.namespaces:
                await self.server_side.publish(
                    account, each.bundle_node, each.bundle_item, each.bundle, options=OPEN_NODE
                )
                await self.server_side.publish(
                    account, each.device_list_node, "current", each.device_list, options=OPEN_NODE
                )

    async def meet(self, jid: str) -> None:
        lists, bundles = [], []
        for namespace in self.namespaces:
            profile = PROFILES[namespace]
            (found,) = await self.server_side.items(Jid.parse(jid), profile.device_list_node())
            lists.append(FetchedList(jid, namespace, found.payload))
            for listed in found.payload:
                device = Device(jid, int(listed.get("id")))
                node, item = profile.bundle_node(device.device_id), profile.bundle_item(device.device_id)
                (bundle,) = await self.server_side.items(Jid.parse(jid), node, ids=[item])
                bundles.append(FetchedBundle(device, namespace, bundle.payload))
        async with self.cloud.database.begin() as uow:
            assert await self.service.learn(uow, self.jid, lists, bundles) == []

    async def write(self, text: str, *, key: str) -> Stanza:
        async with self.cloud.database.begin() as uow:
            message = Outgoing(SHOP, [E("{jabber:client}body", None, text)], text)
            (sealed,) = await self.service.seal(uow, self.jid, [message])
        inner = b"".join(serialize(each) for each in sealed.elements).decode()
        await self.person.say(inner, key=key)
        return Stanza.build("message", {"id": key}, *sealed.elements)

    async def texts(self) -> list[str]:
        """The bodies of what has come since the last call; "" for empty messages."""
        new, self._seen = self.person.received[self._seen :], len(self.person.received)
        said = []
        for stanza in new:
            elements = [each for each in stanza.payloads if each.tag.endswith("}encrypted")]
            if not elements:
                said.append(f"plain: {stanza.text('{jabber:client}body')}")
                continue
            assert stanza.text("{jabber:client}body") is None
            assert stanza.find("{urn:xmpp:hints}store") is not None
            async with self.cloud.database.begin() as uow:
                (outcome,) = await self.service.open(uow, self.jid, [Incoming(SHOP, elements)])
            self.read.append(outcome)
            assert isinstance(outcome, Read), outcome
            said.append("".join(each.text or "" for each in outcome.content if each.tag.endswith("}body")))
        return said


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[Cloud]:
    made = Cloud(tmp_path, encrypted=True)
    for feature in (blocking, roster, disco, pubsub):
        feature.register(made.server)
    async with made:
        sealer = made.platform.hosted.sealer
        assert isinstance(sealer, OmemoSealer)
        await sealer.settled()
        yield made


@pytest.fixture
async def phone(request: pytest.FixtureRequest, cloud: Cloud) -> Phone:
    """Speaks both versions unless the test says otherwise."""
    made = Phone(cloud, cloud.ann, getattr(request, "param", [OMEMO2, AXOLOTL]), f"{ANN}@{DOMAIN}")
    await made.publish()
    return made


@pytest.mark.parametrize(
    "phone", [[AXOLOTL], [OMEMO2], [OMEMO2, AXOLOTL]], ids=["0.3", "omemo:2", "both"], indirect=True
)
async def test_a_person_opens_and_the_business_answers(cloud: Cloud, phone: Phone) -> None:
    await phone.meet(SHOP)
    await phone.write("Oi! Where is my parcel?", key="m1")
    await cloud.settle()
    (incoming,) = cloud.receiver.messages()
    assert incoming["text"] == {"body": "Oi! Where is my parcel?"}
    assert await phone.texts() == [""]  # the key exchange is complete

    answer = await cloud.text("At the shop around the corner", context={"message_id": incoming["id"]})
    assert answer.status_code == 200, answer.text
    await cloud.settle()
    assert await phone.texts() == ["At the shop around the corner"]
    assert [status["status"] for status in cloud.receiver.statuses()] == ["sent", "delivered"]
    await phone.write("Thanks", key="m2")
    await cloud.settle()
    assert [message["text"]["body"] for message in cloud.receiver.messages()] == ["Oi! Where is my parcel?", "Thanks"]


async def test_who_has_published_no_device_is_written_to_in_plain(cloud: Cloud) -> None:
    phone = Phone(cloud, cloud.ann, [OMEMO2], f"{ANN}@{DOMAIN}")
    await cloud.ann.write("Oi!")
    await cloud.settle()
    await cloud.text("plain")
    await cloud.settle()
    assert await phone.texts() == ["plain: plain"]
    # With the first device on the list that ends at once.
    await phone.publish()
    await cloud.text("secret")
    await cloud.settle()
    assert await phone.texts() == ["secret"]


async def test_a_device_without_usable_keys_is_never_written_to_in_plain(cloud: Cloud) -> None:
    listed = PROFILES[OMEMO2].device_list([7])
    account = Jid.parse(f"{ANN}@{DOMAIN}")
    await cloud.server.people.personal.publish(
        account, "urn:xmpp:omemo:2:devices", "current", listed, options=OPEN_NODE
    )
    await cloud.ann.write("Oi!")
    await cloud.settle()
    await cloud.text("secret")
    await cloud.settle()
    assert cloud.ann.received == []
    (status,) = cloud.receiver.statuses()
    assert (status["status"], status["errors"][0]["code"]) == ("failed", 131026)


async def test_a_broken_session_is_mended(cloud: Cloud, phone: Phone) -> None:
    await phone.meet(SHOP)
    await phone.write("1", key="m1")
    await cloud.settle()
    await phone.texts()
    await cloud.text("2")
    await cloud.settle()
    await phone.texts()
    async with cloud.database.begin() as uow:
        await uow.connection.exec_driver_sql(
            f"DELETE FROM business_omemo WHERE owner = '{SHOP}' AND key LIKE 'session/%'"
        )
    await phone.write("lost", key="m2")
    await cloud.settle()
    assert await phone.texts() == [""]  # the new session
    await phone.write("found", key="m3")
    await cloud.settle()
    assert [message["text"]["body"] for message in cloud.receiver.messages()] == ["1", "found"]


async def test_a_message_that_comes_again_after_a_crash_is_read_again(cloud: Cloud, phone: Phone) -> None:
    await phone.meet(SHOP)
    stanza = (await phone.write("once", key="m1")).with_attrs(from_=f"{phone.jid}/phone", to=SHOP)
    await cloud.settle()
    again = await cloud.platform.hosted.sealer.open(NUMBER, stanza)
    assert [each.text for each in again] == ["once"]
    await phone.write("next", key="m2")
    await cloud.settle()
    assert await cloud.platform.hosted.sealer.open(NUMBER, stanza) == ()  # a copy of an old one is a replay


async def test_the_numbers_list_keeps_its_owners_other_devices(cloud: Cloud) -> None:
    personal = cloud.server.people.personal
    for namespace in (AXOLOTL, OMEMO2):
        (found,) = await personal.items(Jid.parse(SHOP), PROFILES[namespace].device_list_node())
        assert found.payload is not None
        assert len(found.payload) == 1
        found.payload.append(E(f"{{{namespace}}}device", {"id": "5"}))
        await personal.publish(Jid.parse(SHOP), PROFILES[namespace].device_list_node(), "current", found.payload)
    sealer = cloud.platform.hosted.sealer
    session = cloud.platform.hosted.session_of(NUMBER)
    assert isinstance(sealer, OmemoSealer)
    assert session is not None
    cloud.clock.advance(days=8)
    sealer.attached(NUMBER, session)
    await sealer.settled()
    for namespace in (AXOLOTL, OMEMO2):
        (found,) = await personal.items(Jid.parse(SHOP), PROFILES[namespace].device_list_node())
        assert found.payload is not None
        assert len(found.payload) == 2
