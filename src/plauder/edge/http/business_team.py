"""The console's API for teams: members, roles, and people who are invited before they have an account."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy import Row, select

from plauder.business.accounts import commands as accounts
from plauder.business.accounts import invitations, store
from plauder.business.accounts.invitations import Wish
from plauder.edge.http.auth import Authenticated
from plauder.edge.http.business import Body, Desk
from plauder.edge.http.graph.wiring import Platform
from plauder.features.accounts.invites import Invites
from plauder.features.accounts.parts import NoInvite
from plauder.features.accounts.store import hashed
from plauder.kit import phone
from plauder.kit.errors import Conflict, NotFound


class Member(Body):
    role: str = Field(max_length=16)


class Invitation(Body):
    role: str = Field(max_length=16)
    number: str = Field("", max_length=40)


def router(platform: Platform, invites: Invites) -> APIRouter:
    routes = APIRouter(prefix="/api/v1/business", tags=["business"])
    desk = Desk(platform)
    _members(routes, desk)
    _invitations(routes, desk, invites)
    return routes


def _members(routes: APIRouter, desk: Desk) -> None:
    @routes.get("/{business_id}/members", summary="The team")
    async def members(caller: Authenticated, business_id: str) -> list[dict[str, Any]]:
        async with desk.database.read() as uow:
            await desk.role(uow, caller, business_id)
            statement = select(store.members).where(store.members.c.portfolio_id == business_id)
            rows = (await uow.execute(statement.order_by(store.members.c.joined_at))).all()
        return [
            {
                "account": row.account,
                "name": await desk.platform.hosted.name_of(row.account),
                "role": row.role,
                "since": row.joined_at.isoformat(),
                "is_me": row.account == caller.local,
            }
            for row in rows
        ]

    @routes.put("/{business_id}/members/{account}", status_code=204, summary="Add somebody, or give another role")
    async def set_member(caller: Authenticated, business_id: str, account: str, body: Member) -> None:
        async with desk.database.begin() as uow:
            role = await desk.role(uow, caller, business_id, "team")
            if not await desk.platform.hosted.exists(account):
                raise NotFound("Nobody here has that number.")
            await accounts.set_member(
                uow,
                portfolio_id=business_id,
                account=account,
                role=body.role,
                by_role=role,
                at=desk.graph.clock.now(),
            )

    @routes.delete("/{business_id}/members/{account}", status_code=204, summary="Remove somebody from the team")
    async def remove_member(caller: Authenticated, business_id: str, account: str) -> None:
        async with desk.database.begin() as uow:
            act = "read" if account == caller.local else "team"
            role = await desk.role(uow, caller, business_id, act)
            await accounts.remove_member(uow, portfolio_id=business_id, account=account, by_role=role)


def _invitations(routes: APIRouter, desk: Desk, invites: Invites) -> None:
    @routes.get("/{business_id}/invitations", summary="Who is invited to the team and has not come yet")
    async def listing(caller: Authenticated, business_id: str) -> list[dict[str, Any]]:
        async with desk.database.begin() as uow:
            await desk.role(uow, caller, business_id, "team")
            return [_view(row) for row in await invitations.of_portfolio(uow, business_id, desk.graph.clock.now())]

    @routes.post("/{business_id}/invitations", status_code=201, summary="Invite somebody who has no account yet")
    async def invite(caller: Authenticated, business_id: str, body: Invitation) -> dict[str, Any]:
        """With `number`: who registers it joins. Without: `url` is a link that opens an account, told this once."""
        now = desk.graph.clock.now()
        wish = Wish(body.role, caller.local, await _new_number(desk, body.number))
        async with desk.database.begin() as uow:
            await desk.role(uow, caller, business_id, "team")
            await invitations.check(uow, business_id, wish, now)
        url = desk.graph.settings.public_url
        if not wish.number:
            token, made = await invites.create(caller.local, days=invitations.LIFE.days, note="Team", for_all=False)
            wish, url = Wish(body.role, caller.local, invite=made.token_hash.hex()), invites.url(token)
        async with desk.database.begin() as uow:
            invitation_id = await invitations.create(uow, business_id, wish, now)
            rows = await invitations.of_portfolio(uow, business_id, now)
        return next(_view(row) for row in rows if row.id == invitation_id) | {"url": url}

    @routes.post("/join/{token}", summary="Join the team that a link leads to, with an account")
    async def join(caller: Authenticated, token: str) -> dict[str, str]:
        invite = hashed(token).hex()
        now = desk.graph.clock.now()
        async with desk.database.begin() as uow:
            team = await invitations.team_of(uow, invite, now)
            if team is None:
                raise NoInvite()
            if await store.role_of(uow, team.id, caller.local) is not None:
                return {"id": team.id}  # a member's own look takes nothing from whom it is for
            await invitations.joined(uow, caller.local, at=now, invite=invite)
        with suppress(NoInvite):
            await invites.use(token)
        return {"id": team.id}

    @routes.delete("/{business_id}/invitations/{invitation_id}", status_code=204, summary="Withdraw an invitation")
    async def withdraw(caller: Authenticated, business_id: str, invitation_id: str) -> None:
        async with desk.database.begin() as uow:
            await desk.role(uow, caller, business_id, "team")
            row = await invitations.withdraw(uow, business_id, invitation_id)
        if row.invite:
            try:
                await invites.withdraw(row.invite, row.by)
            except NoInvite:
                return  # used or over meanwhile: the team does not take who comes by it any more


async def _new_number(desk: Desk, text: str) -> str:
    """Digits of a number that nobody has here, "" for none. Raises BadInput, Conflict."""
    if not text.strip():
        return ""
    digits = phone.parse(text).digits
    if await desk.platform.hosted.exists(digits):
        raise Conflict("Somebody has that number already: add them to the team.")
    return digits


def _view(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "role": row.role,
        "number": row.number,
        "by": row.by,
        "created": row.created_at.isoformat(),
        "expires": row.expires_at.isoformat(),
    }
