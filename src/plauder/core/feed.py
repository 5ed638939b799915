"""The way out to one device: live while it keeps up, from the inbox while it does not.

A session's feed is OFF until it is available, BEHIND while stanzas for it wait in the inbox (it was away, it is slow,
its connection is gone), LIVE when it has everything and new stanzas are handed to it directly. Falling behind costs
nothing but the disk: whatever is not handed out is written, and read again in order when the device can take it. So
memory per device is bounded, and a stanza that was handed out but not acknowledged is never forgotten.
"""

from __future__ import annotations

from collections import deque
from enum import IntEnum
from typing import TYPE_CHECKING

from plauder.core.delivery import Delivery, Pace, State, mark_of_stored
from plauder.core.numbers import time_of
from plauder.core.ports import SHARED, Kept
from plauder.core.session import Session
from plauder.core.storing import has_expired

if TYPE_CHECKING:
    from plauder.core.server import Server
    from plauder.wire.jid import Jid

PAGE = 256
"""Stanzas read from the inbox at a time."""

_END = b"</message>"


class Handed(IntEnum):
    """What became of a stanza that was to be handed out."""

    NO = 0
    """It has to wait in the inbox, and will be fetched from there."""
    TRACKED = 1
    """Handed out; `settle` will tell when the client has it."""
    DONE = 2
    """Handed out to a client that acknowledges nothing, from a sender that was promised nothing."""


class Mode(IntEnum):
    OFF = 0
    BEHIND = 1
    LIVE = 2


def delayed(stanza: bytes, number: int, by: str) -> bytes:
    """A stored message with the time it arrived (XEP-0203 §4: an offline storage service says so by its domain)."""
    stamp = time_of(number).isoformat(timespec="milliseconds").removesuffix("+00:00")
    delay = f"<delay xmlns='urn:xmpp:delay' from='{by}' stamp='{stamp}Z'/></message>"
    return stanza[: -len(_END)] + delay.encode()


