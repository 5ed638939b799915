"""The one module that knows everybody: it builds the parts, wires them, and is the command's entry point."""

from __future__ import annotations

import importlib
import pkgutil

from sqlalchemy import MetaData

import plauder
from plauder.store.schema import metadata

_WITH_TABLES = tuple(f"plauder.{floor}" for floor in ("store", "features", "money", "business", "ads", "privacy"))


def tables() -> MetaData:
    """Every table of the program: each module that may declare one has been imported."""
    for module in pkgutil.walk_packages(plauder.__path__, "plauder."):
        if module.name.startswith(_WITH_TABLES) and ".migrations" not in module.name:
            importlib.import_module(module.name)
    return metadata


def main() -> None:
    """Run the `plauder` command."""
    raise SystemExit("plauder: not wired yet")
