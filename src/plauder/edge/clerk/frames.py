"""What server and clerk say to each other: JSON objects, each behind its length in four bytes.

Server to clerk: `begin` (once, with the settings), `note` with a number and what became of messages, `wake`, `changed`,
`stop`. Clerk to server: `ready`, and for each `note` its number when it is on disk, or with `error` why it is not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from plauder.business.messages.outcomes import Progressed, Receipt, Told

LONGEST = 16 * 2**20
_HEAD = 4


class BadFrame(Exception):
    """The other side does not speak as it should."""


def encode(frame: Mapping[str, Any]) -> bytes:
    """Raises BadFrame when it is too long."""
    body = orjson.dumps(frame)
    if len(body) > LONGEST:
        raise BadFrame(f"a frame of {len(body)} bytes")
    return len(body).to_bytes(_HEAD, "big") + body


async def read(reader: asyncio.StreamReader) -> dict[str, Any] | None:
    """The next frame; None when the other side has gone, in the midst of a frame or between two. Raises BadFrame."""
    try:
        size = int.from_bytes(await reader.readexactly(_HEAD), "big")
        if size > LONGEST:
            raise BadFrame(f"a frame of {size} bytes")
        frame = orjson.loads(await reader.readexactly(size))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    except orjson.JSONDecodeError:
        raise BadFrame("no JSON") from None
    if not isinstance(frame, dict):
        raise BadFrame("no object")
    return frame


def pack(told: Sequence[Told]) -> list[list[Any]]:
    """As JSON has it: four items are a step of a message, five a receipt."""
    return [
        [one.message_id, one.status, one.at, one.error]
        if isinstance(one, Progressed)
        else [one.phone_id, one.wa_id, list(one.stanza_ids), one.read, one.at]
        for one in told
    ]


def unpack(packed: Sequence[Sequence[Any]]) -> list[Told]:
    """What was packed. Raises BadFrame."""
    try:
        return [_unpacked(*one) if len(one) == 4 else _receipt(*one) for one in packed]
    except (TypeError, ValueError) as error:
        raise BadFrame(str(error)) from None


def _unpacked(message_id: str, status: str, at: str, error: Mapping[str, Any] | None) -> Told:
    return Progressed(message_id, status, datetime.fromisoformat(at), error)


def _receipt(phone_id: str, wa_id: str, stanza_ids: Sequence[str], read: bool, at: str) -> Told:
    return Receipt(phone_id, wa_id, stanza_ids, read, datetime.fromisoformat(at))
