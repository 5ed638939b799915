"""Everything that can be done in a chat, by role and name."""

from __future__ import annotations

import re
from pathlib import Path
from zlib import compress, crc32

import pytest
from playwright.sync_api import Page, expect

from tests.web.pages import Opener, axe, choose, field, log, menu_of, message, say

pytestmark = pytest.mark.browser


def chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + kind + data + crc32(kind + data).to_bytes(4)


PNG = (
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", (64).to_bytes(4) + (48).to_bytes(4) + b"\x08\x02\x00\x00\x00")
    + chunk(b"IDAT", compress((b"\x00" + b"\x40\x90\xe0" * 64) * 48))
    + chunk(b"IEND", b"")
)
"""A blue sky of 64 × 48 pixels."""


def test_a_message_goes_through_its_ticks_and_is_answered(chat: Page) -> None:
    said = say(chat, "Are you there?")
    expect(said).to_have_accessible_name(re.compile(r"^You, Are you there\?, 13:44, (Waiting|Sent|Delivered|Read)$"))
    expect(message(chat, "Are you there?, 13:44, Read")).to_be_visible()
    before = log(chat).get_by_role("article", name=re.compile("^Bruno Keller")).count()
    expect(log(chat).get_by_role("article", name=re.compile("^Bruno Keller"))).to_have_count(before + 1, timeout=8000)


def test_shift_enter_begins_a_line_and_a_draft_is_kept(open_page: Opener) -> None:
    page = open_page("/chats/kenji@plauder.example")
    field(page).fill("first")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("second")
    page.get_by_role("link", name="Bruno Keller").click()
    expect(page.get_by_role("log", name="Messages with Bruno Keller")).to_be_visible()
    expect(page.get_by_role("link", name="Kenji Mori")).to_contain_text("Draft:")
    page.get_by_role("link", name="Kenji Mori").click()
    expect(field(page)).to_have_value("first\nsecond")


def test_reply_quotes_and_leads_back(chat: Page) -> None:
    choose(chat, message(chat, "Deal! I land on Saturday"), "Reply")
    expect(chat.get_by_text("Reply to yourself")).to_be_visible()
    expect(field(chat)).to_be_focused()
    chat.keyboard.type("At terminal one")
    chat.keyboard.press("Enter")
    expect(message(chat, "in reply to you, At terminal one")).to_be_visible()
    message(chat, "At terminal one").get_by_role("button", name="You Deal! I land").click()
    expect(message(chat, "Deal! I land on Saturday")).to_have_class(re.compile("flash"))


def test_react_change_it_and_take_it_back(chat: Page) -> None:
    target = message(chat, "And I’m bringing the mugs")
    menu_of(chat, target).get_by_role("button", name="React with 👍").click()
    thumbs = target.get_by_role("button", name="👍 Ana Ribeiro")
    expect(thumbs).to_have_attribute("aria-pressed", "true")
    menu_of(chat, target).get_by_role("button", name="React with 😮").click()
    expect(thumbs).to_have_count(0)
    target.get_by_role("button", name="😮 Ana Ribeiro").click()
    expect(target.get_by_role("button", name="😮")).to_have_count(0)


def test_edit_by_arrow_up_and_by_menu(chat: Page) -> None:
    say(chat, "I land at noon")
    field(chat).press("ArrowUp")
    expect(field(chat)).to_have_value("I land at noon")
    field(chat).fill("I land at 14:35")
    chat.keyboard.press("Enter")
    expect(message(chat, "You, I land at 14:35, 13:44, edited")).to_be_visible()
    choose(chat, message(chat, "I land at 14:35"), "Edit")
    chat.keyboard.press("Escape")
    expect(field(chat)).to_have_value("")


def test_delete_for_all_leaves_a_grey_sentence_and_for_me_nothing(chat: Page) -> None:
    say(chat, "Oops")
    choose(chat, message(chat, "Oops"), "Delete")
    chat.get_by_role("dialog").get_by_role("button", name="Delete for everyone").click()
    expect(log(chat).get_by_text("You deleted this message")).to_be_visible()
    say(chat, "Away with it")
    choose(chat, message(chat, "Away with it"), "Delete")
    chat.get_by_role("dialog").get_by_role("button", name="Delete for me").click()
    expect(log(chat).get_by_text("Away with it")).to_have_count(0)


