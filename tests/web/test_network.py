"""Two browsers on a real server: from a phone number to an encrypted conversation, through bad weather."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.web.network import SLOW, Network, new_group, register, write_to
from tests.web.pages import Opener, choose, field, log, menu_of, message, say, visit
from tests.web.test_conversation import PNG

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("app_build")]


def test_two_browsers_talk(pair: tuple[Page, Page]) -> None:
    eva, bia = pair
    say(bia, "Oi Eva, tudo bem?")
    expect(message(eva, "Oi Eva, tudo bem?")).to_be_visible(timeout=SLOW)
    said = say(eva, "Tudo!")
    expect(message(bia, "Tudo!")).to_be_visible(timeout=SLOW)
    expect(said).to_have_accessible_name(re.compile(", Read$"), timeout=SLOW)
    said.focus()
    eva.keyboard.press("d")
    pane = eva.get_by_role("complementary", name="Where is my message?")
    expect(pane.get_by_text("Safe on the server, encrypted")).to_be_visible()
    eva.get_by_role("button", name="Close").click()

    # Reply, reaction, edit and deletion reach the other side.
    choose(bia, message(bia, "Tudo!"), "Reply")
    bia.keyboard.type("Que bom")
    bia.keyboard.press("Enter")
    expect(message(eva, "in reply to you, Que bom")).to_be_visible(timeout=SLOW)
    menu_of(eva, message(eva, "Que bom")).get_by_role("button", name="React with ❤️").click()
    expect(message(bia, "Que bom").get_by_role("button", name="❤️")).to_be_visible(timeout=SLOW)
    choose(eva, message(eva, "Tudo!"), "Edit")
    field(eva).fill("Tudo ótimo!")
    eva.keyboard.press("Enter")
    expect(message(bia, "Tudo ótimo!")).to_be_visible(timeout=SLOW)
    choose(eva, message(eva, "Tudo ótimo!"), "Delete")
    eva.get_by_role("button", name="Delete for everyone").click()
    expect(message(bia, "Eva Luz, This message was deleted")).to_be_visible(timeout=SLOW)


def test_a_photo_and_a_voice_note_arrive(pair: tuple[Page, Page]) -> None:
    eva, bia = pair
    with eva.expect_file_chooser() as chooser:
        eva.get_by_role("button", name="Attach").click()
        eva.get_by_role("menuitem", name="Photo or video").click()
    chooser.value.set_files({"name": "sky.png", "mimeType": "image/png", "buffer": PNG})
    dialog = eva.get_by_role("dialog", name="Send photos and videos")
    dialog.get_by_role("textbox", name="Caption").fill("Olha")
    dialog.get_by_role("button", name="Send", exact=True).click()
    expect(message(bia, "Olha")).to_be_visible(timeout=SLOW)
    eva.get_by_role("button", name="Record a voice note").click()
    expect(eva.get_by_role("timer")).to_contain_text("0:01", timeout=SLOW)
    eva.get_by_role("button", name="Send voice note").click()
    note = message(bia, "Voice note")
    expect(note.get_by_text("new")).to_be_visible(timeout=SLOW)
    note.get_by_role("button", name="Speed 1×").click()
    note.get_by_role("button", name="Play voice note").click()
    expect(note.get_by_text("new")).to_have_count(0, timeout=SLOW)
    expect(note.get_by_role("button", name="Speed 1.5×")).to_be_visible()
    # It went through to its end: the button says play again, and nothing is wrong.
    expect(note.get_by_role("button", name="Play voice note")).to_be_visible(timeout=SLOW)
    expect(note.get_by_role("status")).to_have_count(0)
    message(bia, "Olha").get_by_role("button", name="Open photo").click()
    picture = bia.get_by_role("dialog", name="Eva Luz").locator("img").first
    expect(picture).to_be_visible(timeout=SLOW)
    assert picture.evaluate("(img) => img.decode().then(() => img.naturalWidth)") > 0


def test_who_is_there_what_they_write_and_how_they_look(pair: tuple[Page, Page], tmp_path: Path) -> None:
    eva, bia = pair
    there = bia.get_by_role("button", name=re.compile("^Eva Luz online"))
    expect(there).to_be_visible(timeout=SLOW)
    field(eva).press_sequentially("Então")
    expect(bia.get_by_role("button", name=re.compile("^Eva Luz typing"))).to_be_visible(timeout=SLOW)
    field(eva).fill("")
    expect(there).to_be_visible(timeout=SLOW)

    with eva.expect_file_chooser() as chooser:
        eva.get_by_role("button", name="Attach").click()
        eva.get_by_role("menuitem", name="Document").click()
    chooser.value.set_files({"name": "pl\u202ean.txt", "mimeType": "text/plain", "buffer": b"Sunday, 8:10"})
    eva.get_by_role("dialog").get_by_role("button", name="Send", exact=True).click()
    with bia.expect_download(timeout=SLOW) as download:
        log(bia).get_by_role("button", name="Save plan.txt").click(timeout=SLOW)
    download.value.save_as(tmp_path / "plan.txt")
    assert (tmp_path / "plan.txt").read_bytes() == b"Sunday, 8:10"

    visit(eva, "/settings/profile")
    with eva.expect_file_chooser() as chooser:
        eva.get_by_role("button", name="Choose a picture").click()
    chooser.value.set_files({"name": "me.png", "mimeType": "image/png", "buffer": PNG})
    eva.get_by_role("textbox", name="Your name").fill("Eva Lua")
    eva.get_by_role("button", name="Save").click()
    bia.get_by_role("button", name="Back to chats").click()
    renamed = bia.get_by_role("link", name="Eva Lua")
    expect(renamed).to_be_visible(timeout=SLOW)
    expect(renamed.locator("img:not([aria-label])")).not_to_have_count(0, timeout=SLOW)
    renamed.click()

    there = bia.get_by_role("button", name=re.compile("^Eva Lua online"))
    expect(there).to_be_visible(timeout=SLOW)
    visit(eva, "/settings/privacy")
    eva.get_by_role("switch", name="Show when I am typing").click()
    for what in ("Online", "Last seen"):
        eva.get_by_role("button", name=re.compile(f"^{what}")).click()
        eva.get_by_role("radio", name="Nobody").click()
        expect(eva.get_by_role("button", name=f"{what} Nobody")).to_be_visible(timeout=SLOW)
    expect(there).to_be_hidden(timeout=SLOW)
    eva.get_by_role("link", name="Chats").first.click()
    eva.get_by_role("link", name="Bia Sol").click()
    field(eva).press_sequentially("Nobody sees this")
    eva.keyboard.press("Enter")
    expect(message(bia, "Nobody sees this")).to_be_visible(timeout=SLOW)
    expect(bia.get_by_role("button", name=re.compile("^Eva Lua (online|typing|last seen)"))).to_have_count(0)


def test_an_installed_app_opens_without_a_network(people: Opener, server: Network) -> None:
    page, _ = register(people, server, "Eva Luz", offline=True)
    _, number = register(people, server, "Bia Sol", phone=True)
    write_to(page, number)
    expect(say(page, "Before the tunnel")).to_have_accessible_name(re.compile(", (Sent|Delivered)$"), timeout=SLOW)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")
    page.context.set_offline(True)
    page.reload()
    expect(message(page, "Before the tunnel")).to_be_visible(timeout=SLOW)
    said = say(page, "In the tunnel")
    expect(said).to_have_accessible_name(re.compile(", Waiting$"))
    expect(page.get_by_text("No connection. You can read and write; 1 message waits.")).to_be_visible(timeout=SLOW)
    page.keyboard.press("Control+k")
    page.get_by_role("searchbox", name="Search chats and messages").fill("tunnel")
    expect(page.get_by_role("dialog").get_by_role("button", name="Before the tunnel")).to_be_visible(timeout=SLOW)
    page.keyboard.press("Escape")
    page.context.set_offline(False)
    expect(said).to_have_accessible_name(re.compile(", (Sent|Delivered)$"), timeout=60_000)


SPOIL = """async () => {
  const spoil = async (folder) => {
    for await (const entry of folder.values()) {
      if (entry.kind === 'directory') await spoil(entry);
      else {
        // The closed page's worker may still hold it for a moment.
        const open = () => entry.createWritable({keepExistingData: true})
          .catch(() => new Promise((again) => setTimeout(again, 50)).then(open));
        const file = await open();
        await file.write({type: 'write', position: 4096, data: new Uint8Array(8192).fill(7)});
        await file.close();
      }
    }
  };
  await spoil(await navigator.storage.getDirectory());
}"""
"""Overwrites what the store's files hold; the pool's own header (4096 bytes) stays."""


def test_a_damaged_store_says_so_and_is_begun_anew(people: Opener, server: Network) -> None:
    page, _ = register(people, server, "Eva Luz")
    other = page.context.new_page()
    other.goto(f"{server.address}/dev")
    page.close()
    other.evaluate(SPOIL)
    other.goto(server.address)
    expect(other.get_by_text("What this browser kept cannot be read any more.")).to_be_visible(timeout=SLOW)
    other.get_by_role("button", name="Start over").click()
    expect(other.get_by_role("textbox", name="Phone number")).to_be_visible(timeout=SLOW)
    people.complaints.clear()


def test_a_full_disk_is_said_and_nothing_is_lost(pair: tuple[Page, Page], people: Opener, server: Network) -> None:
    eva, bia = pair
    devtools = eva.context.new_cdp_session(eva)
    devtools.send("Storage.overrideQuotaForOrigin", {"origin": server.address, "quotaSize": 1})
    for count in range(12):
        say(bia, f"{count} " + "words " * 2000)
    full = eva.get_by_text("No room is left on this device.")
    expect(full.first).to_be_visible(timeout=SLOW)
    devtools.send("Storage.overrideQuotaForOrigin", {"origin": server.address})
    expect(message(eva, "11 words")).to_be_visible(timeout=60_000)
    for count in range(12):
        expect(log(eva).get_by_role("article", name=re.compile(f"^Bia Sol, {count} words"))).to_have_count(1)
    # SQLite itself writes to the console that it could not write.
    people.complaints[:] = [one for one in people.complaints if "sqlite" not in one.lower()]


def spoken(page: Page) -> list[str]:
    """What the page says to the server from now on."""
    said: list[str] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: said.append(str(frame))))
    return said


def test_offline_queues_and_a_reload_loses_nothing(pair: tuple[Page, Page]) -> None:
    eva, bia = pair
    eva.context.set_offline(True)
    said = say(eva, "From the tunnel")
    expect(said).to_have_accessible_name(re.compile(", Waiting$"))
    eva.context.set_offline(False)
    expect(message(bia, "From the tunnel")).to_be_visible(timeout=60_000)
    said = spoken(eva)
    eva.reload()
    expect(message(eva, "From the tunnel")).to_be_visible(timeout=SLOW)
    say(bia, "And back")
    expect(message(eva, "And back")).to_be_visible(timeout=SLOW)
    # It came back with a token instead of its password, used once.
    (login,) = [frame for frame in said if frame.startswith("<authenticate")]
    assert 'mechanism="HT-SHA-256-NONE"' in login
    assert '<fast xmlns="urn:xmpp:fast:0" count="1"/>' in login


def test_two_tabs_are_one_device(pair: tuple[Page, Page]) -> None:
    eva, bia = pair
    second = eva.context.new_page()
    second.goto(eva.url)
    expect(message(second, "Oi Bia!")).to_be_visible(timeout=SLOW)
    say(second, "From the second tab")
    expect(message(eva, "From the second tab")).to_be_visible(timeout=SLOW)
    expect(message(bia, "From the second tab")).to_be_visible(timeout=SLOW)
    say(bia, "To both")
    for tab in (eva, second):
        expect(message(tab, "To both")).to_be_visible(timeout=SLOW)
    eva.close()
    say(second, "The first tab is gone")
    expect(message(bia, "The first tab is gone")).to_be_visible(timeout=60_000)


def test_a_group_is_made_and_heard(pair: tuple[Page, Page]) -> None:
    eva, bia = pair
    new_group(eva, "Trilhas", "Bia Sol")
    say(eva, "Domingo, 8:10")
    bia.get_by_role("button", name="Back to chats").click()
    bia.get_by_role("link", name="Trilhas").click(timeout=SLOW)
    expect(message(bia, "Domingo, 8:10")).to_be_visible(timeout=SLOW)


# What a page sees of its own connection: the credentials of ICE, and whether media flows.
WATCH = """window.Native = RTCPeerConnection
    window.RTCPeerConnection = function (...given) { return (window.line = new Native(...given)) }"""
UFRAG = "() => /a=ice-ufrag:(\\S+)/.exec(line.currentLocalDescription.sdp)[1]"
PLAYING = "() => document.querySelector('.call-picture')?.currentTime > 0"


def test_a_call_becomes_a_video_call_and_moves_to_another_network(pair: tuple[Page, Page]) -> None:
    eva, bia = pair
    for page in pair:
        page.context.grant_permissions(["microphone", "camera"])
        page.evaluate(WATCH)
    eva.get_by_role("button", name="Voice call", exact=True).click()
    bia.get_by_role("dialog", name="Voice call with Eva Luz").get_by_role("button", name="Answer").click(timeout=SLOW)
    calls = [page.get_by_role("dialog", name=re.compile("call with")) for page in pair]
    for call in calls:
        expect(call.get_by_text("End-to-end encrypted")).to_be_visible(timeout=SLOW)
    # Bia is asked, and would rather not; then she only watches, then shows herself.
    evas, bias = calls
    evas.get_by_role("button", name="Camera on").click()
    asked = bias.get_by_role("region", name="Eva Luz would like a video call")
    asked.get_by_role("button", name="Not now").click(timeout=SLOW)
    expect(evas.get_by_text("Bia Sol would rather go on without video")).to_be_visible(timeout=SLOW)
    evas.get_by_role("button", name="Camera on").click()
    asked.get_by_role("button", name="Only watch").click(timeout=SLOW)
    bia.wait_for_function(PLAYING, timeout=SLOW)
    expect(evas.get_by_label("Bia Sol", exact=True)).to_be_hidden()
    bias.get_by_role("button", name="Camera on").click()
    eva.wait_for_function(PLAYING, timeout=SLOW)
    bias.get_by_role("button", name="Mute").click()
    expect(evas.get_by_text("Bia Sol is muted")).to_be_visible(timeout=SLOW)
    bias.get_by_role("button", name="Camera off").click()
    expect(evas.get_by_label("Bia Sol", exact=True)).to_be_hidden(timeout=SLOW)
    # Bia's device comes into another network.
    before = [page.evaluate(UFRAG) for page in pair]
    bia.context.set_offline(True)
    bia.context.set_offline(False)
    for page, ufrag in zip(pair, before, strict=True):
        page.wait_for_function(f"ufrag => ({UFRAG})() !== ufrag", arg=ufrag, timeout=SLOW)
        page.wait_for_function("() => line.connectionState === 'connected'", timeout=SLOW)
    bias.get_by_role("button", name="End", exact=True).click()
    for page in pair:
        expect(page.get_by_role("article", name=re.compile("Video call, 0:"))).to_be_visible(timeout=SLOW)


def test_a_video_call(pair: tuple[Page, Page]) -> None:
    eva, bia = pair
    for page in pair:
        page.context.grant_permissions(["microphone", "camera"])
    eva.get_by_role("button", name="Video call", exact=True).click()
    ringing = bia.get_by_role("dialog", name="Video call with Eva Luz")
    ringing.get_by_role("button", name="Answer").click(timeout=SLOW)
    calls = [eva.get_by_role("dialog", name="Video call with Bia Sol"), ringing]
    for call in calls:
        expect(call.get_by_text("End-to-end encrypted")).to_be_visible(timeout=SLOW)
        call.page.wait_for_function(PLAYING, timeout=SLOW)
    calls[0].get_by_role("button", name="Make the call small").click()
    bar = eva.get_by_role("region", name="Call with Bia Sol")
    bar.get_by_role("button", name="Back to the call").click()
    ringing.get_by_role("button", name="End", exact=True).click()
    for page in pair:
        expect(page.get_by_role("dialog", name="Video call")).to_be_hidden(timeout=SLOW)
        expect(page.get_by_role("article", name=re.compile("Video call, 0:"))).to_be_visible()


def test_a_call_nobody_takes_was_missed(pair: tuple[Page, Page]) -> None:
    eva, bia = pair
    eva.context.grant_permissions(["microphone"])
    eva.get_by_role("button", name="Voice call", exact=True).click()
    ringing = bia.get_by_role("dialog", name="Voice call with Eva Luz")
    expect(ringing).to_be_visible(timeout=SLOW)
    eva.get_by_role("button", name="End", exact=True).click()
    expect(ringing).to_be_hidden(timeout=SLOW)
    bia.get_by_role("button", name="Back to chats").click()
    bia.get_by_role("link", name=re.compile("^Calls")).click()
    expect(bia.get_by_text("Missed voice call")).to_be_visible()
    bia.get_by_role("button", name="Voice call with Eva Luz").click()
    eva.get_by_role("button", name="Decline").click(timeout=SLOW)
    expect(bia.get_by_text("Declined")).to_be_visible(timeout=SLOW)
