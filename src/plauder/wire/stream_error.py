"""Stream errors: RFC 6120 §4.9. They end the stream they occur on."""

from __future__ import annotations

from typing import Final
from xml.etree.ElementTree import Element

from plauder.wire.xml import E, escape, serialize

STREAMS: Final = "http://etherx.jabber.org/streams"
CONDITIONS_NS: Final = "urn:ietf:params:xml:ns:xmpp-streams"

# RFC 6120 §4.9.3, all of them.
CONDITIONS: Final = frozenset(
    (
        "bad-format",
        "bad-namespace-prefix",
        "conflict",
        "connection-timeout",
        "host-gone",
        "host-unknown",
        "improper-addressing",
        "internal-server-error",
        "invalid-from",
        "invalid-namespace",
        "invalid-xml",
        "not-authorized",
        "not-well-formed",
        "policy-violation",
        "remote-connection-failed",
        "reset",
        "resource-constraint",
        "restricted-xml",
        "see-other-host",
        "system-shutdown",
        "undefined-condition",
        "unsupported-encoding",
        "unsupported-feature",
        "unsupported-stanza-type",
        "unsupported-version",
    )
)


class StreamError(Exception):
    """Why a stream ends. `text` is for people, `app` is application-specific, `host` belongs to see-other-host."""

    def __init__(
        self, condition: str, text: str | None = None, app: Element | None = None, *, host: str | None = None
    ) -> None:
        if condition not in CONDITIONS:
            raise ValueError(f"not a stream error of RFC 6120: {condition}")
        super().__init__(condition + (f": {text}" if text else ""))
        self.condition = condition
        self.text = text
        self.app = app
        self.host = host

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StreamError) and self.condition == other.condition

    def __hash__(self) -> int:
        return hash(self.condition)

    def to_bytes(self, *, declare: bool = False) -> bytes:
        """The `<stream:error/>`; `declare` binds the prefix on it, for where no stream header did (RFC 7395 §3.3.3).

        The prefix is written because some clients look for the name with it.
        """
        prefix = f" xmlns:stream='{STREAMS}'" if declare else ""
        host = escape(self.host) if self.host else ""
        out = f"<stream:error{prefix}><{self.condition} xmlns='{CONDITIONS_NS}'>{host}</{self.condition}>"
        if self.text:
            out += f"<text xmlns='{CONDITIONS_NS}' xml:lang='en'>{escape(self.text)}</text>"
        app = b"" if self.app is None else serialize(self.app)
        return out.encode() + app + b"</stream:error>"

    @classmethod
    def from_element(cls, element: Element) -> StreamError:
        """What a received `<stream:error/>` says; unknown conditions become `undefined-condition`."""
        condition, text, app, host = "undefined-condition", None, None, None
        for child in element:
            namespace, _, name = child.tag[1:].rpartition("}")
            if namespace != CONDITIONS_NS:
                app = child
            elif name == "text":
                text = child.text
            elif name in CONDITIONS:
                condition, host = name, child.text
        return cls(condition, text, app, host=host)

    def element(self) -> Element:
        """The same as an element."""
        text = None if not self.text else E(f"{{{CONDITIONS_NS}}}text", {"xml:lang": "en"}, self.text)
        return E(
            f"{{{STREAMS}}}error", None, E(f"{{{CONDITIONS_NS}}}{self.condition}", None, self.host), text, self.app
        )
