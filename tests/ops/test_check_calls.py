"""`plauder check calls`, with and without a relay."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

import pytest

from tests.coturn import running
from tests.ops.conftest import Command


def configure(here: Path, *relays: str, secret: str = "s3cret") -> None:
    uris = ", ".join(f'"{uri}"' for uri in relays)
    (here / "plauder.toml").write_text(f'[calls]\nrelays = [{uris}]\nsecret = "{secret}"\n')


def test_without_a_relay_it_says_so(plauder: Command) -> None:
    status, out, _ = plauder("check", "calls")
    assert status == 0
    assert "No relay is set" in out


@pytest.mark.parametrize(
    ("relays", "secret", "said"),
    [
        (["stun:turn.example.org"], "s3cret", "no relay (TURN)"),
        (["turn:turn.example.org"], "", "calls.secret is empty"),
        (["turn:"], "s3cret", "is not a URI like"),
        (["http://turn.example.org"], "s3cret", "is not a URI like"),
        (["turn:turn.example.org:99999"], "s3cret", "is not a URI like"),
    ],
)
def test_what_is_missing_is_said_without_asking_anybody(
    plauder: Command, here: Path, relays: list[str], secret: str, said: str
) -> None:
    configure(here, *relays, secret=secret)
    assert said in plauder("check", "calls")[1]
    assert "→" in plauder("check", "calls")[1]


def test_an_unknown_part_is_refused_in_one_sentence(plauder: Command) -> None:
    status, _, err = plauder("check", "everything")
    assert status == 2
    assert err.count("\n") == 1


def test_a_relay_that_is_not_there_has_a_cause_and_a_fix(plauder: Command, here: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        configure(here, f"turn:127.0.0.1:{taken.getsockname()[1]}?transport=tcp")
        status, out, _ = plauder("check", "calls")
    assert status == 1
    assert "Nothing listens" in out
    assert "Start coturn" in out


@pytest.mark.server
@pytest.mark.skipif(shutil.which("turnserver") is None, reason="coturn is not installed")
def test_data_goes_through_every_relay(plauder: Command, here: Path, tmp_path: Path) -> None:
    with running(tmp_path) as port:
        uris = [
            f"{kind}:127.0.0.1:{port}{how}" for kind, how in (("stun", ""), ("turn", ""), ("turn", "?transport=tcp"))
        ]
        configure(here, *uris)
        status, out, _ = plauder("check", "calls")
        assert status == 0, out
        assert out.count("carried data there and back") == 2
        assert "sees this machine as 127.0.0.1" in out
        configure(here, *uris[:2], secret="another")
        status, out, _ = plauder("check", "calls")
        assert status == 1
        assert "refuses our credentials" in out
        assert "static-auth-secret" in out