def test_forward_star_and_copy(chat: Page) -> None:
    choose(chat, message(chat, "Deal! I land on Saturday"), "Star")
    choose(chat, message(chat, "Deal! I land on Saturday"), "Copy")
    assert chat.evaluate("navigator.clipboard.readText()") == "Deal! I land on Saturday at 14:35."
    choose(chat, message(chat, "Deal! I land on Saturday"), "Forward")
    dialog = chat.get_by_role("dialog", name="Forward to")
    dialog.get_by_role("searchbox").fill("mãe")
    dialog.get_by_text("Mãe").click()
    dialog.get_by_role("button", name="Send").click()
    expect(chat.get_by_role("log", name="Messages with Mãe")).to_be_visible()
    expect(message(chat, "Deal! I land on Saturday at 14:35., 13:44, forwarded")).to_be_visible()
    chat.get_by_role("navigation", name="Main").get_by_role("link", name="Starred").click()
    chat.get_by_role("link", name=re.compile("Deal! I land")).click()
    expect(chat.get_by_role("log", name="Messages with Bruno Keller")).to_be_visible()


def test_several_messages_are_chosen_and_deleted_by_pointer_and_keyboard(chat: Page) -> None:
    for text in ("first of two", "second of two"):
        say(chat, text)
    choose(chat, message(chat, "first of two"), "Choose")
    bar = chat.get_by_role("toolbar", name="Chosen messages")
    expect(bar).to_contain_text("1 chosen")
    chat.get_by_role("checkbox", name="second of two").check()
    expect(bar).to_contain_text("2 chosen")
    message(chat, "second of two").focus()
    chat.keyboard.press(" ")
    expect(bar).to_contain_text("1 chosen")
    chat.keyboard.press("Escape")
    expect(bar).to_be_hidden()
    choose(chat, message(chat, "second of two"), "Choose")
    chat.get_by_role("checkbox", name="first of two").check()
    assert axe(chat) == []
    bar.get_by_role("button", name="Delete").click()
    dialog = chat.get_by_role("dialog", name="Delete 2 messages?")
    dialog.get_by_role("button", name="Delete for me").click()
    for text in ("first of two", "second of two"):
        expect(log(chat).get_by_role("article", name=text)).to_have_count(0)
    expect(field(chat)).to_be_visible()


def test_styles_are_typed_by_keys_and_drawn(chat: Page) -> None:
    field(chat).fill("so good")
    chat.keyboard.press("Shift+Home")
    chat.keyboard.press("Control+b")
    expect(field(chat)).to_have_value("*so good*")
    chat.keyboard.press("Control+b")
    chat.keyboard.press("Control+i")
    expect(field(chat)).to_have_value("_so good_")
    field(chat).fill("> she said\n```\n*x* = 1\n```\n*yes*")
    chat.keyboard.press("Enter")
    said = message(chat, "she said")
    expect(said.locator("q")).to_have_text("she said")
    expect(said.locator("code")).to_have_text("*x* = 1")
    expect(said.locator("b")).to_have_text("yes")


def test_where_is_my_message(chat: Page) -> None:
    message(chat, "KB 417 from Guarulhos").focus()
    chat.keyboard.press("d")
    pane = chat.get_by_role("complementary", name="Where is my message?")
    expect(pane.get_by_text("Safe on the server, encrypted")).to_be_visible()
    expect(pane.get_by_text("On 1 of Bruno’s 2 devices")).to_be_visible()
    expect(pane.get_by_text("Not read yet")).to_be_visible()
    expect(pane.get_by_text("Laptop")).to_be_visible()
    pane.get_by_role("button", name="Close").click()
    expect(pane).to_have_count(0)


def test_a_failed_message_says_why_and_is_sent_again(open_page: Opener) -> None:
    page = open_page("/chats/kenji@plauder.example")
    expect(log(page).get_by_text("Not sent: No connection.")).to_be_visible()
    log(page).get_by_role("button", name="Try again").click()
    expect(message(page, "At nine, your time., 11:47, Read")).to_be_visible()


