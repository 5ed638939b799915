"""A real Prosody (Debian's package) on free ports in a temporary directory: people, groups, streams with others."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from plauder.edge import certificates
from plauder.kit.clock import SystemClock
from plauder.kit.config import Config
from tests.federation.town import free_port

DOMAIN = "theirs.test"

# Prosody has no setting for where another server is: this puts ours in the place of DNS.
PLACES = """
local service = require "net.resolvers.service";
local manual = require "net.resolvers.manual";
local asked = service.new;
local places = module:get_option("places", {});
function service.new(host, name, kind, extra)
  local port = places[host];
  if not port then return asked(host, name, kind, extra); end
  if name == "xmpps-server" then return manual.new({}, kind, extra); end
  return manual.new({ { kind .. "4", "127.0.0.1", port, extra } }, kind, extra);
end
function module.unload() service.new = asked; end
"""

CONFIG = """
data_path = "{home}/data"
run_as_root = true
pidfile = "{home}/prosody.pid"
plugin_paths = {{ "{home}/modules" }}
modules_enabled = {{ "roster"; "saslauth"; "tls"; "dialback"; "disco"; "carbons"; "pep"; "blocklist"; "vcard4";
  "version"; "ping"; "offline"; "smacks"; "s2s"; "presence"; "message"; "iq"; "places"; {modules} }}
modules_disabled = {{ "limits" }}
authentication = "internal_plain"
storage = "internal"
log = {{ debug = "{home}/prosody.log" }}
c2s_ports = {{ {port} }}
c2s_direct_tls_ports = {{ }}
s2s_ports = {{ {s2s_port} }}
s2s_direct_tls_ports = {{ {s2s_tls_port} }}
interfaces = {{ "127.0.0.1" }}
s2s_secure_auth = {secure}
ssl = {{ key = "{home}/tls/server.key"; certificate = "{home}/tls/server.pem"; cafile = "{home}/tls/ca.pem"; }}
places = {{ {places} }}
VirtualHost "{domain}"
Component "conference.{domain}" "muc"
  restrict_room_creation = false
"""


@dataclass
class Prosody:
    """A running Prosody."""

    home: Path
    port: int
    s2s_port: int
    s2s_tls_port: int
    process: asyncio.subprocess.Process | None = None

    @property
    def authority(self) -> Path:
        return self.home / "tls" / "ca.pem"

    @property
    def log(self) -> str:
        return (self.home / "prosody.log").read_text()

    async def start(self) -> None:
        """Start it, and wait until it listens."""
        self.process = await asyncio.create_subprocess_exec(
            *("prosody", "--config", str(self.home / "prosody.cfg.lua"), "-F"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(20):
            for port in (self.port, self.s2s_port):
                while not await _listens(port):
                    assert self.process.returncode is None, self.log[-2_000:]
                    await asyncio.sleep(0.05)

    async def stop(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.terminate()
            await self.process.wait()
        self.process = None


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


@asynccontextmanager
async def prosody(
    home: Path,
    *,
    accounts: Sequence[str],
    places: Mapping[str, int],
    is_secure: bool = True,
    modules: str = '"s2s_bidi"',
) -> AsyncIterator[Prosody]:
    """A Prosody that runs while the block does; `places`: ports of other servers by domain."""
    assert shutil.which("prosody"), "tools/debian.py installs it"
    certificates.files(Config(domain=DOMAIN, data_dir=home), SystemClock().now())
    (home / "modules").mkdir()
    (home / "modules" / "mod_places.lua").write_text(PLACES)
    people = home / "data" / quote(DOMAIN).replace(".", "%2e") / "accounts"
    people.mkdir(parents=True)
    for account in accounts:
        (people / f"{account}.dat").write_text('return { ["password"] = "secret"; };\n')
    running = Prosody(home, free_port(), free_port(), free_port())
    (home / "prosody.cfg.lua").write_text(
        CONFIG.format(
            home=home,
            port=running.port,
            s2s_port=running.s2s_port,
            s2s_tls_port=running.s2s_tls_port,
            domain=DOMAIN,
            modules=modules,
            secure="true" if is_secure else "false",
            places=" ".join(f'["{name}"] = {port};' for name, port in places.items()),
        )
    )
    await running.start()
    try:
        yield running
    finally:
        await running.stop()
