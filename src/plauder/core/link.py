"""The way out to one other server, from one domain of ours: durable or delivered holds here too.

A link is a `FedSession`: live while the other server keeps up, from the inbox while it does not or cannot be reached.
Its queue lies in the inbox under the other domain, so what a sender was told is safe survives everything a message
between two people here does. What is only for the moment (presence, requests, typing) waits in memory while a
connection is made, and comes back as an error where it cannot be.

A stanza counts as delivered when the other server has acknowledged it (XEP-0198), or, if it does not count, when it
has answered a ping (XEP-0199) that was sent behind it.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Awaitable
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

from plauder.core.accounts import Account
from plauder.core.delivery import Delivery, Outcome, mark_of
from plauder.core.feed import PAGE, FedSession, delayed
from plauder.core.hooks import Action
from plauder.core.numbers import time_of
from plauder.core.ports import Kept
from plauder.core.storing import has_content, should_store
from plauder.kit import ids
from plauder.kit import log as logging
from plauder.wire import sm
from plauder.wire.jid import Jid
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError
from plauder.wire.xml import E

if TYPE_CHECKING:
    from plauder.core.elsewhere import Elsewhere
    from plauder.core.server import Server

log = logging.get("core.link")

DEVICE: Final = "s2s:"
"""What names of queues for other servers begin with; the domain of ours follows."""
HELD_MAX: Final = 512
HELD_BYTES_MAX: Final = 1_048_576
"""What waits in memory for a connection to be made."""
FIRST_WAIT: Final = 2.0
LONGEST_WAIT: Final = 900.0
RECENT_SECONDS: Final = 10.0
"""So long after a failure nobody's stanza makes us try again."""
PROOF_SECONDS: Final = 30.0
SERVICE_SECONDS: Final = 60.0
"""How long a stanza of a service of ours (a room, a gateway) is tried at most."""
OWN_DELAY: Final = timedelta(seconds=5)
SUBSCRIPTION: Final = frozenset(("subscribe", "subscribed", "unsubscribe", "unsubscribed"))


class Unreachable(Exception):
    """No stream to the other server could be made. `is_final`: trying again is of no use."""

    def __init__(self, condition: str, why: str, *, is_final: bool = False) -> None:
        super().__init__(why)
        self.condition = condition
        self.why = why
        self.is_final = is_final

    def error(self, remote: str) -> StanzaError:
        """What the senders are told."""
        return StanzaError.of(self.condition, f"{remote} could not be reached: {self.why}.")


class Way(Protocol):
    """A stream on which stanzas may go out."""

    @property
    def is_open(self) -> bool:
        """Whether it has not ended meanwhile."""
        ...

    @property
    def can_take(self) -> bool:
        """Whether the other side reads fast enough."""
        ...

    @property
    def counts(self) -> bool:
        """Whether the other side acknowledges (XEP-0198)."""
        ...

    def write(self, data: bytes) -> None:
        """Send; never blocks."""
        ...

    def close(self) -> None:
        """End the stream in order."""
        ...


class Dial(Protocol):
    """Makes streams."""

    def __call__(self, link: Link) -> Awaitable[Way]:
        """A stream from `link.local` to `link.remote` on which our domain is proved. Raises Unreachable.

        It calls `link.acknowledged`, `link.counting`, `link.pump` when it can take more, and `link.lost` when it ends.
        """
        ...


def is_kept(stanza: Stanza) -> bool:
    """Whether a stanza to another server must not be lost: what a person would miss, and what rosters agree on."""
    if stanza.kind == "presence":
        return stanza.type in SUBSCRIPTION
    if stanza.kind != "message":
        return False
    if stanza.type == "groupchat":
        return has_content(stanza)
    return should_store(stanza).action is Action.PASS


