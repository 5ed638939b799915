"""The three npm clients, run by Node against a running server."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.business.cloud import ANN
from tests.clients.live import Live

pytestmark = pytest.mark.server

HERE = Path(__file__).parent
NODE = Path(sys.executable).parent
_keys = itertools.count()


@pytest.fixture(scope="module", autouse=True)
def packages() -> None:
    """`npm ci`, once per lock file."""
    digest = sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    stamp = HERE / "node_modules" / ".installed"
    if stamp.exists() and stamp.read_text() == digest:
        return
    run("npm", "ci", "--no-audit", "--no-fund", "--loglevel=error")
    stamp.write_text(digest)


def run(program: str, *arguments: str) -> str:
    environment = os.environ | {"PATH": f"{NODE}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        [str(NODE / program), *arguments], cwd=HERE, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def play(live: Live, script: str, **more: Any) -> dict[str, Any]:
    cloud = live.cloud
    live.run(cloud.ann.write("Olá, José \u007f 👋", key=f"npm-{next(_keys)}"))
    live.until(lambda: any(m["from"] == ANN for m in cloud.receiver.messages()))
    facts = {
        "url": live.url,
        "token": cloud.token,
        "secret": cloud.secret,
        "phone": cloud.phone,
        "waba": cloud.waba,
        "to": ANN,
    }
    found: dict[str, Any] = json.loads(run("node", script, json.dumps(facts | more)))
    return found


def reached(live: Live, wamid: str) -> None:
    live.until(lambda: wamid in [stanza.id for stanza in live.cloud.ann.received])


def test_kapso(live: Live) -> None:
    out = play(live, "kapso.mjs")
    assert out["input"] == f"+{ANN}"
    assert out["media"] == "application/pdf"
    assert out["bytes"] == "%PDF-1.7 kapso"
    assert out["templates"] == ["kapso_hello"]
    assert out["error"] == 131009
    for name in ("text", "buttons", "location", "document", "template"):
        reached(live, out[name])


def test_great_detail(live: Live) -> None:
    out = play(live, "great_detail.mjs")
    reached(live, out["text"])
    assert (out["number"], out["numbers"], out["subscribed"]) == (live.cloud.phone, 1, 1)
    assert out["about"] == "From great-detail"
    assert (out["media"], out["deleted"]) == ("application/pdf", True)


def test_whatsapp_api_js(live: Live) -> None:
    receiver = live.cloud.receiver
    play(live, "great_detail.mjs")
    live.until(lambda: len(receiver.statuses()) >= 2)
    hooks = [
        {"body": body.decode("ascii"), "signature": headers["x-hub-signature-256"]}
        for headers, body in receiver.requests
        if b'"field":"messages"' in body  # it knows no other field
    ]
    out = play(live, "whatsapp_api_js.mjs", hooks=hooks)
    assert (out["qr"], out["qrDeleted"]) == ("Hi there", True)
    assert (out["blocked"], out["unblocked"]) == (1, 1)
    assert len(out["heard"]) == len(hooks)
    assert [ANN, f"+{ANN}", "text"] in out["heard"]
    for name in ("text", "location", "buttons"):
        reached(live, out[name])
