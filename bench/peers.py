"""The servers that are measured: Plauder, ejabberd and Prosody, each started fresh in a directory of its own.

Peers are tuned as their operators would for speed: no shapers, no archive, no rate limits; offline storage and stream
management on; hashed credentials; in-band registration, which is how every server gets its accounts here.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

DOMAIN = "localhost"
START_SECONDS = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Ports:
    tcp: int = field(default_factory=free_port)
    tls: int = field(default_factory=free_port)
    http: int = field(default_factory=free_port)


class Peer:
    """One server process tree. Use as a context manager."""

    name = ""
    ws_path = "/ws"
    rooms = f"conference.{DOMAIN}"
    version_command: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.ports = Ports()
        self.home = Path(mkdtemp(prefix=f"bench-{self.name}-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._command: list[str] = []
        self._log = self.home / "stdout.log"

    @classmethod
    def is_installed(cls) -> bool:
        return bool(cls.version_command) and shutil.which(cls.version_command[0]) is not None

    @classmethod
    def version(cls) -> str:
        done = subprocess.run(cls.version_command, capture_output=True, text=True, check=False)
        words = (done.stdout + done.stderr).split()
        return next((word for word in words if word[:1].isdigit()), "?")

    def configure(self) -> list[str]:
        """Write what it needs; the command that starts it in the foreground."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        return dict(os.environ)

    def __enter__(self) -> Peer:
        self.home.chmod(0o777)
        self._command = self.configure()
        self.start()
        return self

    def start(self) -> None:
        """Start it, for the first time or after `stop`, with what it has kept."""
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, cwd=self.home, env=self.environment(), start_new_session=True
            )
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        for port in (self.ports.tcp, self.ports.http):
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    assert self._process is not None
                    if self._process.poll() is not None or time.monotonic() > deadline:
                        raise RuntimeError(f"{self.name} did not start:\n{self._log.read_text()[-3000:]}") from None
                    time.sleep(0.1)
        time.sleep(1.0)

    def __exit__(self, *_: object) -> None:
        tree = self.pids()
        self.stop(signal.SIGTERM)
        for pid in tree:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.home, ignore_errors=True)

    def stop(self, how: signal.Signals) -> None:
        """End the process and wait for it."""
        assert self._process is not None
        if self._process.poll() is None:
            os.killpg(self._process.pid, how)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)

    def pids(self) -> list[int]:
        """The whole process tree."""
        assert self._process is not None
        parents: dict[int, int] = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(stat.parent.name)] = int(fields[1])
        tree, todo = [], [self._process.pid]
        while todo:
            pid = todo.pop()
            if pid in parents:
                tree.append(pid)
            todo += [child for child, parent in parents.items() if parent == pid]
        return tree

    def cpu_seconds(self) -> float:
        """User and system time of the whole tree so far, in seconds."""
        return sum(self.cpu_seconds_of(pid) for pid in self.pids())

    def cpu_seconds_of(self, pid: int) -> float:
        """User and system time of one process of the tree, in seconds."""
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def pss_bytes(self) -> int:
        """Proportional set size of the whole tree."""
        total = 0
        for pid in self.pids():
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
        return total


class Plauder(Peer):
    name = "plauder"
    rooms = f"groups.{DOMAIN}"
    version_command = (sys.executable, "-m", "plauder", "--version")

    def configure(self) -> list[str]:
        (self.home / "plauder.toml").write_text(
            f"""
domain = "{DOMAIN}"
data_dir = "{self.home}/data"
[http]
port = {self.ports.http}
[xmpp]
port = {self.ports.tcp}
tls_port = {self.ports.tls}
require_tls = false
max_connections = 100000
max_connections_per_address = 100000
[registration]
in_band = true
[limits]
tries_per_minute = 1000000
logins_per_minute = 1000000
requests_per_minute = 1000000
[log]
level = "warning"
"""
        )
        return [sys.executable, "-m", "plauder", "--config", str(self.home / "plauder.toml"), "serve"]


