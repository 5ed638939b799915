"""What a framer says: the events of a stream, in the order of its bytes."""

from __future__ import annotations

from typing import Final, NamedTuple, final
from xml.etree.ElementTree import Element

from plauder.wire.stanza import Stanza
from plauder.wire.stream_error import StreamError
from plauder.wire.xml import build

SM: Final = "urn:xmpp:sm:3"
SM_REQUEST: Final = f"{{{SM}}}r"
SM_ANSWER: Final = f"{{{SM}}}a"


@final
class StreamOpened(NamedTuple):
    """The opening tag of a stream, or `<open/>`. It may come again: whoever keeps the stream's state judges that."""

    to: str | None = None
    from_: str | None = None
    id: str | None = None
    version: str | None = None
    lang: str | None = None


@final
class StreamClosed(NamedTuple):
    """The closing tag of the stream, or `<close/>`, with its `see-other-uri` (RFC 7395 §3.6.1)."""

    see_other_uri: str | None = None


@final
class Nonza:
    """A top-level element that is no stanza: negotiation, stream management (XEP-0360).

    `tag` is `{namespace}name`, `attrs` has the unqualified attributes, `element` is the whole, parsed at each look.
    `data` has been proved to be one element (`wire.element`).
    """

    __slots__ = ("_data", "attrs", "tag")

    def __init__(self, tag: str, attrs: dict[str, str], data: bytes) -> None:
        self.tag = tag
        self.attrs = attrs
        self._data = data

    @property
    def element(self) -> Element:
        return build(self._data)

    def __repr__(self) -> str:
        return f"<{self.tag} {sorted(self.attrs)}>"  # names only: values may be credentials


Event = StreamOpened | StreamClosed | Stanza | Nonza | StreamError
