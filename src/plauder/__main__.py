"""`python -m plauder` is the `plauder` command."""

from plauder.app import main

main()
