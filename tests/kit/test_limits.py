"""Allowances, and what counts as one address."""

import pytest

from plauder.kit.clock import FakeClock
from plauder.kit.limits import Allowance, network_of


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("not an address", "not an address"),
    ],
)
def test_one_subscriber_is_one_key(address: str, key: str) -> None:
    assert network_of(address) == key


def test_it_refills_evenly() -> None:
    clock = FakeClock()
    allowance = Allowance(clock, 2, 60)
    assert allowance.take("a") == 0
    assert allowance.take("a") == 0
    assert allowance.take("a") == pytest.approx(30)
    assert allowance.take("b") == 0
    clock.advance(29)
    assert allowance.take("a") == pytest.approx(1)
    clock.advance(1)
    assert allowance.take("a") == 0


def test_a_refusal_takes_nothing_and_a_clock_jump_gives_nothing() -> None:
    clock = FakeClock()
    allowance = Allowance(clock, 1, 10)
    allowance.take("a")
    for _ in range(100):
        assert allowance.take("a") == pytest.approx(10)
    clock.jump(1_000_000)
    assert allowance.take("a") == pytest.approx(10)
    allowance.forgive("a")
    assert allowance.take("a") == 0


def test_more_than_ever_fits_is_refused() -> None:
    assert Allowance(FakeClock(), 5, 10).take("a", 6) > 0


def test_memory_is_bounded() -> None:
    allowance = Allowance(FakeClock(), 1, 10, most_keys=10)
    for number in range(1_000):
        allowance.take(str(number))
    assert len(allowance) == 10
