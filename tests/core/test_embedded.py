"""The contract of bus and directory, on the embedded ones: what a clustered one must do just as well."""

from __future__ import annotations

import pytest

from plauder.core.embedded import LocalBus, LocalDirectory
from plauder.core.ports import Bus, Directory


@pytest.fixture
def bus() -> Bus:
    return LocalBus()


@pytest.fixture
def directory() -> Directory:
    return LocalDirectory("node-1")


def test_every_subscriber_of_a_subject_gets_the_payload_in_order(bus: Bus) -> None:
    one: list[bytes] = []
    two: list[bytes] = []
    bus.subscribe("device.a", one.append)
    bus.subscribe("device.a", two.append)
    bus.subscribe("device.b", two.append)
    for payload in (b"1", b"2"):
        bus.publish("device.a", payload)
    assert one == two == [b"1", b"2"]


def test_who_has_ended_a_subscription_gets_no_more(bus: Bus) -> None:
    taken: list[bytes] = []
    end = bus.subscribe("device.a", taken.append)
    end()
    end()
    bus.publish("device.a", b"1")
    assert taken == []


def test_a_subscriber_may_end_while_it_is_told(bus: Bus) -> None:
    taken: list[bytes] = []

    def once(payload: bytes) -> None:
        taken.append(payload)
        end()

    end = bus.subscribe("device.a", once)
    bus.subscribe("device.a", taken.append)
    bus.publish("device.a", b"1")
    bus.publish("device.a", b"2")
    assert taken == [b"1", b"1", b"2"]


def test_the_directory_knows_who_is_here(directory: Directory) -> None:
    assert directory.nodes_of("ana@plauder.example") == frozenset()
    directory.claim("ana@plauder.example", "phone")
    directory.claim("ana@plauder.example", "laptop")
    assert directory.nodes_of("ana@plauder.example") == {"node-1"}
    directory.release("ana@plauder.example", "phone")
    assert directory.nodes_of("ana@plauder.example") == {"node-1"}
    directory.release("ana@plauder.example", "laptop")
    directory.release("ana@plauder.example", "laptop")
    assert directory.nodes_of("ana@plauder.example") == frozenset()
