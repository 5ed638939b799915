"""Cuts a byte stream into elements: RFC 6120 over TCP, RFC 7395 over WebSocket. The hot path of the server.

How it can be fast and right at once: the end of an element is *guessed* by searching for its closing tag; then the
piece is *proved* (`wire.element`) to be exactly one well-formed element. No beginning of an element is itself an
element, so if a piece that starts where an element starts is one, then it is that one. A wrong guess can refuse a
stream but never misread it. The guess is right for all XML that XMPP allows (nested elements of the same name, CDATA
sections, ">" in attributes); for all but the rarest it is a few `bytes.find`.

With nothing pending a framer owns neither parser nor buffer.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Never, final
from xml.parsers.expat import ExpatError, ParserCreate

from plauder.wire.element import TAG_MAX, Context, context_of, read_any, read_usual, refuse, stream_error
from plauder.wire.events import Event, Nonza, StreamClosed, StreamOpened
from plauder.wire.stanza import CLIENT
from plauder.wire.stream_error import STREAMS, StreamError
from plauder.wire.xml import XML_NS, InvalidXml, must_watch, quote, watch

# RFC 6120 §13.12: nobody may set this below 10,000 bytes. Before login a session gets the minimum.
STANZA_MAX: Final = 256 * 1024
STANZA_MAX_BEFORE_LOGIN: Final = 10_000

KNOWN_MAX: Final = 512
"""Bytes of a stream header that is worth remembering."""

FRAMING: Final = "urn:ietf:params:xml:ns:xmpp-framing"

_SPACE: Final = re.compile(rb"[ \t\r\n]*+")
_NAME: Final = re.compile(rb"<([^\s<>/!?&'\"=]++)(?=[\s/>])")
# A whole opening tag; a ">" in a value does not end it. All possessive: it cannot backtrack, so its time is linear.
_TAG: Final = re.compile(rb"<[^\s<>/!?&'\"=]++(?:[^<>'\"]++|'[^'<]*+'|\"[^\"<]*+\")*+>")
_DECLARATION: Final = re.compile(rb"<\?xml[ \t\r\n][^<>]*+>[ \t\r\n]*+")
# What matters inside of an element: closing tags, opening tags (without their attributes), and where CDATA begins.
_TOKEN: Final = re.compile(rb"</([^\s<>/]++)[ \t\r\n]*+>|<([^\s<>/!?&'\"=]++)(?=[\s/>])|<!\[CDATA\[")
_ENCODING: Final = re.compile(rb"""\sencoding\s*=\s*(?:'([^']*)'|"([^"]*)")""")


