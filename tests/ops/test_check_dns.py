"""`plauder check` on what DNS and host-meta say, with a DNS server of the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import dns.asyncresolver
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import httpx
import pytest

from plauder.edge.federation.names import Dns
from plauder.kit.config import Config
from plauder.ops import check_dns

DOMAIN = "localhost.localdomain"
CLIENT, DIRECT, SERVER = (f"_{name}._tcp.{DOMAIN}" for name in ("xmpp-client", "xmpps-client", "xmpp-server"))


class NameServer(asyncio.DatagramProtocol):
    """Knows SRV records by name, and says of other names that there are none. `is_broken`: it refuses to answer."""

    def __init__(self) -> None:
        self.records: dict[str, list[str]] = {}
        self.is_broken = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query)
        name = query.question[0].name.to_text().rstrip(".")
        records = self.records.get(name)
        if self.is_broken:
            answer.set_rcode(dns.rcode.REFUSED)
        elif records is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        else:
            answer.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "SRV", *records))
        self.transport.sendto(answer.to_wire(), addr)  # type: ignore[attr-defined]


class World(Dns):
    """The resolver of the test; addresses are a table."""

    def __init__(self, resolver: dns.asyncresolver.Resolver) -> None:
        super().__init__(resolver)
        self.hosts = {DOMAIN: ["192.0.2.1"], f"chat.{DOMAIN}": ["192.0.2.2"]}

    async def addresses(self, host: str) -> list[str]:
        return self.hosts.get(host, [])


@pytest.fixture
async def names() -> AsyncIterator[tuple[NameServer, World]]:
    server = NameServer()
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: server, local_addr=("127.0.0.1", 0)
    )
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers = ["127.0.0.1"]
    resolver.port = transport.get_extra_info("sockname")[1]
    yield server, World(resolver)
    transport.close()


def config(**more: object) -> Config:
    return Config.model_validate({"domain": DOMAIN, "http": {"public_url": f"https://chat.{DOMAIN}"}} | more)


GOOD = {"links": [{"rel": "urn:xmpp:alt-connections:websocket", "href": f"wss://chat.{DOMAIN}/ws"}]}
OPEN = {"access-control-allow-origin": "*"}


async def findings(
    world: World, settings: Config, answer: httpx.Response | Exception | None = None
) -> list[tuple[str, str, str]]:
    def respond(request: httpx.Request) -> httpx.Response:
        assert str(request.url) == f"https://{DOMAIN}/.well-known/host-meta.json"
        if isinstance(answer, Exception):
            raise answer
        return answer or httpx.Response(200, json=GOOD, headers=OPEN)

    async with httpx.AsyncClient(transport=httpx.MockTransport(respond)) as http:
        return [(one.level, one.what, one.fix) for one in await check_dns.check(settings, lookup=world, http=http)]


Names = tuple[NameServer, World]


async def test_all_is_well(names: Names) -> None:
    names[0].records = {CLIENT: [f"5 1 5222 chat.{DOMAIN}."], DIRECT: [f"5 1 5223 {DOMAIN}."]}
    found = await findings(names[1], config())
    assert [level for level, _, _ in found] == ["ok"] * 4
    assert f"{CLIENT} leads to chat.{DOMAIN}:5222" in found[1][1]


async def test_without_records_the_usual_port_is_enough(names: Names) -> None:
    assert [level for level, _, _ in await findings(names[1], config())] == ["ok", "ok", "note", "ok"]
    level, what, fix = (await findings(names[1], config(xmpp={"port": 5333})))[1]
    assert (level, "port 5222 is tried; ours is 5333" in what) == ("error", True)
    assert fix == f"Publish {CLIENT}. SRV 5 1 5333 {DOMAIN}."


@pytest.mark.parametrize(
    ("records", "level", "said"),
    [
        ({CLIENT: ["0 0 0 ."]}, "error", "there is no such service"),
        ({CLIENT: ["5 1 5222 gone.example."]}, "error", "leads to gone.example:5222, which does not resolve"),
        ({CLIENT: [f"5 1 5999 {DOMAIN}."]}, "warning", "5999; xmpp.port is 5222"),
        ({DIRECT: [f"5 1 5222 {DOMAIN}."]}, "warning", "5222; xmpp.tls_port is 5223"),
    ],
)
async def test_a_wrong_record_is_named_with_its_mend(
    names: Names, records: dict[str, list[str]], level: str, said: str
) -> None:
    names[0].records = records
    (found,) = [one for one in await findings(names[1], config()) if one[0] in ("warning", "error")]
    assert found[0] == level
    assert said in found[1]
    assert " SRV 5 1 " in found[2]


async def test_a_record_for_a_port_that_is_off(names: Names) -> None:
    names[0].records = {DIRECT: [f"5 1 5223 {DOMAIN}."]}
    found = await findings(names[1], config(xmpp={"tls_port": -1}))
    assert ("error", f"{DIRECT} leads to a port that is off.", "Remove it, or set xmpp.tls_port.") in found
    names[0].records = {DIRECT: ["0 0 0 ."]}
    assert "error" not in [level for level, _, _ in await findings(names[1], config(xmpp={"tls_port": -1}))]


async def test_other_servers_look_for_a_record_of_their_own(names: Names) -> None:
    settings = config(federation={"enabled": True, "allow": ["*"], "port": 5280})
    found = [one for one in await findings(names[1], settings) if "_xmpp-server" in one[1]]
    assert [level for level, _, _ in found] == ["error"]


async def test_a_domain_without_address(names: Names) -> None:
    names[1].hosts = {}
    assert (await findings(names[1], config()))[0][0] == "error"


async def test_dns_that_does_not_answer_is_told_from_a_missing_record(names: Names) -> None:
    names[0].is_broken = True
    ((level, what, fix),) = await findings(names[1], config())
    assert (level, what.startswith("Cannot ask"), "resolv.conf" in fix) == ("warning", True, True)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(404), "answers 404"),
        (httpx.Response(200, content=b"<html>"), "is not a host-meta file"),
        (httpx.Response(200, json=["odd"]), "is not a host-meta file"),
        (httpx.Response(200, json={"links": [{"rel": 7}]}), "no WebSocket"),
        (httpx.Response(200, content=b"x" * 100_000), "is not a host-meta file"),
        (
            httpx.Response(200, json={"links": [GOOD["links"][0] | {"href": "ws://other/"}]}),
            "names ws://other/, not wss",
        ),
        (httpx.Response(200, json=GOOD), "Access-Control-Allow-Origin"),
        (httpx.ConnectError("no"), "cannot be fetched (ConnectError)"),
    ],
)
async def test_a_wrong_host_meta_is_named_with_its_mend(
    names: Names, answer: httpx.Response | Exception, said: str
) -> None:
    level, what, fix = (await findings(names[1], config(), answer))[-1]
    assert level == "warning"
    assert said in what
    assert fix


async def test_a_network_for_one_machine_needs_no_records() -> None:
    assert await check_dns.check(Config()) == []