def test_text_is_never_markup_and_links_are_safe(chat: Page) -> None:
    field(chat).fill("<img src=x onerror=alert(1)> *bold* https://plauder.example/a?b=1. javascript:alert(1)")
    chat.keyboard.press("Enter")
    said = message(chat, "onerror")
    assert said.locator("img").count() == 0
    links = said.get_by_role("link")
    expect(links).to_have_count(1)
    expect(links).to_have_attribute("href", "https://plauder.example/a?b=1")
    expect(links).to_have_attribute("rel", "noopener noreferrer nofollow")
    expect(said.locator("b")).to_have_text("bold")


def test_emoji_are_found_by_name(chat: Page) -> None:
    chat.get_by_role("button", name="Emoji", exact=True).click()
    chat.get_by_role("searchbox", name="Search emoji").fill("rocket")
    chat.get_by_role("button", name="🚀", exact=True).click()
    expect(field(chat)).to_have_value("🚀")


def test_a_photo_is_described_captioned_sent_and_viewed(chat: Page) -> None:
    with chat.expect_file_chooser() as chooser:
        chat.get_by_role("button", name="Attach").click()
        chat.get_by_role("menuitem", name="Photo or video").click()
    chooser.value.set_files({"name": "sky.png", "mimeType": "image/png", "buffer": PNG})
    dialog = chat.get_by_role("dialog", name="Send photos and videos")
    dialog.get_by_role("textbox", name="Description of sky.png").fill("A blue sky")
    dialog.get_by_role("textbox", name="Caption").fill("No clouds")
    dialog.get_by_role("button", name="Send", exact=True).click()
    expect(message(chat, "Photo. A blue sky. No clouds")).to_be_visible()
    log(chat).get_by_role("button", name="Open photo: A blue sky").click()
    viewer = chat.get_by_role("dialog", name="You")
    expect(viewer.get_by_role("img", name="A blue sky")).to_be_visible()
    chat.keyboard.press("ArrowLeft")
    expect(chat.get_by_role("dialog", name="Bruno Keller")).to_be_visible()
    chat.keyboard.press("Escape")
    expect(chat.get_by_role("dialog")).to_have_count(0)


def test_a_document_shows_its_progress_and_can_be_stopped_or_saved(chat: Page, tmp_path: Path) -> None:
    expect(log(chat).get_by_role("progressbar", name="packing-list.pdf")).to_have_attribute("aria-valuenow", "63")
    log(chat).get_by_role("button", name="Stop upload").click()
    expect(log(chat).get_by_text("packing-list.pdf")).to_have_count(0)
    with chat.expect_file_chooser() as chooser:
        chat.get_by_role("button", name="Attach").click()
        chat.get_by_role("menuitem", name="Document").click()
    chooser.value.set_files({"name": "plan.txt", "mimeType": "text/plain", "buffer": b"Sunday, 8:10"})
    chat.get_by_role("dialog").get_by_role("button", name="Send", exact=True).click()
    with chat.expect_download() as download:
        log(chat).get_by_role("button", name="Save plan.txt").click()
    download.value.save_as(tmp_path / "plan.txt")
    assert (tmp_path / "plan.txt").read_bytes() == b"Sunday, 8:10"


def test_a_voice_note_is_recorded_without_holding(chat: Page) -> None:
    chat.get_by_role("button", name="Record a voice note").click()
    expect(chat.get_by_role("timer")).to_contain_text("0:01", timeout=10_000)
    chat.get_by_role("button", name="Send voice note").click()
    expect(message(chat, "Voice note, 0:01")).to_be_visible()
    chat.get_by_role("button", name="Record a voice note").click()
    chat.get_by_role("button", name="Discard recording").click()
    expect(field(chat)).to_be_visible()


