"""The console's API for businesses: onboarding, team, numbers, keys, journal. `/api/v1/business/…`

People log in with their device as everywhere under `/api/v1`; what they may do in a business is their role in its team.
What a program does with a token is the Graph's (`edge.http.graph`).
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Row

from plauder.business.accounts import commands as accounts
from plauder.business.accounts import rules, store
from plauder.business.media import commands as media
from plauder.business.numbers import commands as numbers
from plauder.business.numbers import store as number_store
from plauder.business.profiles import commands as profiles
from plauder.business.profiles import store as profile_store
from plauder.business.sandbox import store as sandbox_store
from plauder.business.shared.errors import GraphError
from plauder.business.shared.updates import FIELDS
from plauder.business.webhooks import commands as webhooks
from plauder.business.webhooks import rules as webhook_rules
from plauder.edge import founding
from plauder.edge.founding import Founder
from plauder.edge.http.auth import Authenticated, Caller
from plauder.edge.http.graph.deps import Graph
from plauder.edge.http.graph.wiring import Platform
from plauder.kit import phone
from plauder.kit.errors import BadInput, Forbidden, NotFound, PlauderError
from plauder.store.database import UnitOfWork

ID = r"^[0-9]{1,20}$"


class Body(BaseModel):
    """Refuses what it does not know."""

    model_config = ConfigDict(extra="forbid")


class NewBusiness(Body):
    name: str = Field(min_length=1, max_length=128)
    country: str = Field("", pattern=r"^([A-Z]{2})?$")
    currency: str = Field("USD", pattern=r"^[A-Z]{3}$")
    timezone: str = Field("UTC", max_length=64)


class NewNumber(Body):
    number: str = Field(max_length=32)
    name: str = Field(min_length=1, max_length=128)


class CodeRequest(Body):
    voice: bool = False


class Code(Body):
    code: str = Field(min_length=4, max_length=16)
    pin: str = Field(pattern=r"^[0-9]{6}$")


class NewKey(Body):
    label: str = Field("", max_length=128)
    scopes: list[str] = Field(default_factory=lambda: list(rules.SCOPES), max_length=8)
    days: int | None = Field(None, ge=0, le=3_650)


class Webhook(Body):
    url: str = Field(max_length=2_048)
    verify_token: str = Field(max_length=256)
    fields: list[str] = Field(default_factory=lambda: ["messages"], max_length=64)


class Recipients(Body):
    recipients: list[str] = Field(max_length=8)


def plain(error: GraphError) -> PlauderError:
    """An error of the Graph in the words of `/api/v1`."""
    text = error.text or error.title
    if error.http_status == 403:
        return Forbidden(text)
    named = re.match(r"Param (\w+)", text)  # as the Graph's errors begin that are about one parameter
    return BadInput(text, graph_code=error.number, **({"field": named[1]} if named else {}))


def sandbox_view(row: Row[Any]) -> dict[str, Any]:
    names = ("phone_id", "number", "customer", "customer_name", "sends_receipts", "reads", "faults")
    return {name: getattr(row, name) for name in names}


def media_link(graph: Graph, media_id: str) -> str:
    """Where a browser finds a medium for an hour or two. The same all hour long, so that it is loaded once."""
    hour = graph.clock.now().replace(minute=0, second=0, microsecond=0)
    return media.url("", graph.media_key, media_id, hour, timedelta(hours=2))


class Desk:
    """What the routes share: the platform, and who may do what."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.graph = platform.graph
        self.database = platform.graph.database

    async def role(self, uow: UnitOfWork, caller: Caller, portfolio_id: str, act: str = "read") -> str:
        """The caller's role. To strangers a business does not exist."""
        role = await store.role_of(uow, portfolio_id, caller.local)
        if role is None:
            raise NotFound("There is no such business.")
        if not rules.can(role, act):
            raise Forbidden(f"Your role {role} does not allow this.", needs=act)
        return role

    @staticmethod
    def need(role: str, *acts: str) -> None:
        """Raises Forbidden unless the role allows one of these."""
        if not any(rules.can(role, act) for act in acts):
            raise Forbidden(f"Your role {role} does not allow this.", needs=acts[0])

    async def number(self, uow: UnitOfWork, portfolio_id: str, number_id: str) -> Row[Any]:
        row = await number_store.get(uow, number_id)
        if row is None or row.portfolio_id != portfolio_id:
            raise NotFound("There is no such number.")
        return row

    async def app(self, uow: UnitOfWork, portfolio_id: str) -> Row[Any]:
        apps = await store.of_portfolio(uow, store.apps, portfolio_id)
        if not apps:
            raise NotFound("This business has no app.")
        return apps[0]


