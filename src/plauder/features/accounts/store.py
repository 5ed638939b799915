"""The SQL of accounts. Functions take the unit of work and never commit."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, case, delete, func, insert, select, update

from plauder.features.accounts.rules import SEEN_EVERY, PinState, Sends
from plauder.features.accounts.scram import HASHES, Keys
from plauder.features.accounts.tables import (
    accounts,
    code_sends,
    devices,
    fast_tokens,
    invites,
    links,
    lookups,
    registrations,
)
from plauder.store.database import Database, UnitOfWork
from plauder.store.schema import instant


@dataclass(frozen=True, slots=True)
class Account:
    """One row of `accounts`. `salt` and `iterations` are those of all its devices."""

    local: str
    country: str
    salt: bytes
    iterations: int
    enabled: bool
    discoverable: bool
    pin_hash: str | None
    pin_failures: int
    pin_blocked_until: datetime | None
    created: datetime
    seen: datetime

    @property
    def pin_state(self) -> PinState:
        return PinState(self.pin_failures, self.pin_blocked_until, self.seen)


@dataclass(frozen=True, slots=True)
class Device:
    """A device of an account as its owner sees it. `id` is "" for a password that may be used anywhere."""

    id: str
    name: str
    created: datetime
    seen: datetime


def _account(row: Row[Any]) -> Account:
    return Account(**row._mapping)


def hashed(token: str) -> bytes:
    """What is stored of an unguessable token."""
    return hashlib.sha256(token.encode()).digest()


# ── accounts ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def get(uow: UnitOfWork, local: str, *, lock: bool = False) -> Account | None:
    """The account; `lock` holds other writers off it until the transaction ends."""
    statement = select(accounts).where(accounts.c.local == local)
    row = (await uow.execute(statement.with_for_update() if lock else statement)).one_or_none()
    return _account(row) if row else None


_CREATED = select(accounts.c.created).where(accounts.c.local == bindparam("local"))


async def created(database: Database, local: str) -> datetime | None:
    """When an account was made; None where there is none. At once where the database is a file beside us."""
    rows = database.peek(_CREATED, local=local)
    if rows is None:
        async with database.read() as uow:
            return (await uow.execute(_CREATED, {"local": local})).scalar_one_or_none()
    return instant(rows[0][0]) if rows else None


async def create(uow: UnitOfWork, account: Account) -> bool:
    """Insert; False when the name was taken meanwhile."""
    values = {column.name: getattr(account, column.name) for column in accounts.columns}
    statement = uow.insert(accounts).values(values).on_conflict_do_nothing().returning(accounts.c.local)
    return (await uow.execute(statement)).scalar_one_or_none() is not None


async def change(uow: UnitOfWork, account: str, **values: Any) -> bool:
    """Set columns of one account; False when there is none."""
    return (await uow.execute(update(accounts).where(accounts.c.local == account).values(values))).rowcount == 1


async def remove(uow: UnitOfWork, local: str) -> bool:
    """Delete the account with its devices, tokens and links, and the invites it made."""
    await uow.execute(delete(invites).where(invites.c.by == local))
    await uow.execute(delete(registrations).where(registrations.c.account == local))
    return (await uow.execute(delete(accounts).where(accounts.c.local == local))).rowcount == 1


async def page(uow: UnitOfWork, after: str = "", limit: int = 100, like: str = "") -> Sequence[Account]:
    """Accounts by name, those after `after`; `like` is a beginning."""
    statement = select(accounts).where(accounts.c.local > after).order_by(accounts.c.local).limit(limit)
    if like:
        statement = statement.where(accounts.c.local.startswith(like, autoescape=True))
    return [_account(row) for row in await uow.execute(statement)]


async def count(uow: UnitOfWork) -> int:
    """How many accounts there are."""
    return int((await uow.execute(select(func.count()).select_from(accounts))).scalar_one())


async def discoverable(uow: UnitOfWork, after: str, limit: int) -> Sequence[str]:
    """Numbers of people who opted in to be found, in order."""
    statement = select(accounts.c.local).where(
        accounts.c.discoverable, accounts.c.enabled, accounts.c.country != "", accounts.c.local > after
    )
    return (await uow.execute(statement.order_by(accounts.c.local).limit(limit))).scalars().all()


# ── devices ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _column(kind: str, hash_name: str) -> str:
    return f"{kind}_key_{hash_name.replace('-', '')}"


async def list_devices(uow: UnitOfWork, local: str) -> Sequence[Device]:
    """The account's devices, the newest first."""
    statement = select(devices.c.id, devices.c.name, devices.c.created, devices.c.seen)
    rows = await uow.execute(statement.where(devices.c.local == local).order_by(devices.c.created.desc(), devices.c.id))
    return [Device(*row) for row in rows]


