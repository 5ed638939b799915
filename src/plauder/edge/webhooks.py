"""Carries webhook deliveries out: the handshake, the signed POST, retries, the journal.

Conversations ("lanes") go in parallel, each in order. An endpoint that does not answer rests for a growing while, so
that thousands of deliveries to a dead host do not hold up the living.
"""

from __future__ import annotations

import asyncio
import random
import secrets
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from sqlalchemy import Row

from plauder.business.accounts import commands as accounts
from plauder.business.shared.errors import GraphError
from plauder.business.webhooks import rules, store
from plauder.edge.outbound import Outbound, OutboundFailed
from plauder.kit.clock import Clock
from plauder.kit.keyring import Keyring
from plauder.kit.log import get as get_log
from plauder.kit.remember import Remembered
from plauder.store.database import Database

log = get_log("edge.webhooks")

LEASE = timedelta(seconds=60)
BATCH = 512
IDLE_POLL = 5.0
GATHER = 1.0
"""Seconds for which API requests are gathered before they are written into the journal."""
REST_AFTER = 4
SECRET_CACHE = 5.0
JOURNAL_LIMIT = 16_384
SWEEP = 60.0
JOURNAL_SAMPLE = 64


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """`give_up_after` a delivery is dead; `journal_for` the journal (with content) is kept."""

    give_up_after: timedelta = timedelta(days=7)
    timeout: float = 10.0
    concurrency: int = 64
    journal_for: timedelta = timedelta(hours=24)
    legacy_signature: bool = True


@dataclass(slots=True)
class _Health:
    failures: int = 0
    rest_until: float = 0.0


@dataclass(frozen=True, slots=True)
class _Outcome:
    row: Row[Any]
    status: int
    error: str
    response: bytes
    milliseconds: float

    @property
    def is_taken(self) -> bool:
        return self.status == 200  # anything else is retried, 2xx included


