"""Durable or delivered: the promise behind every acknowledgement.

A `Delivery` is one stanza on its way to the devices of one account. It is over when each of them has acknowledged it;
until then it lives in memory for the commit window, afterwards in the inbox. An `Outcome` is what the sender waits
for: it completes when every delivery of the stanza is acknowledged by all its devices or durable, whichever is first.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Generator, Sequence
from enum import IntEnum
from functools import partial
from typing import Final
from zlib import crc32

from plauder.core.ports import SHARED, Inbox
from plauder.core.timers import Timers
from plauder.kit.clock import Clock
from plauder.store.inbox import OWN_ID
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError


class Outcome:
    """What becomes of one stanza that was sent. Await it, or give `then` something to call.

    It starts with one part, the routing itself; whoever has more to wait for calls `hold`. The first error wins.
    """

    __slots__ = ("_future", "_open", "_then", "error")

    def __init__(self) -> None:
        self._open = 1
        self._then: Callable[[Outcome], None] | None = None
        self._future: asyncio.Future[None] | None = None
        self.error: StanzaError | None = None

    @property
    def is_done(self) -> bool:
        return self._open == 0

    def hold(self) -> None:
        """One more part to wait for."""
        self._open += 1

    def release(self, error: StanzaError | None = None) -> None:
        """One part is done, or has failed."""
        if error is not None and self.error is None:
            self.error = error
        self._open -= 1
        if not self._open:
            self._finish()

    def _finish(self) -> None:
        if self._then is not None:
            self._then(self)
        if self._future is not None and not self._future.done():
            self._future.set_result(None)

    def then(self, do: Callable[[Outcome], None]) -> None:
        """Call `do(outcome)` when it is done; at once, if it is."""
        if self._open:
            self._then = do
        else:
            do(self)

    def __await__(self) -> Generator[object, None, None]:
        if self._open:
            if self._future is None:
                self._future = asyncio.get_running_loop().create_future()
            yield from asyncio.shield(self._future).__await__()
        if self.error is not None:
            raise self.error


MARKED: Final = 512


def mark_of(message: Stanza) -> int:
    """What a message has in common with the same one sent again: its sender's account, its id, and how its content
    begins, in 64 bits. Some clients count their ids from 1 in every session, so the id alone would not do.

    0 for a message without an id: nobody can tell that it came before.
    """
    attrs = message.attrs
    key = attrs.get("id")
    if not key:
        return 0
    sender = attrs.get("from", "").partition("/")[0]
    inner = message.inner
    return crc32(f"{sender} {key}".encode()) << 32 | crc32((_said(inner) if OWN_ID in inner else inner)[:MARKED])


def mark_of_stored(stanza: bytes) -> int:
    """The mark of a message as the inbox has it: with the ids at its end that we gave it."""
    return mark_of(Stanza.from_bytes(stanza))


def _said(inner: bytes) -> bytes:
    """The content without the ids at its end: a room gives it one, and so does each account."""
    while True:
        start = inner.rfind(OWN_ID)
        if start < 0 or inner.find(b">", start) != len(inner) - 1:
            return inner
        inner = inner[:start]


class State(IntEnum):
    """Where the only copy that counts is."""

    HANDED = 0
    """In memory, handed to every device that owes it."""
    WRITING = 1
    """On its way to the disk."""
    STORED = 2
    """On disk."""
    OVER = 3
    """Acknowledged by all, or refused."""


class Pace(IntEnum):
    """How quickly a device acknowledges, by its latest answers."""

    PROMPT = 0
    """Within a commit window, as a rule."""
    STEADY = 1
    """Within a few of them."""
    GROUPED = 2
    """Many at once, whenever a device in this process has written down what they say: worth waiting for."""
    NEVER = 3
    """Not so soon that waiting for it would spare the disk a write."""


class Delivery:
    """One stanza for one account. `owing` are the devices that have not acknowledged it."""

    __slots__ = ("account", "common", "data", "is_wide", "mark", "number", "outcome", "owing", "state")

    def __init__(
        self,
        number: int,
        account: str,
        data: bytes,
        owing: list[str],
        outcome: Outcome | None,
        *,
        is_wide: bool = False,
        mark: int = 0,
        common: bytes = b"",
    ) -> None:
        self.number = number
        self.account = account
        self.data = data
        self.owing = owing
        self.outcome = outcome
        """None where nobody waits for it: the sender is told nothing, so nothing need be written."""
        self.state = State.HANDED
        self.is_wide = is_wide and owing != [SHARED]
        """Whether it is for all devices of the account, each of which owes its own copy, not for one."""
        self.mark = mark
        """See `mark_of`."""
        self.common = common
        """What is written once for all accounts that this message is for; empty where it is for this one alone."""

    def _done(self, error: StanzaError | None = None) -> None:
        outcome = self.outcome
        if outcome is not None:
            self.outcome = None
            outcome.release(error)


STEADY_WINDOWS: Final = 6
GROUPED_WINDOWS: Final = 60


class _Window:
    """Deliveries that wait for their acknowledgements, in the order of their ends."""

    __slots__ = ("is_armed", "seconds", "waiting")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.waiting: deque[tuple[float, Delivery]] = deque()
        self.is_armed = False


DISK_FULL: Final = "The server cannot keep messages at the moment. Try again later."


class Deliveries:
    """All deliveries in memory: starts the commit window, writes what outlives it, settles what is acknowledged."""

    def __init__(
        self,
        inbox: Inbox,
        clock: Clock,
        timers: Timers,
        window: float,
        watchers: Sequence[Callable[[Delivery], None]] = (),
    ) -> None:
        self._watchers = watchers
        self._inbox = inbox
        self._clock = clock
        self._timers = timers
        self._windows = {
            Pace.PROMPT: _Window(window),
            Pace.STEADY: _Window(window * STEADY_WINDOWS),
            Pace.GROUPED: _Window(window * GROUPED_WINDOWS),
        }
        self.stored = 0
        """How many were written, for the metrics."""
        self.spared = 0
        """How many were acknowledged in time and never written."""

    def start(self, delivery: Delivery, pace: Pace) -> None:
        """A delivery was handed to the devices that can take it now. NEVER: some could not, so it goes to disk."""
        if pace is Pace.NEVER:
            self.write(delivery)
            return
        self._wait((delivery,), self._windows[pace])

    def start_common(self, deliveries: Sequence[Delivery], pace: Pace) -> None:
        """The same for one message to many accounts, those whose devices have this pace."""
        if pace is Pace.NEVER:
            self.write_common([one for one in deliveries if one.state is State.HANDED])
        else:
            self._wait(deliveries, self._windows[pace])

    def _wait(self, deliveries: Sequence[Delivery], window: _Window) -> None:
        ends = self._clock.monotonic() + window.seconds
        window.waiting.extend([(ends, delivery) for delivery in deliveries])
        if not window.is_armed:
            window.is_armed = True
            self._timers.call_later(window.seconds, partial(self._window_ended, window))

    def _window_ended(self, window: _Window) -> None:
        waiting, now = window.waiting, self._clock.monotonic()
        # Half a millisecond of grace saves a second wake-up for what is due in the same breath.
        common: list[Delivery] = []
        while waiting and waiting[0][0] <= now + 0.0005:
            delivery = waiting.popleft()[1]
            if delivery.state is not State.HANDED:
                continue
            if not delivery.common:
                self.write(delivery)
                continue
            if common and common[0].number != delivery.number:
                self.write_common(common)
                common = []
            common.append(delivery)
        if common:
            self.write_common(common)
        window.is_armed = bool(waiting)
        if waiting:
            self._timers.call_later(max(waiting[0][0] - now, 0.0005), partial(self._window_ended, window))

    def write(self, delivery: Delivery) -> None:
        """Put a delivery on disk for the devices that still owe it."""
        if delivery.state is not State.HANDED:
            return
        if delivery.common:
            self.write_common((delivery,))
            return
        delivery.state = State.WRITING
        self.stored += 1
        self._inbox.keep(
            delivery.number,
            delivery.account,
            tuple(delivery.owing),
            delivery.data,
            lambda problem: self._written(delivery, problem),
        )
        for watch in self._watchers:
            watch(delivery)

    def write_common(self, deliveries: Sequence[Delivery]) -> None:
        """The same for one message to many accounts: it is written once."""
        owing: list[tuple[str, str]] = []
        for delivery in deliveries:
            delivery.state = State.WRITING
            account = delivery.account
            owing += [(account, device) for device in delivery.owing]

        def written(problem: Exception | None) -> None:
            for delivery in deliveries:
                self._written(delivery, problem)

        self.stored += 1
        self._inbox.keep_common(deliveries[0].number, owing, deliveries[0].common, written)
        for watch in self._watchers:
            for delivery in deliveries:
                watch(delivery)

    def _written(self, delivery: Delivery, problem: Exception | None) -> None:
        if delivery.state is not State.WRITING:
            return
        if problem is None:
            delivery.state = State.STORED
            delivery._done()
        else:
            # The devices that have it may keep it: the sender is told to try again, and they know it by its id.
            delivery.state = State.OVER
            delivery._done(StanzaError("wait", "resource-constraint", DISK_FULL))

    def acknowledged(self, deliveries: Sequence[Delivery], device: str, shared: str | None = None) -> None:
        """A device has these now. `shared` is the queue it answers for besides its own."""
        settled: list[int] = []
        account = ""
        for delivery in deliveries:
            state = delivery.state
            if state is State.OVER:
                continue
            owing = delivery.owing
            if device in owing:
                owing.remove(device)
            if shared is not None and shared in owing:
                owing.remove(shared)
            if state is not State.HANDED:
                settled.append(delivery.number)
                account = delivery.account
            if not owing:
                delivery.state = State.OVER
                if state is State.HANDED:
                    self.spared += 1
                delivery._done()
        if settled:
            self._inbox.settle(account, (device,) if shared is None else (device, shared), settled)

    def flush(self) -> None:
        """Write everything that waits for its window, without waiting longer: the server is going down."""
        for window in self._windows.values():
            while window.waiting:
                self.write(window.waiting.popleft()[1])