def router(platform: Platform) -> APIRouter:
    """All routes of the console."""
    routes = APIRouter(prefix="/api/v1/business", tags=["business"])
    desk = Desk(platform)
    _businesses(routes, desk)
    _numbers(routes, desk)
    _keys(routes, desk)
    _journal(routes, desk)
    return routes


# ── businesses ────────────────────────────────────────────────────────────────────────────────────────────────────


def _businesses(routes: APIRouter, desk: Desk) -> None:
    graph = desk.graph

    @routes.get("", summary="Businesses I am in")
    async def mine(caller: Authenticated) -> list[dict[str, Any]]:
        async with desk.database.read() as uow:
            rows = await store.memberships(uow, caller.local)
        return [{"id": row.id, "name": row.name, "role": row.role, "country": row.country} for row in rows]

    @routes.post("", status_code=201, summary="Found a business, with an app, a WABA and a sandbox")
    async def found(caller: Authenticated, body: NewBusiness) -> dict[str, Any]:
        founder = Founder(body.name, caller.local, body.country, body.currency, body.timezone)
        async with desk.database.begin() as uow:
            made = await founding.found(uow, graph.keyring, founder, at=graph.clock.now())
        await graph.number_changed(made.phone)
        await desk.platform.sandbox.changed(made.portfolio)
        return {"id": made.portfolio, "app_id": made.app, "waba_id": made.waba, "test_number_id": made.phone}

    @routes.get("/{business_id}", summary="Everything about a business on one page")
    async def overview(caller: Authenticated, business_id: str) -> dict[str, Any]:
        async with desk.database.read() as uow:
            role = await desk.role(uow, caller, business_id)
            return await _overview(uow, desk, business_id, role)


async def _overview(uow: UnitOfWork, desk: Desk, portfolio_id: str, role: str) -> dict[str, Any]:
    portfolio = await store.get(uow, store.portfolios, portfolio_id)
    assert portfolio
    wabas = await store.of_portfolio(uow, store.wabas, portfolio_id)
    app = await desk.app(uow, portfolio_id)
    subscription = await webhooks.app_subscription(uow, app.id)
    sandbox = await sandbox_store.get(uow, portfolio_id)
    return {
        "id": portfolio.id,
        "name": portfolio.name,
        "country": portfolio.country,
        "role": role,
        "may": sorted(rules.ROLES[role]),
        "tier": portfolio.tier,
        "verification": portfolio.verification,
        "api_base": desk.graph.settings.public_url,
        "app": {"id": app.id, "name": app.name},
        "wabas": [{"id": waba.id, "name": waba.name, "currency": waba.currency} for waba in wabas],
        "numbers": [_number(row) for row in await number_store.of_portfolio(uow, portfolio_id)],
        "webhook": {"url": subscription.callback_url, "fields": subscription.fields} if subscription else None,
        "deliveries": await webhooks.waiting(uow, portfolio_id),
        "sandbox": sandbox_view(sandbox) if sandbox else None,
    }


def _number(row: Row[Any]) -> dict[str, Any]:
    names = ("id", "waba_id", "digits", "display", "verified_name", "status", "quality", "is_test", "recipients")
    return {name: getattr(row, name) for name in names} | {"verification": row.code_verification_status}


