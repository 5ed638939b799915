"""A client's session: what goes on between a bound resource and the stream that carries it, or carried it last.

Stream management (XEP-0198) lives here. Outwards: what was sent and not acknowledged, asked for with one `<r/>` at a
time. Inwards: how many stanzas are *safe*, not how many came; `<a h=…/>` says nothing else. A client without stream
management that is sent something its sender was promised is asked with a ping instead: the answer proves that it has
read what came before (RFC 6120 §10.1: in order).

The session outlives its connection while it can be resumed; `outlet` is None then.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final, Protocol

from plauder.core.delivery import STEADY_WINDOWS, Delivery, Outcome, Pace
from plauder.core.feed import FedSession, Mode, delayed
from plauder.core.hooks import Hold
from plauder.core.intake import Later
from plauder.core.remembered import Remembered, Slot
from plauder.core.session import Json
from plauder.wire import sm
from plauder.wire.jid import InvalidJid, Jid
from plauder.wire.sm import REQUEST, WRAP, HandledCountTooHigh
from plauder.wire.stanza import Stanza
from plauder.wire.xml import quote, serialize

if TYPE_CHECKING:
    from plauder.core.server import Server

PROOF: Final = "plauder-proof"

HELD_MAX: Final = 1_000
ASK_AFTER: Final = 16
"""Stanzas that nobody was promised are asked for only when so many have gathered."""


class Outlet(Protocol):
    """The connection of a session, as the session sees it."""

    @property
    def is_congested(self) -> bool:
        """Whether its reader is so slow that what it has not read exceeds `Limits.output`."""
        ...

    def write(self, data: bytes) -> None:
        """Send with the rest of this loop turn; before it goes, `session.trailer()` is asked for its word."""
        ...

    def pause(self) -> None:
        """Read no more until `resume`."""
        ...

    def resume(self) -> None:
        """Read on."""
        ...

    def close(self, condition: str = "", text: str = "") -> None:
        """End the stream, with an error or without, and the connection."""
        ...


class Inbound(Outcome):
    """The outcome of one stanza from a client."""

    __slots__ = ("is_queued", "session", "stanza")

    def __init__(self, session: ClientSession, stanza: Stanza) -> None:
        super().__init__()
        self.session = session
        self.stanza = stanza
        self.is_queued = False

    def _finish(self) -> None:
        if self.error is not None:
            self.session.refuse(self)
        if self.is_queued:
            self.session.advance()
        super()._finish()


class ClientSession(FedSession):
    """One resource of a client."""

    __slots__ = (
        "_acked",
        "_answer_at",
        "_asked",
        "_busy",
        "_delay",
        "_fresh",
        "_handled",
        "_held",
        "_is_over",
        "_is_paused",
        "_is_unprovable",
        "_pending",
        "_queue",
        "_quiet",
        "_received",
        "_sent",
        "asked_at",
        "gone_at",
        "outlet",
        "resume_id",
        "resume_seconds",
        "slot",
        "sm",
    )

    def __init__(self, server: Server, jid: Jid, device: str, outlet: Outlet | None) -> None:
        super().__init__(server, jid, device)
        self.outlet = outlet
        self.sm = False
        self.resume_id = ""
        """The id to resume the stream with; empty where it cannot be resumed."""
        self.resume_seconds = 0
        self.slot: Slot | None = None
        self.gone_at = 0.0
        """When the connection was lost; 0 while there is one."""
        self.asked_at = 0.0
        """Since when an acknowledgement is waited for; 0 if none is."""
        self._asked = 0
        """For a client without stream management: how many of `unacked` the ping that is out will prove."""
        self._delay = 0.0
        self._fresh = 0
        """Stanzas since the last question."""
        self._sent = 0
        self._acked = 0
        self._received = 0
        self._handled = 0
        self._answer_at = -1
        self._pending: deque[Inbound] | None = None
        self._queue: deque[Stanza] | None = None
        self._busy = False
        self._is_paused = False
        self._is_over = False
        self._is_unprovable = False
        """It answers no pings, against RFC 6120 §8.2.3: then it is handed everything, and everything stays owed."""
        self._held: list[tuple[tuple[str, str] | None, Stanza]] | None = None
        self._quiet: asyncio.Future[None] | None = None

    @property
    def is_promised(self) -> bool:
        return self.sm

    @property
    def is_over(self) -> bool:
        return self._is_over

    @property
    def handled(self) -> int:
        """How many stanzas of the client are safe, as XEP-0198 counts."""
        return self._handled

    # ── stream management ─────────────────────────────────────────────────────────────────────────────────────────

    def enable(self, resume_id: str, seconds: int, slot: Slot | None) -> None:
        """XEP-0198 §3: from here on both sides count. A slot remembers the counts across a crash of the server."""
        self.sm = True
        self.resume_id = resume_id
        self.resume_seconds = seconds
        self.slot = slot
        self._sent = self._acked = self._received = self._handled = 0
        self._fresh = 0
        self.asked_at = 0.0
        self._asked = 0
        if slot is not None:
            slot.remember(self._snapshot())

    def _snapshot(self) -> dict[str, Json]:
        return {
            "jid": self.jid.text,
            "device": self.device,
            "id": self.resume_id,
            "seconds": self.resume_seconds,
            "presence": None if self.presence is None else self.presence.to_bytes().decode(),
            "memory": dict(self._memory or {}),
        }

    def _memory_changed(self) -> None:
        if self.slot is not None:
            self.slot.remember(self._snapshot())

    def presence_changed(self) -> None:
        """The presence is part of what a resumed stream must find as it was."""
        self._memory_changed()

    def acknowledged(self, h: int) -> None:
        """`<a h=…/>`. Raises HandledCountTooHigh."""
        count = (h - self._acked) % WRAP
        waiting = len(self.unacked) if self.unacked is not None else 0
        if count > waiting:
            raise HandledCountTooHigh(h, self._sent % WRAP)
        self._acked = h
        self._time_answer()
        if self.slot is not None:
            self.slot.acked(h)
        if count:
            self.settle(count)
        if self._fresh and self.outlet is not None:
            self.outlet.write(b"")

    def _time_answer(self) -> None:
        """How long the client took to answer the latest question: half of the weight goes to the latest."""
        if self.asked_at:
            took = self.server.clock.monotonic() - self.asked_at
            self.asked_at = 0.0
            self._delay = (self._delay + took) / 2
            window = self.server.limits.commit_window
            self.pace = (
                Pace.PROMPT
                if self._delay < window / 2
                else Pace.STEADY
                if self._delay < window * STEADY_WINDOWS * 0.7
                else Pace.NEVER
            )

    def asked(self) -> None:
        """`<r/>`: answered when everything that came before it is safe."""
        if self._busy:
            self._answer_at = self._received + len(self._queue or ())
        elif self._handled == self._received:
            self._answer()
        else:
            self._answer_at = self._received

    def _answer_if_due(self) -> None:
        if 0 <= self._answer_at <= self._handled:
            self._answer()

    def _answer(self) -> None:
        self._answer_at = -1
        if self.outlet is not None:
            self.outlet.write(sm.ack(self._handled % WRAP))

    def trailer(self) -> bytes:
        """What a connection sends after the rest of a loop turn: one question at a time, if there is one to ask."""
        if not self._fresh or self.asked_at:
            return b""
        if self.sm:
            if self._fresh < ASK_AFTER:
                return b""
            question = REQUEST
        else:
            self._asked = len(self.unacked or ())
            question = (
                f"<iq type='get' id='{PROOF}' from='{self.server.domain}' to={quote(self.jid.text)}>"
                "<ping xmlns='urn:xmpp:ping'/></iq>"
            ).encode()
        self._fresh = 0
        self.asked_at = self.server.clock.monotonic()
        return question

    # ── out ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def send(self, stanza: Stanza) -> None:
        if not self.is_active and self._held_back(stanza):
            return
        self._send(stanza.to_bytes(), is_presence=stanza.kind == "presence")

    def send_data(self, data: bytes) -> None:
        """Send a message that is written out already, to a client that is active."""
        if self._held:
            self._release_held()
        self._send(data, is_presence=False)

    def _send(self, data: bytes, *, is_presence: bool) -> None:
        outlet = self.outlet
        if self._is_over or (is_presence and outlet is not None and outlet.is_congested):
            return
        if self.sm:
            self._fresh += 1
            self._sent += 1
            if self.unacked is None:
                self.unacked = deque()
            self.unacked.append(data)
            if len(self.unacked) > 4 * self.server.limits.unacked:
                self.close("policy-violation", "too many stanzas without an acknowledgement")
                return
        if outlet is not None:
            outlet.write(data)

    def _emit(self, data: bytes, delivery: Delivery) -> bool:
        if self._held:
            self._release_held()
        tracked = True
        if self.asked_at and self.pace is not Pace.NEVER:
            # A question that is still open says as much as a late answer.
            waited = self.server.clock.monotonic() - self.asked_at
            if waited > self.server.limits.commit_window * STEADY_WINDOWS:
                self.pace = Pace.NEVER
                self._delay = waited
        if self.sm:
            self._sent += 1
            self._fresh += ASK_AFTER
            if self.slot is not None:
                self.slot.sent(self._sent, delivery.number, delivery.mark)
        elif delivery.outcome is not None or delivery.state:
            self._fresh += not self._is_unprovable
        else:
            tracked = False
        if tracked and not self._is_unprovable:
            if self.unacked is None:
                self.unacked = deque()
            self.unacked.append(delivery)
        assert self.outlet is not None
        self.outlet.write(data)
        return tracked

    def _can_take(self) -> bool:
        outlet = self.outlet
        if outlet is None or outlet.is_congested:
            return False
        return self.unacked is None or len(self.unacked) < self.server.limits.unacked

    def drained(self) -> None:
        """A congested connection has been read."""
        self.pump()

    # ── client state (XEP-0352) ───────────────────────────────────────────────────────────────────────────────────

    def set_active(self, active: bool) -> None:
        self.is_active = active
        if active and self._held:
            self._release_held()

    def _held_back(self, stanza: Stanza) -> bool:
        for hold in self.server.holders:
            when = hold(self, stanza)
            if when is Hold.NOW:
                continue
            if when is not Hold.DROP:
                self._hold(stanza, latest=when is Hold.LATEST)
            return True
        if self._held:
            self._release_held()
        return False

    def _hold(self, stanza: Stanza, *, latest: bool) -> None:
        if self._held is None:
            self._held = []
        key = (stanza.kind, stanza.attrs.get("from", "")) if latest else None
        if key is not None:
            self._held = [entry for entry in self._held if entry[0] != key]
        self._held.append((key, stanza))
        if len(self._held) > HELD_MAX:
            self._release_held()

    def _release_held(self) -> None:
        held, self._held = self._held, None
        for _, stanza in held or ():
            self._send(stanza.to_bytes(), is_presence=stanza.kind == "presence")

    # ── in ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def receive(self, stanza: Stanza) -> None:
        """A stanza came from the client. One at a time: while one waits for a handler, the others wait for it."""
        if self._busy:
            if self._queue is None:
                self._queue = deque()
            self._queue.append(stanza)
            self._breathe()
            return
        self._take(stanza)

    def _take(self, stanza: Stanza) -> None:
        attrs = stanza.attrs
        claimed = attrs.get("from")
        if claimed is not None and not self._may_say_from(claimed):
            self.close("invalid-from")  # RFC 6120 §4.9.3.9
            return
        attrs["from"] = self.jid.text
        self._received += 1
        if (
            not self.sm
            and attrs.get("id") == PROOF
            and stanza.kind == "iq"
            and attrs.get("type") in ("result", "error")
        ):
            self._handled += 1
            self._proved()
            return
        inbound = Inbound(self, stanza)
        later = self.server.intake.take(self, stanza, inbound)
        if inbound.is_done and not self._pending:
            self._handled += 1
            if self.slot is not None:
                self.slot.handled(self._handled)
            if self._answer_at >= 0:
                self._answer_if_due()
        else:
            inbound.is_queued = True
            if self._pending is None:
                self._pending = deque()
            self._pending.append(inbound)
            self._breathe()
        if later is not None:
            self._busy = True
            self.server.spawn(self._wait_for(later), "handle a stanza")

    async def _wait_for(self, later: Later) -> None:
        """Let a handler finish, then deal with what has come meanwhile."""
        try:
            await later
        finally:
            self._busy = False
        queue = self._queue
        while queue and not self._busy and not self._is_over:
            self._take(queue.popleft())
        if not queue:
            self._queue = None
        self._breathe()

    def _may_say_from(self, claimed: str) -> bool:
        try:
            return Jid.parse(claimed) in (self.jid, self.account)
        except InvalidJid:
            return False

    def refuse(self, inbound: Inbound) -> None:
        """A stanza came to nothing: tell the client (RFC 6120 §8.3.1: never in answer to an error or a result)."""
        error = inbound.error
        assert error is not None
        if inbound.stanza.attrs.get("type") not in ("error", "result"):
            self.send(inbound.stanza.error_reply(error))

    def advance(self) -> None:
        """Count what has become safe, in order, and answer who asked."""
        pending = self._pending
        while pending and pending[0].is_done:
            pending.popleft()
            self._handled += 1
        if self.slot is not None:
            self.slot.handled(self._handled)
        if not pending:
            self._pending = None
        self._answer_if_due()
        if self._is_paused:
            self._breathe()
        if self._quiet is not None and not self._pending and not self._quiet.done():
            self._quiet.set_result(None)

    def _proved(self) -> None:
        count, self._asked = self._asked, 0
        self._time_answer()
        if count:
            self.settle(count)
        if self._fresh and self.outlet is not None:
            self.outlet.write(b"")

    def give_up_proof(self) -> None:
        """The client, without stream management, has left our ping unanswered though it is connected. It must not be
        cut off for that, nor may what it was sent count as delivered: that stays in the inbox for the next login."""
        self._is_unprovable = True
        self.asked_at = 0.0
        self._asked = self._fresh = 0
        unacked, self.unacked = self.unacked, None
        for entry in unacked or ():
            if type(entry) is Delivery:
                self.server.deliveries.write(entry)
        self.pump()

    def _breathe(self) -> None:
        """Back-pressure: read no more from a client of which too much is under way, until half of it is done."""
        if self.outlet is None:
            return
        load = len(self._pending or ()) + len(self._queue or ())
        limit = self.server.limits.pending_from_client
        if load > limit and not self._is_paused:
            self._is_paused = True
            self.outlet.pause()
        elif self._is_paused and load <= limit // 2:
            self._is_paused = False
            self.outlet.resume()

    # ── the connection comes and goes ─────────────────────────────────────────────────────────────────────────────

    def detach(self) -> None:
        """The connection is lost. The session waits to be resumed, if it may; otherwise it is over."""
        self.outlet = None
        self.asked_at = 0.0
        self._is_paused = False
        if self._is_over:
            return
        if not self.resume_id:
            self.end()
            return
        self.gone_at = self.server.clock.monotonic()
        self._fresh = 0
        if self._mode is Mode.LIVE:
            self.fall_behind(self.server.numbers.last)

    async def quiet(self) -> None:
        """Wait until nothing of the client is under way, so that what is counted is all that will be."""
        while self._pending or self._busy:
            self._quiet = asyncio.get_running_loop().create_future()
            await asyncio.wait((self._quiet,), timeout=1.0)
        self._quiet = None

    def can_resume_from(self, h: int) -> bool:
        """Whether `h` is a count that the client of this stream can have."""
        if self.has_state and "core.remembered" in self.state:
            return True
        return (h - self._acked) % WRAP <= len(self.unacked or ())

    def resumed(self, outlet: Outlet, h: int, announcement: bytes | None = None) -> None:
        """XEP-0198 §5: the client is back on another stream and has `h` stanzas. Raises HandledCountTooHigh.

        Answers `<resumed/>` (or with the `announcement` that it is part of, in SASL2), sends again what the client has
        not, and goes on from the inbox.
        """
        if self.has_state and "core.remembered" in self.state:
            self._catch_up(self.state.pop("core.remembered"), h)
        count = (h - self._acked) % WRAP
        if count > len(self.unacked or ()):
            raise HandledCountTooHigh(h, self._sent % WRAP)
        self.outlet = outlet
        self.gone_at = 0.0
        outlet.write(announcement or serialize(sm.resumed(self.resume_id, self._handled % WRAP)))
        self._acked = h
        self._drop_expired(count)
        again = list(self.unacked or ())[count:]
        for entry in again:
            if type(entry) is Delivery:
                outlet.write(delayed(entry.data, entry.number, self.server.domain))
            else:
                assert isinstance(entry, bytes)
                outlet.write(entry)
        self._fresh = ASK_AFTER if again else 0
        if count:
            self.settle(count)
        # XEP-0352 §5: after resumption the client counts as active until it says otherwise.
        self.set_active(True)
        self.pump()

    def _drop_expired(self, count: int) -> None:
        """Of what comes after the first `count`, send again nothing past its time to live.

        The client has none of it, so it counts on from `h` whatever comes next: what is dropped never had a count for
        it, and what follows moves up, here and in what is remembered.
        """
        gone = self.drop_expired(count)
        if not gone:
            return
        self._sent -= gone
        if self.slot is not None:
            left = tuple(self.unacked or ())
            before = self._sent - len(left)
            places = [(before + place, one) for place, one in enumerate(left, 1) if type(one) is Delivery]
            self.slot.only_sent([(place, one.number, one.mark) for place, one in places])

    def restore(self, remembered: Remembered) -> None:
        """Become the stream that the process before had: what it counted, what it was remembered with.

        What was handed out and not acknowledged is fetched from the inbox again, by `resumed`.
        """
        snapshot = remembered.snapshot
        self.sm = True
        self.resume_id = str(snapshot["id"])
        seconds, memory = snapshot["seconds"], snapshot["memory"]
        self.resume_seconds = seconds if isinstance(seconds, int) else 0
        self._memory = memory if isinstance(memory, dict) else {}
        self.slot = remembered.slot
        self._received = self._handled = remembered.handled
        self.state["core.remembered"] = remembered
        self.gone_at = self.server.clock.monotonic()

    def _catch_up(self, remembered: Remembered, h: int) -> None:
        """The client of a restored stream says how many stanzas it has. Of the messages among them it needs no
        second copy; the others are still in the inbox, and everything from there is handed out anew.

        Some were handed out moments before the process died and never written. Their senders were told nothing, so
        they send them again: those are known by their marks, and not shown a second time.
        """
        has = {number: mark for count, number, mark in remembered.sent if (h - count) % WRAP < WRAP // 2}
        if has:
            self.server.inbox.settle(self.account.text, self._queues(), list(has))
        if self.slot is not None and len(has) < len(remembered.sent):
            # From here on other messages get the counts of those that were on their way.
            self.slot.only_sent([entry for entry in remembered.sent if entry[1] in has])
        self._acked = h % WRAP
        # Presence may have gathered since the stream was restored: `resumed` sends it next, before any message.
        self._sent = self._acked + len(self.unacked or ())
        self._already = {mark for number, mark in has.items() if mark and number in remembered.unsure}

    def shut_down(self) -> None:
        """The server stops: what is owed goes to the inbox, the slot stays for the process after this one."""
        outlet = self.outlet
        self.outlet = None
        self._is_over = True
        self.abandon()
        if outlet is not None:
            outlet.close("system-shutdown")

    def close(self, condition: str = "", text: str = "") -> None:
        outlet = self.outlet
        self.end()
        if outlet is not None:
            outlet.close(condition, text)

    def end(self) -> None:
        """It is over: tell who watches, give back what was not acknowledged."""
        if self._is_over:
            return
        self._is_over = True
        self.outlet = None
        self.abandon()
        self._held = None
        if self.slot is not None:
            self.slot.close()
            self.slot = None
        self.server.ended(self)
