"""Where another server is, and where it must not be."""

from __future__ import annotations

import pytest

from plauder.core.link import Unreachable
from plauder.edge.federation.names import Names, Record, Target, place
from tests.federation.town import Addresses

PUBLIC, OTHER = "93.184.216.34", "2606:2800:220:1::1"


def names(
    records: dict[str, list[Record]] | None = None, hosts: dict[str, list[str]] | None = None, **fixed: str
) -> Names:
    return Names(
        Addresses(records, hosts), {name.replace("_", "."): text for name, text in fixed.items()}, chance=lambda: 0.5
    )


async def test_both_kinds_of_record_count_by_priority() -> None:
    found = names(
        {
            "_xmpp-server._tcp.a.example": [Record(10, 0, 5269, "late.example"), Record(1, 0, 5270, "first.example")],
            "_xmpps-server._tcp.a.example": [Record(5, 0, 443, "direct.example")],
        },
        {"late.example": [PUBLIC], "first.example": [PUBLIC, OTHER], "direct.example": [OTHER]},
    )
    assert await found.targets("a.example") == [
        Target(PUBLIC, 5270),
        Target(OTHER, 5270),
        Target(OTHER, 443, True),
        Target(PUBLIC, 5269),
    ]


async def test_weights_are_odds() -> None:
    records = {"_xmpp-server._tcp.a.example": [Record(1, 1, 1, "light.example"), Record(1, 99, 2, "heavy.example")]}
    found = names(records, {"light.example": [PUBLIC], "heavy.example": [PUBLIC]})
    assert [target.port for target in await found.targets("a.example")] == [2, 1]


async def test_without_records_the_domain_itself_is_asked() -> None:
    assert await names(hosts={"a.example": [PUBLIC]}).targets("a.example") == [Target(PUBLIC, 5269)]
    assert await names(hosts={"xn--bcher-kva.example": [PUBLIC]}).targets("bücher.example") == [Target(PUBLIC, 5269)]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "::1",
        "fd00::1",
        "::ffff:127.0.0.1",
        "0.0.0.0",
        "224.0.0.1",
    ],
)
async def test_a_name_does_not_lead_into_a_private_network(address: str) -> None:
    found = names({"_xmpp-server._tcp.a.example": [Record(1, 0, 22, "in.example")]}, {"in.example": [address]})
    with pytest.raises(Unreachable, match="private network") as problem:
        await found.targets("a.example")
    assert problem.value.is_final


async def test_what_the_operator_wrote_down_may_be_private() -> None:
    assert await names(a_example="127.0.0.1:7000/tls").targets("a.example") == [Target("127.0.0.1", 7000, True)]


@pytest.mark.parametrize(
    ("records", "why"),
    [({}, "does not exist"), ({"_xmpp-server._tcp.a.example": [Record(0, 0, 0, "")]}, "no service")],
)
async def test_what_is_not_there(records: dict[str, list[Record]], why: str) -> None:
    with pytest.raises(Unreachable, match=why) as problem:
        await names(records).targets("a.example")
    assert problem.value.is_final
    assert problem.value.condition == "remote-server-not-found"


async def test_so_many_records_are_looked_at() -> None:
    records = {"_xmpp-server._tcp.a.example": [Record(1, 1, 1, "h.example")] * 500}
    assert len(await names(records, {"h.example": [PUBLIC] * 50}).targets("a.example")) == 8 * 4


@pytest.mark.parametrize(
    ("text", "meant"),
    [("a.example", ("a.example", 5269, False)), ("[::1]:7/tls", ("::1", 7, True)), ("a:80", ("a", 80, False))],
)
def test_places(text: str, meant: tuple[str, int, bool]) -> None:
    assert place(text) == meant


@pytest.mark.parametrize("text", ["", ":1", "a:b", "a:0", "a:70000", "a:1/http"])
def test_no_places(text: str) -> None:
    with pytest.raises(ValueError, match="place"):
        place(text)