# ── numbers ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _numbers(routes: APIRouter, desk: Desk) -> None:
    graph = desk.graph

    @routes.post("/{business_id}/numbers", status_code=201, summary="Add a number")
    async def add(caller: Authenticated, business_id: str, body: NewNumber) -> dict[str, str]:
        try:
            async with desk.database.begin() as uow:
                await desk.role(uow, caller, business_id, "numbers")
                wabas = await store.of_portfolio(uow, store.wabas, business_id)
                number_id = await numbers.add(
                    uow,
                    portfolio_id=business_id,
                    waba_id=wabas[0].id,
                    number=body.number,
                    verified_name=body.name,
                    at=graph.clock.now(),
                )
        except GraphError as error:
            raise plain(error) from None
        return {"id": number_id}

    @routes.post("/{business_id}/numbers/{number_id}/code", status_code=204, summary="Send a verification code")
    async def code(caller: Authenticated, business_id: str, number_id: str, body: CodeRequest) -> None:
        try:
            async with desk.database.begin() as uow:
                await desk.role(uow, caller, business_id, "numbers")
                number = await desk.number(uow, business_id, number_id)
                text = await numbers.request_code(uow, number, at=graph.clock.now())
        except GraphError as error:
            raise plain(error) from None
        await graph.codes.send(number.digits, text, voice=body.voice, language="en_US")

    @routes.post("/{business_id}/numbers/{number_id}/verify", status_code=204, summary="Enter the code, register")
    async def verify(caller: Authenticated, business_id: str, number_id: str, body: Code) -> None:
        try:
            async with desk.database.begin() as uow:
                await desk.role(uow, caller, business_id, "numbers")
                number, now = await desk.number(uow, business_id, number_id), graph.clock.now()
                if number.code_verification_status != "VERIFIED":
                    await numbers.verify_code(uow, number, body.code, at=now)
                await graph.check_free(number.digits)
                fresh = await desk.number(uow, business_id, number_id)
                await numbers.register(uow, fresh, body.pin, at=now, updates=graph.updates)
        except GraphError as error:
            async with desk.database.begin() as uow:
                if error.number == 136025:
                    await numbers.note_wrong_code(uow, number_id)
                elif error.number == 133005:
                    await numbers.note_attempt(uow, number_id, "pin", graph.clock.now())
            raise plain(error) from None
        await graph.number_changed(number_id)

    @routes.delete("/{business_id}/numbers/{number_id}", status_code=204, summary="Give a number up")
    async def give_up(caller: Authenticated, business_id: str, number_id: str) -> None:
        try:
            async with desk.database.begin() as uow:
                await desk.role(uow, caller, business_id, "numbers")
                await numbers.give_up(uow, await desk.number(uow, business_id, number_id))
        except GraphError as error:
            raise plain(error) from None
        await graph.number_changed(number_id)

    @routes.put("/{business_id}/numbers/{number_id}/recipients", status_code=204, summary="Whom a test number writes")
    async def recipients(caller: Authenticated, business_id: str, number_id: str, body: Recipients) -> None:
        try:
            async with desk.database.begin() as uow:
                await desk.role(uow, caller, business_id, "messages")
                number = await desk.number(uow, business_id, number_id)
                people = [phone.parse(f"+{item.lstrip('+')}").digits for item in body.recipients]
                sandbox = await sandbox_store.get(uow, business_id)
                customer = [sandbox.customer] if sandbox is not None and sandbox.phone_id == number_id else []
                await numbers.allow_recipients(uow, number, people, always=customer)
        except GraphError as error:
            raise plain(error) from None
        await graph.number_changed(number_id)

    @routes.get("/{business_id}/numbers/{number_id}/profile", summary="The profile people see")
    async def profile(caller: Authenticated, business_id: str, number_id: str) -> dict[str, Any]:
        async with desk.database.read() as uow:
            await desk.role(uow, caller, business_id)
            number = await desk.number(uow, business_id, number_id)
            row = await profile_store.get(uow, number_id)
            link = media_link(graph, row.picture_media_id) if row is not None and row.picture_media_id else None
            return await profiles.read(uow, number_id, link) | {"name": number.verified_name}

    @routes.put("/{business_id}/numbers/{number_id}/profile", status_code=204, summary="Change the profile")
    async def change_profile(caller: Authenticated, business_id: str, number_id: str, body: dict[str, Any]) -> None:
        try:
            async with desk.database.begin() as uow:
                await desk.role(uow, caller, business_id, "numbers")
                number = await desk.number(uow, business_id, number_id)
                handle, picture = str(body.get("profile_picture_handle", "")), ""
                if handle:
                    picture = await media.media_of_handle(uow, number.portfolio_id, handle)
                    await media.keep(uow, picture, graph.clock.now())
                await profiles.change(uow, number_id, body, picture_media_id=picture)
                name = str(body.get("name") or number.verified_name)
                if name != number.verified_name:
                    await numbers.rename(uow, number, name, at=graph.clock.now(), updates=graph.updates)
        except GraphError as error:
            raise plain(error) from None
        await graph.number_changed(number_id)


