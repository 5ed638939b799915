"""A private Plauder server in a process of its own, serving the built app, with codes on its developer page."""

from __future__ import annotations

import itertools
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import Page, expect

from tests.web.pages import Opener


@dataclass
class Network:
    address: str
    directory: Path
    environment: dict[str, str]
    xmpp_port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        """Where the demo network keeps what it knows."""
        return self.directory / "data" / "demo"

    def start(self) -> None:
        command = [sys.executable, "-m", "plauder", "demo"]
        output = (self.directory / "log").open("ab")
        self.process = subprocess.Popen(
            command, cwd=self.directory, env=self.environment, stdout=output, stderr=subprocess.STDOUT
        )
        output.close()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{self.address}/health/ready").is_success:
                    return
            except httpx.TransportError:
                pass
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise AssertionError((self.directory / "log").read_text())

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(30)
            self.process = None

    def door_of(self, name: str) -> str:
        """The path that signs in as somebody of the demo world; it is told a moment after the server is ready."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if links := re.findall(rf"as {name} +(\S+)", (self.directory / "log").read_text()):
                return urlsplit(links[-1]).path
            time.sleep(0.1)
        raise AssertionError((self.directory / "log").read_text())

    def code_for(self, number: str) -> str:
        """The newest code that was "sent" to a number in E.164."""
        rows = re.findall(r"<td>([^<]*)<td>(\d{6}) is your", httpx.get(f"{self.address}/dev").text)
        codes = [code for to, code in rows if re.sub(r"\D", "", to) == number.lstrip("+")]
        assert codes, f"no code was sent to {number}"
        return codes[0]


numbers = (f"+551196555{n:04}" for n in itertools.count(1000))
SLOW = 20_000


def enter_code(page: Page, server: Network, number: str) -> None:
    """From the number to the code that was sent to it."""
    page.get_by_label("Phone number").fill(number)
    page.get_by_role("button", name="Send me a code").click()
    code = page.get_by_role("textbox", name="Code")
    code.wait_for()
    code.fill(server.code_for(number))


def register(people: Opener, server: Network, name: str, **options: object) -> tuple[Page, str]:
    """A newcomer's page and number."""
    number = next(numbers)
    page = people("/", fixed_time=False, **options)  # type: ignore[arg-type]
    enter_code(page, server, number)
    page.get_by_role("textbox", name="Your name").fill(name)
    page.get_by_role("button", name="Start chatting").click()
    expect(page.get_by_role("heading", name="Chats", level=1)).to_be_visible()
    return page, number


def write_to(page: Page, number: str) -> None:
    page.get_by_role("button", name="New chat", exact=True).click()
    dialog = page.get_by_role("dialog", name="New chat")
    dialog.get_by_role("searchbox").fill(number)
    dialog.get_by_role("button", name=re.compile(r"\D*".join(re.findall(r"\d", number)))).click(timeout=SLOW)


def new_group(page: Page, name: str, member: str) -> None:
    page.get_by_role("button", name="New chat", exact=True).click()
    page.get_by_role("button", name="New group").click()
    dialog = page.get_by_role("dialog", name="New group")
    dialog.get_by_text(member).click()
    dialog.get_by_role("button", name="Continue").click()
    dialog.get_by_role("textbox", name="Group name").fill(name)
    dialog.get_by_role("button", name="Create group").click()
    expect(page.get_by_role("log", name=f"Messages with {name}")).to_be_visible(timeout=SLOW)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def network(directory: Path, **settings: str) -> Iterator[Network]:
    """`settings` are environment variables without their prefix."""
    port, xmpp_port = free_port(), free_port()
    environment = os.environ | {
        "PLAUDER_HTTP__PORT": str(port),
        "PLAUDER_XMPP__PORT": str(xmpp_port),
        "PLAUDER_XMPP__TLS_PORT": "-1",
        # Many people register from one address here, and some come back at once.
        "PLAUDER_REGISTRATION__CODES_PER_ADDRESS_PER_HOUR": "1000",
        "PLAUDER_REGISTRATION__FIRST_WAIT_SECONDS": "0",
        **{f"PLAUDER_{name}": value for name, value in settings.items()},
    }
    running = Network(f"http://localhost:{port}", directory, dict(environment), xmpp_port)
    running.start()
    try:
        yield running
    finally:
        running.stop()