async def save_device(
    uow: UnitOfWork, local: str, device: Device, keys: Mapping[str, Keys], digest: bytes | None
) -> None:
    """Insert a device, or replace the one with this id: tokens that were got with its old password are void."""
    await uow.execute(delete(fast_tokens).where(fast_tokens.c.local == local, _got_with(local, device.id)))
    values: dict[str, Any] = {
        "local": local,
        "id": device.id,
        "name": device.name,
        "created": device.created,
        "seen": device.seen,
        "digest": digest,
    }
    for name in HASHES:
        values[_column("stored", name)] = keys[name].stored_key
        values[_column("server", name)] = keys[name].server_key
    statement = uow.insert(devices).values(values)
    await uow.execute(statement.on_conflict_do_update(index_elements=["local", "id"], set_=values))


def _got_with(local: str, device: str) -> ColumnElement[bool]:
    """The FAST tokens that a device's password got. What logs in with the password of no device (id "") is known by
    its user agent."""
    if device:
        return fast_tokens.c.device == device
    return fast_tokens.c.device.not_in(select(devices.c.id).where(devices.c.local == local, devices.c.id != ""))


async def password_keys(uow: UnitOfWork, local: str) -> dict[str, Keys] | None:
    """The keys by hash of the password that a person chose; None without one."""
    row = (await uow.execute(select(devices).where(devices.c.local == local, devices.c.id == ""))).one_or_none()
    if row is None:
        return None
    values = row._mapping
    return {
        name: Keys(bytes(values[_column("stored", name)]), bytes(values[_column("server", name)])) for name in HASHES
    }


async def rename_device(uow: UnitOfWork, local: str, device: str, name: str) -> bool:
    """False when there is no such device."""
    statement = update(devices).where(devices.c.local == local, devices.c.id == device).values(name=name)
    return (await uow.execute(statement)).rowcount == 1


async def remove_devices(uow: UnitOfWork, local: str, *, only: str | None = None, but: str | None = None) -> list[str]:
    """Remove one device, all, or all but one, with their tokens; return which went."""
    where = [devices.c.local == local]
    tokens = [fast_tokens.c.local == local]
    if only is not None:
        where.append(devices.c.id == only)
        tokens.append(_got_with(local, only))
    if but is not None:
        where.append(devices.c.id != but)
        tokens.append(fast_tokens.c.device != but)
    gone = list((await uow.execute(select(devices.c.id).where(*where))).scalars())
    await uow.execute(delete(devices).where(*where))
    await uow.execute(delete(fast_tokens).where(*tokens))
    return gone


