"""Scenes of a longer life on a real network: keys, backups, links, notices, the end."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.web.network import SLOW, Network, enter_code, new_group, register, write_to
from tests.web.pages import Opener, choose, field, log, message, say, visit

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("app_build")]

BOT = Path(__file__).resolve().parents[2] / "web" / "packages" / "client" / "live" / "bot.py"
SECRET = "a long enough secret"


def safety_number(page: Page) -> str:
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("menuitem", name="Safety number").click()
    pane = page.get_by_role("complementary", name="Safety number")
    digits = pane.locator("p.font-mono")
    expect(digits).to_have_text(re.compile(r"^\d{60}$"), timeout=SLOW)
    return digits.inner_text()


def log_out(page: Page) -> None:
    visit(page, "/settings/account")
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Log out").click()
    expect(page.get_by_text("You are logged out.")).to_be_visible(timeout=SLOW)


def own_number(page: Page) -> str:
    visit(page, "/settings/profile")
    shown = page.get_by_text(re.compile(r"^Number:")).inner_text()
    return "+" + re.sub(r"\D", "", shown)


def test_verified_keys_a_backup_and_what_a_new_phone_changes(pair: tuple[Page, Page], server: Network) -> None:
    eva, bia = pair
    say(bia, "Oi Eva!")
    expect(message(eva, "Oi Eva!")).to_be_visible(timeout=SLOW)
    assert re.sub(r"\s", "", safety_number(eva)) == re.sub(r"\s", "", safety_number(bia))
    eva.get_by_role("button", name="The digits are the same").click()
    expect(eva.get_by_text("You verified Bia.")).to_be_visible(timeout=SLOW)

    number = own_number(bia)
    visit(bia, "/settings/backup")
    bia.get_by_role("button", name="With a password").click()
    bia.get_by_label("Password", exact=True).fill("correct horse")
    bia.get_by_label("Once more").fill("correct horse")
    bia.get_by_role("button", name="Turn on backup").click()
    expect(bia.get_by_role("button", name="Change password")).to_be_visible(timeout=SLOW)
    expect(bia.get_by_text("Backup is on")).to_be_visible(timeout=SLOW)
    log_out(bia)

    enter_code(bia, server, number)
    bia.get_by_label("Backup password").fill("wrong", timeout=SLOW)
    bia.get_by_role("button", name="Restore").click()
    expect(bia.get_by_role("alert")).to_be_visible(timeout=SLOW)
    bia.get_by_label("Backup password").fill("correct horse")
    bia.get_by_role("button", name="Restore").click()
    expect(bia.get_by_text(re.compile("messages? (is|are) back"))).to_be_visible(timeout=SLOW)
    bia.get_by_role("button", name="To my chats").click()
    bia.get_by_role("link", name="Eva Luz").click(timeout=SLOW)
    expect(message(bia, "Oi Bia!")).to_be_visible()

    say(bia, "My new phone")
    changed = log(eva).get_by_role("article", name="Bia Sol uses a new device.")
    expect(changed).to_be_visible(timeout=SLOW)

    # Once more, with a code of 64 digits and a PIN.
    visit(bia, "/settings/account")
    bia.get_by_role("button", name="Set a PIN").click()
    bia.get_by_role("dialog").get_by_label("PIN", exact=True).fill("135790")
    bia.get_by_label("Once more").fill("135790")
    bia.get_by_role("button", name="Save").click()
    expect(bia.get_by_role("button", name="Change PIN")).to_be_visible(timeout=SLOW)
    visit(bia, "/settings/backup")
    bia.get_by_role("button", name="Turn off and erase").click()
    bia.get_by_role("alertdialog").get_by_role("button", name="Erase").click()
    bia.get_by_role("button", name="With a 64-digit code").click()
    dialog = bia.get_by_role("dialog", name="Your backup code")
    dialog.get_by_role("button", name="Copy").click(timeout=SLOW)
    code = bia.evaluate("navigator.clipboard.readText()")
    assert re.fullmatch(r"\d{64}", code.replace(" ", ""))
    dialog.get_by_role("checkbox").check()
    dialog.get_by_role("button", name="Done").click()
    expect(bia.get_by_text("none yet")).to_have_count(0, timeout=SLOW)
    log_out(bia)
    enter_code(bia, server, number)
    for pin in ("111111", "135790"):
        bia.get_by_label("PIN").fill(pin, timeout=SLOW)
        bia.get_by_role("button", name="Continue").click()
        if pin == "111111":
            expect(bia.get_by_role("alert")).to_have_text("This PIN is not right.", timeout=SLOW)
    secret = bia.get_by_label("Your 64-digit code")
    secret.fill("1" * 64, timeout=SLOW)
    bia.get_by_role("button", name="Restore").click()
    expect(bia.get_by_role("alert")).to_be_visible(timeout=SLOW)
    secret.fill(code)
    bia.get_by_role("button", name="Restore").click()
    expect(bia.get_by_text(re.compile("messages? (is|are) back"))).to_be_visible(timeout=SLOW)
    bia.get_by_role("button", name="To my chats").click()
    bia.get_by_role("link", name="Eva Luz").click(timeout=SLOW)
    expect(message(bia, "My new phone")).to_be_visible()


def test_a_second_device_is_linked_and_unlinked(pair: tuple[Page, Page], people: Opener) -> None:
    eva, bia = pair
    choose(eva, message(eva, "Oi Bia!"), "Star")
    eva.get_by_role("link", name="Bia Sol").click(button="right")
    eva.get_by_role("menuitem", name="Pin").click()
    laptop = people("/link", fixed_time=False)
    laptop.get_by_text("The code as text").click()
    code = laptop.get_by_text(re.compile("^plauder-link:"))
    visit(eva, "/settings/devices")
    eva.get_by_role("button", name="Link a device").click()
    eva.get_by_label("Or paste the code’s text").fill(code.inner_text())
    eva.get_by_role("button", name="Check").click()
    eva.get_by_role("button", name="Link", exact=True).click(timeout=SLOW)

    laptop.get_by_role("link", name="Bia Sol").click(timeout=60_000)
    expect(message(laptop, "Oi Bia!")).to_be_visible(timeout=SLOW)
    expect(laptop.get_by_role("link", name="Bia Sol").get_by_role("img", name="Pinned")).to_be_visible()
    expect(message(laptop, "Oi Bia!").get_by_role("img", name="Starred")).to_be_visible()
    say(laptop, "From my laptop")
    expect(message(bia, "From my laptop")).to_be_visible(timeout=SLOW)
    say(bia, "To both of you")
    expect(message(laptop, "To both of you")).to_be_visible(timeout=SLOW)
    visit(eva, "/chats")
    eva.get_by_role("link", name="Bia Sol").click()
    for text in ("From my laptop", "To both of you"):
        expect(message(eva, text)).to_be_visible(timeout=SLOW)

    # What belongs to the account is the same on both.
    visit(laptop, "/settings/privacy")
    laptop.get_by_role("switch", name="Read receipts").click()
    visit(eva, "/settings/privacy")
    expect(eva.get_by_role("switch", name="Read receipts")).not_to_be_checked(timeout=SLOW)
    visit(eva, "/settings/devices")
    expect(eva.get_by_text("online", exact=True)).to_be_visible(timeout=SLOW)
    eva.get_by_role("button", name=re.compile("^Actions for")).nth(1).click()
    eva.get_by_role("menuitem", name="Unlink").click()
    eva.get_by_role("alertdialog").get_by_role("button", name="Unlink").click()
    expect(laptop.get_by_role("heading", name="What’s your phone number?")).to_be_visible(timeout=60_000)


def test_a_group_is_joined_by_link_and_its_rules_hold(pair: tuple[Page, Page]) -> None:
    eva, bia = pair
    new_group(eva, "Trilhas", "Bia Sol")
    eva.get_by_role("button", name="Trilhas").first.click()
    pane = eva.get_by_role("complementary", name="Group info")
    expect(pane.get_by_text("2 members")).to_be_visible(timeout=SLOW)
    pane.get_by_role("button", name="Actions for Bia Sol").click()
    eva.get_by_role("menuitem", name="Remove from group").click()
    expect(pane.get_by_text("1 member")).to_be_visible(timeout=SLOW)
    pane.get_by_role("button", name="Invite by link").click()
    eva.get_by_role("button", name="Copy").click(timeout=SLOW)
    link = eva.evaluate("navigator.clipboard.readText()")
    eva.keyboard.press("Escape")

    visit(bia, link)
    bia.get_by_role("button", name="Join group").click()
    expect(bia.get_by_role("log", name="Messages with Trilhas")).to_be_visible(timeout=SLOW)
    expect(pane.get_by_text("2 members")).to_be_visible(timeout=SLOW)
    field(bia).press_sequentially("Oi @ev")
    bia.keyboard.press("Enter")
    bia.keyboard.type("cheguei")
    bia.keyboard.press("Enter")
    expect(message(eva, "Oi @Eva Luz cheguei").locator(".mention")).to_have_text("@Eva Luz", timeout=SLOW)
    pane.get_by_role("switch", name="Only admins can write").click()
    expect(bia.get_by_text("Only admins can write here.")).to_be_visible(timeout=SLOW)


def test_who_is_blocked_and_reported_is_not_heard(pair: tuple[Page, Page]) -> None:
    eva, bia = pair
    eva.get_by_role("button", name="More", exact=True).click()
    eva.get_by_role("menuitem", name="Report").click()
    dialog = eva.get_by_role("dialog", name="Report Bia Sol")
    dialog.get_by_role("radio", name="Threats or harassment").click()
    dialog.get_by_role("button", name="Report").click()
    expect(eva.get_by_text("You blocked Bia Sol.")).to_be_visible(timeout=SLOW)
    said = say(bia, "Do you hear me?")
    expect(said).to_have_accessible_name(re.compile(", (Sent|Not sent)$"), timeout=SLOW)
    eva.get_by_role("button", name="Unblock").click()
    expect(field(eva)).to_be_visible(timeout=SLOW)
    say(bia, "And now?")
    expect(message(eva, "And now?")).to_be_visible(timeout=SLOW)
    expect(log(eva).get_by_text("Do you hear me?")).to_have_count(0)


@pytest.fixture
def bot(server: Network) -> Iterator[str]:
    """Somebody with an ordinary XMPP client that speaks OMEMO 0.3 alone; repeats what it hears."""
    command = [sys.executable, "-m", "plauder", "account", "add", "echo"]
    environment = os.environ | {"PLAUDER_DATA_DIR": str(server.data)}
    subprocess.run(command, env=environment, input=f"{SECRET}\n{SECRET}\n", text=True, check=True, capture_output=True)
    authority = server.data / "tls" / "ca.pem"
    process = subprocess.Popen(
        [sys.executable, str(BOT), "echo@localhost", SECRET, str(server.xmpp_port), str(authority)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    yield "echo@localhost"
    process.terminate()
    process.wait(10)
    process.stdout.close()


def test_an_ordinary_client_answers_encrypted(people: Opener, server: Network, bot: str) -> None:
    page, _ = register(people, server, "Eva Luz")
    page.get_by_role("button", name="New chat", exact=True).click()
    dialog = page.get_by_role("dialog", name="New chat")
    dialog.get_by_role("searchbox").fill(bot)
    dialog.get_by_role("button", name=re.compile("echo")).click(timeout=SLOW)
    say(page, "hello")
    expect(message(page, "echo: hello")).to_be_visible(timeout=60_000)
    said = log(page).get_by_role("article", name=re.compile("^You, hello, .*, (Delivered|Read)$"))
    expect(said).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("Only you and echo can read or hear this.")).to_be_visible()


STUB = """
  Notification.requestPermission = async () => 'granted';
  PushManager.prototype.subscribe = async () => ({toJSON: () => ({
    endpoint: 'http://127.0.0.1:9/push',
    keys: {
      p256dh: 'BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8',
      auth: 'BTBZMqHH6r4Tts7J_aSIgg',
    },
  })});
