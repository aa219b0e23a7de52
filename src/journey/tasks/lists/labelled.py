"""List solutions with labelled steps, made here: half of them right, half with a first wrong step.

A wrong step states a false result, or it is true and the goal is out of reach after it; what follows goes on at random
and is labelled by nobody, as in ProcessBench.
"""

import random

from journey.tasks.labelled import Labelled, LabelledSet, solution, until
from journey.tasks.lists.draw import draw
from journey.tasks.lists.exploration import misstated
from journey.tasks.lists.functions import list_text
from journey.tasks.lists.puzzle import Puzzle, State, Step, after, can_make, question, solutions, steps

NAME = "lists"
FALSE = 0.5  # of the wrong steps


def list_set(count: int, seed: int = 0) -> LabelledSet:
    """So many labelled solutions of as many puzzles; the same for the same seed."""
    rng = random.Random(seed)
    return LabelledSet(NAME, [_one(rng, number) for number in range(count)])


def _one(rng: random.Random, number: int) -> Labelled:
    puzzle = draw(rng)
    chain, state = rng.choice(list(solutions(puzzle))), puzzle.state
    first: int | None = None
    if rng.random() < 0.5:
        first = rng.randrange(len(chain))
        for step in chain[:first]:
            state = after(state, step)
        wrong = _wrong(puzzle, state, chain[first], rng)
        chain = [*chain[:first], wrong, *_onward(puzzle, after(state, wrong), rng)]
    texts = [str(step) for step in chain]
    return solution(number, question(puzzle), list_text(puzzle.goal), texts, until(first, len(texts)), task=NAME)


def _wrong(puzzle: Puzzle, state: State, right: Step, rng: random.Random) -> Step:
    """A wrong step in the place of a right one."""
    lost = [step for step in steps(puzzle, state) if not can_make(puzzle, after(state, step))]
    if lost and rng.random() >= FALSE:
        return rng.choice(lost)
    while (wrong := misstated(right, rng)) == right:
        pass
    return wrong


def _onward(puzzle: Puzzle, state: State, rng: random.Random) -> list[Step]:
    """Random legal steps to the end."""
    chain: list[Step] = []
    while options := steps(puzzle, state):
        chain.append(rng.choice(options))
        state = after(state, chain[-1])
    return chain
