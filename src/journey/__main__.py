"""`python -m journey` is the command `journey`."""

from journey.cli import main

main()
