"""Use cases: accept a batch of sends, mark what was read, take what people write. `outcomes` has what comes after.

Nothing here commits; `pipeline` and the routes open the units of work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Row

from plauder.business.messages import content, interactive, once, rendering, rules, store, templating
from plauder.business.messages.content import Outgoing, ReadRequest
from plauder.business.messages.once import Once, Slot
from plauder.business.messages.outcomes import Books, Progressed, message_update, progress
from plauder.business.messages.ports import (
    Media,
    NoBilling,
    PriceRequest,
    Quote,
    Sender,
    Shelves,
    Templates,
    TemplateView,
)
from plauder.business.messages.referrals import LIFE, Click
from plauder.business.messages.rules import Rates, Standing
from plauder.business.shared.errors import GraphError, fail
from plauder.business.shared.ids import new_wamid
from plauder.business.shared.updates import Update
from plauder.kit import phone
from plauder.store.database import UnitOfWork

AUTHENTICATION_TTL = 600
"""Seconds that a one-time code waits for its receiver where its template says nothing."""
HELD_AT_ONCE = 500


class People(Protocol):
    """Who is who."""

    async def first_of(self, candidates: Sequence[str]) -> str | None:
        """The first of these numbers that has an account here."""
        ...

    def user_id(self, portfolio_id: str, wa_id: str) -> str:
        """The business-scoped user id of a person."""
        ...


@dataclass(slots=True, kw_only=True)
class Ports(Books):
    """Everything the use cases need of others."""

    templates: Templates
    media: Media
    shelves: Shelves
    people: People
    rates: Rates = field(default_factory=Rates)


@dataclass(frozen=True, slots=True)
class SendCommand:
    """One request. `monotonic` is when it came, for the rates."""

    sender: Sender
    out: Outgoing
    at: datetime
    monotonic: float
    only_marketing: bool = False
    once: Once | None = None
    """The client's key, where it named one."""

    @property
    def slot(self) -> Slot | None:
        return (self.sender.phone_id, self.once.key) if self.once else None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer's facts."""

    wamid: str
    input: str
    wa_id: str
    user_id: str
    by_user_id: bool
    message_status: str = ""
    going: store.Going | None = None
    """The message itself, for who carries it."""
    again: bool = False
    """The answer to an earlier request with the same key."""


@dataclass(slots=True)
class _Draft:
    """A send on its way through the decisions."""

    command: SendCommand
    wa_id: str = ""
    exists: bool = True
    content: Any = None
    category: str = "service"
    template_id: str = ""
    ttl: int | None = None
    paced_since: datetime | None = None
    held: bool = False
    wamid: str = ""
    standing: Standing = field(default_factory=Standing)
    quote: Quote | None = None
    request: PriceRequest | None = None
    late: GraphError | None = None

    @property
    def pair(self) -> tuple[str, str]:
        return (self.command.sender.phone_id, self.wa_id)


# ── sending ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def accept(uow: UnitOfWork, ports: Ports, batch: Sequence[SendCommand]) -> list[Accepted | Exception]:
    """Decide every send and store those that are accepted. One result per command: Accepted, or the error to answer."""
    ports = replace(ports, templates=_Remembered(ports.templates))
    drafts: dict[int, _Draft] = {}
    user_ids = await _known_user_ids(uow, batch)
    first, results = await _asked_before(uow, batch)
    for index, command in enumerate(batch):
        if results[index] is not None or index in first:
            continue
        try:
            drafts[index] = await _draft(uow, ports, command, user_ids)
        except GraphError as error:
            results[index] = error
    await _learn_standings(uow, list(drafts.values()))
    for index, draft in list(drafts.items()):
        try:
            _decide(ports, draft)
        except GraphError as error:
            results[index] = error
            del drafts[index]
    await _price(uow, ports, list(drafts.values()))
    await _hold(uow, ports, list(drafts.values()))
    rows: list[dict[str, Any]] = []
    for index, draft in drafts.items():
        row = _row(ports, draft)
        rows.append(row)
        results[index] = _answer(draft, row)
    if rows:
        await uow.insert_many(store.messages, rows)
    going = [draft for draft in drafts.values() if draft.late is None and draft.quote]
    await store.note_reached(uow, _pairs_reached(going), batch[0].at)
    for index, twin in first.items():
        results[index] = _same(batch[index], batch[twin], results[twin])
    await _remember(uow, batch, drafts, results)
    return [result for result in results if result is not None]


