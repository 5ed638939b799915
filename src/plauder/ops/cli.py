"""The `plauder` command. A wrong argument is answered with one clear sentence, never with a stack.

What only one command needs and takes long to load is loaded by it.
"""

from __future__ import annotations

import asyncio
import getpass
import os
import sqlite3
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

import plauder
from plauder.features.accounts import rules, store
from plauder.features.accounts.invites import qr_svg
from plauder.features.audit import store as audit
from plauder.features.blocking.store import latest_reports
from plauder.kit import config as settings
from plauder.kit import log, phone
from plauder.kit.config import CONFIG_VARIABLE, Config
from plauder.kit.errors import BadInput, NotFound, PlauderError
from plauder.ops import money, place, portable
from plauder.ops.desk import Desk, desk
from plauder.ops.serve import Build, Seed, serve
from plauder.store import outbox

if TYPE_CHECKING:
    from plauder.ops.backup import Summary

SYSTEM_CONFIG = Path("/etc/plauder/plauder.toml")
LOCAL_CONFIG = Path("plauder.toml")
DAMAGED = (
    "`plauder check` says which one. "
    "Stop the server, move the data directory away, and `plauder restore` the last backup."
)


@dataclass(slots=True)
class Context:
    """What every command is given."""

    build: Build
    seed: Seed | None
    path: Path | None = None

    def config(self, **overrides: Any) -> Config:
        """The configuration in force. Raises ConfigError."""
        return settings.load(self.path, **overrides)


def run(build: Build, argv: list[str], *, seed: Seed | None = None) -> int:
    """Run one command; return the exit status: 0 fine, 1 it failed, 2 it was asked wrongly."""
    command = typer.main.get_command(application())
    try:
        result = command.main(argv or ["--help"], prog_name="plauder", standalone_mode=False, obj=Context(build, seed))
    except typer.Abort:
        return _fail("Stopped.", 1)
    except typer.TyperException as error:
        where = getattr(error, "ctx", None)
        hint = where.command_path if where is not None else "plauder"
        text = error.format_message() if hasattr(error, "format_message") else str(error)
        return _fail(f"{text} (`{hint} --help` tells more)", 2)
    except PlauderError as error:
        return _fail(error.message, 1)
    except (OSError, sqlite3.Error, SQLAlchemyError) as error:
        cause = getattr(error, "orig", None) or error
        reason = (str(cause).strip() or type(cause).__name__).splitlines()[0]
        if place.is_damage(cause):
            return _fail(f"A database is damaged: {reason}. {DAMAGED}", 1)
        return _fail(f"That did not work: {reason}", 1)
    except KeyboardInterrupt:
        return _fail("Stopped.", 130)
    return result if isinstance(result, int) else 0


def _fail(text: str, status: int) -> int:
    print(f"plauder: {text}", file=sys.stderr)  # noqa: T201
    return status


def _say(text: str = "") -> None:
    typer.echo(text)


def application() -> typer.Typer:
    options: dict[str, Any] = {"add_completion": False, "rich_markup_mode": None}
    app = typer.Typer(help=plauder.__doc__, pretty_exceptions_enable=False, **options)
    app.callback()(_main)
    app.command("serve")(serve_command)
    app.command("demo")(demo)
    app.command("check")(check)
    app.command("backup")(backup)
    app.command("verify")(verify)
    app.command("restore")(restore)
    app.command("export")(export_command)
    app.command("import")(import_command)
    app.command("reports")(reports_command)
    app.command("audit")(audit_command)
    for name, doc, commands in (
        ("account", "Look after accounts.", (account_list, account_add, account_password, account_disable)),
        ("account", "", (account_enable, account_delete, account_devices, account_log_out)),
        ("invite", "Let people in by link.", (invite_create, invite_list, invite_withdraw)),
        ("config", "The configuration.", (config_show, config_init, config_schema)),
        ("outbox", "What could not be delivered to other parts.", (outbox_list, outbox_retry)),
    ):
        group = next((info.typer_instance for info in app.registered_groups if info.name == name), None)
        if group is None:
            group = typer.Typer(help=doc, **options)
            app.add_typer(group, name=name)
        for command in commands:
            group.command(command.__name__.partition("_")[2].replace("_", "-"))(command)
    app.add_typer(money.group(_at_desk, **options), name="billing")
    return app


def _version(wanted: bool) -> None:
    if wanted:
        _say(f"plauder {plauder.__version__}")
        raise typer.Exit


def _main(
    context: typer.Context,
    config: Annotated[Path | None, typer.Option("--config", "-c", help="Configuration file (TOML).")] = None,
    version: Annotated[bool, typer.Option("--version", is_eager=True, callback=_version, help="Say it.")] = False,
) -> None:
    found: Context = context.obj
    named = os.environ.get(CONFIG_VARIABLE, "")
    if config is not None:
        found.path = config
    elif named:
        found.path = Path(named)
    else:
        found.path = next((path for path in (LOCAL_CONFIG, SYSTEM_CONFIG) if path.is_file()), None)


