"""Remembered answers: asked once at a time, for as long as they are good."""

from __future__ import annotations

import asyncio

import pytest

from plauder.kit.clock import FakeClock
from plauder.kit.remember import Remembered


class Source:
    """Answers with how often it was asked, when it is let."""

    def __init__(self) -> None:
        self.asked = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.fails = False

    async def __call__(self, key: str) -> str:
        self.asked += 1
        mine = self.asked
        await self.gate.wait()
        if self.fails:
            raise LookupError(key)
        return f"{key}{mine}"


@pytest.fixture
def source() -> Source:
    return Source()


def remembered(source: Source, clock: FakeClock, most: int = 10) -> Remembered[str, str]:
    return Remembered(source, seconds=5, monotonic=clock.monotonic, most=most)


async def test_many_who_ask_at_once_ask_once(source: Source) -> None:
    known = remembered(source, FakeClock())
    source.gate.clear()
    asking = [asyncio.ensure_future(known.get("a")) for _ in range(50)]
    await asyncio.sleep(0)
    source.gate.set()
    assert set(await asyncio.gather(*asking)) == {"a1"}
    assert source.asked == 1


async def test_an_answer_is_good_for_a_while(source: Source) -> None:
    clock = FakeClock()
    known = remembered(source, clock)
    assert [await known.get("a"), await known.get("a"), await known.get("b")] == ["a1", "a1", "b2"]
    clock.advance(5)
    assert await known.get("a") == "a3"


async def test_what_was_forgotten_while_it_was_looked_up_is_not_kept(source: Source) -> None:
    known = remembered(source, FakeClock())
    source.gate.clear()
    asking = asyncio.ensure_future(known.get("a"))
    await asyncio.sleep(0)
    known.forget("a")
    source.gate.set()
    assert await asking == "a1"
    assert await known.get("a") == "a2"


async def test_a_failure_reaches_all_and_is_not_remembered(source: Source) -> None:
    known = remembered(source, FakeClock())
    source.fails = True
    answers = await asyncio.gather(known.get("a"), known.get("a"), return_exceptions=True)
    assert [type(answer) for answer in answers] == [LookupError, LookupError]
    source.fails = False
    assert await known.get("a") == "a2"


async def test_who_gives_up_does_not_end_it_for_the_others(source: Source) -> None:
    known = remembered(source, FakeClock())
    source.gate.clear()
    first, second = asyncio.ensure_future(known.get("a")), asyncio.ensure_future(known.get("a"))
    await asyncio.sleep(0)
    first.cancel()
    source.gate.set()
    assert await second == "a1"


async def test_it_does_not_grow_without_end(source: Source) -> None:
    known = remembered(source, FakeClock(), most=3)
    for key in "abcdefgh":
        await known.get(key)
    assert len(known._known) <= 3