async def _asked_before(
    uow: UnitOfWork, batch: Sequence[SendCommand]
) -> tuple[dict[int, int], list[Accepted | Exception | None]]:
    """(which command repeats which one of this batch, the results of those that repeat an earlier one)."""
    results: list[Accepted | Exception | None] = [None] * len(batch)
    slots = {index: command.slot for index, command in enumerate(batch) if command.slot}
    known = await once.answered(uow, set(slots.values()))
    seen: dict[Slot, int] = {}
    first: dict[int, int] = {}
    for index, slot in slots.items():
        command = batch[index]
        assert command.once
        if (row := known.get(slot)) is not None:
            is_same = row.fingerprint == command.once.fingerprint
            results[index] = Accepted(**row.answer, again=True) if is_same else once.reused()
        elif slot in seen:
            first[index] = seen[slot]
        else:
            seen[slot] = index
    return first, results


def _same(command: SendCommand, other: SendCommand, result: Accepted | Exception | None) -> Accepted | Exception | None:
    """What the second of two equal requests of one batch is answered."""
    if command.once != other.once:
        return once.reused()
    return replace(result, going=None, again=True) if isinstance(result, Accepted) else result


async def _remember(
    uow: UnitOfWork,
    batch: Sequence[SendCommand],
    drafts: Mapping[int, _Draft],
    results: Sequence[Accepted | Exception | None],
) -> None:
    rows = []
    for index in drafts:
        command, result = batch[index], results[index]
        if command.once is not None and isinstance(result, Accepted):
            answer = {name: getattr(result, name) for name in Accepted.__slots__ if name not in ("going", "again")}
            stored = {"phone_id": command.sender.phone_id, "answer": answer, "at": command.at}
            rows.append(stored | {"key": command.once.key, "fingerprint": command.once.fingerprint})
    await once.remember(uow, rows)


def _pairs_reached(drafts: Sequence[_Draft]) -> list[tuple[str, str]]:
    return [
        (draft.command.sender.portfolio_id, draft.wa_id)
        for draft in drafts
        if draft.command.out.kind == "template" and draft.request and not draft.request.window_open
    ]


class _Remembered:
    """Templates of one batch: most messages of a batch are of the same few."""

    def __init__(self, templates: Templates) -> None:
        self._templates = templates
        self._known: dict[tuple[str, str, str], TemplateView | None] = {}

    async def find(self, uow: UnitOfWork, waba_id: str, name: str, language: str) -> TemplateView | None:
        key = (waba_id, name, language)
        if key not in self._known:
            self._known[key] = await self._templates.find(uow, *key)
        return self._known[key]


async def _known_user_ids(uow: UnitOfWork, batch: Sequence[SendCommand]) -> dict[tuple[str, str], str]:
    wanted: dict[str, set[str]] = {}
    for command in batch:
        if command.out.recipient and not command.out.is_group:
            wanted.setdefault(command.sender.portfolio_id, set()).add(command.out.recipient)
    result: dict[tuple[str, str], str] = {}
    for portfolio_id, user_ids in wanted.items():
        found = await store.wa_ids_of(uow, portfolio_id, user_ids)
        result |= {(portfolio_id, user_id): wa_id for user_id, wa_id in found.items()}
    return result


