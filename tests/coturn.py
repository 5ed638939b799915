"""A coturn of the test's own on the loopback, with the secret "s3cret"."""

from __future__ import annotations

import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SHIPPED = Path(__file__).parent.parent / "deploy" / "turnserver.conf"
_OURS = ("listening-port", "tls-listening-port", "cert", "pkey", "static-auth-secret", "log-file", "no-stdout-log")


@contextmanager
def running(directory: Path, *, shipped: bool = False) -> Iterator[int]:
    """Run it while the block does; its port. `shipped`: with the configuration in deploy/, but for paths and ports."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    lines = ["use-auth-secret", "realm=plauder", "no-cli", "allow-loopback-peers"]
    if shipped:
        text = SHIPPED.read_text()
        lines = [line.partition(" ")[0] for line in text.splitlines() if line and not line.startswith("#")]
        lines = [line for line in lines if line.partition("=")[0] not in _OURS]
    lines += [f"listening-port={port}", "listening-ip=127.0.0.1", "relay-ip=127.0.0.1", "static-auth-secret=s3cret"]
    lines += [f"log-file={directory}/turn.log", "simple-log", "no-tls", "no-dtls"]
    lines += [f"pidfile={directory}/turn.pid", f"userdb={directory}/turn.db"]
    file = directory / "turnserver.conf"
    file.write_text("\n".join(lines) + "\n")
    process = subprocess.Popen(
        ["turnserver", "-c", str(file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=directory
    )
    try:
        deadline = time.monotonic() + 10
        while not _answers(port):
            assert process.poll() is None, "coturn ended"
            assert time.monotonic() < deadline, "coturn did not start"
        log = (directory / "turn.log").read_text() if (directory / "turn.log").exists() else ""
        assert not re.search(r"Bad configuration|unknown option|CONFIG ERROR", log), log
        yield port
    finally:
        process.terminate()
        process.wait()


def _answers(port: int) -> bool:
    """Whether a STUN binding request (RFC 8489 §5) over UDP is answered; over TCP it listens a moment earlier."""
    request = bytes.fromhex("000100002112a442") + b"tests/coturn"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(0.2)
        try:
            probe.connect(("127.0.0.1", port))
            probe.send(request)
            return probe.recv(2_000)[8:20] == request[8:]
        except OSError:
            return False
