"""The command line: what it does, and one clear sentence for whatever is wrong."""

import contextlib
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plauder import __version__, app
from plauder.ops import cli
from tests.ops.conftest import Command


def test_accounts_from_opening_to_deletion(plauder: Command) -> None:
    assert plauder("account", "add", "ana", stdin="correct horse\n") == (0, "ana@localhost is open.\n", "")
    assert plauder("account", "add", "+49 1511 2345678", stdin="correct horse\n")[0] == 0
    status, out, _ = plauder("account", "list")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()] == ["4915112345678", "ana"]
    assert plauder("account", "list", "+49")[1].count("\n") == 1
    assert plauder("account", "disable", "ana")[1] == "ana is shut.\n"
    assert "disabled" in plauder("account", "list", "ana")[1]
    assert plauder("account", "enable", "ana@localhost")[1] == "ana is open.\n"
    assert plauder("account", "password", "ana", stdin="another horse\n")[0] == 0
    assert "(password)" in plauder("account", "devices", "ana")[1]
    assert plauder("account", "log-out", "ana")[1] == "1 device is logged out.\n"
    assert plauder("account", "delete", "ana", "--yes")[1] == "ana is deleted.\n"
    assert plauder("account", "delete", "ana", "--yes") == (1, "", "plauder: There is no account ana.\n")


def test_what_operators_did_is_written_down_without_secrets(plauder: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "olga")
    plauder("account", "add", "ana", stdin="correct horse\n")
    plauder("account", "list")
    plauder("account", "devices", "ana")
    assert plauder("account", "disable", "nobody")[0] == 1
    status, out, _ = plauder("audit")
    said = [line.partition(" olga (terminal): ")[2] for line in out.splitlines()]
    assert (status, said) == (0, ["account devices name=ana", "account add name=ana"])
    assert "horse" not in out
    assert len(plauder("audit", "--limit", "1")[1].splitlines()) == 1


def test_reports_cannot_drive_the_terminal(plauder: Command, here: Path) -> None:
    assert plauder("reports") == (0, "", "")
    report = "('r@x', 'bad@x', 'urn:xmpp:reporting:spam', 'buy\x1b[2J now', '[]', 1795341600000000)"
    with contextlib.closing(sqlite3.connect(here / "data" / "plauder.db")) as database:
        database.execute(f"INSERT INTO abuse_report (reporter, reported, reason, text, evidence, at) VALUES {report}")
        database.commit()
    assert plauder("reports")[1] == "2026-11-22 10:00 bad@x: spam, by r@x: buy?[2J now\n"


def test_invites(plauder: Command, here: Path) -> None:
    status, out, _ = plauder("invite", "create", "--uses", "3", "--note", "family", "--qr", "qr.svg")
    assert status == 0
    assert out.startswith("http://localhost:8080/i/")
    assert (here / "qr.svg").read_bytes().startswith(b"<svg")
    listed = plauder("invite", "list")[1]
    assert "3 uses" in listed
    assert "family" in listed
    assert plauder("invite", "withdraw", listed.split()[0])[1] == "Withdrawn.\n"
    assert plauder("invite", "withdraw", listed.split()[0])[0] == 1
    assert plauder("invite", "list")[1] == ""


