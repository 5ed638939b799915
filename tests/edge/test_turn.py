"""The credentials we give against a real coturn: a relay is allocated and data goes through it."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from plauder.edge.turn import ProbeFailed, probe
from plauder.features.calls.rules import Relay, login

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(shutil.which("turnserver") is None, reason="coturn is not installed"),
]


@pytest.fixture
def coturn(tmp_path: Path) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["turnserver", "-n", "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", f"--listening-port={port}"]
    command += ["--use-auth-secret", "--static-auth-secret=s3cret", "--realm=plauder", "--no-tls", "--no-dtls"]
    command += ["--no-cli", "--allow-loopback-peers", f"--pidfile={tmp_path}/pid", f"--log-file={tmp_path}/log"]
    command += [f"--userdb={tmp_path}/db"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            break
        except OSError:
            continue
    yield port
    process.terminate()
    process.wait()


async def test_data_goes_through_the_relay(coturn: int) -> None:
    given = login("s3cret", "somebody", datetime.now(UTC), 600)
    result = await probe(Relay("turn", "127.0.0.1", coturn, "udp"), given)
    assert result.relayed.startswith("127.0.0.1:")
    assert result.round_trip_ms > 0


async def test_a_wrong_secret_is_said(coturn: int) -> None:
    given = login("wrong", "somebody", datetime.now(UTC), 600)
    with pytest.raises(ProbeFailed, match="secret"):
        await probe(Relay("turn", "127.0.0.1", coturn, "udp"), given)


async def test_a_relay_that_is_not_there_is_said() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as quiet:
        quiet.bind(("127.0.0.1", 0))
        relay = Relay("turn", "127.0.0.1", quiet.getsockname()[1], "udp")
        given = login("s3cret", "somebody", datetime.now(UTC), 600)
        with pytest.raises(ProbeFailed, match="does not answer"):
            await probe(relay, given, seconds=0.3)
