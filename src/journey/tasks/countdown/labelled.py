"""Countdown solutions with labelled steps, made here: half of them right, half with a first wrong step.

A wrong step is a false sum, or a true one after which the target is out of reach; what follows goes on at random and is
labelled by nobody, as in ProcessBench.
"""

import random
from dataclasses import replace

from journey.tasks.countdown.puzzle import Numbers, Puzzle, Step, can_make, draw, question, solutions, steps
from journey.tasks.labelled import Labelled, LabelledSet, solution, until

NAME = "countdown"
FALSE_SUMS = 0.5  # of the wrong steps
LARGEST = 100  # result that the tiny base can read, as in the puzzles it is trained on


def countdown_set(count: int, seed: int = 0) -> LabelledSet:
    """So many labelled solutions of as many puzzles; the same for the same seed."""
    rng = random.Random(seed)
    return LabelledSet(NAME, [_one(rng, number) for number in range(count)])


def _one(rng: random.Random, number: int) -> Labelled:
    puzzle = draw(rng)
    chain = list(rng.choice([way for way in solutions(puzzle) if all(step.result <= LARGEST for step in way)]))
    first: int | None = None
    if rng.random() < 0.5:
        at = rng.randrange(len(chain))
        if (wrong := _wrong(puzzle, chain[at], puzzle.numbers if at == 0 else chain[at - 1].rest, rng)) is not None:
            first, chain = at, [*chain[:at], wrong, *_onward(puzzle, wrong, rng)]
    texts = [str(step) for step in chain]
    return solution(number, question(puzzle), puzzle.target, texts, until(first, len(texts)), task=NAME)


def _wrong(puzzle: Puzzle, right: Step, numbers: Numbers, rng: random.Random) -> Step | None:
    """A wrong step in the place of a right one; null where every step leads on to the target."""
    lost = [step for step in _small(puzzle, numbers) if not can_make(step.rest, puzzle.target, puzzle.fractions)]
    if lost and rng.random() >= FALSE_SUMS:
        return rng.choice(lost)
    result = right.result + rng.choice((-2, -1, 1, 2))
    if not 1 <= result <= LARGEST:
        return rng.choice(lost) if lost else None
    return replace(right, result=result, rest=(*right.rest[:-1], result))


def _onward(puzzle: Puzzle, step: Step, rng: random.Random) -> list[Step]:
    """Random true steps to the end."""
    chain: list[Step] = []
    while len(step.rest) > 1 and (options := _small(puzzle, step.rest)):
        step = rng.choice(options)
        chain.append(step)
    return chain


def _small(puzzle: Puzzle, numbers: Numbers) -> list[Step]:
    return [step for step in steps(numbers, puzzle.target, puzzle.fractions) if step.result <= LARGEST]
