"""Single steps of list functions, which the tiny base has read so that the words are no strangers to it.

`Turn ( 3 1 2 ) to ( 6 )` asks; `sort = ( 1 2 3 )` names a function and the list after it. These texts are no puzzles of
the task: any function may come, `push` too, as often as it falls, and no walk misses its goal or turns back.
"""

import random

from journey.tasks.exploration import END, ExplorationSettings
from journey.tasks.lists.functions import OPERATIONS, allowed, list_text


def explore(rng: random.Random, settings: ExplorationSettings) -> str:
    """One document: a list, the list that random functions lead to, and those functions one by one."""
    start = tuple(rng.randint(0, 20) for _ in range(rng.randint(2, 5)))
    at, lines = start, list[str]()
    for _ in range(rng.randint(2, 8)):
        name = rng.choice([*OPERATIONS, "push", "push"])
        if name == "push":
            number = rng.randint(0, 20)
            name, after = f"push {number}", (*at, number)
        else:
            after = OPERATIONS[name](at)
        if after is not None and allowed(after):
            at = after
            lines.append(f"{name} = {list_text(at)}")
    return "\n".join([f"Turn {list_text(start)} to {list_text(at)}", *lines, f"Yes , {list_text(at)} is made {END}"])
