"""Discovery answers what is registered; capabilities are learnt once and believed only when they prove true."""

from __future__ import annotations

import pytest

from plauder.core.people import BlockList
from plauder.core.session import Session
from plauder.features.disco import feature
from plauder.features.disco.rules import caps_of
from plauder.store.database import Database
from plauder.wire.disco import Entry, Identity, Info, caps_0115, caps_0390
from plauder.wire.jid import Jid
from plauder.wire.stanza import Stanza
from tests.features.fakes import DOMAIN, AskingServer, FakeServer, FakeSession, read

INFO = "http://jabber.org/protocol/disco#info"
ITEMS = "http://jabber.org/protocol/disco#items"
ANA = "ana@example.org"
DINO = Info([Identity("client", "pc", name="Dino")], ["urn:a+notify", "urn:b+notify", "urn:xmpp:ping"])


@pytest.fixture
def server(database: Database) -> AskingServer:
    server = AskingServer(database, DINO)
    feature.register(server, contacts={"abuse-addresses": ["mailto:abuse@example.org"]})
    return server


def with_caps(info: Info, ver: str | None = None) -> str:
    return (
        f"<presence><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='https://dino.im' "
        f"ver='{ver or caps_0115(info)}'/></presence>"
    )


async def ask(server: FakeServer, session: FakeSession, ns: str, to: str, node: str = "") -> Info:
    query = await server.ask(session, "get", f"<query xmlns='{ns}'{f' node={node!r}' if node else ''}/>", to=to)
    assert query is not None
    return Info.parse(query)


async def test_the_domain_says_what_is_registered(server: FakeServer):
    server.advertise("urn:xmpp:ping")
    info = await ask(server, await server.login("ana"), INFO, DOMAIN)
    assert Identity("server", "im", name="Plauder") in info.identities
    assert "urn:xmpp:ping" in info.features
    assert info.forms[0].text("abuse-addresses") == "mailto:abuse@example.org"


async def test_our_capabilities_are_those_we_answer_with(server: FakeServer):
    ana = await server.login("ana")
    old, new = (make() for make in server.stream_features)
    assert old is not None
    assert new is not None
    info = await ask(server, ana, INFO, DOMAIN, f"{old.get('node')}#{old.get('ver')}")
    assert caps_0115(info) == old.get("ver")
    info = await ask(server, ana, INFO, DOMAIN, f"urn:xmpp:caps#sha-256.{new[0].text}")
    assert caps_0390(info) == new[0].text


async def test_sources_add_to_accounts_and_nodes(server: FakeServer):
    async def info(_session: Session, jid: Jid, node: str) -> Info | None:
        if not jid.local:
            return None
        return Info([Identity("account", "business")] if not node else [], [f"about:{node}"])

    async def items(_session: Session, jid: Jid, node: str) -> list[Entry] | None:
        return [Entry(jid.text, "urn:x", "X")] if jid.local and not node else None

    server.on_disco_info(info)
    server.on_disco_items(items)
    ana, bruno = await server.login("ana"), await server.login("bruno")
    found = await ask(server, bruno, INFO, ANA)
    assert [(i.category, i.type) for i in found.identities] == [("account", "registered"), ("account", "business")]
    assert (await ask(server, ana, INFO, ANA, "urn:x")).features == ["about:urn:x"]
    query = await server.ask(bruno, "get", f"<query xmlns='{ITEMS}'/>", to=ANA)
    assert [dict(item.attrib) for item in query] == [{"jid": ANA, "node": "urn:x", "name": "X"}]


async def test_hosts_are_items_of_the_domain(server: FakeServer):
    async def serve(_session: Session | None, _stanza: Stanza) -> None: ...

    server.host("groups.example.org", serve)
    query = await server.ask(await server.login("ana"), "get", f"<query xmlns='{ITEMS}'/>", to=DOMAIN)
    assert [item.get("jid") for item in query] == ["groups.example.org"]


@pytest.mark.parametrize("ns", [INFO, ITEMS])
async def test_unknown_nodes_are_not_found(server: FakeServer, ns: str):
    ana = await server.login("ana")
    for to in (DOMAIN, ANA):
        assert (
            await server.refused(ana, "get", f"<query xmlns='{ns}' node='x'/>", to=to)
        ).condition == "item-not-found"


async def test_nobody_and_who_blocks_look_alike(server: FakeServer):
    class Blocks:
        async def of(self, account: str) -> BlockList:
            return BlockList(frozenset({"bruno@example.org"}))

    server.people.blocks = Blocks()  # type: ignore[assignment]
    await server.login("ana")
    bruno = await server.login("bruno")
    for to in (ANA, "nobody@example.org"):
        error = await server.refused(bruno, "get", f"<query xmlns='{INFO}'/>", to=to)
        assert error.condition == "service-unavailable"


