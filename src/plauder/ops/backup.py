"""Backup while the server runs, verify, restore.

A backup is a directory: `manifest.json` names every file with its size and SHA-256; `files/` has them. SQLite files
(accounts, inbox) are copied by SQLite's online backup, so they are whole whatever is being written; the rest of the
data directory (secret, certificates, media) is copied as it is. With PostgreSQL the database comes from `pg_dump`.

Accounts are copied before the inbox, so a message may wait for a device that the copy does not know; never the other
way.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

import orjson
from sqlalchemy.engine import make_url

import plauder
from plauder.kit.config import Config
from plauder.kit.errors import PlauderError
from plauder.ops import place
from plauder.store import migrations

MANIFEST = "manifest.json"
FILES = "files"
DUMP = "database.pgdump"
FORMAT = 1
_VOLATILE = ("-wal", "-shm", "-journal", ".new", ".lock")
_MOMENTARY = "streams"
"""Directory of what is remembered of open connections: of no use to a later time."""


class BackupFailed(PlauderError):
    """The backup could not be made."""

    code = "backup-failed"


class BadBackup(PlauderError):
    """That is not a whole backup."""

    code = "bad-backup"


@dataclass(frozen=True, slots=True)
class Summary:
    """What a backup holds. `bytes` in all."""

    path: Path
    made: str
    domain: str
    files: int
    bytes: int


def backup(config: Config, target: Path, now: datetime) -> Summary:
    """Copy everything to `target`, which must not exist; it appears whole or not at all. Raises BackupFailed."""
    if target.exists():
        raise BackupFailed(f"{target} is there already; nothing is overwritten. Name another place.")
    if not config.data_dir.is_dir():
        raise BackupFailed(f"There is no data in {config.data_dir}.")
    fresh = target.with_name(target.name + ".new")
    try:
        shutil.rmtree(fresh, ignore_errors=True)
        (fresh / FILES).mkdir(parents=True, mode=0o700)
        if not config.database.startswith("sqlite"):
            _dump_postgres(config.database, fresh / FILES / DUMP)
        for source in _sources(config):
            _copy(source, fresh / FILES / source.relative_to(config.data_dir))
        _write_manifest(fresh, config, now)
        summary = verify(fresh)
        os.replace(fresh, target)  # noqa: PTH105 - says that it replaces nothing: target was checked
    except (OSError, sqlite3.Error, PlauderError) as error:
        shutil.rmtree(fresh, ignore_errors=True)
        raise BackupFailed(f"The backup could not be written: {str(error).rstrip('.')}.") from None
    return replace(summary, path=target)


def _sources(config: Config) -> list[Path]:
    """Every lasting file of the data directory, the accounts' database first; backups inside of it are left out."""
    found = [
        path
        for path in config.data_dir.rglob("*")
        if path.is_file()
        and not path.is_symlink()
        and not path.name.endswith(_VOLATILE)
        and path.relative_to(config.data_dir).parts[0] != _MOMENTARY
        and not _is_in_backup(path, config.data_dir)
    ]
    return sorted(found, key=lambda path: (path.name != "plauder.db", str(path)))


def _is_in_backup(path: Path, root: Path) -> bool:
    return any(
        (parent / MANIFEST).exists() or parent.name.endswith(".new") for parent in path.parents if parent != root
    )