class Webhooks:
    """The deliverer of one process. `wake` after a commit; `run` and `keep_journal` until cancelled."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        keyring: Keyring,
        outbound: Outbound,
        settings: DeliverySettings | None = None,
        *,
        jitter: random.Random | None = None,
    ) -> None:
        self.settings = settings or DeliverySettings()
        self.faults: Callable[[str], Awaitable[frozenset[str]]] | None = None
        """Failures that a portfolio has switched on in its sandbox."""
        self._database = database
        self._clock = clock
        self._keyring = keyring
        self._outbound = outbound
        self._jitter = jitter or random.Random()  # noqa: S311
        self._event = asyncio.Event()
        self._health: defaultdict[str, _Health] = defaultdict(_Health)
        self._secrets = Remembered(self._secret_of, seconds=SECRET_CACHE, monotonic=clock.monotonic)
        self._journal: list[dict[str, Any]] = []
        self._noted = asyncio.Event()
        self._requests = 0
        self._next_sweep = 0.0

    def wake(self) -> None:
        """There may be something to deliver."""
        self._event.set()

    def changed(self) -> None:
        """An app's secret may be another one."""
        self._secrets.forget()

    async def handshake(self, url: str, verify_token: str) -> None:
        """Ask the callback for its consent. Raises error 2200 with what it answered."""
        rules.check_url(url)
        challenge = str(secrets.randbelow(9 * 10**9) + 10**9)
        asked = urlencode(
            {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token}, safe="."
        )
        target = f"{url}{'&' if urlsplit(url).query else '?'}{asked}"
        try:
            answer = await self._outbound.get(target, timeout=self.settings.timeout)
        except OutboundFailed as error:
            raise _unverified(error.message) from None
        text = answer.body.decode("utf-8", "replace").strip().strip('"')
        if answer.status != 200 or text != challenge:
            raise _unverified(f"HTTP Status Code = {answer.status}; expected the challenge as body.")

    async def run(self) -> None:
        """Deliver for ever."""
        if self._database.is_sqlite:  # there is one process: leases are of the one before
            async with self._database.begin() as uow:
                await store.release_all(uow)
        while True:
            try:
                count = await self.deliver_due()
            except Exception:
                log.exception("webhooks.failed")
                count = 0
            if count:
                continue
            self._event.clear()
            try:
                async with asyncio.timeout(await self._pause()):
                    await self._event.wait()
            except TimeoutError:
                pass

    async def _pause(self) -> float:
        async with self._database.read() as uow:
            due = await store.next_due(uow)
        return IDLE_POLL if due is None else max(0.05, min(IDLE_POLL, (due - self._clock.now()).total_seconds()))

    async def deliver_due(self) -> int:
        """Try once everything that is due now; returns how many attempts were made."""
        now, tick = self._clock.now(), self._clock.monotonic()
        resting = [url for url, health in self._health.items() if health.rest_until > tick]
        async with self._database.hot() as uow:
            rows = await store.claim(uow, now=now, until=now + LEASE, resting=resting, limit=BATCH)
        if not rows:
            return 0
        lanes: dict[str, list[Row[Any]]] = {}
        for row in rows:
            lanes.setdefault(row.lane, []).append(row)
        gate = asyncio.Semaphore(self.settings.concurrency)
        results = await asyncio.gather(*(self._lane(lane, gate) for lane in lanes.values()))
        outcomes = [outcome for result in results for outcome in result]
        await self._record(outcomes, skipped={row.id for row in rows} - {outcome.row.id for outcome in outcomes})
        return len(outcomes)

    async def _lane(self, rows: Sequence[Row[Any]], gate: asyncio.Semaphore) -> list[_Outcome]:
        outcomes: list[_Outcome] = []
        async with gate:
            for row in rows:
                outcome = await self._attempt(row)
                outcomes.append(outcome)
                if not outcome.is_taken and row.attempts + 1 < rules.ORDERED_ATTEMPTS:
                    break  # later ones of this conversation wait for it
        return outcomes

    async def _attempt(self, row: Row[Any]) -> _Outcome:
        if self.faults and "webhook_down" in await self.faults(row.portfolio_id):
            return _Outcome(row, 503, "The sandbox failure webhook_down is switched on.", b"", 0.0)
        headers = {"Content-Type": "application/json"}
        if secret := await self._secrets.get(row.app_id):
            headers["X-Hub-Signature-256"] = rules.signature(secret, row.body)
            if self.settings.legacy_signature:
                headers["X-Hub-Signature"] = rules.legacy_signature(secret, row.body)
        started = self._clock.monotonic()
        try:
            answer = await self._outbound.post(row.url, row.body, headers, timeout=self.settings.timeout)
        except OutboundFailed as error:
            took = (self._clock.monotonic() - started) * 1_000
            return _Outcome(row, 0, error.message, b"", took)
        error_text = "" if answer.status == 200 else f"HTTP {answer.status}"
        return _Outcome(row, answer.status, error_text, answer.body[:JOURNAL_LIMIT], answer.milliseconds)

    async def _secret_of(self, app_id: str) -> str:
        async with self._database.read() as uow:
            return await accounts.app_secret(uow, self._keyring, app_id) or ""

    async def _record(self, outcomes: Sequence[_Outcome], skipped: set[int]) -> None:
        now = self._clock.now()
        async with self._database.hot() as uow:
            if taken := [outcome.row.id for outcome in outcomes if outcome.is_taken]:
                await store.delivered(uow, taken)
            if skipped:
                await store.release(uow, sorted(skipped))
            for outcome in outcomes:
                self._note_health(outcome)
                if not outcome.is_taken:
                    await store.failed(uow, outcome.row.id, **self._next_try(outcome, now))
            await uow.insert_many(store.journal, sampled([self._entry(outcome, now) for outcome in outcomes]))

    def _next_try(self, outcome: _Outcome, now: datetime) -> dict[str, Any]:
        attempts = outcome.row.attempts + 1
        next_at = now + rules.wait_after(attempts, self._jitter.random())
        is_dead = next_at - outcome.row.created_at > self.settings.give_up_after
        return {
            "attempts": attempts,
            "next_at": next_at,
            "state": "dead" if is_dead else "due",
            "status": outcome.status,
            "error": outcome.error[:500],
        }

    def _note_health(self, outcome: _Outcome) -> None:
        health = self._health[outcome.row.url]
        if outcome.status:
            self._health.pop(outcome.row.url, None)
            return
        health.failures += 1
        if health.failures >= REST_AFTER:
            wait = rules.wait_after(min(health.failures - REST_AFTER + 1, 7), self._jitter.random())
            health.rest_until = self._clock.monotonic() + wait.total_seconds()

    def _entry(self, outcome: _Outcome, now: datetime) -> dict[str, Any]:
        row = outcome.row
        return {
            "at": now,
            "kind": "webhook",
            "portfolio_id": row.portfolio_id,
            "app_id": row.app_id,
            "delivery_id": row.id,
            "method": "POST",
            "url": row.url,
            "field": row.field,
            "about": row.about,
            "status": outcome.status,
            "milliseconds": round(outcome.milliseconds),
            "attempt": row.attempts + 1,
            "error": outcome.error[:500],
            "request": row.body,
            "response": outcome.response,
        }

    # ── the journal of requests ───────────────────────────────────────────────────────────────────────────────────

    def wants(self, status: int) -> bool:
        """Whether a request with this answer goes into the journal: each while they are few, then each failure and
        some of the rest."""
        self._requests += 1
        is_few = len(self._journal) < JOURNAL_SAMPLE
        return is_few or not 200 <= status < 300 or self._requests % JOURNAL_SAMPLE == 0

    def note_request(self, entry: dict[str, Any]) -> None:
        """Remember an API request for the journal; written with the next flush."""
        if len(self._journal) < 10_000:
            self._journal.append(entry)
            self._noted.set()

    async def keep_journal(self) -> None:
        """Write requests down, and drop what is too old, for ever."""
        while True:
            try:
                async with asyncio.timeout(SWEEP):
                    await self._noted.wait()
                await asyncio.sleep(GATHER)
            except TimeoutError:
                pass
            try:
                await self.flush_journal()
            except Exception:
                log.exception("journal.failed")

    async def flush_journal(self) -> None:
        """Write remembered requests, drop entries whose time is over."""
        entries, self._journal = self._journal, []
        self._noted.clear()
        if entries:
            async with self._database.hot() as uow:
                await uow.insert_many(store.journal, sampled(entries))
        if (tick := self._clock.monotonic()) >= self._next_sweep:
            self._next_sweep = tick + SWEEP
            async with self._database.begin() as uow:
                await store.forget_before(uow, self._clock.now() - self.settings.journal_for)


def sampled(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What of a flush is written down: all of it when it is little, else every failure and a sample of the rest.

    The journal is for developers who look for something; a campaign of a million messages must not fill the disk.
    """
    if len(entries) <= JOURNAL_SAMPLE:
        return entries
    step = len(entries) // JOURNAL_SAMPLE + 1
    return [entry for index, entry in enumerate(entries) if not 200 <= entry["status"] < 300 or index % step == 0]


def _unverified(details: str) -> GraphError:
    return GraphError(
        2200,
        "Callback verification failed with the following errors",
        status=400,
        details=details,
        user_title="Callback verification failed",
        user_message=details,
    )
