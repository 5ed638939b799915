"""Small reads by key at once, where the database is in this process.

A read through the asynchronous engine crosses threads several times and costs some hundred microseconds; a look-up by
key in SQLite's page cache costs ten, less than handing it over. What happens at every login is read here.
"""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from typing import Any

from sqlalchemy import Select
from sqlalchemy.dialects import sqlite

_record: Any = namedtuple
_DIALECT = sqlite.dialect(paramstyle="named")


class Peek:
    """A read-only connection to an SQLite file, for the thread of the loop."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._known: dict[Select[Any], tuple[str, dict[str, Any], Any]] = {}

    def __call__(self, statement: Select[Any], values: dict[str, Any]) -> list[Any]:
        """The rows, as named tuples of what the driver has: texts, numbers and bytes."""
        if self._connection is None:
            self._connection = sqlite3.connect(self._path, isolation_level=None)
            # One cursor for all: a connection remembers those it made.
            self._cursor = self._connection.cursor()
            self._cursor.execute("PRAGMA query_only=ON")
        known = self._known.get(statement)
        if known is None:
            compiled = statement.compile(dialect=_DIALECT)
            record = _record("Record", [column.name for column in statement.selected_columns])
            known = self._known[statement] = (str(compiled), compiled.params, record._make)
        sql, defaults, make = known
        return [make(row) for row in self._cursor.execute(sql, {**defaults, **values}).fetchall()]

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
