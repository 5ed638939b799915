"""Tokens: `/oauth/access_token`, `/debug_token`, and the probes `/me` and `/app`."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from plauder.business.accounts import commands, rules, store
from plauder.business.accounts.rules import Access
from plauder.business.shared.errors import GraphError, fail, invalid
from plauder.edge.http.graph.api import GraphJSON
from plauder.edge.http.graph.deps import Authenticated, Call, Graph
from plauder.edge.http.graph.params import Params, merged
from plauder.edge.http.graph.routes import apps


def router() -> APIRouter:
    routes = APIRouter(tags=["tokens"])

    @routes.get("/oauth/access_token", summary="Exchange credentials for a token")
    async def get_token(request: Request) -> Response:
        return GraphJSON(await _exchange(request))

    @routes.post("/oauth/access_token", summary="Exchange credentials for a token")
    async def post_token(request: Request) -> Response:
        return GraphJSON(await _exchange(request))

    @routes.get("/debug_token", summary="What a token is good for")
    async def debug_token(call: Authenticated) -> Response:
        return GraphJSON({"data": await _inspect(call, call.params.required("input_token"))})

    @routes.get("/me", summary="Who the token is")
    async def me(call: Authenticated) -> Response:
        return GraphJSON(await _me(call))

    @routes.get("/app", summary="The token's app")
    async def app(call: Authenticated) -> Response:
        async with call.graph.database.read() as uow:
            return GraphJSON(await apps.view(call, uow, call.access.app_id))

    return routes


async def _exchange(request: Request) -> dict[str, Any]:
    graph: Graph = request.state.graph
    params = await merged(request)
    client_id, secret = params.required("client_id"), params.required("client_secret")
    async with graph.database.begin() as uow:
        app = await commands.authenticate_app(uow, graph.keyring, client_id, secret)
        if params.text("grant_type") == "client_credentials":
            return {"access_token": f"{app.id}|{secret}", "token_type": "bearer"}
        now = graph.clock.now()
        if code := params.text("code"):
            token = await commands.exchange_code(uow, app, code, params.text("redirect_uri"), now)
        elif params.text("grant_type") == "fb_exchange_token":
            old = await commands.authenticate(uow, graph.keyring, _exchangeable(params), now)
            token = await commands.exchange_token(uow, app, old, now)
        else:
            raise invalid("grant_type must be client_credentials or fb_exchange_token, or a code must be given")
    seconds = round((token.expires_at - now).total_seconds()) if token.expires_at else 0
    return {"access_token": token.text, "token_type": "bearer", "expires_in": seconds}


def _exchangeable(params: Params) -> str:
    text = params.required("fb_exchange_token")
    if "|" in text:
        raise invalid("App tokens cannot be exchanged")
    return text


async def _inspect(call: Call, text: str) -> dict[str, Any]:
    graph = call.graph
    async with graph.database.read() as uow:
        try:
            token = await commands.authenticate(uow, graph.keyring, text, graph.clock.now())
        except GraphError as error:
            return {
                "error": {"code": error.number, "message": error.text, "subcode": error.subcode},
                "is_valid": False,
                "scopes": [],
            }
        if token.portfolio_id != call.access.portfolio_id:
            raise fail(100, "The token belongs to another business")
        app = await store.get(uow, store.apps, token.app_id)
        wabas = await store.of_portfolio(uow, store.wabas, token.portfolio_id)
    return _described(token, app.name if app else "", [waba.id for waba in wabas])


def _described(token: Access, application: str, targets: list[str]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "app_id": token.app_id,
        "type": token.kind,
        "application": application,
        "is_valid": True,
        "expires_at": int(token.expires_at.timestamp()) if token.expires_at else 0,
        "data_access_expires_at": 0,
        "issued_at": int(token.created_at.timestamp()) if token.created_at else 0,
        "scopes": sorted(token.scopes),
        "granular_scopes": [
            {"scope": scope, "target_ids": [token.portfolio_id] if scope == rules.BUSINESS else targets}
            for scope in sorted(token.scopes)
        ],
    }
    return result | ({"user_id": token.user_id} if token.user_id else {})


async def _me(call: Call) -> dict[str, Any]:
    access = call.access
    async with call.graph.database.read() as uow:
        if access.kind == "APP":
            return await apps.view(call, uow, access.app_id)
        user = await store.get(uow, store.system_users, access.user_id)
    node = {"id": access.user_id, "name": user.name if user else "Console user"}
    return call.select(node, kind="User", default=("id", "name"))
