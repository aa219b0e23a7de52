"""Truthful random exploration of Countdown, in the words that the tiny base model reads."""

import random
from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import cast

from journey.tasks.countdown.chain import flaw_of, lost
from journey.tasks.countdown.puzzle import (
    Number,
    Numbers,
    Puzzle,
    PuzzleSettings,
    Step,
    apply,
    back_text,
    draw,
    is_held_out,
    made_text,
    miss_text,
    parse_state,
    parse_step,
    question,
    solutions,
    steps,
    unsolvable_text,
)
from journey.tasks.exploration import TRIED, ExplorationSettings, Ground, Move, document, draw_style

LARGEST = 100  # number that the tiny base's vocabulary can write
ANY = 1_000_000  # targets need not be within reach of the vocabulary: a walk that finds nothing is truthful too
FOUR_NUMBERS = 0.08  # of the puzzles


def explore(rng: random.Random, settings: ExplorationSettings) -> str:
    """One document on a random puzzle that is not held out."""
    style = draw_style(rng, settings)
    while True:
        count = 4 if rng.random() < FOUR_NUMBERS else 3
        puzzle = draw(rng, PuzzleSettings(count, largest_result=ANY))
        if style == "cannot" and rng.random() < 0.5:
            puzzle = Puzzle(puzzle.numbers[:2], rng.randint(10, LARGEST))
        if not is_held_out(puzzle):
            if style == "cannot" and len(puzzle.numbers) > 2:
                return document(ground(puzzle), rng, 12, settings.to_root, style)
            return document(ground(puzzle), rng, rng.choice(settings.walks), settings.to_root, style)


def ground(puzzle: Puzzle) -> Ground:
    """The puzzle as exploration sees it; a state is the numbers that are left."""
    target = puzzle.target

    def verdict(state: Hashable) -> str:
        result = cast(Numbers, state)[-1]
        return made_text(target) if result == target else miss_text(result, target)

    def hint(rng: random.Random) -> tuple[str, list[str]] | None:
        ways = [way for way in solutions(puzzle) if all(step.result <= LARGEST for step in way)]
        if not ways:
            return None
        way = rng.choice(ways)
        if rng.random() < 0.5:
            way = [rng.choice(way)]
        return " , ".join(map(_sum, way)), [str(step) for step in way]

    def step(state: Hashable, line: str) -> tuple[Numbers, bool] | None:
        found = parse_step(line)
        return None if found is None else (found.rest, flaw_of(puzzle, cast(Numbers, state), found) is None)

    def restated(line: str) -> tuple[Numbers, Callable[[Hashable], bool]] | None:
        if (found := parse_state(line.partition(TRIED)[0])) is None:
            return None
        numbers, to = found
        return numbers, lambda state: to == target and sorted(cast(Numbers, state)) == sorted(numbers)

    return Ground(
        question=question(puzzle),
        start=puzzle.numbers,
        moves=lambda state: _moves(cast(Numbers, state), target),
        verdict=verdict,
        is_goal=lambda state: state == (target,),
        back=lambda state: back_text(cast(Numbers, state), target),
        check=lambda taken: " , ".join(f"{move.short} = {cast(Numbers, move.to)[-1]}" for move in taken),
        lost=lambda state: lost(puzzle, cast(Numbers, state)),
        unsolvable=unsolvable_text(target),
        claim=lambda rng, state: _claim(target, cast(Numbers, state), rng),
        answer=lambda state, line: _answer(puzzle, cast(Numbers, state), line),
        hint=hint,
        step=step,
        restated=restated,
    )


@lru_cache(maxsize=100_000)
def _moves(numbers: Numbers, target: Number) -> tuple[Move, ...]:
    """The legal steps whose result the vocabulary can write."""
    return tuple(
        Move(str(step), step.rest, f"{step.left} {step.op} {step.right}")
        for step in steps(numbers, target)
        if step.result <= LARGEST
    )


def _sum(step: Step) -> str:
    return f"{step.left} {step.op} {step.right} = {step.result}"


def _claim(target: Number, numbers: Numbers, rng: random.Random) -> str:
    """A sum or a step that somebody names, true or not; its true result is one that the vocabulary can write."""
    while True:
        a, b = (rng.choice(numbers) if rng.random() < 0.7 else rng.randint(1, 20) for _ in range(2))
        op = rng.choice("+-*/")
        true = apply(a, op, b)
        if true is None or true <= LARGEST:
            break
    near = rng.randint(1, LARGEST) if true is None else true + rng.choice((0, 0, 0, -2, -1, 1, 2))
    result = min(LARGEST, max(0, near))
    if len(numbers) == 1 or rng.random() < 0.5:
        return f"{a} {op} {b} = {result}"
    return str(Step(a, op, b, result, (*_without(numbers, a, b), result), target))


def _answer(puzzle: Puzzle, numbers: Numbers, line: str) -> str | None:
    """What is true of a claim."""
    if (step := parse_step(line)) is not None:
        flaw = flaw_of(puzzle, numbers, step)
        return f"Wait , {flaw.why}" if flaw else f"Yes , {step.left} {step.op} {step.right} is {step.result}"
    match line.split(" "):
        case [a, op, b, "=", result] if a.isdecimal() and b.isdecimal():
            true = apply(int(a), op, int(b))
            if true is None:
                return f"Wait , {a} {op} {b} is not allowed"
            is_true = f"{a} {op} {b} is {true}"
            return f"Yes , {is_true}" if result == str(true) else f"Wait , {is_true} , not {result}"
    return None


def _without(numbers: Numbers, *gone: Number) -> Numbers:
    """The numbers with one of each of `gone` taken out, or the last one where it is not among them."""
    left = list(numbers)
    for number in gone:
        if left:
            left.remove(number if number in left else left[-1])
    return tuple(left)