def _is_sqlite(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(16) == b"SQLite format 3\0"


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        if not _is_sqlite(source):
            if source.name in place.DATABASES and source.stat().st_size:
                raise BackupFailed(f"{source} is damaged: it is no database. Restore the last good backup.")
            shutil.copy2(source, target)
            return
    except FileNotFoundError:
        return  # an expired upload, gone since we looked
    with closing(sqlite3.connect(f"file:{source}?mode=rw", uri=True)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy, pages=1_000, sleep=0.01)
        copy.execute("PRAGMA journal_mode=DELETE")
    target.chmod(0o600)


def _dump_postgres(url: str, target: Path) -> None:
    _postgres("pg_dump", url, "--format=custom", f"--file={target}")


def _postgres(program: str, url: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs; the password goes by the environment, where `ps` does not show it."""
    parsed = make_url(url)
    names = {
        "PGHOST": parsed.query.get("host") or parsed.host,
        "PGPORT": parsed.port,
        "PGUSER": parsed.username,
        "PGPASSWORD": parsed.password,
        "PGDATABASE": parsed.database,
    }
    environment = os.environ | {name: str(value) for name, value in names.items() if value}
    try:
        done = subprocess.run(  # noqa: S603
            [program, *arguments], env=environment, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise BackupFailed(f"{program} is not installed; install PostgreSQL's client programs.") from None
    if done.returncode:
        raise BackupFailed(f"{program} failed: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else '?'}")


def _write_manifest(root: Path, config: Config, now: datetime) -> None:
    files = [path for path in sorted((root / FILES).rglob("*")) if path.is_file()]
    manifest = {
        "format": FORMAT,
        "version": plauder.__version__,
        "revision": migrations.newest(),
        "made": now.isoformat(timespec="seconds"),
        "domain": config.domain,
        "files": [
            {"path": path.relative_to(root / FILES).as_posix(), "bytes": path.stat().st_size, "sha256": _sha256(path)}
            for path in files
        ],
    }
    (root / MANIFEST).write_bytes(orjson.dumps(manifest, option=orjson.OPT_INDENT_2))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(source: Path) -> Summary:
    """See that every file is as it was and every database sound. Raises BadBackup, which names the first fault."""
    manifest = _manifest(source)
    listed: set[str] = set()
    total = 0
    for entry in manifest["files"]:
        path, size, digest = _entry(entry)
        listed.add(path)
        file = source / FILES / path
        if not file.is_file() or file.is_symlink():
            raise BadBackup(f"{path} is missing.")
        if file.stat().st_size != size or _sha256(file) != digest:
            raise BadBackup(f"{path} is not what was backed up: its size or checksum differs.")
        if _is_sqlite(file):
            _check_sqlite(file)
        total += size
    extra = {p.relative_to(source / FILES).as_posix() for p in (source / FILES).rglob("*") if not p.is_dir()} - listed
    if extra:
        raise BadBackup(f"{min(extra)} does not belong to the backup.")
    return Summary(source, str(manifest["made"]), str(manifest["domain"]), len(listed), total)


def _manifest(source: Path) -> dict[str, Any]:
    try:
        manifest = orjson.loads((source / MANIFEST).read_bytes())
    except (OSError, orjson.JSONDecodeError):
        raise BadBackup(f"{source} is no backup: there is no readable {MANIFEST} in it.") from None
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), list):
        raise BadBackup(f"{source / MANIFEST} is damaged.")
    if manifest.get("format") != FORMAT:
        raise BadBackup(f"The backup has format {manifest.get('format')!s:.20}; this version reads {FORMAT}.")
    if not isinstance(manifest.get("made"), str) or not isinstance(manifest.get("domain"), str):
        raise BadBackup(f"{source / MANIFEST} is damaged.")
    return manifest


def _entry(entry: Any) -> tuple[str, int, str]:
    """One file of the manifest; a path that leads out of the backup is refused."""
    try:
        path, size, digest = str(entry["path"]), int(entry["bytes"]), str(entry["sha256"])
    except (KeyError, TypeError, ValueError):
        raise BadBackup("The manifest is damaged.") from None
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or not pure.parts or "\0" in path:
        raise BadBackup(f"The manifest names {path!r:.60}, which leads out of the backup.")
    return path, size, digest


def _check_sqlite(path: Path) -> None:
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as database:
            verdict = database.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.Error as error:
        raise BadBackup(f"{path.name} is damaged: {error}.") from None
    if verdict != "ok":
        raise BadBackup(f"{path.name} is damaged: {verdict}.")


def restore(config: Config, source: Path) -> Summary:
    """Put a backup where there is nothing yet. Raises BadBackup, BackupFailed; then nothing has changed."""
    summary = verify(source)
    if summary.domain != config.domain:
        raise BadBackup(
            f"This is a backup of {summary.domain}; accounts belong to their domain, and the configuration has "
            f"{config.domain}."
        )
    target = config.data_dir
    if target.exists() and any(target.iterdir()):
        raise BackupFailed(f"{target} is not empty; nothing is overwritten. Move it away, or set data_dir to another.")
    fresh = target.with_name(target.name + ".new")
    try:
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(source / FILES, fresh, ignore=shutil.ignore_patterns(DUMP))
        if (source / FILES / DUMP).exists():
            _restore_postgres(config, source / FILES / DUMP)
        if target.exists():
            target.rmdir()
        fresh.rename(target)
    except (OSError, BackupFailed) as error:
        shutil.rmtree(fresh, ignore_errors=True)
        raise BackupFailed(f"The backup could not be restored: {str(error).rstrip('.')}.") from None
    return summary


def _restore_postgres(config: Config, dump: Path) -> None:
    if config.database.startswith("sqlite"):
        raise BackupFailed("The backup is of a PostgreSQL database: set database_url to an empty one.")
    name = str(make_url(config.database).database)
    arguments = ("--no-owner", "--exit-on-error", "--single-transaction", f"--dbname={name}", str(dump))
    _postgres("pg_restore", config.database, *arguments)