def test_voice_notes_play_one_at_a_time_and_one_after_the_other(chat: Page) -> None:
    chat.get_by_role("button", name="Record a voice note").click()
    expect(chat.get_by_role("timer")).to_contain_text("0:01", timeout=10_000)
    chat.get_by_role("button", name="Send voice note").click()
    expect(message(chat, "Voice note, 0:01")).to_be_visible()
    chat.evaluate(
        """() => {
          const room = fake.world.roomOf('bruno@plauder.example');
          const note = room.messages.get().findLast((one) => one.content.kind === 'voice').content;
          for (let count = 0; count < 2; count += 1)
            fake.world.receive(room, 'bruno@plauder.example', {...note, heard: false});
        }"""
    )
    notes = log(chat).get_by_role("article", name=re.compile("^Bruno Keller, Voice note, 0:01"))
    expect(notes).to_have_count(2)
    first, second = notes.first, notes.last
    mine = log(chat).get_by_role("article", name=re.compile("^You, Voice note, 0:01"))
    pauses = log(chat).get_by_role("button", name="Pause")
    mine.get_by_role("button", name="Play voice note").click()
    expect(mine.get_by_role("button", name="Pause")).to_be_visible()
    first.get_by_role("button", name="Play voice note").click()
    expect(first.get_by_role("button", name="Pause")).to_be_visible()
    expect(pauses).to_have_count(1)
    expect(first.get_by_text("new")).to_have_count(0)
    for speed in ("1.5×", "2×"):
        first.get_by_role("button", name="Speed").click()
        expect(second.get_by_role("button", name=f"Speed {speed}")).to_be_visible()
    expect(second.get_by_role("button", name="Pause")).to_be_visible()
    expect(pauses).to_have_count(1)
    expect(second.get_by_text("new")).to_have_count(0)
    expect(pauses).to_have_count(0)
    place = second.get_by_role("slider", name="Position in the voice note")
    place.focus()
    for _ in range(10):
        chat.keyboard.press("ArrowRight")
    expect(place).to_have_attribute("aria-valuetext", "0:01 of 0:01")
    chat.get_by_role("link", name="Mãe").click()
    expect(chat.get_by_role("log", name="Messages with Mãe")).to_be_visible()


FILES = """([event, names]) => {
  const data = new DataTransfer();
  for (const [name, type] of names) data.items.add(new File(['x'], name, {type}));
  const field = document.querySelector('textarea');
  field.dispatchEvent(event === 'paste'
    ? new ClipboardEvent(event, {clipboardData: data, bubbles: true, cancelable: true})
    : new DragEvent(event, {dataTransfer: data, bubbles: true, cancelable: true}));
}"""


def test_files_are_pasted_and_dropped(chat: Page) -> None:
    field(chat).fill("half a thought")
    pasted = [["image.png", "image/png"], ["image.png", "image/png"], ["plan.txt", "text/plain"]]
    chat.evaluate(FILES, ["paste", pasted])
    dialog = chat.get_by_role("dialog", name="Send documents")
    expect(dialog.get_by_role("listitem")).to_have_count(3)
    dialog.get_by_role("button", name="Leave out image.png").first.click()
    expect(dialog.get_by_role("listitem")).to_have_count(2)
    chat.keyboard.press("Escape")
    expect(field(chat)).to_have_value("half a thought")

    target = chat.get_by_text("Drop files to send them to Bruno Keller")
    chat.evaluate(FILES, ["dragover", [["plan.txt", "text/plain"]]])
    expect(target).to_be_visible()
    chat.evaluate(FILES, ["dragleave", []])
    expect(target).to_have_count(0)
    chat.evaluate(FILES, ["dragover", [["plan.txt", "text/plain"]]])
    chat.evaluate(FILES, ["drop", [["plan.txt", "text/plain"]]])
    expect(target).to_have_count(0)
    chat.get_by_role("dialog", name="Send documents").get_by_role("button", name="Send", exact=True).click()
    expect(log(chat).get_by_role("button", name="Save plan.txt")).to_be_visible()


def test_every_name_and_line_reads_in_its_own_direction(open_page: Opener) -> None:
    page = open_page("/chats")
    page.evaluate(
        """() => {
          const id = 'dana@plauder.example';
          const room = fake.world.room(id, 'person', 'דנה כהן');
          fake.world.receive(room, id, {kind: 'text', text: 'שלום, מה שלומך?'});
        }"""
    )
    row = page.get_by_role("link", name="דנה כהן")
    # The question mark ends the sentence, and a Hebrew sentence ends on the left.
    mark = """(row) => {
      const text = row.querySelector('.preview .cut').firstChild;
      const range = document.createRange();
      const at = (from, to) => (range.setStart(text, from), range.setEnd(text, to), range.getBoundingClientRect().left);
      return at(text.length - 1, text.length) < at(0, 1);
    }"""
    assert row.evaluate(mark)
    row.click()
    bubble = message(page, "שלום").locator("[dir=auto]").first
    assert bubble.evaluate("(text) => getComputedStyle(text).direction") == "rtl"


