"""The app without a mouse: every part can be reached, seen to have the focus, and left again."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.web.pages import Opener, field, log, message

pytestmark = pytest.mark.browser

BRUNO = "/chats/bruno@plauder.example"


def region(page: Page) -> str:
    """The part of the screen that has the focus."""
    return str(
        page.evaluate(
            """() => ['rail', 'list-pane', 'log', 'composer', 'details']
                 .find((name) => document.activeElement.closest(`.${name}`)) ?? 'none'"""
        )
    )


def test_f6_goes_round_the_parts_and_back(open_page: Opener) -> None:
    page = open_page(f"{BRUNO}?pane=info")
    expect(page.get_by_role("button", name=re.compile("^Block"))).to_be_visible()
    field(page).focus()
    seen = []
    for _ in range(5):
        page.keyboard.press("F6")
        seen.append(region(page))
    assert seen == ["details", "rail", "list-pane", "log", "composer"]
    page.keyboard.press("Shift+F6")
    assert region(page) == "log"


@pytest.mark.parametrize(
    "path", [f"{BRUNO}?pane=info", "/chats/hikers@groups.plauder.example?pane=info", "/settings/privacy"]
)
def test_tab_visits_everything_visibly_and_is_caught_nowhere(open_page: Opener, path: str) -> None:
    page = open_page(path)
    if "pane=" in path:
        expect(page.get_by_role("complementary").get_by_role("button", name="Close")).to_be_visible()
        expect(page.get_by_role("button", name=re.compile("^(Block|Leave group)"))).to_be_visible()
    walk = page.evaluate_handle("() => ({seen: new Set(), bare: []})")
    for _ in range(150):
        page.keyboard.press("Tab")
        ended = page.evaluate(
            """(walk) => {
              const at = document.activeElement;
              if (walk.seen.has(at)) return true;
              if (at === document.body) return false;
              walk.seen.add(at);
              const ring = [at, at.parentElement, at.closest('.composer, .search')].some((one) => {
                if (!one) return false;
                const style = getComputedStyle(one);
                return style.outlineStyle !== 'none' || style.boxShadow !== 'none';
              });
              if (!ring) walk.bare.push(at.outerHTML.slice(0, 120));
              return false;
            }""",
            walk,
        )
        if ended:
            break
    else:
        raise AssertionError("the focus does not come round")
    assert page.evaluate("(walk) => walk.bare", walk) == []
    missed = page.evaluate(
        """(walk) => [...document.querySelectorAll('a[href], button, input, textarea, select, [role=switch], summary')]
             .filter((one) => one.checkVisibility({visibilityProperty: true}) && !one.disabled && one.tabIndex >= 0
               && !one.closest('.log, [aria-hidden=true]') && !walk.seen.has(one)
               && !(one.type === 'radio' && document.querySelector(`[name="${one.name}"]:checked`) !== one))
             .map((one) => one.outerHTML.slice(0, 120))""",
        walk,
    )
    assert missed == []


def opened_by_keyboard(page: Page, by: Locator, what: Locator, key: str = "Enter") -> None:
    """Opens something, and expects that Escape closes it and leads back."""
    by.focus()
    page.keyboard.press(key)
    expect(what).to_be_visible()
    expect(what.locator(":focus").or_(what.and_(page.locator(":focus")))).to_have_count(1)
    page.keyboard.press("Escape")
    expect(what).to_have_count(0)
    expect(by).to_be_focused()


def test_what_was_opened_gives_the_focus_back(open_page: Opener) -> None:
    page = open_page(BRUNO)
    opened_by_keyboard(
        page, page.get_by_role("button", name="New chat", exact=True), page.get_by_role("dialog", name="New chat")
    )
    opened_by_keyboard(page, page.get_by_role("button", name="More", exact=True), page.get_by_role("menu"))
    opened_by_keyboard(page, page.get_by_role("button", name="Attach"), page.get_by_role("menu"))
    opened_by_keyboard(page, field(page), page.get_by_role("dialog"), "Control+k")
    opened_by_keyboard(
        page, page.get_by_role("link", name="Kenji Mori"), page.get_by_role("dialog", name="Keyboard"), "?"
    )
    opened_by_keyboard(page, message(page, "Deal! I land on Saturday"), page.get_by_role("menu"))


def test_details_are_opened_read_and_left_by_keyboard(open_page: Opener) -> None:
    page = open_page(BRUNO)
    header = page.get_by_role("button", name="Bruno Keller").first
    header.focus()
    page.keyboard.press("Enter")
    pane = page.get_by_role("complementary")
    expect(pane).to_be_visible()
    pane.get_by_role("button", name="Close").focus()
    page.keyboard.press("Enter")
    expect(pane).to_have_count(0)
    expect(header).to_be_focused()


def test_a_message_goes_from_ctrl_n_to_its_star_without_a_mouse(open_page: Opener) -> None:
    page = open_page("/chats")
    page.keyboard.press("Control+n")
    page.get_by_role("dialog", name="New chat").get_by_role("searchbox").press_sequentially("Kenji")
    page.keyboard.press("Tab")
    while "Kenji" not in page.evaluate("document.activeElement.textContent"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("log", name="Messages with Kenji Mori")).to_be_visible()
    expect(field(page)).to_be_focused()
    page.keyboard.type("By hand alone")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(log(page).get_by_role("article").last).to_be_focused()
    page.keyboard.press("Enter")
    star = page.get_by_role("menuitem", name="Star")
    while not star.evaluate("(item) => item === document.activeElement"):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(message(page, "By hand alone").get_by_role("img", name="Starred")).to_be_visible()
    expect(message(page, "By hand alone")).to_be_focused()
