"""The functions of the puzzle, and the exact interpreter: what each makes of a list of numbers.

A list doubles as a stack, whose top is its last number.
"""

from collections.abc import Callable

LARGEST = 100
LONGEST = 6
Numbers = tuple[int, ...]

OPERATIONS: dict[str, Callable[[Numbers], Numbers | None]] = {
    "reverse": lambda xs: xs[::-1],
    "sort": lambda xs: tuple(sorted(xs)),
    "first": lambda xs: xs[:1],
    "last": lambda xs: xs[-1:],
    "rest": lambda xs: xs[1:],
    "double": lambda xs: tuple(2 * x for x in xs),
    "even": lambda xs: tuple(x for x in xs if x % 2 == 0),
    "odd": lambda xs: tuple(x for x in xs if x % 2),
    "sum": lambda xs: (sum(xs),),
    "max": lambda xs: (max(xs),),
    "min": lambda xs: (min(xs),),
    "pop": lambda xs: xs[:-1],
    "dup": lambda xs: (*xs, xs[-1]),
    "swap": lambda xs: (*xs[:-2], xs[-1], xs[-2]) if len(xs) > 1 else None,
    "add": lambda xs: (*xs[:-2], xs[-2] + xs[-1]) if len(xs) > 1 else None,
    "sub": lambda xs: (*xs[:-2], xs[-2] - xs[-1]) if len(xs) > 1 and xs[-2] >= xs[-1] else None,
    "mul": lambda xs: (*xs[:-2], xs[-2] * xs[-1]) if len(xs) > 1 else None,
}

FUNCTIONS = ("reverse", "first", "last", "rest", "pop", "dup", "double", "max", "min")
"""Those that programs may use: the tiny base applies each of them right 97 times of 100 or more."""


def allowed(numbers: Numbers | None) -> bool:
    """Whether it is a list that may stand in a puzzle: 1 to `LONGEST` numbers, none above `LARGEST`."""
    return bool(numbers) and len(numbers) <= LONGEST and max(numbers) <= LARGEST


def apply(name: str, numbers: Numbers) -> Numbers | None:
    """What the function makes of the list; null where it cannot be applied or its result may not stand."""
    after = OPERATIONS[name](numbers)
    return after if allowed(after) else None


def list_text(numbers: Numbers) -> str:
    """How a list is written."""
    return " ".join(["(", *map(str, numbers), ")"])