async def _draft(
    uow: UnitOfWork, ports: Ports, command: SendCommand, user_ids: Mapping[tuple[str, str], str]
) -> _Draft:
    sender, out = command.sender, command.out
    check_sender(sender)
    if out.is_group:
        raise fail(131020, "This number is in no such group.")
    draft = _Draft(command, content=out.content)
    if out.to:
        candidates = recipients(out.to, out.input, sender.digits)
        found = await ports.people.first_of(candidates)
        draft.wa_id, draft.exists = found or candidates[0], found is not None
    elif (known := user_ids.get((sender.portfolio_id, out.recipient))) is not None:
        draft.wa_id = known
    else:
        raise fail(131009, "recipient is a user ID that this business has not met")
    if draft.wa_id == sender.digits:
        raise fail(131021)
    draft.wamid = new_wamid(draft.wa_id, outgoing=True)
    if sender.is_test and draft.wa_id not in sender.allowed_recipients:
        raise fail(131030, "Add the number to the recipients of this test number first.")
    error = rules.too_fast(
        ports.rates,
        phone_id=sender.phone_id,
        wa_id=draft.wa_id,
        per_second=sender.throughput,
        at=command.at,
        now=command.monotonic,
        policies=ports.policies,
    )
    if error is None and "rate_limit" in sender.faults:
        error = fail(130429, "The sandbox failure rate_limit is switched on.", retry_after=1)
    if error:
        raise error
    await _prepare_content(uow, ports, draft)
    return draft


def check_sender(sender: Sender) -> None:
    """Whether the number may send anything at all."""
    if sender.locked_reason:
        raise fail(131031, sender.locked_reason)
    if not sender.registered:
        raise fail(133010, "Register the number with POST /{phone}/register first.")


def recipients(digits: str, entered: str, own: str) -> list[str]:
    """What a number may mean, best guess first: international, then with the business's own calling code (§1), then
    the other spelling of Brazilian, Mexican and Argentinian mobile numbers."""
    found = [digits]
    if not entered.strip().startswith("+"):
        national = digits.removeprefix("0")
        code = phone.calling_code_of(own)
        found = ([] if digits.startswith("0") else found) + ([code + national] if code else [])
    for number in tuple(found):
        found += _spellings(number)
    return list(dict.fromkeys(number for number in found if 5 <= len(number) <= 17))


def _spellings(digits: str) -> list[str]:
    if digits.startswith("55") and len(digits) == 12:
        return [f"{digits[:4]}9{digits[4:]}"]
    if digits.startswith("55") and len(digits) == 13 and digits[4] == "9":
        return [digits[:4] + digits[5:]]
    for prefix, mark in (("52", "1"), ("54", "9")):
        if digits.startswith(prefix + mark) and len(digits) == 13:
            return [prefix + digits[3:]]
        if digits.startswith(prefix) and len(digits) == 12:
            return [prefix + mark + digits[2:]]
    return []


async def _prepare_content(uow: UnitOfWork, ports: Ports, draft: _Draft) -> None:
    out, sender = draft.command.out, draft.command.sender
    for _, part in content.media_parts(out.kind, out.content):
        if "id" in part:
            await _check_media(uow, ports, sender, part["id"])
    if out.kind == "template":
        view = templating.check_state(
            await ports.templates.find(uow, sender.waba_id, out.template_name, out.language),
            out.template_name,
            out.language,
        )
        if draft.command.only_marketing and view.category != "MARKETING":
            raise fail(134100, f"Template {view.name} is of category {view.category}.")
        draft.content = templating.render(view, out.content["components"])
        await _stock_buttons(uow, ports, sender, draft.content)
        draft.template_id, draft.category = view.id, view.category.lower()
        draft.ttl = view.ttl_seconds or (AUTHENTICATION_TTL if draft.category == "authentication" else None)
        draft.paced_since = view.paced_since
        if draft.category == "marketing" and sender.marketing_disabled:
            raise fail(131063)
    elif draft.command.only_marketing:
        raise fail(131055, "This endpoint sends marketing templates only.")
    elif out.kind == "interactive" and (wanted := interactive.products_of(out.content)) is not None:
        draft.content = out.content | {"products": await _products(uow, ports, sender, wanted)}
    if out.kind == "reaction" or (out.kind != "template" and out.context_id):
        await _check_target(uow, draft)


async def _products(
    uow: UnitOfWork, ports: Ports, sender: Sender, wanted: interactive.Wanted
) -> list[Mapping[str, Any]]:
    ids, whole = wanted.retailer_ids, wanted.whole
    shown = await ports.shelves.products(uow, sender.waba_id, wanted.catalog_id, ids, whole=whole)
    return list(shown.values())


