"""The books reconcile after `kill -9` of the server, of its clerk, or of both: whatever moment it strikes, every
message is charged once or not at all, and none is lost."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Mapping
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


async def send_until_it_dies(
    server: CampaignServer, business: Business, accepted: list[str], most: int, kill: Callable[[], None]
) -> None:
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
    await asyncio.to_thread(kill)
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
    server = CampaignServer(hook=receiver.url, people=PEOPLE, clerk="on")

    def kill_all() -> None:
        server.stop(signal.SIGKILL)

    def kill_the_server_alone() -> None:
        orphan = server.clerk_pid()
        server.signal(signal.SIGKILL)
        server.stop(signal.SIGKILL)
        while orphan and Path(f"/proc/{orphan}").exists():  # it ends by itself
            time.sleep(0.01)

    async with running(server) as business:
        api = Api(server.ports.http, business)
        await api.open()
        await api.post(f"/v23.0/{business.waba}/message_templates", TEMPLATE)
        await api.close()
        accepted: list[str] = []
        crowd = Crowd(server)
        await crowd.come(encrypted=True)
        for death in range(DEATHS):
            kill = kill_the_server_alone if death % 2 else kill_all
            await send_until_it_dies(server, business, accepted, 40 * (death + 1), kill)
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


async def test_nothing_is_lost_when_the_clerk_dies() -> None:
    receiver = Receiver()
    await receiver.start()
    server = CampaignServer(hook=receiver.url, people=PEOPLE, clerk="on")
    async with running(server) as business:
        crowd = Crowd(server)
        await crowd.come(encrypted=True)
        apis = [Api(server.ports.http, business) for _ in range(4)]
        for api in apis:
            await api.open()
        await apis[0].post(f"/v23.0/{business.waba}/message_templates", TEMPLATE)
        accepted: list[str] = []

        def told(status: str) -> set[str]:
            return {item["id"] for item in receiver.statuses() if item["status"] == status}

        async def send(api: Api, lane: int) -> None:
            for turn in range(30):
                answer = await api.post(f"/v23.0/{business.phone}/messages", template_to(PEOPLE[(lane + turn) % 12]))
                accepted.append(orjson.loads(answer)["messages"][0]["id"])

        sending = asyncio.gather(*(send(api, lane) for lane, api in enumerate(apis)))
        died: set[int] = set()
        async with asyncio.timeout(90):
            for goal in (1, 40, 80):
                while len(told("delivered")) < goal:
                    await asyncio.sleep(0.01)
                while (pid := await asyncio.to_thread(server.clerk_pid)) is None or pid in died:
                    await asyncio.sleep(0.01)
                os.kill(pid, signal.SIGKILL)
                died.add(pid)
            await sending
            while not (told("delivered") >= set(accepted) and told("sent") >= set(accepted)):
                await asyncio.sleep(0.05)
        for api in apis:
            await api.close()
        await asyncio.to_thread(server.stop, signal.SIGTERM)
        end = await books(server.home / "data" / "plauder.db")
    await receiver.stop()
    assert len(died) == 3
    assert {end["statuses"][wamid] for wamid in accepted} == {"delivered"}
    assert end["findings"] == []
    assert end["by_state"]["charged"][0] == len(accepted) == 120
    assert end["owed"] == end["spent"] == end["by_state"]["charged"][1]
    assert end["reserved"] == 0
    assert in_order(receiver)


def in_order(receiver: Receiver) -> bool:
    """Whether each conversation was told of in the order of its messages; what was told again does not count."""
    rank = {"sent": 0, "delivered": 1}
    seen: dict[str, int] = {}
    for item in receiver.statuses():
        if rank[item["status"]] > seen.get(item["id"], -1) + 1:
            return False
        seen[item["id"]] = max(seen.get(item["id"], -1), rank[item["status"]])
    return True
