"""What the commands of operators need from others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from plauder.core.people import Report


class Accounts(Protocol):
    """Accounts by their localpart. Raises PlauderError with a message for people."""

    async def create_with_password(self, local: str, password: str) -> None: ...

    async def set_password(self, local: str, password: str) -> None: ...

    async def set_enabled(self, local: str, wanted: bool) -> None: ...

    async def delete(self, local: str) -> None: ...

    async def count(self) -> int: ...


class Invitations(Protocol):
    """Links by which somebody new comes in."""

    async def invite(self, by: str | None, name: str = "") -> tuple[str, str, datetime]:
        """A new invitation by an account (localpart) or by the operator, for an account of this name or of any: its
        token, the address of its page, and when it ends."""
        ...


class Reports(Protocol):
    """What people reported."""

    async def latest(self, limit: int) -> Sequence[Report]: ...
