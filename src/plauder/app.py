"""The one module that knows everybody: it builds the parts, wires them, and is the command's entry point."""


def main() -> None:
    """Run the `plauder` command."""
    raise SystemExit("plauder: not wired yet")
