"""Parameters: the Graph merges query string, JSON, urlencoded and multipart bodies. So do we.

`null` is absent; a text that should be an object or a list is decoded as JSON (clients send `fields` and `commands`
as JSON strings inside JSON, and everything as text in forms).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException

from plauder.business.shared.errors import invalid

MAX_BODY = 3 * 1024 * 1024
MAX_DEPTH = 24
CONTROL = frozenset({"access_token", "appsecret_proof", "fields", "limit", "after", "before", "summary", "format"})
_TRUE = frozenset({"true", "1", "yes"})
_FALSE = frozenset({"false", "0", "no", ""})


class Params(Mapping[str, Any]):
    """The merged parameters of one request. Getters raise error 100 for a wrong type."""

    def __init__(self, values: Mapping[str, Any], *, query: frozenset[str] = frozenset()) -> None:
        self._values = values
        self.query = query
        """Names that came by the query string."""

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def text(self, name: str, default: str = "") -> str:
        """A text; numbers become their decimal text (`to` may be a JSON integer)."""
        value = self._values.get(name, default)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise invalid(f"Param {name} must be a string.")
        return str(value)

    def required(self, name: str) -> str:
        if not (value := self.text(name)):
            raise invalid(f"The parameter {name} is required.")
        return value

    def flag(self, name: str) -> bool | None:
        """A boolean in any of the forms people write it, None when absent."""
        value = self._values.get(name)
        if value is None or isinstance(value, bool):
            return value
        lowered = str(value).lower()
        if lowered in _TRUE:
            return True
        if lowered in _FALSE:
            return False
        raise invalid(f"Param {name} must be a boolean.")

    def number(self, name: str, default: int) -> int:
        try:
            return int(self._values.get(name, default))
        except (TypeError, ValueError, OverflowError):
            raise invalid(f"Param {name} must be an integer.") from None

    def object(self, name: str) -> dict[str, Any]:
        """An object, {} when absent; JSON text is decoded."""
        value = decoded(self._values.get(name, {}), name)
        if not isinstance(value, dict):
            raise invalid(f"Param {name} must be a JSON object.")
        return value

    def list(self, name: str) -> list[Any]:
        """A list, [] when absent; JSON text is decoded, other text is split at commas."""
        value = self._values.get(name, [])
        if isinstance(value, str) and not value.lstrip().startswith("["):
            return [part.strip() for part in value.split(",") if part.strip()]
        value = decoded(value, name)
        if not isinstance(value, list):
            raise invalid(f"Param {name} must be an array.")
        return value

    def file(self, name: str) -> UploadFile | None:
        value = self._values.get(name)
        return value if isinstance(value, UploadFile) else None


def decoded(value: Any, name: str) -> Any:
    """JSON inside a text; everything else as it is."""
    if not isinstance(value, str):
        return value
    try:
        return without_nulls(orjson.loads(value))
    except orjson.JSONDecodeError:
        raise invalid(f"Param {name} must be valid JSON.") from None


def without_nulls(value: Any, depth: int = 0) -> Any:
    """The same without null members and elements. Raises error 100 when nested deeper than anything we know."""
    if depth > MAX_DEPTH:
        raise invalid("The body is nested too deeply.")
    if isinstance(value, dict):
        return {key: without_nulls(item, depth + 1) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item, depth + 1) for item in value if item is not None]
    return value


async def body_of(request: Request, limit: int = MAX_BODY) -> bytes:
    """The raw body, chunked or not. Raises error 100 beyond `limit` bytes."""
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise invalid(f"The request body is larger than {limit} bytes.")
        chunks.append(chunk)
    return b"".join(chunks)


async def merged(request: Request) -> Params:
    """Query and body of a request in one; the body wins over the query."""
    query = {key: value for key, value in request.query_params.multi_items() if value != ""}
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    values: dict[str, Any] = dict(query)
    if kind in ("multipart/form-data", "application/x-www-form-urlencoded"):
        values |= await _form(request)
    else:
        raw = await body_of(request)
        request.state.raw_body = raw
        values |= _json(raw)
    return Params(values, query=frozenset(query))


def _json(raw: bytes) -> dict[str, Any]:
    if not raw.strip():
        return {}
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise invalid(f"The body is not valid JSON: {error}") from None
    if not isinstance(value, dict):
        raise invalid("The body must be a JSON object.")
    result: dict[str, Any] = without_nulls(value)
    return result


def _told(value: str | UploadFile) -> str:
    """A part of a form in the journal: of a file what it is, not its bytes."""
    if isinstance(value, str):
        return value
    return f"<file {value.filename or ''}, {value.content_type or 'no type'}, {value.size or 0} bytes>"


async def _form(request: Request) -> dict[str, Any]:
    try:
        form = await request.form(max_files=4, max_fields=200, max_part_size=MAX_BODY)
    except HTTPException as error:  # Starlette's own wrapping of a form it cannot read
        raise invalid(f"The form cannot be read: {error.detail}") from None
    except (MultiPartException, UnicodeDecodeError, ValueError) as error:
        raise invalid(f"The form cannot be read: {error}") from None
    request.state.form = form
    request.state.raw_body = orjson.dumps({key: _told(value) for key, value in form.multi_items()})
    return {key: value for key, value in form.multi_items() if value != ""}
