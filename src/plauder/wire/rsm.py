"""Result set management (XEP-0059): which page of a long list is asked for, and which one is answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement

NS = "http://jabber.org/protocol/rsm"
SET = f"{{{NS}}}set"


class MalformedPage(ValueError):
    """The `<set/>` does not say which page is meant."""


class PageNotFound(LookupError):
    """XEP-0059 §2.3: the UID that the page should start at is not in the list."""


@dataclass(frozen=True, slots=True)
class Page:
    """A request for a page. At most one of `after`, `before` and `index` is set; an empty `before` is the last page.

    `max` is None when the requester leaves it to us.
    """

    max: int | None = None
    after: str | None = None
    before: str | None = None
    index: int | None = None

    @property
    def backwards(self) -> bool:
        return self.before is not None

    def limit(self, most: int) -> int:
        """How many to answer: what is asked for, never above `most`."""
        return most if self.max is None else min(self.max, most)

    @classmethod
    def within(cls, parent: Element) -> Page | None:
        """The request among the children of `parent`. Raises MalformedPage."""
        element = parent.find(SET)
        return None if element is None else cls.parse(element)

    @classmethod
    def parse(cls, element: Element) -> Page:
        """Read a `<set/>`. Raises MalformedPage."""
        before = element.find(f"{{{NS}}}before")
        return cls(
            max=_number(element, "max"),
            after=element.findtext(f"{{{NS}}}after") or None,
            before=None if before is None else before.text or "",
            index=_number(element, "index"),
        )


def _number(element: Element, name: str) -> int | None:
    text = element.findtext(f"{{{NS}}}{name}")
    if text is None:
        return None
    text = text.strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise MalformedPage(f"<{name}/> is not a number")
    return int(text)


def answer(
    *, count: int | None = None, first: str | None = None, last: str | None = None, index: int | None = None
) -> Element:
    """The `<set/>` that goes with a page: the UIDs of its first and last item, and how many there are in all."""
    element = Element(SET)
    if first is not None and last is not None:
        attrs = {} if index is None else {"index": str(index)}
        SubElement(element, f"{{{NS}}}first", attrs).text = first
        SubElement(element, f"{{{NS}}}last").text = last
    if count is not None:
        SubElement(element, f"{{{NS}}}count").text = str(count)
    return element


def cut(uids: Sequence[str], page: Page, *, most: int) -> range:
    """The positions in `uids` that `page` asks for, at most `most`. Raises PageNotFound."""
    start, stop = 0, len(uids)
    try:
        if page.after is not None:
            start = uids.index(page.after) + 1
        if page.before:
            stop = uids.index(page.before)
    except ValueError as error:
        raise PageNotFound(page.after or page.before) from error
    if page.index is not None:
        if page.index > len(uids):
            raise PageNotFound(page.index)
        start = page.index
    limit = page.limit(most)
    return range(max(start, stop - limit), stop) if page.backwards else range(start, min(stop, start + limit))
