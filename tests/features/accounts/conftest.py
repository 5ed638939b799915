"""Accounts on both databases, with texts that go into a list."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import pytest

from plauder.features.accounts.credentials import AccountCredentials
from plauder.features.accounts.devices import Credential, Devices
from plauder.features.accounts.invites import Invites
from plauder.features.accounts.parts import NotSent, Parts
from plauder.features.accounts.registration import Registration
from plauder.kit.clock import FakeClock
from plauder.kit.config import Config
from plauder.kit.keyring import Keyring
from plauder.kit.metrics import Metrics
from plauder.kit.phone import Phone
from plauder.store.database import Database

ANA = "+55 11 96123-4567"
ANA_DIGITS = "5511961234567"
BRUNO = "+49 1511 2345678"
BRUNO_DIGITS = "4915112345678"
HOME = "203.0.113.7"


@dataclass
class Pigeons:
    """A gateway that keeps what it should carry."""

    sent: list[tuple[Phone, str]] = field(default_factory=list)
    broken: bool = False

    async def send(self, to: Phone, text: str) -> None:
        if self.broken:
            raise NotSent()
        self.sent.append((to, text))

    @property
    def code(self) -> str:
        found = re.match(r"\d+", self.sent[-1][1])
        assert found
        return found[0]


class Office:
    """All use cases on one database."""

    def __init__(self, database: Database, clock: FakeClock, **settings: Any) -> None:
        self.clock = clock
        self.sms = Pigeons()
        self.parts = Parts(database, clock, Config(**settings), Keyring(bytes(32)), self.sms, Metrics())
        self.devices = Devices(self.parts)
        self.registration = Registration(self.parts, self.devices)
        self.invites = Invites(self.parts, self.devices)
        self.credentials = AccountCredentials(self.parts)

    async def register(
        self, number: str, *, pin: str | None = None, keep: bool = False, address: str = HOME
    ) -> Credential:
        asked = await self.registration.request_code(number, address)
        return await self.registration.verify(
            asked.registration, self.sms.code, pin=pin, device_name="Phone", keep_devices=keep
        )


@pytest.fixture
def office(database: Database, clock: FakeClock) -> Office:
    return Office(database, clock)