def test_messages_disappear_when_told_so(chat: Page) -> None:
    chat.get_by_role("button", name="Bruno Keller").first.click()
    chat.get_by_role("button", name="Disappearing messages").click()
    chat.get_by_role("radio", name="1 day").click()
    expect(message(chat, "Ana Ribeiro set messages to disappear after 1 day")).to_be_visible()
    said = say(chat, "Gone tomorrow")
    expect(said.get_by_role("img", name="Disappears")).to_be_visible()


def test_search_in_the_chat_steps_through_hits(chat: Page) -> None:
    chat.keyboard.press("Control+f")
    chat.get_by_role("searchbox", name="Search in chat").fill("berlin")
    expect(message(chat, "Then Berlin, at last")).to_have_class(re.compile("flash"))
    chat.keyboard.press("Escape")
    expect(chat.get_by_role("searchbox", name="Search in chat")).to_have_count(0)


def test_the_log_is_one_stop_and_arrows_move_inside(chat: Page) -> None:
    expect(log(chat)).to_have_attribute("aria-live", "off")
    assert log(chat).locator("[data-message][tabindex='0']").count() == 1
    field(chat).press("Escape")
    last = log(chat).get_by_role("article").last
    expect(last).to_be_focused()
    chat.keyboard.press("ArrowUp")
    expect(message(chat, "And I’m bringing the mugs")).to_be_focused()
    chat.keyboard.press("r")
    expect(field(chat)).to_be_focused()


def test_news_is_announced_history_is_not(chat: Page) -> None:
    status = chat.locator(".chat [role=status].sr")
    expect(status).to_have_text("")
    chat.evaluate(
        "fake.world.receive(fake.world.roomOf('bruno@plauder.example'), 'bruno@plauder.example',"
        " {kind: 'text', text: 'Platform four'})"
    )
    expect(status).to_have_text("Bruno Keller: Platform four")


SETTLED = """async () => {
  for (let frame = 0; frame < 12; frame += 1) await new Promise(requestAnimationFrame);
}"""


def test_ten_thousand_messages_scroll_without_blank_frames(open_page: Opener) -> None:
    page = open_page("/chats/bruno@plauder.example?bulk=10000")
    expect(message(page, "KB 417 from Guarulhos")).to_be_visible()
    blank = page.evaluate(
        """async () => {
          const log = document.querySelector('.log');
          const box = log.getBoundingClientRect();
          const blank = [];
          for (let step = 0; step < 150; step += 1) {
            log.scrollTop -= 400;
            await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
            // A starved browser prefers frames to tasks: what was to be drawn by now may still wait in its queue.
            await new Promise((done) => setTimeout(done));
            const rows = [...document.querySelectorAll('.log-row')].map((row) => row.getBoundingClientRect());
            for (const part of [0.2, 0.5, 0.8]) {
              const y = box.top + box.height * part;
              if (!rows.some((row) => row.top <= y + 4 && row.bottom >= y - 4))
                blank.push({step, y, from: Math.min(...rows.map((row) => row.top)), at: log.scrollTop});
            }
          }
          return blank;
        }"""
    )
    assert blank == []
    assert page.locator("[data-message]").count() < 120
    page.get_by_role("button", name="To the newest message").click()
    expect(message(page, "KB 417 from Guarulhos")).to_be_visible()
    # Dragged to the top of what is loaded: older ones come above, and what was read stays where it was.
    log = page.get_by_role("log")
    shown = """() => {
      const row = document.elementFromPoint(900, 400).closest('.log-row');
      return row?.querySelector('[data-message]')?.dataset.message ?? 'a line';
    }"""
    for _ in range(5):
        log.evaluate("log => { log.scrollTop = 0 }")
        page.evaluate(SETTLED)
        middle = page.evaluate(shown)
        page.evaluate(SETTLED)
        assert page.evaluate(shown) == middle
    page.wait_for_function("() => document.querySelector('.log').scrollTop > 1000")
    # A hit far away, at the beginning of all.
    page.evaluate("history.replaceState(null, '', '?bulk=10000&at=bulk137')")
    page.reload()
    expect(log.locator("[data-message=bulk137]")).to_be_in_viewport()
    page.evaluate(SETTLED)
    expect(log.locator("[data-message=bulk137]")).to_be_in_viewport()
    # Who answers from up here sees the answer.
    say(page, "Still here")
    expect(message(page, "Still here")).to_be_in_viewport()


