"""The web app from `web/dist`: hashed files for ever, the page always fresh, one page for every address inside the app.

Files that lie beside a compressed twin (`app.js.gz`) are sent as that to browsers that can unpack it.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from plauder.edge.http.guard import PAGE_POLICY

FOREVER = "public, max-age=31536000, immutable"
FRESH = "no-cache"

# Vite's names: assets/main-B3x_9fQz.js
_HASHED = re.compile(r"^assets/.+-[\w-]{8}\.\w+$")
_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".json": "application/json",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
    ".ico": "image/x-icon",
    ".txt": "text/plain; charset=utf-8",
    ".opus": "audio/ogg",
    ".mp3": "audio/mpeg",
}
_NOT_PAGES = ("api/", "media/", "health/", "metrics", ".well-known/", "dev", "ws", "assets/")

_MISSING = """<!doctype html><meta charset="utf-8"><title>Plauder</title>
<p>The server runs; the web app is not built. <code>make run</code> builds it, or set <code>http.web_root</code>."""


class WebApp:
    """An ASGI application for every address that no route took."""

    def __init__(self, root: Path) -> None:
        self._root = os.path.realpath(root)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(404)
        path = scope["path"].lstrip("/")
        response = self._file(path or "index.html", scope) or self._page(path, scope)
        await response(scope, receive, send)

    def _page(self, path: str, scope: Scope) -> Response:
        """The app's one page, for addresses that only it can read (/chats/…)."""
        wants_page = not path or "text/html" in Headers(scope=scope).get("accept", "")
        if path.startswith(_NOT_PAGES) or not wants_page:
            raise HTTPException(404)
        page = self._file("index.html", scope)
        return page or Response(_MISSING, 503, media_type="text/html; charset=utf-8")

    def _file(self, path: str, scope: Scope) -> Response | None:
        full, info = self._find(path)
        if info is None:
            return None
        headers = {"Cache-Control": FOREVER if _HASHED.match(path) else FRESH, "Vary": "Accept-Encoding"}
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        media_type = _TYPES.get(Path(path).suffix, "application/octet-stream")
        if media_type.startswith(("text/html", "text/javascript")):
            # CSP3 §4.2: a worker lives under the policy its script came with, not under the page's. Said here, not by
            # the guard, because a 304 has no type to tell by, and its headers replace those the browser kept.
            headers["Content-Security-Policy"] = PAGE_POLICY
        if "gzip" in Headers(scope=scope).get("accept-encoding", ""):
            packed, packed_info = self._find(f"{path}.gz")
            if packed_info is not None:
                full, info = packed, packed_info
                headers["Content-Encoding"] = "gzip"
        response = FileResponse(full, headers=headers, media_type=media_type, stat_result=info)
        known = Headers(scope=scope).get("if-none-match", "")
        if response.headers["etag"] in [tag.strip().removeprefix("W/") for tag in known.split(",")]:
            return Response(status_code=304, headers={**headers, "ETag": response.headers["etag"]})
        return response

    def _find(self, path: str) -> tuple[str, os.stat_result | None]:
        """The real file and what it is; no link and no `..` leads out of the root."""
        if "\0" in path:
            return "", None
        full = os.path.realpath(os.path.join(self._root, path))  # noqa: PTH118 - Path would normalise too late
        if not full.startswith(self._root + os.sep):
            return "", None
        try:
            info = os.stat(full)  # noqa: PTH116
        except (OSError, ValueError):
            return "", None
        return full, info if stat.S_ISREG(info.st_mode) else None
