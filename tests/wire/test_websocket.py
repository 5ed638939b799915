from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from plauder.wire.websocket import (
    GOING_AWAY,
    NO_STATUS,
    NORMAL,
    Close,
    Decoder,
    Event,
    Ping,
    Pong,
    UpgradeRefused,
    Violation,
    close,
    masked_frame,
    masked_text,
    parse_upgrade,
    ping,
    pong,
    text,
)

MASK = b"\x01\x02\x03\x04"
REQUEST = (
    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: xmpp\r\nOrigin: https://localhost\r\n\r\n"
)


def frame(first: int, payload: bytes = b"") -> bytes:
    return masked_frame(first, payload, MASK)


def run(pieces: Iterable[bytes], *, limit: int = 100_000) -> list[Event]:
    decoder = Decoder(limit=limit)
    return [event for piece in pieces for event in decoder.feed(piece)]


def drip(data: bytes, *, limit: int = 100_000) -> list[Event]:
    return run((bytes([byte]) for byte in data), limit=limit)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 70_000])
def test_messages_of_all_sizes(size: int) -> None:
    message = b"x" * size
    assert run([masked_text(message, MASK) * 2]) == [message, message]
    assert Decoder(limit=100_000, masked=False).feed(text(message)) == [message]


def test_fragments_with_a_ping_between_them() -> None:
    data = (
        frame(0x01, "é".encode()[:1])
        + frame(0x89, b"?")
        + frame(0x00)
        + frame(0x80, "é!".encode()[1:])
        + frame(0x81, b"b")
    )
    assert run([data]) == drip(data) == [Ping(b"?"), "é!".encode(), b"b"]


def test_control_frames() -> None:
    data = frame(0x89) + frame(0x8A, b"x" * 125) + frame(0x88, b"\x03\xe8bye") + frame(0x81, b"never seen")
    assert run([data]) == drip(data) == [Ping(b""), Pong(b"x" * 125), Close(NORMAL, "bye")]
    assert run([frame(0x88)]) == [Close(NO_STATUS, "")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x81\x01a", 1002),  # not masked
        (frame(0xC1, b"a"), 1002),
        (frame(0xA1, b"a"), 1002),
        (frame(0x91, b"a"), 1002),
        (frame(0x83, b"a"), 1002),
        (frame(0x8B, b"a"), 1002),
        (frame(0x80, b"a"), 1002),
        (frame(0x01, b"a") + frame(0x81, b"b"), 1002),
        (frame(0x01, b"a") + frame(0x01, b"b"), 1002),
        (frame(0x09, b"a"), 1002),
        (frame(0x89, b"a" * 126), 1002),
        (frame(0x88, b"a"), 1002),
        (frame(0x88, b"\x03\xed"), 1002),  # 1005
        (frame(0x88, b"\x00\x00"), 1002),
        (frame(0x88, b"\x13\x88"), 1002),  # 5000
        (frame(0x88, b"\x03\xe8\xff"), 1007),
        (frame(0x81, b"\xff"), 1007),
        (frame(0x81, b"\xed\xa0\x80"), 1007),
        (frame(0x01, b"\xc3") + frame(0x80, b"a"), 1007),
        (frame(0x82, b"a"), 1003),
        (frame(0x81, b"a" * 2001), 1009),
        (b"\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff", 1009),
        (frame(0x01, b"a" * 1500) + frame(0x80, b"a" * 1500), 1009),
    ],
)
def test_violations_end_it(data: bytes, code: int) -> None:
    for events in (run([data + frame(0x81, b"x")], limit=2000), drip(data + frame(0x81, b"x"), limit=2000)):
        (event,) = events
        assert isinstance(event, Violation)
        assert event.code == code


def test_too_large_is_said_before_it_is_there() -> None:
    (event,) = run([b"\x81\xfe\xff\xff"], limit=2000)
    assert isinstance(event, Violation)


def test_nothing_is_kept_when_nothing_is_pending() -> None:
    decoder = Decoder(limit=2000)
    decoder.feed(frame(0x81, b"a"))
    assert decoder.is_empty
    decoder.feed(frame(0x01, b"a"))
    assert not decoder.is_empty
    decoder.feed(frame(0x80, b"a") + b"\x81")
    assert not decoder.is_empty


pieces = st.one_of(
    st.tuples(st.sampled_from([0x81, 0x01, 0x80, 0x00, 0x89, 0x8A]), st.binary(max_size=130)),
    st.tuples(st.sampled_from([0x81, 0x01, 0x80]), st.text(max_size=20).map(str.encode)),
    st.tuples(st.integers(0, 255), st.binary(max_size=4)),
)


