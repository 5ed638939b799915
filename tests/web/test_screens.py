"""Every screen: accessible in both themes, at phone and desk width, without a word of another language."""

from __future__ import annotations

import pytest
from playwright.sync_api import Route, expect

from tests.web.pages import Opener, axe, visit

pytestmark = pytest.mark.browser

BRUNO = "/chats/bruno@plauder.example"
SCREENS = [
    "/welcome?signed-out",
    "/link?signed-out",
    "/i/hikers-7?signed-out",
    "/chats",
    BRUNO,
    f"{BRUNO}?pane=info",
    f"{BRUNO}?pane=safety",
    f"{BRUNO}?pane=media",
    f"{BRUNO}?pane=message&message=m7",
    "/chats/kolibri@plauder.example",
    "/chats/zugvogel@plauder.example?pane=info",
    "/chats/rahul@plauder.example",
    "/chats/kenji@plauder.example",
    "/chats/hikers@groups.plauder.example?pane=info",
    "/archived",
    "/people",
    "/calls",
    "/starred",
    "/settings",
    "/settings/profile",
    "/settings/account",
    "/settings/privacy",
    "/settings/look",
    "/settings/notifications",
    "/settings/storage",
    "/settings/devices",
    "/settings/backup",
    "/settings/keys",
    "/nowhere",
]


@pytest.mark.parametrize(("phone", "dark"), [(False, False), (True, True)], ids=["desk-light", "phone-dark"])
def test_axe_finds_nothing_on_any_screen(open_page: Opener, phone: bool, dark: bool) -> None:
    page = open_page("/chats", phone=phone, dark=dark)
    found = {}
    for path in SCREENS:
        visit(page, path)
        found[path] = axe(page)
    assert {path: problems for path, problems in found.items() if problems} == {}


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_axe_finds_nothing_on_a_call(open_page: Opener, phone: bool) -> None:
    page = open_page(BRUNO, phone=phone)
    page.get_by_role("button", name="Voice call").click()
    call = page.get_by_role("dialog", name="Voice call with Bruno Keller")
    expect(call.get_by_text("Ringing…")).to_be_visible()
    assert axe(page) == []
    call.get_by_role("button", name="Make the call small").click()
    expect(page.get_by_role("region", name="Call with Bruno Keller")).to_be_visible()
    assert axe(page) == []
    page.get_by_role("button", name="End the call").click()


@pytest.mark.parametrize("language", ["en-GB", "de-DE", "pt-BR", "es-ES", "hi-IN"])
def test_nothing_is_wider_than_a_small_phone(open_page: Opener, language: str) -> None:
    page = open_page("/chats", width=320, language=language)
    wide = {}
    for path in ["/welcome?signed-out", "/chats", BRUNO, "/settings/privacy", "/settings/look", "/people"]:
        visit(page, path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        wide[path] = page.evaluate(
            """() => [...document.querySelectorAll('main, main button, main textarea, header, h1')]
                 .filter((e) => e.offsetParent && e.getBoundingClientRect().right > 321 && !e.closest('fieldset, .sr'))
                 .map((e) => e.outerHTML.slice(0, 120))"""
        )
    assert {path: elements for path, elements in wide.items() if elements} == {}


@pytest.mark.parametrize(
    ("language", "lang", "chats", "field"),
    [
        ("en-US", "en", "Chats", "Message"),
        ("de-AT", "de", "Chats", "Nachricht"),
        ("pt-PT", "pt-BR", "Conversas", "Mensagem"),
        ("es-MX", "es", "Chats", "Mensaje"),
        ("hi-IN", "hi", "चैट", "संदेश"),
        ("fr-FR", "en", "Chats", "Message"),
    ],
)
def test_the_browser_s_language_is_spoken(open_page: Opener, language: str, lang: str, chats: str, field: str) -> None:
    page = open_page(BRUNO, language=language)
    expect(page.locator("html")).to_have_attribute("lang", lang)
    expect(page.get_by_role("heading", name=chats, level=1)).to_be_visible()
    expect(page.get_by_role("textbox", name=field, exact=True)).to_be_visible()


def test_a_tablet_shows_list_and_chat_and_a_bar_below(open_page: Opener) -> None:
    page = open_page(BRUNO, width=800)
    expect(page.get_by_role("list", name="Chats")).to_be_visible()
    expect(page.get_by_role("log")).to_be_visible()
    bar = page.get_by_role("navigation", name="Main").bounding_box()
    assert bar is not None
    assert bar["y"] > 700


def test_a_phone_shows_one_pane_at_a_time(open_page: Opener) -> None:
    page = open_page("/chats", phone=True)
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    page.get_by_role("link", name="Kenji Mori").click()
    expect(page.get_by_role("log", name="Messages with Kenji Mori")).to_be_visible()
    expect(page.get_by_role("list", name="Chats")).to_be_hidden()
    expect(page.get_by_role("navigation", name="Main")).to_be_hidden()
    page.get_by_role("button", name="Back to chats").click()
    expect(page.get_by_role("list", name="Chats")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("log")).to_be_visible()
    visit(page, "/archived")
    page.get_by_role("link", name="Back to chats").click()
    expect(page.get_by_role("heading", name="Chats", level=1)).to_be_visible()


def test_theme_density_and_language_are_kept(open_page: Opener) -> None:
    page = open_page("/settings/look")
    page.get_by_role("radio", name="Dark").click()
    page.get_by_role("radio", name="Compact").click()
    page.get_by_role("radio", name="Deutsch").click()
    expect(page.get_by_role("heading", name="Aussehen und Sprache", level=1)).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Aussehen und Sprache", level=1)).to_be_visible()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("html")).to_have_attribute("data-density", "compact")


def test_a_pane_has_a_shape_before_its_code_is_here(open_page: Opener) -> None:
    page = open_page("/chats/bruno@plauder.example", phone=True)
    held: list[Route] = []
    page.route("**/assets/ChatInfo-*.js", lambda route: held.append(route))
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("menuitem", name="Contact info").click()
    shape = page.get_by_role("complementary").get_by_role("status", name="Loading")
    expect(shape).to_be_visible()
    page.get_by_role("complementary").get_by_role("button", name="Close").focus()
    held[0].continue_()
    expect(page.get_by_role("complementary", name="Contact info")).to_be_visible()
    expect(shape).to_be_hidden()
    expect(page.get_by_role("complementary").get_by_role("button", name="Close")).to_be_focused()
