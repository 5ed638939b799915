"""A private PostgreSQL for the tests: its own cluster in a temporary directory, reached by a Unix socket only."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from plauder.kit import ids

INSTALLED = Path("/usr/lib/postgresql")
USER = "postgres"


class Postgres:
    """A running cluster. `create()` makes an empty database in it and returns its URL."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def url(self, name: str) -> str:
        return f"postgresql://{USER}@/{name}?host={self.directory}"

    def create(self) -> str:
        name = f"t{ids.new_id()}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
        return self.url(name)

    def drop(self, url: str) -> None:
        name = url.partition("@/")[2].partition("?")[0]
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]


def programs() -> Path:
    """The newest installed version's directory of programs. Raises FileNotFoundError with the way to get it."""
    found = sorted(INSTALLED.glob("*/bin"), key=lambda path: float(path.parent.name))
    if not found:
        raise FileNotFoundError("no PostgreSQL here: run `python3 tools/debian.py postgresql`")
    return found[-1]


@contextmanager
def running() -> Iterator[Postgres]:
    """Start a cluster and stop it at the end. PostgreSQL refuses to run as root, so root lends it another user."""
    directory = Path(tempfile.mkdtemp(prefix="plauder-pg-"))
    become: list[str] = []
    if os.geteuid() == 0:
        shutil.chown(directory, USER)
        become = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups"]
    data = directory / "data"

    def run(program: str, *arguments: str) -> None:
        subprocess.run([*become, str(programs() / program), *arguments], check=True, cwd="/", stdout=subprocess.DEVNULL)

    try:
        run("initdb", "-D", str(data), "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        options = f"-c listen_addresses= -c unix_socket_directories={directory} -c fsync=off -c max_connections=50"
        run("pg_ctl", "-D", str(data), "-w", "-l", str(directory / "log"), "-o", options, "start")
        try:
            yield Postgres(directory)
        finally:
            run("pg_ctl", "-D", str(data), "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(directory, ignore_errors=True)
