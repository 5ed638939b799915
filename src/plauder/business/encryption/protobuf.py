"""As much of protobuf's wire format as OMEMO needs: 32-bit numbers and byte strings, strictly.

A known field twice or of the wrong type, a number beyond 32 bits, a length beyond the input or more than 32 fields make
the message malformed. Unknown fields are skipped, as protobuf wants it for later versions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from plauder.business.encryption.errors import malformed

Kind = Literal["uint32", "bytes"]
_MAX_FIELDS: Final = 32
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


class Fields:
    """The fields of a message. Raises `Unreadable` for anything that is none."""

    __slots__ = ("_bytes", "_numbers")

    def __init__(self, data: bytes, shape: Mapping[int, Kind]) -> None:
        self._numbers: dict[int, int] = {}
        self._bytes: dict[int, bytes] = {}
        at = count = 0
        while at < len(data):
            count += 1
            if count > _MAX_FIELDS:
                raise malformed("too many protobuf fields")
            tag, at = _varint(data, at)
            field, wire = tag >> 3, tag & 7
            if field == 0:
                raise malformed("protobuf field 0")
            kind = shape.get(field)
            if kind is None:
                at = _skip(data, at, wire)
            elif field in self._numbers or field in self._bytes:
                raise malformed(f"protobuf field {field} twice")
            elif kind == "uint32" and wire == _VARINT:
                self._numbers[field], at = _varint(data, at)
            elif kind == "bytes" and wire == _BYTES:
                self._bytes[field], at = _take(data, at)
            else:
                raise malformed(f"protobuf field {field} has the wrong type")

    def uint32(self, field: int, default: int | None = None) -> int:
        value = self._numbers.get(field, default)
        if value is None:
            raise malformed(f"protobuf field {field} is missing")
        return value

    def bytes(self, field: int, length: int | None = None) -> bytes:
        value = self._bytes.get(field)
        if value is None:
            raise malformed(f"protobuf field {field} is missing")
        if length is not None and len(value) != length:
            raise malformed(f"protobuf field {field} has the wrong length")
        return value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 35, 7):
        if at >= len(data):
            raise malformed("protobuf ends within a number")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value >= 1 << 32:
                break
            return value, at
    raise malformed("protobuf number beyond 32 bits")


def _take(data: bytes, at: int) -> tuple[bytes, int]:
    length, at = _varint(data, at)
    return _cut(data, at, length)


def _cut(data: bytes, at: int, length: int) -> tuple[bytes, int]:
    if at + length > len(data):
        raise malformed("protobuf ends within a field")
    return data[at : at + length], at + length


def _skip(data: bytes, at: int, wire: int) -> int:
    if wire == _VARINT:
        return _varint(data, at)[1]
    if wire == _BYTES:
        return _take(data, at)[1]
    if wire in (_FIXED64, _FIXED32):
        return _cut(data, at, 8 if wire == _FIXED64 else 4)[1]
    raise malformed(f"protobuf type {wire}")


def encode(*fields: tuple[int, int | bytes]) -> bytes:
    """The fields in the order given."""
    out = bytearray()
    for field, value in fields:
        if isinstance(value, int):
            out += _number(field << 3 | _VARINT) + _number(value)
        else:
            out += _number(field << 3 | _BYTES) + _number(len(value)) + value
    return bytes(out)


def _number(value: int) -> bytes:
    if value < 0x80:
        return bytes((value,))
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
