"""Chromium and the app built around the demo world in memory. Every page is watched: errors fail its test."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from tests.web.network import SLOW, Network, network, register, write_to
from tests.web.pages import Opener, field, message, say
from tests.web.static import serving

WEB = Path(__file__).resolve().parents[2] / "web"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]


def build(task: str, stamp: Path) -> None:
    """Runs a build unless the last one is newer than every source."""
    sources = [path for folder in ("app", "packages") for path in (WEB / folder).rglob("*.*")]
    newest = max(path.stat().st_mtime for path in sources if "node_modules" not in path.parts)
    if not stamp.exists() or stamp.stat().st_mtime < newest:
        subprocess.run([sys.executable, str(WEB.parent / "tools" / "web.py"), task], check=True)


@pytest.fixture(scope="session")
def fake_build() -> Path:
    """The app around the demo world."""
    build("build:fake", WEB / "dist-fake" / "integrity.json")
    return WEB / "dist-fake"


@pytest.fixture(scope="session")
def app_build() -> None:
    """The app as it ships, for servers to serve."""
    build("build", WEB / "dist" / "integrity.json")


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """Chromium without windows: the same engine for half of the work."""
    path = os.environ.get("CHROMIUM_HEADLESS_SHELL", "/usr/bin/chromium-headless-shell")
    browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def whole_chromium(playwright: Playwright) -> Iterator[Browser]:
    """Chromium as people have it, for what the shell lacks: notices."""
    path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    browser = playwright.chromium.launch(executable_path=path, args=["--headless", *ARGUMENTS])
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def address(fake_build: Path) -> Iterator[str]:
    with serving(fake_build) as url:
        yield url


@pytest.fixture
def open_page(chromium: Browser, address: str) -> Iterator[Opener]:
    opener = Opener(chromium, address)
    yield opener
    opener.close()


@pytest.fixture
def chat(open_page: Opener) -> Page:
    """The chat with Bruno, on a desk."""
    return open_page("/chats/bruno@plauder.example")


@pytest.fixture(scope="session")
def server(app_build: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """A real network, for all that play on one."""
    with network(tmp_path_factory.mktemp("network")) as running:
        yield running


@pytest.fixture
def people(chromium: Browser, server: Network) -> Iterator[Opener]:
    opener = Opener(chromium, server.address)
    yield opener
    opener.close()


@pytest.fixture
def pair(people: Opener, server: Network) -> tuple[Page, Page]:
    """Eva has written to Bia, and Bia has accepted."""
    eva, _ = register(people, server, "Eva Luz")
    bia, number = register(people, server, "Bia Sol", phone=True)
    write_to(eva, number)
    say(eva, "Oi Bia!")
    bia.get_by_role("link", name="Eva Luz").click(timeout=SLOW)
    expect(message(bia, "Oi Bia!")).to_be_visible(timeout=SLOW)
    bia.get_by_role("button", name="Accept").click()
    expect(field(bia)).to_be_visible(timeout=SLOW)
    return eva, bia
