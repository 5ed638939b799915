"""Registers ad-hoc commands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import Final
from xml.etree.ElementTree import Element

from plauder.core.commands import Ask, Command, Done
from plauder.core.server import Server
from plauder.core.session import Session
from plauder.kit.ids import new_id
from plauder.wire.disco import Entry, Identity, Info
from plauder.wire.forms import FORM_TYPE, Form, MalformedForm
from plauder.wire.jid import Jid
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError
from plauder.wire.xml import E

NS: Final = "http://jabber.org/protocol/commands"
COMMAND: Final = f"{{{NS}}}command"
Record = Callable[[str, str, Iterable[tuple[str, object]]], Awaitable[None]]
"""Writes down what an operator did: who, the command's name, what was filled in."""
_RUNS: Final = frozenset({"", "execute", "next", "complete"})


class Commands:
    """What the server does when it is told to."""

    def __init__(self, server: Server, operators: Collection[str], record: Record | None = None) -> None:
        self._server = server
        self._record = record
        self._operators = frozenset(operators)

    def _may(self, session: Session, command: Command) -> bool:
        return not command.for_operators or session.account.text in self._operators

    async def execute(self, session: Session, _iq: Stanza, payload: Element) -> Element:
        """XEP-0050 §3.3."""
        node, action = payload.get("node", ""), payload.get("action", "")
        command = self._server.commands.get(node)
        # Who may not give a command does not learn that there is one.
        if command is None or not self._may(session, command):
            raise StanzaError("cancel", "item-not-found", "There is no such command.")
        key = payload.get("sessionid") or new_id()
        if action == "cancel":
            return E(COMMAND, {"node": node, "sessionid": key, "status": "canceled"})
        if action not in _RUNS:
            raise StanzaError("modify", "bad-request", None, E(f"{{{NS}}}bad-action"))
        form = _form(payload)
        step = await command.run(session, form)
        if command.for_operators and isinstance(step, Done):
            self._server.metrics.count("operator_commands", 1, node=node)
            if self._record is not None:
                given = [(field.var, field.values) for field in (form.fields if form else ()) if field.var != FORM_TYPE]
                await self._record(session.account.text, command.name, given)
        return _answer(node, key, step)

    async def info(self, session: Session, jid: Jid, node: str) -> Info | None:
        """XEP-0050 §2.2: what a command is."""
        command = self._server.commands.get(node)
        if jid.local:
            return None
        if node == NS:
            return Info([Identity("automation", "command-list", name="Commands")], [NS])
        if command is None or not self._may(session, command):
            return None
        return Info([Identity("automation", "command-node", name=command.name)], [NS, "jabber:x:data"])

    async def entries(self, session: Session, jid: Jid, node: str) -> list[Entry] | None:
        """XEP-0050 §2.1: what there is for this client."""
        if jid.local or node != NS:
            return None
        mine = [command for command in self._server.commands.values() if self._may(session, command)]
        return [Entry(jid.text, command.node, command.name) for command in mine]


def _form(payload: Element) -> Form | None:
    try:
        form = Form.within(payload)
    except MalformedForm as error:
        raise StanzaError("modify", "bad-request", str(error), E(f"{{{NS}}}bad-payload")) from error
    return form if form is not None and form.kind == "submit" else None


def _answer(node: str, key: str, step: Ask | Done) -> Element:
    if isinstance(step, Ask):
        actions = E("actions", {"execute": "complete"}, E("complete"))
        attrs = {"node": node, "sessionid": key, "status": "executing"}
        return E(COMMAND, attrs, actions, step.form.element())
    note = E("note", {"type": "info"}, step.note) if step.note else None
    form = step.form.element() if step.form is not None else None
    return E(COMMAND, {"node": node, "sessionid": key, "status": "completed"}, note, form)


def register(server: Server, *, operators: Collection[str] = (), record: Record | None = None) -> None:
    """`operators`: the bare JIDs of accounts that may give the commands that are for operators; `record` is told of
    each that was carried out."""
    commands = Commands(server, operators, record)
    server.advertise(NS)
    server.on_iq("set", NS, "command", to="server", do=commands.execute)
    server.on_disco_info(commands.info)
    server.on_disco_items(commands.entries)
