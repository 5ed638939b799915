"""Operators look after accounts, sessions and reports from their client; everybody can invite."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.etree.ElementTree import Element

import pytest

from plauder.features.admin import feature
from plauder.features.blocking import feature as blocking
from plauder.features.commands import feature as commands
from plauder.kit.errors import Conflict, NotFound
from plauder.wire.forms import Form
from tests.features.fakes import DOMAIN, FakeServer, FakeSession

NS = "http://jabber.org/protocol/commands"
ADMIN = "http://jabber.org/protocol/admin"
ANA, BRUNO = "ana@example.org", "bruno@example.org"


class FakeAccounts:
    """Accounts in a dictionary: the password, None when shut."""

    def __init__(self) -> None:
        self.passwords: dict[str, str] = {"bruno": "x"}
        self.shut: set[str] = set()

    async def create_with_password(self, local: str, password: str) -> None:
        if local in self.passwords:
            raise Conflict(f"There is an account {local} already.")
        self.passwords[local] = password

    async def set_password(self, local: str, password: str) -> None:
        self._require(local)
        self.passwords[local] = password

    async def set_enabled(self, local: str, wanted: bool) -> None:
        self._require(local)
        (self.shut.discard if wanted else self.shut.add)(local)

    async def delete(self, local: str) -> None:
        self._require(local)
        del self.passwords[local]

    async def count(self) -> int:
        return len(self.passwords)

    def _require(self, local: str) -> None:
        if local not in self.passwords:
            raise NotFound(f"There is no account {local}.")


class FakeInvitations:
    async def invite(self, by: str | None, name: str = "") -> tuple[str, str, datetime]:
        return "token", f"https://example.org/invite#{by}", datetime(2026, 11, 29, tzinfo=UTC)


@pytest.fixture
def accounts(server: FakeServer) -> FakeAccounts:
    accounts = FakeAccounts()
    commands.register(server, operators=[ANA])
    reports = blocking.register(server)
    feature.register(server, accounts, FakeInvitations(), reports=reports)
    return accounts


async def run(server: FakeServer, session: FakeSession, node: str, **fields: str | list[str]) -> Element:
    form = ""
    for var, value in fields.items():
        values = "".join(f"<value>{v}</value>" for v in ([value] if isinstance(value, str) else value))
        form += f"<field var='{var.replace('_', '-')}'>{values}</field>"
    inner = f"<x xmlns='jabber:x:data' type='submit'>{form}</x>" if fields else ""
    answer = await server.ask(session, "set", f"<command xmlns='{NS}' node='{node}'>{inner}</command>", to=DOMAIN)
    assert answer is not None
    return answer


async def test_accounts_are_opened_shut_and_deleted(server: FakeServer, accounts: FakeAccounts):
    ana = await server.login("ana")
    asked = await run(server, ana, f"{ADMIN}#add-user")
    assert asked.get("status") == "executing"
    await run(server, ana, f"{ADMIN}#add-user", accountjid="carla@example.org", password="p", password_verify="p")
    assert accounts.passwords["carla"] == "p"
    await run(server, ana, f"{ADMIN}#change-user-password", accountjid="carla@example.org", password="q")
    assert accounts.passwords["carla"] == "q"
    await run(server, ana, f"{ADMIN}#disable-user", accountjids=["carla@example.org", BRUNO])
    assert accounts.shut == {"carla", "bruno"}
    await run(server, ana, f"{ADMIN}#reenable-user", accountjids=BRUNO)
    assert accounts.shut == {"carla"}
    await run(server, ana, f"{ADMIN}#delete-user", accountjids="carla@example.org")
    done = await run(server, ana, f"{ADMIN}#get-registered-users-num")
    assert Form.within(done).text("registeredusersnum") == "1"


@pytest.mark.parametrize(
    ("node", "fields", "condition"),
    [
        ("add-user", {"accountjid": BRUNO, "password": "p"}, "conflict"),
        ("add-user", {"accountjid": "x@example.org", "password": "p", "password_verify": "q"}, "not-acceptable"),
        ("add-user", {"accountjid": "x@elsewhere.example", "password": "p"}, "not-acceptable"),
        ("add-user", {"accountjid": "@", "password": "p"}, "jid-malformed"),
        ("delete-user", {"accountjids": "nobody@example.org"}, "item-not-found"),
        ("delete-user", {"accountjids": ""}, "bad-request"),
        ("announce", {"announcement": " "}, "bad-request"),
    ],
)
async def test_mistakes_are_told(
    server: FakeServer, accounts: FakeAccounts, node: str, fields: dict[str, str], condition: str
):
    ana = await server.login("ana")
    values = "".join(f"<field var='{k.replace('_', '-')}'><value>{v}</value></field>" for k, v in fields.items())
    inner = f"<x xmlns='jabber:x:data' type='submit'>{values}</x>"
    error = await server.refused(
        ana, "set", f"<command xmlns='{NS}' node='{ADMIN}#{node}'>{inner}</command>", to=DOMAIN
    )
    assert error.condition == condition
    assert set(accounts.passwords) == {"bruno"}


async def test_sessions_are_counted_and_ended(server: FakeServer, accounts: FakeAccounts):
    ana = await server.login("ana")
    bruno = await server.login("bruno/phone")
    await server.login("bruno/tablet")
    bruno.set_active(False)
    for node, var, value in (
        ("get-online-users-num", "onlineusersnum", "2"),
        ("get-active-users-num", "activeusersnum", "2"),
        ("get-online-users-list", "onlineuserjids", ANA),
    ):
        assert Form.within(await run(server, ana, f"{ADMIN}#{node}")).text(var) == value
    await run(server, ana, f"{ADMIN}#end-user-session", accountjids=BRUNO)
    assert server.sessions_of(bruno.account) == []


async def test_everybody_online_is_told(server: FakeServer, accounts: FakeAccounts):
    ana, bruno = await server.login("ana"), await server.login("bruno")
    away = await server.login("carla", available=False)
    await run(server, ana, f"{ADMIN}#announce", announcement=["Down at noon.", "Back at one."])
    assert bruno.take_one().text("{jabber:client}body") == "Down at noon.\nBack at one."
    assert away.take() == []


async def test_reports_reach_the_operator(server: FakeServer, accounts: FakeAccounts):
    ana, bruno = await server.login("ana"), await server.login("bruno")
    evidence = f"<stanza-id xmlns='urn:xmpp:sid:0' by='{BRUNO}' id='28482-98726'/>"
    report = (
        f"<report xmlns='urn:xmpp:reporting:1' reason='urn:xmpp:reporting:spam'>{evidence}<text>Buy!</text></report>"
    )
    await server.ask(
        bruno, "set", f"<block xmlns='urn:xmpp:blocking'><item jid='eva@example.org'>{report}</item></block>"
    )
    done = await run(server, ana, "urn:xmpp:reporting:1#list")
    (line,) = Form.within(done)["reports"].values
    assert line == f"2026-11-22 12:00 eva@example.org: spam, by {BRUNO}: Buy! [{BRUNO} 28482-98726]"
    server.clock.advance(days=181)  # type: ignore[attr-defined]
    await server.repeated["abuse reports"]()
    assert Form.within(await run(server, ana, "urn:xmpp:reporting:1#list"))["reports"].values == ()


async def test_reports_are_bounded(server: FakeServer, accounts: FakeAccounts):
    ana, bruno = await server.login("ana"), await server.login("bruno")
    report = "<report xmlns='urn:xmpp:reporting:1' reason='urn:xmpp:reporting:abuse'/>"
    items = "".join(f"<item jid='spam{n}@example.org'>{report}</item>" for n in range(60))
    await server.ask(bruno, "set", f"<block xmlns='urn:xmpp:blocking'>{items}</block>")
    assert len(Form.within(await run(server, ana, "urn:xmpp:reporting:1#list"))["reports"].values) == 50
    assert len((await server.people.blocks.of(BRUNO)).jids) == 60


async def test_everybody_can_invite_a_friend(server: FakeServer, accounts: FakeAccounts):
    bruno = await server.login("bruno")
    form = Form.within(await run(server, bruno, "urn:xmpp:invite#invite"))
    assert form.text("uri") == f"xmpp:{BRUNO}?roster;preauth=token;ibr=y"
    assert form.text("landing-url") == "https://example.org/invite#bruno"
    error = await server.refused(
        bruno, "set", f"<command xmlns='{NS}' node='urn:xmpp:invite#create-account'/>", to=DOMAIN
    )
    assert error.condition == "item-not-found"
    ana = await server.login("ana")
    asked = Form.within(await run(server, ana, "urn:xmpp:invite#create-account"))
    assert {field.var for field in asked.fields} >= {"username", "roster-subscription"}
    done = Form.within(await run(server, ana, "urn:xmpp:invite#create-account", username=""))
    assert done.text("uri") == "xmpp:example.org?register;preauth=token"
    assert done.text("expire") == "2026-11-29T00:00:00Z"
    done = Form.within(
        await run(server, ana, "urn:xmpp:invite#create-account", **{"username": "Dirk", "roster-subscription": "1"})
    )
    assert done.text("uri") == "xmpp:dirk@example.org?register;preauth=token"
    assert done.text("landing-url") == "https://example.org/invite#ana"
