from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plauder.business.encryption.errors import Unreadable
from plauder.business.encryption.protobuf import Fields, Kind, encode

SHAPE: dict[int, Kind] = {1: "uint32", 2: "bytes", 5: "uint32"}


@given(st.integers(0, 2**32 - 1), st.binary(max_size=300))
def test_fields_there_and_back_in_any_order(number: int, data: bytes) -> None:
    for message in (encode((1, number), (2, data)), encode((2, data), (1, number))):
        fields = Fields(message, SHAPE)
        assert fields.uint32(1) == number
        assert fields.bytes(2) == data
        assert fields.uint32(5, 7) == 7


def test_unknown_fields_of_every_type_are_skipped() -> None:
    unknown = bytes([0x78, 1, 0x79, *range(8), 0x7A, 2, 9, 9, 0x7D, 1, 2, 3, 4])
    assert Fields(unknown + b"\x08\x07", SHAPE).uint32(1) == 7


@pytest.mark.parametrize(
    "data",
    [
        b"\x08\xff",
        b"\x08\xff\xff\xff\xff\x1f",
        b"\x08\x80\x80\x80\x80\x80\x01",
        b"\x12\x05a",
        b"\x12\xff\xff\xff\xff\x0f",
        b"\x0a\x01a",
        b"\x10\x01",
        b"\x08\x01\x08\x02",
        b"\x00\x01",
        b"\x7b\x7c",
        b"\x7f",
        b"\x79\x00",
        b"\x78\x01" * 33,
    ],
    ids=[
        "number without end",
        "beyond 32 bits",
        "six bytes",
        "length beyond the input",
        "huge length",
        "wrong type",
        "number for bytes",
        "twice",
        "field 0",
        "group",
        "type 7",
        "short fixed field",
        "too many",
    ],
)
def test_malformed(data: bytes) -> None:
    with pytest.raises(Unreadable):
        Fields(data, SHAPE)


def test_a_missing_field_or_one_of_the_wrong_length() -> None:
    with pytest.raises(Unreadable):
        Fields(b"", SHAPE).uint32(1)
    with pytest.raises(Unreadable):
        Fields(b"", SHAPE).bytes(2)
    with pytest.raises(Unreadable):
        Fields(encode((2, b"ab")), SHAPE).bytes(2, 3)


@given(st.binary(max_size=64))
def test_any_bytes_never_do_more_than_raise_unreadable(data: bytes) -> None:
    with suppress(Unreadable):
        Fields(data, SHAPE)
