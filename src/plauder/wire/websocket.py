"""WebSocket frames and the handshake, as XMPP needs them: RFC 6455 with the rules of RFC 7395. No extensions.

A message arrives in one frame nearly always, so that way is short; fragments, control frames and violations are handled
to the letter. With nothing pending a decoder owns no buffer. Why not the one of a library: docs/decisions/websocket.md.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, final

try:
    from websockets.speedups import apply_mask
except ImportError:  # a platform without a wheel of it
    from websockets.utils import apply_mask

SUBPROTOCOL: Final = "xmpp"  # RFC 7395 §3.1

# RFC 6455 §7.4.1.
NORMAL: Final = 1000
GOING_AWAY: Final = 1001
PROTOCOL_ERROR: Final = 1002
UNSUPPORTED_DATA: Final = 1003
INVALID_DATA: Final = 1007
POLICY_VIOLATION: Final = 1008
TOO_BIG: Final = 1009
INTERNAL_ERROR: Final = 1011
NO_STATUS: Final = 1005  # never sent: the close frame had no code

_CONTINUATION, _TEXT, _BINARY, _CLOSE, _PING, _PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
_FINAL_TEXT: Final = 0x81
_CONTROL_MAX: Final = 125  # §5.5
_HEAD_MAX: Final = 16 * 1024


class Ping(NamedTuple):
    """Answer it with `pong(data)`."""

    data: bytes


class Pong(NamedTuple):
    data: bytes


class Close(NamedTuple):
    """The peer closes: answer with `close(code)` once, unless that was sent already, and end the connection."""

    code: int
    reason: str


class Violation(NamedTuple):
    """The peer broke the protocol: send `close(code, reason)` and end the connection. Nothing comes after this."""

    code: int
    reason: str


Event = bytes | Ping | Pong | Close | Violation
"""A text message comes as its UTF-8 bytes."""


class _Broken(Exception):
    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@final
class Decoder:
    """Bytes of one direction in, events out. `limit` is the size in bytes up to which a message is taken.

    `masked` is what the frames must be: True for those that clients send (§5.1), False for those of servers.
    """

    __slots__ = ("_ended", "_fragments", "_masked", "_need", "_pending", "limit")

    def __init__(self, *, limit: int, masked: bool = True) -> None:
        self.limit = limit
        self._masked = masked
        self._pending: bytearray | None = None
        self._need = 0  # so many bytes must be pending before another look is worth it
        self._fragments: bytearray | None = None
        self._ended = False

    @property
    def is_empty(self) -> bool:
        """Whether no part of a message waits for the rest of it."""
        return self._pending is None and self._fragments is None

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete. After a `Close` or `Violation` nothing more comes."""
        events: list[Event] = []
        if self._ended:
            return events
        if self._pending is not None:
            self._pending += data
            if len(self._pending) < self._need:
                return events
            data = bytes(self._pending)
            self._pending = None
        try:
            rest = self._read(data, events)
        except _Broken as broken:
            self._ended = True
            events.append(Violation(broken.code, broken.reason))
        else:
            if rest < len(data) and not self._ended:
                self._pending = bytearray(data[rest:])
        if self._ended:
            self._pending = self._fragments = None
        return events

    def _read(self, data: bytes, events: list[Event]) -> int:
        """Take every whole frame off the front of `data`; returns where the rest begins."""
        at, size = 0, len(data)
        while size - at >= 2 and not self._ended:
            first, length = data[at], data[at + 1]
            masked = length >= 0x80
            if masked is not self._masked:
                raise _Broken(PROTOCOL_ERROR, "frames of clients are masked, those of servers are not")
            length &= 0x7F
            start = at + 2
            if length >= 126:
                wide = 2 if length == 126 else 8
                if size - start < wide:
                    self._need = start - at + wide
                    return at
                length = int.from_bytes(data[start : start + wide])
                start += wide
            if first != _FINAL_TEXT or self._fragments is not None or length > self.limit:
                self._check(first, length)
            if masked:
                start += 4
            end = start + length
            if size < end:
                self._need = end - at
                return at
            payload = data[start:end]
            if masked and length:
                payload = apply_mask(payload, data[start - 4 : start])
            if first == _FINAL_TEXT:
                events.append(_valid(payload))
            else:
                self._handle(first, payload, events)
            at = end
        self._need = 2
        return at

    def _check(self, first: int, length: int) -> None:
        """Refuse a frame by its first bytes, before the rest of it is waited for."""
        opcode = first & 0x0F
        if first & 0x70:
            raise _Broken(PROTOCOL_ERROR, "a reserved bit is set, and no extension was agreed on")
        if opcode in (_CLOSE, _PING, _PONG):
            if not first & 0x80 or length > _CONTROL_MAX:
                raise _Broken(PROTOCOL_ERROR, "control frames are short and whole")
            return
        if opcode == _BINARY:  # RFC 7395 §3.2
            raise _Broken(UNSUPPORTED_DATA, "messages are text")
        if opcode not in (_CONTINUATION, _TEXT):
            raise _Broken(PROTOCOL_ERROR, "an unknown kind of frame")
        if (opcode == _CONTINUATION) is (self._fragments is None):
            raise _Broken(PROTOCOL_ERROR, "a fragment where none may be")
        if length + len(self._fragments or b"") > self.limit:
            raise _Broken(TOO_BIG, f"larger than the {self.limit} bytes that are accepted")

    def _handle(self, first: int, payload: bytes, events: list[Event]) -> None:
        """What is not a message in one frame."""
        opcode = first & 0x0F
        if opcode == _PING:
            events.append(Ping(payload))
        elif opcode == _PONG:
            events.append(Pong(payload))
        elif opcode == _CLOSE:
            events.append(_parse_close(payload))
            self._ended = True
        else:
            if self._fragments is None:
                self._fragments = bytearray()
            self._fragments += payload
            if first & 0x80:
                message = bytes(self._fragments)
                self._fragments = None
                events.append(_valid(message))