async def saw(uow: UnitOfWork, local: str, device: str, now: datetime) -> None:
    """A device was used: kept to the hour, and written once an hour."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    old = hour - SEEN_EVERY + timedelta(seconds=1)
    await uow.execute(update(accounts).where(accounts.c.local == local, accounts.c.seen < old).values(seen=hour))
    await uow.execute(
        update(devices).where(devices.c.local == local, devices.c.id == device, devices.c.seen < old).values(seen=hour)
    )


# ── codes ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def sends(uow: UnitOfWork, number: bytes, network: bytes, country: str, now: datetime) -> Sends:
    """What was sent lately to this number, from this network, to this country and in all."""
    day, hour = now - timedelta(days=1), now - timedelta(hours=1)
    table = code_sends.c
    to_number = select(func.count(), func.max(table.at), func.min(table.at)).where(
        table.number == number, table.at > day
    )
    in_hour = select(func.count(), func.coalesce(func.sum(case((table.network == network, 1), else_=0)), 0))
    to_country = select(func.count(), func.coalesce(func.sum(case((table.verified, 1), else_=0)), 0))
    numbers, last, oldest = (await uow.execute(to_number)).one()
    total, from_network = (await uow.execute(in_hour.where(table.at > hour))).one()
    country_count, typed = (await uow.execute(to_country.where(table.country == country, table.at > day))).one()
    return Sends(numbers, last, oldest, from_network, total, country_count, typed)


async def record_send(uow: UnitOfWork, number: bytes, network: bytes, country: str, now: datetime) -> int:
    """Count one code; return the row's id."""
    statement = insert(code_sends).values(number=number, network=network, country=country, at=now, verified=False)
    return int((await uow.execute(statement.returning(code_sends.c.id))).scalar_one())


@dataclass(frozen=True, slots=True)
class Pending:
    """A registration or a change of number that waits for its code."""

    id: str
    number: str
    account: str | None
    code_hash: bytes
    attempts: int
    send_id: int
    expires: datetime


async def save_registration(uow: UnitOfWork, pending: Pending) -> None:
    """Insert it."""
    values = {column.name: getattr(pending, column.name) for column in registrations.columns}
    await uow.execute(insert(registrations).values(values))


async def take_attempt(uow: UnitOfWork, registration: str, most: int, now: datetime) -> Pending | None:
    """Count one guess before it is looked at, so that guesses in parallel do not share one. None when there is none
    left, it is too old or unknown: whoever guesses ids learns nothing."""
    statement = (
        update(registrations)
        .where(registrations.c.id == registration, registrations.c.attempts < most, registrations.c.expires > now)
        .values(attempts=registrations.c.attempts + 1)
        .returning(*registrations.columns)
    )
    row = (await uow.execute(statement)).one_or_none()
    return Pending(**row._mapping) if row else None


async def return_attempt(uow: UnitOfWork, registration: str) -> None:
    """The guess was right and something else was missing: it does not count."""
    where = (registrations.c.id == registration, registrations.c.attempts > 0)
    await uow.execute(update(registrations).where(*where).values(attempts=registrations.c.attempts - 1))


async def use_registration(uow: UnitOfWork, pending: Pending) -> bool:
    """Its code was right: neither it nor another code for the number is good any more. False when that has happened."""
    result = await uow.execute(delete(registrations).where(registrations.c.id == pending.id))
    await uow.execute(delete(registrations).where(registrations.c.number == pending.number))
    await uow.execute(update(code_sends).where(code_sends.c.id == pending.send_id).values(verified=True))
    return result.rowcount == 1


async def remove_registration(uow: UnitOfWork, registration: str) -> None:
    """Its code never left."""
    await uow.execute(delete(registrations).where(registrations.c.id == registration))


# ── invites and links ─────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Invite:
    """A link that lets somebody in. The token itself is known to who made it alone."""

    token_hash: bytes
    by: str | None
    uses_left: int
    note: str
    created: datetime
    expires: datetime
    name: str = ""


async def save_invite(uow: UnitOfWork, invite: Invite) -> None:
    """Insert it."""
    await uow.execute(insert(invites).values({column.name: getattr(invite, column.name) for column in invites.columns}))


async def get_invite(uow: UnitOfWork, token: str, now: datetime) -> Invite | None:
    """The invite, if it can still be used."""
    where = (invites.c.token_hash == hashed(token), invites.c.uses_left > 0, invites.c.expires > now)
    row = (await uow.execute(select(invites).where(*where))).one_or_none()
    return Invite(**row._mapping) if row else None


