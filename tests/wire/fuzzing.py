"""`python -m tests.wire.fuzzing [--seconds 60] [--seed N]`: mutates the corpus, holds the framer against a parser.

What must hold for any bytes (`verify`): every split gives the same events; nothing but events comes out; what the
framer takes for elements, an XML parser that reads the whole stream takes for the same elements; and what the parser
refuses, the framer does not accept. An input that breaks this is kept in `corpus/`, which the tests replay.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import random
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from xml.etree.ElementTree import ParseError, XMLPullParser

from plauder.wire.events import Event, Nonza, StreamClosed, StreamOpened
from plauder.wire.framer import Framer, FrameReader
from plauder.wire.stanza import Stanza
from plauder.wire.stream_error import StreamError
from plauder.wire.websocket import Decoder
from plauder.wire.xml import serialize

CORPUS = Path(__file__).parent / "corpus"
TRANSCRIPTS = Path(__file__).parent / "transcripts"
LIMIT = 20_000
PIECES = (
    b"<message>",
    b"</message>",
    b"</message >",
    b"<message ",
    b"<iq type='get'/>",
    b"<presence/>",
    b"<![CDATA[",
    b"]]>",
    b"<!--",
    b"-->",
    b"<!DOCTYPE x [<!ENTITY y 'z'>]>",
    b"<?pi?>",
    b"<?xml version='1.0'?>",
    b"&amp;",
    b"&y;",
    b"&#0;",
    b"&#x41;",
    b"xmlns='urn:a'",
    b" xmlns:p='urn:p'",
    b"<p:a/>",
    b"<stream:error/>",
    b"</stream:stream>",
    b"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>",
    b"'",
    b'"',
    b">",
    b"<",
    b"/",
    b"=",
    b" ",
    b"\x00",
    b"\xff",
    b"\xed\xa0\x80",
    b"\xc3",
    b"\xef\xbf\xbf",
)


def events_of(pieces: Iterable[bytes]) -> list[Event]:
    framer = Framer(limit=LIMIT)
    events = [event for piece in pieces for event in framer.feed(piece)]
    return events + framer.end()


def value(event: Event) -> object:
    if isinstance(event, Stanza):
        return event.kind, event.attrs, event.inner
    if isinstance(event, Nonza):
        return event.tag, event.attrs, serialize(event.element)
    # Of several mistakes in one element, another cut may show another one first.
    return "refused" if isinstance(event, StreamError) else event


def verify(data: bytes, cuts: Iterable[int] = ()) -> None:
    """Raise `AssertionError` if the promises do not hold for these bytes."""
    events = events_of([data])
    whole = [value(event) for event in events]
    bounds = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    split = [value(event) for event in events_of(data[a:b] for a, b in itertools.pairwise(bounds))]
    assert split == whole, "another split, other events"
    _agree_with_a_parser(data, events)
    for limit in (100, LIMIT):
        Decoder(limit=limit).feed(data)
        FrameReader(limit=limit).feed(data)


def _agree_with_a_parser(data: bytes, events: list[Event]) -> None:
    """Compare with one parser that reads the whole of the first stream; a second stream in it is beyond it."""
    opened = [event for event in events if isinstance(event, StreamOpened)]
    if len(opened) != 1 or b"<?" in data[1:] or any(isinstance(event, StreamClosed) for event in events[:-1]):
        return
    failed = isinstance(events[-1], StreamError)
    parser = XMLPullParser(["start", "end"])
    elements: list[str] = []
    depth = 0
    try:
        parser.feed(data)
    except ParseError:
        if not failed:
            raise AssertionError("the framer accepts what a parser refuses") from None
    try:
        for kind, element in parser.read_events():
            depth += 1 if kind == "start" else -1
            if kind == "end" and depth == 1:
                elements.append(element.tag)
    except ParseError:
        if not failed:
            raise AssertionError("the framer accepts what a parser refuses") from None
    ours = [_tag(event) for event in events if isinstance(event, Stanza | Nonza)]
    assert ours == elements[: len(ours)], "other elements than a parser sees"
    assert failed or len(ours) == len(elements), "fewer elements than a parser sees"


def _tag(event: Stanza | Nonza) -> str:
    return f"{{jabber:client}}{event.kind}" if isinstance(event, Stanza) else event.tag


def seeds() -> list[bytes]:
    return [path.read_bytes() for folder in (CORPUS, TRANSCRIPTS) for path in sorted(folder.iterdir())]


def mutated(data: bytes, other: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(6):
            case 0:
                data = data[:at] + chance.choice(PIECES) + data[at:]
            case 1:
                data = data[:at] + data[at + chance.randrange(1, 30) :]
            case 2:
                data = data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]
            case 3:
                start = chance.randrange(len(other) + 1)
                data = data[:at] + other[start : start + chance.randrange(1, 300)] + data[at:]
            case 4:
                data = data[:at] + data[max(0, at - chance.randrange(1, 60)) : at] * chance.randint(1, 5) + data[at:]
            case _:
                data = data[:at]
        data = data[:60_000]
    return data


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.wire.fuzzing", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=None)
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(2**32)
    chance, population, runs, found = random.Random(seed), seeds(), 0, 0
    end = time.monotonic() + arguments.seconds
    while time.monotonic() < end and found < 10:
        data = mutated(chance.choice(population), chance.choice(population), chance)
        cuts = [chance.randrange(len(data) + 1) for _ in range(chance.randrange(6))]
        runs += 1
        try:
            verify(data, cuts)
        except Exception as problem:
            path = CORPUS / f"found-{hashlib.sha256(data).hexdigest()[:12]}"
            path.write_bytes(data)
            print(f"{type(problem).__name__}: {problem} (cuts {cuts}) -> {path}")
            found += 1
    print(f"seed {seed}: {runs} inputs, {found} kept in {CORPUS}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
