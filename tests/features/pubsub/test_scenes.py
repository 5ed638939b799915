"""The whole of personal eventing between people: roster, blocking, capabilities and nodes together."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest

from plauder.features.blocking import feature as blocking
from plauder.features.disco import feature as disco
from plauder.features.pubsub import feature
from plauder.features.pubsub.config import MAX_ITEMS
from plauder.features.pubsub.limits import Rate
from plauder.features.roster import feature as roster
from plauder.store.database import Database
from plauder.wire.disco import Identity, Info, caps_0115
from plauder.wire.forms import Form
from plauder.wire.jid import Jid
from plauder.wire.stanza import Stanza
from plauder.wire.xml import E, parse
from tests.features.fakes import AskingServer, FakeServer, FakeSession

PUBSUB = "http://jabber.org/protocol/pubsub"
OWNER = f"{PUBSUB}#owner"
EVENT = f"{PUBSUB}#event"
LIST = "eu.siacs.conversations.axolotl.devicelist"
BUNDLE = "eu.siacs.conversations.axolotl.bundles:31415"
MOOD = "http://jabber.org/protocol/mood"
ANA, BRUNO, CARLA = "ana@example.org", "bruno@example.org", "carla@example.org"
CLIENT = Info([Identity("client", "phone", name="C")], [f"{LIST}+notify", f"{MOOD}+notify", "urn:x+notify"])
HAPPY = f"<mood xmlns='{MOOD}'><happy/></mood>"


def build(database: Database, **limits: Rate) -> AskingServer:
    server = AskingServer(database, CLIENT)
    for each in (blocking, roster, disco):
        each.register(server)
    feature.register(server, **limits)
    return server


@pytest.fixture
def server(database: Database) -> AskingServer:
    return build(database)


async def come(server: FakeServer, name: str) -> FakeSession:
    """Log in with a client that wants events."""
    session = await server.login(name, available=False)
    caps = f"<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='c' ver='{caps_0115(CLIENT)}'/>"
    await server.say(session, f"<presence>{caps}</presence>")
    return session


async def befriend(server: FakeServer, first: FakeSession, second: FakeSession) -> None:
    for one, other in ((first, second), (second, first)):
        await server.say(one, f"<presence type='subscribe' to='{other.account}'/>")
        await server.say(other, f"<presence type='subscribed' to='{one.account}'/>")
    first.take()
    second.take()


def publish(node: str, inner: str, id_: str = "", options: dict[str, str] | None = None) -> str:
    item = f"<item{f' id={id_!r}' if id_ else ''}>{inner}</item>"
    asked = ""
    if options is not None:
        form = Form.of("submit", f"{PUBSUB}#publish-options", {f"pubsub#{k}": v for k, v in options.items()})
        fields = "".join(
            f"<field var='{f.var}'>{''.join(f'<value>{v}</value>' for v in f.values)}</field>" for f in form.fields
        )
        asked = f"<publish-options><x xmlns='jabber:x:data' type='submit'>{fields}</x></publish-options>"
    return f"<pubsub xmlns='{PUBSUB}'><publish node='{node}'>{item}</publish>{asked}</pubsub>"


def items(node: str, *ids: str, more: str = "", attrs: str = "") -> str:
    inner = "".join(f"<item id='{id_}'/>" for id_ in ids)
    return f"<pubsub xmlns='{PUBSUB}'><items node='{node}'{attrs}>{inner}</items>{more}</pubsub>"


def owner(inner: str) -> str:
    return f"<pubsub xmlns='{OWNER}'>{inner}</pubsub>"


def config(**values: str) -> str:
    fields = "".join(f"<field var='pubsub#{name}'><value>{value}</value></field>" for name, value in values.items())
    return f"<x xmlns='jabber:x:data' type='submit'>{fields}</x>"


def ids_of(answer: Element | None) -> list[str]:
    assert answer is not None
    return [item.get("id", "") for item in answer.iter(f"{{{PUBSUB}}}item")]


def events(session: FakeSession) -> list[Stanza]:
    return [stanza for stanza in session.take() if stanza.kind == "message"]


async def test_publishing_makes_the_node_and_tells_contacts_and_own_devices(server: FakeServer):
    phone, tablet, bruno = (
        await come(server, "ana/phone"),
        await come(server, "ana/tablet"),
        await come(server, "bruno"),
    )
    carla = await come(server, "carla")
    await befriend(server, phone, bruno)
    answer = await server.ask(phone, "set", publish(MOOD, HAPPY, "current"))
    assert ids_of(answer) == ["current"]
    for session in (phone, tablet, bruno):
        (event,) = events(session)
        assert event.attrs["from"] == ANA
        assert event.attrs["to"] == session.jid.text
        assert event.type == "headline"
        item = event.payloads[0].find(f"{{{EVENT}}}items/{{{EVENT}}}item")
        assert item is not None
        assert item.get("id") == "current"
        assert item[0].tag == f"{{{MOOD}}}mood"
    assert events(carla) == []


async def test_who_did_not_ask_for_a_node_is_not_told(server: FakeServer):
    ana, bruno = await come(server, "ana"), await server.login("bruno")
    await befriend(server, ana, bruno)
    await server.ask(ana, "set", publish(MOOD, HAPPY))
    assert events(bruno) == []


async def test_an_item_is_replaced_in_place_and_one_is_kept_by_default(server: FakeServer):
    ana = await come(server, "ana")
    for id_ in ("a", "a", "b"):
        await server.ask(ana, "set", publish("urn:x", f"<x xmlns='urn:x'>{id_}</x>", id_))
    answer = await server.ask(ana, "get", items("urn:x"))
    assert ids_of(answer) == ["b"]


async def test_device_lists_and_bundles_as_omemo_03_publishes_them(server: FakeServer):
    """A stranger fetches both; the options meet what is there; a second publication replaces the first."""
    ana, eva = await come(server, "ana"), await come(server, "eva")
    options = {"persist_items": "true", "access_model": "open"}
    payload = "<list xmlns='eu.siacs.conversations.axolotl'><device id='31415'/></list>"
    for _ in range(2):
        await server.ask(ana, "set", publish(LIST, payload, "current", options))
    await server.ask(
        ana, "set", publish(BUNDLE, "<bundle xmlns='eu.siacs.conversations.axolotl'/>", "current", options)
    )
    answer = await server.ask(eva, "get", items(LIST), to=ANA)
    assert answer is not None
    assert answer.find(".//{eu.siacs.conversations.axolotl}device").get("id") == "31415"
    assert ids_of(await server.ask(eva, "get", items(BUNDLE, attrs=" max_items='1'"), to=ANA)) == ["current"]


async def test_bundles_as_omemo_2_publishes_them(server: FakeServer):
    """One node, an item per device, `max_items` is `max`."""
    ana, eva = await come(server, "ana"), await come(server, "eva")
    options = {"max_items": "max", "access_model": "open"}
    for device in ("1", "2", "3", "2"):
        bundle = f"<bundle xmlns='urn:xmpp:omemo:2'><spk id='{device}'>x</spk></bundle>"
        await server.ask(ana, "set", publish("urn:xmpp:omemo:2:bundles", bundle, device, options))
    assert sorted(ids_of(await server.ask(eva, "get", items("urn:xmpp:omemo:2:bundles"), to=ANA))) == ["1", "2", "3"]
    assert ids_of(await server.ask(eva, "get", items("urn:xmpp:omemo:2:bundles", "3"), to=ANA)) == ["3"]
    missing = await server.refused(eva, "get", items("urn:xmpp:omemo:2:bundles", "4"), to=ANA)
    assert missing.condition == "item-not-found"


async def test_options_that_do_not_hold_are_refused_until_the_node_is_configured(server: FakeServer):
    """What Conversations does: publish, be refused, configure, publish again."""
    ana, eva = await come(server, "ana"), await come(server, "eva")
    await server.ask(ana, "set", publish("urn:x", "<x xmlns='urn:x'/>", "1"))
    wish = publish("urn:x", "<x xmlns='urn:x'>new</x>", "1", {"access_model": "open"})
    refused = await server.refused(ana, "set", wish)
    assert (refused.type, refused.condition) == ("cancel", "conflict")
    assert refused.app is not None
    assert refused.app.tag == f"{{{PUBSUB}#errors}}precondition-not-met"
    assert (await server.refused(eva, "get", items("urn:x"), to=ANA)).condition == "not-authorized"
    answer = await server.ask(ana, "get", owner("<configure node='urn:x'/>"))
    assert answer is not None
    form = Form.within(answer[0])
    assert form is not None
    assert form.text("pubsub#access_model") == "presence"
    await server.ask(ana, "set", owner(f"<configure node='urn:x'>{config(access_model='open')}</configure>"))
    await server.ask(ana, "set", wish)
    assert ids_of(await server.ask(eva, "get", items("urn:x"), to=ANA)) == ["1"]


async def test_a_private_node_is_the_owners_alone(server: FakeServer):
    """XEP-0223: whitelist by publish-options; contacts neither read nor hear, own devices do."""
    ana, tablet, bruno = await come(server, "ana"), await come(server, "ana/tablet"), await come(server, "bruno")
    await befriend(server, ana, bruno)
    tablet.take()
    await server.ask(ana, "set", publish("urn:x", "<x xmlns='urn:x'/>", "1", {"access_model": "whitelist"}))
    assert events(bruno) == []
    assert len(events(tablet)) == 1
    refused = await server.refused(bruno, "get", items("urn:x"), to=ANA)
    assert refused.app is not None
    assert refused.app.tag.endswith("closed-node")


async def test_who_is_blocked_finds_nobody_and_hears_nothing(server: FakeServer):
    ana, bruno = await come(server, "ana"), await come(server, "bruno")
    await befriend(server, ana, bruno)
    await server.ask(ana, "set", publish(LIST, "<list xmlns='eu.siacs.conversations.axolotl'/>", "current"))
    bruno.take()
    await server.ask(ana, "set", f"<block xmlns='urn:xmpp:blocking'><item jid='{BRUNO}'/></block>")
    await server.ask(ana, "set", publish(LIST, "<list xmlns='eu.siacs.conversations.axolotl'/>", "current"))
    assert events(bruno) == []
    for to in (ANA, "nobody@example.org"):
        assert (await server.refused(bruno, "get", items(LIST), to=to)).condition == "service-unavailable"
        assert (await server.refused(bruno, "get", items("urn:none"), to=to)).condition == "service-unavailable"


async def test_the_last_item_comes_with_presence(server: FakeServer):
    ana = await come(server, "ana")
    bruno = await come(server, "bruno")
    await befriend(server, ana, bruno)
    await server.ask(ana, "set", publish(MOOD, "<mood xmlns='http://jabber.org/protocol/mood'/>"))
    await server.ask(ana, "set", publish("urn:x", "<x xmlns='urn:x'/>", "1", {"send_last_published_item": "never"}))
    await server.logout(bruno)
    bruno = await come(server, "bruno")
    (event,) = events(bruno)
    assert event.attrs["from"] == ANA
    assert event.payloads[0][0].get("node") == MOOD
    assert event.find("{urn:xmpp:delay}delay").get("stamp") == "2026-11-22T12:00:00Z"
    tablet = await come(server, "ana/tablet")
    assert [e.payloads[0][0].get("node") for e in events(tablet)] == [MOOD]


async def test_a_new_contact_gets_the_last_items(server: FakeServer):
    ana, bruno = await come(server, "ana"), await come(server, "bruno")
    await server.ask(ana, "set", publish(MOOD, HAPPY))
    await server.say(bruno, f"<presence type='subscribe' to='{ANA}'/>")
    await server.say(ana, f"<presence type='subscribed' to='{BRUNO}'/>")
    assert [e.payloads[0][0].get("node") for e in events(bruno)] == [MOOD]


async def test_retracting_purging_and_deleting(server: FakeServer):
    ana, tablet = await come(server, "ana"), await come(server, "ana/tablet")
    options = {"max_items": "max", "notify_delete": "1"}
    for id_ in "abc":
        await server.ask(ana, "set", publish("urn:x", "<x xmlns='urn:x'/>", id_, options))
    tablet.take()
    retract = f"<pubsub xmlns='{PUBSUB}'><retract node='urn:x' notify='1'><item id='b'/></retract></pubsub>"
    await server.ask(ana, "set", retract)
    assert events(tablet)[0].payloads[0].find(f".//{{{EVENT}}}retract").get("id") == "b"
    assert (await server.refused(ana, "set", retract)).condition == "item-not-found"
    assert ids_of(await server.ask(ana, "get", items("urn:x"))) == ["a", "c"]
    await server.ask(ana, "set", owner("<purge node='urn:x'/>"))
    assert events(tablet)[0].payloads[0][0].tag == f"{{{EVENT}}}purge"
    assert ids_of(await server.ask(ana, "get", items("urn:x"))) == []
    await server.ask(ana, "set", owner("<delete node='urn:x'/>"))
    assert events(tablet)[0].payloads[0][0].tag == f"{{{EVENT}}}delete"
    assert (await server.refused(ana, "get", items("urn:x"))).condition == "item-not-found"


async def test_pages(server: FakeServer):
    ana = await come(server, "ana")
    for id_ in "abcde":
        await server.ask(ana, "set", publish("urn:x", "<x xmlns='urn:x'/>", id_, {"max_items": "max"}))
    rsm = "<set xmlns='http://jabber.org/protocol/rsm'>{}</set>"
    answer = await server.ask(ana, "get", items("urn:x", more=rsm.format("<max>2</max><after>b</after>")))
    assert ids_of(answer) == ["c", "d"]
    assert answer.findtext(".//{http://jabber.org/protocol/rsm}count") == "5"
    assert ids_of(await server.ask(ana, "get", items("urn:x", more=rsm.format("<max>2</max><before/>")))) == ["d", "e"]
    assert ids_of(await server.ask(ana, "get", items("urn:x", attrs=" max_items='2'"))) == ["d", "e"]
    for wrong in ("<after>x</after>", "<max>x</max>"):
        error = await server.refused(ana, "get", items("urn:x", more=rsm.format(wrong)))
        assert error.condition in ("item-not-found", "bad-request")


async def test_max_items_trims_the_oldest(server: FakeServer):
    ana = await come(server, "ana")
    for id_ in "abc":
        await server.ask(ana, "set", publish("urn:x", "<x xmlns='urn:x'/>", id_, {"max_items": "max"}))
    await server.ask(ana, "set", owner(f"<configure node='urn:x'>{config(max_items='2')}</configure>"))
    assert ids_of(await server.ask(ana, "get", items("urn:x"))) == ["b", "c"]


async def test_items_that_are_not_kept_are_told_only(server: FakeServer):
    ana, tablet = await come(server, "ana"), await come(server, "ana/tablet")
    await server.ask(ana, "set", publish("urn:x", "<x xmlns='urn:x'/>", "1", {"persist_items": "0"}))
    assert len(events(tablet)) == 1
    assert ids_of(await server.ask(ana, "get", items("urn:x"))) == []


async def test_items_expire(server: FakeServer):
    ana = await come(server, "ana")
    await server.ask(ana, "set", publish("urn:x", "<x xmlns='urn:x'/>", "1", {"item_expire": "60"}))
    server.clock.advance(61)  # type: ignore[attr-defined]
    assert ids_of(await server.ask(ana, "get", items("urn:x"))) == []


async def test_explicit_subscribers_hear_without_a_wish_in_their_capabilities(server: FakeServer):
    ana, eva = await come(server, "ana"), await server.login("eva")
    await server.ask(ana, "set", publish(LIST, "<list xmlns='eu.siacs.conversations.axolotl'/>", "current"))
    subscribe = f"<pubsub xmlns='{PUBSUB}'><subscribe node='{LIST}' jid='eva@example.org/phone'/></pubsub>"
    answer = await server.ask(eva, "set", subscribe, to=ANA)
    assert answer is not None
    assert answer[0].get("subscription") == "subscribed"
    assert len(events(eva)) == 1
    await server.ask(ana, "set", publish(LIST, "<list xmlns='eu.siacs.conversations.axolotl'/>", "current"))
    await server.settle()
    assert len(events(eva)) == 1
    listed = await server.ask(eva, "get", f"<pubsub xmlns='{PUBSUB}'><subscriptions/></pubsub>", to=ANA)
    assert [s.get("node") for s in listed[0]] == [LIST]
    wrong = f"<pubsub xmlns='{PUBSUB}'><unsubscribe node='{LIST}' jid='eva@example.org/phone' subid='x'/></pubsub>"
    assert (await server.refused(eva, "set", wrong, to=ANA)).app.tag.endswith("invalid-subid")
    await server.ask(eva, "set", wrong.replace(" subid='x'", ""), to=ANA)
    await server.ask(ana, "set", publish(LIST, "<list xmlns='eu.siacs.conversations.axolotl'/>", "current"))
    await server.settle()
    assert events(eva) == []


async def test_nobody_subscribes_for_another(server: FakeServer):
    ana, eva = await come(server, "ana"), await come(server, "eva")
    await server.ask(ana, "set", publish(LIST, "<list xmlns='eu.siacs.conversations.axolotl'/>", "current"))
    subscribe = f"<pubsub xmlns='{PUBSUB}'><subscribe node='{LIST}' jid='{BRUNO}'/></pubsub>"
    assert (await server.refused(eva, "set", subscribe, to=ANA)).app.tag.endswith("invalid-jid")


async def test_the_owner_approves_a_subscription(server: FakeServer):
    ana, eva = await come(server, "ana"), await come(server, "eva")
    await server.ask(ana, "set", publish("urn:y", "<x xmlns='urn:y'/>", "1", {"access_model": "authorize"}))
    subscribe = f"<pubsub xmlns='{PUBSUB}'><subscribe node='urn:y' jid='eva@example.org'/></pubsub>"
    answer = await server.ask(eva, "set", subscribe, to=ANA)
    assert answer[0].get("subscription") == "pending"
    (question,) = [e for e in events(ana) if e.find("{jabber:x:data}x") is not None]
    form = Form.parse(question.find("{jabber:x:data}x"))
    assert form.text("pubsub#subscriber_jid") == "eva@example.org"
    refused = await server.refused(eva, "get", items("urn:y"), to=ANA)
    assert refused.app.tag.endswith("not-subscribed")
    reply = Form("submit", [f if f.var != "pubsub#allow" else type(f)(f.var, ("true",)) for f in form.fields])
    xml = Stanza.build("message", {"to": ANA}, reply.element()).to_bytes().decode()
    await server.say(ana, xml)
    assert events(eva)[-1].payloads[0][0].get("subscription") == "subscribed"
    assert ids_of(await server.ask(eva, "get", items("urn:y"), to=ANA)) == ["1"]


async def test_affiliations_open_and_close_a_node(server: FakeServer):
    ana, eva = await come(server, "ana"), await come(server, "eva")
    await server.ask(ana, "set", publish("urn:y", "<x xmlns='urn:y'/>", "1", {"access_model": "whitelist"}))

    async def affiliate(what: str) -> None:
        each = f"<affiliation jid='eva@example.org' affiliation='{what}'/>"
        await server.ask(ana, "set", owner(f"<affiliations node='urn:y'>{each}</affiliations>"))

    await affiliate("publisher")
    assert ids_of(await server.ask(eva, "get", items("urn:y"), to=ANA)) == ["1"]
    assert (
        await server.refused(eva, "set", publish("urn:y", "<x xmlns='urn:y'/>", "1"), to=ANA)
    ).condition == "forbidden"
    await server.ask(eva, "set", publish("urn:y", "<x xmlns='urn:y'/>", "2"), to=ANA)
    listed = await server.ask(ana, "get", owner("<affiliations node='urn:y'/>"))
    assert {a.get("jid"): a.get("affiliation") for a in listed[0]} == {ANA: "owner", "eva@example.org": "publisher"}
    mine = await server.ask(eva, "get", f"<pubsub xmlns='{PUBSUB}'><affiliations/></pubsub>", to=ANA)
    assert [a.get("affiliation") for a in mine[0]] == ["publisher"]
    await affiliate("outcast")
    assert (await server.refused(eva, "get", items("urn:y"), to=ANA)).condition == "forbidden"
    await affiliate("none")
    assert (await server.refused(eva, "get", items("urn:y"), to=ANA)).app.tag.endswith("closed-node")


async def test_only_the_owner_owns(server: FakeServer):
    ana, eva = await come(server, "ana"), await come(server, "eva")
    await server.ask(ana, "set", publish("urn:y", "<x xmlns='urn:y'/>", "1", {"access_model": "open"}))
    for inner in ("<delete node='urn:y'/>", "<purge node='urn:y'/>", f"<configure node='urn:y'>{config()}</configure>"):
        assert (await server.refused(eva, "set", owner(inner), to=ANA)).condition == "forbidden"
    for wish in (
        publish("urn:y", "<x xmlns='urn:y'/>", "1"),
        f"<pubsub xmlns='{PUBSUB}'><create node='urn:z'/></pubsub>",
    ):
        assert (await server.refused(eva, "set", wish, to=ANA)).condition == "forbidden"
    retract = f"<pubsub xmlns='{PUBSUB}'><retract node='urn:y'><item id='1'/></retract></pubsub>"
    assert (await server.refused(eva, "set", retract, to=ANA)).condition == "forbidden"


async def test_bundles_are_fetched_at_a_limited_rate(database: Database):
    server = build(database, per_pair=Rate(burst=2, seconds=60))
    ana, eva = await come(server, "ana"), await come(server, "eva")
    await server.ask(ana, "set", publish(BUNDLE, "<bundle xmlns='eu.siacs.conversations.axolotl'/>", "current"))
    for _ in range(2):
        await server.ask(eva, "get", items(BUNDLE), to=ANA)
    refused = await server.refused(eva, "get", items(BUNDLE), to=ANA)
    assert (refused.type, refused.condition) == ("wait", "policy-violation")
    assert "60 seconds" in (refused.text or "")
    for _ in range(9):
        await server.ask(ana, "get", items(BUNDLE))
    server.clock.advance(60)  # type: ignore[attr-defined]
    await server.ask(eva, "get", items(BUNDLE), to=ANA)


async def test_nodes_are_told_of_in_discovery(server: FakeServer):
    ana, eva = await come(server, "ana"), await come(server, "eva")
    await server.ask(ana, "set", publish(LIST, "<list xmlns='eu.siacs.conversations.axolotl'/>", "current"))
    await server.ask(ana, "set", publish("urn:y", "<x xmlns='urn:y'/>", "1", {"access_model": "whitelist"}))
    ns = "http://jabber.org/protocol/disco"
    info = Info.parse(await server.ask(eva, "get", f"<query xmlns='{ns}#info'/>", to=ANA))
    assert ("pubsub", "pep") in [(i.category, i.type) for i in info.identities]
    needed = "publish publish-options auto-create persistent-items multi-items config-node-max access-open item-ids"
    assert {f"{PUBSUB}#{name}" for name in needed.split()} <= set(info.features)
    nodes = await server.ask(eva, "get", f"<query xmlns='{ns}#items'/>", to=ANA)
    assert [item.get("node") for item in nodes] == [LIST]
    held = await server.ask(eva, "get", f"<query xmlns='{ns}#items' node='{LIST}'/>", to=ANA)
    assert [item.get("name") for item in held] == ["current"]
    node = Info.parse(await server.ask(eva, "get", f"<query xmlns='{ns}#info' node='{LIST}'/>", to=ANA))
    assert node.forms[0].text("pubsub#access_model") == "open"
    hidden = await server.refused(eva, "get", f"<query xmlns='{ns}#info' node='urn:y'/>", to=ANA)
    assert hidden.condition == "item-not-found"


async def test_bookmarks_and_read_positions_are_private_and_many(server: FakeServer):
    ana, tablet = await come(server, "ana"), await come(server, "ana/tablet")
    for node in ("urn:xmpp:bookmarks:1", "urn:xmpp:mds:displayed:0"):
        options = {
            "persist_items": "true",
            "max_items": "max",
            "send_last_published_item": "never",
            "access_model": "whitelist",
        }
        for chat in ("a@b", "c@d"):
            await server.ask(ana, "set", publish(node, f"<x xmlns='{node}'/>", chat, options))
        assert ids_of(await server.ask(tablet, "get", items(node))) == ["a@b", "c@d"]


async def test_features_publish_read_and_watch(server: FakeServer):
    heard: list[tuple[str, bool]] = []

    async def watch(what: object) -> None:
        heard.append((what.id, what.payload is not None))  # type: ignore[attr-defined]

    personal = server.people.personal
    personal.on_published("urn:x", watch)
    ana = await come(server, "ana")
    await personal.publish(ana.account, "urn:x", "1", E("{urn:x}x"), options={"pubsub#access_model": "open"})
    await personal.publish(ana.account, "urn:x", "1", E("{urn:x}y"), options={"pubsub#access_model": "whitelist"})
    (item,) = await personal.items(ana.account, "urn:x")
    assert item.payload is not None
    assert item.payload.tag == "{urn:x}y"
    await personal.retract(ana.account, "urn:x", "1")
    await personal.retract(ana.account, "urn:x", "1")
    assert await personal.items(ana.account, "urn:nothing") == []
    assert heard == [("1", True), ("1", True), ("1", False)]


@pytest.mark.parametrize(
    ("kind", "xml", "condition"),
    [
        ("set", f"<pubsub xmlns='{PUBSUB}'/>", "bad-request"),
        ("get", f"<pubsub xmlns='{PUBSUB}'><nonsense/></pubsub>", "bad-request"),
        ("set", f"<pubsub xmlns='{PUBSUB}'><publish><item/></publish></pubsub>", "bad-request"),
        ("set", f"<pubsub xmlns='{PUBSUB}'><publish node='x'/></pubsub>", "bad-request"),
        ("set", f"<pubsub xmlns='{PUBSUB}'><publish node='x'><item/><item/></publish></pubsub>", "bad-request"),
        ("set", publish("x", "<a xmlns='a'/><b xmlns='b'/>"), "bad-request"),
        ("set", publish("x", "<a xmlns='a'/>", "i" * 2_000), "bad-request"),
        ("set", publish("n" * 2_000, "<a xmlns='a'/>"), "not-acceptable"),
        ("set", publish("x", f"<a xmlns='a'>{'x' * 200_000}</a>"), "not-acceptable"),
        ("set", publish("x", "<a xmlns='a'/>", "1", {"access_model": "nonsense"}), "conflict"),
        ("set", f"<pubsub xmlns='{PUBSUB}'><retract node='x'/></pubsub>", "bad-request"),
        ("set", f"<pubsub xmlns='{PUBSUB}'><subscribe node='x' jid='@'/></pubsub>", "bad-request"),
        ("set", f"<pubsub xmlns='{PUBSUB}'><options node='x'/></pubsub>", "feature-not-implemented"),
        ("get", items("x", attrs=" max_items='0'"), "bad-request"),
        ("get", items("x", attrs=" max_items='many'"), "bad-request"),
        ("get", items("urn:none"), "item-not-found"),
        ("set", owner("<configure node='x'/>"), "bad-request"),
        ("set", owner(""), "bad-request"),
        ("set", owner("<nonsense node='x'/>"), "bad-request"),
        ("get", owner("<configure/>"), "bad-request"),
        ("set", owner("<delete node='urn:none'/>"), "item-not-found"),
        (
            "set",
            owner(f"<affiliations node='x'><affiliation jid='{ANA}' affiliation='none'/></affiliations>"),
            "not-acceptable",
        ),
        (
            "set",
            owner("<subscriptions node='x'><subscription jid='a@b' subscription='maybe'/></subscriptions>"),
            "not-acceptable",
        ),
    ],
)
async def test_improper_requests_are_refused(server: FakeServer, kind: str, xml: str, condition: str):
    assert (await server.refused(await come(server, "ana"), kind, xml)).condition == condition


async def test_creating_and_the_default(server: FakeServer):
    ana = await come(server, "ana")
    create = f"<pubsub xmlns='{PUBSUB}'><create node='urn:z'/><configure>{config(max_items='max')}</configure></pubsub>"
    await server.ask(ana, "set", create)
    assert (await server.refused(ana, "set", create)).condition == "conflict"
    answer = await server.ask(ana, "get", owner("<configure node='urn:z'/>"))
    assert Form.within(answer[0]).text("pubsub#max_items") == str(MAX_ITEMS)
    instant = await server.ask(ana, "set", f"<pubsub xmlns='{PUBSUB}'><create/></pubsub>")
    assert instant[0].get("node")
    default = await server.ask(ana, "get", owner("<default/>"))
    assert Form.within(default[0]).text("pubsub#access_model") == "presence"


async def test_accounts_and_what_is_theirs_go_together(server: FakeServer):
    ana, eva = await come(server, "ana"), await come(server, "eva")
    await server.ask(ana, "set", publish(LIST, "<list xmlns='eu.siacs.conversations.axolotl'/>", "current"))
    await server.ask(
        eva, "set", f"<pubsub xmlns='{PUBSUB}'><subscribe node='{LIST}' jid='{eva.jid}'/></pubsub>", to=ANA
    )
    for forget in server.forgotten_watchers:
        await forget(Jid.parse("eva@example.org"))
    assert len((await server.ask(ana, "get", owner(f"<subscriptions node='{LIST}'/>")))[0]) == 0
    for forget in server.forgotten_watchers:
        await forget(ana.account)
    assert (await server.refused(ana, "get", items(LIST))).condition == "item-not-found"


def test_the_helper_writes_what_clients_write():
    assert parse(publish("x", "<a xmlns='a'/>", "1", {"max_items": "max"}).encode()).tag == f"{{{PUBSUB}}}pubsub"
