"""The books in the database. There is no function here that edits or deletes, and the database refuses both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table, func, select

from plauder.kit.money import Money
from plauder.money.ledger.entry import Entry, InsufficientFunds, KeyReused, Leg
from plauder.store.append_only import append_only
from plauder.store.database import UnitOfWork
from plauder.store.schema import BigKey, Instant, Text, metadata

entries = append_only(
    Table(
        "ledger_entries",
        metadata,
        Column("id", BigKey, primary_key=True, autoincrement=True),
        Column("key", Text, nullable=False, unique=True),
        Column("at", Instant, nullable=False),
        Column("memo", Text, nullable=False),
        Column("corrects", Text, ForeignKey("ledger_entries.key"), nullable=True),
    )
)
legs = append_only(
    Table(
        "ledger_legs",
        metadata,
        Column("entry_id", BigKey, ForeignKey("ledger_entries.id"), primary_key=True),
        Column("position", BigKey, primary_key=True, autoincrement=False),
        Column("account", Text, nullable=False),
        Column("micros", BigInteger, nullable=False),
        Column("currency", Text, nullable=False),
        Index("ix_ledger_legs_account", "account", "currency", "entry_id"),
    )
)
balances = Table(
    "ledger_balances",
    metadata,
    # A running sum of the legs, kept in the posting transaction; `Ledger.audit` proves that it is only that.
    Column("account", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("micros", BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something the audit holds against the books."""

    what: str
    where: str


class Ledger:
    """The books, inside one unit of work."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def post(self, entry: Entry, *, ceilings: Mapping[str, Money] | None = None) -> bool:
        """Post `entry`; False when the same entry is already there.

        `ceilings` gives the largest debit balance an account may reach. Raises KeyReused when the key stands for
        different content, InsufficientFunds when an account would pass its ceiling.
        """
        return await self.post_all([entry], ceilings=ceilings) == 1

    async def post_all(self, new: Sequence[Entry], *, ceilings: Mapping[str, Money] | None = None) -> int:
        """Post many entries with few statements; the number that was not there before. Errors as for `post`."""
        known = await self._known([entry.key for entry in new])
        fresh: dict[str, Entry] = {}
        for entry in new:
            earlier = known.get(entry.key) or fresh.get(entry.key)
            if earlier is None:
                fresh[entry.key] = entry
            elif earlier.legs != entry.legs:
                raise KeyReused(f"{entry.key} was posted with other legs")
        if not fresh:
            return 0
        await self._insert(list(fresh.values()))
        await self._add_to_balances(leg for entry in fresh.values() for leg in entry.legs)
        for account, ceiling in (ceilings or {}).items():
            if await self.balance(account, ceiling.currency) > ceiling:
                raise InsufficientFunds(f"{account} may not owe more than {ceiling}")
        return len(fresh)

    async def entry(self, key: str) -> Entry | None:
        """The entry under `key`."""
        return (await self._known([key])).get(key)

    async def balance(self, account: str, currency: str) -> Money:
        """Debits less credits of one account."""
        query = select(balances.c.micros).where(balances.c.account == account, balances.c.currency == currency)
        return Money((await self._uow.execute(query)).scalar() or 0, currency)

    async def statement(
        self, account: str, currency: str, *, since: datetime, until: datetime
    ) -> list[tuple[Entry, Money]]:
        """What moved on an account in [since, until), oldest first: the entry and its sum on that account."""
        query = (
            select(entries.c.key, func.sum(legs.c.micros))
            .join(entries, entries.c.id == legs.c.entry_id)
            .where(legs.c.account == account, legs.c.currency == currency)
            .where(entries.c.at >= since, entries.c.at < until)
            .group_by(entries.c.id, entries.c.key)
            .order_by(entries.c.id)
        )
        rows = (await self._uow.execute(query)).all()
        found = await self._known([key for key, _ in rows])
        return [(found[key], Money(micros, currency)) for key, micros in rows]

    async def audit(self) -> list[Finding]:
        """Prove the books: every entry balances, every balance is the sum of its legs. Empty when all is well."""
        sums = select(legs.c.entry_id, legs.c.currency).group_by(legs.c.entry_id, legs.c.currency)
        uneven = await self._uow.execute(sums.having(func.sum(legs.c.micros) != 0))
        findings = [Finding("entry does not balance", f"{row.entry_id} in {row.currency}") for row in uneven]
        bare = select(entries.c.key).where(~entries.c.id.in_(select(legs.c.entry_id)))
        findings += [Finding("entry without legs", key) for (key,) in await self._uow.execute(bare)]
        total = select(legs.c.account, legs.c.currency, func.sum(legs.c.micros)).group_by(
            legs.c.account, legs.c.currency
        )
        true = {(account, currency): int(micros) for account, currency, micros in await self._uow.execute(total)}
        kept = {(row.account, row.currency): row.micros for row in await self._uow.execute(select(balances))}
        for account, currency in true.keys() | kept.keys():
            if true.get((account, currency), 0) != kept.get((account, currency), 0):
                findings.append(Finding("balance is not the sum of its legs", f"{account} in {currency}"))
        return findings

    async def _known(self, keys: Sequence[str]) -> dict[str, Entry]:
        found: dict[int, tuple[str, datetime, str, str | None, list[Leg]]] = {}
        for start in range(0, len(keys), 500):
            query = (
                select(entries, legs.c.account, legs.c.micros, legs.c.currency)
                .join(legs, legs.c.entry_id == entries.c.id)
                .where(entries.c.key.in_(keys[start : start + 500]))
                .order_by(entries.c.id, legs.c.position)
            )
            for row in await self._uow.execute(query):
                head = found.setdefault(row.id, (row.key, row.at, row.memo, row.corrects, []))
                head[4].append(Leg(row.account, Money(row.micros, row.currency)))
        return {key: Entry(key, at, tuple(ls), memo, corrects) for key, at, memo, corrects, ls in found.values()}

    async def _insert(self, new: list[Entry]) -> None:
        heads = [{"key": e.key, "at": e.at, "memo": e.memo, "corrects": e.corrects} for e in new]
        statement = entries.insert().returning(entries.c.id, entries.c.key)
        ids = {key: entry_id for entry_id, key in (await self._uow.execute(statement, heads)).all()}
        rows = [
            {
                "entry_id": ids[entry.key],
                "position": position,
                "account": leg.account,
                "micros": leg.amount.micros,
                "currency": leg.amount.currency,
            }
            for entry in new
            for position, leg in enumerate(entry.legs)
        ]
        await self._uow.insert_many(legs, rows)

    async def _add_to_balances(self, new: Iterable[Leg]) -> None:
        change: dict[tuple[str, str], int] = {}
        for leg in new:
            slot = (leg.account, leg.amount.currency)
            change[slot] = change.get(slot, 0) + leg.amount.micros
        # Sorted, so that two transactions of PostgreSQL lock the rows in the same order.
        rows = [{"account": a, "currency": c, "micros": m} for (a, c), m in sorted(change.items()) if m]
        if not rows:
            return
        statement = self._uow.insert(balances)
        statement = statement.on_conflict_do_update(
            index_elements=["account", "currency"], set_={"micros": balances.c.micros + statement.excluded.micros}
        )
        await self._uow.execute(statement, rows)
