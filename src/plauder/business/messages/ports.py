"""What messages need of others: a way to the person, templates, media, prices and somebody who charges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from plauder.business.shared.errors import GraphError
from plauder.kit.money import Money
from plauder.store.database import UnitOfWork

Category = Literal["marketing", "utility", "authentication", "service"]


@dataclass(frozen=True, slots=True)
class Sender:
    """A business number as messages need to know it. `digits` is the number, and the local part of its JID."""

    phone_id: str
    waba_id: str
    portfolio_id: str
    digits: str
    name: str
    country: str
    status: str = "CONNECTED"
    registered: bool = True
    is_test: bool = False
    allowed_recipients: frozenset[str] = frozenset()
    throughput: int = 80
    daily_limit: int | None = 250
    quality: str = "GREEN"
    locked_reason: str = ""
    marketing_disabled: bool = False
    faults: frozenset[str] = frozenset()
    """Failures its owner has switched on in the sandbox; see `business.sandbox`."""


@dataclass(frozen=True, slots=True)
class Payload:
    """What goes to the person: `fallback` for any client, `business` (a JSON object) for ours.

    `kind` is the message type; `id` the wamid, which is also the stanza id; `quoted` the stanza id being answered.
    `target` is the stanza id a reaction is for; `expires_at` the end of its time to live where that is shorter than
    that of any message.
    """

    id: str
    kind: str
    fallback: str
    business: Mapping[str, Any] | None
    quoted: str = ""
    quoted_by: str = ""
    target: str = ""
    emoji: str = ""
    link: str = ""
    expires_at: datetime | None = None


class Numbers(Protocol):
    """The business numbers there are."""

    async def sender(self, phone_id: str) -> Sender | None:
        """A business number with what sending needs to know."""
        ...


class Channel(Protocol):
    """The way to people. Returns when the message is durable or delivered; raises GraphError when it never can be."""

    async def send(self, number: str, to: str, payload: Payload) -> None:
        """Send from the hosted number `number` (digits) to the person `to` (digits)."""
        ...

    async def mark_read(self, number: str, to: str, stanza_ids: Sequence[str]) -> None:
        """Tell the person that these messages of theirs were displayed."""
        ...

    async def typing(self, number: str, to: str) -> None:
        """Show the person that the business is writing."""
        ...


@dataclass(frozen=True, slots=True)
class TemplateView:
    """An existing template in one language, as sending sees it."""

    id: str
    name: str
    language: str
    category: str
    status: str
    parameter_format: str
    components: Sequence[Mapping[str, Any]]
    quality: str = "UNKNOWN"
    ttl_seconds: int | None = None
    paced_since: datetime | None = None
    """While people's judgement of the first share is awaited."""


class Templates(Protocol):
    async def find(self, uow: UnitOfWork, waba_id: str, name: str, language: str) -> TemplateView | None:
        """The template in exactly that language, whatever its status."""
        ...


@dataclass(frozen=True, slots=True)
class MediaView:
    """A stored medium. `link` is reachable by the person's app for as long as the message lives."""

    id: str
    mime_type: str
    size: int
    sha256: str
    filename: str
    link: str


class Shelves(Protocol):
    """What a business sells."""

    async def products(
        self, uow: UnitOfWork, waba_id: str, catalog_id: str, retailer_ids: Sequence[str], *, whole: bool
    ) -> Mapping[str, Mapping[str, Any]]:
        """What a person's app shows of these products. Raises error 131009 when the connected catalogue has one not.
        An empty `catalog_id` is the connected one; with `whole` others of it follow, as many as one message holds."""
        ...

    async def priced(self, uow: UnitOfWork, waba_id: str, order: dict[str, Any]) -> dict[str, Any]:
        """A person's order with the catalogue's prices."""
        ...


class Media(Protocol):
    async def get(self, uow: UnitOfWork, portfolio_id: str, media_id: str) -> MediaView | None:
        """A medium that was uploaded and has not expired."""
        ...

    async def fetch(self, portfolio_id: str, phone_id: str, link: str, kind: str) -> MediaView:
        """Download `link` for a message of type `kind`, cached ten minutes. Raises GraphError 131053/131052."""
        ...


@dataclass(frozen=True, slots=True)
class PriceRequest:
    """What a price depends on. `wa_id` tells the market by its calling code; windows as of `at`."""

    at: datetime
    portfolio_id: str
    waba_id: str
    phone_id: str
    wa_id: str
    category: Category
    window_open: bool
    free_entry_point: bool
    quality: str = "GREEN"


@dataclass(frozen=True, slots=True)
class Quote:
    """A price and why, in the words of a status webhook's `pricing`. `amount` None where nobody bills."""

    billable: bool
    model: Literal["PMP", "CBP"]
    type: str
    category: str
    amount: Money | None = None
    why: str = ""
    tier: str = ""
    """The volume band of this month that the message falls into, "from:to"; empty where there is none."""


class Billing(Protocol):
    """Who charges. A refused message costs nothing."""

    async def reserve(self, uow: UnitOfWork, requests: Mapping[str, PriceRequest]) -> Mapping[str, Quote | GraphError]:
        """Price messages that are being accepted, by id, and set the amounts aside, once per id; error 131042 for one
        that cannot be paid."""
        ...

    async def settle(self, uow: UnitOfWork, message_ids: Sequence[str], at: datetime) -> None:
        """They were delivered: charge them, each once."""
        ...

    async def release(self, uow: UnitOfWork, message_ids: Sequence[str], at: datetime) -> None:
        """They never will be delivered."""
        ...


class NoBilling:
    """Nobody charges: the right type and category, no amount."""

    async def reserve(self, uow: UnitOfWork, requests: Mapping[str, PriceRequest]) -> Mapping[str, Quote | GraphError]:
        return {message_id: self._quote(request) for message_id, request in requests.items()}

    @staticmethod
    def _quote(request: PriceRequest) -> Quote:
        if request.free_entry_point:
            return Quote(False, "PMP", "free_entry_point", request.category, why="free entry point open")
        if request.window_open and request.category in ("service", "utility"):
            return Quote(False, "PMP", "free_customer_service", request.category, why="customer service window open")
        return Quote(True, "PMP", "regular", request.category, why="nobody bills")

    async def settle(self, uow: UnitOfWork, message_ids: Sequence[str], at: datetime) -> None:
        return

    async def release(self, uow: UnitOfWork, message_ids: Sequence[str], at: datetime) -> None:
        return
