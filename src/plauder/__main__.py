"""The `plauder` command; `python -m plauder` is the same."""

import sys

from plauder import __version__


def main() -> None:
    """Run it. What needs nothing of the network does not load it: that takes seconds on a small machine."""
    if sys.argv[1:] == ["--version"]:
        print(f"plauder {__version__}")  # noqa: T201
        return
    from plauder import app

    app.main()


if __name__ == "__main__":
    main()
