"""One complete top-level element in, one event out; or the stream error that it deserves.

The bytes are proved here: exactly one well-formed element, all prefixes bound, nothing that XMPP forbids. For the usual
stanza the proof is one throwaway expat parser without any handler (2 to 5 µs), and the attributes are taken from the
opening tag by splitting it at its quotes. All else takes the long way, where expat reports the opening tag.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple, Never
from xml.parsers.expat import ExpatError, ParserCreate, errors

from plauder.wire.events import SM_ANSWER, SM_REQUEST, Nonza
from plauder.wire.negotiation import SASL
from plauder.wire.sm import WRAP
from plauder.wire.stanza import CLIENT, KINDS, Kind, Stanza
from plauder.wire.stream_error import STREAMS, StreamError
from plauder.wire.xml import XML_NS, InvalidXml, Watch, must_watch, quote, watch


class Context(NamedTuple):
    """What top-level elements inherit from their stream. Shared by all connections whose stream headers agree."""

    content: str = CLIENT  # the namespace of the stanzas, as the wire has it
    lang: str | None = None
    prefixes: tuple[tuple[str, str], ...] = (("stream", STREAMS),)
    root: bytes = b"stream:stream"


# An opening tag holds two addresses of at most 3071 bytes, an id, and little more.
TAG_MAX: Final = 16 * 1024

context_of: Final = lru_cache(maxsize=256)(Context)

_UNBOUND_PREFIX: Final = errors.codes[errors.XML_ERROR_UNBOUND_PREFIX]
_UNDEFINED_ENTITY: Final = errors.codes[errors.XML_ERROR_UNDEFINED_ENTITY]

_KINDS: Final[dict[str, Kind]] = {kind: kind for kind in KINDS}

# An attribute of a stanza, as it stands before the opening quote in the usual tag.
_USUAL: Final = {f" {name}=": name for name in ("to", "from", "id", "type", "xml:lang", "xmlns")}
_END: Final = frozenset(("", "/", " /", " "))
_BY_LETTER: Final[dict[bytes, tuple[Kind, bytes, bytes, bytes]]] = {
    kind[0].encode(): (kind, f"<{kind} ".encode(), f"<{kind}".encode(), f"</{kind}>".encode()) for kind in KINDS
}

_REQUEST: Final = Nonza(SM_REQUEST, {}, b"<r xmlns='urn:xmpp:sm:3'/>")
_ACK: Final = re.compile(
    rb"""<(?:r\ xmlns=(?:'urn:xmpp:sm:3'|"urn:xmpp:sm:3")
    |a\ (?:xmlns=(?:'urn:xmpp:sm:3'|"urn:xmpp:sm:3")\ h=(?:'(?P<h1>\d{1,10})'|"(?P<h2>\d{1,10})")
        |h=(?:'(?P<h3>\d{1,10})'|"(?P<h4>\d{1,10})")\ xmlns=(?:'urn:xmpp:sm:3'|"urn:xmpp:sm:3")))\ ?/>""",
    re.VERBOSE,
)


def _read_ack(data: bytes, at: int) -> tuple[Nonza, int] | None:
    """The `<r/>` or `<a/>` that begins at `at`: with stream management there are as many of them as stanzas."""
    ack = _ACK.match(data, at)
    if ack is None:
        return None
    if ack.lastgroup is None:
        return _REQUEST, ack.end()
    return Nonza(SM_ANSWER, {"h": ack[ack.lastgroup].decode()}, ack[0]), ack.end()


def lone_ack(data: bytes) -> int:
    """The `h` of an `<a/>` that is all there is, in a form that nearly all have; -1 for anything else.

    A client answers most of what it is sent with nothing but this.
    """
    ack = _ACK.fullmatch(data)
    if ack is None or ack.lastgroup is None:
        return -1
    h = int(ack[ack.lastgroup])
    return h if h < WRAP else -1


_SASL: Final = re.compile(
    rb"""<(?P<name>auth|response)\ xmlns=(?P<q>['"])urn:ietf:params:xml:ns:xmpp-sasl(?P=q)
    (?:\ mechanism=(?P=q)(?P<mechanism>[A-Z0-9-]{1,20})(?P=q))?>[A-Za-z0-9+/=]*+</(?P=name)>""",
    re.VERBOSE,
)


def _read_sasl(data: bytes, at: int, limit: int) -> tuple[Nonza, int] | None:
    """What a login by password consists of, as every client writes it."""
    sasl = _SASL.match(data, at)
    if sasl is None or sasl.end() - at > limit:
        return None
    mechanism = sasl["mechanism"]
    attrs = {} if mechanism is None else {"mechanism": mechanism.decode()}
    return Nonza(f"{{{SASL}}}{sasl['name'].decode()}", attrs, sasl[0]), sasl.end()


def read_usual(data: bytes, at: int, limit: int, context: Context) -> tuple[Stanza | Nonza, int] | None:
    """What begins at `at` and where it ends, if both have the form that nearly all have.

    None if anything is out of the ordinary, incomplete or wrong: then go the long way, which is right for everything.
    This one is short because a message's microseconds are spent here.
    """
    usual = _BY_LETTER.get(data[at + 1 : at + 2])
    if usual is None:
        return _read_ack(data, at) or _read_sasl(data, at, limit)
    kind, opening, name, closing = usual
    tag_end = data.find(b">", at, at + TAG_MAX)
    if tag_end < 0 or not data.startswith(opening, at):
        return None
    try:
        tag = data[at + len(name) : tag_end].decode()
    except UnicodeDecodeError:
        return None
    mark = '"' if '"' in tag else "'"
    # References need resolving, and other whitespace becomes spaces (XML 1.0 §3.3.3).
    if (mark == '"' and "'" in tag) or "&" in tag or "\n" in tag or "\t" in tag or "\r" in tag:
        return None
    # With quotes of one kind, a ">" after an even number of them stands outside of values and ends the tag.
    parts = tag.split(mark)
    last = parts.pop()
    if len(parts) & 1 or last not in _END:
        return None
    attrs = {}
    values = iter(parts)
    for part in values:
        attribute = _USUAL.get(part)
        if attribute is None:
            return None
        attrs[attribute] = next(values)
    if last and last[-1] == "/":
        inner, end = b"", tag_end + 1
    else:
        inner_end = data.find(closing, tag_end)
        end = inner_end + len(closing)
        inner = data[tag_end + 1 : inner_end]
        if inner_end < 0 or name in inner:
            return None
    piece = data[at:end]
    if end - at > limit or must_watch(piece):
        return None
    try:
        ParserCreate("utf-8", "}").Parse(piece, True)
    except ExpatError:
        return None
    if attrs.pop("xmlns", context.content) != context.content:
        return None
    if context.lang is not None and "xml:lang" not in attrs:
        # RFC 6120 §8.1.5: a stanza without a language has that of its stream.
        attrs["xml:lang"] = context.lang
    return Stanza(kind, attrs, inner), end


def read_any(data: bytes, tag_name: bytes, tag_end: int, context: Context) -> Stanza | Nonza:
    """The long way: what `data` is, whose opening tag has that name and ends (with ">") at `tag_end`.

    Right for everything that is well-formed; raises `StreamError` for everything else.
    """
    name = tag_name.decode("utf-8", "replace")
    try:
        opening = _prove(data)
    except ExpatError as problem:
        if problem.code != _UNBOUND_PREFIX:
            refuse(problem)
        # The stream's header may have bound the prefix. Bind it here again, so that the element stands on its own.
        prefixes = [(p, uri) for p, uri in context.prefixes if f"{p}:".encode() in data]
        added = _declarations(data, prefixes)
        data = _insert(data, name, added)
        tag_end += len(added)
        try:
            opening = _prove(data)
        except ExpatError as still:
            refuse(still)
    namespace, cut, local = opening.tag.rpartition("}")
    declared = dict(opening.declared)
    if not cut and None not in declared:
        namespace = context.content
    attrs = {("xml:lang" if k == f"{XML_NS}}}lang" else k): v for k, v in opening.attrs.items()}
    attrs = {k: v for k, v in attrs.items() if "}" not in k}
    if namespace == context.content and local in _KINDS:
        if local != name:
            raise StreamError("bad-namespace-prefix", "stanzas are written without a prefix")
        if context.lang is not None:
            attrs.setdefault("xml:lang", context.lang)
        attrs.update({f"xmlns:{p}": uri or "" for p, uri in opening.declared if p is not None})
        inner = b"" if data[tag_end - 1] == 0x2F else data[tag_end + 1 : data.rindex(b"</")]
        return Stanza(_KINDS[local], attrs, inner)
    if None not in declared:
        data = _insert(data, name, f" xmlns={quote(context.content)}".encode())
    return Nonza(f"{{{namespace}}}{local}" if namespace else local, attrs, data)


def _insert(data: bytes, name: str, declarations: bytes) -> bytes:
    """The element with more in its opening tag, right after the name."""
    at = 1 + len(name.encode())
    return data[:at] + declarations + data[at:]


def _declarations(data: bytes, prefixes: list[tuple[str, str]]) -> bytes:
    tag = data[: data.index(b">")]
    return b"".join([f" xmlns:{p}={quote(uri)}".encode() for p, uri in prefixes if f"xmlns:{p}".encode() not in tag])


def _prove(data: bytes) -> Watch:
    """Raise unless `data` is one element as XMPP allows it: `ExpatError` if malformed, `StreamError` if forbidden."""
    parser = ParserCreate("utf-8", "}")
    watched = watch(parser)
    try:
        parser.Parse(data, True)
    except InvalidXml as problem:
        raise stream_error(problem) from None
    return watched


def stream_error(problem: InvalidXml) -> StreamError:
    """RFC 6120 §4.9.3.13, .14 and .18: the three ways in which XML can be wrong."""
    if problem.restricted:
        return StreamError("restricted-xml", str(problem))
    return StreamError("policy-violation" if problem.too_large else "not-well-formed", str(problem))


def refuse(problem: ExpatError) -> Never:
    """Say on the stream what expat found."""
    if problem.code == _UNDEFINED_ENTITY:  # RFC 6120 §11.1: an entity reference, other than the predefined five
        raise StreamError("restricted-xml", "entities are not allowed") from None
    raise StreamError("not-well-formed", str(problem)) from None
