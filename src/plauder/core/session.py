"""A session: one resource of one account that is bound now, whatever carries its bytes.

This is what features hold in hand. `ClientSession` (a stream over TCP or WebSocket) and `LocalSession` (a device in
this process: a hosted business number, a bot) fill in how stanzas reach it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from plauder.wire.jid import Jid
from plauder.wire.stanza import Stanza

if TYPE_CHECKING:
    from plauder.core.server import Server

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]


class Session:
    """One bound resource. Features read it, send to it, and keep their own state on it."""

    __slots__ = (
        "_memory",
        "_state",
        "account",
        "address",
        "device",
        "is_active",
        "is_encrypted",
        "jid",
        "presence",
        "priority",
        "server",
        "user_agent",
    )

    def __init__(self, server: Server, jid: Jid, device: str) -> None:
        self.server = server
        self.jid = jid
        """Full JID."""
        self.account = jid.bare
        self.device = device
        """Whose queue it reads: a device id, or SHARED."""
        self.presence: Stanza | None = None
        """The last undirected available presence; None while unavailable."""
        self.priority = 0
        self.is_active = True
        """XEP-0352: False while the client says that nobody is looking."""
        self.is_encrypted = False
        self.address = ""
        """The client's IP address, for limits only; never logged with the account."""
        self.user_agent = ""
        """What the client calls itself (Bind 2), for the device list."""
        self._state: dict[str, Any] | None = None
        self._memory: dict[str, Json] | None = None

    @property
    def is_available(self) -> bool:
        """Whether it has sent initial presence."""
        return self.presence is not None

    @property
    def is_foreign(self) -> bool:
        """Whether it is an entity of another domain."""
        return False

    @property
    def is_promised(self) -> bool:
        """Whether its client is told when what it sent is safe (XEP-0198), so that it must be."""
        return False

    @property
    def has_state(self) -> bool:
        """Whether any feature keeps something here; asking costs less than making an empty `state`."""
        return bool(self._state)

    @property
    def state(self) -> dict[str, Any]:
        """What features keep on this session, by feature name; gone with the process."""
        if self._state is None:
            self._state = {}
        return self._state

    def recall(self, key: str) -> Json:
        """What was remembered under this key; None if nothing."""
        return self._memory.get(key) if self._memory else None

    def remember(self, key: str, value: Json) -> None:
        """Keep a small value that must still be there when the client resumes after a crash of the server."""
        if self._memory is None:
            self._memory = {}
        if value is None:
            self._memory.pop(key, None)
        else:
            self._memory[key] = value
        self._memory_changed()

    def _memory_changed(self) -> None:
        """The memory of a session that can be resumed is written down; others need nothing."""

    def presence_changed(self) -> None:
        """`presence` was replaced."""

    def send(self, stanza: Stanza) -> None:
        """Hand the client a stanza: presence, IQ, or a message that need not outlive the session.

        Never blocks: what a slow reader cannot take is bounded (`Limits.output`); above, presence is dropped and the
        connection closed on anything else.
        """
        raise NotImplementedError

    def set_active(self, active: bool) -> None:
        """XEP-0352: the client said that somebody is looking, or nobody; active again, it gets what was held back."""
        self.is_active = active

    def close(self, condition: str = "", text: str = "") -> None:
        """End the stream with this stream error (RFC 6120 §4.9.3; "" for an orderly end). It cannot be resumed."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.jid}>"