async def _stock_buttons(uow: UnitOfWork, ports: Ports, sender: Sender, rendered: dict[str, Any]) -> None:
    """Put the products behind the buttons that show some."""
    for button in rendered.get("buttons", []):
        if wanted := interactive.products_of_button(button):
            button["products"] = await _products(uow, ports, sender, wanted)


async def _check_media(uow: UnitOfWork, ports: Ports, sender: Sender, media_id: str) -> None:
    if await ports.media.get(uow, sender.portfolio_id, media_id) is None:
        raise fail(131009, f"Media ID {media_id} does not exist or has expired")


async def _check_target(uow: UnitOfWork, draft: _Draft) -> None:
    """What is quoted or reacted to belongs to this conversation, and is not too old."""
    out = draft.command.out
    wamid = out.content["message_id"] if out.kind == "reaction" else out.context_id
    row = (await store.by_ids(uow, [wamid])).get(wamid)
    is_there = row is not None and row.phone_id == draft.command.sender.phone_id and row.wa_id == draft.wa_id
    if out.kind == "reaction":
        is_fresh = row is not None and draft.command.at - row.created_at < rules.READABLE
        if not is_there or not is_fresh or (row is not None and row.kind == "reaction"):
            # The vendor accepts it and reports the failure by webhook.
            draft.late = fail(131009, "message_id is not a message of this chat that can be reacted to")


async def _learn_standings(uow: UnitOfWork, drafts: Sequence[_Draft]) -> None:
    contacts = await store.contacts_of(uow, {draft.pair for draft in drafts})
    marketing = {draft.wa_id for draft in drafts if draft.category == "marketing"}
    since = min((draft.command.at for draft in drafts), default=None)
    counts = await store.marketing_since(uow, marketing, since - rules.LIMIT_SPAN) if marketing and since else {}
    for draft in drafts:
        row = contacts.get(draft.pair)
        draft.standing = Standing(
            last_in_at=row.last_in_at if row else None,
            free_entry_until=row.free_entry_until if row else None,
            blocked=bool(row and row.blocked_at),
            marketing_stopped=bool(row and row.marketing_stopped),
            marketing_today=counts.get(draft.wa_id, 0),
        )
    await _learn_reach(uow, drafts)


async def _learn_reach(uow: UnitOfWork, drafts: Sequence[_Draft]) -> None:
    """Who counts towards the messaging limit already; and the count, growing within the batch."""
    by_portfolio: dict[str, list[_Draft]] = {}
    for draft in drafts:
        if draft.command.out.kind == "template" and draft.command.sender.daily_limit is not None:
            by_portfolio.setdefault(draft.command.sender.portfolio_id, []).append(draft)
    for portfolio_id, mine in by_portfolio.items():
        since = mine[0].command.at - rules.LIMIT_SPAN
        count, known = await store.reached_since(uow, portfolio_id, {draft.wa_id for draft in mine}, since)
        for draft in mine:
            draft.standing = replace(draft.standing, is_reached=draft.wa_id in known, reached=count)
            if draft.wa_id not in known:
                known.add(draft.wa_id)
                count += 1


def _decide(ports: Ports, draft: _Draft) -> None:
    sender, at, policies = draft.command.sender, draft.command.at, ports.policies
    verdict = rules.may_send(
        draft.standing,
        kind=draft.command.out.kind,
        category=draft.category,
        at=at,
        policies=policies,
        limit=sender.daily_limit,
        recipient_country=phone.country_of(draft.wa_id) if draft.category == "marketing" else "",
    )
    if verdict.error and not verdict.late:
        raise verdict.error
    if not draft.exists:
        draft.late = draft.late or fail(131026, "The number has no account on this network.")
    draft.late = _switched_failure(sender) or draft.late or verdict.error
    if draft.late or draft.command.out.kind == "reaction":
        return
    draft.request = PriceRequest(
        at=at,
        portfolio_id=sender.portfolio_id,
        waba_id=sender.waba_id,
        phone_id=sender.phone_id,
        wa_id=draft.wa_id,
        category=draft.category,  # type: ignore[arg-type]
        window_open=rules.is_window_open(draft.standing, at, policies),
        free_entry_point=rules.is_free_entry(draft.standing, at, policies),
        quality=sender.quality,
    )


