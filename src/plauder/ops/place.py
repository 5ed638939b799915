"""The data directory: it can be written, its databases are whole, and one server at a time has it."""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from plauder.kit.errors import PlauderError

DATABASES: Final = ("plauder.db", "inbox.db")
_LOCK: Final = "serve.lock"
"""Held by the server that runs; the system lets go of it when that process ends, however it ends."""
_DAMAGED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class Unusable(PlauderError):
    """The data directory cannot be used."""

    code = "data-unusable"


def prepare(directory: Path) -> None:
    """Make the directory if it is not there. Raises Unusable."""
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise _refused(directory, error) from None


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """No second server works on this directory meanwhile: two would hide messages from each other. Raises Unusable."""
    prepare(directory)
    try:
        lock = (directory / _LOCK).open("wb")
    except OSError as error:
        raise _refused(directory, error) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unusable(
                f"Another server works in {directory.absolute()}. Stop that one, or set data_dir to another."
            ) from None
        yield


def _refused(directory: Path, error: OSError) -> Unusable:
    reason = error.strerror or str(error)
    return Unusable(
        f"The data directory {directory.absolute()} cannot be written: {reason}. "
        "Give it to the user that runs Plauder, or set data_dir to another."
    )


def is_damage(error: BaseException) -> bool:
    """Whether SQLite says that the file itself is broken, not that it is busy, full or away."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _DAMAGED


def damage(path: Path) -> str:
    """What is wrong with a SQLite file: "" when it is whole, or not there. Reads the whole file."""
    if not path.exists():
        return ""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)) as database:
            verdict = str(database.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.Error as error:
        return str(error) if is_damage(error) else ""
    return "" if verdict == "ok" else verdict
