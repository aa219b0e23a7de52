"""What the tiny base model reads: truthful random exploration, with no goal-directed choice in it.

A document is a puzzle and a random walk of legal steps to its end; the verdict; then, unless the target was made, an
earlier state of the walk restated and random steps from there, and so on. No walk is taken twice.
"""

import random
from functools import lru_cache

from journey.tasks.countdown.puzzle import Number, Numbers, Puzzle, Step, question, state_text, steps

LARGEST = 100
END = "<end>"
WORDS = (
    "<pad>", END, "\n", "Make", "from", "(", ")", "->", "+", "-", "*", "/", "=", "Wait", ",", "is", "not", "and",
    "cannot", "make", "Back", "to", "Yes",
)  # fmt: skip
VOCABULARY: tuple[str, ...] = (*WORDS, *map(str, range(LARGEST + 1)))


def miss_text(result: Number, target: Number) -> str:
    """What is said of a walk that ended beside the target."""
    return f"Wait , {result} is not {target}"


def back_text(numbers: Numbers, target: Number) -> str:
    """The return to an earlier state."""
    return f"Back to {state_text(numbers, target)}"


def made_text(target: Number) -> str:
    """What is said of a walk that made the target."""
    return f"Yes , {target} is {target}"


@lru_cache(maxsize=200_000)
def _small_steps(numbers: Numbers, target: Number) -> tuple[Step, ...]:
    """The legal steps whose result the vocabulary can write."""
    return tuple(step for step in steps(numbers, target) if step.result <= LARGEST)


def document(puzzle: Puzzle, rng: random.Random, walks: int, to_root: float = 0.5) -> str:
    """At most `walks` random walks through the puzzle; ends early where one makes the target or nothing is left to try.

    After a miss the walk returns to the question with probability `to_root`, else to another state that it passed.
    """
    lines = [question(puzzle)]
    done: set[tuple[Numbers, Step]] = set()
    path: list[Numbers] = [puzzle.numbers]
    for walk in range(walks):
        while len(path[-1]) > 1:
            step = rng.choice(_untried(path[-1], puzzle.target, done))
            if len(step.rest) == 1:
                done.add((path[-1], step))
            lines.append(str(step))
            path.append(step.rest)
        result = next(iter(path[-1]))
        if result == puzzle.target:
            return "\n".join([*lines, f"{made_text(puzzle.target)} {END}"])
        lines.append(miss_text(result, puzzle.target))
        open_states = [i for i in range(len(path) - 1) if _untried(path[i], puzzle.target, done)]
        if not open_states or walk == walks - 1:
            break
        back = 0 if rng.random() < to_root else rng.choice(open_states)
        path = path[: back + 1]
        lines.append(back_text(path[-1], puzzle.target))
    return "\n".join(lines)


def _untried(numbers: Numbers, target: Number, done: set[tuple[Numbers, Step]]) -> list[Step]:
    return [
        step
        for step in _small_steps(numbers, target)
        if (numbers, step) not in done and (len(step.rest) == 1 or _untried(step.rest, target, done))
    ]


_IDS = {word: i for i, word in enumerate(VOCABULARY)}


def tokenize(text: str) -> list[int]:
    """The token ids of a text in the puzzle's own words. Raises KeyError on any other word."""
    return [_IDS[word] for word in text.replace("\n", " \n ").split(" ") if word]
