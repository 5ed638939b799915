"""What the build promises: a small first load, checkable files, reading without a network."""

from __future__ import annotations

import gzip
import json
import re
from base64 import b64encode
from hashlib import sha384
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.web.pages import Opener

pytestmark = pytest.mark.browser

WEB = Path(__file__).resolve().parents[2] / "web"
FIRST_LOAD = 250_000
"""Bytes of script, gzipped, before SQLite and the keys' worker."""


def test_the_first_load_is_small(app_build: None) -> None:
    dist = WEB / "dist"
    manifest = json.loads((dist / ".vite" / "manifest.json").read_text())
    wanted = ["index.html", "src/app/screens/ChatsScreen.tsx", "src/app/screens/ChatScreen.tsx", "locales/de.po"]
    chunks: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name not in chunks:
            chunks.add(name)
            wanted += manifest[name].get("imports", [])
    size = sum(len(gzip.compress((dist / manifest[name]["file"]).read_bytes())) for name in chunks)
    assert size < FIRST_LOAD


def test_every_file_can_be_checked(app_build: None) -> None:
    dist = WEB / "dist"
    hashes = json.loads((dist / "integrity.json").read_text())
    # A server may have laid compressed copies beside.
    files = {f"/{path.relative_to(dist)}" for path in dist.rglob("*") if path.is_file() and path.suffix != ".gz"}
    assert {path for path in files if not path.startswith("/.")} - {"/integrity.json"} == set(hashes)
    for path, expected in hashes.items():
        digest = b64encode(sha384((dist / path.lstrip("/")).read_bytes()).digest()).decode()
        assert expected == f"sha384-{digest}", path


def test_the_page_has_no_inline_code_and_asks_nobody_else(app_build: None) -> None:
    page = (WEB / "dist" / "index.html").read_text()
    for tag in re.findall(r"<script[^>]*>", page):
        assert 'src="/' in tag
        assert "integrity=" in tag
    assert "<style" not in page
    assert " style=" not in page
    assert re.findall(r'(?:src|href)="(?:https?:)?//', page) == []


def test_the_app_opens_without_a_network(open_page: Opener) -> None:
    page = open_page("/chats", offline=True)
    page.evaluate("navigator.serviceWorker.ready")
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")
    page.context.set_offline(True)
    page.reload()
    page.get_by_role("link", name="Kenji Mori").click()
    expect(page.get_by_role("log", name="Messages with Kenji Mori")).to_be_visible()
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Settings").click()
    page.get_by_role("link", name="Privacy").click()
    expect(page.get_by_role("switch", name="Read receipts")).to_be_visible()


def test_nothing_is_asked_of_other_hosts(open_page: Opener, address: str) -> None:
    page = open_page("/chats/bruno@plauder.example")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    page.get_by_role("log").wait_for()
    page.get_by_role("button", name="Emoji", exact=True).click()
    page.get_by_role("searchbox", name="Search emoji").wait_for()
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
