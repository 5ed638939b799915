"""What of an API request goes into the developer's journal: no token, no secret, nothing of strangers."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from plauder.edge.http.graph.api import Exchange

LIMIT = 16_384
_SECRETS = frozenset(
    {"access_token", "appsecret_proof", "client_secret", "fb_exchange_token", "input_token", "code", "pin"}
)
_SECRET_VALUES = re.compile(
    rb'"(access_token|appsecret_proof|client_secret|fb_exchange_token|verify_token|code|pin|h)"\s*:\s*"[^"]*"'
)


def entry_of(exchange: Exchange, now: datetime) -> dict[str, Any] | None:
    """The journal's row, None for requests that nobody was authenticated for."""
    scope = exchange.scope
    state = scope.get("state", {})
    access = state.get("access")
    if access is None:
        return None
    query = [
        (name, value if name not in _SECRETS else "…")
        for name, value in parse_qsl(scope.get("query_string", b"").decode("latin-1"))
    ]
    url = scope.get("graph_path", scope["path"]) + (f"?{urlencode(query, safe='…')}" if query else "")
    return {
        "at": now,
        "kind": "request",
        "portfolio_id": access.portfolio_id,
        "app_id": access.app_id,
        "delivery_id": None,
        "method": scope["method"],
        "url": url[:2_048],
        "field": "",
        "about": str(state.get("about", "")),
        "status": exchange.status,
        "milliseconds": round(exchange.milliseconds),
        "attempt": 0,
        "error": "",
        "request": _without_secrets(state.get("raw_body", b"")[:LIMIT]),
        "response": _without_secrets(exchange.body),
    }


def _without_secrets(raw: bytes) -> bytes:
    return _SECRET_VALUES.sub(rb'"\1":"..."', raw)