@final
class Framer:
    """Bytes of one direction of one TCP connection in, events out, in the order of the bytes.

    After a `StreamError` nothing more comes. `limit` is the size in bytes up to which an element is taken; it may be
    changed at any time. `content` is the namespace that the stanzas have on the wire (`jabber:server` between servers);
    they come out as `jabber:client` in any case.

    What is malformed is reported at the latest when its element ends or outgrows the limit. Mostly it is at once: what
    looks as if more was to come only after a mistake (it ends with ">") is checked, and so is what has quadrupled since
    it was last checked, which keeps the cost linear.
    """

    __slots__ = ("_content", "_context", "_failed", "_pending", "limit")

    def __init__(self, *, content: str = CLIENT, limit: int = STANZA_MAX_BEFORE_LOGIN) -> None:
        self.limit = limit
        self._content = content
        self._context: Context | None = None
        self._pending: _Pending | None = None
        self._failed = False

    @property
    def is_empty(self) -> bool:
        """Whether no part of an element waits for the rest of it."""
        return self._pending is None

    def clear(self) -> None:
        """Forget the stream and what is pending: at STARTTLS, what came in the clear is void (RFC 6120 §5.4.3.3)."""
        self._context = self._pending = None

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete."""
        events: list[Event] = []
        if self._failed:
            return events
        try:
            pending = self._pending
            if pending is None:
                self._cut(data, events)
            else:
                pending.data += data
                if pending.may_be_complete(data, self._context):
                    self._pending = None
                    self._cut(bytes(pending.data), events, pending)
                else:
                    self._look_at(pending)
        except StreamError as error:
            self._fail(error, events)
        return events

    def end(self) -> list[Event]:
        """The connection ended. An element cut off is dropped; one that was malformed already is an error."""
        events: list[Event] = []
        if self._pending is not None:
            try:
                _check_part(bytes(self._pending.data), self._context)
            except StreamError as error:
                self._fail(error, events)
        return events

    def _fail(self, error: StreamError, events: list[Event]) -> None:
        self._failed = True
        self._pending = None
        events.append(error)

    def _cut(self, data: bytes, events: list[Event], was: _Pending | None = None) -> None:
        """Take every whole element off the front of `data` (all that was pending, if anything `was`), keep the rest."""
        at, size = 0, len(data)
        while at < size:
            if data[at] != 0x3C:  # "<"
                at = _skip(data, at)
                continue
            context = self._context
            if context is not None:
                usual = read_usual(data, at, self.limit, context)
                if usual is not None:
                    stanza, at = usual
                    events.append(stanza)
                    continue
            named = _NAME.match(data, at)
            if context is None or named is None or named[1] == context.root:
                end = self._stream_tag(data, at, events)
                if end < 0:
                    break
                at = end
                continue
            name = named[1]
            tag_end = _tag_end(data, at)
            if tag_end < 0:
                break
            if tag_end - at > TAG_MAX:
                _refuse_long_tag(data[at:], context)
            if data[tag_end - 1] == 0x2F:  # "/": an element without content
                end = tag_end + 1
            elif data.find(b"</" + name, tag_end) < 0:
                break
            else:
                end = _Scan(name, tag_end + 1).run(data)
            if end < 0 or end - at > self.limit:
                break
            events.append(read_any(data[at:end], name, tag_end - at, context))
            at = end
        if at < size:
            pending = was if was is not None and at == 0 else _Pending(data[at:])
            self._look_at(pending)
            self._pending = pending

    def _look_at(self, pending: _Pending) -> None:
        """Raise if what is pending is malformed already, or larger than is accepted."""
        size = len(pending.data)
        if size > TAG_MAX and not pending.has_tag:
            pending.has_tag = 0 <= _tag_end(pending.data, 0) <= TAG_MAX
            if not pending.has_tag:
                _refuse_long_tag(bytes(pending.data), self._context)
        if not pending.checked and size <= self.limit and not pending.ends_a_tag():
            pending.checked = size  # most likely cut off by the network, and soon whole: let it be
        elif size > self.limit or size >= 4 * pending.checked:
            pending.checked = size
            _check_part(bytes(pending.data[: self.limit]), self._context)
            if size > self.limit:
                raise StreamError("policy-violation", f"larger than the {self.limit} bytes that are accepted")

    def _stream_tag(self, data: bytes, at: int, events: list[Event]) -> int:
        """What is no element at the top level: the tags of the stream. Returns where it ends, -1 if it does not yet."""
        end = data.find(b">", at)
        if end < 0:
            return -1
        context = self._context
        if context is not None and data.startswith(b"</", at):
            if data[at + 2 : end].rstrip(b" \t\r\n") != context.root:
                raise StreamError("not-well-formed", "a closing tag of nothing")
            events.append(StreamClosed())
            return end + 1
        start = at
        if data.startswith(b"<?xml", at):
            declaration = _DECLARATION.match(data, at)
            if declaration is None:
                _check_part(data[at:], context)
                raise StreamError("restricted-xml", "processing instructions are not allowed")
            _check_declaration(declaration[0])
            start = declaration.end()
            if start == len(data):
                return -1
        tag = _TAG.match(data, start)
        if tag is None:
            if data.find(b">", start) >= 0:
                _check_part(data[at:], context)
                if context is not None and _NAME.match(data, start) is None:
                    raise StreamError("not-well-formed", "that cannot begin an element")
            return -1
        opened, self._context = _read_header(data[at : tag.end()], tag[0], self._content)
        events.append(opened)
        return tag.end()


class _Pending:
    """A part of an element, and how far it was looked at, so that no byte is looked at often."""

    __slots__ = ("_at", "_closing", "_scan", "checked", "data", "has_tag")

    def __init__(self, data: bytes) -> None:
        self.data = bytearray(data)
        self.checked = 0  # its size when it was last checked for being well-formed so far
        self.has_tag = False  # whether it was seen that its opening tag is whole
        self._closing = b""  # what its closing tag begins with, once its opening tag is there,
        self._at = 0  # and up to where there is none
        self._scan: _Scan | None = None

    def ends_a_tag(self) -> bool:
        return self.data.rstrip().endswith(b">")

    def may_be_complete(self, added: bytes, context: Context | None) -> bool:
        """Whether cutting is worth a try, now that `added` came at the end. Never False for what is complete."""
        if b">" not in added:
            return False
        data = self.data
        if self._scan is not None:
            return self._scan.run(data) >= 0
        if not self._closing:
            named = _NAME.match(data)
            if context is None or named is None or named[1] == context.root:
                return True
            tag_end = _tag_end(data, 0)
            if tag_end < 0:
                return False
            if data[tag_end - 1] == 0x2F:
                return True
            self._closing = b"</" + named[1]
            self._at = tag_end
        if data.find(self._closing, self._at) < 0:
            self._at = max(self._at, len(data) - len(self._closing))
            return False
        # Most likely this is its end. If not, there are elements of the same name in it: count them from now on.
        self._scan = _Scan(self._closing[2:], _tag_end(data, 0) + 1)
        return True


class _Scan:
    """Finds the end of an element with care: counts elements of the same name in it, steps over CDATA sections.

    Resumable: goes on where it stopped when there is more data.
    """

    __slots__ = ("_at", "_depth", "_in_cdata", "_name")

    def __init__(self, name: bytes, at: int) -> None:
        self._name = name
        self._at = at  # right after the opening tag
        self._depth = 1
        self._in_cdata = False

    def run(self, data: bytes | bytearray) -> int:
        """The index after the element, -1 if its end is not there."""
        while True:
            if self._in_cdata:
                end = data.find(b"]]>", self._at)
                if end < 0:
                    self._at = max(self._at, len(data) - 2)
                    return -1
                self._at = end + 3
                self._in_cdata = False
            token = _TOKEN.search(data, self._at)
            if token is None:
                self._rewind(data)
                return -1
            closing, opening = token[1], token[2]
            if opening == self._name:
                tag = _TAG.match(data, token.start())
                if tag is None:
                    self._at = token.start()
                    self._rewind(data)
                    return -1
                self._at = tag.end()
                if data[self._at - 2] != 0x2F:
                    self._depth += 1
                continue
            self._at = token.end()
            if closing == self._name:
                self._depth -= 1
                if self._depth == 0:
                    return self._at
            self._in_cdata = closing is None and opening is None

    def _rewind(self, data: bytes | bytearray) -> None:
        """To the last "<", as a tag may begin there whose end is yet to come; unless it is longer than tags may be."""
        last = data.rfind(b"<", self._at)
        self._at = last if 0 <= last > len(data) - TAG_MAX else len(data)


def _skip(data: bytes, at: int) -> int:
    """Where the whitespace ends that begins at `at`: keepalives (RFC 6120 §4.6.1), line breaks of people who type."""
    space = _SPACE.match(data, at)
    assert space is not None  # it matches nothing, too
    if space.end() == at:
        raise StreamError("not-well-formed", "text where an element should begin")
    return space.end()


def _tag_end(data: bytes | bytearray, at: int) -> int:
    """The index of the ">" of the opening tag that begins at `at`; -1 if it is not there."""
    end = data.find(b">", at)
    if end >= 0:
        # After an even number of quotes of one kind, a ">" stands outside of them. Where both kinds occur: read it.
        double, single = data.count(b'"', at, end), data.count(b"'", at, end)
        if (double and single) or double & 1 or single & 1:
            tag = _TAG.match(data, at)
            end = -1 if tag is None else tag.end() - 1
    return end


def _refuse_long_tag(data: bytes, context: Context | None) -> Never:
    """Say what else is wrong with the tag, if anything is."""
    _check_part(data[:TAG_MAX], context)
    raise StreamError("policy-violation", "an opening tag is too long")


def _check_encoding(declaration: bytes) -> None:
    """RFC 6120 §11.6: UTF-8 and nothing else."""
    named = _ENCODING.search(declaration)
    if named and (named[1] or named[2] or b"").lower() != b"utf-8":
        raise StreamError("unsupported-encoding", "streams are in UTF-8")


@lru_cache(maxsize=64)
def _check_declaration(data: bytes) -> None:
    _check_part(data, None)
    _check_encoding(data)


def _read_header(data: bytes, tag: bytes, content: str) -> tuple[StreamOpened, Context]:
    """Most clients of one program write one and the same header: it is read once."""
    read = _read_known_header if len(data) <= KNOWN_MAX else _read_new_header
    return read(data, tag, content)


def _read_new_header(data: bytes, tag: bytes, content: str) -> tuple[StreamOpened, Context]:
    """What an opening tag of a stream says, and what the stream's elements inherit from it (RFC 6120 §4.7, §4.8)."""
    named = _NAME.match(tag)
    if named is None:
        raise StreamError("not-well-formed", "that cannot begin a stream")
    parser = ParserCreate("utf-8", "}")
    watched = watch(parser, declaration=True)
    try:
        parser.Parse(data if tag.endswith(b"/>") else data + b"</%b>" % named[1], True)
    except ExpatError as problem:
        refuse(problem)
    except InvalidXml as problem:
        raise stream_error(problem) from None
    namespace, _, local = watched.tag.rpartition("}")
    declared = dict(watched.declared)
    if namespace != STREAMS or declared.get(None) != content:
        raise StreamError("invalid-namespace", f"streams are of {STREAMS}, with {content} as the default namespace")
    if local != "stream" or tag.endswith(b"/>"):
        raise StreamError("bad-format", "not a stream, or one that ends where it begins")
    attrs = watched.attrs
    lang = attrs.get(f"{XML_NS}}}lang")
    prefixes = tuple((prefix, uri or "") for prefix, uri in watched.declared if prefix is not None)
    opened = StreamOpened(attrs.get("to"), attrs.get("from"), attrs.get("id"), attrs.get("version"), lang)
    return opened, context_of(content, lang, prefixes, named[1])


