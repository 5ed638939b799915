"""Calls: relay credentials that coturn takes, and missed calls that are known as such."""

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator

import pytest

from plauder.features.calls.feature import Relays, register
from plauder.features.calls.rules import RINGS, Relay
from tests.harness import Client, World

JMI = "{urn:xmpp:jingle-message:0}"
SERVICES = "<services xmlns='urn:xmpp:extdisco:2'/>"
RELAYS = Relays(
    [Relay.parse("stun:stun.example.org"), Relay.parse("turn:turn.example.org:3479?transport=tcp")], "s3cret"
)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World(register=[lambda server: register(server, RELAYS)])
    yield world
    await world.close()


async def signal(client: Client, to: str, act: str, call: str = "c1") -> None:
    xml = f"<{act} xmlns='urn:xmpp:jingle-message:0' id='{call}'/><store xmlns='urn:xmpp:hints'/>"
    await client.send(f"<message to='{to}@plauder.example' type='chat'>{xml}</message>")


def acts(client: Client) -> list[str]:
    return [p.tag.removeprefix(JMI) for m in client.messages() for p in m.payloads if p.tag.startswith(JMI)]


async def test_relays_come_with_a_password_that_coturn_makes_the_same(world: World) -> None:
    ana = await world.connect("ana")
    stun, turn = (await ana.request(SERVICES, to="plauder.example")).payloads[0]
    assert (stun.get("type"), stun.get("host"), stun.get("port"), stun.get("password")) == (
        "stun",
        "stun.example.org",
        "3478",
        None,
    )
    name = turn.get("username", "")
    expected = base64.b64encode(hmac.digest(b"s3cret", name.encode(), hashlib.sha1)).decode()
    assert turn.get("password") == expected
    assert int(name.partition(":")[0]) == int(world.clock.now().timestamp()) + 3_600
    assert "ana" not in name
    assert (turn.get("port"), turn.get("transport"), turn.get("restricted")) == ("3479", "tcp", "true")


async def test_one_kind_can_be_asked_for(world: World) -> None:
    ana = await world.connect("ana")
    only = (await ana.request("<services xmlns='urn:xmpp:extdisco:2' type='turn'/>", to="plauder.example")).payloads[0]
    assert [service.get("type") for service in only] == ["turn"]
    asked = "<credentials xmlns='urn:xmpp:extdisco:2'><service host='turn.example.org' type='turn'/></credentials>"
    [service] = (await ana.request(asked, to="plauder.example")).payloads[0]
    assert service.get("password")


async def test_a_call_that_nobody_takes_is_missed(world: World) -> None:
    ana = await world.connect("ana")
    bruno = await world.connect("bruno", "phone", sm=True)
    await bruno.disconnect()
    await signal(ana, "bruno", "propose")
    await ana.disconnect()
    await world.advance(RINGS + 1)
    back = await world.connect("bruno", "phone", sm=True)
    assert acts(back) == ["propose", "retract"]


@pytest.mark.parametrize("answer", ["proceed", "reject"])
async def test_a_call_that_was_answered_is_not_missed(world: World, answer: str) -> None:
    ana, bruno = await world.connect("ana"), await world.connect("bruno")
    await signal(ana, "bruno", "propose")
    await signal(bruno, "ana", answer)
    bruno.take()
    await world.advance(RINGS + 1)
    assert acts(bruno) == []


async def test_a_call_that_was_taken_back_is_not_taken_back_twice(world: World) -> None:
    ana, bruno = await world.connect("ana"), await world.connect("bruno")
    await signal(ana, "bruno", "propose")
    await signal(ana, "bruno", "retract")
    bruno.take()
    await world.advance(RINGS + 1)
    assert acts(bruno) == []


async def test_a_call_taken_on_another_device_stops_ringing(world: World) -> None:
    ana, bruno = await world.connect("ana"), await world.connect("bruno")
    await signal(ana, "bruno", "propose")
    await signal(bruno, "bruno", "accept")
    bruno.take()
    await world.advance(RINGS + 1)
    assert acts(bruno) == []


@pytest.mark.parametrize(
    "uri", ["", "http://x", "turn:", "turn:x:0", "turn:x:99999", "turn:x?transport=sctp", "turn:a/b", "stun:x y:1:2"]
)
def test_a_relay_is_a_stun_or_turn_uri(uri: str) -> None:
    with pytest.raises(ValueError, match="not a URI"):
        Relay.parse(uri)


def test_ipv6_relays() -> None:
    assert Relay.parse("turns:[2001:db8::1]:443") == Relay("turns", "2001:db8::1", 443, "tcp")


async def test_without_relays_the_list_is_empty_and_not_announced() -> None:
    world = World(register=[register])
    ana = await world.connect("ana")
    assert len((await ana.request(SERVICES, to="plauder.example")).payloads[0]) == 0
    assert "urn:xmpp:extdisco:2" not in world.server.vars["server"]
    await world.close()
