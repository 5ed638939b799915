"""A private Plauder server in a process of its own, serving the built app, with codes on its developer page."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx


@dataclass
class Network:
    address: str
    directory: Path
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "plauder", "demo"]
        output = (self.directory / "log").open("ab")
        self.process = subprocess.Popen(
            command, cwd=self.directory, env=self.environment, stdout=output, stderr=subprocess.STDOUT
        )
        output.close()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{self.address}/health/ready").is_success:
                    return
            except httpx.TransportError:
                pass
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise AssertionError((self.directory / "log").read_text())

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(30)
            self.process = None

    def code_for(self, number: str) -> str:
        """The newest code that was "sent" to a number in E.164."""
        rows = re.findall(r"<td>([^<]*)<td>(\d{6}) is your", httpx.get(f"{self.address}/dev").text)
        codes = [code for to, code in rows if re.sub(r"\D", "", to) == number.lstrip("+")]
        assert codes, f"no code was sent to {number}"
        return codes[0]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def network(directory: Path) -> Iterator[Network]:
    port = free_port()
    environment = os.environ | {
        "PLAUDER_HTTP__PORT": str(port),
        "PLAUDER_XMPP__PORT": str(free_port()),
        "PLAUDER_XMPP__TLS_PORT": "-1",
    }
    running = Network(f"http://localhost:{port}", directory, dict(environment))
    running.start()
    try:
        yield running
    finally:
        running.stop()
