"""What a user did wrong, said in one sentence with the mend."""

from functools import cache
from math import inf
from typing import Any, Literal, get_args, get_origin, get_type_hints

ABOVE_0 = 5e-324  # the least number above it, where 0 itself is none of a range


class UsageError(Exception):
    """A user's mistake (bad file, unknown name, other settings). The command prints the message and exits with 2."""


class BudgetReached(Exception):
    """The budget of calls, tokens or money is spent. The command says so, exits with 3 and can be continued.

    `spent`: what the command spent until then, one row a model as `commands/spending.py` makes them.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.spent: list[dict[str, Any]] = []


def check_settings(settings: Any, under: str = "", **ranges: float | tuple[float, float]) -> None:
    """Raises UsageError for a field of a dataclass with a word that its type does not list, or outside its range.

    A range is the least value, or the least and the greatest; null is let through. `under` is the dotted name that the
    settings stand below ("search."), for the sentence alone.
    """
    for name, words in _words(type(settings)).items():
        if (value := getattr(settings, name)) not in (None, *words):
            raise UsageError(f"{under}{name} is {value!r}; write one of {', '.join(map(str, words))}")
    for name, wanted in ranges.items():
        least, most = wanted if isinstance(wanted, tuple) else (wanted, inf)
        value = getattr(settings, name)
        if value is not None and not (least <= value <= most and value < inf):
            lowest = "above 0" if least == ABOVE_0 else f"at least {least}"
            highest = "" if most == inf else f" and at most {most}"
            raise UsageError(f"{under}{name} is {value}; it must be {lowest}{highest}")


@cache
def _words(kind: type[Any]) -> dict[str, tuple[str, ...]]:
    """The words that each field with a choice of them may hold."""
    hints = {name: (hint, *get_args(hint)) for name, hint in get_type_hints(kind).items()}
    return {name: get_args(h) for name, among in hints.items() for h in among if get_origin(h) is Literal}
