"""What became of messages: statuses written down, charges made, webhooks published, all in one transaction.

What is told at the same time is written down together: that a message went out and that its receipt came is often one
step. Telling the same thing twice changes nothing, so who is in doubt tells it again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, cast

from sqlalchemy import Row

from plauder.business.messages import rendering, rules, store
from plauder.business.messages.ports import Billing, Numbers, Sender
from plauder.business.messages.rules import Policies
from plauder.business.shared.updates import Update, Updates
from plauder.kit.batching import Batcher
from plauder.store.database import Database, UnitOfWork


@dataclass(slots=True, kw_only=True)
class Books:
    """What writing down needs of others."""

    billing: Billing
    numbers: Numbers
    updates: Updates
    policies: Policies = field(default_factory=Policies)
    conversation_objects: bool = True
    """Put `conversation` on every status, as versions up to v23 do; else only inside a free entry point."""


@dataclass(frozen=True, slots=True)
class Progressed:
    """A message got further. `error` with status "failed"."""

    message_id: str
    status: str
    at: datetime
    error: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a person's device says of our messages: it has them, or (`read`) the person saw them and all before."""

    phone_id: str
    wa_id: str
    stanza_ids: Sequence[str]
    read: bool
    at: datetime


Told = Progressed | Receipt


class Outcomes(Protocol):
    """Where one tells what became of messages."""

    async def note(self, told: Sequence[Told]) -> None:
        """Returns when it is on disk. What is told first is written down first."""
        ...


class Recorder:
    """`Outcomes` of this process: what is told while one transaction runs becomes the next."""

    def __init__(self, database: Database, books: Books, published: Callable[[], None], *, most: int = 512) -> None:
        self._database = database
        self._books = books
        self._published = published
        self._batcher: Batcher[Sequence[Told], None] = Batcher(self._write, most=most)

    async def note(self, told: Sequence[Told]) -> None:
        await self._batcher.do(told)

    async def _write(self, batch: Sequence[Sequence[Told]]) -> Sequence[None]:
        async with self._database.hot() as uow:
            await record(uow, self._books, [one for told in batch for one in told])
        self._published()
        return [None] * len(batch)


async def record(uow: UnitOfWork, books: Books, told: Sequence[Told]) -> None:
    """Write down all of it, with one look at the messages it is about."""
    wanted = {key for one in told for key in ([one.message_id] if isinstance(one, Progressed) else one.stanza_ids)}
    is_plain = not any(isinstance(one, Receipt) and one.read for one in told)
    rows = await store.progress_of(uow, wanted, lock=is_plain)  # an outgoing message's stanza id is its own
    events: list[Progressed] = []
    marks: list[tuple[Row[Any], Receipt]] = []
    for one in told:
        if isinstance(one, Progressed):
            events.append(one)
            continue
        for stanza_id in one.stanza_ids:
            row = rows.get(stanza_id)
            if row is None or (row.phone_id, row.wa_id) != (one.phone_id, one.wa_id):
                continue
            if one.read:
                marks.append((row, one))
            events.append(Progressed(row.id, "read" if one.read else "delivered", one.at))
    if marks:
        events[:0] = await _read_before(uow, marks)
    if events:
        await progress(uow, books, events, rows if is_plain else None)


async def _read_before(uow: UnitOfWork, marks: Sequence[tuple[Row[Any], Receipt]]) -> list[Progressed]:
    """A displayed marker (XEP-0333) is for all earlier messages of the thread, too."""
    unread = await store.unread_of(uow, {(row.phone_id, row.wa_id) for row, _ in marks})
    return [
        Progressed(item.id, "read", receipt.at)
        for row, receipt in marks
        for item in unread.get((row.phone_id, row.wa_id), ())
        if item.created_at < row.created_at
    ]


