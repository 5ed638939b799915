"""The server as a process: it says where it is, takes signals, and ends in order."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

ENVIRONMENT = {"PLAUDER_HTTP__PORT": "0", "PLAUDER_XMPP__PORT": "0", "PLAUDER_XMPP__TLS_PORT": "0", "PATH": "/usr/bin"}


@contextmanager
def started(directory: Path, *argv: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """`plauder …` once it serves, and what its log says of it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "plauder", *argv],
        cwd=directory,
        env=ENVIRONMENT | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    try:
        for line in process.stderr:
            event = json.loads(line)
            if event["event"] == "serving":
                yield process, event
                break
    finally:
        process.kill()
        process.communicate()


@pytest.mark.server
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_signals(tmp_path: Path, ending: signal.Signals) -> None:
    with started(tmp_path, "serve") as (process, where):
        url = f"http://127.0.0.1:{where['http']}/health/ready"
        assert httpx.get(url, timeout=20).status_code == 200
        process.send_signal(signal.SIGHUP)
        assert httpx.get(url, timeout=20).status_code == 200
        process.send_signal(ending)
        out, err = process.communicate(timeout=30)
        assert process.returncode == 0
        assert "Plauder serves localhost." in out
        assert "codes     printed here" in out
        events = [json.loads(line)["event"] for line in err.splitlines()]
        assert events == ["certificate reloaded", "stopping", "stopped"]
        assert not [path for path in (tmp_path / "data").rglob("*") if path.stat().st_mode & 0o077]


@pytest.mark.server
def test_the_demo_has_people_who_can_log_in(tmp_path: Path) -> None:
    with started(tmp_path, "demo") as (process, where):
        base = f"http://127.0.0.1:{where['http']}"
        assert process.stdout
        links, jid = [], ""
        for line in process.stdout:
            links += [line.split()[-1]] if "/i/device." in line else []
            if line.startswith("With any XMPP client"):
                jid = line.split()[4]
                break
        account = httpx.get(f"{base}/api/v1/account", auth=(jid, "plauder-demo"), timeout=20).json()
        assert account["discoverable"]
        token = links[0].rpartition("device.")[2]
        assert httpx.get(f"{base}/api/v1/links/{token}", timeout=20).json() == {"jid": jid}
        joined = httpx.post(f"{base}/api/v1/links/{token}/accept", json={"device_name": "Laptop"}, timeout=20)
        assert joined.json()["jid"] == jid
        assert httpx.get(f"{base}/api/v1/links/{token}", timeout=20).status_code == 404
        assert httpx.get(f"{base}/dev", timeout=20).status_code == 200


@pytest.mark.server
def test_the_demo_stays_on_this_machine(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "plauder", "demo"],
        cwd=tmp_path,
        env=ENVIRONMENT | {"PLAUDER_DOMAIN": "chat.example"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "localhost alone" in done.stderr


@pytest.mark.server
def test_a_second_server_says_what_is_wrong(tmp_path: Path) -> None:
    with started(tmp_path, "serve") as (_, where):
        for changed, says in (
            ({"PLAUDER_HTTP__PORT": str(where["http"]), "PLAUDER_DATA_DIR": "other"}, "Port "),
            ({}, "Another server works in "),
        ):
            done = subprocess.run(
                [sys.executable, "-m", "plauder", "serve"],
                cwd=tmp_path,
                env=ENVIRONMENT | changed,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 1
            assert done.stderr.startswith(f"plauder: {says}")
            assert done.stderr.count("\n") == 1
