"""Opens pages and watches them; what several tests do on one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Locator, Page, ViewportSize, expect

AXE = Path(__file__).resolve().parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"

DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 412, "height": 915}
NOON = "2026-11-27T13:44:30+01:00"


class Opener:
    """Each call is a browser of its own. Errors on a console or page, and any breach of the CSP, fail the test."""

    def __init__(self, browser: Browser, address: str) -> None:
        self._browser = browser
        self._address = address
        self._contexts: list[BrowserContext] = []
        self.complaints: list[str] = []

    def __call__(
        self,
        path: str,
        *,
        phone: bool = False,
        dark: bool = False,
        language: str = "en-GB",
        width: int | None = None,
        fixed_time: bool = True,
        offline: bool = False,
        **options: Any,
    ) -> Page:
        viewport = (PHONE if phone else DESK).copy()
        if width:
            viewport["width"] = width
        context = self._browser.new_context(
            viewport=viewport,
            color_scheme="dark" if dark else "light",
            locale=language,
            timezone_id="Europe/Berlin",
            reduced_motion="reduce",
            service_workers="allow" if offline else "block",
            permissions=["clipboard-read", "clipboard-write", "microphone", "notifications"],
            **options,
        )
        self._contexts.append(context)
        page = context.new_page()
        page.on("console", self._console)
        page.on("pageerror", self._error)
        if fixed_time:
            page.clock.set_fixed_time(NOON)
        visit(page, self._address + path)
        return page

    def _console(self, message: ConsoleMessage) -> None:
        # Said by the network and by Playwright, not by the app.
        expected = ("net::ERR_INTERNET_DISCONNECTED", "Service Worker registration blocked by Playwright")
        if message.type in ("error", "warning") and not any(part in message.text for part in expected):
            self.complaints.append(message.text)

    def _error(self, error: Error) -> None:
        self.complaints.append(str(error))

    def close(self) -> None:
        for context in self._contexts:
            context.close()
        assert not self.complaints, "\n".join(self.complaints)


def visit(page: Page, path: str) -> None:
    """Goes there and waits until the screen stands; a path is taken from the page's own address."""
    origin = "/".join(page.url.split("/")[:3]) if path.startswith("/") else ""
    page.goto(origin + path)
    page.locator("h1:visible, h2:visible").first.wait_for()


def log(page: Page) -> Locator:
    return page.get_by_role("log")


def message(page: Page, text: str) -> Locator:
    """The last message whose composed name holds the text."""
    return log(page).get_by_role("article", name=text).last


def field(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Message", exact=True)


def say(page: Page, text: str) -> Locator:
    field(page).fill(text)
    page.keyboard.press("Enter")
    said = message(page, text)
    expect(said).to_be_visible()
    return said


def menu_of(page: Page, of: Locator) -> Locator:
    """Opens a message's menu by keyboard, as everything must be possible so."""
    of.focus()
    page.keyboard.press("Enter")
    return page.get_by_role("menu")


def choose(page: Page, of: Locator, entry: str) -> None:
    menu_of(page, of).get_by_role("menuitem", name=entry).click()


def axe(page: Page) -> list[str]:
    """What axe-core finds against WCAG 2.2 AA, one line each."""
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    result = page.evaluate(
        """() => axe.run(document, {
            resultTypes: ['violations'],
            runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
        })"""
    )
    return [
        f"{found['id']}: {found['help']} — {node['target']} {node.get('failureSummary', '')}"
        for found in result["violations"]
        for node in found["nodes"]
    ]
