"""Write the first migration anew from the tables of the program: `make migration` (until 0.1 is released)."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

from plauder import app
from plauder.store import migrations
from plauder.store.append_only import statements
from plauder.store.database import Database


def guards() -> str:
    """The triggers of tables that only grow, as lines of the migration."""
    lines = []
    for table in app.tables().sorted_tables:
        if table.info.get("append_only"):
            for dialect in ("sqlite", "postgresql"):
                lines.append(f'    if op.get_bind().dialect.name == "{dialect}":')
                lines += [f"        op.execute({statement!r})" for statement in statements(table, dialect)]
    return "\n".join(lines)


async def main() -> Path:
    with tempfile.TemporaryDirectory() as directory:
        database = Database(f"sqlite:///{directory}/empty.db")
        async with database.begin() as uow:
            path = await uow.connection.run_sync(migrations.write_first, app.tables())
        await database.close()
    text = path.read_text().rstrip()
    lines = [line for line in text.splitlines() if "auto generated" not in line and "end Alembic" not in line]
    path.write_text("\n".join([*lines, guards(), ""]))
    ruff = Path(sys.executable).parent / "ruff"
    subprocess.run([ruff, "check", "-q", "--fix", path], check=False)
    subprocess.run([ruff, "format", "-q", path], check=True)
    return path


if __name__ == "__main__":
    print(asyncio.run(main()))
