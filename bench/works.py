"""The rows of the table."""

from __future__ import annotations

from bench import groups
from bench.workloads import Work, chat, latency, logins, memory, offline, omemo, text

WORKS = (
    Work(
        "text",
        ("1:1 text of 100 bytes with receipt request, one at a time",),
        ("≤ 0.5 ×",),
        lambda peer: chat(peer, text, kind="tcp", manage=False, answer=False),
    ),
    Work(
        "omemo-ws",
        ("OMEMO-sized 1.5 KiB over WebSocket, one at a time",),
        ("≤ 0.35 ×",),
        lambda peer: chat(peer, omemo, kind="ws", manage=False, answer=False),
    ),
    Work(
        "text-sm",
        ("text + receipt back, stream management on, both ask and answer acks",),
        ("≤ 0.4 ×",),
        lambda peer: chat(peer, text, kind="tcp", manage=True, answer=True),
    ),
    Work(
        "omemo-ws-sm",
        ("OMEMO + receipt, WebSocket, stream management: what a phone app does",),
        ("≤ 0.35 ×",),
        lambda peer: chat(peer, omemo, kind="ws", manage=True, answer=True),
    ),
    Work(
        "offline",
        ("message stored for an offline user", "the same, drained at login"),
        ("≤ 0.3 ×", "≤ 0.4 ×"),
        offline,
    ),
    Work("login", ("SCRAM login with hashed credentials, bind, presence",), ("≤ 0.5 ×",), logins),
    Work("latency", ("p99 latency at 2,000 messages a second",), ("≤ 1 ×",), latency),
    Work("memory-tcp", ("memory per idle connection at 10,000: TCP",), ("≤ 5 KiB",), lambda p: memory(p, "tcp")),
    Work("memory-ws", ("memory per idle connection at 10,000: WebSocket",), ("≤ 6 KiB",), lambda p: memory(p, "ws")),
    Work("memory-tls", ("memory per idle connection at 10,000: TLS",), ("≤ 20 KiB",), lambda p: memory(p, "tls")),
    Work("group-100", ("group of 100, all in it: a copy",), ("≤ 0.5 ×",), lambda p: groups.fan_out(p, 100)),
    Work("group-1000", ("group of 1,000, all in it: a copy",), ("≤ 0.5 ×",), lambda p: groups.fan_out(p, 1_000)),
    Work(
        "group-members",
        ("group of 100 members with stream management: a copy (safe with Plauder alone)",),
        ("≤ 1 ×",),
        lambda p: groups.fan_out(p, 100, members=True),
    ),
    Work("memory-groups", ("memory per person in a room, at 10,000",), ("≤ 1 ×",), groups.memory),
)
