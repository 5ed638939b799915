"""Registers the command that shows the log; writes for who runs the commands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from plauder.core.commands import Command, Done
from plauder.core.server import Server
from plauder.core.session import Session
from plauder.features.audit import store
from plauder.wire.forms import Field, Form

NODE: Final = "urn:plauder:audit:0#list"
MAX_LISTED: Final = 100


class Audit:
    """The log of one server."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def record(self, operator: str, command: str, values: Iterable[tuple[str, object]]) -> None:
        """An operator's command was carried out."""
        entry = store.Entry(self._server.clock.now(), operator, command, store.described(values))
        async with self._server.database.begin() as uow:
            await store.write(uow, entry)

    async def show(self, _session: Session, _form: Form | None) -> Done:
        async with self._server.database.read() as uow:
            found = await store.latest(uow, MAX_LISTED)
        return Done(form=Form("result", [Field("entries", tuple(map(str, found)), "text-multi", "Entries")]))


def register(server: Server) -> Audit:
    audit = Audit(server)
    server.command(Command(NODE, "What operators did", audit.show))
    return audit
