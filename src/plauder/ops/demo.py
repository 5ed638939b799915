"""People of the demo network, so that whoever starts it can log in at once, from the web app or any XMPP client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from plauder.features.accounts.devices import Devices
from plauder.features.accounts.parts import NoAccount
from plauder.kit.config import Config

PASSWORD = "plauder-demo"  # noqa: S105 - everybody may know it: the demo runs on localhost alone
"""For all of them."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the demo world. The numbers are the examples of libphonenumber for mobile phones."""

    name: str
    number: str


PEOPLE = (
    Person("Ana", "+55 11 96123-4567"),
    Person("Bruno", "+49 1512 3456789"),
    Person("Clara", "+44 7400 123456"),
    Person("Dev", "+91 81234 56789"),
)


class Network(Protocol):
    """What a demo needs of a running server."""

    config: Config
    devices: Devices


async def seed(network: Network) -> str:
    """Open the accounts that are not there yet; return what to tell the person at the terminal."""
    lines = ["People you can log in as, with the password " + PASSWORD + ":"]
    for person in PEOPLE:
        local = "".join(filter(str.isdigit, person.number))
        try:
            await network.devices.account(local)
        except NoAccount:
            await network.devices.create_with_password(local, PASSWORD)
            await network.devices.set_discoverable(local, True)
        lines.append(f"  {person.name:<8} {local}@{network.config.domain}")
    return "\n".join(lines)