class Ejabberd(Peer):
    name = "ejabberd"
    version_command = ("dpkg-query", "-W", "-f", "${Version}", "ejabberd")

    @classmethod
    def is_installed(cls) -> bool:
        return shutil.which("ejabberdctl") is not None

    def configure(self) -> list[str]:
        pem = self.home / "server.pem"
        _certificate(pem)
        (self.home / "ejabberd.yml").write_text(
            f"""
hosts: ["{DOMAIN}"]
loglevel: error
certfiles: ["{pem}"]
ca_file: "{pem}"
auth_password_format: scram
shaper: {{}}
shaper_rules: {{max_user_sessions: 1000}}
acl: {{local: {{user_regexp: ""}}}}
access_rules: {{local: {{allow: local}}, c2s: {{allow: all}}, register: {{allow: all}}}}
registration_timeout: infinity
listen:
  - {{port: {self.ports.tcp}, ip: "127.0.0.1", module: ejabberd_c2s, max_stanza_size: 262144, access: c2s,
      starttls: false, max_fsm_queue: 100000, backlog: 2000}}
  - {{port: {self.ports.tls}, ip: "127.0.0.1", module: ejabberd_c2s, max_stanza_size: 262144, access: c2s, tls: true,
      backlog: 2000}}
  - {{port: {self.ports.http}, ip: "127.0.0.1", module: ejabberd_http, request_handlers: {{"/ws": ejabberd_http_ws}}}}
modules:
  mod_blocking: {{}}
  mod_caps: {{}}
  mod_carboncopy: {{}}
  mod_client_state: {{}}
  mod_disco: {{}}
  mod_muc: {{max_users: 2000, max_user_conferences: 1000, history_size: 0, min_message_interval: 0,
      min_presence_interval: 0, access_create: all, access: all, access_persistent: all,
      default_room_options: {{max_users: 2000, persistent: true, members_only: false,
      presence_broadcast: [moderator]}}}}
  mod_offline: {{access_max_user_messages: unlimited}}
  mod_ping: {{}}
  mod_privacy: {{}}
  mod_private: {{}}
  mod_pubsub: {{plugins: ["flat", "pep"]}}
  mod_register: {{ip_access: all, access: register, captcha_protected: false}}
  mod_roster: {{versioning: true}}
  mod_stream_mgmt: {{resend_on_timeout: if_offline}}
  mod_vcard: {{}}
  mod_version: {{}}
"""
        )
        # `su`, by which it becomes its own user, leaves it 1,024 files.
        erl = self.home / "erl"
        erl.write_text('#!/bin/sh\nulimit -Sn "$(ulimit -Hn)"\nexec /usr/bin/erl "$@"\n')
        (self.home / "ejabberdctl.cfg").write_text(f"ERL_MAX_PORTS=100000\nERL_PROCESSES=500000\nERL={erl}\n")
        for path in self.home.iterdir():
            path.chmod(0o644)
        erl.chmod(0o755)
        return [
            *("ejabberdctl", "--config-dir", str(self.home), "--logs", str(self.home), "--spool", str(self.home)),
            *("--node", f"bench{self.ports.tcp}@localhost", "foreground"),
        ]

    def environment(self) -> dict[str, str]:
        return super().environment() | {"EJABBERD_BYPASS_WARNINGS": "true"}


class Prosody(Peer):
    name = "prosody"
    ws_path = "/xmpp-websocket"
    version_command = ("dpkg-query", "-W", "-f", "${Version}", "prosody")

    @classmethod
    def is_installed(cls) -> bool:
        return shutil.which("prosody") is not None

    def configure(self) -> list[str]:
        pem = self.home / "server.pem"
        _certificate(pem)
        pem.chmod(0o644)
        (self.home / "prosody.cfg.lua").write_text(
            f"""
data_path = "{self.home}/data"
run_as_root = true
pidfile = "{self.home}/prosody.pid"
network_backend = "epoll"
network_settings = {{ tcp_backlog = 2000 }}
modules_enabled = {{ "roster"; "saslauth"; "tls"; "disco"; "carbons"; "pep"; "private"; "blocklist"; "vcard4";
  "version"; "time"; "ping"; "register"; "offline"; "smacks"; "csi"; "csi_simple"; "websocket"; "http"; "presence";
  "message"; "iq" }}
modules_disabled = {{ "s2s"; "limits" }}
allow_registration = true
registration_whitelist_only = false
min_seconds_between_registrations = 0
c2s_require_encryption = false
authentication = "internal_hashed"
storage = "internal"
log = {{ warn = "{self.home}/prosody.log" }}
c2s_ports = {{ {self.ports.tcp} }}
c2s_direct_tls_ports = {{ {self.ports.tls} }}
http_ports = {{ {self.ports.http} }}
https_ports = {{ }}
interfaces = {{ "127.0.0.1" }}
consider_websocket_secure = true
cross_domain_websocket = true
c2s_direct_tls_ssl = {{ key = "{pem}"; certificate = "{pem}"; }}
gc = {{ mode = "generational" }}
VirtualHost "{DOMAIN}"
  ssl = {{ key = "{pem}"; certificate = "{pem}"; }}
Component "conference.{DOMAIN}" "muc"
  muc_room_default_history_length = 0
  max_history_messages = 0
"""
        )
        (self.home / "data").mkdir()
        return ["prosody", "--config", str(self.home / "prosody.cfg.lua"), "-F"]


def _certificate(path: Path) -> None:
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-days", "2", "-subj", f"/CN={DOMAIN}", "-keyout", str(path), "-out", str(path) + ".crt"),
        ],
        check=True,
        capture_output=True,
    )
    crt = Path(str(path) + ".crt")
    path.write_bytes(path.read_bytes() + crt.read_bytes())


PEERS: tuple[type[Peer], ...] = (Plauder, Ejabberd, Prosody)
