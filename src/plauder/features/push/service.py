"""Decides when a device rings, and asks the right sender to ring it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from plauder.features.push.store import Target, Targets, look
from plauder.wire.jid import Jid
from plauder.wire.stanza import Stanza

if TYPE_CHECKING:
    from plauder.core.delivery import Delivery
    from plauder.core.server import Server
    from plauder.core.session import Session

PATIENCE: Final = 3.0
"""Seconds that a device may take to acknowledge before it rings: one that is here answers much sooner."""
TIMER_GRACE: Final = 0.1
"""What is due within so many seconds is looked at with what is due now."""
QUIET: Final = 600.0
"""Seconds after which the same chat may ring again though the device has not come back."""
RETRIES: Final = (30.0, 120.0, 600.0)
"""Seconds until a ring that a push service did not take is tried again."""
MOST_FAILURES: Final = 20
CACHED_ACCOUNTS: Final = 10_000
RUNG_KEPT: Final = 20_000
RUNG_PER_DEVICE: Final = 200


@dataclass(frozen=True, slots=True)
class Ring:
    """What a sender is told: which chat rings (an opaque name, for collapsing), and how urgent it is."""

    chat: str
    urgency: str = "high"


@dataclass(frozen=True, slots=True)
class Report:
    """What one hop said. `gone`: the address is dead, forget it."""

    hop: str
    ok: bool
    detail: str
    milliseconds: float = 0.0
    gone: bool = False


class Sender(Protocol):
    """Rings one kind of target."""

    async def ring(self, target: Target, ring: Ring) -> Sequence[Report]:
        """One report per hop; never raises."""
        ...


class Push:
    """The push service of one server."""

    def __init__(self, server: Server, senders: Mapping[str, Sender], *, chat_name: bytes) -> None:
        self._server = server
        self._senders = senders
        self._key = chat_name
        self._known: OrderedDict[str, tuple[Target, ...]] = OrderedDict()
        self._loading: dict[str, asyncio.Future[tuple[Target, ...]]] = {}
        self._patient: deque[tuple[float, Delivery]] = deque()
        """What was kept, and when to look whether somebody has to be woken for it; in that order."""
        self._rung: OrderedDict[tuple[str, str], OrderedDict[str, float]] = OrderedDict()
        """(account, device) → chat → when it rang last."""

    # ── targets ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def enable(self, target: Target) -> None:
        """Wake this device by this target from now on."""
        async with self._server.database.begin() as uow:
            if target.kind != "app":  # a device has one browser and one phone; app servers it may have several
                await Targets(uow).remove(target.account, device=target.device, kind=target.kind)
            await Targets(uow).set(target, self._server.clock.now())
        self._known.pop(target.account, None)

    async def disable(self, account: str, **which: str) -> None:
        """Forget targets by device, kind or address."""
        async with self._server.database.begin() as uow:
            await Targets(uow).remove(account, **which)
        self._known.pop(account, None)

    async def targets(self, account: str) -> tuple[Target, ...]:
        found = self._known.get(account)
        if found is None and (looked := look(self._server.database, account)) is not None:
            return self._remember(account, tuple(looked))
        if found is None:
            # A hundred messages for one account ask the database once.
            loading = self._loading.get(account)
            if loading is None:
                loading = self._loading[account] = asyncio.ensure_future(self._load(account))
            found = await asyncio.shield(loading)
        return found

    async def _load(self, account: str) -> tuple[Target, ...]:
        try:
            async with self._server.database.read() as uow:
                return self._remember(account, tuple(await Targets(uow).of(account)))
        finally:
            del self._loading[account]

    def _remember(self, account: str, found: tuple[Target, ...]) -> tuple[Target, ...]:
        self._known[account] = found
        if len(self._known) > CACHED_ACCOUNTS:
            self._known.popitem(last=False)
        return found

    # ── ringing ───────────────────────────────────────────────────────────────────────────────────────────────────

    def kept(self, delivery: Delivery) -> None:
        """A message was not taken at once: look again in a moment."""
        if self._known.get(delivery.account) == ():
            return
        if not self._patient:  # one timer, however many messages wait
            self._server.timers.call_later(PATIENCE, self._look_again)
        self._patient.append((self._server.clock.monotonic() + PATIENCE, delivery))

    def _look_again(self) -> None:
        patient, now = self._patient, self._server.clock.monotonic()
        while patient and patient[0][0] <= now + TIMER_GRACE:
            _, delivery = patient.popleft()
            if delivery.owing and not self._server.is_stopping and self._known.get(delivery.account) != ():
                self._server.spawn(self._wake(delivery), "wake devices")
        if patient:
            self._server.timers.call_later(patient[0][0] - now, self._look_again)

    async def _wake(self, delivery: Delivery) -> None:
        targets = await self.targets(delivery.account)
        owing = set(delivery.owing)
        if not any(target.device in owing for target in targets):
            return
        ring = Ring(self._chat_of(delivery))
        for target in targets:
            if target.device in owing and self._may_ring(target, ring.chat):
                await self._ring_patiently(target, ring)

    async def _ring_patiently(self, target: Target, ring: Ring, attempt: int = 0) -> None:
        """Ring, and again later where a push service has a bad moment: there may be no other message to ring for."""
        reports = await self.ring(target, ring)
        has_passed = all(report.ok for report in reports) or any(report.gone for report in reports)
        if has_passed or target.kind not in self._senders or attempt == len(RETRIES):
            return

        def again() -> None:
            # A device that has come back meanwhile has taken its messages; it is forgotten then that its chats rang.
            waits = ring.chat in self._rung.get((target.account, target.device), ())
            if waits and not self._server.is_stopping:
                self._server.spawn(self._ring_again(target, ring, attempt + 1), "ring again")

        self._server.timers.call_later(RETRIES[attempt], again)

    async def _ring_again(self, target: Target, ring: Ring, attempt: int) -> None:
        for known in await self.targets(target.account):
            if (known.device, known.kind, known.address) == (target.device, target.kind, target.address):
                await self._ring_patiently(known, ring, attempt)

    def _chat_of(self, delivery: Delivery) -> str:
        """An opaque name of the chat: the same each time, and nobody else can tell whose."""
        sender = Stanza.from_bytes(delivery.data).attrs.get("from", "")
        chat = Jid.parse(sender).bare.text if sender else ""
        digest = hmac.digest(self._key, f"{delivery.account}\0{chat}".encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest[:18]).decode()

    def _may_ring(self, target: Target, chat: str) -> bool:
        now = self._server.clock.monotonic()
        rung = self._rung.setdefault((target.account, target.device), OrderedDict())
        last = rung.get(chat)
        if last is not None and now - last < QUIET:
            return False
        rung[chat] = now
        if len(rung) > RUNG_PER_DEVICE:
            rung.popitem(last=False)
        if len(self._rung) > RUNG_KEPT:
            self._rung.popitem(last=False)
        return True

    async def ring(self, target: Target, ring: Ring) -> list[Report]:
        """Ring once; forget the target when it is dead. The reports of all hops."""
        sender = self._senders.get(target.kind)
        if sender is None:
            return [Report("server", ok=False, detail=f"No {target.kind} push is set up here.")]
        reports = list(await sender.ring(target, ring))
        self._server.metrics.count("push_rings", 1, kind=target.kind, ok=str(all(r.ok for r in reports)).lower())
        if any(report.gone for report in reports) or target.failures >= MOST_FAILURES:
            await self.disable(target.account, device=target.device, kind=target.kind, address=target.address)
        elif not all(report.ok for report in reports):
            async with self._server.database.begin() as uow:
                await Targets(uow).failed(target)
            self._known.pop(target.account, None)
        return reports

    async def test(self, account: str, device: str) -> list[Report]:
        """What the test button does: ring this device now and tell what every hop said."""
        mine = [target for target in await self.targets(account) if target.device == device]
        if not mine:
            return [Report("server", ok=False, detail="This device has not asked to be woken.")]
        reports = [Report("server", ok=True, detail=f"{len(mine)} way(s) to wake this device are known.")]
        for target in mine:
            reports += await self.ring(target, Ring("test"))
        return reports

    def came_back(self, session: Session) -> None:
        """The device is here: its chats may ring again when it has left."""
        self._rung.pop((session.account.text, session.device), None)

    async def forget(self, account: Jid) -> None:
        """An account was removed."""
        await self.disable(account.text)
