"""Whether programs that a model wrote may be run here: only where the user says so, and never because a recipe does.

The word is the environment's JOURNEY_ALLOW_CODE, which processes that a command starts get, too; the flag --allow-code
sets it for one command.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

VARIABLE = "JOURNEY_ALLOW_CODE"
YES = ("1", "true", "t", "yes", "y", "on")


def is_granted() -> bool:
    """Whether the user allows it."""
    return os.environ.get(VARIABLE, "").strip().casefold() in YES


@contextmanager
def granted() -> Iterator[None]:
    """Allows it in this process and those that it starts, as long as the block runs."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before