async def progress(
    uow: UnitOfWork, books: Books, events: Sequence[Progressed], rows: Mapping[str, Row[Any]] | None = None
) -> None:
    """Write down statuses, charge what was delivered, publish webhooks. What is known already changes nothing.

    `rows` are the messages where the caller has read and locked them.
    """
    if rows is None:
        rows = await store.progress_of(uow, {event.message_id for event in events}, lock=True)
    contacts = await store.contacts_of(uow, {(row.phone_id, row.wa_id) for row in rows.values()})
    state = {key: row.status for key, row in rows.items()}
    changes: dict[str, dict[str, Any]] = {}
    updates: list[Update] = []
    answered: dict[store.Pair, datetime] = {}
    for event in events:
        row = rows.get(event.message_id)
        sender = await books.numbers.sender(row.phone_id) if row is not None else None
        if row is None or sender is None or row.direction != "out":
            continue
        pair = (row.phone_id, row.wa_id)
        contact = contacts.get(pair)
        for step in _todo(row, state[row.id], event):
            pricing = row.pricing if step == "sent" or (step != "failed" and state[row.id] != "delivered") else None
            updates.append(_status_update(books, sender, row, step, event, contact.name if contact else "", pricing))
            changes.setdefault(row.id, {}).update({"status": step, f"{step}_at": event.at})
            if step == "failed":
                changes[row.id]["error"] = dict(event.error or {})
            elif step == "sent" and contact is not None and contact.referral_at is not None:
                answered.setdefault(pair, event.at)
            state[row.id] = step
    if not changes:
        return
    await store.change_many(uow, changes)
    await _bill(uow, books, rows, state, changes, events[-1].at)
    for pair, at in answered.items():
        await _open_free_entry(uow, books, contacts[pair], at)
    await books.updates.publish(uow, updates)


def _todo(row: Row[Any], current: str, event: Progressed) -> tuple[str, ...]:
    """The statuses to announce now; a reaction has no receipts."""
    if event.status == "failed":
        return ("failed",) if rules.RANK[current] < rules.RANK["delivered"] else ()
    todo = rules.steps(current, cast("rules.Progress", event.status))
    return tuple(step for step in todo if row.kind != "reaction" or step == "sent")


async def _bill(
    uow: UnitOfWork,
    books: Books,
    rows: Mapping[str, Row[Any]],
    state: Mapping[str, str],
    changes: Mapping[str, Any],
    at: datetime,
) -> None:
    """Charge what is delivered for the first time, give back what failed."""
    priced = [key for key in changes if rows[key].pricing is not None]
    fresh = [key for key in priced if rows[key].delivered_at is None and rows[key].read_at is None]
    if settled := [key for key in fresh if state[key] in ("delivered", "read")]:
        await books.billing.settle(uow, settled, at)
    if released := [key for key in priced if state[key] == "failed"]:
        await books.billing.release(uow, released, at)


async def _open_free_entry(uow: UnitOfWork, books: Books, contact: Row[Any], at: datetime) -> None:
    """The first answer after a click on an ad opens the free entry point."""
    until = rules.free_entry_until(contact.referral_at, at, contact.free_entry_until, books.policies)
    changed = {"referral_at": None, "free_entry_until": until}
    fixed = {"portfolio_id": contact.portfolio_id, "user_id": contact.user_id}
    await store.upsert_contact(uow, (contact.phone_id, contact.wa_id), fixed, changed)


def _status_update(
    books: Books,
    sender: Sender,
    row: Row[Any],
    step: str,
    event: Progressed,
    name: str,
    pricing: Mapping[str, Any] | None,
) -> Update:
    shows = pricing is not None and (books.conversation_objects or pricing["type"] == "free_entry_point")
    value = rendering.status_value(
        sender,
        wamid=row.id,
        status=step,
        at=event.at,
        wa_id=row.wa_id,
        user_id=row.user_id,
        name=name,
        callback_data=row.callback_data,
        pricing=rendering.pricing_object(pricing) if pricing else None,
        conversation=rendering.conversation_object(row.id, pricing, event.at, with_expiry=step == "sent")
        if shows and pricing
        else None,
        errors=[event.error] if step == "failed" and event.error else (),
    )
    return message_update(sender, row.wa_id, value, event.at, row.id)


def message_update(sender: Sender, wa_id: str, value: Mapping[str, Any], at: datetime, about: str) -> Update:
    """A change of the field `messages`, in order per conversation."""
    key = f"{sender.phone_id}/{wa_id}"
    return Update(sender.waba_id, "messages", value, at, key=key, phone_id=sender.phone_id, about=about)