async def use_invite(uow: UnitOfWork, token: str, now: datetime) -> bool:
    """Take one use; False when none is left. Two at once cannot both take the last."""
    where = (invites.c.token_hash == hashed(token), invites.c.uses_left > 0, invites.c.expires > now)
    return (await uow.execute(update(invites).where(*where).values(uses_left=invites.c.uses_left - 1))).rowcount == 1


async def is_promised(uow: UnitOfWork, local: str, now: datetime) -> bool:
    """Whether an invite that can still be used is for an account of this name."""
    where = (invites.c.name == local, invites.c.uses_left > 0, invites.c.expires > now)
    return (await uow.execute(select(invites.c.name).where(*where).limit(1))).first() is not None


async def list_invites(uow: UnitOfWork, by: str | None, now: datetime) -> Sequence[Invite]:
    """The invites somebody made (None: the operator) that can still be used."""
    maker = invites.c.by.is_(None) if by is None else invites.c.by == by
    statement = select(invites).where(maker, invites.c.uses_left > 0, invites.c.expires > now)
    return [Invite(**row._mapping) for row in await uow.execute(statement.order_by(invites.c.created.desc()))]


async def remove_invite(uow: UnitOfWork, token_hash: bytes, by: str | None) -> bool:
    """Withdraw an invite of one's own."""
    maker = invites.c.by.is_(None) if by is None else invites.c.by == by
    return (await uow.execute(delete(invites).where(invites.c.token_hash == token_hash, maker))).rowcount == 1


async def save_link(uow: UnitOfWork, token: str, local: str, expires: datetime) -> None:
    """A new device may join by this token."""
    await uow.execute(insert(links).values(token_hash=hashed(token), local=local, expires=expires))


async def get_link(uow: UnitOfWork, token: str, now: datetime) -> str | None:
    """Whose an open link is."""
    statement = select(links.c.local).where(links.c.token_hash == hashed(token), links.c.expires > now)
    return (await uow.execute(statement)).scalar_one_or_none()


async def use_link(uow: UnitOfWork, token: str, now: datetime) -> str | None:
    """Take the link, once; return whose it is."""
    statement = delete(links).where(links.c.token_hash == hashed(token), links.c.expires > now)
    return (await uow.execute(statement.returning(links.c.local))).scalar_one_or_none()


async def count_links(uow: UnitOfWork, local: str, now: datetime) -> int:
    """Links of an account that are still open."""
    where = (links.c.local == local, links.c.expires > now)
    return int((await uow.execute(select(func.count()).select_from(links).where(*where))).scalar_one())


# ── lookups ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def use_lookups(uow: UnitOfWork, local: str, day: str, wanted: int, most: int) -> int | None:
    """Take `wanted` lookups from the day's allowance; what is left, or None when it does not suffice."""
    await uow.execute(uow.insert(lookups).values(local=local, day=day, used=0).on_conflict_do_nothing())
    statement = (
        update(lookups)
        .where(lookups.c.local == local, lookups.c.day == day, lookups.c.used + wanted <= most)
        .values(used=lookups.c.used + wanted)
        .returning(lookups.c.used)
    )
    used = (await uow.execute(statement)).scalar_one_or_none()
    return None if used is None else most - int(used)


async def used_lookups(uow: UnitOfWork, local: str, day: str) -> int:
    """How many lookups of the day are used."""
    statement = select(lookups.c.used).where(lookups.c.local == local, lookups.c.day == day)
    return int((await uow.execute(statement)).scalar_one_or_none() or 0)


# ── tidying ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def forget_old(uow: UnitOfWork, now: datetime) -> int:
    """Delete what has passed its time; return how many rows went."""
    day = now - timedelta(days=1)
    statements = (
        delete(registrations).where(registrations.c.expires <= now),
        delete(code_sends).where(code_sends.c.at <= day),
        delete(invites).where((invites.c.expires <= now) | (invites.c.uses_left <= 0)),
        delete(links).where(links.c.expires <= now),
        delete(fast_tokens).where(fast_tokens.c.expires <= now),
        delete(lookups).where(lookups.c.day < day.date().isoformat()),
    )
    return sum([(await uow.execute(statement)).rowcount for statement in statements])
