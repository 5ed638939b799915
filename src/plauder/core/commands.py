"""Commands that features offer to clients and operators (XEP-0050): a name, and what to do.

A command asks at most once: it is run without a form first, and answers with what it needs or with its result; then it
is run with what was filled in. So nothing is kept between two steps.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from plauder.wire.forms import Form

if TYPE_CHECKING:
    from plauder.core.session import Session


@dataclass(frozen=True, slots=True)
class Ask:
    """The command needs this form filled in."""

    form: Form


@dataclass(frozen=True, slots=True)
class Done:
    """The command was carried out: a sentence for people, a form with results, or both."""

    note: str = ""
    form: Form | None = None


Run = Callable[["Session", Form | None], Awaitable[Ask | Done]]
"""`run(session, form)`: `form` is None at first. Raises StanzaError."""


@dataclass(frozen=True, slots=True)
class Command:
    """What a client can have the server do."""

    node: str
    name: str
    run: Run
    for_operators: bool = True