def test_a_business_is_answered_with_one_tap(open_page: Opener) -> None:
    page = open_page("/chats/kolibri@plauder.example", phone=True, dark=True)
    expect(page.get_by_text("Encrypted on the way.")).to_be_visible()
    expect(page.get_by_role("link", name="Add to wallet")).to_have_attribute("href", "https://kolibri.example/wallet")
    page.get_by_role("button", name="Change seat").click()
    expect(page.get_by_role("button", name="Change seat")).to_be_disabled()
    expect(message(page, "in reply to Kolibri Air, Change seat")).to_be_visible()
    page.get_by_role("button", name="What this means").click()
    expect(page.get_by_role("dialog", name="Where encryption ends")).to_be_visible()


def test_a_list_of_a_business_opens_and_answers(open_page: Opener) -> None:
    page = open_page("/chats/zugvogel@plauder.example")
    page.get_by_role("button", name="Where to put it?").click()
    page.get_by_role("dialog").get_by_role("button", name="With a neighbour").click()
    expect(message(page, "in reply to Zugvogel Parcel, With a neighbour")).to_be_visible()


def test_somebody_is_named_in_a_group(open_page: Opener) -> None:
    page = open_page("/chats/hikers@groups.plauder.example")
    expect(message(page, "who takes the big thermos?").locator(".mention")).to_have_text("@Ana Ribeiro")
    field(page).press_sequentially("Ask @li")
    options = page.get_by_role("listbox", name="People in this group").get_by_role("option")
    expect(options).to_have_text(["Lívia Prado"])
    page.keyboard.press("Enter")
    expect(field(page)).to_have_value("Ask Lívia Prado ".replace("Lívia", "@Lívia"))
    page.keyboard.type("please")
    page.keyboard.press("Enter")
    expect(message(page, "Ask @Lívia Prado please").locator(".mention")).to_have_text("@Lívia Prado")
    field(page).press_sequentially("@")
    expect(options).to_have_count(4)
    page.keyboard.press("Escape")
    expect(options).to_have_count(0)


def test_pictures_sent_together_are_an_album(open_page: Opener) -> None:
    page = open_page("/chats/hikers@groups.plauder.example")
    album = message(page, "Lívia Prado, 6 photos, Last Sunday")
    expect(album.get_by_role("button", name="Open photo")).to_have_count(4)
    expect(album).to_contain_text("+2")
    album.get_by_role("button", name="Open photo").last.click()
    viewer = page.get_by_role("dialog", name="Lívia Prado")
    expect(viewer.get_by_role("img", name="Picture 4 of last Sunday")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(viewer.get_by_role("img", name="Picture 5 of last Sunday")).to_be_visible()
    page.keyboard.press("+")
    viewer.get_by_role("button", name="Show whole").click()
    expect(viewer.get_by_role("button", name="Enlarge")).to_be_visible()


def test_a_chat_is_exported(chat: Page, tmp_path: Path) -> None:
    chat.get_by_role("button", name="More", exact=True).click()
    with chat.expect_download() as download:
        chat.get_by_role("menuitem", name="Export chat").click()
    assert download.value.suggested_filename == "Bruno Keller.txt"
    download.value.save_as(tmp_path / "chat.txt")
    lines = (tmp_path / "chat.txt").read_text(encoding="utf-8").splitlines()
    assert "27 Nov 2026, 13:33:30 – Ana Ribeiro: Deal! I land on Saturday at 14:35." in lines
    assert any("Bruno Keller: Photo. Two hikers below a snowy peak." in line for line in lines)


def test_an_insecure_address_says_so_instead_of_stopping(open_page: Opener) -> None:
    page = open_page("/chats", fixed_time=False)
    page.add_init_script("Object.defineProperty(window, 'isSecureContext', {value: false})")
    page.reload()
    expect(page.get_by_text("This address is not secure")).to_be_visible()
    expect(page.get_by_role("link", name="Open https://localhost")).to_be_visible()
