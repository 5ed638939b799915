"""Use cases: subscribe, override, publish, replay, read the journal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, or_, select, update

from plauder.business.shared.nodes import table as node_table
from plauder.business.shared.updates import Update
from plauder.business.webhooks import rules, store
from plauder.kit.clock import Clock
from plauder.kit.errors import NotFound
from plauder.store.database import UnitOfWork

ENDPOINT_CACHE = 2.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where one app wants updates of a WABA. `fields` None is all of them."""

    app_id: str
    portfolio_id: str
    callback_url: str
    override_url: str
    fields: frozenset[str] | None
    numbers: dict[str, str]

    def url_for(self, update: Update) -> str:
        """Phone override, else WABA override, else the app's; "" when this app does not want it."""
        url = self.numbers.get(update.phone_id) or self.override_url or self.callback_url
        return url if self.fields is None or update.field in self.fields else ""


class Publisher:
    """Turns updates into deliveries. Remembers endpoints for two seconds; `changed` forgets them at once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, tuple[float, tuple[Endpoint, ...]]] = {}

    def changed(self) -> None:
        self._known.clear()

    async def publish(self, uow: UnitOfWork, updates: Sequence[Update]) -> None:
        now = self._clock.now()
        rows: list[dict[str, Any]] = []
        for item in updates:
            raw = b""
            for endpoint in await self._endpoints(uow, item.waba_id):
                if url := endpoint.url_for(item):
                    raw = raw or rules.body(item)
                    rows.append(_delivery(item, endpoint, url, raw, now))
        if rows:
            await uow.insert_many(store.deliveries, rows)

    async def _endpoints(self, uow: UnitOfWork, waba_id: str) -> tuple[Endpoint, ...]:
        now = self._clock.monotonic()
        known = self._known.get(waba_id)
        if known and known[0] > now:
            return known[1]
        rows = await store.endpoints(uow, waba_id)
        overrides = await store.overrides_of(uow, [row.app_id for row in rows]) if rows else []
        owner = select(node_table.c.portfolio_id).where(node_table.c.id == waba_id)
        portfolio_id = (await uow.execute(owner)).scalar_one_or_none() or ""
        found = tuple(
            Endpoint(
                row.app_id,
                portfolio_id,
                row.callback_url or "",
                row.override_url,
                frozenset(row.fields) if row.fields is not None else None,
                {item.phone_id: item.override_url for item in overrides if item.app_id == row.app_id},
            )
            for row in rows
        )
        self._known[waba_id] = (now + ENDPOINT_CACHE, found)
        return found


def _delivery(item: Update, endpoint: Endpoint, url: str, raw: bytes, now: datetime) -> dict[str, Any]:
    return {
        "app_id": endpoint.app_id,
        "portfolio_id": endpoint.portfolio_id,
        "waba_id": item.waba_id,
        "field": item.field,
        "about": item.about,
        "url": url,
        "lane": f"{endpoint.app_id}/{item.waba_id}/{item.key}",
        "body": raw,
        "state": "due",
        "attempts": 0,
        "created_at": now,
        "next_at": now,
        "last_status": 0,
        "last_error": "",
    }


async def subscribe_app(
    uow: UnitOfWork, *, app_id: str, callback_url: str, verify_token: str, fields: Iterable[object]
) -> None:
    """The app's own callback; its handshake has been done. Fields add to those it has."""
    names = rules.check_fields(fields)
    current = await app_subscription(uow, app_id)
    names = sorted({*names, *(current.fields if current else ())})
    values = {"callback_url": callback_url, "verify_token": verify_token, "fields": names}
    statement = uow.insert(store.subscriptions).values(app_id=app_id, object=rules.OBJECT, **values)
    await uow.execute(statement.on_conflict_do_update(index_elements=["app_id", "object"], set_=values))


async def app_subscription(uow: UnitOfWork, app_id: str) -> Row[Any] | None:
    statement = select(store.subscriptions).where(store.subscriptions.c.app_id == app_id)
    return (await uow.execute(statement)).one_or_none()


async def unsubscribe_app(uow: UnitOfWork, app_id: str, fields: Iterable[object]) -> None:
    """All of it, or only `fields`."""
    current = await app_subscription(uow, app_id)
    if current is None:
        return
    rest = sorted(set(current.fields) - set(rules.check_fields(fields)))
    where = store.subscriptions.c.app_id == app_id
    if list(fields) and rest:
        await uow.execute(update(store.subscriptions).where(where).values(fields=rest))
    else:
        await uow.execute(delete(store.subscriptions).where(where))


async def subscribe_waba(
    uow: UnitOfWork, *, waba_id: str, app_id: str, override_url: str = "", verify_token: str = ""
) -> None:
    """The app hears of this WABA from now on; without an override an earlier one is gone."""
    values = {"override_url": override_url, "verify_token": verify_token}
    statement = uow.insert(store.waba_apps).values(waba_id=waba_id, app_id=app_id, **values)
    await uow.execute(statement.on_conflict_do_update(index_elements=["waba_id", "app_id"], set_=values))


