"""`python -m bench.app [--messages 10000]`: the web app's budgets, in Chromium against a server of its own.

The built app (`make web/dist/.built`) on a desk, its store on disk; somebody in Node writes to it, encrypted. The
times are taken in the page. It wants a quiet machine or a high priority (`nice -n -12`): a frame has 16 ms. Under a
real-time priority Chromium, which waits in loops that yield, starves itself and everybody else.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
WEB = ROOT / "web"
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
NUMBER = "+4915112345699"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
DESK = {"width": 1440, "height": 900}


@dataclass(frozen=True, slots=True)
class Row:
    what: str
    measured: str
    goal: str


class Crowd:
    """The server and the person who writes, in Node (`web/packages/client/bench/crowd.ts`)."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        begun = self._hear()
        self.origin: str = begun["origin"]
        self.jid: str = begun["jid"]

    def ask(self, order: dict[str, object]) -> dict[str, Any]:
        self.tell(order)
        return self._hear()

    def tell(self, order: dict[str, object]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def wait(self) -> None:
        self._hear()

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("the writing side ended early")
        heard: dict[str, Any] = json.loads(line)
        return heard


@contextmanager
def crowd() -> Iterator[Crowd]:
    node = Path(sys.executable).parent / "node"
    script = WEB / "packages" / "client" / "bench" / "crowd.ts"
    command = [str(node), "--disable-warning=ExperimentalWarning", "--experimental-transform-types", str(script)]
    process = subprocess.Popen(command, cwd=WEB, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Crowd(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(30)


def first_load() -> Row:
    """Script that has to come before the chats show, gzipped: the page's, without the worker's."""
    dist = WEB / "dist"
    manifest = json.loads((dist / ".vite" / "manifest.json").read_text())
    wanted = ["index.html", "src/app/screens/ChatsScreen.tsx", "src/app/screens/ChatScreen.tsx", "locales/de.po"]
    chunks: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name not in chunks:
            chunks.add(name)
            wanted += manifest[name].get("imports", [])
    size = sum(len(gzip.compress((dist / manifest[name]["file"]).read_bytes())) for name in chunks)
    return Row("script of the first load, gzipped, before SQLite and keys", f"{size / 1000:.0f} kB", "≤ 250 kB")


WORKER = "DedicatedWorker"
TICKS = os.sysconf("SC_CLK_TCK")


def family(profile: str) -> set[int]:
    """Processes of the browser that keeps this profile: other browsers may run on the machine."""
    parents: dict[int, int] = {}
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            number = int(process.name)
            parents[number] = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            if f"--user-data-dir={profile}" in (process / "cmdline").read_text():
                found.add(number)
        except OSError:
            continue  # it ended
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def processor_time(profile: str, thread: str) -> float:
    """Milliseconds that the browser's threads of this name have had so far: what a busy machine leaves as it is."""
    used = 0
    for process in family(profile):
        for stat in Path(f"/proc/{process}").glob("task/*/stat"):
            try:
                name, _, rest = stat.read_text().partition("(")[2].rpartition(")")
            except OSError:
                continue
            if name == thread:
                fields = rest.split()
                used += int(fields[11]) + int(fields[12])  # proc(5): utime, stime
    return used * 1000 / TICKS


def register(page: Page, crowd: Crowd) -> None:
    page.goto(crowd.origin)
    page.get_by_label("Phone number").fill(NUMBER)
    page.get_by_role("button", name="Send me a code").click()
    code = page.get_by_role("textbox", name="Code")
    code.wait_for()
    code.fill(crowd.ask({"code": NUMBER})["code"])
    page.get_by_role("textbox", name="Your name").fill("Bia")
    page.get_by_role("button", name="Start chatting").click()
    page.get_by_role("heading", name="Chats", level=1).wait_for()


# The list's row shows the newest message.
CAUGHT_UP = """(last) => new Promise((resolve, reject) => {
    const look = () => {
        if (document.body.textContent.includes(last)) resolve(performance.now());
        else if (performance.now() > 120000) reject(new Error(document.body.textContent));
        else requestAnimationFrame(look);
    };
    look();
})"""


def catch_up(page: Page, crowd: Crowd, me: str, count: int, profile: str) -> tuple[Row, ...]:
    """Away while all that is written, then back."""
    page.goto("about:blank")
    wrote = crowd.ask({"write": me, "count": count, "prefix": "in the night"})["took"]
    page.goto(f"{crowd.origin}/chats")
    page.get_by_role("heading", name="Chats", level=1).wait_for()
    whole = page.evaluate(CAUGHT_UP, f"in the night {count}")
    worker = processor_time(profile, WORKER)
    return (
        Row(
            f"catch-up of {count} messages: read, decrypted, kept, from the page's first byte to the last message",
            f"{count * 1000 / whole:.0f}/s",
            "≥ 1,000/s",
        ),
        Row(
            "(the same by the processor time of the worker that does it, its start included)",
            f"{count * 1000 / max(worker, 1):.0f}/s",
            "",
        ),
        Row(f"(writing them: {count} encrypted and taken by the server)", f"{count * 1000 / wrote:.0f}/s", ""),
    )


OPEN = """() => new Promise((resolve) => {
    const link = document.querySelector('a[href*="/chats/"]');
    const start = performance.now();
    link.click();
    const look = () => {
        if (!document.querySelector('[role=log] article')) return requestAnimationFrame(look);
        const channel = new MessageChannel();
        channel.port1.onmessage = () => resolve(performance.now() - start);
        requestAnimationFrame(() => channel.port2.postMessage(0));
    };
    requestAnimationFrame(look);
})"""


def open_chat(page: Page, crowd: Crowd) -> Row:
    """From the click to painted messages; the app is fresh each time, its screens loaded as when idle."""
    times = []
    for _ in range(5):
        page.goto(f"{crowd.origin}/chats")
        page.locator('a[href*="/chats/"]').first.wait_for()
        page.wait_for_timeout(1500)
        times.append(page.evaluate(OPEN))
    shown = f"{statistics.median(times):.0f} ms (worst {max(times):.0f})"
    return Row("open a chat from the local store, median of 5", shown, "≤ 100 ms")


# A frame is blank where rows cover less than half of the log's window.
SCROLL = """(by) => new Promise((resolve) => {
    const log = document.querySelector('[role=log]');
    const box = log.getBoundingClientRect();
    const result = { frames: 0, blank: 0, worst: 0 };
    const seen = new Set();
    let before = performance.now();
    let still = 0;
    const step = () => {
        const now = performance.now();
        result.worst = Math.max(result.worst, now - before);
        before = now;
        let covered = 0;
        for (const article of log.querySelectorAll('article')) {
            const row = article.getBoundingClientRect();
            const height = Math.min(row.bottom, box.bottom) - Math.max(row.top, box.top);
            if (height > 0) {
                covered += height;
                seen.add(article.dataset.message);
            }
        }
        result.frames += 1;
        if (covered < box.height / 2) result.blank += 1;
        const at = log.scrollTop;
        log.scrollTop += by;
        still = Math.abs(log.scrollTop - at) < 1 ? still + 1 : 0;
        if (still > 120) return resolve({ ...result, messages: seen.size });
        requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
})"""

# As by the scroll bar: to a place of what is loaded; the next five frames count.
JUMP = """async () => {
    const log = document.querySelector('[role=log]');
    const box = log.getBoundingClientRect();
    const result = { frames: 0, blank: 0 };
    for (const part of [0.5, 0.1, 0.9, 0, 0.7, 0.3, 1, 0, 0.5, 1]) {
        log.scrollTop = part * (log.scrollHeight - log.clientHeight);
        for (let frame = 0; frame < 5; frame += 1) {
            await new Promise(requestAnimationFrame);
            let covered = 0;
            for (const article of log.querySelectorAll('article')) {
                const row = article.getBoundingClientRect();
                covered += Math.max(0, Math.min(row.bottom, box.bottom) - Math.max(row.top, box.top));
            }
            result.frames += 1;
            if (covered < box.height / 2) result.blank += 1;
        }
        await new Promise((resolve) => setTimeout(resolve, 200));
    }
    return result;
}"""


def heap(page: Page) -> float:
    """Megabytes of the page's JavaScript that are in use."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    used: float = session.send("Runtime.getHeapUsage")["usedSize"]
    session.detach()
    return used / 1e6


def to_end(page: Page) -> None:
    """A chat opens at its first unread message."""
    jump = page.get_by_role("button", name=re.compile("To the newest message|new message"))
    if jump.count():
        jump.click()
        jump.wait_for(state="hidden")


def scroll(page: Page) -> tuple[Row, ...]:
    to_end(page)
    page.wait_for_timeout(500)
    before = heap(page)
    up = page.evaluate(SCROLL, -300)
    down = page.evaluate(SCROLL, 300)
    jumps = page.evaluate(JUMP)
    frames, blank = up["frames"] + down["frames"], up["blank"] + down["blank"]
    return (
        Row(
            f"scrolling through all {up['messages']:,} messages, to the first and back ({down['messages']:,}), 300 px a"
            " frame: blank frames",
            f"{blank} of {frames:,}",
            "0",
        ),
        Row("(worst time between two frames of that)", f"{max(up['worst'], down['worst']):.0f} ms", ""),
        Row("jumping about as by the scroll bar: blank ones of the next frames", f"{jumps['blank']} of 50", "0"),
        Row("(the page's heap before, and after all of that)", f"{before:.1f} MB, {heap(page):.1f} MB", ""),
    )


# The next frame after the letter is in the field is done when a message posted from it arrives: style, layout and paint
# come before. Event Timing tells of the same, until the frame is shown, in steps of 8 ms.
TYPING = """() => {
    window.typed = [];
    window.shown = [];
    let pressed = 0;
    document.addEventListener('keydown', (event) => (pressed = event.timeStamp), true);
    document.addEventListener('input', () => {
        const at = pressed;
        const channel = new MessageChannel();
        channel.port1.onmessage = () => window.typed.push(performance.now() - at);
        requestAnimationFrame(() => channel.port2.postMessage(0));
    }, true);
    new PerformanceObserver((list) => {
        for (const { name, duration } of list.getEntries()) if (name === 'keydown') window.shown.push(duration);
    }).observe({ type: 'event', durationThreshold: 16 });
}"""


def typing(page: Page, crowd: Crowd, me: str, rate: int) -> tuple[Row, ...]:
    """From the key's own time stamp until the frame that shows it is handed to the compositor."""
    to_end(page)
    page.get_by_role("textbox", name="Message", exact=True).click()
    page.evaluate(TYPING)
    crowd.tell({"steady": me, "rate": rate, "seconds": 6})
    page.wait_for_timeout(500)
    page.keyboard.type("The quick brown fox jumps over the lazy dog, and over again. " * 2, delay=37)
    crowd.wait()
    times = sorted(page.evaluate("window.typed"))
    late = sum(duration > 32 for duration in page.evaluate("window.shown"))
    median, high = statistics.median(times), times[int(len(times) * 0.95)]
    return (
        Row(
            f"keystroke to paint while {rate} messages/s arrive, median of {len(times)}",
            f"{median:.1f} ms (95 %: {high:.1f})",
            "≤ 16 ms",
        ),
        Row("(of these, shown later than 32 ms after the key by Event Timing)", f"{late}", ""),
    )


def measure(messages: int) -> Iterator[Row]:
    yield first_load()
    before = os.getloadavg()[0]
    with crowd() as writer, tempfile.TemporaryDirectory() as profile, sync_playwright() as playwright:
        # A profile on disk: in a private window each write to a file asks another process.
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=CHROMIUM,
            args=ARGUMENTS,
            viewport=DESK,  # type: ignore[arg-type]
            locale="en-GB",
            service_workers="block",
        )
        page = context.pages[0]
        page.set_default_timeout(300_000)
        register(page, writer)
        me = f"{NUMBER[1:]}@localhost"
        writer.ask({"write": me, "count": 1, "prefix": "hello"})
        page.locator('a[href*="/chats/"]').first.click()
        page.get_by_role("button", name="Accept").click()
        page.get_by_role("textbox", name="Message", exact=True).fill("Oi")
        page.keyboard.press("Enter")
        page.wait_for_timeout(1000)
        yield from catch_up(page, writer, me, messages, profile)
        yield open_chat(page, writer)
        yield from scroll(page)
        yield from typing(page, writer, me, 50)
        context.close()
    yield Row("(load of the machine, before and after)", f"{before:.1f}, {os.getloadavg()[0]:.1f}", "")


def table(messages: int) -> Iterator[str]:
    yield "| the app, in Chromium | measured | to reach |"
    yield "|---|--:|--:|"
    for row in measure(messages):
        yield f"| {row.what} | {row.measured} | {row.goal} |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    for line in table(parser.parse_args().messages):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
