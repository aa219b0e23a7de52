"""Single steps of a third puzzle, which the tiny base has read so that its words are no strangers: lists and a stack.

`Turn ( 3 1 2 ) to ( 6 )` asks; `sort = ( 1 2 3 )` names an operation and the list after it. A stack is a list whose top
is its last number. There is no task of this name yet.
"""

import random
from collections.abc import Callable

from journey.tasks.exploration import END, ExplorationSettings

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


def list_text(numbers: Numbers) -> str:
    """How a list is written."""
    return " ".join(["(", *map(str, numbers), ")"])


def explore(rng: random.Random, settings: ExplorationSettings) -> str:
    """One document: a list, the list that random operations lead to, and those operations one by one."""
    start = tuple(rng.randint(0, 20) for _ in range(rng.randint(2, 5)))
    at, lines = start, list[str]()
    for _ in range(rng.randint(2, 8)):
        name = rng.choice([*OPERATIONS, "push", "push"])
        if name == "push":
            number = rng.randint(0, 20)
            name, after = f"push {number}", (*at, number)
        else:
            after = OPERATIONS[name](at)
        if after and len(after) <= LONGEST and max(after) <= LARGEST:
            at = after
            lines.append(f"{name} = {list_text(at)}")
    return "\n".join([f"Turn {list_text(start)} to {list_text(at)}", *lines, f"Yes , {list_text(at)} is made {END}"])