def test_configuration(plauder: Command, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert plauder("config", "init")[0] == 0
    assert (here / "plauder.toml").stat().st_mode & 0o777 == 0o600
    assert plauder("config", "init") == (1, "", "plauder: plauder.toml is there already; nothing is overwritten.\n")
    monkeypatch.setenv("PLAUDER_SMS__TWILIO_AUTH_TOKEN", "hunter2")
    out = plauder("config", "show")[1]
    assert "from plauder.toml" in out
    assert "hunter2" not in out
    assert '"registration"' in plauder("config", "schema")[1]
    monkeypatch.setenv("PLAUDER_CONFIG", "other.toml")
    assert "There is no configuration file other.toml" in plauder("config", "show")[2]


def test_outbox(plauder: Command) -> None:
    assert plauder("outbox", "list")[1] == "0 wait, 0 were given up.\n"
    assert plauder("outbox", "retry")[1] == "0 will be sent again.\n"
    assert plauder("outbox", "retry", "7")[0] == 1


@pytest.mark.parametrize(
    ("argv", "status", "says"),
    [
        (["frob"], 2, "No such command 'frob'"),
        (["serve", "--frob"], 2, "No such option: --frob"),
        (["account"], 2, "Missing command"),
        (["account", "add"], 2, "Missing argument"),
        (["account", "add", "Bad Name"], 1, "neither a number"),
        (["account", "add", "+49123"], 1, "There is no such phone number"),
        (["account", "add", "ana"], 1, "standard input"),
        (["account", "add", "x" * 10_000], 1, "neither a number"),
        (["account", "devices", "nobody"], 1, "There is no account nobody"),
        (["account", "log-out", "nobody", "x"], 1, "There is no account nobody"),
        (["account", "password", ""], 1, "neither a phone number"),
        (["invite", "create", "--uses", "0"], 2, "--uses"),
        (["invite", "create", "--uses", "many"], 2, "--uses"),
        (["invite", "create", "--days", "nan"], 2, "days"),
        (["invite", "create", "--qr", "/nonexistent/x.svg"], 1, "No such file"),
        (["invite", "withdraw", ""], 1, "There is no open invite"),
        (["outbox", "retry", "x"], 2, "Invalid value"),
        (["verify", "/nonexistent"], 1, "no backup"),
        (["restore", "/nonexistent"], 1, "no backup"),
        (["backup", "b"], 1, "There is no data"),
        (["--config", "/nonexistent", "check"], 1, "There is no configuration file"),
    ],
)
def test_a_wrong_command_gets_one_sentence(plauder: Command, argv: list[str], status: int, says: str) -> None:
    found, out, err = plauder(*argv)
    assert (found, out) == (status, "")
    assert says in err
    assert err.startswith("plauder: ")
    assert err.count("\n") == 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(max_size=20), max_size=4))
def test_no_arguments_whatever_end_in_a_stack(here: Path, argv: list[str]) -> None:
    words = [word for word in argv if word not in ("serve", "demo")]
    assert cli.run(app.build, words) in (0, 1, 2)


def test_the_version_is_said_without_loading_the_network() -> None:
    asked = "import sys; sys.argv = ['plauder', '--version']; from plauder import __main__ as it; it.main(); "
    script = asked + "print([name for name in sys.modules if name.startswith(('plauder.', 'sqlalchemy', 'fastapi'))])"
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert said.stdout == f"plauder {__version__}\n['plauder.__main__']\n"


def test_a_broken_database_url_is_told(plauder: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    for url in ("nonsense", "mysql://x/y", "postgresql://127.0.0.1:1/none", "sqlite:////nonexistent/x.db"):
        monkeypatch.setenv("PLAUDER_DATABASE_URL", url)
        status, out, err = plauder("account", "list")
        assert (status, out) == (1, "")
        assert err.count("\n") == 1


def test_a_damaged_database_is_told_with_the_way_out(plauder: Command, data: Path) -> None:
    (data / "plauder.db").write_bytes(b"\xa5" * 20_000)
    status, out, err = plauder("account", "list")
    assert (status, out) == (1, "")
    assert "plauder: A database is damaged: " in err
    assert "plauder restore" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("argv", [("serve",), ("account", "list")])
def test_a_data_directory_that_cannot_be_used_is_named(
    plauder: Command, here: Path, monkeypatch: pytest.MonkeyPatch, argv: tuple[str, ...]
) -> None:
    (here / "file").write_text("")
    monkeypatch.setenv("PLAUDER_DATA_DIR", "file/data")
    status, _, err = plauder(*argv)
    assert status == 1
    assert f"plauder: The data directory {here}/file/data cannot be written: " in err
    assert "set data_dir" in err
    assert err.count("\n") == 1


def test_check_finds_what_is_wrong_and_says_what_to_do(plauder: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    for port in ("HTTP__PORT", "XMPP__PORT", "XMPP__TLS_PORT"):
        monkeypatch.setenv(f"PLAUDER_{port}", "-1")
    assert plauder("check")[0] == 0
    monkeypatch.setenv("PLAUDER_DOMAIN", "plauder.invalid")
    monkeypatch.setenv("PLAUDER_DEV__PAGE", "true")
    status, out, _ = plauder("check")
    assert status == 1
    for finding in ("dev.page = false", "is not encrypted", "does not resolve", "nobody can register"):
        assert finding in out
    lines = out.splitlines()
    errors = [at for at, line in enumerate(lines) if line.startswith("ERROR")]
    assert len(errors) >= 4
    assert all("→" in lines[at + 1] for at in errors)