def _valid(message: bytes) -> bytes:
    """RFC 6455 §8.1: text is UTF-8."""
    if not message.isascii():
        try:
            message.decode()
        except UnicodeDecodeError:
            raise _Broken(INVALID_DATA, "not UTF-8") from None
    return message


def _parse_close(payload: bytes) -> Close:
    if not payload:
        return Close(NO_STATUS, "")
    code = int.from_bytes(payload[:2])
    # §7.4: below 3000 only the codes that are registered for use on the wire.
    if len(payload) == 1 or not (3000 <= code < 5000 or code in _CODES):
        raise _Broken(PROTOCOL_ERROR, "not a close code")
    return Close(code, _valid(payload[2:]).decode())


_CODES: Final = frozenset((1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014))


# --- writing ---

_SHORT: Final = tuple(bytes((_FINAL_TEXT, length)) for length in range(126))


def text(message: bytes) -> bytes:
    """A text message as a server sends it."""
    length = len(message)
    if length < 126:
        return _SHORT[length] + message
    if length < 0x10000:
        return b"\x81\x7e" + length.to_bytes(2) + message
    return b"\x81\x7f" + length.to_bytes(8) + message


def masked_text(message: bytes, mask: bytes) -> bytes:
    """The same as a client sends it; `mask` is four random bytes."""
    return masked_frame(_FINAL_TEXT, message, mask)


def masked_frame(first: int, payload: bytes, mask: bytes) -> bytes:
    """Any frame of a client; `first` has the flags and the opcode."""
    length = len(payload)
    if length < 126:
        head = bytes((first, 0x80 | length))
    elif length < 0x10000:
        head = bytes((first, 0xFE)) + length.to_bytes(2)
    else:
        head = bytes((first, 0xFF)) + length.to_bytes(8)
    return head + mask + (apply_mask(payload, mask) if payload else b"")


def ping(data: bytes = b"") -> bytes:
    return bytes((0x80 | _PING, len(data))) + data


def pong(data: bytes) -> bytes:
    return bytes((0x80 | _PONG, len(data))) + data


