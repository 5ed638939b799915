"""The life of a stream: RFC 6120 §4, XEP-0388; and the bytes that open and close it over TCP and WebSocket."""

from __future__ import annotations

from enum import Enum, auto
from typing import Final
from xml.etree.ElementTree import Element

from plauder.wire.framer import FRAMING
from plauder.wire.stream_error import STREAMS
from plauder.wire.xml import quote, serialize

TLS: Final = "urn:ietf:params:xml:ns:xmpp-tls"

# RFC 6120 §4.4: the closing tag; RFC 7395 §3.6: the closing element.
CLOSE: Final = b"</stream:stream>"
CLOSE_FRAME: Final = b"<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>"


class State(Enum):
    """Where a client's stream stands, as the server sees it."""

    CONNECTED = auto()  # bytes may flow, no stream is open
    OPENED = auto()  # header received and answered; not encrypted
    STARTING_TLS = auto()  # <proceed/> was sent; nothing may be read before the handshake is done
    SECURED = auto()  # encrypted (or local where the operator allows that), no stream is open since
    READY = auto()  # header received and answered; the peer may log in
    AUTHENTICATING = auto()  # a SASL exchange is going on
    AUTHENTICATED = auto()  # logged in by SASL 1; the stream must start anew
    BINDING = auto()  # stream open again: a resource may be bound or a stream resumed
    BOUND = auto()  # stanzas flow
    CLOSED = auto()  # our closing tag or a stream error was sent


class Event(Enum):
    """What moves a stream on."""

    HEADER = auto()  # a valid stream header came
    STARTTLS = auto()
    TLS_DONE = auto()
    AUTH = auto()  # <auth/> or <authenticate/>
    RESPONSE = auto()
    SASL_FAILURE = auto()  # refused or aborted; the peer may try again
    SASL_SUCCESS = auto()  # RFC 6120 §6.4.6: the stream restarts
    SASL2_SUCCESS = auto()  # XEP-0388 §2.6: it does not
    BIND = auto()  # a resource was bound, or a stream resumed
    STANZA = auto()
    END = auto()  # the stream was closed by either side, or the connection ended


NEXT: Final[dict[State, dict[Event, State]]] = {
    State.CONNECTED: {Event.HEADER: State.OPENED, Event.END: State.CLOSED},
    State.OPENED: {Event.STARTTLS: State.STARTING_TLS, Event.END: State.CLOSED},
    State.STARTING_TLS: {Event.TLS_DONE: State.SECURED, Event.END: State.CLOSED},
    State.SECURED: {Event.HEADER: State.READY, Event.END: State.CLOSED},
    State.READY: {Event.AUTH: State.AUTHENTICATING, Event.END: State.CLOSED},
    State.AUTHENTICATING: {
        Event.RESPONSE: State.AUTHENTICATING,
        Event.SASL_FAILURE: State.READY,
        Event.SASL_SUCCESS: State.AUTHENTICATED,
        Event.SASL2_SUCCESS: State.BINDING,
        Event.END: State.CLOSED,
    },
    State.AUTHENTICATED: {Event.HEADER: State.BINDING, Event.END: State.CLOSED},
    State.BINDING: {Event.BIND: State.BOUND, Event.END: State.CLOSED},
    State.BOUND: {Event.STANZA: State.BOUND, Event.END: State.CLOSED},
    State.CLOSED: {},
}


def next_state(state: State, event: Event) -> State | None:
    """Where `event` leads from `state`; None if it must not happen there."""
    return NEXT[state].get(event)


def header(
    *,
    from_: str | None = None,
    to: str | None = None,
    id: str | None = None,  # noqa: A002 - the name of the attribute on the wire
    lang: str | None = "en",
    content: str = "jabber:client",
    prefixes: str = "",
) -> bytes:
    """The opening tag of a stream over TCP. Servers give `from_` and `id` (RFC 6120 §4.7), clients `to`.

    `prefixes` are more declarations, each with a space before it.
    """
    attrs = _attributes({"from": from_, "to": to, "id": id, "version": "1.0", "xml:lang": lang})
    names = f"xmlns={quote(content)} xmlns:stream='{STREAMS}'{prefixes}"
    return f"<?xml version='1.0'?><stream:stream {names}{attrs}>".encode()


def open_frame(
    *,
    from_: str | None = None,
    to: str | None = None,
    id: str | None = None,  # noqa: A002 - the name of the attribute on the wire
    lang: str | None = "en",
) -> bytes:
    """The same over WebSocket (RFC 7395 §3.3.2)."""
    attrs = _attributes({"from": from_, "to": to, "id": id, "version": "1.0", "xml:lang": lang})
    return f"<open xmlns='{FRAMING}'{attrs}/>".encode()


def close_frame(see_other_uri: str | None = None) -> bytes:
    """The end of a stream over WebSocket; `see_other_uri` tells where to go on (RFC 7395 §3.6.1)."""
    attrs = _attributes({"see-other-uri": see_other_uri})
    return f"<close xmlns='{FRAMING}'{attrs}/>".encode()


def features(*offered: Element, declare: bool = False) -> bytes:
    """`<stream:features/>`; `declare` binds the prefix on it, for where no stream header did (RFC 7395 §3.3.3).

    The prefix is written because some clients look for the name with it.
    """
    inner = b"".join([serialize(feature) for feature in offered])
    prefix = f" xmlns:stream='{STREAMS}'".encode() if declare else b""
    return b"<stream:features%b>%b</stream:features>" % (prefix, inner) if inner else b"<stream:features%b/>" % prefix


def framed(element: bytes) -> bytes:
    """An element written for a stream of `jabber:client`, made to stand on its own in a WebSocket message.

    RFC 7395 §3.3.3: each message declares its namespaces itself. Only stanzas lack that; whoever built anything else
    with `serialize` has declared them.
    """
    for name in (b"<message", b"<presence", b"<iq"):
        if element.startswith(name):
            return b"%b xmlns='jabber:client'%b" % (name, element[len(name) :])
    return element


def _attributes(attrs: dict[str, str | None]) -> str:
    return "".join([f" {name}={quote(value)}" for name, value in attrs.items() if value is not None])
