"""The one MetaData that every table of the program hangs on, and the column types they share.

A feature declares its tables in its own `store.py`; `app` imports them all, so the migration sees them.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import BigInteger, Dialect, Integer, LargeBinary, MetaData, String
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

BigKey = BigInteger().with_variant(Integer, "sqlite")
"""An auto-incrementing 64-bit key: SQLite only increments a plain INTEGER."""

Bytes = LargeBinary
Text = String


class Instant(TypeDecorator[datetime]):
    """A point in time: aware UTC datetimes in Python, microseconds since 1970 in a BIGINT of either database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise TypeError("a naive datetime has no place in the database")
        delta = value.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
        return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return instant(value)


def instant(value: int) -> datetime:
    """The point in time that a column of type `Instant` has, where it comes as the driver has it (`peek`)."""
    seconds, micros = divmod(value, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros)


__all__ = ["BigKey", "Bytes", "Instant", "Text", "instant", "metadata"]
