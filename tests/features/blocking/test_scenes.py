"""Who is blocked finds nobody there."""

from __future__ import annotations

import pytest

from plauder.features.blocking import feature
from plauder.store.database import Database
from plauder.wire.jid import Jid
from tests.features.fakes import FakeServer

NS = "urn:xmpp:blocking"
ANA, BRUNO = "ana@example.org", "bruno@example.org"


@pytest.fixture(autouse=True)
def _registered(server: FakeServer) -> None:
    feature.register(server)


def block(*jids: str, tag: str = "block") -> str:
    return f"<{tag} xmlns='{NS}'>{''.join(f'<item jid={jid!r}/>' for jid in jids)}</{tag}>"


async def test_the_list_is_kept_and_pushed(server: FakeServer):
    phone, tablet = await server.login("ana/phone"), await server.login("ana/tablet")
    await server.ask(phone, "get", f"<blocklist xmlns='{NS}'/>")
    await server.ask(tablet, "set", block(BRUNO, "spam.example"))
    push = phone.take_one()
    assert push.attrs["from"] == ANA
    assert [item.get("jid") for item in push.payloads[0]] == [BRUNO, "spam.example"]
    assert tablet.take() == []
    answer = await server.ask(tablet, "get", f"<blocklist xmlns='{NS}'/>")
    assert [item.get("jid") for item in answer] == [BRUNO, "spam.example"]


async def test_messages_from_a_blocked_one_are_refused(server: FakeServer):
    ana, bruno = await server.login("ana"), await server.login("bruno")
    await server.ask(ana, "set", block(BRUNO))
    refused = await server.say(bruno, f"<message to='{ANA}' type='chat'><body>Hi</body></message>")
    assert refused is not None
    assert refused.error.condition == "service-unavailable"
    assert await server.say(bruno, f"<message to='{ANA}' type='headline'><body>Hi</body></message>") is None
    assert await server.say(bruno, f"<presence to='{ANA}'/>") is None
    assert ana.take() == []


async def test_nothing_leaves_to_a_blocked_one(server: FakeServer):
    ana, bruno = await server.login("ana"), await server.login("bruno")
    await server.ask(ana, "set", block(BRUNO))
    refused = await server.say(ana, f"<message to='{BRUNO}/phone'><body>Hi</body></message>")
    assert refused is not None
    assert refused.error.condition == "not-acceptable"
    assert refused.error.app.tag == "{urn:xmpp:blocking:errors}blocked"
    await server.say(ana, f"<presence to='{BRUNO}' type='unavailable'/>")
    assert [stanza.type for stanza in bruno.take()] == ["unavailable"]


@pytest.mark.parametrize("pattern", [BRUNO, f"{BRUNO}/phone", "example.org/phone"])
async def test_all_forms_of_address_match(server: FakeServer, pattern: str):
    ana, bruno = await server.login("ana"), await server.login("bruno/phone")
    await server.ask(ana, "set", block(pattern))
    assert await server.say(bruno, f"<message to='{ANA}'><body>Hi</body></message>") is not None


async def test_a_blocked_device_leaves_the_others_free(server: FakeServer):
    ana, bruno = await server.login("ana"), await server.login("bruno/tablet")
    await server.ask(ana, "set", block(f"{BRUNO}/phone"))
    assert await server.say(bruno, f"<message to='{ANA}'><body>Hi</body></message>") is None
    assert len(ana.take()) == 1


async def test_unblocking_one_and_all(server: FakeServer):
    heard: list[tuple[Jid, list[Jid], bool]] = []
    server.people.blocks.on_block(lambda account, jids, on: heard.append((account, list(jids), on)))
    ana = await server.login("ana")
    await server.ask(ana, "set", block(BRUNO, "a@b.example"))
    await server.ask(ana, "set", block(BRUNO, tag="unblock"))
    assert (await server.people.blocks.of(ANA)).jids == {"a@b.example"}
    await server.ask(ana, "set", block(tag="unblock"))
    assert not await server.people.blocks.of(ANA)
    assert [(on, [jid.text for jid in jids]) for _, jids, on in heard] == [
        (True, [BRUNO, "a@b.example"]),
        (False, [BRUNO]),
        (False, ["a@b.example"]),
    ]


async def test_improper_requests_are_refused(database: Database):
    server = FakeServer(database)
    feature.register(server, max_blocked=1)
    ana = await server.login("ana")
    assert (await server.refused(ana, "set", block())).condition == "bad-request"
    assert (await server.refused(ana, "set", block("@"))).condition == "jid-malformed"
    assert (await server.refused(ana, "set", block("a@b", "c@d"))).condition == "resource-constraint"


async def test_a_removed_account_leaves_no_list(server: FakeServer):
    ana = await server.login("ana")
    await server.ask(ana, "set", block(BRUNO))
    for forget in server.forgotten_watchers:
        await forget(ana.account)
    assert not await server.people.blocks.of(ANA)
