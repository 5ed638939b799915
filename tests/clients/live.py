"""A real server for foreign clients: uvicorn on a free port, in a thread of its own, with a business and two people."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import uvicorn
from fastapi import FastAPI

from plauder.edge.http.graph.api import GraphApi
from plauder.kit.clock import SystemClock
from tests.business.cloud import Cloud

T = TypeVar("T")


class Front:
    """What the HTTP port does with the platform: the Graph's paths to it, downloads beside."""

    def __init__(self, cloud: Cloud) -> None:
        self.api = cloud.platform.api
        self.rest = FastAPI(openapi_url=None)
        self.rest.include_router(cloud.platform.downloads)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        is_graph = scope["type"] == "http" and GraphApi.owns(scope["path"])
        await (self.api if is_graph else self.rest)(scope, receive, send)


class Live:
    """Start with `with Live(path) as live`; `live.run(coroutine)` works on the server's own loop."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._main, daemon=True)
        self._ready = threading.Event()
        self._stop: asyncio.Event | None = None
        self.cloud: Cloud
        self.url = ""

    def __enter__(self) -> Live:
        self._thread.start()
        assert self._ready.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._stop
        self.loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(30)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def until(self, what: Any, seconds: float = 15.0) -> Any:
        """Wait for `what()` to be true; returns it."""
        end = time.monotonic() + seconds
        while not (found := what()):
            assert time.monotonic() < end, f"did not happen: {what}"
            time.sleep(0.01)
        return found

    def _main(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self._serve())
        self.loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        self.cloud = Cloud(self.root, clock=SystemClock())
        await self.cloud.start()
        await self.cloud.platform.start()
        config = uvicorn.Config(Front(self.cloud), port=0, log_level="warning", lifespan="off")
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._ready.set()
        await self._stop.wait()
        server.should_exit = True
        await task
        await self.cloud.stop()