@given(st.lists(pieces, max_size=6), st.data())
@settings(max_examples=100, deadline=None)
def test_any_split_gives_the_same_events(frames: list[tuple[int, bytes]], data: st.DataObject) -> None:
    stream = b"".join(frame(first, payload) for first, payload in frames)
    whole = run([stream], limit=200)
    assert drip(stream, limit=200) == whole
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    assert run([stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)], limit=200) == whole


@given(st.binary(max_size=40))
def test_any_bytes_at_all(noise: bytes) -> None:
    run([noise], limit=1000)


# --- against another implementation ---


def other_side() -> ClientProtocol:
    """The client of `websockets`, as if its handshake were done."""
    client = ClientProtocol(parse_uri("ws://localhost/"))
    client.state = State.OPEN
    client.parser = client.parse()
    next(client.parser)
    return client


def test_a_foreign_client_reads_what_we_write() -> None:
    client = other_side()
    client.receive_data(text(b"<a/>") + text(b"x" * 70_000) + ping(b"p") + pong(b"q") + close(GOING_AWAY, "é" * 100))
    frames = [event for event in client.events_received() if isinstance(event, Frame)]
    assert [(f.opcode, bytes(f.data)) for f in frames[:-1]] == [
        (Opcode.TEXT, b"<a/>"),
        (Opcode.TEXT, b"x" * 70_000),
        (Opcode.PING, b"p"),
        (Opcode.PONG, b"q"),
    ]
    assert client.close_rcvd is not None
    assert (client.close_rcvd.code, client.close_rcvd.reason) == (1001, "é" * 61)
    assert close(NO_STATUS) == b"\x88\x00"


def test_we_read_what_a_foreign_client_writes() -> None:
    client = other_side()
    client.send_text(b"<a/>")
    client.send_text(b"<b", fin=False)
    client.send_ping(b"p")
    client.send_continuation(b"/>", fin=True)
    client.send_close(1000, "bye")
    data = b"".join(client.data_to_send())
    assert run([data]) == drip(data) == [b"<a/>", Ping(b"p"), b"<b/>", Close(1000, "bye")]


# --- handshake ---


def test_the_handshake() -> None:
    parsed = parse_upgrade(REQUEST + b"\x81")
    assert parsed is not None
    upgrade, rest = parsed
    assert rest == b"\x81"
    assert (upgrade.target, upgrade.host, upgrade.origin) == ("/ws", "localhost", "https://localhost")
    # The key and its answer are those of RFC 6455 §1.3.
    assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in upgrade.accept()
    assert b"Sec-WebSocket-Protocol: xmpp\r\n" in upgrade.accept()


def test_an_incomplete_handshake_waits() -> None:
    assert all(parse_upgrade(REQUEST[:end]) is None for end in range(len(REQUEST)))


def test_a_foreign_client_accepts_our_answer() -> None:
    client = ClientProtocol(parse_uri("ws://localhost/ws"), subprotocols=["xmpp"])  # type: ignore[list-item]
    client.send_request(client.connect())
    parsed = parse_upgrade(b"".join(client.data_to_send()))
    assert parsed is not None
    client.receive_data(parsed[0].accept())
    assert client.handshake_exc is None
    assert client.subprotocol == "xmpp"


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        (b"GET", b"POST", 405),
        (b"HTTP/1.1", b"HTTP/1.0", 400),
        (b"GET /ws", b"GET /w s", 400),
        (b"Upgrade: websocket", b"Upgrade: h2c", 426),
        (b"keep-alive, Upgrade", b"keep-alive", 426),
        (b"Version: 13", b"Version: 8", 426),
        (b"Host: localhost\r\n", b"", 400),
        (b"dGhlIHNhbXBsZSBub25jZQ==", b"dGhlIHNhbXBsZSBub25j", 400),
        (b"dGhlIHNhbXBsZSBub25jZQ==", b"!", 400),
        (b"Protocol: xmpp", b"Protocol: chat, superchat", 400),
        (b"Origin: ", b"Origin ", 400),
        (b"Origin: ", b"Ori gin: ", 400),
        (b"Origin: ", b"Origin: \n", 400),
        (b"Origin: ", b"Origin: " + b"x" * 20_000, 431),
    ],
)
def test_handshakes_that_are_refused(old: bytes, new: bytes, status: int) -> None:
    assert old in REQUEST
    with pytest.raises(UpgradeRefused) as refused:
        parse_upgrade(REQUEST.replace(old, new))
    assert refused.value.status == status
    assert refused.value.response.startswith(b"HTTP/1.1 %d " % status)


def test_an_endless_handshake_is_refused() -> None:
    with pytest.raises(UpgradeRefused):
        parse_upgrade(b"GET / HTTP/1.1\r\n" + b"a" * 20_000)