_ONLY_LOOK = {"audit", "list"}
"""Commands that change nothing and tell nothing about one person in particular."""


def _at_desk(context: typer.Context, work: Callable[[Desk], Awaitable[None]]) -> None:
    found: Context = context.obj
    config = found.config()
    log.configure(config.log.model_copy(update={"level": "error"}))

    async def go() -> None:
        async with desk(config) as opened:
            await work(opened)
            if context.info_name not in _ONLY_LOOK:
                who = os.environ.get("SUDO_USER") or getpass.getuser()
                command = context.command_path.partition(" ")[2]
                told = audit.Entry(_now(), f"{who} (terminal)", command, audit.described(context.params.items()))
                async with opened.database.begin() as uow:
                    await audit.write(uow, told)

    asyncio.run(go())


def _now() -> datetime:
    return datetime.now(UTC)


# ── the server ────────────────────────────────────────────────────────────────────────────────────────────────────


def serve_command(context: typer.Context) -> None:
    """Run the network until Ctrl-C or SIGTERM; SIGHUP reads the certificate again."""
    found: Context = context.obj
    serve(found.build, found.config())


def demo(
    context: typer.Context,
    dev: Annotated[bool, typer.Option("--dev", help="More in the log.")] = False,
) -> None:
    """Run a private network with people and businesses in it, codes shown at /dev."""
    found: Context = context.obj
    plain = found.config()
    demo_log = plain.log.model_copy(update={"level": "debug"}) if dev else plain.log
    config = plain.model_copy(
        update={
            "dev": plain.dev.model_copy(update={"page": True}),
            "data_dir": plain.data_dir / "demo",
            "log": demo_log,
        }
    )
    if not config.is_local:
        raise BadInput("The demo shows codes to everybody; it runs on localhost alone.")
    serve(found.build, config, found.seed)


class Part(StrEnum):
    """What `check` can look at more closely."""

    CALLS = "calls"


def check(
    context: typer.Context,
    part: Annotated[Part | None, typer.Argument(help="calls: send data through every relay.")] = None,
) -> int:
    """Look for what is wrong: ports, certificate, disk, database, DNS, SMS gateway, clock; or closely at one part."""
    from plauder.ops import check as checks
    from plauder.ops import check_calls

    found: Context = context.obj
    if part is Part.CALLS:
        findings = asyncio.run(check_calls.check(found.config(), _now()))
    else:
        findings = asyncio.run(checks.check(found.config(), _now()))
        findings += check_calls.settings(found.config())
    for finding in findings:
        _say(str(finding))
    return 1 if any(finding.level == "error" for finding in findings) else 0


def export_command(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A new file; keep it as safe as the server.")],
    names: Annotated[list[str] | None, typer.Argument(help="Only these accounts.")] = None,
) -> None:
    """Write accounts to a file that other XMPP servers read (XEP-0227)."""
    wanted = [_local(name) for name in names or ()]

    async def work(at: Desk) -> None:
        try:
            count = await portable.export(at, file, wanted)
        except FileExistsError:
            raise BadInput(f"{file} is there already; nothing is overwritten.") from None
        _say(f"{count} accounts are in {file}. It holds keys made from passwords: keep it as safe as the server.")

    _at_desk(context, work)


def import_command(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="What another server wrote (XEP-0227).")],
    host: Annotated[str, typer.Option("--host", help="The domain they had, where it is not ours.")] = "",
) -> int:
    """Open the accounts of such a file; those that are here already are left alone."""
    told = portable.Told()

    async def work(at: Desk) -> None:
        nonlocal told
        told = await portable.take(at, file, host=host)

    _at_desk(context, work)
    for warning in told.warnings:
        _say(warning)
    _say(f"{told.made} accounts are open.")
    return 0 if told.made or not told.warnings else 1


def reports_command(
    context: typer.Context,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many at most.")] = 50,
) -> None:
    """Show what people reported, with what they chose to show, the latest first."""

    async def work(at: Desk) -> None:
        async with at.database.read() as uow:
            for report in await latest_reports(uow, limit):
                _say(_printable(report.line))

    _at_desk(context, work)


def audit_command(
    context: typer.Context,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="How many at most.")] = 100,
) -> None:
    """Show what operators did, the latest first."""

    async def work(at: Desk) -> None:
        async with at.database.read() as uow:
            for entry in await audit.latest(uow, limit):
                _say(str(entry))

    _at_desk(context, work)


def _printable(text: str) -> str:
    """What others wrote must not drive the terminal."""
    return "".join(c if c.isprintable() else "?" for c in text)


