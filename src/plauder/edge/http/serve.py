"""uvicorn on our loop, as one part among others: it neither owns the loop nor the signals."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Generator
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

GRACE_SECONDS = 5


class _Embedded(uvicorn.Server):
    """Signals are the business of whoever runs the whole, and so is when it ends."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._ending = asyncio.Event()

    def end(self) -> None:
        """Finish, now."""
        self.should_exit = True
        self._ending.set()

    async def main_loop(self) -> None:
        """The date for the headers once a second; uvicorn wakes ten times a second to see whether it should end."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._ending.wait()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


class HttpServer:
    """The HTTP port. `websocket` makes the protocol that takes over after an upgrade."""

    def __init__(
        self,
        app: ASGIApp,
        sock: socket.socket,
        *,
        websocket: Callable[..., asyncio.Protocol] | None = None,
        tls: tuple[Path, Path] | None = None,
    ) -> None:
        self._sock = sock
        self._tls = tls
        self._config = uvicorn.Config(
            app,
            http="httptools",
            ws=websocket or "none",  # type: ignore[arg-type]
            loop="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=True,
            proxy_headers=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
            ssl_certfile=tls[0] if tls else None,
            ssl_keyfile=tls[1] if tls else None,
        )
        self._server = _Embedded(self._config)
        self._task: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port in use, also where 0 was asked for."""
        return int(self._sock.getsockname()[1])

    async def start(self) -> None:
        """Accept requests from here on."""
        self._config.load()
        if isinstance(self._config.ssl, ssl.SSLContext):
            self._config.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
        self._task = asyncio.create_task(self._server.serve(sockets=[self._sock]), name="http")
        while not self._server.started and not self._task.done():  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0)
        if self._task.done():
            await self._task

    def reload(self) -> None:
        """Take a renewed certificate for connections to come."""
        if self._tls is not None and isinstance(self._config.ssl, ssl.SSLContext):
            self._config.ssl.load_cert_chain(*self._tls)

    async def stop(self) -> None:
        """Finish what is being answered, for some seconds."""
        if self._task is not None:
            self._server.end()
            await self._task
        self._sock.close()
