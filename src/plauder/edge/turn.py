"""Does the TURN relay work? Two relays are allocated and a datagram is sent from one to the other and back.

What `plauder check calls` runs, with the same credentials that clients get.
"""

from __future__ import annotations

import asyncio
import socket
import time
from dataclasses import dataclass

from aioice.stun import TransactionFailed, TransactionTimeout
from aioice.turn import TurnTransport, create_turn_endpoint

from plauder.features.calls.rules import Login, Relay
from plauder.kit.errors import PlauderError

PAYLOAD = b"plauder check calls"


class ProbeFailed(PlauderError):
    """The relay cannot be used; the message says what to look at."""

    code = "relay-unusable"


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
    where = f"{relay.host}:{relay.port}"
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
    except TransactionFailed as failure:
        raise _explained(failure, where) from None
    except (TimeoutError, TransactionTimeout):
        raise ProbeFailed(
            f"{where} does not answer: is it running, and does the firewall let UDP and TCP in?"
        ) from None
    except OSError as error:
        raise ProbeFailed(f"{where} cannot be reached: {error.strerror or 'no such host'}.") from None
    finally:
        for transport in opened:
            transport.close()
        await asyncio.sleep(0)


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


def _explained(failure: TransactionFailed, where: str) -> ProbeFailed:
    code = failure.response.attributes.get("ERROR-CODE", (0, ""))[0]
    if code in (401, 431, 438, 441):
        return ProbeFailed(
            f"{where} refuses our credentials: the secret in the configuration and coturn's static-auth-secret differ."
        )
    if code == 403:
        return ProbeFailed(f"{where} forbids relaying to this address: look at coturn's denied-peer-ip.")
    return ProbeFailed(f"{where} refused to relay (error {code}).")
