from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plauder.wire.xml import (
    MAX_ATTRIBUTES,
    MAX_DEPTH,
    E,
    InvalidXml,
    check,
    escape,
    lang_of,
    must_watch,
    parse,
    parse_inner,
    quote,
    serialize,
)

xml_text = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"), max_size=8
)
xml_names = st.sampled_from(["a", "b", "body", "é", "x-y", "a.b"])
namespaces = st.sampled_from(["", "jabber:client", "urn:a", "urn:'<&>\""])


@st.composite
def elements(draw: st.DrawFn, depth: int = 3) -> Element:
    namespace = draw(namespaces)
    element = Element(f"{{{namespace}}}{draw(xml_names)}" if namespace else draw(xml_names))
    for key in draw(
        st.lists(st.sampled_from(["id", "to", "{urn:x}q", "{urn:y}q", "xml:lang"]), unique=True, max_size=3)
    ):
        name = "{http://www.w3.org/XML/1998/namespace}lang" if key == "xml:lang" else key
        element.set(name, draw(xml_text) + draw(st.sampled_from(["", "\n", "\t", "\r", "'\"<&>"])))
    element.text = draw(xml_text) + draw(st.sampled_from(["", "\r\n", "]]>"])) or None
    if depth:
        for child in draw(st.lists(elements(depth=depth - 1), max_size=2)):
            child.tail = draw(xml_text) or None
            element.append(child)
    return element


def same(one: Element, two: Element) -> bool:
    return (
        one.tag == two.tag
        and dict(one.items()) == dict(two.items())
        and (one.text or "") == (two.text or "")
        and len(one) == len(two)
        and all(same(a, b) and (a.tail or "") == (b.tail or "") for a, b in zip(one, two, strict=True))
    )


@given(elements())
@settings(max_examples=100, deadline=None)
def test_what_is_written_is_read_back(element: Element) -> None:
    data = serialize(element, default_ns="")
    assert same(parse(data), element)
    around = parse(b"<x xmlns='jabber:client'>" + serialize(element) + b"</x>")
    assert same(around[0], element)


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_text_can_be_written(text: str, value: str) -> None:
    element = parse(serialize(E("a", {"b": value}, text), default_ns=""))
    assert len(element.text or "") == len(text)
    assert len(element.get("b") or "") == len(value)


def test_what_xml_cannot_carry_is_replaced() -> None:
    assert escape("a\x00b\ud800c\ufffe") == "a\ufffdb\ufffdc\ufffd"
    assert quote("\x1b'") == "'\ufffd&apos;'"
    assert escape("é😀 \t\n") == "é😀 \t\n"


def test_building() -> None:
    element = E(
        "{urn:x}a", {"id": "1", "no": None, "xml:lang": "de"}, "text", E("b", None, E("c")), "tail", None, "more"
    )
    assert [e.tag for e in element.iter()] == ["{urn:x}a", "{urn:x}b", "{urn:x}c"]
    assert lang_of(element) == "de"
    assert serialize(element) == b"<a xmlns='urn:x' id='1' xml:lang='de'>text<b><c/></b>tailmore</a>"
    assert serialize(E("a", None, E("b")), default_ns="") == b"<a><b/></a>"
    assert serialize(E("{urn:x}a", None, E("{urn:y}b"))) == b"<a xmlns='urn:x'><b xmlns='urn:y'/></a>"
    assert serialize(E("{jabber:client}a", None, "")) == b"<a/>"


def test_content_is_parsed_in_the_namespaces_around_it() -> None:
    a, b = parse_inner(b"text<a/>tail<x:b/>", declarations={"x": "urn:x"})
    assert (a.tag, b.tag) == ("{jabber:client}a", "{urn:x}b")
    assert parse_inner(b"<a/>", default_ns="urn:'")[0].tag == "{urn:'}a"
    with pytest.raises(InvalidXml):
        parse_inner(b"<a>")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"<!DOCTYPE a []><a/>", "restricted"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "restricted"),
        (b"<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", "restricted"),
        (b"<?xml version='1.0'?><a/>", "restricted"),
        (b"<a><?b c?></a>", "restricted"),
        (b"<a><!--b--></a>", "restricted"),
        (b"<a/><!--b-->", "restricted"),
        (b"<a>" * 10_000 + b"</a>" * 10_000, "too_large"),
        (b"<a>" * (MAX_DEPTH + 1) + b"</a>" * (MAX_DEPTH + 1), "too_large"),
        (b"<a>" * MAX_DEPTH + b"<a/>" + b"</a>" * MAX_DEPTH, "too_large"),
        (b"<a " + b" ".join(b"a%d=''" % i for i in range(5000)) + b"/>", "too_large"),
        (b"<a>" + b"b" * 5_000_000 + b"</a>", "too_large"),
        (b"", ""),
        (b"a", ""),
        (b"<a>", ""),
        (b"<a/><a/>", ""),
        (b"<a/>b", ""),
        (b"<a b='1' b='2'/>", ""),
        (b"<a xmlns:x='urn:a' xmlns:y='urn:a' x:b='1' y:b='2'/>", ""),
        (b"<x:a/>", ""),
        (b"<a x:b=''/>", ""),
        (b"<a xmlns:x=''/>", ""),
        (b"<a xmlns:xml='urn:a'/>", ""),
        (b"<a xmlns:xmlns='urn:a'/>", ""),
        (b"<a xmlns='http://www.w3.org/2000/xmlns/'/>", ""),
        (b"<a xmlns='urn:}b'/>", ""),
        (b"<a>&b;</a>", ""),
        (b"<a>&#0;</a>", ""),
        (b"<a>\x00</a>", ""),
        (b"<a>\x0b</a>", ""),
        (b"<a>\xed\xa0\x80</a>", ""),
        (b"<a>\xc0\x80</a>", ""),
        (b"<a>\xf4\x90\x80\x80</a>", ""),
        (b"<a>]]></a>", ""),
        ("<a>é</a>".encode("latin-1"), ""),
        ("<a/>".encode("utf-16"), ""),
        (b"<a></b>", ""),
        (b"<a", ""),
    ],
)
def test_what_is_refused(data: bytes, kind: str) -> None:
    with pytest.raises(InvalidXml) as refused:
        parse(data)
    assert (refused.value.restricted, refused.value.too_large) == (kind == "restricted", kind == "too_large")


def test_what_is_just_allowed() -> None:
    assert len(list(parse(b"<a>" * MAX_DEPTH + b"</a>" * MAX_DEPTH).iter())) == MAX_DEPTH
    many = b"<a " + b" ".join(b"a%d='%d'" % (i, 10**150) for i in range(MAX_ATTRIBUTES)) + b"/>"
    assert len(parse(many).keys()) == MAX_ATTRIBUTES
    assert parse(b"<a><![CDATA[<b>]]></a>").text == "<b>"
    assert parse(b"\xef\xbb\xbf<a/>").tag == "a"
    assert parse(b" <a/> ").tag == "a"


def test_only_suspicious_bytes_are_watched() -> None:
    assert not must_watch(b"<a>Hi! Why?</a>")
    assert must_watch(b"<a><![CDATA[]]></a>")
    assert must_watch(b"<a>" * 65 + b"</a>" * 65)


@given(st.binary(max_size=60))
def test_any_bytes_at_all(noise: bytes) -> None:
    for data in (noise, b"<a>" + noise + b"</a>"):
        try:
            check(data)
        except InvalidXml:
            continue
        assert parse(data) is not None
