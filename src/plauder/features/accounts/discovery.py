"""Which of my contacts are here, asked so that the server does not learn my contacts (RFC 9497, VOPRF).

The server holds a key k. A client blinds each number, the server applies k to the blinded value without seeing the
number, the client takes the blind off and has F(k, number), with a proof that everybody gets the same k. The server
publishes the same function's values (cut short) of all people who opted in to be found, as one list without numbers;
the client looks its own values up in it. Nobody without k can try numbers against the list, and the server gives each
account few applications of k a day. `docs/decisions/` says what an operator can still learn.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from voprf import ristretto

from plauder.features.accounts import rules, store
from plauder.features.accounts.parts import NoAccount, Parts
from plauder.kit.errors import BadInput, Forbidden, TooMany

SUITE: Final = "ristretto255-SHA512"
KEY_INFO = b"plauder contact discovery"
ELEMENT = 32
PROOF = 64
TAG = 16
"""Bytes of a published value. With 10^7 people and 10^4 contacts a chance hit has odds of 1 in 10^27."""
FRESH_SECONDS = 1.0
"""The list is built anew at most so often: who has just come wants to be found by the friend at the next table."""
IDLE_PARTS = 20
"""And a large one seldom enough that building takes one part in so many of the time."""
PAGE = 1_000


class DiscoveryOff(Forbidden):
    """This network does not offer contact discovery."""

    code = "discovery-off"


@dataclass(frozen=True, slots=True)
class Evaluated:
    """`elements` of 32 bytes in the order asked, one `proof` of 64 bytes for all; `left` lookups today."""

    elements: Sequence[bytes]
    proof: bytes
    left: int


def tag(output: bytes) -> bytes:
    """What is published of a VOPRF output."""
    return hashlib.sha256(b"plauder/discovery\0" + output).digest()[:TAG]


def number_bytes(digits: str) -> bytes:
    """The VOPRF's input for a number: its E.164 form in ASCII, with the plus."""
    return f"+{digits}".encode()


class Discovery:
    """Use cases. One key per network, made from the server's secret."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._settings = parts.config.discovery
        self._evaluator = ristretto.Evaluator.from_seed(parts.keyring.derive("discovery"), KEY_INFO)
        self._tags: dict[str, bytes] = {}
        self._list = b""
        self._built_at: float | None = None
        self._fresh = FRESH_SECONDS
        self._building = asyncio.Lock()

    @property
    def public_key(self) -> bytes:
        """What proofs are checked with, 32 bytes."""
        return self._evaluator.public_key.serialize()

    async def left_today(self, local: str) -> int:
        """How many numbers the account may still look up today."""
        most, day = await self._allowance(local)
        async with self._parts.database.read() as uow:
            return max(0, most - await store.used_lookups(uow, local, day))

    async def _allowance(self, local: str) -> tuple[int, str]:
        now = self._parts.clock.now()
        async with self._parts.database.read() as uow:
            account = await store.get(uow, local)
        if account is None:
            raise NoAccount()
        settings = self._settings
        most = rules.lookups_per_day(
            now - account.created, settings.first_day_lookups, settings.daily_growth, settings.max_daily_lookups
        )
        return most, now.date().isoformat()

    async def evaluate(self, local: str, blinded: Sequence[bytes]) -> Evaluated:
        """Apply the key to blinded numbers. Raises DiscoveryOff, BadInput, TooMany when the day's allowance is used."""
        self._check_on()
        if not 0 < len(blinded) <= self._settings.batch:
            raise BadInput(f"Ask for 1 to {self._settings.batch} numbers at once.")
        try:
            inputs = [ristretto.BlindedInput.deserialize(one) for one in blinded]
        except ValueError:
            raise BadInput("A blinded number is no element of the group.") from None
        most, day = await self._allowance(local)
        async with self._parts.database.begin() as uow:
            left = await store.use_lookups(uow, local, day, len(inputs), most)
        if left is None:
            self._parts.metrics.count("discovery_lookups", len(inputs), why="allowance")
            raise TooMany("You have looked up as many numbers as you may today.", retry_after=self._until_tomorrow())
        self._parts.metrics.count("discovery_lookups", len(inputs), why="ok")
        raw = (await asyncio.to_thread(self._evaluator.evaluate_batch, inputs)).serialize()
        proof, elements = raw[:PROOF], raw[PROOF:]  # in the library's order
        return Evaluated([elements[at : at + ELEMENT] for at in range(0, len(elements), ELEMENT)], proof, left)

    def _until_tomorrow(self) -> float:
        now = self._parts.clock.now()
        return 86_400.0 - (now.hour * 3_600 + now.minute * 60 + now.second)

    async def directory(self) -> bytes:
        """The tags of everybody who wants to be found, sorted, one after the other. Raises DiscoveryOff."""
        self._check_on()
        async with self._building:
            now = self._parts.clock.monotonic()
            if self._built_at is None or now - self._built_at >= self._fresh:
                self._list = await self._build()
                self._built_at = self._parts.clock.monotonic()
                self._fresh = max(FRESH_SECONDS, IDLE_PARTS * (self._built_at - now))
            return self._list

    async def _build(self) -> bytes:
        numbers: list[str] = []
        while True:
            async with self._parts.database.read() as uow:
                page = await store.discoverable(uow, numbers[-1] if numbers else "", PAGE)
            numbers += page
            if len(page) < PAGE:
                break
        missing = [number for number in numbers if number not in self._tags]
        fresh = await asyncio.to_thread(self._evaluate_known, missing)
        self._tags = {number: self._tags.get(number) or fresh[number] for number in numbers}
        return b"".join(sorted(self._tags.values()))

    def _evaluate_known(self, numbers: Sequence[str]) -> dict[str, bytes]:
        evaluate = self._evaluator.evaluate_known_input
        return {number: tag(evaluate(number_bytes(number))) for number in numbers}

    def _check_on(self) -> None:
        if not self._settings.enabled:
            raise DiscoveryOff()
