"""What commands work with while no server of this process runs: the same use cases on the same database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from plauder.edge.sms.console import Console
from plauder.features.accounts.devices import Devices
from plauder.features.accounts.invites import Invites
from plauder.features.accounts.parts import Parts
from plauder.kit.clock import SystemClock
from plauder.kit.config import Config
from plauder.kit.keyring import Keyring
from plauder.kit.metrics import Metrics
from plauder.ops import place
from plauder.store import migrations
from plauder.store.database import Database


@dataclass(frozen=True, slots=True)
class Desk:
    """Accounts and invites of one network. A server that runs hears of changes through the outbox."""

    config: Config
    database: Database
    devices: Devices
    invites: Invites


@asynccontextmanager
async def desk(config: Config) -> AsyncIterator[Desk]:
    """Open the database (it is made when it is not there), and close it at the end."""
    place.prepare(config.data_dir)
    clock = SystemClock()
    keyring = Keyring.open(config.data_dir / "secret.key")
    database = Database(config.database)
    try:
        await migrations.upgrade(database)
        parts = Parts(database, clock, config, keyring, Console(clock), Metrics())
        devices = Devices(parts)
        yield Desk(config, database, devices, Invites(parts, devices))
    finally:
        await database.close()
