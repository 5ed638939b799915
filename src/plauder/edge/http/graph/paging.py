"""Lists: `data`, cursors, an absolute `next` that carries the same query (and the token when it came by query)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from fastapi import Request

from plauder.business.shared.errors import invalid
from plauder.edge.http.graph.params import Params

DEFAULT_LIMIT = 25
MAX_LIMIT = 1_000


def encode(position: int) -> str:
    return base64.urlsafe_b64encode(str(position).encode()).decode().rstrip("=")


def decode(cursor: str) -> int:
    """The position behind a cursor. Raises error 100 for one that is not ours."""
    try:
        position = int(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error):
        raise invalid("Invalid cursors values") from None
    if not 0 <= position < 2**53:
        raise invalid("Invalid cursors values")
    return position


def window(params: Params) -> tuple[int, int]:
    """(offset, limit) that `after`, `before` and `limit` ask for."""
    limit = max(1, min(params.number("limit", DEFAULT_LIMIT), MAX_LIMIT))
    if after := params.text("after"):
        return decode(after) + 1, limit
    if before := params.text("before"):
        end = decode(before)
        return max(0, end - limit), min(limit, end) or 1
    return 0, limit


def page(
    request: Request,
    params: Params,
    rows: Sequence[Any],
    *,
    base: str,
    total: int,
    summary: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The envelope around `rows`, which are those of `window(params)` among `total`."""
    offset, limit = window(params)
    result: dict[str, Any] = {"data": list(rows)}
    if rows:
        last = offset + len(rows) - 1
        paging: dict[str, Any] = {"cursors": {"before": encode(offset), "after": encode(last)}}
        if last + 1 < total:
            paging["next"] = _link(request, base, limit, after=encode(last))
        if offset > 0:
            paging["previous"] = _link(request, base, limit, before=encode(offset))
        result["paging"] = paging
    if wanted := params.list("summary"):
        known = {"total_count": total} | dict(summary or {})
        names = known if wanted in (["true"], ["1"]) else wanted
        result["summary"] = {name: known[name] for name in names if name in known}
    return result


def all_of(request: Request, params: Params, rows: Sequence[Any], *, base: str, **more: Any) -> dict[str, Any]:
    """A page cut out of rows that are all at hand."""
    offset, limit = window(params)
    return page(request, params, rows[offset : offset + limit], base=base, total=len(rows), **more)


def _link(request: Request, base: str, limit: int, **cursor: str) -> str:
    kept = [(k, v) for k, v in request.query_params.multi_items() if k not in ("after", "before", "limit")]
    path = request.scope.get("graph_path", request.url.path)
    return f"{base}{path}?{urlencode([*kept, ('limit', limit), *cursor.items()])}"


def filtered(params: Params, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows that `filtering=[{"field":…,"operator":"EQUAL","value":…}]` lets through. Raises error 100."""
    kept = list(rows)
    for item in params.list("filtering"):
        field = item.get("field") if isinstance(item, dict) else None
        test = _OPERATORS.get(str(item.get("operator", "EQUAL")).upper()) if isinstance(item, dict) else None
        if test is None or not isinstance(field, str) or (rows and field not in rows[0]):
            raise invalid("Param filtering must be an array of {field, operator, value}; EQUAL, NOT_EQUAL, IN, CONTAIN")
        kept = [row for row in kept if test(row[field], item.get("value"))]
    return kept


_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "EQUAL": lambda have, want: have == want,
    "NOT_EQUAL": lambda have, want: have != want,
    "IN": lambda have, want: isinstance(want, list) and have in want,
    "CONTAIN": lambda have, want: isinstance(have, str) and isinstance(want, str) and want in have,
}
