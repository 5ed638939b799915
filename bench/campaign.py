"""`python -m bench.campaign`: template messages a second from one number, with everything that belongs to them.

Each message comes by HTTP over kept-alive connections, is validated, rated and set aside for the bill, sealed for the
person's device (OMEMO), delivered over XMPP, answered with a receipt, charged, and told to a webhook receiver twice
(`sent`, `delivered`). One process serves; this process is clients, people and receiver. The first round makes a session
with every person; later rounds use it.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import NamedTuple, cast

import orjson
import uvloop
from sqlalchemy import update

from bench.client import CLIENT, Client
from bench.peers import DOMAIN, Plauder
from plauder.app import build
from plauder.business.accounts import commands as accounts
from plauder.business.accounts import store as account_store
from plauder.business.encryption import own as own_keys
from plauder.business.encryption.keys import Identity
from plauder.business.encryption.profile import OMEMO2
from plauder.business.encryption.service import PROFILES
from plauder.business.numbers import commands as numbers
from plauder.business.numbers import store as number_store
from plauder.business.shared.updates import FIELDS
from plauder.business.webhooks import commands as webhooks
from plauder.edge.http.graph.billing import open_account
from plauder.kit import config
from plauder.kit.clock import SystemClock
from plauder.money.billing.accounts import POSTPAID, Accounts
from plauder.store import migrations
from plauder.wire.xml import serialize

PASSWORD = "correct horse battery"
NUMBER = "4930555001"
DEVICE = 4711
_ID = re.compile(rb"""\bid=['"](wamid\.[^'"]+)['"]""")
SCOPES = ["whatsapp_business_messaging", "whatsapp_business_management", "business_management"]
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class Business(NamedTuple):
    token: str
    phone: str
    waba: str


class CampaignServer(Plauder):
    """Plauder with a registered business, made before it starts."""

    def __init__(self, *, hook: str, people: list[str], clerk: str = "off") -> None:
        super().__init__()
        self.hook = hook
        self.clerk = clerk
        self.people = people
        self.business: Business | None = None

    def configure(self) -> list[str]:
        command = super().configure()
        asyncio.run(self._found())
        return command

    def environment(self) -> dict[str, str]:
        return super().environment() | {"PLAUDER_BUSINESS__CLERK": self.clerk}

    def clerk_pid(self) -> int | None:
        """The second process, where there is one now."""
        assert self._process is not None
        return next((pid for pid in self.pids() if pid != self._process.pid), None)

    def used(self) -> dict[int, float]:
        """Seconds of processor time by process: the server, its clerk."""
        return {pid: self.cpu_seconds_of(pid) for pid in self.pids()}

    def signal(self, what: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(what)

    async def _found(self) -> None:
        app = build(config.load(self.home / "plauder.toml"))
        database, keyring = app.database, app.keyring
        await migrations.upgrade(database)
        for name in self.people:
            await app.devices.create_with_password(name, PASSWORD)
        now = SystemClock().now()
        async with database.begin() as uow:
            portfolio = await accounts.create_portfolio(uow, name="Café", owner="4900", country="DE", at=now)
            app, _ = await accounts.create_app(uow, keyring, portfolio_id=portfolio, name="Bot", at=now)
            waba = await accounts.create_waba(
                uow, portfolio_id=portfolio, name="Café", at=now, currency="EUR", timezone_id="Europe/Berlin"
            )
            user = await accounts.create_system_user(uow, portfolio_id=portfolio, name="bot", role="ADMIN", at=now)
            token = await accounts.issue_token(
                uow, kind="SYSTEM_USER", app_id=app, portfolio_id=portfolio, user_id=user, scopes=SCOPES, at=now
            )
            phone = await numbers.add(
                uow, portfolio_id=portfolio, waba_id=waba, number=NUMBER, verified_name="Café", at=now
            )
            await number_store.change(
                uow, phone, status="CONNECTED", code_verification_status="VERIFIED", throughput=100_000
            )
            await uow.execute(update(account_store.portfolios).values(tier="TIER_UNLIMITED"))
            await webhooks.subscribe_app(
                uow, app_id=app, callback_url=self.hook, verify_token="hello", fields=sorted(FIELDS)
            )
            await webhooks.subscribe_waba(uow, waba_id=waba, app_id=app)
            await open_account(uow, portfolio, waba, now)
            await Accounts(uow).change(portfolio, mode=POSTPAID, credit_limit=10**15)
        await database.close()
        self.business = Business(token.text, phone, waba)


@asynccontextmanager
async def running(server: CampaignServer) -> AsyncIterator[Business]:
    """For those who are in a loop already."""
    await asyncio.to_thread(server.__enter__)
    try:
        assert server.business
        yield server.business
    finally:
        await asyncio.to_thread(server.__exit__)


class Receiver(asyncio.Protocol):
    """A webhook receiver that counts statuses and answers 200."""

    def __init__(self, seen: dict[str, int], full: asyncio.Event, goal: list[int]) -> None:
        self.seen, self.full, self.goal = seen, full, goal
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            length = LENGTH.search(self._buffer, 0, end)
            size = end + 4 + (int(length[1]) if length else 0)
            if len(self._buffer) < size:
                return
            body, self._buffer = self._buffer[end + 4 : size], self._buffer[size:]
            for status in ("sent", "delivered", "failed"):
                if b'"status":"%s"' % status.encode() in body:
                    self.seen[status] = self.seen.get(status, 0) + 1
                    if status == "failed":
                        print(body.decode(), file=sys.stderr)
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        if self.seen.get("delivered", 0) + self.seen.get("failed", 0) >= self.goal[0]:
            self.full.set()


class Api:
    """One kept-alive connection that sends one request after the other."""

    def __init__(self, port: int, business: Business) -> None:
        self._port, self._business = port, business

    async def open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)

    async def close(self) -> None:
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()

    async def post(self, path: str, body: object) -> bytes:
        raw = orjson.dumps(body)
        self._writer.write(
            b"POST %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            % (path.encode(), self._business.token.encode(), len(raw))
            + raw
        )
        head = await self._reader.readuntil(b"\r\n\r\n")
        found = LENGTH.search(head)
        answer = await self._reader.readexactly(int(found[1]) if found else 0)
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(answer.decode())
        return answer


def template_to(person: str) -> dict[str, object]:
    parameters = [{"type": "text", "text": "Ann"}, {"type": "text", "text": "00340434161094042557"}]
    return {
        "messaging_product": "whatsapp",
        "to": person,
        "type": "template",
        "template": {
            "name": "parcel",
            "language": {"code": "en_US"},
            "components": [{"type": "body", "parameters": parameters}],
        },
        "biz_opaque_callback_data": "order-17",
    }


TEMPLATE = {
    "name": "parcel",
    "language": "en_US",
    "category": "UTILITY",
    "components": [
        {
            "type": "BODY",
            "text": "Hello {{1}}, your parcel {{2}} waits for you at the shop around the corner.",
            "example": {"body_text": [["Ann", "0034"]]},
        },
        {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Thanks"}]},
    ],
}


class Crowd:
    """People with one device each. All devices share one set of keys: nothing here decrypts."""

    def __init__(self, server: CampaignServer) -> None:
        self.clients = [Client(server, name, PASSWORD) for name in server.people]
        profile, identity = PROFILES[OMEMO2], Identity.new()
        bundle = own_keys.bundle(profile, identity, own_keys.create(profile, identity, time.time()))
        self._items = [
            (profile.device_list_node(), "current", serialize(profile.device_list([DEVICE]), default_ns="")),
            (profile.bundle_node(DEVICE), profile.bundle_item(DEVICE), serialize(bundle, default_ns="")),
        ]

    async def come(self, *, encrypted: bool) -> None:
        for start in range(0, len(self.clients), 20):
            await asyncio.gather(*(self._come(client, encrypted) for client in self.clients[start : start + 20]))

    async def _come(self, client: Client, encrypted: bool) -> None:
        await client.login(manage=True)
        for node, item, payload in self._items if encrypted else ():
            answer = await client.ask(
                f"<iq type='set' id='pub-{item}' {CLIENT}><pubsub xmlns='http://jabber.org/protocol/pubsub'>"
                f"<publish node='{node}'><item id='{item}'>{payload.decode()}</item></publish>"
                "<publish-options><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'>"
                "<value>http://jabber.org/protocol/pubsub#publish-options</value></field>"
                "<field var='pubsub#access_model'><value>open</value></field></x></publish-options>"
                "</pubsub></iq>".encode(),
                f"pub-{item}".encode(),
            )
            if b"<error" in answer:
                raise RuntimeError(answer.decode())

        def receipt(stanza: bytes) -> None:
            if b"urn:xmpp:receipts" in stanza and (found := _ID.search(stanza)):
                client.write(
                    b"<message to='%s@%s' type='chat' %s><received xmlns='urn:xmpp:receipts' id='%s'/></message>"
                    % (NUMBER.encode(), DOMAIN.encode(), CLIENT.encode(), found[1])
                )

        client.on_stanza = receipt


async def round_of(server: CampaignServer, apis: list[Api], people: list[str]) -> None:
    todo = iter(people)
    assert server.business

    async def work(api: Api) -> None:
        await api.open()  # one that idled since the last round may be closed
        for person in todo:
            await api.post(f"/v23.0/{server.business.phone}/messages", template_to(person))  # type: ignore[union-attr]

    await asyncio.gather(*map(work, apis))
    await asyncio.gather(*(api.close() for api in apis))


async def measure(options: argparse.Namespace, server: CampaignServer, hook_port: int) -> None:
    assert server.business
    seen: dict[str, int] = {}
    full, goal = asyncio.Event(), [0]
    loop = asyncio.get_running_loop()
    receiver = await loop.create_server(lambda: Receiver(seen, full, goal), "127.0.0.1", hook_port)
    crowd = Crowd(server)
    await crowd.come(encrypted=not options.plain)
    apis = [Api(server.ports.http, server.business) for _ in range(options.connections)]
    await apis[0].open()
    made = await apis[0].post(f"/v23.0/{server.business.waba}/message_templates", TEMPLATE)
    await apis[0].close()
    assert b"APPROVED" in made, made
    await asyncio.sleep(2)
    for turn in range(options.rounds + 1):
        people = server.people * (options.repeat if turn else 1)
        if turn and options.profile:
            server.signal(signal.SIGUSR1)
        full.clear()
        seen.clear()
        goal[0] = len(people)
        wall, before, own = time.perf_counter(), server.used(), time.process_time()
        await round_of(server, apis, people)
        accepted = time.perf_counter() - wall
        await asyncio.wait_for(full.wait(), 120)
        wall, after, own = time.perf_counter() - wall, server.used(), time.process_time() - own
        count = len(people)
        each = [used - before.get(pid, 0.0) for pid, used in after.items()]
        cpu = sum(each)
        parts = " + ".join(f"{one / count * 1e6:.0f}" for one in each)
        print(
            f"{'later' if turn else 'first'} messages: {count / wall:6.0f}/s delivered and told; accepted "
            f"{count / accepted:6.0f}/s; server {cpu / count * 1e6:5.0f} µs CPU a message ({parts}), "
            f"clients {own / count * 1e6:4.0f} µs; {dict(seen)}",
            flush=True,
        )
    if options.profile:
        server.signal(signal.SIGUSR2)
        await asyncio.sleep(1)
    receiver.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeat", type=int, default=4, help="messages to each person in a later round")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--clerk", choices=("on", "off"), default="on", help="the server's second process")
    parser.add_argument("--plain", action="store_true", help="people publish no keys")
    parser.add_argument("--profile", type=Path, help="write cProfile data of the later rounds there")
    parser.add_argument("--hook-port", type=int, default=37_080)
    options = parser.parse_args()
    people = [f"49151{at:08}" for at in range(options.people)]
    server = CampaignServer(hook=f"http://127.0.0.1:{options.hook_port}/hook", people=people, clerk=options.clerk)
    if options.profile:
        configure = server.configure
        server.configure = lambda: _profiled(configure(), options.profile)  # type: ignore[method-assign]
    with server:
        uvloop.run(measure(options, server, options.hook_port))


_PROFILER = """
import cProfile, runpy, signal, sys
profile, target = cProfile.Profile(), sys.argv.pop(1)
signal.signal(signal.SIGUSR1, lambda *_: profile.enable())
signal.signal(signal.SIGUSR2, lambda *_: (profile.disable(), profile.dump_stats(target)))
runpy.run_module("plauder", run_name="__main__", alter_sys=True)
"""
"""Between two signals, so that what happens before and between the rounds is not in it."""


def _profiled(command: list[str], target: Path) -> list[str]:
    return [command[0], "-c", _PROFILER, str(target.resolve()), *command[3:]]


if __name__ == "__main__":
    main()
