"""The framer: any split gives the same events, and nothing hostile gets through or takes long."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import XMLPullParser, tostring

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from plauder.wire.element import TAG_MAX
from plauder.wire.events import Event, Nonza, StreamClosed, StreamOpened
from plauder.wire.framer import STANZA_MAX, Framer, FrameReader
from plauder.wire.negotiation import SASL
from plauder.wire.stanza import Stanza
from plauder.wire.stream_error import StreamError
from plauder.wire.xml import E, serialize

HEADER = (
    b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'"
    b" to='localhost' version='1.0'>"
)
MESSAGE = b"<message to='a@localhost' type='chat' id='1'><body>Oi!</body></message>"


def plain(event: Event) -> object:
    """An event as a value that can be compared."""
    if isinstance(event, Stanza):
        return event.kind, event.attrs, event.inner
    if isinstance(event, Nonza):
        return event.tag, event.attrs, serialize(event.element)
    if isinstance(event, StreamError):
        return "error", event.condition
    return event


def run(pieces: Iterable[bytes], *, limit: int = STANZA_MAX, end: bool = True) -> list[object]:
    framer = Framer(limit=limit)
    events = [plain(event) for piece in pieces for event in framer.feed(piece)]
    return events + [plain(event) for event in framer.end()] if end else events


def opened(data: bytes, *, limit: int = STANZA_MAX) -> list[object]:
    """The events after the stream header."""
    return run([HEADER + data], limit=limit)[1:]


def only(data: bytes) -> Stanza:
    framer = Framer(limit=STANZA_MAX)
    framer.feed(HEADER)
    (event,) = framer.feed(data)
    assert isinstance(event, Stanza)
    return event


# --- what streams say ---


def test_a_session_in_one_piece() -> None:
    data = (
        HEADER
        + MESSAGE
        + b" \n<presence/>"
        + b"<r xmlns='urn:xmpp:sm:3'/><a xmlns='urn:xmpp:sm:3' h='7'/></stream:stream>"
    )
    assert run([data]) == [
        StreamOpened(to="localhost", version="1.0"),
        ("message", {"to": "a@localhost", "type": "chat", "id": "1"}, b"<body>Oi!</body>"),
        ("presence", {}, b""),
        ("{urn:xmpp:sm:3}r", {}, b"<r xmlns='urn:xmpp:sm:3'/>"),
        ("{urn:xmpp:sm:3}a", {"h": "7"}, b"<a xmlns='urn:xmpp:sm:3' h='7'/>"),
        StreamClosed(),
    ]


@pytest.mark.parametrize(
    ("usual", "unusual", "attrs"),
    [
        (b"<auth xmlns='%b' mechanism='PLAIN'>QQ==</auth>", b"<auth  mechanism='PLAIN' xmlns='%b'>QQ==</auth>", True),
        (b"<response xmlns='%b'>QQ==</response>", b"<response xmlns='%b' >QQ==</response>", False),
        (b"<response xmlns='%b'></response>", b"<s:response xmlns:s='%b'></s:response>", False),
    ],
)
def test_a_login_reads_the_same_in_every_form(usual: bytes, unusual: bytes, attrs: bool) -> None:
    short, long = (Framer().feed(HEADER + form % SASL.encode())[1] for form in (usual, unusual))
    assert isinstance(short, Nonza)
    assert isinstance(long, Nonza)
    assert short.tag == long.tag
    assert short.attrs == long.attrs == ({"mechanism": "PLAIN"} if attrs else {})
    assert short.element.text == long.element.text


@pytest.mark.parametrize(
    "data",
    [
        b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>QQ==</response>",
        b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl\" mechanism='PLAIN'>QQ==</auth>",
        b"<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>" + b"A" * 10_000 + b"</response>",
    ],
)
def test_a_login_that_is_none(data: bytes) -> None:
    assert isinstance(Framer().feed(HEADER + data)[-1], StreamError)


@pytest.mark.parametrize(
    ("data", "attrs", "inner"),
    [
        (b"<message/>", {}, b""),
        (b"<message />", {}, b""),
        (b"<message></message>", {}, b""),
        (b"<message></message \n>", {}, b""),
        (b'<message to="a@b" id="x"/>', {"to": "a@b", "id": "x"}, b""),
        (b"<message to='a@b'\tid=\"x\" />", {"to": "a@b", "id": "x"}, b""),
        (b"<message to = 'a@b'/>", {"to": "a@b"}, b""),
        (b"<message id='a>b'>x</message>", {"id": "a>b"}, b"x"),
        (b"<message id='a\">b'>x</message>", {"id": 'a">b'}, b"x"),
        (b"<message id='/'>x</message>", {"id": "/"}, b"x"),
        (b"<message id='a/>'/>", {"id": "a/>"}, b""),
        (b"<message id='&lt;&amp;&#x27;'/>", {"id": "<&'"}, b""),
        (b"<message id='a\nb'/>", {"id": "a b"}, b""),
        (b"<message xml:lang='de' id='1'/>", {"xml:lang": "de", "id": "1"}, b""),
        (b"<message xmlns='jabber:client' id='1'/>", {"id": "1"}, b""),
        (b"<message custom='1'/>", {"custom": "1"}, b""),
        (b"<message xmlns:x='urn:x' x:y='1' id='2'><x:a/></message>", {"id": "2", "xmlns:x": "urn:x"}, b"<x:a/>"),
        (b"<message><message/><message>a</message></message>", {}, b"<message/><message>a</message>"),
        (b"<message><messages/></message>", {}, b"<messages/>"),
        (b"<message><a b='>'/><message c='/>'>d</message></message>", {}, b"<a b='>'/><message c='/>'>d</message>"),
        (b"<message><![CDATA[</message>]]></message>", {}, b"<![CDATA[</message>]]>"),
        (b"<message><![CDATA[<message>]]]></message>", {}, b"<![CDATA[<message>]]]>"),
        (b"<message><body>a > b !? <!</body></message>".replace(b"<!", b"&lt;!"), {}, b"<body>a > b !? &lt;!</body>"),
        ("<message><body>é😀</body></message>".encode(), {}, "<body>é😀</body>".encode()),
    ],
)
def test_forms_that_a_stanza_can_have(data: bytes, attrs: dict[str, str], inner: bytes) -> None:
    assert run([HEADER, data])[1:] == [("message", attrs, inner)]
    assert run([HEADER] + [bytes([byte]) for byte in data])[1:] == [("message", attrs, inner)]


def test_a_stanza_inherits_the_language_of_its_stream() -> None:
    framer = Framer()
    framer.feed(HEADER.replace(b" to=", b" xml:lang='pt-BR' to="))
    one, two = framer.feed(b"<presence/><presence xml:lang='de'/>")
    assert isinstance(one, Stanza)
    assert isinstance(two, Stanza)
    assert (one.attrs, two.attrs) == ({"xml:lang": "pt-BR"}, {"xml:lang": "de"})


def test_prefixes_of_the_stream_header_are_bound_again_where_they_are_used() -> None:
    framer = Framer()
    framer.feed(HEADER.replace(b" to=", b" xmlns:foo='urn:foo' to="))
    (stanza,) = framer.feed(b"<message id='1'><foo:bar><b/></foo:bar></message>")
    assert isinstance(stanza, Stanza)
    assert stanza.attrs == {"id": "1", "xmlns:foo": "urn:foo"}
    assert stanza.payloads[0].tag == "{urn:foo}bar"
    assert stanza.payloads[0][0].tag == "{jabber:client}b"
    assert stanza.to_bytes() == b"<message id='1' xmlns:foo='urn:foo'><foo:bar><b/></foo:bar></message>"


def test_what_is_not_a_stanza_comes_as_an_element() -> None:
    events = run(
        [
            HEADER,
            b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
            b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGEAYg==</auth>",
            b"<stream:features><a xmlns='urn:a'/></stream:features>",
            b"<foo/>",
            b"<message xmlns='urn:other'/>",
            b"<x:iq xmlns:x='urn:other'/>",
            b"<foo xmlns=''/>",
        ]
    )[1:]
    assert [event[0] for event in events if isinstance(event, tuple)] == [
        "{urn:ietf:params:xml:ns:xmpp-tls}starttls",
        "{urn:ietf:params:xml:ns:xmpp-sasl}auth",
        "{http://etherx.jabber.org/streams}features",
        "{jabber:client}foo",
        "{urn:other}message",
        "{urn:other}iq",
        "foo",
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"<a xmlns='urn:xmpp:sm:3' h='12'/>",
        b'<a xmlns="urn:xmpp:sm:3" h="12" />',
        b"<a h='12' xmlns='urn:xmpp:sm:3'/>",
        b"<a h='12'\nxmlns='urn:xmpp:sm:3'></a>",
        b"<a   h = '12' xmlns='urn:xmpp:sm:3'/>",
    ],
)
def test_acknowledgements_in_any_form(data: bytes) -> None:
    (event,) = [event for event in run([HEADER, data])[1:] if isinstance(event, tuple)]
    assert event[:2] == ("{urn:xmpp:sm:3}a", {"h": "12"})


def test_a_stream_may_start_anew_inside_of_a_stream() -> None:
    # After SASL success the client sends a new header without closing the old stream (RFC 6120 §6.4.6).
    auth = b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>AA==</auth>"
    kinds = [type(event) for event in Framer(limit=STANZA_MAX).feed(HEADER + auth + HEADER + MESSAGE + HEADER[21:])]
    assert kinds == [StreamOpened, Nonza, StreamOpened, Stanza, StreamOpened]


def test_a_new_header_may_come_in_parts() -> None:
    data = HEADER + HEADER.replace(b"to='localhost'", b"to='a>b'") + b"<presence/>"
    assert run(bytes([byte]) for byte in data) == run([data])
    assert len(run([data])) == 3


def test_stanzas_between_servers_come_out_as_those_of_clients() -> None:
    framer = Framer(content="jabber:server")
    framer.feed(HEADER.replace(b"jabber:client", b"jabber:server"))
    one, two, three = framer.feed(MESSAGE + b"<message xmlns='jabber:server'/><message xmlns='jabber:client'/>")
    assert isinstance(one, Stanza)
    assert one.text("{jabber:client}body") == "Oi!"
    assert isinstance(two, Stanza)
    assert isinstance(three, Nonza)


def test_clear_forgets_what_was_sent_before_tls() -> None:
    framer = Framer()
    framer.feed(HEADER + b"<message>")
    assert not framer.is_empty
    framer.clear()
    assert framer.is_empty
    assert [plain(event) for event in framer.feed(MESSAGE)] == [("error", "invalid-namespace")]


def test_nothing_is_kept_when_nothing_is_pending() -> None:
    framer = Framer()
    framer.feed(HEADER + MESSAGE + b"  ")
    assert framer.is_empty
    other = Framer()
    other.feed(HEADER)
    assert framer._context is other._context


# --- any split ---

names = st.sampled_from(["message", "presence", "iq", "a", "body", "messages", "x:message", "stream"])
texts = st.text(st.sampled_from("ab <>&'\"!?/[]=é😀\n"), max_size=12)


@st.composite
def trees(draw: st.DrawFn, depth: int = 3) -> bytes:
    """A well-formed element as a person might write it."""
    name = draw(names)
    declares = " xmlns:x='urn:x'"
    out = f"<{name}{declares}"
    for key in draw(
        st.lists(st.sampled_from(["to", "from", "id", "type", "xml:lang", "foo", "x:bar"]), unique=True, max_size=3)
    ):
        value = draw(texts).replace("&", "&amp;").replace("<", "&lt;")
        mark = draw(st.sampled_from("'\""))
        value = value.replace(mark, "&quot;" if mark == '"' else "&apos;")
        out += (
            draw(st.sampled_from([" ", "\n", "  "])) + key + draw(st.sampled_from(["=", " = "])) + mark + value + mark
        )
    if draw(st.booleans()):
        return (out + draw(st.sampled_from(["/>", " />"]))).encode()
    out += draw(st.sampled_from([">", " >"]))
    data = out.encode()
    for _ in range(draw(st.integers(0, 3))):
        match draw(st.integers(0, 2)):
            case 0 if depth:
                data += draw(trees(depth=depth - 1))
            case 1:
                data += b"<![CDATA[" + draw(texts).replace("]]>", "").encode() + b"]]>"
            case _:
                data += draw(texts).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").encode()
    return data + f"</{name}{draw(st.sampled_from(['', ' ', chr(10)]))}>".encode()


@st.composite
def splits(draw: st.DrawFn, data: bytes) -> list[bytes]:
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=12)))
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_any_split_of_valid_streams_gives_the_same_events(data: st.DataObject) -> None:
    elements = data.draw(st.lists(trees(), min_size=1, max_size=4))
    stream = HEADER + b" \n".join(elements) + b"</stream:stream>"
    whole = run([stream])
    assert len(whole) == len(elements) + 2
    assert whole[-1] == StreamClosed()
    assert run(data.draw(splits(stream))) == whole
    assert run(bytes([byte]) for byte in stream) == whole


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_elements_are_those_that_an_xml_parser_sees(data: st.DataObject) -> None:
    elements = data.draw(st.lists(trees(), min_size=1, max_size=4))
    framer = Framer(limit=STANZA_MAX)
    events = framer.feed(HEADER + b"".join(elements))[1:]
    pull = XMLPullParser(["start", "end"])
    pull.feed(HEADER + b"".join(elements) + b"</stream:stream>")
    root = next(element for _, element in pull.read_events())
    ours = []
    for event in events:
        assert isinstance(event, Stanza | Nonza)
        element = event.to_element() if isinstance(event, Stanza) else event.element
        ours.append(element)
    assert len(ours) == len(root)
    for mine, theirs in zip(ours, root, strict=True):
        assert [child.tag for child in mine.iter()] == [child.tag for child in theirs.iter()]
        assert ["".join(child.itertext()) for child in list(mine)] == [
            "".join(child.itertext()) for child in list(theirs)
        ]
        assert {k: v for k, v in mine.items() if "urn:x" not in k} == {
            k: v for k, v in theirs.items() if "urn:x" not in k
        }


def refused(events: list[object]) -> list[object]:
    """The events without the reason of an error: of several mistakes, another cut may show another one first."""
    return [event[0] if isinstance(event, tuple) and event[0] == "error" else event for event in events]


fragments = st.sampled_from(
    [
        MESSAGE,
        b"<message",
        b"</message>",
        b"<iq>",
        b"</iq>",
        b" ",
        b">",
        b"<",
        b"/",
        b"'",
        b'"',
        b" to='a'",
        b' id="',
        b"<![CDATA[",
        b"]]>",
        b"<!--",
        b"-->",
        b"<?xml version='1.0'?>",
        b"<?pi?>",
        b"<!DOCTYPE a>",
        b"&amp;",
        b"&foo;",
        b"\x00",
        b"\xff",
        b"\xed\xa0\x80",
        b"\xc3",
        b"text",
        b"<x:a/>",
        b"<stream:error/>",
        b"</stream:stream>",
        HEADER,
    ]
)


@given(st.lists(fragments, max_size=10), st.data())
@settings(max_examples=300, deadline=None)
@example([b"<message", b">", b"<", b"/iq>"], None)
def test_any_split_of_garbage_gives_the_same_events(parts: list[bytes], data: st.DataObject | None) -> None:
    stream = HEADER + b"".join(parts)
    whole = refused(run([stream]))
    assert refused(run(bytes([byte]) for byte in stream)) == whole
    if data is not None:
        assert refused(run(data.draw(splits(stream)))) == whole


@given(st.binary(max_size=60), st.data())
@settings(max_examples=100, deadline=None)
def test_any_bytes_at_all(noise: bytes, data: st.DataObject) -> None:
    assert refused(run(data.draw(splits(noise)))) == refused(run([noise]))
    run([HEADER + noise])
    FrameReader().feed(noise)


# --- hostile ---


@pytest.mark.parametrize(
    ("data", "condition"),
    [
        (b"<message><!-- hi --></message>", "restricted-xml"),
        (b"<message><?php echo 1 ?></message>", "restricted-xml"),
        (b"<!DOCTYPE lolz [<!ENTITY lol 'lol'>]>", "restricted-xml"),
        (b"<!-- a -->", "restricted-xml"),
        (b"<?foo bar?>", "restricted-xml"),
        (b"<message>&lol;</message>", "restricted-xml"),
        (b"<message id='&lol;'/>", "restricted-xml"),
        (b"<message>" * 10_000, "policy-violation"),
        (b"<message>" + b"<a>" * 10_000 + b"</a>" * 10_000 + b"</message>", "policy-violation"),
        (b"<message>" + b"<a>" * 64 + b"</a>" * 64 + b"</message>", "policy-violation"),
        (b"<message id='" + b"a" * 300_000 + b"'/>", "policy-violation"),
        (b"<message id='" + b"a" * TAG_MAX + b"'/>", "policy-violation"),
        (b"<message><body>" + b"a" * STANZA_MAX + b"</body></message>", "policy-violation"),
        (b"<message><a " + b" ".join(b"a%d=''" % i for i in range(5000)) + b"/></message>", "policy-violation"),
        (b"<message></iq>", "not-well-formed"),
        (b"<message><body></message></body>", "not-well-formed"),
        (b"<message to='a' to='b'/>", "not-well-formed"),
        (b"<message to=a/>", "not-well-formed"),
        (b"<message id='<'/>", "not-well-formed"),
        (b"<message><x:a/></message>", "not-well-formed"),
        (b"<x:message/>", "not-well-formed"),
        (b"<message>\x00</message>", "not-well-formed"),
        (b"<message>&#0;</message>", "not-well-formed"),
        (b"<message>&#xD800;</message>", "not-well-formed"),
        (b"<message>\xed\xa0\x80</message>", "not-well-formed"),
        (b"<message>\xff</message>", "not-well-formed"),
        (b"<message to='\xff'/>", "not-well-formed"),
        (b"<message to='a'><!-- --></message>", "restricted-xml"),
        (b"<message>\xc0\xbc/message></message>", "not-well-formed"),
        (b"<message>]]></message>", "not-well-formed"),
        (b"<message>\xef\xbf\xbf</message>", "not-well-formed"),
        (b"</message>", "not-well-formed"),
        (b"</stream:streams>", "not-well-formed"),
        (b"hello", "not-well-formed"),
        (b"<>", "not-well-formed"),
        (b"<![CDATA[x]]>", "restricted-xml"),
        (b"<c:message xmlns:c='jabber:client'/>", "bad-namespace-prefix"),
        (b"<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams'>", "invalid-namespace"),
        (b"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'/>", "bad-format"),
    ],
)
def test_what_is_forbidden_ends_the_stream(data: bytes, condition: str) -> None:
    events = opened(data + MESSAGE)
    assert events == [("error", condition)]
    if len(data) < 2000:
        assert run([HEADER, *(bytes([byte]) for byte in data + MESSAGE)])[1:] == events


BILLION_LAUGHS = (
    b"<?xml version='1.0'?><!DOCTYPE lolz [<!ENTITY lol 'lol'>"
    + b"".join(b"<!ENTITY lol%d '%b'>" % (i, b"&lol%d;" % (i - 1) * 10) for i in range(1, 10))
    + b"]><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'><message>&lol9;</message>"
)


@pytest.mark.parametrize(
    ("data", "condition"),
    [
        (BILLION_LAUGHS, "restricted-xml"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "not-well-formed"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "not-well-formed"),
        (b"\xef\xbb\xbf" + HEADER, "not-well-formed"),
        (b"\xff\xfe<\x00", "not-well-formed"),
        (b"<?xml version='1.0' encoding='ISO-8859-1'?>" + HEADER[21:], "unsupported-encoding"),
        (b"<?xml version='1.0' encoding='UTF-16'?>" + HEADER[21:], "unsupported-encoding"),
        (b"<stream:stream xmlns='jabber:client' xmlns:stream='urn:foo'>", "invalid-namespace"),
        (b"<stream xmlns='http://etherx.jabber.org/streams'>", "invalid-namespace"),
        (b"<stream:stream xmlns:stream='http://etherx.jabber.org/streams'>", "invalid-namespace"),
        (b"<s:steam xmlns='jabber:client' xmlns:s='http://etherx.jabber.org/streams'>", "bad-format"),
        (b"<stream:stream xmlns='jabber:client'>", "not-well-formed"),
        (b"<message/>", "invalid-namespace"),
        (b"<a'b'>", "not-well-formed"),
        (HEADER[:-1] + b" ".join(b" a%d=''" % i for i in range(200)) + b">", "policy-violation"),
        (b"</stream:stream>", "not-well-formed"),
        (b"<stream:stream " + b"a" * STANZA_MAX, "policy-violation"),
    ],
)
def test_streams_that_begin_wrong(data: bytes, condition: str) -> None:
    assert run([data]) == [("error", condition)]
    if len(data) < 2000:
        assert run(bytes([byte]) for byte in data) == [("error", condition)]


def test_nothing_comes_after_an_error() -> None:
    framer = Framer()
    assert len(framer.feed(HEADER + b"hello")) == 2
    assert framer.feed(MESSAGE) == []
    assert framer.end() == []


def test_garbage_is_refused_before_it_is_complete() -> None:
    framer = Framer(limit=STANZA_MAX)
    framer.feed(HEADER)
    assert [plain(event) for event in framer.feed(b"<message><body></mody>")] == [("error", "not-well-formed")]


@pytest.mark.parametrize(
    "data",
    [
        b"<message id='" + b"a" * 15_000,
        b"<message id=\"'" + b">" * 15_000,
        b"<message>" + b">" * 30_000,
        b"<message>" + b"<message>" * 3_000,
        b"<message>" + b"<message a='\">'/>" * 2_000,
        b"<message><![CDATA[" + b"]]" * 15_000,
        b"<message><![CDATA[" + b">" * 30_000,
        b"<message></message" + b" " * 30_000,
        b"<message><" + b"b" * 30_000,
    ],
)
def test_dripping_bytes_costs_linear_work(data: bytes) -> None:
    """Scans that restart at every byte would touch billions of bytes here, and this test would not end."""
    framer = Framer(limit=STANZA_MAX)
    framer.feed(HEADER)
    for byte in data:
        if framer.feed(bytes([byte])):
            break
    assert sum(1 for _ in framer.end()) <= 1


# --- WebSocket ---


def test_websocket_messages_are_elements() -> None:
    reader = FrameReader()
    assert reader.is_empty
    opening = b"<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='localhost' version='1.0' xml:lang='en'/>"
    messages = [
        opening,
        MESSAGE.replace(b" to=", b" xmlns='jabber:client' to="),
        MESSAGE + b"\n",
        b" ",
        b"<r xmlns='urn:xmpp:sm:3'/>",
        b"<stream:features xmlns:stream='http://etherx.jabber.org/streams'/>",
        b"<close xmlns='urn:ietf:params:xml:ns:xmpp-framing' see-other-uri='wss://b/'/>",
    ]
    events = [plain(event) for message in messages for event in reader.feed(message)]
    stanza = ("message", {"to": "a@localhost", "type": "chat", "id": "1", "xml:lang": "en"}, b"<body>Oi!</body>")
    assert events == [
        StreamOpened(to="localhost", version="1.0", lang="en"),
        stanza,
        stanza,
        ("{urn:xmpp:sm:3}r", {}, b"<r xmlns='urn:xmpp:sm:3'/>"),
        ("{http://etherx.jabber.org/streams}features", {}, b"<features xmlns='http://etherx.jabber.org/streams'/>"),
        StreamClosed("wss://b/"),
    ]


@pytest.mark.parametrize(
    ("data", "condition"),
    [
        (HEADER, "restricted-xml"),
        (HEADER[21:], "not-well-formed"),
        (b"<?xml version='1.0'?>" + MESSAGE, "restricted-xml"),
        (b" " + MESSAGE, "not-well-formed"),
        (MESSAGE + MESSAGE, "not-well-formed"),
        (MESSAGE + b"x", "not-well-formed"),
        (MESSAGE[:-1], "not-well-formed"),
        (b"<message", "not-well-formed"),
        (b"<message>", "not-well-formed"),
        (b"<message to='a'><a></message>", "not-well-formed"),
        (b"<message id='" + b"a" * 9000 + b"'/>" + b" " * 5000, "policy-violation"),
        (b"<stream:features/>", "not-well-formed"),
        (b"<!DOCTYPE a>", "restricted-xml"),
        (b"hello", "not-well-formed"),
        (b"</message>", "not-well-formed"),
        (b"<message>" + b"a" * 10_000 + b"</message>", "policy-violation"),
        (b"<message>" + b"<a>" * 100 + b"</a>" * 100 + b"</message>", "policy-violation"),
    ],
)
def test_websocket_messages_that_are_refused(data: bytes, condition: str) -> None:
    reader = FrameReader()
    assert [plain(event) for event in reader.feed(data)] == [("error", condition)]
    assert reader.feed(MESSAGE) == []


def test_elements_survive_writing_and_reading() -> None:
    stanza = only(MESSAGE)
    assert only(stanza.to_bytes()).attrs == stanza.attrs
    assert tostring(stanza.to_element()) == tostring(only(stanza.to_bytes()).to_element())
    assert E("{jabber:client}a").tag == "{jabber:client}a"