async def _price(uow: UnitOfWork, ports: Ports, drafts: Sequence[_Draft]) -> None:
    """Set aside what the messages cost; what cannot be paid fails late."""
    for billing, is_test in ((ports.billing, False), (_FREE, True)):  # a test number needs no payment, as in the API
        mine = {
            draft.wamid: draft
            for draft in drafts
            if draft.request is not None and draft.command.sender.is_test == is_test
        }
        requests = {wamid: draft.request for wamid, draft in mine.items() if draft.request is not None}
        if not requests:
            continue
        for wamid, quote in (await billing.reserve(uow, requests)).items():
            if isinstance(quote, GraphError):
                mine[wamid].late = quote
            else:
                mine[wamid].quote = quote


async def _hold(uow: UnitOfWork, ports: Ports, drafts: Sequence[_Draft]) -> None:
    """Pacing: what goes beyond the first share of a new template waits for what people think of it."""
    paced = [draft for draft in drafts if draft.paced_since and not draft.late and not draft.command.sender.is_test]
    if not paced or not ports.policies.is_active("template_pacing", paced[0].command.at):
        return
    share = ports.policies.value("template_pacing", paced[0].command.at)
    since = {draft.template_id: draft.paced_since for draft in paced if draft.paced_since}
    counts = {template_id: await store.sent_since(uow, template_id, begin) for template_id, begin in since.items()}
    for draft in paced:
        draft.held = counts[draft.template_id] >= share
        counts[draft.template_id] += 1


_FREE = NoBilling()

FAULTS: Mapping[str, int] = {
    "undeliverable": 131026,
    "window_closed": 131047,
    "payment": 131042,
    "marketing_cap": 131049,
    "experiment": 130472,
}
"""Failures of the sandbox that come as a status."""


def _switched_failure(sender: Sender) -> GraphError | None:
    for name, number in FAULTS.items():
        if name in sender.faults:
            return fail(number, f"The sandbox failure {name} is switched on.")
    return None


def _row(ports: Ports, draft: _Draft) -> dict[str, Any]:
    command, sender = draft.command, draft.command.sender
    return {
        "id": draft.wamid,
        "portfolio_id": sender.portfolio_id,
        "waba_id": sender.waba_id,
        "phone_id": sender.phone_id,
        "direction": "out",
        "wa_id": draft.wa_id,
        "user_id": ports.people.user_id(sender.portfolio_id, draft.wa_id),
        "kind": command.out.kind,
        "content": draft.content,
        "stanza_id": draft.wamid,
        "context_id": command.out.context_id,
        "callback_data": command.out.callback_data,
        "template_id": draft.template_id,
        "category": draft.category,
        "pricing": _kept_price(draft),
        "status": "held" if draft.held else "accepted",
        "error": draft.late.as_failure() if draft.late else None,
        "created_at": command.at,
        "expires_at": command.at + (timedelta(seconds=draft.ttl) if draft.ttl and draft.ttl > 0 else rules.LONGEST_TTL),
    }


def _kept_price(draft: _Draft) -> dict[str, Any] | None:
    quote, request = draft.quote, draft.request
    if quote is None or request is None:
        return None
    return {
        "billable": quote.billable,
        "model": quote.model,
        "type": quote.type,
        "category": quote.category,
        "micros": quote.amount.micros if quote.amount else None,
        "currency": quote.amount.currency if quote.amount else "",
        "why": quote.why,
        "tier": quote.tier,
        "window_open": request.window_open,
    }


def _answer(draft: _Draft, row: Mapping[str, Any]) -> Accepted:
    out = draft.command.out
    held = "held_for_quality_assessment" if draft.held else "accepted"
    status = held if out.kind == "template" else ""
    going = None if draft.held else store.Going.of(row)
    return Accepted(row["id"], out.input, draft.wa_id, row["user_id"], bool(out.recipient), status, going)


# ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class MarkedRead:
    """Whom to tell that which of their messages were displayed."""

    digits: str
    wa_id: str
    stanza_ids: list[str]
    typing: bool


async def mark_read(uow: UnitOfWork, sender: Sender, request: ReadRequest, at: datetime) -> MarkedRead:
    """`status: read`: this message and earlier ones of the thread. Raises 131009 for an unknown message."""
    row = (await store.by_ids(uow, [request.message_id])).get(request.message_id)
    if row is None or row.direction != "in" or row.phone_id != sender.phone_id or at - row.created_at > rules.READABLE:
        raise fail(131009, "message_id is not an incoming message of the last 30 days")
    unread = await store.unread_before(uow, row)
    for item in unread:
        await store.change(uow, item.id, {"status": "read", "read_at": at})
    return MarkedRead(sender.digits, row.wa_id, [item.stanza_id for item in unread], request.typing)


# ── what people write ─────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message of a person, in the words of the webhook. `stanza_id` makes it happen once."""

    wa_id: str
    stanza_id: str
    kind: str
    content: Any
    at: datetime
    name: str = ""
    quoted: str = ""
    """The stanza id being answered."""
    target: str = ""
    """The stanza id that a reaction, an edit or a revocation is for."""
    forwarded: bool = False
    click: Click | None = None
    referred_product: Mapping[str, Any] | None = None


RENEWS_WINDOW = frozenset({"revoke", "system"})
"""Kinds that do not open the customer service window (everything else does)."""


async def receive(uow: UnitOfWork, ports: Ports, sender: Sender, incoming: Incoming) -> str | None:
    """Store a person's message and publish it. Returns its wamid, None when it was known already or is refused."""
    known = (await store.contacts_of(uow, [(sender.phone_id, incoming.wa_id)])).get((sender.phone_id, incoming.wa_id))
    if known and known.blocked_at:
        return None
    ids = [incoming.stanza_id, *filter(None, (incoming.quoted, incoming.target))]
    rows = await store.by_stanza(uow, sender.phone_id, incoming.wa_id, ids)
    if (twin := rows.get(incoming.stanza_id)) is not None and twin.direction == "in":
        return None
    if incoming.click and not await store.use_click(uow, incoming.click.id, incoming.at, incoming.at - 2 * LIFE):
        incoming = replace(incoming, click=None)
    wamid = new_wamid(incoming.wa_id, outgoing=False)
    user_id = ports.people.user_id(sender.portfolio_id, incoming.wa_id)
    name = incoming.name or (known.name if known else "")
    content_ = _with_target(incoming, rows.get(incoming.target))
    if incoming.kind == "order":
        content_ = await ports.shelves.priced(uow, sender.waba_id, content_)
    quoted = rows.get(incoming.quoted)
    message = rendering.incoming_message(
        wamid,
        incoming.at,
        wa_id=incoming.wa_id,
        user_id=user_id,
        kind=incoming.kind,
        content=content_,
        context=_context(sender, incoming, quoted),
        referral=incoming.click.referral if incoming.click else None,
    )
    await uow.execute(
        store.messages.insert(),
        [_incoming_row(sender, incoming, wamid, user_id, content_, quoted.id if quoted else "")],
    )
    await _note_contact(uow, sender, incoming, known, user_id, name)
    value = rendering.incoming_value(sender, message, wa_id=incoming.wa_id, user_id=user_id, name=name)
    await ports.updates.publish(uow, [message_update(sender, incoming.wa_id, value, incoming.at, wamid)])
    return wamid


def _with_target(incoming: Incoming, target: Row[Any] | None) -> Any:
    if incoming.kind == "reaction":
        emoji = {"emoji": incoming.content["emoji"]} if incoming.content.get("emoji") else {}
        return {"message_id": target.id if target else incoming.target} | emoji
    if incoming.kind in ("edit", "revoke"):
        return {"original_message_id": target.id if target else incoming.target} | dict(incoming.content)
    return incoming.content


