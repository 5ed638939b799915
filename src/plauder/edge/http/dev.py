"""/dev: the latest texts that a private server did not send. There only when `[dev] page` is on."""

from __future__ import annotations

from html import escape

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from plauder.edge.http.operation import is_neighbour
from plauder.edge.sms.console import Console
from plauder.kit.errors import NotFound

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="3"><title>Plauder: developer page</title></head>
<body><h1>Texts that were not sent</h1>
<p>This server prints verification codes here and on its console instead of sending them.</p>
<table border="1" cellpadding="6"><thead><tr><th>Time (UTC)<th>To<th>Text</thead><tbody>
{rows}</tbody></table></body></html>"""


def router(console: Console) -> APIRouter:
    """For neighbours alone, even when somebody turns it on where they should not."""
    routes = APIRouter()

    @routes.get("/dev", include_in_schema=False)
    async def page(request: Request) -> HTMLResponse:
        if not is_neighbour(request.state.address):
            raise NotFound()
        rows = "".join(
            f"<tr><td>{shown.at:%H:%M:%S}<td>{escape(shown.to.international)}<td>{escape(shown.text)}\n"
            for shown in console.latest
        )
        return HTMLResponse(_PAGE.format(rows=rows or "<tr><td colspan=3>None yet\n"))

    @routes.get("/dev/codes.json", include_in_schema=False)
    async def codes(request: Request) -> list[dict[str, str]]:
        if not is_neighbour(request.state.address):
            raise NotFound()
        return [{"at": shown.at.isoformat(), "to": shown.to.e164, "text": shown.text} for shown in console.latest]

    return routes
