"""A business platform on a server of its own, with people, a business and its webhook receiver.

async with Cloud(tmp_path) as cloud:
    answer = await cloud.post(f"{cloud.phone}/messages", {...})
    await cloud.settle()
    assert cloud.receiver.statuses() == ["sent", "delivered"]
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from plauder.business.accounts import commands as accounts
from plauder.business.accounts.rules import SCOPES
from plauder.business.messages import stanzas
from plauder.business.messages.ports import Billing
from plauder.business.messages.rules import Policies
from plauder.business.numbers import commands as numbers
from plauder.business.numbers import store as number_store
from plauder.business.shared.updates import FIELDS
from plauder.business.webhooks import commands as webhooks
from plauder.core.embedded import LocalBus, LocalDirectory
from plauder.core.server import Server
from plauder.edge.hosted import Plain
from plauder.edge.http.graph.wiring import Platform, PlatformSettings, build
from plauder.edge.webhooks import DeliverySettings
from plauder.kit.clock import Clock, FakeClock
from plauder.kit.keyring import Keyring
from plauder.store.blobs import Blobs
from plauder.store.database import Database
from plauder.wire.jid import Jid
from plauder.wire.stanza import Stanza
from plauder.wire.xml import parse_inner
from tests import databases
from tests.fakes import FakeCredentials, FakeInbox

DOMAIN = "plauder.example"
ANN = "4915112345678"
BRUNO = "5511987654321"
NUMBER = "493055500123"
LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


class Receiver:
    """A webhook endpoint on loopback: answers the handshake, keeps what it gets."""

    def __init__(self) -> None:
        self.url = ""
        self.verify_token = "hello"
        self.status = 200
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self._server: asyncio.Server | None = None
        self._news = asyncio.Event()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/hook"

    async def stop(self) -> None:
        assert self._server
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lines = head.decode().split("\r\n")
                method, target, _ = lines[0].split(" ")
                headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines[1:] if line)}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                status, answer = self._answer(method, target, headers, body)
                writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(answer)}\r\n\r\n{answer}".encode())
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[int, str]:
        if method == "GET":
            query = parse_qs(urlsplit(target).query)
            is_right = query.get("hub.verify_token") == [self.verify_token]
            return (200, query["hub.challenge"][0]) if is_right else (403, "no")
        self.requests.append((headers, body))
        self._news.set()
        return self.status, "ok"

    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.requests]

    def values(self, field: str = "messages") -> list[dict[str, Any]]:
        changes = [body["entry"][0]["changes"][0] for body in self.bodies()]
        return [change["value"] for change in changes if change["field"] == field]

    async def first(self, field: str) -> dict[str, Any]:
        """The first update of a field, once it is there."""
        async with asyncio.timeout(20):
            while not (found := self.values(field)):
                self._news.clear()
                await self._news.wait()
        return found[0]

    def messages(self) -> list[dict[str, Any]]:
        return [message for value in self.values() for message in value.get("messages", [])]

    def statuses(self) -> list[dict[str, Any]]:
        return [status for value in self.values() for status in value.get("statuses", [])]


class Person:
    """A person's phone: keeps what comes, says what it is told. `prompt` ones send receipts by themselves."""

    def __init__(self, server: Server, digits: str, *, prompt: bool = True) -> None:
        self.digits = digits
        self.prompt = prompt
        self.received: list[Stanza] = []
        self.session = server.attach_local(Jid.parse(f"{digits}@{DOMAIN}/phone"), self._on_stanza)

    async def _on_stanza(self, stanza: Stanza) -> None:
        if stanza.kind != "message":
            return
        self.received.append(stanza)
        said = stanzas.read(stanza.payloads)
        if self.prompt and said.wants_receipt and stanza.id:
            sender = stanza.sender
            assert sender
            # A device sends its receipt by itself, not while it takes the message.
            asyncio.get_running_loop().call_soon(self._receipt, str(sender.bare), stanza.id)

    def _receipt(self, to: str, stanza_id: str) -> None:
        self.session.submit(Stanza.build("message", {"to": to, "type": "chat"}, *stanzas.receipt(stanza_id)))

    async def say(self, inner: str, *, to: str = NUMBER, key: str = "m1") -> None:
        elements = parse_inner(inner.encode())
        await self.session.submit(
            Stanza.build("message", {"to": f"{to}@{DOMAIN}", "type": "chat", "id": key}, *elements)
        )

    async def write(self, text: str, *, to: str = NUMBER, key: str = "m1") -> None:
        await self.say(f"<body>{text}</body>", to=to, key=key)

    def businesses(self) -> list[dict[str, Any]]:
        """The JSON of `<business>` elements received."""
        found = [stanza.text(f"{{{stanzas.BUSINESS}}}business") for stanza in self.received]
        return [json.loads(text) for text in found if text]


