"""Registration, the chat list, people, groups, keys, devices, backup and settings, by role and name."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.web.pages import Opener, field, log

pytestmark = pytest.mark.browser


def says(field: Locator, what: str) -> None:
    """What is wrong stands beside the field, is tied to it, and what was typed is still there."""
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile(re.escape(what) or "."))
    expect(field).not_to_have_value("")


def ask_for_code(page: Page, number: str) -> None:
    page.get_by_role("textbox", name="Phone number").fill(number)
    page.get_by_role("button", name="Send me a code").click()
    expect(page.get_by_role("heading", name="Enter the code")).to_be_visible()


def test_a_newcomer_registers(open_page: Opener) -> None:
    page = open_page("/?signed-out", phone=True)
    page.get_by_role("textbox", name="Phone number").fill("11 9123")
    page.get_by_role("button", name="Send me a code").click()
    expect(page.get_by_role("alert")).to_have_text("Some digits are missing.")
    ask_for_code(page, "11912345678")
    expect(page.get_by_text("+55 11 91234 5678")).to_be_visible()
    code = page.get_by_role("textbox", name="Code")
    expect(code).to_have_attribute("autocomplete", "one-time-code")
    code.fill("999999")
    expect(page.get_by_role("alert")).to_contain_text("This code is not right.")
    says(code, "This code is not right.")
    page.evaluate("navigator.clipboard.writeText('123 456')")
    code.fill("")
    code.press("Control+v")
    page.get_by_role("textbox", name="Your name").fill("Ana")
    page.get_by_role("button", name="Start chatting").click()
    expect(page.get_by_role("list", name="Chats")).to_be_visible()


@pytest.mark.parametrize(
    ("written", "text"), [("Is+it+open%3F+5+%26+6", "Is it open? 5 & 6"), ("0042", "0042")], ids=["words", "digits"]
)
def test_a_message_link_keeps_its_text_through_the_login(open_page: Opener, written: str, text: str) -> None:
    page = open_page(f"/write/+5511955554444?text={written}&signed-out")
    ask_for_code(page, "11912345678")
    page.evaluate("navigator.clipboard.writeText('123 456')")
    page.get_by_role("textbox", name="Code").press("Control+v")
    page.get_by_role("textbox", name="Your name").fill("Ana")
    page.get_by_role("button", name="Start chatting").click()
    expect(page.get_by_role("log", name="Messages with Thiago Alves")).to_be_visible()
    expect(field(page)).to_have_value(text)


def test_the_country_is_found_by_name_and_by_a_pasted_number(open_page: Opener) -> None:
    page = open_page("/?signed-out")
    page.get_by_role("button", name="Country").click()
    page.get_by_role("searchbox", name="Search countries").fill("germ")
    page.get_by_role("option", name="Germany").click()
    expect(page.get_by_role("button", name="Country Germany")).to_be_visible()
    page.get_by_role("textbox", name="Phone number").fill("+919812345678")
    expect(page.get_by_role("button", name="Country India")).to_be_visible()


def test_who_had_a_pin_and_a_backup_gets_both_back(open_page: Opener) -> None:
    page = open_page("/?signed-out")
    ask_for_code(page, "11912345699")
    page.get_by_role("textbox", name="Code").fill("123456")
    page.get_by_label("PIN").fill("1111")
    page.get_by_role("button", name="Continue").click()
    says(page.get_by_label("PIN"), "This PIN is not right.")
    page.get_by_label("PIN").fill("2468")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Backup password").fill("wrong")
    page.get_by_role("button", name="Restore").click()
    says(page.get_by_label("Backup password"), "This is not the right password or code.")
    page.get_by_label("Backup password").fill("correct horse")
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("1,240 messages are back.")).to_be_visible()
    page.get_by_role("button", name="To my chats").click()
    expect(page.get_by_role("list", name="Chats")).to_be_visible()


def chat_menu(page: Page, name: str, entry: str) -> None:
    page.get_by_role("link", name=name).click(button="right")
    page.get_by_role("menuitem", name=entry).click()


def test_chats_are_pinned_muted_archived_and_marked(open_page: Opener) -> None:
    page = open_page("/chats")
    chat_menu(page, "Kenji Mori", "Pin")
    expect(page.get_by_role("link", name="Kenji Mori").get_by_role("img", name="Pinned")).to_be_visible()
    chat_menu(page, "Kenji Mori", "Mute")
    expect(page.get_by_role("link", name="Kenji Mori").get_by_role("img", name="Muted")).to_be_visible()
    chat_menu(page, "Mãe", "Mark as unread")
    page.get_by_role("button", name="Unread 6").click()
    expect(page.get_by_role("link", name="Mãe")).to_be_visible()
    expect(page.get_by_role("link", name="Lívia Prado")).to_have_count(0)
    page.get_by_role("button", name="All").click()
    chat_menu(page, "Lívia Prado", "Archive")
    expect(page.get_by_role("link", name="Lívia Prado")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("link", name="Lívia Prado")).to_be_visible()
    chat_menu(page, "Lívia Prado", "Archive")
    page.get_by_role("link", name="Archived").click()
    expect(page.get_by_role("link", name="Lívia Prado")).to_be_visible()


def test_chats_people_and_messages_are_found_from_the_keyboard(open_page: Opener) -> None:
    page = open_page("/chats")
    page.keyboard.press("Control+k")
    page.get_by_role("searchbox", name="Search chats and messages").fill("thermos")
    expect(page.get_by_role("dialog").get_by_role("button", name="big thermos?")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("log", name="Messages with Sunday hikers")).to_be_visible()
    page.keyboard.press("Alt+ArrowDown")
    expect(page.get_by_role("log", name="Messages with Zugvogel Parcel")).to_be_visible()
    page.get_by_role("log").press("Escape")
    page.keyboard.press("F6")


def test_someone_is_found_by_number_and_written_to(open_page: Opener) -> None:
    page = open_page("/chats")
    page.get_by_role("button", name="New chat", exact=True).click()
    search = page.get_by_role("dialog").get_by_role("searchbox")
    search.fill("+15550001111")
    expect(page.get_by_text(re.compile("not on Plauder yet|Nobody has this name"))).to_be_visible()
    search.fill("11 95555-4444")
    page.get_by_role("dialog").get_by_role("button", name="Thiago Alves").click()
    expect(page.get_by_role("log", name="Messages with Thiago Alves")).to_be_visible()
    expect(page.get_by_text("Only you and Thiago can read or hear this.")).to_be_visible()


def test_block_unblock_and_report(open_page: Opener) -> None:
    page = open_page("/chats/bruno@plauder.example")
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("menuitem", name="Block").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Block").click()
    expect(page.get_by_text("You blocked Bruno Keller.")).to_be_visible()
    page.get_by_role("button", name="Unblock").click()
    expect(field(page)).to_be_visible()
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("menuitem", name="Report").click()
    dialog = page.get_by_role("dialog", name="Report Bruno Keller")
    dialog.get_by_role("radio", name="Threats or harassment").click()
    dialog.get_by_role("checkbox").first.check()
    dialog.get_by_role("button", name="Report").click()
    expect(page.get_by_text("The operator was told.")).to_be_visible()


def test_keys_are_compared(open_page: Opener) -> None:
    page = open_page("/chats/bruno@plauder.example")
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("menuitem", name="Safety number").click()
    pane = page.get_by_role("complementary", name="Safety number")
    expect(pane.get_by_text("30415")).to_be_visible()
    pane.get_by_role("button", name="Scan Bruno’s code").click()
    page.get_by_label("Or paste the code’s text").fill("something else")
    page.get_by_role("button", name="Check").click()
    expect(pane.get_by_role("alert")).to_contain_text("The codes differ.")
    pane.get_by_role("button", name="The digits are the same").click()
    expect(pane.get_by_text("You verified Bruno.")).to_be_visible()


def test_a_group_from_first_to_last(open_page: Opener) -> None:
    page = open_page("/people")
    page.get_by_role("button", name="New group").click()
    dialog = page.get_by_role("dialog", name="New group")
    dialog.get_by_text("Lívia Prado").click()
    dialog.get_by_text("Jonas Weber").click()
    dialog.get_by_role("button", name="Continue").click()
    dialog.get_by_role("textbox", name="Group name").fill("Brocken")
    dialog.get_by_role("button", name="Create group").click()
    expect(page.get_by_role("log", name="Messages with Brocken")).to_be_visible()
    page.get_by_role("button", name="Brocken").first.click()
    pane = page.get_by_role("complementary", name="Group info")
    expect(pane.get_by_text("3 members")).to_be_visible()
    pane.get_by_role("button", name="Actions for Jonas Weber").click()
    page.get_by_role("menuitem", name="Make admin").click()
    expect(pane.get_by_role("button", name="Jonas Weber Admin")).to_be_visible()
    pane.get_by_role("button", name="Actions for Lívia Prado").click()
    page.get_by_role("menuitem", name="Remove from group").click()
    expect(pane.get_by_text("2 members")).to_be_visible()
    pane.get_by_role("button", name="Invite by link").click()
    expect(page.get_by_role("img", name="QR code of the invite link")).to_be_visible()
    page.get_by_role("button", name="Copy").click()
    assert "/i/" in page.evaluate("navigator.clipboard.readText()")
    page.keyboard.press("Escape")
    pane.get_by_role("button", name="Leave group").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Leave").click()
    page.go_back()
    expect(page.get_by_text("You are no longer in this group.")).to_be_visible()


def test_an_invite_leads_to_its_group(open_page: Opener) -> None:
    page = open_page("/i/hikers-7Qm4")
    page.get_by_role("button", name="Join group").click()
    expect(page.get_by_role("log", name="Messages with Sunday hikers")).to_be_visible()
    page = open_page("/i/gone")
    expect(page.get_by_text("This link ran out. Ask for a new one.")).to_be_visible()


def test_a_device_is_linked_renamed_and_unlinked(open_page: Opener) -> None:
    page = open_page("/settings/devices")
    page.get_by_role("button", name="Link a device").click()
    page.get_by_label("Or paste the code’s text").fill("<script>alert(1)</script> " * 100)
    page.get_by_role("button", name="Check").click()
    says(page.get_by_label("Or paste the code’s text"), "This was not found.")
    page.get_by_label("Or paste the code’s text").fill("https://plauder.example/link#fake-offer")
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_text("Firefox on Windows will be able to")).to_be_visible()
    page.get_by_role("button", name="Link", exact=True).click()
    page.get_by_role("button", name="Actions for Firefox on Windows").click()
    page.get_by_role("menuitem", name="Rename").click()
    page.get_by_role("textbox", name="Name").fill("Work laptop")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Actions for Work laptop").click()
    page.get_by_role("menuitem", name="Unlink").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Unlink").click()
    expect(page.get_by_text("Work laptop")).to_have_count(0)


def test_a_backup_by_code_and_by_password(open_page: Opener) -> None:
    page = open_page("/settings/backup")
    page.get_by_role("button", name="With a 64-digit code").click()
    dialog = page.get_by_role("dialog", name="Your backup code")
    expect(dialog.get_by_role("button", name="Done")).to_be_disabled()
    dialog.get_by_role("checkbox").check()
    dialog.get_by_role("button", name="Done").click()
    expect(page.get_by_text("Backup is on")).to_be_visible()
    page.get_by_role("button", name="Turn off and erase").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Erase").click()
    page.get_by_role("button", name="With a password").click()
    page.get_by_label("Password", exact=True).fill("correct horse")
    page.get_by_label("Once more").fill("correct horse")
    page.get_by_role("button", name="Turn on backup").click()
    expect(page.get_by_role("button", name="Change password")).to_be_visible()


def test_privacy_profile_and_pin(open_page: Opener) -> None:
    page = open_page("/settings/privacy")
    page.get_by_role("button", name="Last seen").click()
    page.get_by_role("radio", name="Nobody").click()
    expect(page.get_by_role("button", name="Last seen Nobody")).to_be_visible()
    receipts = page.get_by_role("switch", name="Read receipts")
    receipts.click()
    expect(receipts).not_to_be_checked()
    page.get_by_role("link", name="Ana Ribeiro").click()
    page.get_by_role("textbox", name="Your name").fill("Ana R.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Ana R.")).to_be_visible()
    page.get_by_role("link", name="Account").click()
    page.get_by_role("button", name="Change PIN").click()
    page.get_by_role("dialog").get_by_label("PIN", exact=True).fill("135790")
    page.get_by_label("Once more").fill("135791")
    says(page.get_by_label("Once more"), "The two differ.")
    page.get_by_label("Once more").fill("135790")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_log_out_and_delete_the_account(open_page: Opener) -> None:
    page = open_page("/settings/account")
    page.get_by_role("button", name="Delete my account").click()
    page.get_by_role("textbox").fill("11 91234-0000")
    page.get_by_role("button", name="Delete for good").click()
    says(page.get_by_role("textbox"), "")
    page.get_by_role("textbox").fill("11 91234-5678")
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_text("Your account is deleted.")).to_be_visible()
    page = open_page("/settings/account")
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Log out").click()
    expect(page.get_by_text("You are logged out.")).to_be_visible()
    expect(page.get_by_role("heading", name="What’s your phone number?")).to_be_visible()


def test_offline_is_said_and_the_queue_counted(open_page: Opener) -> None:
    page = open_page("/chats/bruno@plauder.example")
    page.evaluate("fake.world.setOnline(false)")
    field(page).fill("For later")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No connection. You can read and write; 1 message waits.")).to_be_visible()
    page.get_by_role("button", name="Try now").click()
    expect(page.get_by_text("No connection.")).to_have_count(0)
    expect(log(page).get_by_role("article", name=re.compile("For later, 13:44, Read"))).to_be_visible()


def test_a_locked_message_says_why(open_page: Opener) -> None:
    page = open_page("/chats/rahul@plauder.example")
    expect(log(page).get_by_text("This message is still locked")).to_be_visible()
    expect(log(page).get_by_text("Open Plauder on your other device to bring it here.")).to_be_visible()


def test_storage_is_counted_and_freed(open_page: Opener) -> None:
    page = open_page("/settings/storage")
    expect(page.get_by_text("91.6 MB", exact=True)).to_be_visible()
    page.get_by_role("button", name="Free all downloaded files").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Free").click()
    expect(page.get_by_role("alertdialog")).to_have_count(0)


def test_the_shortcuts_are_listed(open_page: Opener) -> None:
    page = open_page("/chats")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
