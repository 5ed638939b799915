"""The `plauder` command; `python -m plauder` is the same."""

from __future__ import annotations

import os
import sys
from typing import Any

from plauder import __version__


def main() -> None:
    """Run it. Whatever it writes is for its user alone.

    Only a command that runs the network loads all of it: that takes seconds on a small machine.
    """
    if sys.argv[1:] == ["--version"]:
        print(f"plauder {__version__}")  # noqa: T201
        return
    from plauder.ops import cli

    os.umask(0o077)
    sys.exit(cli.run(_build, sys.argv[1:], seed=_seed))


def _build(*arguments: Any) -> Any:
    from plauder import app

    return app.build(*arguments)


async def _seed(network: Any) -> str:
    from plauder.ops.demo.seed import seed

    return await seed(network)


if __name__ == "__main__":
    main()