_read_known_header: Final = lru_cache(maxsize=512)(_read_new_header)


def _check_part(data: bytes, context: Context | None) -> None:
    """Raise `StreamError` if no element can begin like this."""
    if data.startswith(b"<!"):
        raise StreamError("restricted-xml", "DTDs, comments and the like are not allowed")
    parser = ParserCreate("utf-8", "}")
    starts_stream = context is None or data.startswith(b"<?")
    if starts_stream or must_watch(data):
        watch(parser, declaration=starts_stream)
    try:
        if context is not None and not starts_stream:
            around = "".join([f" xmlns:{prefix}={quote(uri)}" for prefix, uri in context.prefixes])
            parser.Parse(f"<x{around}>".encode(), False)
        parser.Parse(data, False)
    except ExpatError as problem:
        refuse(problem)
    except InvalidXml as problem:
        raise stream_error(problem) from None


@final
class FrameReader:
    """Whole WebSocket messages in, events out: RFC 7395. Every message is one element that stands on its own.

    The same promises as `Framer`.
    """

    __slots__ = ("_failed", "_lang", "limit")

    def __init__(self, *, limit: int = STANZA_MAX_BEFORE_LOGIN) -> None:
        self.limit = limit
        self._lang: str | None = None
        self._failed = False

    @property
    def is_empty(self) -> bool:
        """Always: messages come whole."""
        return True

    def feed(self, data: bytes) -> list[Event]:
        """The event that this message is; none for one of whitespace, which some clients send to keep alive."""
        if self._failed:
            return []
        try:
            event = self._read(data)
        except StreamError as error:
            self._failed = True
            event = error
        return [] if event is None else [event]

    def _read(self, data: bytes) -> Event | None:
        if len(data) > self.limit:
            raise StreamError("policy-violation", f"larger than the {self.limit} bytes that are accepted")
        context = _FRAMED if self._lang is None else context_of(CLIENT, self._lang, ())
        usual = read_usual(data, 0, self.limit, context) if data else None
        if usual is not None and usual[1] == len(data):
            return usual[0]
        named = _NAME.match(data)
        if named is None:
            if not data.strip(b" \t\r\n"):
                return None
            # RFC 7395 §3.3.3: the first character of each message is the "<" of its element.
            if data.startswith((b"<!", b"<?")):
                raise StreamError("restricted-xml", "DTDs, comments, declarations and the like are not allowed")
            raise StreamError("not-well-formed", "every message is one whole element")
        name = named[1]
        tag_end = _tag_end(data, 0)
        if not 0 <= tag_end <= TAG_MAX:
            _check_part(data, _FRAMED)
            raise StreamError("not-well-formed", "every message is one whole element")
        event = read_any(data, name, tag_end, context)
        return self._framing(event) if event.__class__ is Nonza else event

    def _framing(self, nonza: Nonza) -> Event:
        if nonza.tag == f"{{{FRAMING}}}open":
            attrs = nonza.attrs
            self._lang = attrs.get("xml:lang")
            return StreamOpened(attrs.get("to"), attrs.get("from"), attrs.get("id"), attrs.get("version"), self._lang)
        if nonza.tag == f"{{{FRAMING}}}close":
            return StreamClosed(nonza.attrs.get("see-other-uri"))
        return nonza


_FRAMED: Final = context_of(CLIENT, None, ())
