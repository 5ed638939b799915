"""Stanza content encryption (XEP-0420, `urn:xmpp:sce:1`) with OMEMO's profile (XEP-0384 §5.5.1)."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from xml.etree.ElementTree import Element

from plauder.business.encryption.errors import Unreadable
from plauder.wire.xml import E, InvalidXml, parse, serialize

SCE: Final = "urn:xmpp:sce:1"
_NS: Final = f"{{{SCE}}}"
_FLOOR: Final = 256
_SPREAD: Final = 200
_MAX: Final = 1 << 20
_OUTSIDE_ONLY: Final = ("{urn:xmpp:hints}", "{http://jabber.org/protocol/address}", "{urn:xmpp:eme:0}")


@dataclass(frozen=True, slots=True)
class Envelope:
    """Content and what the sender wrote about it. JIDs as written."""

    content: Sequence[Element]
    sender: str | None
    to: str | None


def seal_envelope(content: Sequence[Element], sender: str, to: str, now: datetime) -> bytes:
    """Padded to at least 256 bytes and 0 to 200 more, so that the length tells little."""
    stamp = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    envelope = E(
        f"{_NS}envelope",
        None,
        E(f"{_NS}content", None, *(each for each in content if _is_inside(each))),
        E(f"{_NS}from", {"jid": sender}),
        E(f"{_NS}time", {"stamp": stamp}),
        E(f"{_NS}to", {"jid": to}),
    )
    bare = serialize(envelope, default_ns="")
    length = max(0, _FLOOR - len(bare)) + secrets.randbelow(_SPREAD + 1)
    padding = base64.b64encode(secrets.token_bytes(length))[:length]
    return bare.removesuffix(b"</envelope>") + b"<rpad>%b</rpad></envelope>" % padding


def open_envelope(plain: bytes, *, own: str, sender: str) -> Envelope:
    """Raises `Unreadable`: `bad-payload` if it is none, `forged-envelope` if it belongs to another conversation."""
    try:
        root = parse(plain, max_bytes=_MAX)
    except InvalidXml:
        raise Unreadable("bad-payload", "the content is no XML") from None
    content = root.findall(f"{_NS}content")
    if root.tag != f"{_NS}envelope" or len(content) != 1:
        raise Unreadable("bad-payload", "the content is no envelope of XEP-0420")
    envelope = Envelope([each for each in content[0] if _is_inside(each)], _jid(root, "from"), _jid(root, "to"))
    # XEP-0384 lets senders leave it out; a server could then hand on a first message as somebody else's.
    if envelope.sender is None or _bare(envelope.sender) != sender:
        raise Unreadable("forged-envelope", "the envelope names another sender or none")
    # A number has no groups, so a message to somebody else was redirected; copies of own messages were not.
    if envelope.to is not None and _bare(envelope.to) != own and sender != own:
        raise Unreadable("forged-envelope", "the envelope names another receiver")
    return envelope


def _is_inside(element: Element) -> bool:
    """XEP-0420 §9: what belongs to the server is neither written into nor read from an envelope."""
    return not element.tag.startswith(_OUTSIDE_ONLY) and element.tag != "{urn:xmpp:sid:0}stanza-id"


def _jid(root: Element, name: str) -> str | None:
    found = root.find(f"{_NS}{name}")
    return None if found is None else found.get("jid")


def _bare(jid: str) -> str:
    return jid.split("/", 1)[0]
