"""The command in this process, in a directory of its own."""

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from plauder import app
from plauder.ops import cli
from tests import databases

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh working directory and an environment without settings."""
    for name in list(os.environ):
        if name.startswith("PLAUDER_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def data(here: Path) -> Path:
    """The data directory, with the database as the first command leaves it: migrating takes a while."""
    (here / "data").mkdir(mode=0o700)
    (here / "data" / "plauder.db").write_bytes(databases.migrated())
    return here / "data"


@pytest.fixture
def plauder(here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """`plauder("account", "list")` → (exit status, standard output, standard error)."""

    def run(*argv: str, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        status = cli.run(app.build, list(argv))
        out, err = capsys.readouterr()
        return status, out, err

    return run
