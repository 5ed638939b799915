"""One charge per message: reserved when it is accepted, posted when it is delivered, released when it never is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer, Row, Table, bindparam, select, update

from plauder.kit.errors import PlauderError
from plauder.kit.money import Money
from plauder.money.billing import conversations
from plauder.money.billing.accounts import Account, Accounts
from plauder.money.billing.accounts import table as accounts_table
from plauder.money.ledger.entry import Entry, transfer
from plauder.money.ledger.store import Ledger
from plauder.money.rates.card import RateCard
from plauder.money.rates.market import market_of
from plauder.money.rates.rule import Category, Counter, Model, Question, Quote
from plauder.money.rates.store import RateCards
from plauder.store.database import UnitOfWork
from plauder.store.schema import Instant, Text, metadata

table = Table(
    "billing_charges",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("market", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("reported_category", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("micros", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("tier", Text, nullable=False, default=""),
    Column("state", Text, nullable=False),
    Column("accepted_at", Instant, nullable=False),
    Column("settled_at", Instant, nullable=True),
    Column("month", Text, nullable=False),
    Index("ix_billing_charges_account", "account", "month", "state"),
)
counters = Table(
    "billing_counters",
    metadata,
    Column("account", Text, primary_key=True),
    Column("counter", Text, primary_key=True),
    Column("scope", Text, primary_key=True),
    Column("period", Text, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("micros", BigInteger, nullable=False),
)

_Row = Row[*tuple[Any, ...]]

RESERVED, CHARGED, RELEASED = "reserved", "charged", "released"
_SPENT = "spent"


class PaymentIssue(PlauderError):
    """The account cannot pay for this message: add funds, or raise its limit."""

    code = "payment-issue"
    status = 402


@dataclass(frozen=True, slots=True)
class Message:
    """What is known of a message when it is accepted. `id` is the wamid, `recipient` the digits of a number."""

    id: str
    account: str
    number: str
    recipient: str
    category: Category
    at: datetime
    window_open: bool = False
    entry_point_open: bool = False
    quality: str = "GREEN"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an account is: `owed` is negative when it has paid ahead; `spent` and `reserved` count towards limits."""

    owed: Money
    reserved: Money
    spent: Money


@dataclass(frozen=True, slots=True)
class _Till:
    """What is needed to price and to refuse."""

    account: Account
    card: RateCard
    standing: Standing


class _Talking:
    """Which conversations are open while a batch is priced; asks only where a rule charges by conversation."""

    def __init__(self, uow: UnitOfWork, messages: Sequence[Message]) -> None:
        self._uow = uow
        self._messages = messages
        self._open: set[conversations.Key] | None = None
        self._opened: dict[conversations.Key, str] = {}

    async def is_open(self, message: Message) -> bool:
        if self._open is None:
            self._open = await conversations.open_of(self._uow, map(_talk, self._messages), message.at)
        return _talk(message) in self._open or _talk(message) in self._opened

    def opens(self, message: Message) -> None:
        self._opened[_talk(message)] = message.id

    async def keep(self) -> None:
        if self._opened:
            await conversations.opened(self._uow, self._opened, self._messages[0].at)


def _talk(message: Message) -> conversations.Key:
    return message.number, message.recipient, str(message.category)


