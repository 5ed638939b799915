"""Server Dialback (XEP-0220): proving a domain by being reachable under it; keys as XEP-0185 makes them.

A server that connects under a name says `<db:result>` with a key. The one that accepts asks the server that DNS names
for that domain, with `<db:verify>`, whether the key is its own. Keys hold no state: an HMAC over both names and the
id of the stream, under a secret that never leaves the server.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Literal, cast
from xml.etree.ElementTree import Element

from plauder.wire.jid import InvalidJid, Jid
from plauder.wire.stanza_error import CONDITIONS, StanzaError
from plauder.wire.xml import E, escape, quote

NS: Final = "jabber:server:dialback"
FEATURE: Final = "urn:xmpp:features:dialback"
RESULT: Final = f"{{{NS}}}result"
VERIFY: Final = f"{{{NS}}}verify"
ERRORS: Final = f"{{{FEATURE}}}errors"

KEY_MAX: Final = 512

Answer = Literal["valid", "invalid", "error"]


def key(secret: bytes, receiving: str, originating: str, stream_id: str) -> str:
    """XEP-0185 §3: HMAC-SHA256 under the SHA-256 of the secret (in hexadecimal) over the two domains and the id."""
    hashed = sha256(secret).hexdigest().encode()
    return hmac.digest(hashed, f"{receiving} {originating} {stream_id}".encode(), "sha256").hex()


def is_key(given: str, secret: bytes, receiving: str, originating: str, stream_id: str) -> bool:
    """Whether we made this key, compared in constant time."""
    return hmac.compare_digest(given.encode(), key(secret, receiving, originating, stream_id).encode())


@dataclass(frozen=True, slots=True)
class Dialback:
    """A `<db:result/>` or `<db:verify/>`. `answer` is "" in a question."""

    sender: str
    to: str
    id: str
    key: str
    answer: Answer | Literal[""]
    error: str = ""
    """The stanza error condition of an answer of type error."""


def parse(element: Element) -> Dialback | None:
    """What a dialback element says; None where its addresses are no domains or it makes no sense."""
    sender, to = domain_of(element.get("from")), domain_of(element.get("to"))
    kind = element.get("type", "")
    given = (element.text or "").strip()
    if not sender or not to or kind not in ("", "valid", "invalid", "error") or len(given) > KEY_MAX:
        return None
    stream_id = element.get("id", "")
    if (element.tag == VERIFY and not stream_id) or (not kind and not given) or len(stream_id) > KEY_MAX:
        return None
    error = element.find("{jabber:client}error")
    if error is None:
        error = element.find("{jabber:server}error")
    condition = StanzaError.from_element(error).condition if error is not None else ""
    return Dialback(sender, to, stream_id, given, cast("Answer", kind), condition)


def domain_of(text: str | None) -> str:
    """A bare domain in its normal form; "" for whatever else."""
    try:
        jid = Jid.parse(text or "")
    except InvalidJid:
        return ""
    return jid.domain if not jid.local and not jid.resource else ""


def feature() -> Element:
    """XEP-0220 §2.3.1: that errors are told, not only that a key is wrong."""
    return E(f"{{{FEATURE}}}dialback", None, E("errors"))


def write(
    name: Literal["result", "verify"],
    sender: str,
    to: str,
    *,
    key: str = "",
    id: str = "",  # noqa: A002 - the name of the attribute on the wire
    answer: Answer | None = None,
    error: str = "",
) -> bytes:
    """The element with the prefix that the stream's header binds: some servers look for it."""
    attrs = f" from={quote(sender)} to={quote(to)}"
    attrs += f" id={quote(id)}" if id else ""
    attrs += f" type={quote(answer)}" if answer else ""
    inner = escape(key)
    if error:
        usual = CONDITIONS[error].usual
        inner += f"<error type='{usual}'><{error} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
    return f"<db:{name}{attrs}>{inner}</db:{name}>".encode()
