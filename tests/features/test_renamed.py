"""A new phone number: everything goes on under the new address, for the account and for those who know it."""

from __future__ import annotations

from plauder.features.blocking import feature as blocking
from plauder.features.last import feature as last
from plauder.features.private import feature as private
from plauder.features.pubsub import feature as pubsub
from plauder.features.roster import feature as roster
from plauder.features.vcard import feature as vcard
from plauder.wire.jid import Jid
from tests.features.fakes import FakeServer

OLD, NEW, BRUNO, EVA = (Jid.parse(f"{name}@example.org") for name in ("491", "492", "bruno", "eva"))
ROSTER = "<query xmlns='jabber:iq:roster'/>"
PUBSUB = "http://jabber.org/protocol/pubsub"


async def test_everything_moves(server: FakeServer):
    for feature in (blocking, roster, pubsub, vcard, private, last):
        feature.register(server)
    ana, bruno, eva = await server.login("491"), await server.login("bruno"), await server.login("eva")
    for one, other in ((ana, bruno), (bruno, ana)):
        await server.say(one, f"<presence type='subscribe' to='{other.account}'/>")
        await server.say(other, f"<presence type='subscribed' to='{one.account}'/>")
    await server.ask(bruno, "get", ROSTER)
    await server.ask(bruno, "set", f"<query xmlns='jabber:iq:roster'><item jid='{OLD}' name='Ana'/></query>")
    item = "<publish node='urn:x'><item id='1'><x xmlns='urn:x'/></item></publish>"
    await server.ask(ana, "set", f"<pubsub xmlns='{PUBSUB}'>{item}</pubsub>")
    await server.ask(ana, "set", "<vCard xmlns='vcard-temp'><FN>Ana</FN></vCard>")
    await server.ask(ana, "set", "<query xmlns='jabber:iq:private'><a xmlns='urn:a'>1</a></query>")
    await server.ask(ana, "set", "<block xmlns='urn:xmpp:blocking'><item jid='spam@example.org'/></block>")
    await server.ask(eva, "set", f"<block xmlns='urn:xmpp:blocking'><item jid='{OLD}'/></block>")
    await server.logout(ana)
    bruno.take()

    for move in server.renamed_watchers:
        await move(OLD, NEW)
    for forget in server.forgotten_watchers:
        await forget(OLD)

    gone, come = (stanza.payloads[0][0] for stanza in bruno.take())
    assert (gone.get("jid"), gone.get("subscription")) == (OLD.text, "remove")
    assert (come.get("jid"), come.get("subscription"), come.get("name")) == (NEW.text, "both", "Ana")
    ana = await server.login("492")
    assert [i.get("jid") for i in await server.ask(ana, "get", ROSTER)] == [BRUNO.text]
    assert (await server.people.contacts.of(NEW.text)).subscribers == {BRUNO.text}
    assert (await server.people.contacts.of(BRUNO.text)).subscribers == {NEW.text}
    items = f"<pubsub xmlns='{PUBSUB}'><items node='urn:x'/></pubsub>"
    assert len((await server.ask(bruno, "get", items, to=NEW.text))[0]) == 1
    assert (await server.ask(bruno, "get", "<vCard xmlns='vcard-temp'/>", to=NEW.text))[0].text == "Ana"
    kept = await server.ask(ana, "get", "<query xmlns='jabber:iq:private'><a xmlns='urn:a'/></query>")
    assert kept[0].text == "1"
    assert (await server.people.blocks.of(NEW.text)).jids == {"spam@example.org"}
    assert NEW in await server.people.blocks.of(EVA.text)
    assert (await server.people.contacts.of(OLD.text)).known == frozenset()
