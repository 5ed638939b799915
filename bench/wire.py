"""`python -m bench.wire [--profile]`: what the wire floor costs, in CPU microseconds of one core.

The best of several rounds: what disturbs a measurement only ever makes it slower. "expat alone" is the floor that the
proof of well-formedness sets.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import sys
import time
import tracemalloc
from collections.abc import Callable
from xml.parsers.expat import ParserCreate

from plauder.wire.framer import STANZA_MAX, Framer, FrameReader
from plauder.wire.jid import Jid
from plauder.wire.sm import Unacked
from plauder.wire.stanza import Stanza
from plauder.wire.stream import header
from plauder.wire.websocket import Decoder, masked_text, text

HEADER = header(to="localhost", lang="en")
TEXT = (
    b"<message to='4915112345678@example.org' type='chat' id='a1b2c3d4'><body>"
    + b"A text of a hundred bytes, as people write them. ".ljust(100, b".")
    + b"</body><request xmlns='urn:xmpp:receipts'/></message>"
)
KEYS = b"".join(b"<key rid='%d'>%b</key>" % (1000 + n, b"MwohBVZ4" * 12) for n in range(4))
OMEMO = (
    b"<message to='4915112345678@example.org' type='chat' id='a1b2c3d4'>"
    b"<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='12345'>"
    + KEYS
    + b"<iv>AAECAwQFBgcICQoL</iv></header><payload>"
    + b"QUJDREVG" * 75
    + b"</payload></encrypted><store xmlns='urn:xmpp:hints'/><request xmlns='urn:xmpp:receipts'/></message>"
)
REQUEST = b"<r xmlns='urn:xmpp:sm:3'/>"
ANSWER = b"<a xmlns='urn:xmpp:sm:3' h='12345'/>"
MASK = b"\x01\x02\x03\x04"

Work = Callable[[], object]


def framed(data: bytes) -> Work:
    framer = Framer(limit=STANZA_MAX)
    framer.feed(HEADER)
    return lambda: framer.feed(data)


def over_websocket(data: bytes) -> Work:
    decoder, reader, frame = Decoder(limit=STANZA_MAX), FrameReader(limit=STANZA_MAX), masked_text(data, MASK)

    def work() -> None:
        for event in decoder.feed(frame):
            if isinstance(event, bytes):
                reader.feed(event)

    return work


def passed_on(data: bytes) -> Work:
    (stanza,) = framed(data)()  # type: ignore[misc]
    assert isinstance(stanza, Stanza)
    return lambda: stanza.with_attrs(from_="4915112345679@example.org/phone").to_bytes()


def counted() -> Work:
    unacked: Unacked[int] = Unacked()

    def work() -> None:
        unacked.sent(1)
        unacked.acknowledged(unacked.sent_count)

    return work


def works() -> dict[str, Work]:
    stanza = Stanza("message", {}, OMEMO[OMEMO.index(b">") + 1 : -10])
    return {
        "expat alone: text": lambda: ParserCreate("utf-8", "}").Parse(TEXT, True),
        "expat alone: OMEMO": lambda: ParserCreate("utf-8", "}").Parse(OMEMO, True),
        "framer: text": framed(TEXT),
        "framer: text and <r/> in one piece": framed(TEXT + REQUEST),
        "framer: OMEMO": framed(OMEMO),
        "framer: OMEMO in two pieces": in_two(OMEMO),
        "framer: <r/>": framed(REQUEST),
        "framer: <a/>": framed(ANSWER),
        "WebSocket and framer: text": over_websocket(TEXT),
        "WebSocket and framer: OMEMO": over_websocket(OMEMO),
        "WebSocket: frame an OMEMO to send": lambda: text(OMEMO),
        "stamp and write: text": passed_on(TEXT),
        "stamp and write: OMEMO": passed_on(OMEMO),
        "look for a payload that is not there": lambda: stanza.find("{urn:xmpp:carbons:2}private"),
        "parse a known address": lambda: Jid.parse("4915112345678@example.org/phone"),
        "count one stanza out and acknowledged": counted(),
    }


def in_two(data: bytes) -> Work:
    framer = Framer(limit=STANZA_MAX)
    framer.feed(HEADER)
    one, two = data[:700], data[700:]

    def work() -> None:
        framer.feed(one)
        framer.feed(two)

    return work


def microseconds(work: Work, *, rounds: int = 7, times: int = 5000) -> float:
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        for _ in range(times):
            work()
        best = min(best, time.process_time() - start)
    return best / times * 1e6


def idle_bytes() -> tuple[float, float]:
    """What an idle framer, and an idle WebSocket's decoder and reader, keep."""
    found = []
    for make in (lambda: framed(TEXT), lambda: over_websocket(TEXT)):
        make()()
        tracemalloc.start()
        kept = [make() for _ in range(1000)]
        for work in kept:
            work()
        found.append(tracemalloc.get_traced_memory()[0] / len(kept))
        tracemalloc.stop()
    return found[0], found[1]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.wire", description=__doc__)
    parser.add_argument("--profile", action="store_true", help="where the time goes, by function")
    arguments = parser.parse_args()
    if arguments.profile:
        for name in ("framer: text", "framer: OMEMO"):
            profile(name, works()[name])
        return 0
    print("| work | µs |\n|---|--:|")
    for name, work in works().items():
        print(f"| {name} | {microseconds(work):.2f} |", flush=True)
    tcp, websocket = idle_bytes()
    print(f"\nbytes kept by an idle connection on this floor: TCP {tcp:.0f}, WebSocket {websocket:.0f}")
    return 0


def profile(name: str, work: Work) -> None:
    profiler = cProfile.Profile()
    profiler.enable()
    for _ in range(20_000):
        work()
    profiler.disable()
    print(name)
    pstats.Stats(profiler, stream=sys.stdout).sort_stats("tottime").print_stats(12)


if __name__ == "__main__":
    sys.exit(main())
