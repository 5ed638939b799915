"""Reads capabilities and judges what a client answers. Pure."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from plauder.wire.disco import HASHES_0115, HASHES_0390, Info, MalformedInfo, caps_0115, caps_0390
from plauder.wire.stanza import Stanza

CAPS: Final = "http://jabber.org/protocol/caps"
ECAPS2: Final = "urn:xmpp:caps"
HASH: Final = "{urn:xmpp:hashes:2}hash"

MAX_INTERESTS: Final = 128
MAX_NODE: Final = 256

_PREFERRED: Final = ("sha-256", "sha3-256", "sha-512", "sha3-512")


@dataclass(frozen=True, slots=True)
class Caps:
    """A capability hash as presence brings it: which document's, the hash function, the value, the node to ask."""

    document: str
    algorithm: str
    value: str
    node: str

    @property
    def key(self) -> str:
        """What the answer is kept under."""
        return f"{self.document}:{self.algorithm}:{self.value}"

    def is_of(self, info: Info) -> bool:
        """Does the answer have this hash? XEP-0115 §5.4, XEP-0390 §4.4."""
        try:
            made = caps_0390(info, self.algorithm) if self.document == "0390" else caps_0115(info, self.algorithm)
        except MalformedInfo:
            return False
        return made == self.value


def caps_of(presence: Stanza) -> Caps | None:
    """The capabilities that a presence announces; the newer document where both are there."""
    newer = presence.find(f"{{{ECAPS2}}}c")
    if newer is not None:
        hashes = {element.get("algo", ""): (element.text or "").strip() for element in newer.findall(HASH)}
        for algorithm in _PREFERRED:
            if _is_hash(hashes.get(algorithm, "")):
                value = hashes[algorithm]
                return Caps("0390", algorithm, value, f"{ECAPS2}#{algorithm}.{value}")
    older = presence.find(f"{{{CAPS}}}c")
    if older is not None and older.get("hash") in HASHES_0115 and _is_hash(older.get("ver", "")):
        node, ver = older.get("node", ""), older.get("ver", "")
        return Caps("0115", older.get("hash", ""), ver, f"{node}#{ver}")
    return None


def _is_hash(text: str) -> bool:
    try:
        return len(text) <= 128 and 16 <= len(b64decode(text, validate=True)) <= 64
    except (binascii.Error, ValueError):
        return False


def interests(info: Info) -> frozenset[str]:
    """The nodes whose events a client wants, as many and as long as we remember."""
    wanted = sorted(node for node in info.notified() if node and len(node) <= MAX_NODE)
    return frozenset(wanted[:MAX_INTERESTS])


def joined(infos: Iterable[Info]) -> Info:
    """Several answers as one, each identity and feature once."""
    whole = Info()
    for info in infos:
        whole.identities += [one for one in info.identities if one not in whole.identities]
        whole.features += [var for var in info.features if var not in whole.features]
        whole.forms += info.forms
    return whole


assert set(_PREFERRED) <= set(HASHES_0390)
