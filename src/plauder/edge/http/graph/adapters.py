"""One capability's ports, implemented by another: capabilities do not know each other, this module knows them all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Row

from plauder.business.accounts import store as account_store
from plauder.business.catalog import commands as catalog
from plauder.business.media import commands as media
from plauder.business.media import rules as media_rules
from plauder.business.media import store as media_store
from plauder.business.messages.ports import MediaView, Sender, TemplateView
from plauder.business.numbers import rules as number_rules
from plauder.business.numbers import store as number_store
from plauder.business.shared import ids
from plauder.business.shared.errors import fail
from plauder.business.templates import store as template_store
from plauder.edge.outbound import Outbound, OutboundFailed
from plauder.kit import phone
from plauder.kit.clock import Clock
from plauder.kit.keyring import Keyring
from plauder.kit.remember import Remembered
from plauder.store.blobs import Blobs
from plauder.store.database import Database, UnitOfWork

REMEMBER = 2.0


class Senders:
    """Business numbers as messages know them, remembered for two seconds."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._known = Remembered(self._look_up, seconds=REMEMBER, monotonic=clock.monotonic)

    def changed(self) -> None:
        self._known.forget()

    async def sender(self, phone_id: str) -> Sender | None:
        """A number, None when there is none."""
        return await self._known.get(phone_id)

    async def _look_up(self, phone_id: str) -> Sender | None:
        async with self._database.read() as uow:
            return await self._read(uow, phone_id)

    async def _read(self, uow: UnitOfWork, phone_id: str) -> Sender | None:
        row = await number_store.get(uow, phone_id)
        if row is None:
            return None
        waba = await account_store.get(uow, account_store.wabas, row.waba_id)
        portfolio = await account_store.get(uow, account_store.portfolios, row.portfolio_id)
        assert waba
        assert portfolio
        return Sender(
            phone_id=row.id,
            waba_id=row.waba_id,
            portfolio_id=row.portfolio_id,
            digits=row.digits,
            name=row.verified_name,
            country=row.country,
            status=row.status,
            registered=row.status == "CONNECTED",
            is_test=row.is_test,
            allowed_recipients=frozenset(row.recipients),
            throughput=row.throughput,
            daily_limit=number_rules.TIER_LIMITS[portfolio.tier],
            quality=row.quality,
            locked_reason=waba.locked_reason,
            marketing_disabled=waba.marketing_disabled,
            faults=frozenset(row.faults),
        )


class TemplateCatalogue:
    """`messages.ports.Templates` on the table of templates."""

    async def find(self, uow: UnitOfWork, waba_id: str, name: str, language: str) -> TemplateView | None:
        rows = await template_store.named(uow, waba_id, name, language)
        if not rows:
            return None
        row = rows[0]
        return TemplateView(
            id=row.id,
            name=row.name,
            language=row.language,
            category=row.category,
            status=row.status,
            parameter_format=row.parameter_format,
            components=row.components,
            quality=row.quality,
            ttl_seconds=row.ttl_seconds,
            paced_since=row.paced_since,
        )


class MediaLibrary:
    """`messages.ports.Media`: stored media, and links fetched with the guard of `edge.outbound`."""

    def __init__(
        self, database: Database, blobs: Blobs, outbound: Outbound, clock: Clock, *, key: bytes, base: str
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._outbound = outbound
        self._clock = clock
        self._key = key
        self._base = base

    def view(self, row: Row[Any]) -> MediaView:
        link = media.url(self._base, self._key, row.id, self._clock.now(), media_rules.LINK_LIFE)
        return MediaView(row.id, row.mime_type, row.size, row.sha256, row.filename, link)

    async def get(self, uow: UnitOfWork, portfolio_id: str, media_id: str) -> MediaView | None:
        row = await media.live(uow, portfolio_id, media_id, self._clock.now())
        return self.view(row) if row is not None else None

    async def fetch(self, portfolio_id: str, phone_id: str, link: str, kind: str) -> MediaView:
        now = self._clock.now()
        async with self._database.read() as uow:
            known = await media_store.by_source(uow, portfolio_id, link, now - media_rules.LINK_LIFE)
        if known is not None and now - known.created_at < media_rules.LIFE_FETCHED:
            return self.view(known)
        try:
            answer = await self._outbound.get(link, timeout=30.0, limit=media_rules.LIMITS[kind])
        except OutboundFailed as error:
            raise fail(131053, f"Downloading media from weblink failed: {error.message}") from None
        if answer.status != 200:
            raise fail(131053, f"Downloading media from weblink failed with http code {answer.status}")
        declared = answer.headers.get("content-type", "")
        mime = media_rules.check(declared, answer.body[:16], len(answer.body), kind=kind)
        medium = media.NewMedium(
            portfolio_id,
            phone_id,
            answer.body,
            mime,
            link.partition("?")[0],
            origin="link",
            source=link,
            life=media_rules.LINK_LIFE,
        )
        return self.view(await media.add(self._database, self._blobs, medium, at=now))


class Shelves:
    """`messages.ports.Shelves`: the catalogue that a WABA is connected to."""

    async def products(
        self, uow: UnitOfWork, waba_id: str, catalog_id: str, retailer_ids: Sequence[str], *, whole: bool
    ) -> Mapping[str, Mapping[str, Any]]:
        return await catalog.for_message(uow, waba_id, catalog_id, retailer_ids, whole=whole)

    async def priced(self, uow: UnitOfWork, waba_id: str, order: dict[str, Any]) -> dict[str, Any]:
        return await catalog.priced(uow, waba_id, order)


class Residents:
    """`messages.commands.People`: who has an account here, and the ids by which businesses know them."""

    def __init__(self, keyring: Keyring, exists: Callable[[str], Awaitable[bool]]) -> None:
        self._key = keyring.derive("user-ids")
        self._exists = exists

    async def first_of(self, candidates: Sequence[str]) -> str | None:
        for digits in candidates:
            if await self._exists(digits):
                return digits
        return None

    def user_id(self, portfolio_id: str, wa_id: str) -> str:
        return ids.user_id(self._key, portfolio_id, wa_id, phone.country_of(wa_id) or "ZZ")


KEEP_CONTENT = timedelta(days=7)
