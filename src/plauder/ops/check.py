"""`plauder check`: what is wrong with this installation, why, and what to do. Each finding names cause and fix."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from sqlalchemy.exc import SQLAlchemyError

from plauder.edge import certificates
from plauder.edge.http.app import SOURCE_WEB_ROOT
from plauder.edge.listen import PortTaken, bind
from plauder.kit.config import OFF, Config, ConfigError
from plauder.ops import check_dns, check_federation, place
from plauder.ops.finding import Finding
from plauder.store import migrations, outbox
from plauder.store.database import Database

EXPIRES_SOON = timedelta(days=14)


async def check(config: Config, now: datetime) -> list[Finding]:
    """Look at everything. Changes nothing."""
    findings = [*_settings(config), *_disk(config), *_tls(config, now), *_web(config), *_clock(now)]
    asked: tuple[Callable[[Config], Awaitable[list[Finding]]], ...] = (_ports, _database, check_dns.check, _sms)
    for one in asked:
        findings += await one(config)
    return findings + await check_federation.check(config, now)


def _settings(config: Config) -> list[Finding]:
    if config.is_local:
        return [Finding("note", "domain", "localhost: a network for this machine alone.", "For others set domain.")]
    found = [Finding("ok", "domain", config.domain)]
    if config.dev.page:
        found.append(Finding("error", "dev page", "/dev shows verification codes.", "Set dev.page = false."))
    if config.registration.in_band:
        found.append(Finding("warning", "registration", "Anybody can register by XEP-0077.", "Set in_band = false."))
    if not config.public_url.startswith("https://"):
        fix = "Put a reverse proxy with TLS before it and set http.public_url, or set http.tls = true."
        found.append(Finding("error", "http", f"{config.public_url} is not encrypted.", fix))
    return found


def _disk(config: Config) -> list[Finding]:
    path = config.data_dir
    existing = next(parent for parent in (path.absolute(), *path.absolute().parents) if parent.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        return [Finding("error", "data", f"{existing} cannot be written.", f"Give it to the user {_user()}.")]
    free = shutil.disk_usage(existing).free
    text = f"{path}: {free // 1_048_576} MiB free"
    if free < config.inbox.min_free_bytes:
        fix = "Make room: below inbox.min_free_bytes messages are refused."
        return [Finding("error", "data", f"{text}.", fix)]
    if free < 5 * max(config.inbox.min_free_bytes, 200_000_000):
        return [Finding("warning", "data", f"{text}.", "Make room soon.")]
    secret = path / "secret.key"
    if secret.exists() and secret.stat().st_mode & 0o077:
        return [Finding("error", "data", f"{secret} can be read by others.", f"chmod 600 {secret}")]
    return [Finding("ok", "data", text)]


def _user() -> str:
    return os.environ.get("USER") or str(os.geteuid())


def _tls(config: Config, now: datetime) -> list[Finding]:
    own = config.tls.certificate is not None
    path = config.tls.certificate or config.data_dir / "tls" / "server.pem"
    if not own and not path.exists():
        return [Finding("note", "tls", "A private certificate will be made at first start.", _real_one(config))]
    try:
        certificate = certificates.read(path)
        if own:
            certificates.files(config, now)
    except ConfigError as error:
        return [Finding("error", "tls", error.message, "Set tls.certificate and tls.key to PEM files that fit.")]
    ends = certificate.not_valid_after_utc
    if not certificates.covers(certificate, config.domain):
        return [Finding("error", "tls", f"The certificate is not for {config.domain}.", "Get one that names it.")]
    if ends <= now:
        return [Finding("error", "tls", f"The certificate ended on {ends:%Y-%m-%d}.", "Renew it, then send SIGHUP.")]
    if ends <= now + EXPIRES_SOON and own:
        return [Finding("warning", "tls", f"The certificate ends on {ends:%Y-%m-%d}.", "Renew it, then send SIGHUP.")]
    if not own and not config.is_local:
        return [
            Finding("warning", "tls", "The certificate is a private one; clients will refuse it.", _real_one(config))
        ]
    return [Finding("ok", "tls", f"valid until {ends:%Y-%m-%d}")]


def _real_one(config: Config) -> str:
    return "" if config.is_local else "Get one (Let's Encrypt) and set tls.certificate and tls.key."


def _web(config: Config) -> list[Finding]:
    root = config.http.web_root or SOURCE_WEB_ROOT
    if (Path(root) / "index.html").is_file():
        return [Finding("ok", "web app", str(root))]
    return [Finding("warning", "web app", f"{root} has no index.html.", "Build it (`make run`) or set http.web_root.")]


def _clock(now: datetime) -> list[Finding]:
    # systemd-timesyncd and chrony's wrapper leave this mark; where neither runs nothing can be said.
    directory = Path("/run/systemd/timesync")
    if now.year < 2026:
        return [Finding("error", "clock", f"It says {now:%Y-%m-%d}.", "Set it: codes and certificates depend on it.")]
    if directory.is_dir() and not (directory / "synchronized").exists():
        return [Finding("warning", "clock", "Not synchronized.", "Look at `timedatectl`.")]
    return [Finding("ok", "clock", f"{now:%Y-%m-%d %H:%M} UTC")]


async def _ports(config: Config) -> list[Finding]:
    found = []
    running = await _is_running(config)
    for setting, host, port in (
        ("http.port", config.http_host, config.http.port),
        ("xmpp.port", config.xmpp_host, config.xmpp.port),
        ("xmpp.tls_port", config.xmpp_host, config.xmpp.tls_port),
        *_federation_ports(config),
    ):
        if port in (OFF, 0):
            continue
        try:
            bind(host, port, setting).close()
            found.append(Finding("ok", setting, f"{port} is free"))
        except PortTaken as error:
            if running:
                found.append(Finding("ok", setting, f"{port} is served"))
            else:
                found.append(Finding("error", setting, error.message, "See `ss -ltnp` for who has it."))
    return found


def _federation_ports(config: Config) -> list[tuple[str, str, int]]:
    settings = config.federation
    ports = (("federation.port", settings.port), ("federation.tls_port", settings.tls_port))
    return [(name, config.federation_host, port) for name, port in ports] if settings.enabled else []


async def _is_running(config: Config) -> bool:
    """Whether our own server answers on the HTTP port."""
    if config.http.port in (OFF, 0):
        return False
    scheme = "https" if config.http.tls else "http"
    url = f"{scheme}://{config.http_host or '127.0.0.1'}:{config.http.port}/health/live"
    try:
        async with httpx.AsyncClient(verify=False, timeout=2) as http:  # noqa: S501 - only asks whether we are there
            return bool((await http.get(url)).json() == {"status": "live"})
    except (httpx.HTTPError, ValueError):
        return False


def _damage(config: Config) -> list[Finding]:
    """Broken files of our own; PostgreSQL looks after its."""
    fix = "Stop the server, move the data directory away, and `plauder restore` the last backup."
    paths = (config.data_dir / name for name in place.DATABASES)
    return [
        Finding("error", "database", f"{path} is damaged: {why}.", fix) for path in paths if (why := place.damage(path))
    ]


async def _database(config: Config) -> list[Finding]:
    if broken := await asyncio.to_thread(_damage, config):
        return broken
    if config.database.startswith("sqlite") and not (config.data_dir / "plauder.db").exists():
        return [Finding("note", "database", "A new one will be made at first start.")]
    database = Database(config.database)
    try:
        revision = await migrations.current(database)
        if revision is None:
            return [Finding("note", "database", "Empty: tables will be made at first start.")]
        if revision != migrations.newest():
            return [Finding("note", "database", f"At {revision}: will be migrated to {migrations.newest()} at start.")]
        async with database.read() as uow:
            dead = await outbox.count(uow, outbox.dead)
        if dead:
            return [Finding("warning", "outbox", f"{dead} were given up.", "See `plauder outbox list`, then `retry`.")]
    except (SQLAlchemyError, OSError) as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
        return [Finding("error", "database", f"Cannot be used: {reason}", "Check database_url, and that it runs.")]
    finally:
        await database.close()
    return [Finding("ok", "database", f"at revision {revision}")]


async def _sms(config: Config) -> list[Finding]:
    if "phone" not in config.registration.ways:
        return [Finding("ok", "sms", "not needed: nobody registers by number")]
    settings = config.sms
    if settings.gateway == "console":
        if config.is_local:
            return [Finding("ok", "sms", "codes are printed by the server")]
        fix = 'Set sms.gateway to http or twilio, or registration.ways to ["invite"].'
        return [Finding("error", "sms", "Codes are printed, not sent: nobody can register.", fix)]
    if settings.gateway == "twilio":
        return [await _twilio(config)]
    parts = urlsplit(settings.http_url)
    try:
        async with asyncio.timeout(5):
            port = parts.port or (443 if parts.scheme == "https" else 80)
            _, writer = await asyncio.open_connection(parts.hostname, port)
            writer.close()
    except (OSError, TimeoutError, ValueError):
        return [Finding("error", "sms", f"{parts.netloc} cannot be reached.", "Check sms.http_url and the firewall.")]
    return [Finding("ok", "sms", f"{parts.netloc} can be reached")]


async def _twilio(config: Config) -> Finding:
    """Ask for the account itself: it costs nothing and proves SID and token."""
    settings = config.sms
    url = f"{settings.twilio_url}/2010-04-01/Accounts/{settings.twilio_account_sid}.json"
    auth = httpx.BasicAuth(settings.twilio_account_sid, settings.twilio_auth_token.get_secret_value())
    try:
        async with httpx.AsyncClient(timeout=5) as http:
            answer = await http.get(url, auth=auth)
    except httpx.HTTPError as error:
        return Finding("error", "sms", f"Twilio cannot be reached ({type(error).__name__}).", "Check the firewall.")
    if answer.status_code == 200:
        return Finding("ok", "sms", "Twilio accepts the account")
    fix = "Check sms.twilio_account_sid and sms.twilio_auth_token."
    return Finding("error", "sms", f"Twilio answers {answer.status_code}.", fix)
