from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.omemo.browser import ROOT, Node


@pytest.fixture(scope="session")
def packages() -> None:
    """The web packages' dependencies, from their lock file."""
    if not (ROOT / "web/node_modules/@noble").exists():
        subprocess.run([sys.executable, "tools/web.py", "install"], cwd=ROOT, check=True)


@pytest.fixture(scope="session")
def node(packages: None) -> Iterator[Node]:
    with Node() as running:
        yield running
