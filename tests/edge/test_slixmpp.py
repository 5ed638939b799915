"""slixmpp, a client of others, against the real sockets."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import slixmpp

from tests.live import Live, live

pytestmark = pytest.mark.server


class Bot(slixmpp.ClientXMPP):  # type: ignore[misc]
    """A client that keeps what it receives."""

    def __init__(self, at: Live, name: str, *, direct: bool = False, resource: str = "") -> None:
        super().__init__(f"{name}@localhost" + (f"/{resource}" if resource else ""), "secret")
        self.at = at
        self.ca_certs = str(at.authority)
        self.messages: asyncio.Queue[Any] = asyncio.Queue()
        self.started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.enable_direct_tls = direct
        self.enable_starttls = not direct
        self.enable_plaintext = False
        self.add_event_handler("session_start", self._start)
        self.add_event_handler("message", lambda message: self.messages.put_nowait(message))
        self.add_event_handler("failed_all_auth", lambda _: self._failed("login"))

    def _start(self, _: object) -> None:
        self.send_presence()
        if not self.started.done():
            self.started.set_result(None)

    def _failed(self, why: str) -> None:
        if not self.started.done():
            self.started.set_exception(RuntimeError(why))

    async def come(self) -> None:
        port = self.at.tls_port if self.enable_direct_tls else self.at.port
        self.connect("127.0.0.1", port)
        async with asyncio.timeout(10):
            await self.started

    async def next(self) -> Any:
        async with asyncio.timeout(10):
            return await self.messages.get()

    async def go(self) -> None:
        await self.disconnect(wait=0.5)


@pytest.mark.parametrize("direct", [False, True])
async def test_two_people_talk(tmp_path: Path, direct: bool) -> None:
    async with live(tmp_path) as at:
        ana, bruno = Bot(at, "ana", direct=direct), Bot(at, "bruno", direct=direct)
        await asyncio.gather(ana.come(), bruno.come())
        ana.send_message("bruno@localhost", "Oi!", mtype="chat")
        message = await bruno.next()
        assert message["body"] == "Oi!"
        message.reply("Tudo bem?").send()
        assert (await ana.next())["body"] == "Tudo bem?"
        await asyncio.gather(ana.go(), bruno.go())


async def test_a_message_waits_on_disk(tmp_path: Path) -> None:
    async with live(tmp_path) as at:
        ana = Bot(at, "ana")
        await ana.come()
        for number in range(20):
            ana.send_message("bruno@localhost", f"{number}", mtype="chat")
        bruno = Bot(at, "bruno")
        await bruno.come()
        assert [(await bruno.next())["body"] for _ in range(20)] == [str(number) for number in range(20)]
        await asyncio.gather(ana.go(), bruno.go())


async def test_a_wrong_password_is_refused(tmp_path: Path) -> None:
    async with live(tmp_path) as at:
        at.credentials.passwords["ana"] = "other"
        ana = Bot(at, "ana")
        with pytest.raises(RuntimeError, match="login"):
            await ana.come()
        await ana.go()