class Charges:
    """The charges, inside one unit of work."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def quote(self, message: Message) -> Quote:
        """What the message would cost if it were accepted now. Raises NoPrice."""
        till = await self._till(message.account, message.at, lock=False)
        (question,) = await self._questions(till, [message])
        quote = till.card.quote(question)
        if (
            quote.model is Model.PER_CONVERSATION
            and quote.price
            and await _Talking(self._uow, [message]).is_open(message)
        ):
            return till.card.quote(replace(question, conversation_open=True))
        return quote

    async def reserve(self, message: Message) -> Quote:
        """Accept a message: price it and set the amount aside. Accepting the same id again changes nothing.

        Raises PaymentIssue when the account cannot pay, NoPrice when the card does not cover it.
        """
        (result,) = await self.reserve_all([message])
        if isinstance(result, PlauderError):
            raise result
        return result

    async def reserve_all(self, messages: Sequence[Message]) -> list[Quote | PlauderError]:
        """The same for many, with few statements. One result per message: its quote, or why it was refused."""
        known = await self._known([message.id for message in messages])
        results: dict[str, Quote | PlauderError] = {key: _quote_of(row) for key, row in known.items()}
        for account_id in sorted({message.account for message in messages}):  # locks in one order
            fresh = {m.id: m for m in messages if m.account == account_id and m.id not in known}
            results |= await self._reserve_fresh(account_id, list(fresh.values()))
        return [results[message.id] for message in messages]

    async def _reserve_fresh(self, account_id: str, messages: Sequence[Message]) -> dict[str, Quote | PlauderError]:
        results: dict[str, Quote | PlauderError] = {}
        if not messages:
            return results
        try:
            till = await self._till(account_id, messages[0].at, lock=True)
        except PlauderError as error:
            return {message.id: error for message in messages}
        questions = await self._questions(till, messages)
        rows: list[dict[str, Any]] = []
        held = 0
        quotes: dict[Question, Quote] = {}
        talking = _Talking(self._uow, messages)
        for message, question in zip(messages, questions, strict=True):
            try:
                if question not in quotes:
                    quotes[question] = till.card.quote(question)
                quote = quotes[question]
                if quote.model is Model.PER_CONVERSATION and quote.price and await talking.is_open(message):
                    question = replace(question, conversation_open=True)
                    quote = till.card.quote(question)
                if quote.price:
                    self._check_limits(till, message.category, quote.price, held)
            except PlauderError as error:
                results[message.id] = error
                continue
            held += quote.price.micros
            results[message.id] = quote
            if quote.model is Model.PER_CONVERSATION and quote.price:
                talking.opens(message)
            rows.append(_reserved_row(till.account, message, question, quote))
        if held:
            change = update(accounts_table).where(accounts_table.c.id == account_id)
            await self._uow.execute(change.values(reserved=accounts_table.c.reserved + held))
        if rows:
            await self._uow.insert_many(table, rows)
        await talking.keep()
        return results

    async def _known(self, ids: Sequence[str]) -> dict[str, _Row]:
        known: dict[str, _Row] = {}
        for start in range(0, len(ids), 500):
            query = select(table).where(table.c.id.in_(bindparam("ids", expanding=True)))
            known |= {row.id: row for row in (await self._uow.execute(query, {"ids": ids[start : start + 500]})).all()}
        return known

    async def settle(self, ids: Sequence[str], at: datetime) -> int:
        """The messages were delivered: post their charges. Those settled or released before are left as they are; the
        number that was charged now is returned."""
        charged = await self._turn(ids, CHARGED, at)
        entries: list[Entry] = []
        volumes: dict[tuple[str, str, str, str], tuple[int, int]] = {}
        accounts = {name: await Accounts(self._uow).get(name) for name in {row.account for row in charged}}
        await self._date(charged, accounts, at)
        for row in charged:
            account = accounts[row.account]
            if row.micros:
                entries.append(
                    transfer(
                        Money(row.micros, row.currency),
                        debit=account.ledger_name,
                        credit=f"revenue:messages:{row.market}:{row.reported_category}",
                        key=f"message:{row.id}",
                        at=at,
                    )
                )
            for slot in _slots(account, row, at):
                count, micros = volumes.get(slot, (0, 0))
                volumes[slot] = (count + 1, micros + row.micros)
        await Ledger(self._uow).post_all(entries)
        await self._count(volumes)
        for account in accounts.values():
            await self._tell_tiers(account, [row for row in charged if row.account == account.id], at)
            await self._alert(account, at)
        return len(charged)

    async def release(self, ids: Sequence[str], at: datetime) -> int:
        """The messages will not be delivered: a refused message costs nothing."""
        released = await self._turn(ids, RELEASED, at)
        if paid := [row.id for row in released if row.model == Model.PER_CONVERSATION and row.micros]:
            await conversations.undone(self._uow, paid)
        return len(released)

    async def standing(self, account: Account, at: datetime) -> Standing:
        """What the account owes, has set aside, and has spent this month."""
        owed = await Ledger(self._uow).balance(account.ledger_name, account.currency)
        query = select(counters.c.micros).where(
            counters.c.account == account.id,
            counters.c.counter == _SPENT,
            counters.c.period == _month(account, at),
        )
        spent = (await self._uow.execute(query)).scalar() or 0
        return Standing(owed, Money(account.reserved, account.currency), Money(spent, account.currency))

    async def counts(
        self, account: Account, market: str, category: str, number: str, at: datetime
    ) -> dict[Counter, int]:
        """How many such messages were charged before, for the rules that ask."""
        (found,) = await self._counts(account, [(market, category, number)], at)
        return found

    async def _counts(
        self, account: Account, kinds: Sequence[tuple[str, str, str]], at: datetime
    ) -> list[dict[Counter, int]]:
        """The same for many (market, category, number)."""
        day, month = account.local_date(at), _month(account, at)
        days = {(day - timedelta(days=back)).isoformat() for back in range(30)}
        scopes = {scope for kind in kinds for scope in _scopes(*kind).values()}
        c = counters.c
        query = select(c.counter, c.scope, c.period, c["count"]).where(
            counters.c.account == account.id,
            counters.c.counter.in_([str(counter) for counter in Counter]),
            counters.c.scope.in_(sorted(scopes)),
            counters.c.period.in_(sorted({month, *days})),
        )
        sums: dict[tuple[str, str], int] = {}
        for counter, scope, period, count in (await self._uow.execute(query)).all():
            if (period in days) == (counter == Counter.AUTHENTICATION_30_DAYS):
                sums[counter, scope] = sums.get((counter, scope), 0) + count
        return [{counter: sums.get((counter, scope), 0) for counter, scope in _scopes(*kind).items()} for kind in kinds]

    async def _till(self, account_id: str, at: datetime, *, lock: bool) -> _Till:
        account = await Accounts(self._uow).get(account_id, lock=lock)
        card = await RateCards(self._uow).current(account.currency)
        return _Till(account, card, await self.standing(account, at))

    async def _questions(self, till: _Till, messages: Sequence[Message]) -> list[Question]:
        account = till.account
        markets = {recipient: market_of(recipient) for recipient in {message.recipient for message in messages}}
        kinds = {message.id: (markets[message.recipient], message.category, message.number) for message in messages}
        distinct = sorted(set(kinds.values()))
        counts = dict(zip(distinct, await self._counts(account, distinct, messages[0].at), strict=True))
        return [
            Question(
                local_date=account.local_date(message.at),
                market=markets[message.recipient],
                category=message.category,
                window_open=message.window_open,
                entry_point_open=message.entry_point_open,
                business_market=account.market,
                industry=account.industry,
                quality=message.quality,
                counters=counts[kinds[message.id]],
            )
            for message in messages
        ]

    @staticmethod
    def _check_limits(till: _Till, category: Category, price: Money, held: int) -> None:
        """`held` was set aside since `till` was read."""
        account, standing = till.account, till.standing
        due = standing.owed.micros + standing.reserved.micros + held + price.micros
        if due > account.credit_limit:
            what = "The prepaid balance is used up." if not account.credit_limit else "The credit limit is reached."
            raise PaymentIssue(f"{what} Add funds to send this message.")
        month = standing.spent.micros + standing.reserved.micros + held + price.micros
        limit = account.spend_limit
        if category is not Category.MARKETING and account.essential_limit is not None:
            limit = account.essential_limit
        if limit is not None and month > limit:
            raise PaymentIssue("The spend limit of this month is reached. Raise it to send this message.")

    async def _turn(self, ids: Sequence[str], state: str, at: datetime) -> list[_Row]:
        turned: list[_Row] = []
        for start in range(0, len(ids), 500):
            change = (
                update(table)
                .where(table.c.id.in_(bindparam("ids", expanding=True)), table.c.state == RESERVED)
                .values(state=state, settled_at=at)
                .returning(*table.c)
            )
            turned += (await self._uow.execute(change, {"ids": ids[start : start + 500]})).all()
        freed: dict[str, int] = {}
        for row in turned:
            freed[row.account] = freed.get(row.account, 0) + row.micros
        if freed:
            give_back = update(accounts_table).where(accounts_table.c.id == bindparam("account"))
            give_back = give_back.values(reserved=accounts_table.c.reserved - bindparam("freed"))
            rows = [{"account": account, "freed": micros} for account, micros in sorted(freed.items())]
            await self._uow.execute(give_back, rows)
        return turned

    async def _date(self, charged: Sequence[_Row], accounts: Mapping[str, Account], at: datetime) -> None:
        """A message belongs to the month it was delivered in, which may not be the one it was accepted in."""
        for account in accounts.values():
            month = _month(account, at)
            late = [row.id for row in charged if row.account == account.id and row.month != month]
            for start in range(0, len(late), 500):
                change = update(table).where(table.c.id.in_(late[start : start + 500])).values(month=month)
                await self._uow.execute(change)

    async def _count(self, volumes: Mapping[tuple[str, str, str, str], tuple[int, int]]) -> None:
        if not volumes:
            return
        statement = self._uow.insert(counters)
        statement = statement.on_conflict_do_update(
            index_elements=["account", "counter", "scope", "period"],
            set_={
                "count": counters.c.count + statement.excluded.count,
                "micros": counters.c.micros + statement.excluded.micros,
            },
        )
        rows = [
            {"account": a, "counter": c, "scope": s, "period": p, "count": count, "micros": micros}
            for (a, c, s, p), (count, micros) in sorted(volumes.items())
        ]
        await self._uow.execute(statement, rows)

    async def _tell_tiers(self, account: Account, charged: Sequence[_Row], at: datetime) -> None:
        """Announce `billing.tier` for each volume band that these messages have just reached.

        They are counted already, in this transaction and under its locks: of two that settle at once, one sees the
        band's first message among its own and the other does not, so each crossing is told once.
        """
        steps: dict[tuple[str, str], int] = {}
        for row in charged:
            if row.micros and row.tier:  # the market has bands
                steps[row.market, row.category] = steps.get((row.market, row.category), 0) + 1
        if not steps:
            return
        card = await RateCards(self._uow).current(account.currency)
        kinds = [(market, category, "") for market, category in sorted(steps)]
        for (market, category, _), counts in zip(kinds, await self._counts(account, kinds, at), strict=True):
            after = counts[Counter.MARKET_CATEGORY]
            question = Question(
                local_date=account.local_date(at),
                market=market,
                category=Category(category),
                business_market=account.market,
                industry=account.industry,
            )
            for tier in card.tiers_reached(question, after - steps[market, category], after):
                payload = {
                    "account": account.id,
                    "market": market,
                    "category": category,
                    "tier": tier,
                    "month": _month(account, at),
                    "at": int(at.timestamp()),
                }
                self._uow.announce("billing.tier", payload, key=account.id)

    async def _alert(self, account: Account, at: datetime) -> None:
        """Announce `billing.alert` once a month for each threshold that has been passed."""
        if not account.spend_limit:
            return
        spent = (await self.standing(account, at)).spent.micros
        for percent in (account.alert_percent, 100):
            if spent * 100 < account.spend_limit * percent:
                continue
            mark = {"account": account.id, "counter": "alert", "scope": str(percent), "period": _month(account, at)}
            statement = self._uow.insert(counters).on_conflict_do_nothing()
            if (await self._uow.execute(statement, mark | {"count": 1, "micros": spent})).rowcount == 1:
                payload = {"account": account.id, "percent": percent, "spent": spent, "limit": account.spend_limit}
                self._uow.announce("billing.alert", payload, key=account.id)


def _quote_of(row: _Row) -> Quote:
    """What a message was accepted for."""
    why = tuple(row.why.split("\n"))
    return Quote(Money(row.micros, row.currency), row.type, row.reported_category, row.model, why, row.tier)


def _reserved_row(account: Account, message: Message, question: Question, quote: Quote) -> dict[str, Any]:
    return {
        "id": message.id,
        "account": message.account,
        "number": message.number,
        "market": question.market,
        "category": message.category,
        "reported_category": quote.category,
        "type": quote.type,
        "model": quote.model,
        "micros": quote.price.micros,
        "currency": quote.price.currency,
        "why": "\n".join(quote.why),
        "tier": quote.tier,
        "state": RESERVED,
        "accepted_at": message.at,
        "settled_at": None,
        "month": _month(account, message.at),
    }


def _scopes(market: str, category: str, number: str) -> dict[Counter, str]:
    """What each counter counts for a message of this kind."""
    return {
        Counter.MARKET_CATEGORY: f"{market}/{category}",
        Counter.NUMBER_SERVICE: number,
        Counter.AUTHENTICATION_30_DAYS: market,
    }


def _month(account: Account, at: datetime) -> str:
    return account.local_date(at).isoformat()[:7]


def _slots(account: Account, row: _Row, at: datetime) -> Iterable[tuple[str, str, str, str]]:
    """The counters that a charged message moves: (account, counter, scope, period)."""
    yield account.id, _SPENT, "", _month(account, at)
    if row.micros:
        yield account.id, Counter.MARKET_CATEGORY, f"{row.market}/{row.category}", _month(account, at)
    if row.category == Category.SERVICE:
        yield account.id, Counter.NUMBER_SERVICE, row.number, _month(account, at)
    if row.category == Category.AUTHENTICATION:
        day = account.local_date(at).isoformat()
        yield account.id, Counter.AUTHENTICATION_30_DAYS, row.market, day
