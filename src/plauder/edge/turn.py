"""Does the TURN relay work? Two relays are allocated and a datagram is sent from one to the other and back.

What `plauder check calls` runs, with the same credentials that clients get.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Final

from aioice import stun
from aioice.stun import TransactionFailed, TransactionTimeout
from aioice.turn import TurnTransport, create_turn_endpoint

from plauder.features.calls.rules import Login, Relay
from plauder.kit.errors import PlauderError

PAYLOAD = b"plauder check calls"


class ProbeFailed(PlauderError):
    """The relay cannot be used; `fix` says what to look at."""

    code = "relay-unusable"

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.fix = fix


@dataclass(frozen=True, slots=True)
class Probed:
    """What was found: our address on the relay, and the time through it and back."""

    relayed: str
    round_trip_ms: float


class _Ear(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.heard: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: object) -> None:
        if data == PAYLOAD and not self.heard.done():
            self.heard.set_result(None)

    def error_received(self, exc: Exception) -> None:
        if not self.heard.done():
            self.heard.set_exception(exc)


async def probe(relay: Relay, login: Login, *, seconds: float = 5.0) -> Probed:
    """Send data through the relay. Raises ProbeFailed."""
    opened: list[TurnTransport] = []
    try:
        async with asyncio.timeout(seconds):
            here, ear_here = await _allocate(relay, login)
            opened.append(here)
            there, ear_there = await _allocate(relay, login)
            opened.append(there)
            # Each end lets the other one in by sending to it (RFC 8656 §9).
            there.sendto(b"hello", here.get_extra_info("sockname"))
            await asyncio.sleep(0.05)
            began = time.perf_counter()
            here.sendto(PAYLOAD, there.get_extra_info("sockname"))
            await ear_there.heard
            there.sendto(PAYLOAD, here.get_extra_info("sockname"))
            await ear_here.heard
            took = (time.perf_counter() - began) * 1_000
            host, port = here.get_extra_info("sockname")
            return Probed(f"{host}:{port}", took)
    except (TransactionFailed, TransactionTimeout, OSError) as problem:
        # TimeoutError is an OSError. With both relays there and no data, it is what lies between that is closed.
        raise _explained(problem, relay, allocated=len(opened)) from None
    finally:
        for transport in opened:
            transport.close()
        await asyncio.sleep(0)


class _Mirror(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.request = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
        self.seen: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: object) -> None:
        try:
            answer = stun.parse_message(data)
        except ValueError:
            return
        found = answer.attributes.get("XOR-MAPPED-ADDRESS")
        if answer.transaction_id == self.request.transaction_id and found and not self.seen.done():
            self.seen.set_result(f"{found[0]}:{found[1]}")

    def error_received(self, exc: Exception) -> None:
        if not self.seen.done():
            self.seen.set_exception(exc)


async def mirror(relay: Relay, *, seconds: float = 5.0) -> str:
    """The address that a STUN service sees us under (RFC 8489 §7.3.1), over UDP. Raises ProbeFailed."""
    transport = None
    try:
        async with asyncio.timeout(seconds):
            loop = asyncio.get_running_loop()
            transport, ear = await loop.create_datagram_endpoint(_Mirror, remote_addr=(relay.host, relay.port))
            while True:
                transport.sendto(bytes(ear.request))
                done, _ = await asyncio.wait((ear.seen,), timeout=0.5)  # §6.2.1: what is lost is sent again
                if done:
                    return ear.seen.result()
    except OSError as problem:
        raise _explained(problem, relay, allocated=0) from None
    finally:
        if transport is not None:
            transport.close()


async def _allocate(relay: Relay, login: Login) -> tuple[TurnTransport, _Ear]:
    found = await asyncio.get_running_loop().getaddrinfo(relay.host, relay.port, type=socket.SOCK_DGRAM)
    host, port = found[0][4][:2]
    return await create_turn_endpoint(
        _Ear,
        (str(host), int(port)),
        login.username,
        login.password,
        ssl=True if relay.kind == "turns" else None,
        transport=relay.transport,
    )


_REFUSALS: Final = {
    403: (
        "forbids relaying to its own address",
        "Take that address out of coturn's denied-peer-ip (or set external-ip), as in deploy/turnserver.conf.",
    ),
    437: ("says that the relay is in use already", "Try again in a moment."),
    442: ("does not relay over this transport", "Leave no-udp-relay and no-tcp-relay out of coturn's configuration."),
    486: ("has given out all that this user may have", "Raise user-quota in coturn's configuration."),
    508: ("has no relay address left", "Widen min-port to max-port in coturn's configuration, or raise total-quota."),
}


def _explained(problem: Exception, relay: Relay, *, allocated: int) -> ProbeFailed:
    """What a failure means for an operator: what happened, and what to do."""
    where = f"{relay.host}:{relay.port}"
    if isinstance(problem, TransactionFailed):
        code, reason = problem.response.attributes.get("ERROR-CODE", (0, ""))
        if code in (400, 401, 431, 438, 441):
            return ProbeFailed(
                f"{where} refuses our credentials.",
                "calls.secret and coturn's static-auth-secret must be the same, use-auth-secret must be set, and the "
                "clocks of both machines must agree.",
            )
        what, fix = _REFUSALS.get(code, (f"refuses to relay: {code} {reason}", "Look into coturn's log."))
        return ProbeFailed(f"{where} {what}.", fix)
    if isinstance(problem, socket.gaierror):
        return ProbeFailed(f"{relay.host} is not known to the DNS.", "Publish its address, or correct calls.relays.")
    if isinstance(problem, ssl.SSLError):
        return ProbeFailed(
            f"{where}: its TLS certificate is not accepted ({problem.reason}).",
            f"Give coturn (cert, pkey) a certificate for {relay.host} that browsers trust.",
        )
    if isinstance(problem, ConnectionRefusedError):
        return ProbeFailed(f"Nothing listens at {where} ({relay.transport}).", "Start coturn: systemctl status coturn.")
    if allocated == 2:
        return ProbeFailed(
            f"{where} gives out relays, but no data comes through them.",
            "Open coturn's min-port to max-port for UDP; behind NAT set external-ip to the public address.",
        )
    if isinstance(problem, TimeoutError | TransactionTimeout):
        return ProbeFailed(
            f"{where} does not answer over {relay.transport}.",
            f"Look whether coturn runs, and open port {relay.port} for UDP and TCP in every firewall before it.",
        )
    return ProbeFailed(f"{where} cannot be reached: {getattr(problem, 'strerror', None) or problem}.", "Check routing.")
