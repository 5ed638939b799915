"""Many rows of one table in one statement, without what SQLAlchemy asks of each of them.

Its `executemany` makes a dictionary per row and looks every parameter up by name, which costs more than SQLite does.
Here a statement is written once, and a row is one tuple; types and defaults are the table's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Connection, Table

Process = Callable[[Any], Any]


class Bulk:
    """The INSERTs that were made so far. Not for callable defaults, of which no table here has one."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, tuple[str, ...]], _Insert] = {}
        self._updates: dict[tuple[Column[Any], tuple[str, ...]], _Update] = {}

    def insert(self, connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """All rows have the same keys. At least one row."""
        key = (table.name, tuple(rows[0]))
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = _Insert(connection, table, key[1])
        connection.exec_driver_sql(known.sql, [known.values(row) for row in rows])

    def update(self, connection: Connection, key: Column[Any], rows: Sequence[Mapping[str, Any]]) -> None:
        """Set columns of the rows whose `key` is given. All have the same keys. At least one."""
        names = (*(name for name in rows[0] if name != key.name), key.name)
        known = self._updates.get((key, names))
        if known is None:
            known = self._updates[key, names] = _Update(connection, key, names)
        connection.exec_driver_sql(known.sql, [known.values(row) for row in rows])


class _Statement:
    """SQL with marks for these columns, and what makes a row's tuple."""

    sql: str

    def __init__(self, connection: Connection, columns: Sequence[Column[Any]]) -> None:
        processes = [
            column.type.dialect_impl(connection.dialect).bind_processor(connection.dialect) for column in columns
        ]
        self._processed: list[tuple[int, Process]] = [(at, do) for at, do in enumerate(processes) if do is not None]
        self._names = [column.name for column in columns]
        self._rest: tuple[Any, ...] = ()

    def values(self, row: Mapping[str, Any]) -> tuple[Any, ...]:
        found = [row[name] for name in self._names]
        for at, process in self._processed:
            found[at] = process(found[at])
        return (*found, *self._rest)


class _Insert(_Statement):
    def __init__(self, connection: Connection, table: Table, given: tuple[str, ...]) -> None:
        columns = [table.c[name] for name in given]
        super().__init__(connection, columns)
        dialect, quote = connection.dialect, connection.dialect.identifier_preparer.quote
        defaults = [column for column in table.c if column.name not in given and column.default is not None]
        self._rest = tuple(_constant(column, dialect) for column in defaults)
        names = ", ".join(quote(column.name) for column in (*columns, *defaults))
        marks = ", ".join("?" * (len(columns) + len(defaults)))
        self.sql = f"INSERT INTO {quote(table.name)} ({names}) VALUES ({marks})"  # noqa: S608 (names of our own tables)


class _Update(_Statement):
    def __init__(self, connection: Connection, key: Column[Any], names: tuple[str, ...]) -> None:
        super().__init__(connection, [key.table.c[name] for name in names])
        quote = connection.dialect.identifier_preparer.quote
        changed = ", ".join(f"{quote(name)} = ?" for name in names[:-1])
        self.sql = f"UPDATE {quote(key.table.name)} SET {changed} WHERE {quote(key.name)} = ?"  # noqa: S608 (as above)


def _constant(column: Any, dialect: Any) -> Any:
    """What a column has where a row says nothing."""
    if not column.default.is_scalar:
        raise TypeError(f"{column} has a default that is computed")
    process = column.type.dialect_impl(dialect).bind_processor(dialect)
    return process(column.default.arg) if process else column.default.arg
