"""Commands are listed and run for those who may."""

from __future__ import annotations

import pytest

from plauder.core.commands import Ask, Command, Done
from plauder.core.hooks import Hooks
from plauder.core.session import Session
from plauder.features.commands import feature
from plauder.features.disco import feature as disco
from plauder.wire.forms import Field, Form
from tests.features.fakes import DOMAIN, FakeServer

NS = "http://jabber.org/protocol/commands"
ANA = "ana@example.org"


async def greet(_session: Session, form: Form | None) -> Ask | Done:
    if form is None:
        return Ask(Form("form", [Field("name", (), "text-single")]))
    return Done(f"Hello {form.text('name')}", Form("result", [Field("length", ("3",))]))


@pytest.fixture(autouse=True)
def _registered(server: FakeServer) -> None:
    disco.register(server)
    feature.register(server, operators=[ANA])
    hooks: Hooks = server
    hooks.command(Command("urn:greet", "Greet", greet))
    hooks.command(Command("urn:open", "Open to all", greet, for_operators=False))


def command(node: str = "urn:greet", attrs: str = "", inner: str = "") -> str:
    return f"<command xmlns='{NS}' node='{node}' {attrs}>{inner}</command>"


FORM = "<x xmlns='jabber:x:data' type='submit'><field var='name'><value>Bia</value></field></x>"


async def test_a_command_asks_and_then_does(server: FakeServer):
    ana = await server.login("ana")
    asked = await server.ask(ana, "set", command(attrs="action='execute'"), to=DOMAIN)
    assert asked.get("status") == "executing"
    assert asked.find(f"{{{NS}}}actions/{{{NS}}}complete") is not None
    key = asked.get("sessionid")
    done = await server.ask(ana, "set", command(attrs=f"sessionid='{key}' action='complete'", inner=FORM), to=DOMAIN)
    assert (done.get("status"), done.get("sessionid")) == ("completed", key)
    assert done.findtext(f"{{{NS}}}note") == "Hello Bia"
    assert Form.within(done).text("length") == "3"


async def test_a_command_can_be_left(server: FakeServer):
    ana = await server.login("ana")
    left = await server.ask(ana, "set", command(attrs="action='cancel' sessionid='1'"), to=DOMAIN)
    assert left.get("status") == "canceled"


@pytest.mark.parametrize("attrs", ["action='prev'", "action='nonsense'"])
async def test_what_is_no_action_is_refused(server: FakeServer, attrs: str):
    error = await server.refused(await server.login("ana"), "set", command(attrs=attrs), to=DOMAIN)
    assert error.app.tag == f"{{{NS}}}bad-action"


async def test_a_broken_form_is_refused(server: FakeServer):
    broken = "<x xmlns='jabber:x:data' type='nonsense'/>"
    error = await server.refused(await server.login("ana"), "set", command(inner=broken), to=DOMAIN)
    assert error.app.tag == f"{{{NS}}}bad-payload"


async def test_who_may_not_finds_nothing(server: FakeServer):
    ana, bruno = await server.login("ana"), await server.login("bruno")
    for node in ("urn:greet", "urn:nothing"):
        error = await server.refused(bruno, "set", command(node), to=DOMAIN)
        assert error.condition == "item-not-found"
    assert (await server.ask(bruno, "set", command("urn:open"), to=DOMAIN)).get("status") == "executing"
    items = f"<query xmlns='http://jabber.org/protocol/disco#items' node='{NS}'/>"
    for who, nodes in ((ana, ["urn:greet", "urn:open"]), (bruno, ["urn:open"])):
        listed = await server.ask(who, "get", items, to=DOMAIN)
        assert [item.get("node") for item in listed] == nodes
    info = "<query xmlns='http://jabber.org/protocol/disco#info' node='urn:greet'/>"
    assert (await server.ask(ana, "get", info, to=DOMAIN))[0].get("type") == "command-node"
    assert (await server.refused(bruno, "get", info, to=DOMAIN)).condition == "item-not-found"
