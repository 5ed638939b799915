"""What server and clerk say to each other survives the way, and nothing else is taken for it."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plauder.business.messages.outcomes import Progressed, Receipt, Told
from plauder.edge.clerk import frames

BERLIN = timezone(timedelta(hours=2))
times = st.integers(0, 4 * 10**15).map(lambda micros: datetime.fromtimestamp(0, UTC) + timedelta(microseconds=micros))
times |= times.map(lambda at: at.astimezone(BERLIN))
texts = st.text(max_size=40)
told = st.lists(
    st.builds(
        Progressed,
        texts,
        st.sampled_from(["sent", "delivered", "failed"]),
        times,
        st.none() | st.dictionaries(texts, texts | st.integers(-(2**53), 2**53), max_size=3),
    )
    | st.builds(Receipt, texts, texts, st.lists(texts, max_size=4), st.booleans(), times),
    max_size=8,
)


async def heard(data: bytes) -> dict[str, Any] | None:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    return await frames.read(reader)


@given(told)
def test_what_is_told_comes_through(said: list[Told]) -> None:
    async def through() -> None:
        frame = await heard(frames.encode({"do": "note", "n": 1, "told": frames.pack(said)}))
        assert frame
        assert frames.unpack(frame["told"]) == said

    asyncio.run(through())


async def test_several_come_one_after_the_other() -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(frames.encode({"n": 1}) + frames.encode({"n": 2}))
    reader.feed_eof()
    assert [await frames.read(reader) for _ in range(3)] == [{"n": 1}, {"n": 2}, None]


@pytest.mark.parametrize("size", range(12))
async def test_who_stops_in_the_midst_has_gone(size: int) -> None:
    assert await heard(frames.encode({"do": "wake"})[:size]) is None


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xff\xff\xff",
        (frames.LONGEST + 1).to_bytes(4, "big") + b"{}",
        b"\0\0\0\x04\xff\xfe\xfd\xfc",
        b"\0\0\0\x02[]",
        b"\0\0\0\0",
    ],
)
async def test_nonsense_is_refused(data: bytes) -> None:
    with pytest.raises(frames.BadFrame):
        await heard(data)


def test_nothing_too_long_is_said() -> None:
    with pytest.raises(frames.BadFrame):
        frames.encode({"told": "x" * frames.LONGEST})


@pytest.mark.parametrize(
    "packed", [[[]], [["a", "sent", "yesterday", None]], [["a", "b", ["c"], True, 7]], [[1, 2, 3, 4, 5, 6]], [7]]
)
def test_what_was_not_packed_is_refused(packed: Any) -> None:
    with pytest.raises(frames.BadFrame):
        frames.unpack(packed)
