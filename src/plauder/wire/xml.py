"""XML as XMPP allows it: parse, build, serialise.

RFC 6120 §11.1: no comments, no processing instructions, no DTD, no entities but the five predefined ones. Elements are
those of the standard library (`{namespace}name` tags); none here keeps a parser, and nothing recurses deeper than
`MAX_DEPTH`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser
from xml.parsers.expat import ExpatError, ParserCreate, XMLParserType

XML_NS: Final = "http://www.w3.org/XML/1998/namespace"
XMLNS_NS: Final = "http://www.w3.org/2000/xmlns/"
LANG: Final = f"{{{XML_NS}}}lang"

# The deepest known protocol nests a stanza about 12 deep (a pubsub item in a forwarded, encrypted message).
MAX_DEPTH: Final = 64
# Attributes of one element; the most that a standard names is below 20.
MAX_ATTRIBUTES: Final = 128
MAX_BYTES: Final = 4 * 1024 * 1024


class InvalidXml(ValueError):
    """Not well-formed, or well-formed in a way that XMPP forbids. `restricted` says which (RFC 6120 §4.9.3.18)."""

    def __init__(self, why: str, *, restricted: bool = False, too_large: bool = False) -> None:
        super().__init__(why)
        self.restricted = restricted
        self.too_large = too_large


def check(data: bytes) -> None:
    """Raise `InvalidXml` unless `data` is exactly one well-formed element with all its prefixes bound, and allowed.

    Costs one throwaway parser: 2 µs for a text message.
    """
    # The parser is told the encoding, so no declaration can change it; but the marks of UTF-16 still would.
    if data[:1] in (b"\xff", b"\xfe", b"\x00") or data[1:2] == b"\x00":
        raise InvalidXml("not UTF-8")
    parser = ParserCreate("utf-8", "}")
    if must_watch(data):
        watch(parser)
    try:
        parser.Parse(data, True)
    except ExpatError as problem:
        raise InvalidXml(str(problem)) from None


def must_watch(data: bytes) -> bool:
    """Whether `data` might hold what XMPP forbids, or be too deep; so that the usual stanza calls nothing in Python.

    DTDs, comments, processing instructions and CDATA all begin with one of two pairs of bytes. An element of depth d
    has at least 2d - 1 tags and so that many "<", and as many attributes as `MAX_ATTRIBUTES` do not fit below 16 KiB
    unless they are tiny and harmless. (Searching for one byte is memchr, ten times as fast as for two.)
    """
    size = len(data)
    return (
        (0x21 in data and b"<!" in data)
        or (0x3F in data and b"<?" in data)
        or (size > _DEEP_BYTES and data.count(b"<") > 2 * MAX_DEPTH - 2)
        or (size > _MANY_BYTES and data.count(b"=") > MAX_ATTRIBUTES)
    )


_DEEP_BYTES: Final = 7 * MAX_DEPTH  # `<a></a>` for each level
_MANY_BYTES: Final = 16 * 1024


def parse(data: bytes, *, max_bytes: int = MAX_BYTES) -> Element:
    """The element that `data` (UTF-8) holds; raises `InvalidXml`."""
    if len(data) > max_bytes:
        raise InvalidXml("larger than is accepted", too_large=True)
    check(data)
    return build(data)


def parse_inner(
    inner: bytes, *, default_ns: str = "jabber:client", declarations: Mapping[str, str] | None = None
) -> list[Element]:
    """The child elements in the content of an element that was checked as a whole.

    `declarations` are the prefixes that the element around them binds.
    """
    around = f"<x xmlns={quote(default_ns)}"
    for prefix, uri in (declarations or {}).items():
        around += f" xmlns:{prefix}={quote(uri)}"
    return list(build(b"%b>%b</x>" % (around.encode(), inner)))


def build(data: bytes) -> Element:
    """Build the tree of bytes that passed `check`: nothing in them can hurt."""
    parser = XMLParser(target=TreeBuilder(), encoding="utf-8")  # noqa: S314 - see above
    try:
        parser.feed(data)
        root: Element = parser.close()
    except ParseError as problem:
        raise InvalidXml(str(problem)) from None
    return root


class Watch:
    """What a watched parser saw of the outermost element: its name, attributes and the namespaces that it declares.

    Names are as expat writes them, "namespace}name"; `declared` has (prefix or None, namespace or None).
    """

    __slots__ = ("_depth", "attrs", "declared", "tag")

    def __init__(self) -> None:
        self._depth = 0
        self.tag = ""
        self.attrs: dict[str, str] = {}
        self.declared: list[tuple[str | None, str | None]] = []

    def start(self, name: str, attrs: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise InvalidXml("nested too deep", too_large=True)
        if len(attrs) > MAX_ATTRIBUTES:
            raise InvalidXml("too many attributes", too_large=True)
        if self._depth == 1:
            self.tag, self.attrs = name, attrs

    def end(self, _name: str) -> None:
        self._depth -= 1

    def declare(self, prefix: str | None, uri: str | None) -> None:
        if self._depth == 0:
            self.declared.append((prefix, uri))

    def refuse(self, *_: object) -> None:
        raise InvalidXml("DTDs, comments and processing instructions are not allowed", restricted=True)


def watch(parser: XMLParserType, *, declaration: bool = False) -> Watch:
    """Have a parser refuse what XMPP forbids and what is too deep; `declaration` says whether `<?xml …?>` may come."""
    watched = Watch()
    parser.StartElementHandler = watched.start
    parser.EndElementHandler = watched.end
    parser.StartNamespaceDeclHandler = watched.declare
    parser.StartDoctypeDeclHandler = watched.refuse
    parser.CommentHandler = watched.refuse
    parser.ProcessingInstructionHandler = watched.refuse
    if not declaration:
        parser.XmlDeclHandler = watched.refuse
    return watched


def read_opening(data: bytes) -> Watch:
    """What the outermost tag of one element says; raises `InvalidXml`."""
    parser = ParserCreate("utf-8", "}")
    watched = watch(parser)
    try:
        parser.Parse(data, True)
    except ExpatError as problem:
        raise InvalidXml(str(problem)) from None
    return watched


def E(tag: str, attrs: Mapping[str, str | None] | None = None, *children: Element | str | None) -> Element:  # noqa: N802
    """Build an element: `E("{urn:x}a", {"id": "1"}, E("b"), "text")`.

    Attributes and children that are None are left out. A child whose tag has no namespace takes that of its parent.
    "xml:lang" may be written like that.
    """
    element = Element(tag)
    if attrs:
        for name, value in attrs.items():
            if value is not None:
                element.set(LANG if name == "xml:lang" else name, value)
    namespace = tag[: tag.index("}") + 1] if tag[0] == "{" else ""
    last: Element | None = None
    for child in children:
        if isinstance(child, str):
            if last is None:
                element.text = (element.text or "") + child
            else:
                last.tail = (last.tail or "") + child
        elif child is not None:
            if namespace and child.tag[0] != "{":
                _adopt(child, namespace)
            element.append(child)
            last = child
    return element


def _adopt(element: Element, namespace: str) -> None:
    element.tag = namespace + element.tag
    for child in element:
        if child.tag[0] != "{":
            _adopt(child, namespace)


def lang_of(element: Element) -> str | None:
    return element.get(LANG)


def serialize(element: Element, default_ns: str = "jabber:client") -> bytes:
    """The element as UTF-8, for a place where `default_ns` is the default namespace; the tail is left out.

    Namespaces are declared as defaults where they change, so there are no prefixes but on (rare) qualified attributes.
    """
    out: list[str] = []
    _write(element, default_ns, out.append)
    return "".join(out).encode()


def _write(element: Element, default_ns: str, put: Callable[[str], None]) -> None:
    tag = element.tag
    if tag[0] == "{":
        namespace, _, name = tag[1:].partition("}")
    else:
        namespace, name = "", tag
    put(f"<{name}" if namespace == default_ns else f"<{name} xmlns={quote(namespace)}")
    for index, (key, value) in enumerate(element.items()):
        put(_attribute(key, value, index))
    text = element.text
    if not text and not len(element):
        put("/>")
        return
    put(">")
    if text:
        put(escape(text))
    for child in element:
        _write(child, namespace, put)
        if child.tail:
            put(escape(child.tail))
    put(f"</{name}>")


def _attribute(key: str, value: str, index: int) -> str:
    if key[0] != "{":
        return f" {key}={quote(value)}"
    namespace, _, name = key[1:].partition("}")
    if namespace == XML_NS:
        return f" xml:{name}={quote(value)}"
    # The prefix serves this one attribute only, so a number is enough of a name.
    return f" xmlns:n{index}={quote(namespace)} n{index}:{name}={quote(value)}"


# Characters that XML 1.0 §2.2 does not have at all, not even as references.
_NOT_XML: Final = "\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff"
_IN_TEXT: Final = re.compile(f"[&<>\r{_NOT_XML}]")
_IN_ATTRIBUTE: Final = re.compile(f"[&<>'\t\n\r{_NOT_XML}]")
_ESCAPES: Final = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    "'": "&apos;",
    "\t": "&#9;",
    "\n": "&#10;",
    "\r": "&#13;",
}


def _escaped(match: re.Match[str]) -> str:
    return _ESCAPES.get(match[0], "\ufffd")


def escape(text: str) -> str:
    """Character data. What XML cannot carry becomes U+FFFD: one bad text must not end its reader's stream."""
    return _IN_TEXT.sub(_escaped, text) if _IN_TEXT.search(text) else text


def quote(value: str) -> str:
    """An attribute value in its quotes; same promise as `escape`."""
    return f"'{_IN_ATTRIBUTE.sub(_escaped, value)}'" if _IN_ATTRIBUTE.search(value) else f"'{value}'"