async def unsubscribe_waba(uow: UnitOfWork, *, waba_id: str, app_id: str) -> None:
    c = store.waba_apps.c
    await uow.execute(delete(store.waba_apps).where(c.waba_id == waba_id, c.app_id == app_id))


async def waba_subscriptions(uow: UnitOfWork, waba_id: str) -> list[Row[Any]]:
    statement = select(store.waba_apps).where(store.waba_apps.c.waba_id == waba_id).order_by(store.waba_apps.c.app_id)
    return list((await uow.execute(statement)).all())


async def override_number(
    uow: UnitOfWork, *, phone_id: str, app_id: str, override_url: str, verify_token: str = ""
) -> None:
    """The number's own callback for this app; an empty URL takes it away."""
    c = store.number_overrides.c
    if not override_url:
        await uow.execute(delete(store.number_overrides).where(c.phone_id == phone_id, c.app_id == app_id))
        return
    values = {"override_url": override_url, "verify_token": verify_token}
    statement = uow.insert(store.number_overrides).values(phone_id=phone_id, app_id=app_id, **values)
    await uow.execute(statement.on_conflict_do_update(index_elements=["phone_id", "app_id"], set_=values))


async def configuration_of(uow: UnitOfWork, *, waba_id: str, phone_id: str, app_id: str) -> dict[str, str]:
    """`webhook_configuration` of a number or WABA, as the token's app sees it."""
    result: dict[str, str] = {}
    if (app := await app_subscription(uow, app_id)) is not None:
        result["application"] = app.callback_url
    for row in await waba_subscriptions(uow, waba_id):
        if row.app_id == app_id and row.override_url:
            result["whatsapp_business_account"] = row.override_url
    c = store.number_overrides.c
    statement = select(c.override_url).where(c.phone_id == phone_id, c.app_id == app_id)
    if number := (await uow.execute(statement)).scalar_one_or_none():
        result["phone_number"] = number
    return result


async def read_journal(
    uow: UnitOfWork,
    portfolio_id: str,
    *,
    kind: str = "",
    about: str = "",
    find: str = "",
    failed: bool = False,
    before: int = 0,
    limit: int = 50,
) -> list[Row[Any]]:
    """Newest first. `find` is part of an address or field, or a whole message id."""
    c = store.journal.c
    statement = select(store.journal).where(c.portfolio_id == portfolio_id)
    if kind:
        statement = statement.where(c.kind == kind)
    if about:
        statement = statement.where(c.about == about)
    if find:
        part = find.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        like = [column.ilike(f"%{part}%", escape="\\") for column in (c.url, c.field)]
        statement = statement.where(or_(c.about == find, *like))
    if failed:
        statement = statement.where((c.status < 200) | (c.status >= 300))
    if before:
        statement = statement.where(c.id < before)
    return list((await uow.execute(statement.order_by(c.id.desc()).limit(min(limit, 200)))).all())


async def replay(uow: UnitOfWork, portfolio_id: str, entry_id: int, *, at: datetime) -> None:
    """Send a webhook of the journal again, as a new delivery to the same place."""
    c = store.journal.c
    statement = select(store.journal).where(c.id == entry_id, c.portfolio_id == portfolio_id, c.kind == "webhook")
    entry = (await uow.execute(statement)).one_or_none()
    if entry is None:
        raise NotFound("That webhook is not in the journal any more.")
    await uow.execute(
        store.deliveries.insert().values(
            app_id=entry.app_id,
            portfolio_id=portfolio_id,
            waba_id="",
            field=entry.field,
            about=entry.about,
            url=entry.url,
            lane=f"replay/{entry.id}",
            body=entry.request,
            created_at=at,
            next_at=at,
        )
    )


async def dead_letters(uow: UnitOfWork, portfolio_id: str, limit: int = 100) -> list[Row[Any]]:
    c = store.deliveries.c
    statement = (
        select(store.deliveries).where(c.portfolio_id == portfolio_id, c.state == "dead").order_by(c.id).limit(limit)
    )
    return list((await uow.execute(statement)).all())


async def revive(uow: UnitOfWork, portfolio_id: str, *, at: datetime, app_id: str = "") -> int:
    """Try every dead delivery again, in order; returns how many."""
    c = store.deliveries.c
    statement = update(store.deliveries).where(c.portfolio_id == portfolio_id, c.state == "dead")
    if app_id:
        statement = statement.where(c.app_id == app_id)
    result = await uow.execute(statement.values(state="due", attempts=0, created_at=at, next_at=at, leased_until=None))
    return int(result.rowcount)


async def waiting(uow: UnitOfWork, portfolio_id: str) -> dict[str, int]:
    """How many deliveries are due and how many are dead."""
    c = store.deliveries.c
    statement = select(c.state, func.count()).where(c.portfolio_id == portfolio_id).group_by(c.state)
    counts = {row[0]: row[1] for row in (await uow.execute(statement)).all()}
    return {"due": counts.get("due", 0), "dead": counts.get("dead", 0)}
