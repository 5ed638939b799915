"""A device in this process: a hosted business number, a bot. Its acknowledgement is a coroutine that returns."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from itertools import islice
from typing import TYPE_CHECKING

from plauder.core.delivery import Delivery, Outcome, Pace
from plauder.core.feed import FedSession
from plauder.kit import ids
from plauder.kit import log as logging
from plauder.wire.jid import Jid
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError

if TYPE_CHECKING:
    from plauder.core.server import Server

log = logging.get("core.local")

WAITING_MAX = 64
"""Stanzas that a device of one at a time keeps waiting; one of many has room for four times as many as it takes."""
WAITING_BYTES_MAX = 4_194_304
RETRY_SECONDS = 5.0


class LocalSession(FedSession):
    """A device in this process, made by `Server.attach_local`."""

    __slots__ = ("_answers", "_bytes", "_concurrency", "_is_open", "_most", "_on_stanza", "_waiting", "_working")

    def __init__(
        self,
        server: Server,
        jid: Jid,
        device: str,
        on_stanza: Callable[[Stanza], Awaitable[None]],
        concurrency: int = 1,
    ) -> None:
        super().__init__(server, jid, device)
        self._concurrency = concurrency
        self._most = max(WAITING_MAX, 4 * concurrency)
        self._bytes = 0
        if concurrency > 1:
            self.pace = Pace.GROUPED
        self._on_stanza = on_stanza
        self._waiting: deque[tuple[bytes | Stanza, bool]] = deque()
        self._working = False
        self._is_open = True
        self._answers: dict[str, asyncio.Future[Stanza]] = {}

    @property
    def is_promised(self) -> bool:
        return True

    # ── in ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def submit(self, stanza: Stanza) -> Awaitable[None]:
        """Send as a client does: `from` is stamped, filters run. Completes when durable or delivered, raises
        StanzaError when refused."""
        outcome = Outcome()
        later = self.server.intake.take(self, stanza.with_attrs(from_=self.jid), outcome)
        if later is not None:
            self.server.spawn(later, "handle a stanza of a local device")
        return outcome

    async def request(self, iq: Stanza, *, seconds: float = 30.0) -> Stanza:
        """Send an IQ request as a client does and return the answer (result or error)."""
        key = ids.new_token(9)
        answer: asyncio.Future[Stanza] = asyncio.get_running_loop().create_future()
        self._answers[key] = answer
        asked = iq.with_attrs(id=key)
        try:
            await self.submit(asked)
            async with asyncio.timeout(seconds):
                return await answer
        except StanzaError as error:
            return asked.with_attrs(from_=self.jid).error_reply(error)
        except TimeoutError:
            raise StanzaError("wait", "remote-server-timeout") from None
        finally:
            del self._answers[key]

    # ── out ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def send(self, stanza: Stanza) -> None:
        if stanza.kind == "iq" and stanza.type in ("result", "error"):
            waiting = self._answers.get(stanza.attrs.get("id", ""))
            if waiting is not None and not waiting.done():
                waiting.set_result(stanza)
                return
        if self._is_open and len(self._waiting) < 4 * self._most:
            self._put(stanza, is_kept=False)

    def _emit(self, data: bytes, delivery: Delivery) -> bool:
        if self.unacked is None:
            self.unacked = deque()
        self.unacked.append(delivery)
        self._put(data, is_kept=True)
        return True

    def _can_take(self) -> bool:
        return self._is_open and len(self._waiting) < self._most and self._bytes < WAITING_BYTES_MAX

    def _put(self, item: bytes | Stanza, *, is_kept: bool) -> None:
        self._waiting.append((item, is_kept))
        self._bytes += len(item) if isinstance(item, bytes) else len(item.inner)
        if not self._working:
            self._working = True
            self.server.spawn(self._work(), "a local device")

    async def _work(self) -> None:
        """Hand over what waits, at most `_concurrency` at once, begun in order; what could not be taken stays in the
        inbox and comes again."""
        try:
            while self._waiting and self._is_open:
                batch = list(islice(self._waiting, self._concurrency))
                taken = await asyncio.gather(*(self._take(item) for item, _ in batch))
                for (item, is_kept), is_taken in zip(batch, taken, strict=True):
                    if not self._waiting:  # closed meanwhile
                        return
                    if is_kept and not is_taken:
                        self._start_over()
                        return
                    self._waiting.popleft()
                    self._bytes -= len(item) if isinstance(item, bytes) else len(item.inner)
                    if is_kept:
                        self.settle(1)
        finally:
            self._working = False

    async def _take(self, item: bytes | Stanza) -> bool:
        try:
            await self._on_stanza(Stanza.from_bytes(item) if isinstance(item, bytes) else item)
        except Exception:
            log.exception("local-device-failed", device=self.device)
            return False
        return True

    def _start_over(self) -> None:
        """Leave everything that is kept to the inbox, and fetch it again in a while."""
        self._forget()
        self.abandon()
        self.server.timers.call_later(RETRY_SECONDS, self._retry)

    def _forget(self) -> None:
        self._waiting.clear()
        self._bytes = 0

    def _retry(self) -> None:
        if self._is_open:
            self.start_feed()

    def close(self, condition: str = "", text: str = "") -> None:
        """Detach: what is sent to it from now on waits in the inbox."""
        if self._is_open:
            self._is_open = False
            self.abandon()
            self._forget()
            self.server.accounts.unbound(self)
