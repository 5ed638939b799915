"""What people do every day, on a real network: it shows, it reaches the other side, and a reload keeps it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.web.network import SLOW, Network, new_group, numbers
from tests.web.pages import Opener, choose, field, log, menu_of, message, say, visit
from tests.web.test_conversation import PNG
from tests.web.test_people import says

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("app_build")]


def chat_menu(page: Page, name: str, entry: str) -> None:
    page.get_by_role("link", name=name).click(button="right")
    page.get_by_role("menuitem", name=entry, exact=True).click()


def shows(page: Page, name: str, sign: str) -> None:
    expect(page.get_by_role("link", name=name).get_by_role("img", name=sign)).to_be_visible(timeout=SLOW)


def test_the_list_of_chats_is_kept_in_order(pair: tuple[Page, Page]) -> None:
    eva, bia = pair
    new_group(eva, "Trilhas", "Bia Sol")
    field(eva).fill("half a thought")
    eva.get_by_role("link", name="Bia Sol").click()
    expect(eva.get_by_role("link", name="Trilhas")).to_contain_text("Draft: half a thought")
    chat_menu(eva, "Bia Sol", "Pin")
    chat_menu(eva, "Trilhas", "Mute")
    chat_menu(eva, "Trilhas", "Mark as unread")
    eva.reload()
    shows(eva, "Bia Sol", "Pinned")
    shows(eva, "Trilhas", "Muted")
    expect(eva.get_by_role("list", name="Chats").get_by_role("link")).to_have_text(
        [re.compile("Bia"), re.compile("Tri")]
    )
    eva.get_by_role("button", name=re.compile("^Unread")).click()
    expect(eva.get_by_role("link", name="Bia Sol")).to_have_count(0)
    eva.get_by_role("link", name="Trilhas").click()
    expect(field(eva)).to_have_value("half a thought")
    eva.get_by_role("button", name="All", exact=True).click()

    # Muted, it stays in the archive when somebody writes; otherwise it comes back.
    for name in ("Trilhas", "Bia Sol"):
        chat_menu(eva, name, "Archive")
        expect(eva.get_by_role("list", name="Chats").get_by_role("link", name=name)).to_have_count(0)
    visit(eva, "/chats")
    bia.get_by_role("button", name="Back to chats").click()
    bia.get_by_role("link", name="Trilhas").click(timeout=SLOW)
    say(bia, "Domingo?")
    bia.get_by_role("button", name="Back to chats").click()
    bia.get_by_role("link", name="Eva Luz").click()
    say(bia, "Are you there?")
    expect(eva.get_by_role("link", name="Bia Sol")).to_contain_text("Are you there?", timeout=SLOW)
    eva.get_by_role("link", name="Archived").click()
    archived = eva.get_by_role("list", name="Archived chats").get_by_role("link", name="Trilhas")
    expect(archived).to_contain_text("1 new message", timeout=SLOW)
    chat_menu(eva, "Trilhas", "Unarchive")
    expect(archived).to_have_count(0)
    visit(eva, "/chats")
    chat_menu(eva, "Trilhas", "Unmute")
    chat_menu(eva, "Bia Sol", "Unpin")
    expect(eva.get_by_role("img", name="Muted")).to_have_count(0)
    expect(eva.get_by_role("img", name="Pinned")).to_have_count(0)


def test_messages_are_found_kept_passed_on_and_tried_again(pair: tuple[Page, Page]) -> None:
    eva, bia = pair
    eva.get_by_role("button", name="Emoji", exact=True).click()
    eva.get_by_role("searchbox", name="Search emoji").fill("rocket")
    eva.get_by_role("button", name="🚀", exact=True).click()
    field(eva).press("End")
    eva.keyboard.type(" para o Pico às nove https://plauder.example/mapa")
    eva.keyboard.press("Enter")
    said = message(bia, "para o Pico às nove")
    expect(said).to_contain_text("🚀", timeout=SLOW)
    expect(said.get_by_role("link")).to_have_attribute("href", "https://plauder.example/mapa")
    menu_of(bia, said).get_by_role("button", name="More emoji").click()
    bia.get_by_role("searchbox", name="Search emoji").fill("mountain")
    bia.get_by_role("button", name="⛰️", exact=True).click()
    expect(message(eva, "para o Pico").get_by_role("button", name="⛰️")).to_be_visible(timeout=SLOW)

    choose(bia, message(bia, "para o Pico"), "Star")
    choose(bia, message(bia, "para o Pico"), "Copy")
    assert "para o Pico às nove" in bia.evaluate("navigator.clipboard.readText()")
    choose(bia, message(bia, "para o Pico"), "Forward")
    dialog = bia.get_by_role("dialog", name="Forward to")
    dialog.get_by_text("Eva Luz").click()
    dialog.get_by_role("button", name="Send").click()
    expect(message(eva, "forwarded")).to_contain_text("para o Pico às nove", timeout=SLOW)
    say(bia, "to be gone for me alone")
    choose(bia, message(bia, "to be gone"), "Delete")
    bia.get_by_role("dialog").get_by_role("button", name="Delete for me").click()
    expect(log(bia).get_by_text("to be gone")).to_have_count(0)
    expect(message(eva, "to be gone")).to_be_visible(timeout=SLOW)

    # A server that will not take a file now: nothing is lost, and it goes when it may.
    def refuse(route: Route) -> None:
        route.fulfill(status=403, body="no") if route.request.method == "PUT" else route.continue_()

    bia.context.route("**/media/**", refuse)
    with bia.expect_file_chooser() as chooser:
        bia.get_by_role("button", name="Attach").click()
        bia.get_by_role("menuitem", name="Photo or video").click()
    chooser.value.set_files({"name": "pico.png", "mimeType": "image/png", "buffer": PNG})
    dialog = bia.get_by_role("dialog", name="Send photos and videos")
    dialog.get_by_role("textbox", name="Caption").fill("O Pico")
    dialog.get_by_role("button", name="Send", exact=True).click()
    expect(log(bia).get_by_text("Not sent:")).to_be_visible(timeout=SLOW)
    bia.reload()
    expect(log(bia).get_by_text("Not sent:")).to_be_visible(timeout=SLOW)
    bia.context.unroute("**/media/**")
    log(bia).get_by_role("button", name="Try again").last.click()
    expect(message(eva, "O Pico")).to_be_visible(timeout=SLOW)

    # All of it is still there after the reload, and found.
    first = log(bia).get_by_role("article", name=re.compile("^Eva Luz, 🚀"))
    expect(first.get_by_role("button", name="⛰️")).to_be_visible()
    expect(log(bia).get_by_text("to be gone")).to_have_count(0)
    bia.get_by_role("button", name="More", exact=True).click()
    bia.get_by_role("menuitem", name="Search in chat").click()
    bia.get_by_role("searchbox", name="Search in chat").fill("nove")
    expect(log(bia).locator(".flash")).to_contain_text("às nove")
    bia.keyboard.press("Escape")
    bia.get_by_role("button", name="Back to chats").click()
    bia.get_by_role("button", name="Search chats and messages").click()
    bia.get_by_role("searchbox", name="Search chats and messages").fill("pico")
    expect(bia.get_by_role("dialog").get_by_role("button", name="para o Pico às nove").first).to_be_visible()
    bia.keyboard.press("Escape")
    visit(bia, "/starred")
    bia.get_by_role("link", name=re.compile("para o Pico")).click()
    expect(bia.get_by_role("log", name="Messages with Eva Luz")).to_be_visible()
    choose(bia, first, "Remove star")
    visit(bia, "/starred")
    expect(bia.get_by_text("Nothing starred yet")).to_be_visible()


def test_bad_input_is_said_beside_its_field_and_nothing_is_lost(people: Opener, server: Network) -> None:
    page = people("/", fixed_time=False, phone=True)
    number = page.get_by_label("Phone number")
    for wrong, why in [
        ("11 9123", "Some digits are missing."),
        ("1" * 40, "too many digits"),
        ("+999 123456", "not a phone number"),
        ("0", "digits"),
    ]:
        number.fill(wrong)
        page.get_by_role("button", name="Send me a code").click()
        says(number, why)
    right = next(numbers)
    number.fill(right)
    page.get_by_role("button", name="Send me a code").click()
    code = page.get_by_role("textbox", name="Code")
    code.wait_for()
    sent = server.code_for(right)
    code.fill("".join(str(9 - int(digit)) for digit in sent))
    says(code, "This code is not right.")
    code.fill(sent)
    name = page.get_by_role("textbox", name="Your name")
    name.fill("  ", timeout=SLOW)
    expect(page.get_by_role("button", name="Start chatting")).to_be_disabled()
    name.fill("دانا " + "W" * 300)
    page.get_by_role("button", name="Start chatting").click()
    expect(page.get_by_role("heading", name="Chats", level=1)).to_be_visible(timeout=SLOW)

    page.get_by_role("button", name="Search chats and messages").click()
    for query in ('"AND NOT ( * : ^', "'; DROP TABLE message; --", "\u202e" * 50, "a" * 5000):
        page.get_by_role("searchbox", name="Search chats and messages").fill(query)
        expect(page.get_by_text(re.compile("^Nothing found for"))).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="New chat", exact=True).click()
    dialog = page.get_by_role("dialog", name="New chat")
    for query in ("@@//", "x@y@z", "nobody@localhost/" + "r" * 2000):
        dialog.get_by_role("searchbox").fill(query)
        expect(dialog.get_by_text(re.compile("Nobody has this name|not on Plauder yet|not found"))).to_be_visible(
            timeout=SLOW
        )
    dialog.get_by_role("searchbox").fill("")
    dialog.get_by_role("button", name="Scan a code").click()
    page.get_by_label("Or paste an invite link").fill("https://plauder.example/i/%E0%A4%A")
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_role("dialog", name="New chat").get_by_role("searchbox")).to_have_value(re.compile("%E0"))

    # A group of one, with a name that is as long as it may be.
    page.get_by_role("dialog").get_by_role("searchbox").fill("")
    page.get_by_role("button", name="New group").click()
    dialog = page.get_by_role("dialog", name="New group")
    dialog.get_by_role("button", name="Continue").click()
    dialog.get_by_role("textbox", name="Group name").fill("   ")
    expect(dialog.get_by_role("button", name="Create group")).to_be_disabled()
    dialog.get_by_role("textbox", name="Group name").fill("T" * 300)
    dialog.get_by_role("button", name="Create group").click()
    expect(page.get_by_role("log", name="Messages with " + "T" * 100)).to_be_visible(timeout=SLOW)
    expect(say(page, "Só eu")).to_have_accessible_name(re.compile(", (Sent|Delivered|Read)$"), timeout=SLOW)
    width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1]

    visit(page, "/settings/account")
    page.get_by_role("button", name="Set a PIN").click()
    page.get_by_role("dialog").get_by_label("PIN", exact=True).fill("135790")
    page.get_by_label("Once more").fill("135791")
    says(page.get_by_label("Once more"), "The two differ.")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Delete my account").click()
    page.get_by_role("textbox").fill("+5511999999999")
    page.get_by_role("button", name="Delete for good").click()
    says(page.get_by_role("textbox"), "")
    visit(page, "/settings/backup")
    page.get_by_role("button", name="With a password").click()
    page.get_by_label("Password", exact=True).fill("short")
    expect(page.get_by_text("A little longer, please.")).to_be_visible()
    page.get_by_label("Password", exact=True).fill("correct horse")
    page.get_by_label("Once more").fill("correct house")
    says(page.get_by_label("Once more"), "The two differ.")
    expect(page.get_by_role("button", name="Turn on backup")).to_be_disabled()
    visit(page, "/settings/devices")
    page.get_by_role("button", name="Link a device").click()
    for wrong in ("hello", "plauder-link:..", "plauder-link:" + "0" * 32 + ".%%%.x", "x" * 10_000):
        page.get_by_label("Or paste the code’s text").fill(wrong)
        page.get_by_role("button", name="Check").click()
        says(page.get_by_label("Or paste the code’s text"), "not found")
    for link in ("/i/nonsense", "/i/%00%FF", "/invite#" + "x" * 3000):
        page.goto(server.address + link)
        expect(page.get_by_text(re.compile("ran out|not found|not work|no such page"))).to_be_visible(timeout=SLOW)


LATER = "(days) => { const now = Date.now; Date.now = () => now() + days * 86_400_000; }"


def test_messages_disappear_on_both_sides_and_do_not_come_back(pair: tuple[Page, Page]) -> None:
    eva, bia = pair
    eva.get_by_role("button", name="Bia Sol").first.click()
    eva.get_by_role("button", name="Disappearing messages").click()
    eva.get_by_role("radio", name="1 day").click()
    expect(message(bia, "Eva Luz set messages to disappear after 1 day")).to_be_visible(timeout=SLOW)
    said = say(bia, "Gone tomorrow")
    expect(said.get_by_role("img", name="Disappears")).to_be_visible(timeout=SLOW)
    expect(message(eva, "Gone tomorrow").get_by_role("img", name="Disappears")).to_be_visible(timeout=SLOW)
    expect(said).to_have_accessible_name(re.compile(", Read$"), timeout=SLOW)
    # The clocks of the workers, where messages are kept, go on by two days; whoever reads or writes looks at them.
    for page in pair:
        for worker in page.workers:
            worker.evaluate(LATER, 2)
    say(eva, "It is tomorrow")
    expect(message(bia, "It is tomorrow")).to_be_visible(timeout=SLOW)
    say(bia, "And so it is")
    expect(message(eva, "And so it is")).to_be_visible(timeout=SLOW)
    for page in pair:
        expect(log(page).get_by_text("Gone tomorrow")).to_have_count(0, timeout=60_000)
        expect(message(page, "Oi Bia!")).to_be_visible()
        page.reload()
        expect(message(page, "It is tomorrow")).to_be_visible(timeout=SLOW)
        expect(log(page).get_by_text("Gone tomorrow")).to_have_count(0)


def test_settings_are_kept(pair: tuple[Page, Page]) -> None:
    eva, bia = pair
    visit(eva, "/settings/profile")
    eva.get_by_role("textbox", name="About").fill("Sempre na trilha")
    eva.get_by_role("button", name="Save").click()
    bia.get_by_role("button", name=re.compile("^Eva Luz")).first.click()
    expect(bia.get_by_text("Sempre na trilha")).to_be_visible(timeout=SLOW)

    visit(eva, "/settings/privacy")
    eva.get_by_role("switch", name="Read receipts").click()
    eva.get_by_role("button", name="Who may add me to groups").click()
    eva.get_by_role("radio", name="My contacts").click()
    visit(eva, "/settings/notifications")
    eva.get_by_role("switch", name="Show what the message says").click()
    visit(eva, "/settings/look")
    eva.get_by_role("radio", name="Dark").click()
    eva.get_by_role("radio", name="Compact").click()
    eva.get_by_role("radio", name="Deutsch").click()
    expect(eva.get_by_role("heading", name="Aussehen und Sprache")).to_be_visible()
    eva.reload()
    expect(eva.get_by_role("heading", name="Aussehen und Sprache")).to_be_visible(timeout=SLOW)
    expect(eva.locator("html")).to_have_attribute("lang", "de")
    expect(eva.get_by_role("radio", name="Dunkel")).to_be_checked()
    eva.get_by_role("radio", name="English").click()
    visit(eva, "/settings/privacy")
    expect(eva.get_by_role("switch", name="Read receipts")).not_to_be_checked()
    expect(eva.get_by_role("button", name="Who may add me to groups My contacts")).to_be_visible()
    visit(eva, "/settings/notifications")
    expect(eva.get_by_role("switch", name="Show what the message says")).not_to_be_checked()

    # Whoever tells nobody what they read is not told either.
    visit(eva, "/chats")
    eva.get_by_role("link", name="Bia Sol").click()
    said = say(bia, "Did you read this?")
    expect(message(eva, "Did you read this?")).to_be_visible(timeout=SLOW)
    say(eva, "Who knows")
    expect(message(bia, "Who knows")).to_be_visible(timeout=SLOW)
    expect(said).to_have_accessible_name(re.compile(", Delivered$"))