def close(code: int = NORMAL, reason: str = "") -> bytes:
    """A close frame; the answer to one without a code has none (§5.5.1). The reason is cut to what fits."""
    if code == NO_STATUS:
        return bytes((0x80 | _CLOSE, 0))
    payload = code.to_bytes(2) + reason.encode()[: _CONTROL_MAX - 2].decode(errors="ignore").encode()
    return bytes((0x80 | _CLOSE, len(payload))) + payload


# --- handshake ---


class UpgradeRefused(Exception):
    """The request is no acceptable handshake; `response` is what to answer before closing."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        body = reason.encode()
        more = "Sec-WebSocket-Version: 13\r\nUpgrade: websocket\r\n" if status == 426 else ""  # §4.2.2
        self.response = (
            f"HTTP/1.1 {status} {_STATUS[status]}\r\n{more}Content-Type: text/plain; charset=utf-8\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        ).encode() + body


_STATUS: Final = {
    400: "Bad Request",
    403: "Forbidden",
    405: "Method Not Allowed",
    426: "Upgrade Required",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}
_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A valid handshake request for XMPP over WebSocket."""

    target: str
    headers: Mapping[str, str]
    key: bytes
    protocols: Sequence[str]

    @property
    def host(self) -> str:
        return self.headers["host"]

    @property
    def origin(self) -> str | None:
        """Where the web page that connects is from; None for clients that are no browsers (§10.2)."""
        return self.headers.get("origin")

    def accept(self) -> bytes:
        """The answer that agrees (§4.2.2)."""
        digest = b64encode(hashlib.sha1(self.key + _GUID, usedforsecurity=False).digest())
        return (
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: %b\r\nSec-WebSocket-Protocol: %b\r\n\r\n" % (digest, SUBPROTOCOL.encode())
        )


def parse_upgrade(data: bytes) -> tuple[Upgrade, bytes] | None:
    """The handshake that `data` begins with and what follows it; None while it is incomplete.

    Raises `UpgradeRefused` (§4.2.1).
    """
    end = data.find(b"\r\n\r\n")
    if (len(data) if end < 0 else end) > _HEAD_MAX:
        raise UpgradeRefused(431, "The request is too long.")
    if end < 0:
        return None
    request, *lines = data[:end].decode("latin-1").split("\r\n")
    parts = request.split(" ")
    if len(parts) != 3 or parts[2] != "HTTP/1.1":
        raise UpgradeRefused(400, "Not an HTTP/1.1 request.")
    if parts[0] != "GET":
        raise UpgradeRefused(405, "A WebSocket begins with GET.")
    headers = _parse_headers(lines)
    if "websocket" not in _tokens(headers.get("upgrade", "")) or "upgrade" not in _tokens(
        headers.get("connection", "")
    ):
        raise UpgradeRefused(426, "This address speaks WebSocket only.")
    if headers.get("sec-websocket-version") != "13":
        raise UpgradeRefused(426, "Only version 13 of WebSocket is spoken here.")
    key = headers.get("sec-websocket-key", "")
    if not headers.get("host") or not _is_key(key):
        raise UpgradeRefused(400, "The handshake lacks Host or Sec-WebSocket-Key, or they are malformed.")
    protocols = [protocol.strip() for protocol in headers.get("sec-websocket-protocol", "").split(",")]
    if SUBPROTOCOL not in protocols:
        raise UpgradeRefused(400, 'The handshake must ask for Sec-WebSocket-Protocol "xmpp" (RFC 7395).')
    return Upgrade(parts[1], headers, key.encode(), protocols), data[end + 4 :]


def _parse_headers(lines: list[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not _TOKEN.fullmatch(name) or "\n" in value or "\r" in value or "\0" in value:
            raise UpgradeRefused(400, "A malformed header.")
        name, value = name.lower(), value.strip(" \t")
        # RFC 9110 §5.3: lines of the same name are one list.
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _tokens(value: str) -> list[str]:
    return [token.strip().lower() for token in value.split(",")]


def _is_key(text_of_key: str) -> bool:
    """§4.2.1: base64 of 16 bytes."""
    try:
        return len(b64decode(text_of_key, validate=True)) == 16
    except ValueError:
        return False