# ── accounts ──────────────────────────────────────────────────────────────────────────────────────────────────────

Name = Annotated[str, typer.Argument(help="Phone number (+49…) or name.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def _local(text: str, *, must_be_new: bool = False) -> str:
    """The localpart that an operator means. Raises BadInput."""
    name = text.strip().partition("@")[0]
    if name.startswith("+"):
        return phone.parse(name).digits
    if must_be_new and not name.isdecimal() and not rules.is_good_name(name).allowed:
        raise BadInput(f"{text!r:.60} is neither a number as +49… nor a name of 3 to 32 small letters and digits.")
    if not name or len(name) > 64:
        raise BadInput(f"{text!r:.60} is neither a phone number nor a name.")
    return phone.parse_digits(name).digits if must_be_new and name.isdecimal() else name


def _ask_password() -> str:
    """From the terminal twice, or one line of standard input."""
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise BadInput("Type the password, or send it on standard input.")
    return line


def account_list(
    context: typer.Context,
    beginning: Annotated[str, typer.Argument(help="Only those that begin so.")] = "",
) -> None:
    """List accounts."""

    async def work(at: Desk) -> None:
        after, like = "", beginning.removeprefix("+")
        while True:
            async with at.database.read() as uow:
                rows = await store.page(uow, after=after, like=like)
            for row in rows:
                state = "" if row.enabled else "  disabled"
                _say(f"{row.local:<24} since {row.created:%Y-%m-%d}  seen {row.seen:%Y-%m-%d}{state}")
            if not rows:
                return
            after = rows[-1].local

    _at_desk(context, work)


def account_add(context: typer.Context, name: Name) -> None:
    """Open an account with a password."""
    local = _local(name, must_be_new=True)
    password = _ask_password()

    async def work(at: Desk) -> None:
        await at.devices.create_with_password(local, password)
        _say(f"{local}@{at.config.domain} is open.")

    _at_desk(context, work)


def account_password(context: typer.Context, name: Name) -> None:
    """Set a password that may be used anywhere; devices keep their own."""
    local, password = _local(name), _ask_password()

    async def work(at: Desk) -> None:
        await at.devices.set_password(local, password)
        _say(f"{local} has a new password.")

    _at_desk(context, work)


def account_disable(context: typer.Context, name: Name) -> None:
    """Shut an account: nobody can log in to it, nothing is deleted."""
    _set_enabled(context, name, False)


def account_enable(context: typer.Context, name: Name) -> None:
    """Open a shut account again."""
    _set_enabled(context, name, True)


def _set_enabled(context: typer.Context, name: str, wanted: bool) -> None:
    local = _local(name)

    async def work(at: Desk) -> None:
        await at.devices.set_enabled(local, wanted)
        _say(f"{local} is {'open' if wanted else 'shut'}.")

    _at_desk(context, work)


def account_delete(context: typer.Context, name: Name, yes: Yes = False) -> None:
    """Delete an account and everything that is kept of it."""
    local = _local(name)
    if not yes and not typer.confirm(f"Delete {local} for good?"):
        raise typer.Abort

    async def work(at: Desk) -> None:
        await at.devices.delete(local)
        _say(f"{local} is deleted.")

    _at_desk(context, work)


def account_devices(context: typer.Context, name: Name) -> None:
    """List an account's devices."""
    local = _local(name)

    async def work(at: Desk) -> None:
        await at.devices.account(local)
        for device in await at.devices.devices_of(local):
            _say(f"{device.id or '(password)':<14} {device.name:<32} seen {device.seen:%Y-%m-%d %H}h")

    _at_desk(context, work)


def account_log_out(
    context: typer.Context,
    name: Name,
    device: Annotated[str, typer.Argument(help="One device; empty: all.")] = "",
) -> None:
    """Remove an account's devices: they are logged out at once."""
    local = _local(name)

    async def work(at: Desk) -> None:
        await at.devices.account(local)
        if device:
            await at.devices.revoke(local, device)
            _say("1 device is logged out.")
        else:
            count = await at.devices.revoke_all(local)
            _say("1 device is logged out." if count == 1 else f"{count} devices are logged out.")

    _at_desk(context, work)


# ── invites ───────────────────────────────────────────────────────────────────────────────────────────────────────


def invite_create(
    context: typer.Context,
    uses: Annotated[int, typer.Option(min=1, max=10_000, help="How many people it lets in.")] = 1,
    days: Annotated[float, typer.Option(min=0.01, max=365, help="How long it is good for.")] = 7,
    note: Annotated[str, typer.Option(help="For whom; only you see it.")] = "",
    qr: Annotated[Path | None, typer.Option(help="Write the link as a QR code to this SVG file.")] = None,
) -> None:
    """Make an invite link."""

    async def work(at: Desk) -> None:
        if "invite" not in at.config.registration.ways:
            raise BadInput('registration.ways does not have "invite": nobody could use the link.')
        token, invite = await at.invites.create(None, uses=uses, days=days, note=note)
        url = at.invites.url(token)
        if qr is not None:
            qr.write_bytes(qr_svg(url))
        _say(f"{url}\nGood for {invite.uses_left} until {invite.expires:%Y-%m-%d %H:%M} UTC.")

    _at_desk(context, work)


def invite_list(context: typer.Context) -> None:
    """List the operator's open invites."""

    async def work(at: Desk) -> None:
        for invite in await at.invites.open_of(None):
            until = f"{invite.expires:%Y-%m-%d}"
            _say(f"{invite.token_hash.hex()[:16]}  {invite.uses_left:>5} uses  until {until}  {invite.note}")

    _at_desk(context, work)


def invite_withdraw(
    context: typer.Context, invite: Annotated[str, typer.Argument(help="As `invite list` shows it.")]
) -> None:
    """Withdraw an invite."""

    async def work(at: Desk) -> None:
        known = [one.token_hash.hex() for one in await at.invites.open_of(None)]
        chosen = [one for one in known if len(invite) >= 8 and one.startswith(invite)]
        if len(chosen) != 1:
            raise NotFound(f"There is no open invite {invite!r:.60}.")
        await at.invites.withdraw(chosen[0], None)
        _say("Withdrawn.")

    _at_desk(context, work)


# ── backup ────────────────────────────────────────────────────────────────────────────────────────────────────────


def backup(context: typer.Context, target: Annotated[Path, typer.Argument(help="Directory to make.")]) -> None:
    """Copy everything while the server runs."""
    from plauder.ops import backup as backups

    found: Context = context.obj
    _summary("Backed up", backups.backup(found.config(), target, _now()))


def verify(source: Annotated[Path, typer.Argument(help="Directory of a backup.")]) -> None:
    """See whether a backup is whole."""
    from plauder.ops import backup as backups

    _summary("Whole", backups.verify(source))


def restore(context: typer.Context, source: Annotated[Path, typer.Argument(help="Directory of a backup.")]) -> None:
    """Put a backup into an empty data directory. Nothing is ever overwritten."""
    from plauder.ops import backup as backups

    found: Context = context.obj
    _summary("Restored", backups.restore(found.config(), source))


def _summary(did: str, summary: Summary) -> None:
    size = f"{summary.files} files, {summary.bytes / 1_048_576:.1f} MiB"
    _say(f"{did}: {summary.domain} as of {summary.made} ({size}).")


# ── configuration ─────────────────────────────────────────────────────────────────────────────────────────────────


def config_show(context: typer.Context) -> None:
    """Show the configuration in force, secrets as stars."""
    found: Context = context.obj
    config = found.config()
    _say(f"# from {found.path or 'defaults'} and the environment")
    _say(orjson.dumps(settings.masked(config), option=orjson.OPT_INDENT_2).decode())


def config_init(
    path: Annotated[Path, typer.Argument(help="File to write.")] = LOCAL_CONFIG,
) -> None:
    """Write a commented configuration file with every setting at its default."""
    if path.exists():
        raise BadInput(f"{path} is there already; nothing is overwritten.")
    path.write_text(settings.example(), encoding="utf-8")
    path.chmod(0o600)
    _say(f"{path} is written. Set domain, then `plauder check`.")


def config_schema() -> None:
    """Print the JSON schema of the configuration."""
    _say(orjson.dumps(Config.model_json_schema(), option=orjson.OPT_INDENT_2).decode())


# ── outbox ────────────────────────────────────────────────────────────────────────────────────────────────────────


def outbox_list(context: typer.Context) -> None:
    """List what was given up after many tries."""

    async def work(at: Desk) -> None:
        async with at.database.read() as uow:
            waiting = await outbox.count(uow)
            rows = (await uow.execute(select(outbox.dead).order_by(outbox.dead.c.id).limit(1_000))).all()
        for row in rows:
            _say(f"{row.id:<8} {row.at:%Y-%m-%d %H:%M}  {row.topic:<28} {row.attempts} tries: {row.why}")
        _say(f"{waiting} wait, {len(rows)} were given up.")

    _at_desk(context, work)


def outbox_retry(
    context: typer.Context,
    number: Annotated[int | None, typer.Argument(help="As `outbox list` shows it; empty: all.")] = None,
) -> None:
    """Send again what was given up."""

    async def work(at: Desk) -> None:
        async with at.database.begin() as uow:
            revived = await outbox.revive(uow, number)
        if number is not None and not revived:
            raise NotFound(f"Nothing with the number {number} was given up.")
        _say(f"{revived} will be sent again.")

    _at_desk(context, work)
