"""Tables that only grow: the database itself refuses UPDATE and DELETE, whoever asks."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table, event

_SQLITE = (
    "CREATE TRIGGER IF NOT EXISTS {table}_no_{verb} BEFORE {verb} ON {table} "
    "BEGIN SELECT RAISE(ABORT, '{table} only grows'); END"
)
_POSTGRESQL_FUNCTION = (
    "CREATE OR REPLACE FUNCTION {table}_only_grows() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION '{table} only grows'; END $$"
)
_POSTGRESQL = (
    "CREATE OR REPLACE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
    "FOR EACH STATEMENT EXECUTE FUNCTION {table}_only_grows()"
)


def statements(table: Table, dialect: str) -> list[str]:
    """The DDL that guards `table`, for the migration and for `create_all`."""
    if dialect == "sqlite":
        return [_SQLITE.format(table=table.name, verb=verb) for verb in ("UPDATE", "DELETE")]
    return [_POSTGRESQL_FUNCTION.format(table=table.name), _POSTGRESQL.format(table=table.name)]


def append_only(table: Table) -> Table:
    """Mark `table`: it is guarded as soon as it is made. `table.info["append_only"]` tells the migration."""
    table.info["append_only"] = True

    def guard(target: Table, connection: Any, **_: object) -> None:
        for statement in statements(target, connection.dialect.name):
            connection.exec_driver_sql(statement)

    event.listen(table, "after_create", guard)
    return table
