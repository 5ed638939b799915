"""A real ejabberd (Debian's package) on free ports in a directory of its own: people, streams with others."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from plauder.edge import certificates
from plauder.kit.clock import SystemClock
from plauder.kit.config import Config
from tests.federation.town import free_port

DOMAIN = "theirs.test"

CONFIG = """
hosts: ["{domain}"]
loglevel: info
certfiles: ["{home}/tls/server.pem", "{home}/tls/server.key"]
ca_file: "{home}/tls/ca.pem"
s2s_cafile: "{home}/tls/ca.pem"
s2s_use_starttls: required
outgoing_s2s_port: {away}
outgoing_s2s_families: [ipv4]
s2s_dns_timeout: 1
s2s_dns_retries: 1
acl: {{local: {{user_regexp: ""}}}}
access_rules: {{c2s: {{allow: all}}, pubsub_createnode: {{allow: all}}}}
listen:
  - {{port: {port}, ip: "127.0.0.1", module: ejabberd_c2s, starttls: true, access: c2s}}
  - {{port: {s2s_port}, ip: "127.0.0.1", module: ejabberd_s2s_in}}
modules:
  mod_caps: {{}}
  mod_carboncopy: {{}}
  mod_disco: {{}}
  mod_muc: {{host: "conference.@HOST@", access: all, access_create: all}}
  mod_offline: {{}}
  mod_ping: {{}}
  mod_pubsub: {{access_createnode: pubsub_createnode, plugins: ["flat", "pep"], last_item_cache: false,
      max_items_node: 1000, force_node_config: {{"eu.siacs.conversations.axolotl.*": {{access_model: open}}}}}}
  mod_roster: {{}}
{dialback}
"""


@dataclass
class Ejabberd:
    """A running ejabberd."""

    home: Path
    port: int
    s2s_port: int
    process: asyncio.subprocess.Process | None = None

    @property
    def authority(self) -> Path:
        return self.home / "tls" / "ca.pem"

    @property
    def log(self) -> str:
        path = self.home / "ejabberd.log"
        return path.read_text() if path.exists() else ""

    def command(self, *arguments: str) -> list[str]:
        home = str(self.home)
        node = f"federation{self.port}@localhost"
        return ["ejabberdctl", "--config-dir", home, "--logs", home, "--spool", home, "--node", node, *arguments]

    async def run(self, *arguments: str) -> bool:
        """One of its commands; whether it worked."""
        done = await asyncio.create_subprocess_exec(
            *self.command(*arguments),
            env=_environment(),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        return await done.wait() == 0

    async def start(self, accounts: Sequence[str]) -> None:
        """Start it, and wait until it listens and has its accounts."""
        self.process = await asyncio.create_subprocess_exec(
            *self.command("foreground"),
            env=_environment(),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(60):
            while not await self.run("started"):
                assert self.process.returncode is None, self.log[-2_000:]
            for account in accounts:
                assert await self.run("register", account, DOMAIN, "secret")

    async def stop(self) -> None:
        if self.process is not None and self.process.returncode is None:
            await self.run("stop")
            async with asyncio.timeout(30):
                await self.process.wait()


def _environment() -> dict[str, str]:
    return os.environ | {"EJABBERD_BYPASS_WARNINGS": "true"}


@asynccontextmanager
async def ejabberd(home: Path, *, accounts: Sequence[str], away: int, dialback: bool) -> AsyncIterator[Ejabberd]:
    """An ejabberd that runs while the block does; `away`: the port where `localhost` is.

    It asks the system where others are, and cannot be told otherwise, so the other server has to be `localhost`.
    """
    certificates.files(Config(domain=DOMAIN, data_dir=home), SystemClock().now())
    running = Ejabberd(home, free_port(), free_port())
    (home / "ejabberd.yml").write_text(
        CONFIG.format(
            home=home,
            domain=DOMAIN,
            port=running.port,
            s2s_port=running.s2s_port,
            away=away,
            dialback="  mod_s2s_dialback: {}" if dialback else "",
        )
    )
    for path in (home, *home.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o644)  # it becomes its own user
    for above in home.parents:
        if above.stat().st_uid == os.getuid() and above.is_relative_to("/tmp") and above != Path("/tmp"):
            above.chmod(above.stat().st_mode | 0o011)
    try:
        await running.start(accounts)
        yield running
    finally:
        await running.stop()