# ── keys and webhook ──────────────────────────────────────────────────────────────────────────────────────────────


def _keys(routes: APIRouter, desk: Desk) -> None:
    graph = desk.graph

    @routes.get("/{business_id}/keys", summary="Access tokens, without their text")
    async def keys(caller: Authenticated, business_id: str) -> list[dict[str, Any]]:
        async with desk.database.read() as uow:
            await desk.role(uow, caller, business_id, "keys")
            rows = await store.of_portfolio(uow, store.tokens, business_id)
        return [_key(row) for row in rows if row.revoked_at is None]

    @routes.post("/{business_id}/keys", status_code=201, summary="Make an access token; its text is shown once")
    async def make(caller: Authenticated, business_id: str, body: NewKey) -> dict[str, Any]:
        async with desk.database.begin() as uow:
            await desk.role(uow, caller, business_id, "keys")
            app = await desk.app(uow, business_id)
            users = await store.of_portfolio(uow, store.system_users, business_id)
            token = await accounts.issue_token(
                uow,
                kind="SYSTEM_USER",
                app_id=app.id,
                portfolio_id=business_id,
                user_id=users[0].id,
                scopes=body.scopes,
                at=graph.clock.now(),
                life=None if body.days is None else timedelta(days=body.days) or timedelta(microseconds=1),
                label=body.label,
            )
        expires = token.expires_at.isoformat() if token.expires_at else None
        return {"id": token.id, "token": token.text, "expires_at": expires, "app_id": app.id}

    @routes.delete("/{business_id}/keys/{key_id}", status_code=204, summary="Revoke an access token")
    async def revoke(caller: Authenticated, business_id: str, key_id: str) -> None:
        async with desk.database.begin() as uow:
            await desk.role(uow, caller, business_id, "keys")
            row = await store.get(uow, store.tokens, key_id)
            if row is None or row.portfolio_id != business_id:
                raise NotFound("There is no such token.")
            await store.revoke(uow, key_id, graph.clock.now())
        graph.forget_tokens()

    @routes.get("/{business_id}/app-secret", summary="The app's secret, which signs webhooks")
    async def secret(caller: Authenticated, business_id: str) -> dict[str, str]:
        async with desk.database.read() as uow:
            await desk.role(uow, caller, business_id, "keys")
            app = await desk.app(uow, business_id)
            text = await accounts.app_secret(uow, graph.keyring, app.id)
        return {"app_id": app.id, "secret": text or ""}

    @routes.post("/{business_id}/app-secret", summary="Make a new app secret; the old one dies")
    async def rotate(caller: Authenticated, business_id: str) -> dict[str, str]:
        async with desk.database.begin() as uow:
            await desk.role(uow, caller, business_id, "keys")
            app = await desk.app(uow, business_id)
            text = await accounts.rotate_app_secret(uow, graph.keyring, app.id)
        graph.forget_tokens()
        return {"app_id": app.id, "secret": text}

    @routes.put("/{business_id}/webhook", status_code=204, summary="Set the webhook, after asking it")
    async def webhook(caller: Authenticated, business_id: str, body: Webhook) -> None:
        try:
            async with desk.database.read() as uow:
                await desk.role(uow, caller, business_id, "keys")
            webhook_rules.check_fields(body.fields)
            await graph.handshake(webhook_rules.check_url(body.url), body.verify_token)
            async with desk.database.begin() as uow:
                app = await desk.app(uow, business_id)
                await webhooks.unsubscribe_app(uow, app.id, [])
                await webhooks.subscribe_app(
                    uow,
                    app_id=app.id,
                    callback_url=body.url,
                    verify_token=body.verify_token,
                    fields=body.fields,
                )
                for waba in await store.of_portfolio(uow, store.wabas, business_id):
                    await webhooks.subscribe_waba(uow, waba_id=waba.id, app_id=app.id)
        except GraphError as error:
            raise plain(error) from None
        graph.subscriptions_changed()

    @routes.get("/webhook-fields", summary="What a webhook can subscribe to")
    async def fields(caller: Authenticated) -> list[str]:
        return sorted(FIELDS)


