"""How many examples a property is tried on: JOURNEY_EXAMPLES says so, as benchmarks/f8_properties.py sets it."""

import os


def examples(few: int) -> int:
    """The number of examples, `few` where nothing else is said."""
    return int(os.environ.get("JOURNEY_EXAMPLES", few))
