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
from sqlalchemy import create_engine

from plauder.kit import ids
from plauder.store.schema import metadata

INSTALLED = Path("/usr/lib/postgresql")
USER = "postgres"


class Postgres:
    """A running cluster. `create()` makes an empty database in it and returns its URL."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._furnished: tuple[int, str] | None = None

    def url(self, name: str) -> str:
        return f"postgresql://{USER}@/{name}?host={self.directory}"

    def create(self) -> str:
        name = f"t{ids.new_id()}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
        return self.url(name)

    def furnished(self) -> str:
        """The URL of a database with all tables and no rows; the same one each time: making tables takes seconds."""
        if self._furnished is None or self._furnished[0] != len(metadata.tables):
            url = self._furnished[1] if self._furnished else self.create()
            engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:", 1))
            metadata.create_all(engine)
            engine.dispose()
            self._furnished = len(metadata.tables), url
        return self._furnished[1]

    def clear(self, url: str) -> None:
        """Take all rows out of the furnished database, of tables that only grow, too."""
        with psycopg.connect(url, autocommit=True) as connection:
            names = [
                name for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname='public'")
            ]
            asked = " UNION ALL ".join(f"(SELECT '{name}' FROM \"{name}\" LIMIT 1)" for name in names)
            full = ", ".join(f'"{name}"' for (name,) in connection.execute(asked))  # type: ignore[arg-type]
            if full:
                connection.execute("SET session_replication_role = replica")  # triggers that forbid it do not fire
                connection.execute(f"TRUNCATE {full} RESTART IDENTITY CASCADE")  # type: ignore[arg-type]

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