def return_to_sender(server: Server, stanza: Stanza, error: StanzaError) -> Awaitable[None] | None:
    """Tell the sender that it did not arrive. A message's error is kept for them: they were told it was on its way."""
    if stanza.type in ("error", "result") or (stanza.kind == "presence" and stanza.type not in SUBSCRIPTION):
        return None
    reply = stanza.error_reply(error)
    to = reply.to
    if stanza.kind == "message" and to is not None and server.is_local(to) and to.local:
        return server.deliver(reply)
    return server.route(reply)


class Link(FedSession):
    """The way from `local`, a domain of ours, to `remote`."""

    __slots__ = (
        "_asked",
        "_box",
        "_elsewhere",
        "_failed_at",
        "_failure",
        "_failures",
        "_h",
        "_held",
        "_held_bytes",
        "_is_dialing",
        "_is_proving",
        "_is_stopped",
        "_is_waiting",
        "_uncounted",
        "_used",
        "_way",
        "local",
        "remote",
    )

    def __init__(self, elsewhere: Elsewhere, local: str, remote: str) -> None:
        super().__init__(elsewhere.server, Jid.parse(remote), DEVICE + local)
        self.local = local
        self.remote = remote
        self._elsewhere = elsewhere
        self._box = Account(self.account)
        self._way: Way | None = None
        self._held: deque[Stanza] = deque()
        self._held_bytes = 0
        self._is_dialing = self._is_waiting = self._is_proving = self._is_stopped = self._asked = False
        self._failures = 0
        self._failure: Unreachable | None = None
        self._failed_at = 0.0
        self._h = 0
        self._uncounted = 0
        """Stanzas at the head of `unacked` that went out before counting began."""
        self._used = self._now()

    @property
    def is_up(self) -> bool:
        """Whether there is a stream."""
        return self._way is not None

    @property
    def is_idle(self) -> bool:
        """Whether it may be forgotten: nothing is under way, and nothing waits for another try."""
        return not (self._way or self._is_dialing or self._is_waiting or self._held or self.unacked)

    def _now(self) -> float:
        return self.server.clock.monotonic()

    # ── from the router ───────────────────────────────────────────────────────────────────────────────────────────

    def pass_on(self, stanza: Stanza, outcome: Outcome, *, promised: bool) -> None:
        """Send a stanza. Releases one part of `outcome`; what must be kept holds it until it is safe."""
        self._used = self._now()
        self.server.metrics.count("federation_stanzas", 1, direction="out", kind=stanza.kind)
        if not is_kept(stanza):
            outcome.release()
            self.send(stanza)
            return
        mark = mark_of(stanza)
        if self.server.repeats and self.server.is_repeat(self.account.text, mark):
            outcome.release()
            return
        number = self.server.numbers.next()
        self.server.router.deliver(
            self._box, stanza.to_bytes(), number, [self.device], self, outcome, promised=promised, mark=mark
        )
        outcome.release()
        self.wake()

    def send(self, stanza: Stanza) -> None:
        """Send what is only for the moment."""
        if self._way is not None:
            self._write_now(stanza)
        elif self._failure is not None and not self._is_dialing and self._now() - self._failed_at < RECENT_SECONDS:
            self._return(stanza, self._failure.error(self.remote))
        elif len(self._held) >= HELD_MAX or self._held_bytes >= HELD_BYTES_MAX:
            self._return(stanza, StanzaError("wait", "resource-constraint"))
        else:
            self._held.append(stanza)
            self._held_bytes += len(stanza.inner)
            self.wake()

    def _write_now(self, stanza: Stanza) -> None:
        assert self._way is not None
        if not self._way.can_take or len(self.unacked or ()) >= 4 * self.server.limits.unacked:
            self._return(stanza, StanzaError("wait", "remote-server-timeout", f"{self.remote} is too slow."))
            return
        data = stanza.to_bytes()
        self._way.write(data)
        if self._way.counts:
            # Counted by the other side, so it is here too; of requests the sender hears if they were lost.
            self._track(data if stanza.is_request else b"")

    def _track(self, entry: Delivery | bytes) -> None:
        if self.unacked is None:
            self.unacked = deque()
        self.unacked.append(entry)
        self._ask()

    def _return(self, stanza: Stanza, error: StanzaError) -> None:
        self.server.metrics.count("federation_returned", 1, condition=error.condition)
        return_to_sender(self.server, stanza, error)

    # ── from the inbox ────────────────────────────────────────────────────────────────────────────────────────────

    def _emit(self, data: bytes, delivery: Delivery) -> bool:
        assert self._way is not None
        self._way.write(data)
        self._track(delivery)
        return True

    def _can_take(self) -> bool:
        return self._way is not None and self._way.can_take and len(self.unacked or ()) < self.server.limits.unacked

    def _late(self, row: Kept) -> bytes:
        # XEP-0203: only what really was late says so.
        if not row.stanza.startswith(b"<message") or self.server.clock.now() - time_of(row.number) < OWN_DELAY:
            return row.stanza
        return delayed(row.stanza, row.number, self.local)

    # ── acknowledgements ──────────────────────────────────────────────────────────────────────────────────────────

    def _ask(self) -> None:
        """Ask for an acknowledgement once what is written in this turn of the loop is written."""
        if not self._asked:
            self._asked = True
            self.server.timers.call_soon(self._ask_now)

    def _ask_now(self) -> None:
        if self._way is None or not self.unacked:
            self._asked = False
        elif self._way.counts:
            self._way.write(sm.REQUEST)
        elif not self._is_proving:
            self._is_proving = True
            self.server.spawn(self._prove(self._way), "ask another server for a sign of life")

    def acknowledged(self, h: int) -> None:
        """The other server has taken over so many (XEP-0198). Raises StreamError where that cannot be."""
        self._asked = False
        count = (h - self._h) % sm.WRAP
        most = len(self.unacked or ()) - self._uncounted
        if count > most:
            raise sm.HandledCountTooHigh(h, (self._h + most) % sm.WRAP)
        count, self._h, self._uncounted = count + self._uncounted, h, 0
        if count:
            self.settle(count)
        if self.unacked:
            self._ask()

    def counting(self) -> None:
        """From here on the other server counts what we send."""
        self._h = 0
        self._uncounted = len(self.unacked or ())

    async def _prove(self, way: Way) -> None:
        """What went out before a ping that is answered has arrived. Who answers none is believed to read in order."""
        count = len(self.unacked or ())
        ping = Stanza.build(
            "iq",
            {"type": "get", "id": ids.new_token(9), "from": self.local, "to": self.remote},
            E("{urn:xmpp:ping}ping"),
        )
        try:
            await self.server.answer_to(ping, lambda: way.write(ping.to_bytes()), seconds=PROOF_SECONDS)
        except StanzaError:
            log.info("no-proof", local=self.local, remote=self.remote)
        finally:
            self._is_proving = self._asked = False
        if self._way is way and not way.counts:
            self.settle(min(count, len(self.unacked or ())))
            if self.unacked:
                self._ask()

    # ── connections ───────────────────────────────────────────────────────────────────────────────────────────────

    def wake(self) -> None:
        """Make a connection, unless there is one, or the last try has just failed."""
        if self._way is not None or self._is_dialing or self._is_stopped:
            return
        if self._failure is not None and self._now() - self._failed_at < RECENT_SECONDS:
            self._try_later()
        else:
            self._dial()

    def _dial(self) -> None:
        self._is_dialing = True
        self.server.spawn(self._connect(), f"connect to {self.remote}")

    async def _connect(self) -> None:
        try:
            way = await self._elsewhere.dial(self)
        except Unreachable as problem:
            self._is_dialing = False
            await self._failed(problem)
        except BaseException:
            self._is_dialing = False
            raise
        else:
            self._is_dialing = False
            if self._way is not None or self._is_stopped:
                way.close()
            elif way.is_open:
                self._up(way)
            else:
                await self._failed(Unreachable("remote-server-timeout", "it closed the connection"))

    def adopt(self, way: Way) -> bool:
        """Use a stream that the other server opened and that goes both ways."""
        if self._way is not None or self._is_dialing or self._is_stopped:
            return False
        self._up(way)
        return True

    def _up(self, way: Way) -> None:
        self._way = way
        self._failures, self._failure = 0, None
        self._h = self._uncounted = 0
        self._asked = self._is_proving = False
        self._used = self._now()
        held, self._held, self._held_bytes = self._held, deque(), 0
        for stanza in held:
            self._write_now(stanza)
        self.start_feed()

    def lost(self, way: Way) -> None:
        """The stream is over. What was not acknowledged is tried again; requests come back."""
        if way is not self._way:
            return
        self._way = None
        error = StanzaError("wait", "remote-server-timeout", f"The connection to {self.remote} broke.")
        for entry in self.unacked or ():
            if isinstance(entry, bytes) and entry:
                self._return(Stanza.from_bytes(entry), error)
        self.abandon()
        if not self._is_stopped:
            self.server.spawn(self._wait(), "look for what waits")

    async def _failed(self, problem: Unreachable) -> None:
        self._failures += 1
        self._failure, self._failed_at = problem, self._now()
        self.server.metrics.count("federation_failures", 1, condition=problem.condition)
        log.info("unreachable", local=self.local, remote=self.remote, why=problem.why, tries=self._failures)
        held, self._held, self._held_bytes = self._held, deque(), 0
        for stanza in held:
            self._return(stanza, problem.error(self.remote))
        await self._give_up(timedelta() if problem.is_final else self._patience)
        await self._wait()

    async def _wait(self) -> None:
        """Try again in a while, if anything waits."""
        waits = await self.server.inbox.count(self.account.text, (self.device,))
        if waits and self._way is None and not self._is_stopped:
            self._try_later()

    def _try_later(self) -> None:
        if self._is_waiting:
            return
        self._is_waiting = True
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(self._failures, 16))
        # Not all servers that lost us at the same moment are asked at the same moment.
        self.server.timers.call_later(wait * random.uniform(0.8, 1.2), self._waited)  # noqa: S311 - no secret

    def _waited(self) -> None:
        self._is_waiting = False
        if self._way is None and not self._is_dialing and not self._is_stopped:
            self._dial()

    @property
    def _patience(self) -> timedelta:
        """How long a stanza is tried. A room's occupants are gone when their server is: it must soon know."""
        seconds = self._elsewhere.give_up_seconds
        return timedelta(seconds=seconds if self.local == self.server.domain else min(seconds, SERVICE_SECONDS))

    async def _give_up(self, after: timedelta) -> None:
        """Return what has waited for longer than `after`, oldest first."""
        error = (self._failure or Unreachable("remote-server-timeout", "no answer")).error(self.remote)
        limit, cursor = self.server.clock.now() - after, 0
        while True:
            rows, more = await self.server.inbox.waiting(self.account.text, (self.device,), cursor, PAGE)
            due = [row for row in rows if time_of(row.number) <= limit]
            for row in due:
                cursor = row.number
                self.server.metrics.count("federation_returned", 1, condition=error.condition)
                returned = return_to_sender(self.server, Stanza.from_bytes(row.stanza), error)
                if returned is not None:
                    try:
                        await returned  # the error is safe before what it is about goes
                    except StanzaError as problem:
                        log.info("not-returned", condition=problem.condition)
                self.server.inbox.settle(row.account, row.devices, (row.number,))
            if not more or len(due) < len(rows):
                return

    # ── care ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def look_after(self) -> None:
        """Called now and then."""
        if self._way is not None:
            if not self.unacked and self._now() - self._used > self._elsewhere.idle_seconds:
                self._way.close()
        elif self._failure is not None:
            await self._give_up(self._patience)

    def stop(self) -> None:
        """The server stops."""
        self._is_stopped = True
        if self._way is not None:
            way = self._way
            self.lost(way)
            way.close()

    def close(self, condition: str = "", text: str = "") -> None:
        """End the stream, if there is one."""
        if self._way is not None:
            self._way.close()
