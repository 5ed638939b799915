"""Backup, verify, restore: whole or not at all, and nothing is ever overwritten."""

import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.ops.conftest import Command
from tests.postgres import Postgres, programs


@pytest.fixture
def network(plauder: Command, data: Path, here: Path) -> Path:
    """A data directory with an account, an inbox and a file."""
    plauder("account", "add", "ana", stdin="correct horse\n")
    with closing(sqlite3.connect(here / "data" / "inbox.db")) as inbox:
        inbox.execute("PRAGMA journal_mode=WAL")
        inbox.execute("CREATE TABLE message (stanza BLOB)")
        inbox.execute("INSERT INTO message VALUES (x'00')")
        inbox.commit()
    (here / "data" / "streams").mkdir()
    (here / "data" / "streams" / "streams.0").write_bytes(b"open connections")
    (here / "data" / "media" / "a").mkdir(parents=True)
    (here / "data" / "media" / "a" / "photo").write_bytes(b"cipher" * 1_000)
    return here / "data"


def test_there_and_back(plauder: Command, network: Path, here: Path) -> None:
    status, out, _ = plauder("backup", "safe")
    assert status == 0
    assert out.startswith("Backed up: localhost as of ")
    assert plauder("verify", "safe")[0] == 0
    assert (here / "safe" / "files" / "secret.key").stat().st_mode & 0o077 == 0
    assert not (here / "safe" / "files" / "streams").exists()
    original = (network / "secret.key").read_bytes()
    shutil.rmtree(network)
    assert plauder("restore", "safe")[0] == 0
    assert plauder("account", "list")[1].startswith("ana ")
    assert (network / "media" / "a" / "photo").read_bytes() == b"cipher" * 1_000
    assert (network / "secret.key").read_bytes() == original


def test_it_is_made_while_others_write(plauder: Command, network: Path) -> None:
    with closing(sqlite3.connect(network / "inbox.db", isolation_level=None)) as writer:
        writer.execute("INSERT INTO message VALUES (x'01')")
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO message VALUES (x'02')")
        assert plauder("backup", "safe")[0] == 0
        writer.execute("ROLLBACK")
    with closing(sqlite3.connect("safe/files/inbox.db")) as copy:
        assert copy.execute("SELECT count(*) FROM message").fetchone() == (2,)


def test_a_backup_beside_or_inside_the_data_holds_no_backup(plauder: Command, network: Path, here: Path) -> None:
    assert plauder("backup", "data/backups/one")[0] == 0
    assert plauder("backup", "data/backups/two")[0] == 0
    names = {
        entry["path"] for entry in json.loads((network / "backups" / "two" / "manifest.json").read_text())["files"]
    }
    assert "plauder.db" in names
    assert not any("backups" in name for name in names)


@pytest.mark.parametrize("name", ["plauder.db", "inbox.db"])
@pytest.mark.parametrize("at", [0, 4_096], ids=["header", "pages"])
def test_damaged_data_is_named_and_not_backed_up(
    plauder: Command, network: Path, here: Path, monkeypatch: pytest.MonkeyPatch, name: str, at: int
) -> None:
    with (network / name).open("r+b") as file:
        file.seek(at)
        file.write(b"\xa5" * 4_096)
    for port in ("HTTP__PORT", "XMPP__PORT", "XMPP__TLS_PORT"):
        monkeypatch.setenv(f"PLAUDER_{port}", "-1")
    status, out, _ = plauder("check")
    assert status == 1
    assert f"{name} is damaged" in out
    assert "plauder restore" in out
    status, out, err = plauder("backup", "safe")
    assert (status, out) == (1, "")
    assert "damaged" in err or "malformed" in err
    assert err.count("\n") == 1
    assert not list(here.glob("safe*"))


def test_nothing_is_overwritten(plauder: Command, network: Path, here: Path) -> None:
    plauder("backup", "safe")
    before = (here / "safe" / "manifest.json").read_bytes()
    assert "nothing is overwritten" in plauder("backup", "safe")[2]
    assert (here / "safe" / "manifest.json").read_bytes() == before
    status, _, err = plauder("restore", "safe")
    assert status == 1
    assert "is not empty; nothing is overwritten" in err


def damage(root: Path, what: str) -> None:
    manifest = json.loads((root / "manifest.json").read_text())
    files = manifest["files"]
    match what:
        case "changed":
            (root / "files" / "media" / "a" / "photo").write_bytes(b"cipheR" * 1_000)
        case "missing":
            (root / "files" / "secret.key").unlink()
        case "truncated":
            path = root / "files" / "plauder.db"
            path.write_bytes(path.read_bytes()[:5_000])
        case "extra":
            (root / "files" / "evil").write_text("x")
        case "link":
            (root / "files" / "secret.key").unlink()
            (root / "files" / "secret.key").symlink_to("/etc/hostname")
        case "outside":
            files.append({"path": "../../evil", "bytes": 1, "sha256": ""})
        case "absolute":
            files.append({"path": "/etc/hostname", "bytes": 1, "sha256": ""})
        case "format":
            manifest["format"] = 99
        case "shape":
            manifest["files"] = [1]
        case "domain":
            manifest["domain"] = None
    (root / "manifest.json").write_text(json.dumps(manifest))
    if what == "junk":
        (root / "manifest.json").write_bytes(b"\xff{")


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("changed", "media/a/photo is not what was backed up"),
        ("missing", "secret.key is missing"),
        ("truncated", "plauder.db is not what was backed up"),
        ("extra", "evil does not belong"),
        ("link", "secret.key is missing"),
        ("outside", "leads out of the backup"),
        ("absolute", "leads out of the backup"),
        ("format", "format 99"),
        ("shape", "damaged"),
        ("domain", "damaged"),
        ("junk", "no readable manifest"),
    ],
)
def test_a_damaged_backup_is_not_restored(plauder: Command, network: Path, here: Path, what: str, says: str) -> None:
    plauder("backup", "safe")
    damage(here / "safe", what)
    shutil.rmtree(network)
    for command in ("verify", "restore"):
        status, _, err = plauder(command, "safe")
        assert status == 1
        assert says in err
    assert not network.exists()


def test_another_domain_s_backup_is_refused(plauder: Command, network: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plauder("backup", "safe")
    shutil.rmtree(network)
    monkeypatch.setenv("PLAUDER_DOMAIN", "other.example")
    assert "accounts belong to their domain" in plauder("restore", "safe")[2]


@pytest.mark.server
def test_postgresql_there_and_back(
    plauder: Command, here: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{programs()}{os.pathsep}{os.environ['PATH']}")
    first, second = postgres.create(), postgres.create()
    monkeypatch.setenv("PLAUDER_DATABASE_URL", first)
    assert plauder("account", "add", "ana", stdin="correct horse\n")[0] == 0
    assert plauder("backup", "safe")[0] == 0
    shutil.rmtree(here / "data")
    monkeypatch.setenv("PLAUDER_DATABASE_URL", second)
    assert plauder("restore", "safe")[0] == 0
    assert plauder("account", "list")[1].startswith("ana ")
    shutil.rmtree(here / "data")
    status, _, err = plauder("restore", "safe")  # the database is not empty any more
    assert status == 1
    assert "pg_restore failed" in err
    assert not list(here.glob("data*"))
    monkeypatch.setenv("PLAUDER_DATABASE_URL", "")
    assert "set database_url to an empty one" in plauder("restore", "safe")[2]
