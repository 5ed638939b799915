"""`python -m bench.media`: files up and down, Plauder against nginx (its dav module), both without TLS.

Server CPU per MiB and throughput, with one connection and files of 32 MiB. Plauder checks the slot, counts the bytes,
hashes them and writes them durably; nginx only writes.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import sys
import time

import uvloop

from bench.client import CLIENT, Client
from bench.peers import DOMAIN, Peer, Plauder
from bench.workloads import PASSWORD, accounts

SIZE = 32 * 1024 * 1024
FILES = 4
CHUNK = bytes(256 * 1024)


class Nginx(Peer):
    """The yardstick: PUT and GET of static files, one worker a core."""

    name = "nginx"
    version_command = ("dpkg-query", "-W", "-f", "${Version}", "nginx")

    @classmethod
    def is_installed(cls) -> bool:
        return shutil.which("nginx") is not None

    def configure(self) -> list[str]:
        self.ports.tcp = self.ports.http
        (self.home / "files").mkdir(mode=0o777)
        (self.home / "nginx.conf").write_text(
            f"""
daemon off; user root; worker_processes auto; pid {self.home}/pid; error_log {self.home}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; client_max_body_size 0; client_body_temp_path {self.home}/temp;
  server {{ listen 127.0.0.1:{self.ports.http}; root {self.home}/files; location / {{ dav_methods PUT; }} }}
}}
"""
        )
        return ["nginx", "-c", str(self.home / "nginx.conf"), "-p", str(self.home)]


async def _http(port: int, head: str, body_size: int) -> tuple[int, int]:
    """One request on a connection of its own: (status, bytes of the answer's body)."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    writer.write(f"{head}\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {body_size}\r\n\r\n".encode())
    left = body_size
    while left:
        part = CHUNK[: min(left, len(CHUNK))]
        writer.write(part)
        await writer.drain()
        left -= len(part)
    answer = await reader.readuntil(b"\r\n\r\n")
    got = 0
    while part := await reader.read(1 << 20):
        got += len(part)
    writer.close()
    return int(answer.split()[1]), got


async def _slots(peer: Peer) -> list[tuple[str, str, str]]:
    """Path to put to, its header, path to get from."""
    if isinstance(peer, Nginx):
        return [(f"/file{n}", "X: y", f"/file{n}") for n in range(FILES)]
    [name] = await accounts(peer, "media", 1)
    client = Client(peer, name, PASSWORD)
    await client.login()
    slots = []
    for number in range(FILES):
        ask = f"<request xmlns='urn:xmpp:http:upload:0' filename='f.bin' size='{SIZE}'/>"
        answer = await client.ask(
            f"<iq type='get' id='slot{number}' to='{DOMAIN}' {CLIENT}>{ask}</iq>".encode(), b"slot%d" % number
        )
        put, secret, get = re.findall(rb"url='https?://[^/]*([^']*)'|>(Bearer [^<]*)<", answer)
        slots.append((put[0].decode(), f"Authorization: {secret[1].decode()}", get[0].decode()))
    client.close()
    return slots


async def measure(peer: Peer) -> dict[str, tuple[float, float]]:
    """Direction → (CPU in ms per MiB, MiB a second)."""
    slots = await _slots(peer)
    mebibytes = SIZE * FILES / 1_048_576
    found = {}
    for direction in ("up", "down"):
        cpu, began = peer.cpu_seconds(), time.perf_counter()
        for put, header, get in slots:
            if direction == "up":
                status, _ = await _http(peer.ports.http, f"PUT {put} HTTP/1.1\r\n{header}", SIZE)
                assert status == 201, status
            else:
                status, size = await _http(peer.ports.http, f"GET {get} HTTP/1.1", 0)
                assert (status, size) == (200, SIZE), (status, size)
        took = time.perf_counter() - began
        found[direction] = ((peer.cpu_seconds() - cpu) / mebibytes * 1_000, mebibytes / took)
    return found


def main() -> int:
    peers = [peer for peer in (Plauder, Nginx) if peer.is_installed()]
    results = {}
    for kind in peers:
        with kind() as running:
            results[kind.name] = uvloop.run(measure(running))
    print("| work | " + " | ".join(results) + " | ratio |")
    print("|---|" + "--:|" * (len(results) + 1))
    for direction in ("up", "down"):
        for index, unit in enumerate(("ms of CPU per MiB", "MiB/s")):
            values = [result[direction][index] for result in results.values()]
            ratio = f"{values[0] / values[1]:.2f} ×" if len(values) == 2 else "–"
            print(f"| {direction}, {unit} | " + " | ".join(f"{value:.1f}" for value in values) + f" | {ratio} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