def _context(sender: Sender, incoming: Incoming, quoted: Row[Any] | None) -> dict[str, Any] | None:
    context: dict[str, Any] = {}
    if quoted is not None:
        context = {"from": sender.digits if quoted.direction == "out" else incoming.wa_id, "id": quoted.id}
    if incoming.forwarded:
        context["forwarded"] = True
    if incoming.referred_product:
        context |= {"from": sender.digits, "referred_product": dict(incoming.referred_product)}
    return context or None


def _incoming_row(
    sender: Sender, incoming: Incoming, wamid: str, user_id: str, content_: Any, context_id: str
) -> dict[str, Any]:
    return {
        "id": wamid,
        "portfolio_id": sender.portfolio_id,
        "waba_id": sender.waba_id,
        "phone_id": sender.phone_id,
        "direction": "in",
        "wa_id": incoming.wa_id,
        "user_id": user_id,
        "kind": incoming.kind,
        "content": content_,
        "stanza_id": incoming.stanza_id,
        "context_id": context_id,
        "status": "received",
        "created_at": incoming.at,
    }


async def _note_contact(
    uow: UnitOfWork, sender: Sender, incoming: Incoming, known: Row[Any] | None, user_id: str, name: str
) -> None:
    changed: dict[str, Any] = {"name": name}
    if incoming.kind not in RENEWS_WINDOW:
        changed["last_in_at"] = incoming.at
    if incoming.click:
        changed["referral_at"] = incoming.at
    fixed = {"portfolio_id": sender.portfolio_id, "user_id": user_id}
    await store.upsert_contact(uow, (sender.phone_id, incoming.wa_id), fixed, changed)


async def prefer_marketing(
    uow: UnitOfWork, ports: Ports, sender: Sender, *, wa_id: str, wish: str, at: datetime
) -> None:
    """A person stops or resumes marketing of this business."""
    user_id = ports.people.user_id(sender.portfolio_id, wa_id)
    fixed = {"portfolio_id": sender.portfolio_id, "user_id": user_id}
    await store.upsert_contact(uow, (sender.phone_id, wa_id), fixed, {"marketing_stopped": wish == "stop"})
    value = {
        "messaging_product": "whatsapp",
        "metadata": rendering.metadata(sender),
        "contacts": [rendering.contact(wa_id, user_id, "")],
        "user_preferences": [
            {
                "wa_id": wa_id,
                "user_id": user_id,
                "detail": f"User requested to {wish} marketing messages",
                "category": "marketing_messages",
                "value": wish,
                "timestamp": int(at.timestamp()),
            }
        ],
    }
    key = f"{sender.phone_id}/{wa_id}"
    await ports.updates.publish(
        uow, [Update(sender.waba_id, "user_preferences", value, at, key=key, phone_id=sender.phone_id)]
    )


async def release(uow: UnitOfWork, template_id: str) -> list[store.Going]:
    """The first share was well received: what was held may go."""
    return await store.release_held(uow, template_id, HELD_AT_ONCE)


async def refuse_held(uow: UnitOfWork, ports: Ports, template_id: str, at: datetime) -> int:
    """It was not: what was held fails; how many of them. Call again until there are none."""
    ids = await store.held(uow, template_id, HELD_AT_ONCE)
    failure = fail(132015, "The template was paused: the first people who got it blocked or reported it.").as_failure()
    if ids:
        await progress(uow, ports, [Progressed(message_id, "failed", at, failure) for message_id in ids])
    return len(ids)


async def expire(uow: UnitOfWork, ports: Ports, at: datetime, limit: int) -> int:
    """End what nobody received within its time to live: it fails, and what was set aside for it is free again."""
    ids = await store.expired(uow, at, limit)
    failure = fail(131026, "Nobody received the message within its time to live.").as_failure()
    if ids:
        await progress(uow, ports, [Progressed(message_id, "failed", at, failure) for message_id in ids])
    return len(ids)


async def forget_content(uow: UnitOfWork, at: datetime, keep: timedelta) -> None:
    """Empty texts of business chats older than `keep`, and drop keys whose time is over."""
    await once.forget(uow, at - once.LIFE)
    await store.forget_content(uow, at - keep)
