"""`plauder serve`: one process, one uvloop loop, until a signal says otherwise."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import uvloop

from plauder.kit import interpreter, log
from plauder.kit.config import Config
from plauder.ops import place

_log = log.get("ops.serve")


class Running(Protocol):
    """What `app.build` gives."""

    config: Config
    http_port: int
    xmpp_port: int
    xmpps_port: int

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    def reload(self) -> None: ...


Build = Callable[[Config], Any]
"""Gives something that is `Running`, and whatever else the seed wants."""
Seed = Callable[[Any], Awaitable[str]]
"""Fills a fresh demo network; returns what to tell the person at the terminal."""


def serve(build: Build, config: Config, seed: Seed | None = None) -> None:
    """Run until SIGINT or SIGTERM. SIGHUP reads the certificate again. Raises PlauderError when it cannot start."""
    log.configure(config.log)
    with place.alone(config.data_dir):
        uvloop.run(_serve(build, config, seed))


async def _serve(build: Build, config: Config, seed: Seed | None) -> None:
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    app: Running = build(config)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    loop.add_signal_handler(signal.SIGHUP, app.reload)
    await app.start()
    interpreter.settle()
    try:
        _log.info("serving", domain=config.domain, http=app.http_port, xmpp=app.xmpp_port, xmpps=app.xmpps_port)
        _say(greeting(app))
        if seed is not None:
            _say(await seed(app))
        await stopping.wait()
        _log.info("stopping")
    finally:
        await app.stop()
    _log.info("stopped")


def greeting(app: Running) -> str:
    """What a person at the terminal needs first."""
    config = app.config
    lines = [f"Plauder serves {config.domain}."]
    if app.http_port > 0:
        url = config.public_url if config.http.port else f"http://{config.domain}:{app.http_port}"
        lines.append(f"  open      {url}")
        if config.dev.page:
            lines.append(f"  codes     {url}/dev")
        elif config.sms.gateway == "console" and "phone" in config.registration.ways:
            lines.append("  codes     printed here, until [sms] says who sends texts")
    if app.xmpp_port > 0:
        lines.append(f"  XMPP      {config.domain}:{app.xmpp_port} (STARTTLS)")
    if app.xmpps_port > 0:
        lines.append(f"  XMPP/TLS  {config.domain}:{app.xmpps_port}")
    lines.append("Ctrl-C stops it.")
    return "\n".join(lines)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201