async def test_interests_are_asked_once_and_shared(server: AskingServer):
    heard: list[tuple[str, frozenset[str]]] = []
    server.people.interests.on_interest(lambda session, nodes: heard.append((session.jid.resource, nodes)))
    one, two = await server.login("ana/one", available=False), await server.login("ana/two", available=False)
    await server.say(one, with_caps(DINO))
    await server.say(two, with_caps(DINO))
    assert server.asked == [f"https://dino.im#{caps_0115(DINO)}"]
    wants = server.people.interests.of(one)
    assert wants == {"urn:a", "urn:b"}
    assert server.people.interests.of(two) is wants
    assert heard == [("one", wants), ("two", wants)]


async def test_what_was_learnt_survives_a_restart(server: AskingServer, database: Database):
    await server.say(await server.login("ana"), with_caps(DINO))
    again = AskingServer(database, DINO)
    feature.register(again)
    ana = await again.login("ana", available=False)
    ana.presence = read(with_caps(DINO))
    for bound in again.bound_watchers:
        await bound(ana)
    assert again.people.interests.of(ana) == {"urn:a", "urn:b"}
    await again.say(await again.login("bruno"), with_caps(DINO))
    assert again.asked == []


async def test_a_lie_is_believed_of_the_liar_only(server: AskingServer):
    liar, honest = await server.login("liar"), await server.login("honest")
    server.says = Info([], ["urn:evil+notify"])
    await server.say(liar, with_caps(DINO))
    assert server.people.interests.of(liar) == {"urn:evil"}
    server.says = DINO
    await server.say(honest, with_caps(DINO))
    assert server.people.interests.of(honest) == {"urn:a", "urn:b"}


async def test_growing_interests_are_told_by_their_growth(server: AskingServer):
    heard: list[frozenset[str]] = []
    server.people.interests.on_interest(lambda _session, nodes: heard.append(nodes))
    ana = await server.login("ana")
    await server.say(ana, with_caps(DINO))
    server.says = Info(DINO.identities, [*DINO.features, "urn:c+notify"])
    await server.say(ana, with_caps(server.says))
    await server.say(ana, with_caps(server.says))
    assert heard == [{"urn:a", "urn:b"}, {"urn:c"}]


async def test_who_goes_offline_wants_nothing(server: AskingServer):
    ana = await server.login("ana")
    await server.say(ana, with_caps(DINO))
    await server.say(ana, "<presence type='unavailable'/>")
    assert server.people.interests.of(ana) == frozenset()


async def test_silence_teaches_nothing(server: AskingServer):
    server.says = None
    ana = await server.login("ana")
    await server.say(ana, with_caps(DINO))
    assert server.people.interests.of(ana) == frozenset()


async def test_old_answers_are_forgotten(server: AskingServer):
    await server.say(await server.login("ana"), with_caps(DINO))
    server.clock.advance(days=91)  # type: ignore[attr-defined]
    await server.repeated["capabilities"]()
    await server.say(await server.login("bruno"), with_caps(DINO))
    assert len(server.asked) == 2


async def test_the_newer_document_wins():
    value = caps_0390(DINO)
    caps = caps_of(
        read(
            f"<presence><c xmlns='urn:xmpp:caps'><hash xmlns='urn:xmpp:hashes:2' algo='sha-256'>{value}</hash></c>"
            f"<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='n' ver='{caps_0115(DINO)}'/></presence>"
        )
    )
    assert caps is not None
    assert (caps.document, caps.node) == ("0390", f"urn:xmpp:caps#sha-256.{value}")
    assert caps.is_of(DINO)
    assert not caps.is_of(Info())


@pytest.mark.parametrize(
    "inner",
    [
        "",
        "<c xmlns='http://jabber.org/protocol/caps' node='n' ver='0.9'/>",
        "<c xmlns='http://jabber.org/protocol/caps' hash='md5' node='n' ver='x'/>",
        "<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='n' ver='not base64!'/>",
        f"<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='n' ver='{'A' * 4000}'/>",
        "<c xmlns='urn:xmpp:caps'><hash xmlns='urn:xmpp:hashes:2' algo='sha-256'/></c>",
    ],
)
def test_what_is_no_capability_is_passed_over(inner: str):
    assert caps_of(read(f"<presence>{inner}</presence>")) is None
