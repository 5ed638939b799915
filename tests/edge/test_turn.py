"""The credentials we give against a real coturn: a relay is allocated and data goes through it."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from plauder.edge.turn import ProbeFailed, mirror, probe
from plauder.features.calls.rules import Relay, login
from tests.coturn import running

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(shutil.which("turnserver") is None, reason="coturn is not installed"),
]


@pytest.fixture
def coturn(tmp_path: Path) -> Iterator[int]:
    with running(tmp_path) as port:
        yield port


async def test_data_goes_through_the_relay(coturn: int) -> None:
    given = login("s3cret", "somebody", datetime.now(UTC), 600)
    result = await probe(Relay("turn", "127.0.0.1", coturn, "udp"), given)
    assert result.relayed.startswith("127.0.0.1:")
    assert result.round_trip_ms > 0


async def test_a_wrong_secret_is_said(coturn: int) -> None:
    given = login("wrong", "somebody", datetime.now(UTC), 600)
    with pytest.raises(ProbeFailed, match="refuses our credentials"):
        await probe(Relay("turn", "127.0.0.1", coturn, "udp"), given)


async def test_a_relay_that_is_not_there_is_said() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as quiet:
        quiet.bind(("127.0.0.1", 0))
        relay = Relay("turn", "127.0.0.1", quiet.getsockname()[1], "udp")
        given = login("s3cret", "somebody", datetime.now(UTC), 600)
        with pytest.raises(ProbeFailed, match="does not answer"):
            await probe(relay, given, seconds=0.3)


@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_a_port_where_nothing_listens_is_said(transport: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        relay = Relay("turn", "127.0.0.1", taken.getsockname()[1], transport)
        with pytest.raises(ProbeFailed, match=r"Nothing listens|does not answer"):
            await probe(relay, login("x", "y", datetime.now(UTC), 60), seconds=0.5)


async def test_a_name_that_is_not_known_is_said() -> None:
    with pytest.raises(ProbeFailed, match="not known to the DNS"):
        await probe(Relay("turn", "turn.invalid", 3478, "udp"), login("x", "y", datetime.now(UTC), 60))


async def test_what_is_no_turn_server_is_said() -> None:
    """A server that answers rubbish is as good as none."""
    loop = asyncio.get_running_loop()

    class Rubbish(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            self.transport.sendto(b"\x01\x01" + data[::-1] * 3, addr)  # type: ignore[attr-defined]

    transport, _ = await loop.create_datagram_endpoint(Rubbish, local_addr=("127.0.0.1", 0))
    relay = Relay("stun", "127.0.0.1", transport.get_extra_info("sockname")[1], "udp")
    with pytest.raises(ProbeFailed, match="does not answer"):
        await mirror(relay, seconds=0.3)
    transport.close()


async def test_a_stun_service_says_how_it_sees_us(coturn: int) -> None:
    assert (await mirror(Relay("stun", "127.0.0.1", coturn, "udp"))).startswith("127.0.0.1:")


async def test_the_shipped_configuration_relays_nothing_into_the_own_network(tmp_path: Path) -> None:
    """Our relay is on the loopback here, which the shipped configuration forbids, as it forbids 10.0.0.0/8."""
    with running(tmp_path, shipped=True) as port:
        with pytest.raises(ProbeFailed, match="forbids relaying") as refused:
            await probe(Relay("turn", "127.0.0.1", port, "udp"), login("s3cret", "me", datetime.now(UTC), 60))
        assert "denied-peer-ip" in refused.value.fix
