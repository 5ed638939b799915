"""Alembic's entrance: runs on the connection it is handed."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

attributes = context.config.attributes


def _render(kind: str, item: Any, autogen: AutogenContext) -> Literal[False]:
    """Our own column types are imported where the migration uses them."""
    module = type(item).__module__
    if kind == "type" and module.startswith("plauder."):
        autogen.imports.add(f"import {module}")
    return False


context.configure(
    connection=attributes["connection"],
    target_metadata=attributes["tables"],
    render_item=_render,
    render_as_batch=False,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
