"""Structured logging: events with fields, one id per message from socket to socket, never content or secrets.

`get("core.router").info("routed", message=stanza_id, why="online")`; libraries that use
`logging` come out the same way.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, MutableMapping
from typing import Any, Literal, TextIO

import structlog

from plauder.kit.config import Log

Event = MutableMapping[str, Any]

SECRET_FIELDS = frozenset(
    {
        "authorization",
        "body",
        "code",
        "content",
        "cookie",
        "headers",
        "inner",
        "password",
        "payload",
        "pin",
        "secret",
        "token",
    }
)
"""Fields that never reach a log, whoever passes them: the last line of defence, not the first."""

LONGEST = 500
"""Characters of one field: a hostile peer must not fill the disk through the log."""


def get(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of one part of the program, as `edge.http`."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(f"plauder.{name}")
    return logger


def bind(**fields: object) -> Any:
    """A context manager: everything logged inside, by whomever, carries these fields (`message="…"`)."""
    return structlog.contextvars.bound_contextvars(**fields)


def configure(settings: Log, stream: TextIO | None = None) -> None:
    """Send everything to `stream` (standard error) in the configured form. May be called again."""
    out = stream or sys.stderr
    kind = settings.format
    if kind == "auto":
        kind = "console" if out.isatty() else "json"
    shared: list[Callable[[Any, str, Event], Event]] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        hide_secrets,
        shorten,
    ]
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(kind, out)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level.upper())
    for noisy in ("uvicorn", "uvicorn.error", "uvicorn.access", "httpx", "httpcore", "aiosqlite", "alembic"):
        logger = logging.getLogger(noisy)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(max(logging.WARNING, root.level))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _renderers(kind: Literal["console", "json"], out: TextIO) -> list[Any]:
    if kind == "console":
        # Not the default formatter, which prints local variables: they hold passwords and content.
        plain = structlog.dev.plain_traceback
        return [structlog.dev.ConsoleRenderer(colors=out.isatty(), exception_formatter=plain)]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]


def hide_secrets(_logger: Any, _method: str, event: Event) -> Event:
    """Replace the value of every field whose name says it is secret or content."""
    for name in event:
        if name.lower() in SECRET_FIELDS:
            event[name] = "***"
    return event


def shorten(_logger: Any, _method: str, event: Event) -> Event:
    """Bound every text field, and keep line breaks of hostile input from forging lines."""
    for name, value in event.items():
        if isinstance(value, str) and name != "exception":
            if len(value) > LONGEST:
                value = f"{value[:LONGEST]}…"
            event[name] = value.translate(_CONTROL)
    return event


_CONTROL = dict.fromkeys((*range(32), 127), " ")
