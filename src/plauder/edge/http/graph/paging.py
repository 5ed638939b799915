"""Lists: `data`, cursors, an absolute `next` that carries the same query (and the token when it came by query)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
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