"""
"""The browser's push service is outside of a test; keys of RFC 8291 §5."""


@pytest.fixture
def noticed(whole_chromium: Browser, server: Network) -> Iterator[Opener]:
    opener = Opener(whole_chromium, server.address)
    yield opener
    opener.close()


def test_a_push_wakes_the_browser_and_leads_to_the_chat(noticed: Opener, server: Network) -> None:
    page, _ = register(noticed, server, "Eva Luz", offline=True)
    page.add_init_script(STUB)
    visit(page, "/settings/notifications")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    if page.get_by_role("switch", name="Notify me of new messages").get_attribute("aria-checked") == "false":
        page.get_by_role("switch", name="Notify me of new messages").click()
    page.get_by_role("button", name="Test the notification").click()
    # The server asks nobody on a private network for others, and says so.
    expect(page.get_by_text("It did not get through")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("private network")).to_be_visible()

    devtools = page.context.new_cdp_session(page)
    workers: list[dict[str, str]] = []
    devtools.on("ServiceWorker.workerRegistrationUpdated", lambda event: workers.extend(event["registrations"]))
    devtools.send("ServiceWorker.enable")
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")
    page.evaluate("Object.defineProperty(document, 'hidden', {value: true})")
    other = page.context.new_page()
    other.goto("about:blank")
    page.close()
    devtools = other.context.new_cdp_session(other)
    devtools.send("ServiceWorker.enable")
    registration = workers[0]["registrationId"]
    origin = server.address
    devtools.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": origin, "registrationId": registration, "data": '{"v":1}'},
    )
    visit(other, origin + "/chats")
    notices = "navigator.serviceWorker.ready.then(r => r.getNotifications()).then(l => l.map(n => n.body))"
    assert other.evaluate(notices) == ["You have new messages"]


def test_a_deleted_account_is_gone(pair: tuple[Page, Page], server: Network) -> None:
    eva, bia = pair
    number = own_number(bia)
    visit(bia, "/settings/account")
    bia.get_by_role("button", name="Delete my account").click()
    bia.get_by_role("textbox").fill(number)
    bia.get_by_role("button", name="Delete for good").click()
    expect(bia.get_by_text("Your account is deleted.")).to_be_visible(timeout=SLOW)
    enter_code(bia, server, number)
    expect(bia.get_by_role("textbox", name="Your name")).to_have_value("", timeout=SLOW)
    bia.get_by_role("textbox", name="Your name").fill("Bia again")
    bia.get_by_role("button", name="Start chatting").click()
    expect(bia.get_by_role("heading", name="Chats", level=1)).to_be_visible()
    expect(bia.get_by_role("link", name="Eva Luz")).to_have_count(0)
    write_to(eva, number)
    say(eva, "Who are you?")
    expect(bia.get_by_role("link", name="Eva Luz")).to_be_visible(timeout=SLOW)
