"""Where each device can be woken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Column, Integer, Table, bindparam, delete, select, update

from plauder.store.database import Database, UnitOfWork
from plauder.store.schema import Bytes, Instant, Text, metadata

table = Table(
    "push_targets",
    metadata,
    Column("account", Text, primary_key=True),
    # The device, and for app servers their address and node: one client may enable several (XEP-0357 §5).
    Column("device", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("address", Text, primary_key=True),
    Column("options", Bytes, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
)

APP, WEB, FCM = "app", "web", "fcm"


@dataclass(frozen=True, slots=True)
class Target:
    """One way to wake one device. `address`: `jid node` of an app server, the endpoint URL of a browser, a token."""

    account: str
    device: str
    kind: str
    address: str
    options: dict[str, str]
    failures: int = 0


_OF = select(table).where(table.c.account == bindparam("account"))


def look(database: Database, account: str) -> list[Target] | None:
    """The targets of an account; None where that has to be waited for (`Targets.of`)."""
    rows = database.peek(_OF, account=account)
    return None if rows is None else [_target(row) for row in rows]


def _target(row: Any) -> Target:
    return Target(row.account, row.device, row.kind, row.address, orjson.loads(row.options), row.failures)


class Targets:
    """The targets, inside one unit of work."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def set(self, target: Target, at: datetime) -> None:
        values = {"options": orjson.dumps(target.options), "failures": 0}
        key = {"account": target.account, "device": target.device, "kind": target.kind, "address": target.address}
        statement = self._uow.insert(table).values(**key, **values, created_at=at)
        await self._uow.execute(statement.on_conflict_do_update(index_elements=list(key), set_=values))

    async def of(self, account: str) -> list[Target]:
        return [_target(row) for row in await self._uow.execute(_OF, {"account": account})]

    async def remove(self, account: str, **which: str) -> None:
        """Forget targets by device, kind or address; all of the account without any."""
        statement = delete(table).where(table.c.account == account)
        for name, value in which.items():
            statement = statement.where(table.c[name] == value)
        await self._uow.execute(statement)

    async def failed(self, target: Target) -> None:
        """Count one more failure."""
        mine: Any = (table.c.account == target.account) & (table.c.address == target.address)
        await self._uow.execute(update(table).where(mine).values(failures=table.c.failures + 1))
