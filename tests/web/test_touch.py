"""A finger on messages: drag to reply, two taps for a heart, one for the menu."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.web.pages import Opener, message

pytestmark = pytest.mark.browser


@pytest.fixture
def phone(open_page: Opener) -> Page:
    # A tap is two events apart from each other in time; a clock that stands still would never tell them.
    return open_page("/chats/bruno@plauder.example", phone=True, has_touch=True, fixed_time=False)


def drag(said: Locator, far: int, *, up: int = 0) -> None:
    page = said.page
    box = said.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    finger = page.context.new_cdp_session(page)

    def touch(kind: str, *points: dict[str, float]) -> None:
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})

    touch("touchStart", {"x": x, "y": y})
    for step in range(1, 9):
        touch("touchMove", {"x": x + far * step / 8, "y": y - up * step / 8})
    touch("touchEnd")


def test_a_drag_replies_if_it_goes_far_enough(phone: Page) -> None:
    said = message(phone, "Deal! I land on Saturday")
    reply = phone.get_by_text("Reply to yourself")
    drag(said, 40)
    drag(said, -90)
    drag(said, 20, up=90)
    expect(reply).to_be_hidden()
    drag(said, 90)
    expect(reply).to_be_visible()
    expect(phone.get_by_role("menu")).to_be_hidden()


def test_two_taps_are_a_heart_and_one_opens_the_menu(phone: Page) -> None:
    said = message(phone, "KB 417 from Guarulhos")
    heart = said.get_by_role("button", name=re.compile("❤️"))
    for _ in range(2):
        said.tap(position={"x": 250, "y": 20})
    expect(heart).to_be_visible()
    expect(phone.get_by_role("menu")).to_be_hidden()
    said.tap(position={"x": 250, "y": 20})
    phone.get_by_role("menu").get_by_role("menuitem", name="Reply").click()
    expect(phone.get_by_text("Reply to yourself")).to_be_visible()