class Codes:
    """Verification codes end in a list."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []

    async def send(self, digits: str, code: str, *, voice: bool, language: str) -> None:
        self.sent.append((digits, code))


class Cloud:
    """Everything: one business with one registered number and all permissions, two people."""

    def __init__(
        self,
        root: Path,
        *,
        clock: Clock | None = None,
        policies: Policies | None = None,
        billing: Billing | None = None,
        people: Sequence[str] = (ANN, BRUNO),
        public_url: str = "http://cloud.test",
        delivery: DeliverySettings | None = None,
        database_url: str = "",
        encrypted: bool = False,
    ) -> None:
        self.clock: Any = clock or FakeClock()
        self.database = Database(database_url) if database_url else databases.fresh(root / "cloud.db")
        self.keyring = Keyring(b"k" * 32)
        self.codes = Codes()
        self.receiver = Receiver()
        self.server = Server(
            DOMAIN,
            clock=self.clock,
            credentials=FakeCredentials({}),
            inbox=FakeInbox(),
            bus=LocalBus(),
            directory=LocalDirectory(),
            database=self.database,
        )
        self.platform: Platform = build(
            server=self.server,
            database=self.database,
            clock=self.clock,
            keyring=self.keyring,
            blobs=Blobs(root),
            codes=self.codes,
            billing=billing,
            sealer=None if encrypted else Plain(),  # its keys take a while, and most scenes are about something else
            settings=PlatformSettings(
                public_url=public_url,
                allowed_networks=LOOPBACK,
                policies=policies or Policies(),
                delivery=delivery or DeliverySettings(),
            ),
        )
        self._people = people
        self.business = self.app = self.secret = self.waba = self.phone = self.token = ""

    async def __aenter__(self) -> Cloud:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        await self.receiver.start()
        if not self.database.is_sqlite:
            await self.database.create_all()
        now = self.clock.now()
        async with self.database.begin() as uow:
            self.business = await accounts.create_portfolio(uow, name="Café Pfau", owner="4900", country="DE", at=now)
            self.app, self.secret = await accounts.create_app(
                uow, self.keyring, portfolio_id=self.business, name="Bot", at=now
            )
            self.waba = await accounts.create_waba(
                uow, portfolio_id=self.business, name="Café", at=now, currency="EUR", timezone_id="Europe/Berlin"
            )
            user = await accounts.create_system_user(uow, portfolio_id=self.business, name="bot", role="ADMIN", at=now)
            token = await accounts.issue_token(
                uow,
                kind="SYSTEM_USER",
                app_id=self.app,
                portfolio_id=self.business,
                user_id=user,
                scopes=SCOPES,
                at=now,
            )
            self.token = token.text
            self.phone = await numbers.add(
                uow,
                portfolio_id=self.business,
                waba_id=self.waba,
                number=NUMBER,
                verified_name="Café Pfau",
                at=now,
                is_test=False,
            )
            await number_store.change(uow, self.phone, status="CONNECTED", code_verification_status="VERIFIED")
            await webhooks.subscribe_app(
                uow, app_id=self.app, callback_url=self.receiver.url, verify_token="hello", fields=sorted(FIELDS)
            )
            await webhooks.subscribe_waba(uow, waba_id=self.waba, app_id=self.app)
        await self.platform.hosted.start()
        self.people = {digits: Person(self.server, digits) for digits in self._people}
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.platform.api, raise_app_exceptions=False),  # type: ignore[arg-type]
            base_url="http://cloud.test/v23.0/",
            headers={"Authorization": f"Bearer {self.token}"},
        )

    async def stop(self) -> None:
        await self.http.aclose()
        await self.platform.stop()
        await self.server.stop()
        await self.receiver.stop()
        await self.database.close()

    @property
    def ann(self) -> Person:
        return self.people[ANN]

    async def settle(self) -> None:
        """Let messages, receipts and webhooks arrive."""
        for _ in range(4):
            await self.platform.pipeline.drain()
            await self._quiet()
            while await self.platform.webhooks.deliver_due():
                pass

    async def _quiet(self) -> None:
        """Until the engine has nothing more to do."""
        for _ in range(100):
            await asyncio.sleep(0.002)
            if not self.server.tasks():
                return

    async def get(self, path: str, **params: Any) -> httpx.Response:
        return await self.http.get(path, params=params)

    async def post(self, path: str, body: Any = None, **params: Any) -> httpx.Response:
        return await self.http.post(path, json=body, params=params)

    async def delete(self, path: str, body: Any = None, **params: Any) -> httpx.Response:
        return await self.http.request("DELETE", path, json=body, params=params)

    async def text(self, body: str = "Hello", to: str = ANN, **more: Any) -> httpx.Response:
        message = {"messaging_product": "whatsapp", "to": to, "type": "text", "text": {"body": body}}
        return await self.post(f"{self.phone}/messages", message | more)
