"""What of an API request goes into the developer's journal: no token, no secret, nothing of strangers."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from plauder.edge.http.graph.api import Exchange

LIMIT = 16_384
_SECRETS = frozenset(
    {
        *("access_token", "appsecret_proof", "client_secret", "fb_exchange_token", "input_token", "pin", "password"),
        *("verify_token", "hub.verify_token"),
    }
)
_NAMES = rb"access_token|appsecret_proof|client_secret|fb_exchange_token|verify_token|pin|password|h"
_VALUE = rb'("(?:[^"\\]|\\.)*(?:"|\\?$)|[0-9]+)'
"""A text, also one that is cut off in its middle, or a number."""
_SECRET_VALUES = re.compile(rb'"(' + _NAMES + rb')"\s*:\s*' + _VALUE)
_WITH_CODES = re.compile(rb'"(' + _NAMES + rb'|code)"\s*:\s*' + _VALUE)
"""`code` is a secret where a number is verified or a token is asked for; in a template it is a language."""
_CODE_PATHS = ("/verify_code", "/oauth/access_token")


def entry_of(exchange: Exchange, now: datetime) -> dict[str, Any] | None:
    """The journal's row, None for requests that nobody was authenticated for."""
    scope = exchange.scope
    state = scope.get("state", {})
    access = state.get("access")
    if access is None:
        return None
    path = scope.get("graph_path", scope["path"])
    query = [
        (name, "…" if name in _SECRETS or (name == "code" and path.endswith(_CODE_PATHS)) else value)
        for name, value in parse_qsl(scope.get("query_string", b"").decode("latin-1"))
    ]
    url = path + (f"?{urlencode(query, safe='…')}" if query else "")
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
        "request": _kept(state.get("raw_body", b""), path),
        "response": _without_secrets(exchange.body, path),
    }


def _kept(raw: bytes, path: str) -> bytes:
    """The beginning of a long body says how long it was."""
    kept = _without_secrets(raw[:LIMIT], path)
    return kept if len(raw) <= LIMIT else kept + f"\n… cut off; {len(raw)} bytes in all".encode()


def _without_secrets(raw: bytes, path: str) -> bytes:
    secrets = _WITH_CODES if path.endswith(_CODE_PATHS) else _SECRET_VALUES
    return secrets.sub(rb'"\1":"..."', raw)
