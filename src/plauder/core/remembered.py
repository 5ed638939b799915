"""What must be remembered of a stream so that it can be resumed after the process has died.

The inbox has the messages; this has the rest: how many stanzas of the client were safe, which numbers were handed out
at which count, and the session's small memory. It is written as things happen, and read once after a restart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from plauder.core.session import Json


class Slot(Protocol):
    """The memory of one stream. All calls are cheap and do not wait; what they say survives the process."""

    def handled(self, count: int) -> None:
        """So many stanzas of the client are safe."""
        ...

    def sent(self, count: int, number: int, mark: int) -> None:
        """The message with this number was handed out as the `count`-th stanza; for `mark` see `delivery.mark_of`."""
        ...

    def only_sent(self, sent: Sequence[tuple[int, int, int]]) -> None:
        """Of the messages handed out, the client has these and no others: (count, number, mark), in order."""
        ...

    def acked(self, count: int) -> None:
        """The client has acknowledged so many."""
        ...

    def remember(self, snapshot: dict[str, Json]) -> None:
        """Replace the session's small memory."""
        ...

    def close(self) -> None:
        """The stream is over, and cannot be resumed."""
        ...


class Remembered(Protocol):
    """A stream of the process before."""

    @property
    def snapshot(self) -> dict[str, Json]: ...

    @property
    def handled(self) -> int: ...

    @property
    def acked(self) -> int: ...

    @property
    def sent(self) -> Sequence[tuple[int, int, int]]:
        """(count, number, mark) of the messages handed out, in order, as far back as is remembered."""
        ...

    @property
    def unsure(self) -> frozenset[int]:
        """Those numbers whose messages may not have been on disk when the process died."""
        ...

    @property
    def slot(self) -> Slot: ...


class Streams(Protocol):
    """All slots of this node."""

    def died(self, highest: int, resume_seconds: int) -> None:
        """The process before is dead; call it once, before anything is looked for. `highest` is the highest number in
        the inbox. Deaths are remembered for as long as somebody who wrote before them can resume."""
        ...

    def is_unsure(self, number: int) -> bool:
        """Whether a message was handed out or written so shortly before a death that its sender may not know."""
        ...

    @property
    def unsure_since(self) -> int:
        """No message with a lower number is unsure."""
        ...

    def open(self) -> Slot | None:
        """A slot for a new stream; None when there is none left: the stream then cannot be resumed after a crash."""
        ...

    def find(self, resume_id: str) -> Remembered | None:
        """The stream of the process before with this id; each is found once."""
        ...

    def forget_device(self, jid: str) -> None:
        """A new session was bound at this full JID: a remembered stream of the process before is void."""
        ...

    def forget_all(self) -> None:
        """The time to resume is over for all that the process before left."""
        ...

    def close(self) -> None:
        """Let go of the files."""
        ...