class FedSession(Session):
    """A session with a feed. What carries the bytes overrides `_emit` and `_can_take`."""

    __slots__ = ("_already", "_cursor", "_diverted", "_mode", "_reading", "pace", "unacked")

    def __init__(self, server: Server, jid: Jid, device: str) -> None:
        super().__init__(server, jid, device)
        self._mode = Mode.OFF
        self._cursor = 0
        self._reading = False
        self._diverted = False
        self._already: set[int] | None = None
        """Marks of messages that the client has, though the inbox does not know it: see `ClientSession.resumed`."""
        self.pace = Pace.PROMPT
        self.unacked: deque[Delivery | bytes] | None = None
        """What was handed out and is not acknowledged, in order; None while empty. Bytes are what need not be kept."""

    @property
    def is_fed(self) -> bool:
        """Whether it takes what is sent to the account's bare address."""
        return self._mode is not Mode.OFF

    # ── handing out ───────────────────────────────────────────────────────────────────────────────────────────────

    def deliver(self, delivery: Delivery) -> Handed:
        """Hand out now, if it keeps up."""
        if self._already and self._has_already(delivery.mark):
            return Handed.DONE
        if self._mode is not Mode.BEHIND:
            if self._can_take():
                return Handed.TRACKED if self._emit(delivery.data, delivery) else Handed.DONE
            if self._mode is Mode.OFF:
                return Handed.NO
            self.fall_behind(delivery.number - 1)
        self._diverted = True
        return Handed.NO

    def fall_behind(self, cursor: int) -> None:
        """From now on everything above `cursor` comes from the inbox."""
        self._mode = Mode.BEHIND
        self._cursor = cursor

    def start_feed(self) -> None:
        """It became available (RFC 6121 §8.5.2: with a priority that is not negative): it gets what waits."""
        if self._mode is Mode.OFF:
            self.fall_behind(0)
        self.pump()

    def stop_feed(self) -> None:
        """It became unavailable: what comes now waits for its next presence."""
        self._mode = Mode.OFF

    def pump(self) -> None:
        """Fetch more from the inbox, if it is behind and can take it."""
        if self._mode is not Mode.BEHIND or self._reading or not self._can_take():
            return
        self._diverted = False
        if not self.server.inbox.may_have(self.account.text, self._queues()):
            self._mode = Mode.LIVE
            return
        self._reading = True
        self.server.spawn(self._fetch(), "fetch from the inbox")

    async def _fetch(self) -> None:
        try:
            rows, more = await self.server.inbox.waiting(self.account.text, self._queues(), self._cursor, PAGE)
        finally:
            self._reading = False
        if self._mode is not Mode.BEHIND:
            return
        mine = self._queues()
        handed = {entry.number for entry in self.unacked or () if type(entry) is Delivery}
        now = self.server.clock.now()
        for row in rows:
            is_known = self._already and self._has_already(mark_of_stored(row.stanza))
            if is_known or (row.number not in handed and has_expired(row.stanza, now)):
                self.server.inbox.settle(row.account, row.devices, (row.number,))
            elif row.number not in handed:
                if not self._can_take():
                    self.pump()
                    return
                self._emit(self._late(row), self._stored(row, mine))
            self._cursor = row.number
        if not more and not self._diverted:
            self._mode = Mode.LIVE
        else:
            self.pump()

    def _late(self, row: Kept) -> bytes:
        """What a stored stanza looks like when it is handed out."""
        return delayed(row.stanza, row.number, self.server.domain)

    def _has_already(self, mark: int) -> bool:
        """Whether this is the second coming of a message that the client has from the process before."""
        assert self._already is not None
        if mark not in self._already:
            return False
        self._already.discard(mark)
        return True

    def _stored(self, row: Kept, mine: tuple[str, ...]) -> Delivery:
        owing = [device for device in row.devices if device in mine]
        delivery = Delivery(row.number, row.account, row.stanza, owing, None)
        delivery.state = State.STORED
        return delivery

    def _queues(self) -> tuple[str, ...]:
        """Its own queue, and the shared one: what waits there is for whoever comes."""
        return (self.device, SHARED) if self.device != SHARED else (SHARED,)

    # ── what carries the bytes ────────────────────────────────────────────────────────────────────────────────────

    def _emit(self, data: bytes, delivery: Delivery) -> bool:
        """Send, and keep the delivery in `unacked` until the client has acknowledged it. False where it will not."""
        raise NotImplementedError

    def _can_take(self) -> bool:
        """Whether it reads fast enough and owes few enough acknowledgements to be handed one more."""
        raise NotImplementedError

    # ── acknowledgements ──────────────────────────────────────────────────────────────────────────────────────────

    def settle(self, count: int) -> None:
        """The client has acknowledged the first `count` of `unacked`."""
        unacked = self.unacked
        if unacked is None:
            return
        shared = SHARED if self.device != SHARED else None
        if count == 1:
            entry = unacked.popleft()
            done: tuple[Delivery, ...] = (entry,) if type(entry) is Delivery else ()
        else:
            done = tuple([one for one in [unacked.popleft() for _ in range(count)] if type(one) is Delivery])
        if not unacked:
            self.unacked = None
        if done:
            self.server.deliveries.acknowledged(done, self.device, shared)
        # Half of what it may owe at a time: to fetch for each place that becomes free would cost a page a stanza.
        if self._mode is Mode.BEHIND and len(unacked) <= self.server.limits.unacked // 2:
            self.pump()

    def drop_expired(self, first: int) -> int:
        """Settle what is past its time among `unacked`, after the `first` of it; how many those were."""
        now = self.server.clock.now()
        entries = tuple(self.unacked or ())
        late = [one for one in entries[first:] if type(one) is Delivery and has_expired(one.data, now)]
        if late:
            self.unacked = deque(one for one in entries if one not in late) or None
            self.server.deliveries.acknowledged(late, self.device, SHARED if self.device != SHARED else None)
        return len(late)

    def abandon(self) -> None:
        """The session is over: what it has not acknowledged goes to the inbox, for the next one."""
        self._mode = Mode.OFF
        unacked, self.unacked = self.unacked, None
        deliveries = self.server.deliveries
        for entry in unacked or ():
            if type(entry) is Delivery:
                if self.device == SHARED and entry.is_wide:
                    # The devices have their own copies, and read the shared queue too: they must not get a second one.
                    deliveries.acknowledged((entry,), SHARED)
                deliveries.write(entry)
