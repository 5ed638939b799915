"""What the use cases of accounts work with, and the errors they raise."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from plauder.kit.clock import Clock
from plauder.kit.config import Config
from plauder.kit.errors import BadInput, Conflict, Forbidden, NotFound, TooMany, Unavailable
from plauder.kit.keyring import Keyring
from plauder.kit.metrics import Metrics
from plauder.kit.phone import Phone
from plauder.store.database import Database, UnitOfWork


class SmsGateway(Protocol):
    """How a text reaches a phone."""

    async def send(self, to: Phone, text: str) -> None:
        """Hand the text over. Raises NotSent when the gateway did not take it."""
        ...


Forget = Callable[[str], Awaitable[None]]
"""Ends an account's sessions and erases what inbox and features keep of it, by its localpart; may be called twice."""
Renamer = Callable[[UnitOfWork, str, str], Awaitable[None]]
"""Moves what a feature keeps of an account to its new localpart, in the transaction that renames it."""
Reserved = Callable[[UnitOfWork, str], Awaitable[bool]]
"""Whether a localpart is in use by something that is no account, such as a hosted business number."""


@dataclass(slots=True)
class Parts:
    """The ports and settings, made once by `app`."""

    database: Database
    clock: Clock
    config: Config
    keyring: Keyring
    sms: SmsGateway
    metrics: Metrics
    forget: list[Forget] = field(default_factory=list)
    renamers: list[Renamer] = field(default_factory=list)
    reserved: list[Reserved] = field(default_factory=list)

    async def is_reserved(self, uow: UnitOfWork, local: str) -> bool:
        """Whether something that is no account has this localpart."""
        return any([await check(uow, local) for check in self.reserved])


class NotSent(Unavailable):
    """The code could not be sent. Try again later."""

    code = "code-not-sent"


class WrongCode(Forbidden):
    """That code is wrong or too old. Check it, or ask for a new one."""

    code = "wrong-code"


class PinNeeded(Forbidden):
    """This number is protected by a PIN."""

    code = "pin-needed"


class WrongPin(Forbidden):
    """That PIN is wrong."""

    code = "wrong-pin"


class CountryNotServed(Forbidden):
    """Numbers of that country cannot register here."""

    code = "country-not-served"


class TooManyCodes(TooMany):
    """Too many codes were asked for. Wait before you ask again."""

    code = "too-many-codes"


class RegistrationClosed(Forbidden):
    """This network does not take registrations of that kind."""

    code = "registration-closed"


class BadName(BadInput):
    """That name cannot be used: 3 to 32 small letters, digits, dots or hyphens, beginning with a letter."""

    code = "bad-name"


class Taken(Conflict):
    """That name is taken."""

    code = "taken"


class NoInvite(NotFound):
    """This link is used up, too old or was withdrawn. Ask for a new one."""

    code = "no-invite"


class BadPin(BadInput):
    """A PIN is four to twelve digits, not all the same and not in a row."""

    code = "bad-pin"


class NoAccount(NotFound):
    """There is no such account."""

    code = "no-account"


class NoDevice(NotFound):
    """There is no such device."""

    code = "no-device"
