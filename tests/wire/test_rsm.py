"""Pages of a long list, forwards, backwards and by position (XEP-0059)."""

from __future__ import annotations

from xml.etree.ElementTree import fromstring

import pytest

from plauder.wire.rsm import MalformedPage, Page, PageNotFound, answer, cut

NS = "http://jabber.org/protocol/rsm"
UIDS = list("abcdefghij")


def page(inner: str) -> Page:
    return Page.parse(fromstring(f"<set xmlns='{NS}'>{inner}</set>"))


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ("", "abcd"),
        ("<max>3</max>", "abc"),
        ("<max>99</max>", "abcd"),
        ("<max>0</max>", ""),
        ("<max>2</max><after>b</after>", "cd"),
        ("<max>2</max><after>j</after>", ""),
        ("<max>2</max><before/>", "ij"),
        ("<max>2</max><before>c</before>", "ab"),
        ("<max>2</max><before>a</before>", ""),
        ("<max>2</max><index>9</index>", "j"),
    ],
)
def test_pages(inner: str, expected: str):
    assert "".join(UIDS[i] for i in cut(UIDS, page(inner), most=4)) == expected


@pytest.mark.parametrize("inner", ["<after>x</after>", "<before>x</before>", "<index>11</index>"])
def test_a_page_that_is_not_there(inner: str):
    with pytest.raises(PageNotFound):
        cut(UIDS, page(inner), most=4)


@pytest.mark.parametrize("text", ["-1", "x", "", "1e3", "9" * 10, "٣"])
def test_a_malformed_number(text: str):
    with pytest.raises(MalformedPage):
        page(f"<max>{text}</max>")


def test_the_answer_names_the_ends():
    element = answer(count=10, first="a", last="d", index=0)
    assert element.find(f"{{{NS}}}first").get("index") == "0"
    assert element.findtext(f"{{{NS}}}last") == "d"
    assert element.findtext(f"{{{NS}}}count") == "10"
    assert [child.tag for child in answer(count=0)] == [f"{{{NS}}}count"]
