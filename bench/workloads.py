"""What is measured: server CPU per unit of work, memory per connection, latency. Each takes a running peer."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bench.client import CLIENT, PATIENCE, Client
from bench.peers import DOMAIN, Peer

PASSWORD = "correct horse battery"
TEXT = "x" * 100
CIPHER = "QUJD" * 400
RECEIPT = "<request xmlns='urn:xmpp:receipts'/>"
OMEMO = (
    "<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='27183'><key rid='31415'>"
    + "MwohBY" * 25
    + f"</key><iv>1g1RJ1J1lk8N9Q==</iv></header><payload>{CIPHER[:1150]}</payload></encrypted>"
    "<encryption xmlns='urn:xmpp:eme:0' namespace='eu.siacs.conversations.axolotl'/><store xmlns='urn:xmpp:hints'/>"
)


@dataclass(frozen=True, slots=True)
class Result:
    """One measurement. `unit` is µs, KiB or ms."""

    value: float
    unit: str
    note: str = ""


def text(to: str, number: int, body: str = TEXT) -> bytes:
    return f"<message type='chat' to='{to}' id='m{number}' {CLIENT}><body>{body}</body>{RECEIPT}</message>".encode()


def omemo(to: str, number: int) -> bytes:
    return f"<message type='chat' to='{to}' id='m{number}' {CLIENT}>{OMEMO}{RECEIPT}</message>".encode()


def receipt(to: str, number: int) -> bytes:
    return (
        f"<message to='{to}' id='r{number}' {CLIENT}><received xmlns='urn:xmpp:receipts' id='m{number}'/></message>"
    ).encode()


async def accounts(peer: Peer, prefix: str, count: int) -> list[str]:
    """Register `count` accounts."""
    names = [f"{prefix}{n}" for n in range(count)]
    for start in range(0, count, 20):
        await asyncio.gather(*(Client(peer, name, PASSWORD).register() for name in names[start : start + 20]))
    return names


async def online(peer: Peer, names: list[str], *, kind: str = "tcp", manage: bool = False) -> list[Client]:
    clients = [Client(peer, name, PASSWORD, kind=kind) for name in names]
    for start in range(0, len(clients), 20):
        await asyncio.gather(*(client.login(manage=manage) for client in clients[start : start + 20]))
    await asyncio.sleep(0.5)
    return clients


async def chat(
    peer: Peer,
    make: Callable[[str, int], bytes],
    *,
    kind: str,
    manage: bool,
    answer: bool,
    pairs: int = 20,
    total: int = 12_000,
) -> Result:
    """Pairs that talk, each sender one message at a time; server CPU per message, or per exchange with its receipt."""
    names = await accounts(peer, "u", pairs * 2)
    clients = await online(peer, names, kind=kind, manage=manage)
    done, left = asyncio.Event(), [total]
    ask = b"<r xmlns='urn:xmpp:sm:3'/>"

    def pair(sender: Client, receiver: Client) -> Callable[[], None]:
        number = [0]
        waits_for = [b""]

        def send() -> None:
            number[0] += 1
            if manage:
                sender.write_each(make(receiver.jid, number[0]), ask)
            else:
                sender.write(make(receiver.jid, number[0]))

        def finished() -> None:
            left[0] -= 1
            if left[0] <= 0:
                done.set()
            else:
                send()

        def received(element: bytes) -> None:
            if b"id='m" not in element and b'id="m' not in element:
                return
            if not answer:
                finished()
            elif manage:
                receiver.write_each(receipt(sender.jid, number[0]), ask)
            else:
                receiver.write(receipt(sender.jid, number[0]))

        def answered(element: bytes) -> None:
            if b"received" in element and waits_for is not None:
                finished()

        receiver.on_stanza, sender.on_stanza = received, answered
        return send

    starts = [pair(clients[n], clients[n + pairs]) for n in range(pairs)]
    before = peer.cpu_seconds()
    for start in starts:
        start()
    await asyncio.wait_for(done.wait(), 300)
    await asyncio.sleep(0.3)
    spent = peer.cpu_seconds() - before
    for client in clients:
        client.close()
    return Result(spent / total * 1e6, "µs")


async def offline(peer: Peer, users: int = 20, each: int = 200) -> tuple[Result, Result]:
    """Messages for users who are away, then their logins: CPU per message stored, per message drained."""
    names = await accounts(peer, "off", users)
    [sender] = await online(peer, await accounts(peer, "s", 1), manage=True)
    total = users * each
    before = peer.cpu_seconds()
    for number in range(total):
        sender.write(text(f"{names[number % users]}@{DOMAIN}", number))
        if number % 50 == 49:
            sender.write(b"<r xmlns='urn:xmpp:sm:3'/>")
            while sender.acked < number - 100:
                await asyncio.sleep(0.002)
    while sender.acked < total:
        sender.write(b"<r xmlns='urn:xmpp:sm:3'/>")
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.5)
    stored = peer.cpu_seconds() - before
    count, done = [0], asyncio.Event()

    def received(element: bytes) -> None:
        if b"<body" in element:
            count[0] += 1
            if count[0] >= total:
                done.set()

    before = peer.cpu_seconds()
    clients = [Client(peer, name, PASSWORD) for name in names]
    for client in clients:
        client.on_stanza = received
        await client.login(manage=True)
    await asyncio.wait_for(done.wait(), PATIENCE)
    await asyncio.sleep(1.0)
    drained = peer.cpu_seconds() - before
    for client in [sender, *clients]:
        client.close()
    return Result(stored / total * 1e6, "µs"), Result(drained / total * 1e6, "µs", "logins included")


async def logins(peer: Peer, count: int = 1_000) -> Result:
    """SCRAM-SHA-1 with hashed credentials, bind, initial presence: CPU per login."""
    names = await accounts(peer, "l", 50)
    for name in names:  # once before, so that the client has its salted passwords
        client = Client(peer, name, PASSWORD)
        await client.login()
        client.close()
    await asyncio.sleep(1.0)
    before = peer.cpu_seconds()
    for n in range(count):
        client = Client(peer, names[n % 50], PASSWORD)
        await client.login()
        client.close()
    await asyncio.sleep(0.5)
    return Result((peer.cpu_seconds() - before) / count * 1e6, "µs")


async def memory(peer: Peer, kind: str, count: int = 10_000) -> Result:
    """PSS growth per idle connection that is logged in."""
    each = 20
    names = await accounts(peer, "i", count // each)
    warm = await online(peer, names[:20], kind=kind)
    before = peer.pss_bytes()
    clients = [Client(peer, name, PASSWORD, kind=kind, resource=f"r{n}") for n in range(1, each) for name in names]
    for start in range(0, len(clients), 50):
        await asyncio.gather(*(client.login(presence=False) for client in clients[start : start + 50]))
    await asyncio.sleep(5)
    grown = peer.pss_bytes() - before
    for client in [*clients, *warm]:
        client.close()
    return Result(grown / len(clients) / 1024, "KiB", f"{len(clients)} connections")


async def latency(peer: Peer, rate: int = 2_000, seconds: float = 10.0, pairs: int = 50) -> Result:
    """From a sender's write to its receiver's read, at a steady rate: the 99th percentile."""
    names = await accounts(peer, "p", pairs * 2)
    clients = await online(peer, names)
    sent: dict[tuple[int, bytes], float] = {}
    took: list[float] = []

    def receiver(pair: int) -> Callable[[bytes], None]:
        def received(element: bytes) -> None:
            start = element.find(b"id=") + 4
            key = (pair, element[start : element.find(element[start - 1 : start], start)])
            at = sent.pop(key, None)
            if at is not None:
                took.append(time.perf_counter() - at)

        return received

    for n in range(pairs):
        clients[n + pairs].on_stanza = receiver(n)
    began, number, total = time.perf_counter(), 0, int(rate * seconds)
    while number < total:
        due = min(total, int((time.perf_counter() - began) * rate) + 1)
        while number < due:
            pair = number % pairs
            sent[pair, b"m%d" % number] = time.perf_counter()
            clients[pair].write(text(clients[pair + pairs].jid, number))
            number += 1
        await asyncio.sleep(0.001)  # not in a busy loop: the machine is the servers' as well
    await asyncio.sleep(1.0)
    for client in clients:
        client.close()
    took.sort()
    lost = total - len(took)
    p99 = took[int(len(took) * 0.99)] * 1e3
    return Result(p99, "ms", f"median {statistics.median(took) * 1e3:.2f} ms" + (f", {lost} not seen" if lost else ""))


Measure = Callable[[Peer], Awaitable[Result | tuple[Result, Result]]]


@dataclass(frozen=True, slots=True)
class Work:
    """A row of the table (two for offline), and what we want to reach as a ratio to ejabberd or an absolute figure."""

    key: str
    titles: tuple[str, ...]
    goals: tuple[str, ...]
    measure: Measure
