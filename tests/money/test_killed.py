"""The books reconcile after `kill -9`: whatever moment it strikes, every message is charged once or not at all."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
from bench.campaign import TEMPLATE, Api, Business, CampaignServer, Crowd, running, template_to
from sqlalchemy import func, select

from plauder.business.messages import store as message_store
from plauder.money.billing.accounts import table as accounts
from plauder.money.billing.charges import counters
from plauder.money.billing.charges import table as charges
from plauder.money.ledger.store import Ledger
from plauder.store.database import Database
from tests.business.cloud import Receiver

pytestmark = pytest.mark.server

PEOPLE = [f"49151{at:08}" for at in range(12)]
DEATHS = 3


async def send_until_it_dies(server: CampaignServer, business: Business, accepted: list[str], most: int) -> None:
    """Keep sending on a few connections; whatever was answered with 200 is remembered."""
    enough = asyncio.Event()

    async def work(lane: int) -> None:
        api = Api(server.ports.http, business)
        await api.open()
        try:
            for turn in range(10_000):
                answer = await api.post(f"/v23.0/{business.phone}/messages", template_to(PEOPLE[(lane + turn) % 12]))
                accepted.append(orjson.loads(answer)["messages"][0]["id"])
                if len(accepted) >= most:
                    enough.set()
        finally:
            await api.close()

    workers = [asyncio.ensure_future(work(lane)) for lane in range(6)]
    await enough.wait()
    await asyncio.to_thread(server.stop, signal.SIGKILL)
    results = await asyncio.gather(*workers, return_exceptions=True)
    assert all(isinstance(result, OSError | EOFError) for result in results), results


async def books(path: Path) -> Mapping[str, Any]:
    """What the database says of money, from every side."""
    database = Database(f"sqlite:///{path}")
    async with database.read() as uow:
        sums = select(charges.c.state, func.count(), func.sum(charges.c.micros)).group_by(charges.c.state)
        by_state = {row[0]: (row[1], int(row[2])) for row in await uow.execute(sums)}
        row = (await uow.execute(select(accounts.c.id, accounts.c.currency, accounts.c.reserved))).one()
        spent = select(func.sum(counters.c.micros)).where(counters.c.counter == "spent")
        m = message_store.messages.c
        statuses = select(m.id, m.status).where(m.direction == "out")
        found = {
            "findings": await Ledger(uow).audit(),
            "by_state": by_state,
            "reserved": row.reserved,
            "owed": (await Ledger(uow).balance(f"customer:{row.id}", row.currency)).micros,
            "spent": int((await uow.execute(spent)).scalar() or 0),
            "statuses": {row.id: row.status for row in await uow.execute(statuses)},
        }
    await database.close()
    return found


async def test_every_message_is_charged_once_whenever_the_server_dies() -> None:
    receiver = Receiver()
    await receiver.start()
    server = CampaignServer(hook=receiver.url, people=PEOPLE)
    async with running(server) as business:
        api = Api(server.ports.http, business)
        await api.open()
        await api.post(f"/v23.0/{business.waba}/message_templates", TEMPLATE)
        await api.close()
        accepted: list[str] = []
        crowd = Crowd(server)
        await crowd.come(encrypted=True)
        for death in range(DEATHS):
            await send_until_it_dies(server, business, accepted, 40 * (death + 1))
            killed = await books(server.home / "data" / "plauder.db")
            charged = killed["by_state"].get("charged", (0, 0))
            assert killed["findings"] == []
            assert killed["owed"] == killed["spent"] == charged[1]
            assert killed["reserved"] == killed["by_state"].get("reserved", (0, 0))[1]
            await asyncio.to_thread(server.start)
            crowd = Crowd(server)
            await crowd.come(encrypted=False)

        def delivered() -> set[str]:
            return {item["id"] for item in receiver.statuses() if item["status"] == "delivered"}

        async with asyncio.timeout(60):
            while not delivered() >= set(accepted):
                await asyncio.sleep(0.1)
        await asyncio.to_thread(server.stop, signal.SIGTERM)
        end = await books(server.home / "data" / "plauder.db")
    await receiver.stop()
    lost = [wamid for wamid in accepted if end["statuses"].get(wamid) != "delivered"]
    assert lost == []
    assert end["findings"] == []
    count, micros = end["by_state"]["charged"]
    assert count >= len(accepted)
    assert end["owed"] == end["spent"] == micros
    assert end["reserved"] == end["by_state"].get("reserved", (0, 0))[1]
