"""What operators do from their client is written down, and they can read it."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest

from plauder.core.commands import Ask, Command, Done
from plauder.core.session import Session
from plauder.features.audit import feature as audit
from plauder.features.audit.store import LONGEST, described
from plauder.features.commands import feature as commands
from plauder.wire.forms import Form
from plauder.wire.stanza_error import StanzaError
from tests.features.fakes import DOMAIN, FakeServer, FakeSession

NS = "http://jabber.org/protocol/commands"


async def shut(_session: Session, form: Form | None) -> Ask | Done:
    if form is None:
        return Ask(Form("form", ()))
    if form.text("accountjid") == "nobody":
        raise StanzaError("cancel", "item-not-found")
    return Done("Shut.")


@pytest.fixture
def log(server: FakeServer) -> audit.Audit:
    found = audit.register(server)
    commands.register(server, operators=["olga@example.org"], record=found.record)
    server.command(Command("shut", "Shut accounts", shut))
    server.command(Command("free", "Say hello", shut, for_operators=False))
    return found


async def run(server: FakeServer, session: FakeSession, node: str, form: str = "") -> Element:
    filled = f"<x xmlns='jabber:x:data' type='submit'>{form}</x>" if form else ""
    answer = await server.ask(session, "set", f"<command xmlns='{NS}' node='{node}'>{filled}</command>", to=DOMAIN)
    assert answer is not None
    return answer


async def entries(server: FakeServer, session: FakeSession) -> list[str]:
    answer = await run(server, session, audit.NODE)
    return [value.text or "" for value in answer.iter("{jabber:x:data}value")]


def field(var: str, value: str) -> str:
    return f"<field var='{var}'><value>{value}</value></field>"


async def test_what_was_done_is_listed_with_who_and_to_whom(server: FakeServer, log: audit.Audit) -> None:
    olga, ana = await server.login("olga"), await server.login("ana")
    await run(server, olga, "shut")
    await run(server, olga, "shut", field("accountjid", "ana@example.org") + field("password", "hidden"))
    with pytest.raises(StanzaError):
        await run(server, olga, "shut", field("accountjid", "nobody"))
    await run(server, ana, "free", field("accountjid", "x"))
    [entry] = await entries(server, olga)
    assert entry.endswith(" olga@example.org: Shut accounts accountjid=ana@example.org")
    # To have read what was done is one of the things that were done.
    assert "What operators did" in (await entries(server, olga))[0]


async def test_nobody_else_reads_it(server: FakeServer, log: audit.Audit) -> None:
    ana = await server.login("ana")
    with pytest.raises(StanzaError):
        await entries(server, ana)


def test_entries_stay_on_one_short_line() -> None:
    assert described([("text", "a\nb\x1b"), ("none", None), ("pin_code", "1234")]) == "text=a b?"
    assert len(described([("text", "x" * 10_000)])) == LONGEST
