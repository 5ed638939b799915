"""Errors as JSON: `{"error": {"code", "message", "details"}}`, the same for every route outside the Graph API.

A person may see the message. Never an exception's text, a stack, or what was sent (it may hold a password).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from plauder.kit import ids, log
from plauder.kit.errors import BadInput, PlauderError, TooMany

_log = log.get("edge.http")


def json_error(
    status: int,
    code: str,
    message: str,
    details: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """One error as the response every client of ours understands."""
    body = orjson.dumps(
        {"error": {"code": code, "message": message, "details": dict(details or {})}},
        default=str,
        option=orjson.OPT_NON_STR_KEYS,
    )
    return Response(body, status, dict(headers or {}), media_type="application/json")


def render(error: PlauderError) -> Response:
    """What an edge answers for one of our errors."""
    headers: dict[str, str] = {}
    if isinstance(error, TooMany):
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="plauder", charset="UTF-8", Bearer'
    return json_error(error.status, error.code, error.message, error.details, headers)


def install(app: FastAPI) -> None:
    """Make the application answer every failure in this form."""
    app.add_exception_handler(PlauderError, _ours)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, _unexpected)


async def _ours(_request: Request, error: Exception) -> Response:
    assert isinstance(error, PlauderError)
    return render(error)


async def _http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    phrase = HTTPStatus(error.status_code).phrase
    code = phrase.lower().replace(" ", "-").replace("'", "")
    if error.status_code in (204, 304):
        return Response(status_code=error.status_code, headers=error.headers)
    return json_error(error.status_code, code, f"{phrase}.", headers=error.headers)


async def _invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    problems = [
        {"where": ".".join(str(part) for part in problem["loc"])[:200], "problem": problem["msg"]}
        for problem in error.errors()[:20]
    ]
    return json_error(
        BadInput.status, BadInput.code, "The request is not of the form asked for.", {"problems": problems}
    )


async def _unexpected(request: Request, error: Exception) -> Response:
    incident = ids.new_token(6)
    _log.error("request failed", incident=incident, path=request.url.path, exc_info=error)
    return json_error(500, "internal-error", "Something went wrong on our side.", {"incident": incident})
