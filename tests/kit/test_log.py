"""Logging: one line per event, one id through all of it, nothing secret."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from plauder.kit import log
from plauder.kit.config import Log


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    log.configure(Log(format="json"), stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_one_id_follows_a_message(out: io.StringIO) -> None:
    with log.bind(message="m1"):
        log.get("core.router").info("routed", why="online")
        logging.getLogger("library").warning("old style %s", "text")
    log.get("core.router").info("idle")
    first, second, third = lines(out)
    assert first["event"] == "routed"
    assert first["logger"] == "plauder.core.router"
    assert first["message"] == second["message"] == "m1"
    assert "message" not in third


def test_secrets_and_content_never_come_out(out: io.StringIO) -> None:
    log.get("x").info("event", password="hunter2", Body="love letter", token=b"abc", number="1")
    assert lines(out)[0] | {"timestamp": ""} == {
        "event": "event",
        "password": "***",
        "Body": "***",
        "token": "***",
        "number": "1",
        "level": "info",
        "logger": "plauder.x",
        "timestamp": "",
    }


def test_hostile_fields_stay_one_bounded_line(out: io.StringIO) -> None:
    log.get("x").info("bad\nevent", resource="a\r\n{}" + "x" * 10_000)
    assert len(out.getvalue()) < 1_000
    assert lines(out)[0]["event"] == "bad event"


def fail_with_a_secret() -> None:
    password = "hunter" + "2"
    try:
        int("x" * len(password))
    except ValueError:
        log.get("x").exception("failed")


def test_level_and_console_form() -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    log.configure(Log(level="warning", format="console"), stream)
    log.get("x").info("quiet")
    fail_with_a_secret()
    log.get("x").warning("loud", why="because")
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    assert "quiet" not in stream.getvalue()
    assert "why=because" in stream.getvalue()
    assert "invalid literal" in stream.getvalue()
    assert "hunter2" not in stream.getvalue()


def test_an_exception_keeps_its_trace(out: io.StringIO) -> None:
    try:
        int("boom")
    except ValueError:
        log.get("x").exception("failed")
    assert "ValueError: invalid literal" in lines(out)[0]["exception"]