def _key(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "label": row.label,
        "kind": row.kind,
        "scopes": row.scopes,
        "created_at": row.created_at.isoformat(),
        "expires_at": row.expires_at.isoformat() if row.expires_at else None,
    }


# ── journal ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _journal(routes: APIRouter, desk: Desk) -> None:
    clock = desk.graph.clock

    @routes.get("/{business_id}/journal", summary="What you sent, what we sent, what you answered")
    async def journal(
        caller: Authenticated,
        business_id: str,
        kind: str = Query("", pattern="^(request|webhook)?$"),
        about: str = Query("", max_length=256),
        find: str = Query("", max_length=128),
        failed: bool = False,
        before: int = Query(0, ge=0, le=2**53),
        limit: int = Query(50, ge=1, le=200),
    ) -> list[dict[str, Any]]:
        async with desk.database.read() as uow:
            await desk.role(uow, caller, business_id, "journal")
            rows = await webhooks.read_journal(
                uow, business_id, kind=kind, about=about, find=find, failed=failed, before=before, limit=limit
            )
        return [_entry(row) for row in rows]

    @routes.post("/{business_id}/journal/{entry_id}/replay", status_code=202, summary="Send a webhook again")
    async def replay(caller: Authenticated, business_id: str, entry_id: int) -> None:
        async with desk.database.begin() as uow:
            await desk.role(uow, caller, business_id, "journal")
            await webhooks.replay(uow, business_id, entry_id, at=clock.now())
        desk.platform.wake()

    @routes.get("/{business_id}/dead-letters", summary="Webhooks that were given up")
    async def dead(caller: Authenticated, business_id: str) -> list[dict[str, Any]]:
        async with desk.database.read() as uow:
            await desk.role(uow, caller, business_id, "journal")
            rows = await webhooks.dead_letters(uow, business_id)
        return [
            {
                "id": row.id,
                "field": row.field,
                "about": row.about,
                "url": row.url,
                "attempts": row.attempts,
                "error": row.last_error,
                "created_at": row.created_at.isoformat(),
            }
            for row in rows
        ]

    @routes.post("/{business_id}/dead-letters/replay", status_code=202, summary="Send all of them again, in order")
    async def revive(caller: Authenticated, business_id: str) -> dict[str, int]:
        async with desk.database.begin() as uow:
            await desk.role(uow, caller, business_id, "journal")
            count = await webhooks.revive(uow, business_id, at=clock.now())
        desk.platform.wake()
        return {"replayed": count}


def _entry(row: Row[Any]) -> dict[str, Any]:
    names = ("id", "kind", "method", "url", "field", "about", "status", "milliseconds", "attempt", "error")
    return {name: getattr(row, name) for name in names} | {
        "at": row.at.isoformat(),
        "request": row.request.decode("utf-8", "replace"),
        "response": row.response.decode("utf-8", "replace"),
    }
