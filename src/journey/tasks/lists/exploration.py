"""Truthful random exploration of list puzzles, which the tiny base has not read: a student's practice."""

import random
import re
from collections.abc import Callable, Hashable, Sequence
from typing import cast

from journey.tasks.exploration import END, ExplorationSettings, Ground, Move, document
from journey.tasks.lists.draw import ListSettings, draw
from journey.tasks.lists.functions import FUNCTIONS, LARGEST, list_text
from journey.tasks.lists.program import flaw_of, lost
from journey.tasks.lists.puzzle import (
    Puzzle,
    State,
    Step,
    after,
    back_text,
    is_held_out,
    made_text,
    miss_text,
    parse_state,
    parse_step,
    question,
    solutions,
    steps,
)
from journey.tasks.lists.single_steps import explore as single_steps

SINGLE_STEPS = 0.1  # of the rows of practice
MOST_WALKS = 6


def practice(rng: random.Random) -> tuple[str, str]:
    """A prompt and a true answer: functions one by one, or the random exploration of a puzzle that is not held out."""
    if rng.random() < SINGLE_STEPS:
        return _single_steps(rng)
    while is_held_out(puzzle := draw(rng, ListSettings(shortest=2, longest=5))):
        pass
    walks = rng.randint(1, MOST_WALKS)
    head, _, text = document(ground(puzzle), rng, walks).removesuffix(f" {END}").partition("\n")
    return explore_prompt(head, walks), text


def _single_steps(rng: random.Random) -> tuple[str, str]:
    """A list and another one, and the functions that lead there one by one."""
    while True:
        head, _, text = single_steps(rng, ExplorationSettings()).removesuffix(f" {END}").partition("\n")
        start, goal = (tuple(map(int, numbers.split())) for numbers in re.findall(r"\(([\d ]+)\)", head))
        if not is_held_out(Puzzle(start, goal, 1)):
            return f"{head}\n", text


def explore_prompt(puzzle: str, walks: int = MOST_WALKS) -> str:
    """What a student is asked that shall explore a puzzle at random: so many walks are to be tried."""
    return f"{puzzle}\n{walks} tried\n"


def ground(puzzle: Puzzle) -> Ground:
    """The puzzle as exploration sees it; a state is the list that stands and the steps that are left."""
    goal = puzzle.goal

    def moves(state: Hashable) -> list[Move]:
        here = cast(State, state)
        return [Move(str(step), after(here, step), step.name) for step in steps(puzzle, here)]

    def verdict(state: Hashable) -> str:
        numbers = cast(State, state).numbers
        return made_text(goal) if numbers == goal else f"Wait , {miss_text(numbers, goal)}"

    def check(taken: Sequence[Move]) -> str:
        return " , ".join(f"{move.short} = {list_text(cast(State, move.to).numbers)}" for move in taken)

    def step(state: Hashable, line: str) -> tuple[State, bool] | None:
        found, here = parse_step(line), cast(State, state)
        return None if found is None else (after(here, found), flaw_of(puzzle, here, found) is None)

    def hint(rng: random.Random) -> tuple[str, list[str]] | None:
        programs = list(solutions(puzzle))
        if not programs:
            return None
        program = rng.choice(programs)
        if rng.random() < 0.5:
            program = [rng.choice(program)]
        return " , ".join(one.name for one in program), list(map(str, program))

    def restated(line: str) -> tuple[State, Callable[[Hashable], bool]] | None:
        if (found := parse_state(line)) is None:
            return None
        return found, lambda state: state == found

    return Ground(
        question=question(puzzle),
        start=puzzle.state,
        moves=moves,
        verdict=verdict,
        is_goal=lambda state: cast(State, state).numbers == goal,
        back=lambda state: back_text(cast(State, state)),
        check=check,
        lost=lambda state: lost(puzzle, cast(State, state)),
        unsolvable=f"{list_text(goal)} cannot be made",
        claim=lambda rng, state: _claim(puzzle, cast(State, state), rng),
        answer=lambda state, line: _answer(puzzle, cast(State, state), line),
        hint=hint,
        step=step,
        restated=restated,
    )


def _claim(puzzle: Puzzle, state: State, rng: random.Random) -> str:
    """A step that somebody names, in half of the cases with another number than its true result has."""
    legal = steps(puzzle, state)
    if not legal:
        return str(Step(rng.choice(FUNCTIONS), state.numbers))
    step = rng.choice(legal)
    return str(step) if rng.random() < 0.5 else str(misstated(step, rng))


def misstated(step: Step, rng: random.Random) -> Step:
    """The step with one number of its result changed."""
    numbers, at = list(step.result), rng.randrange(len(step.result))
    numbers[at] = min(LARGEST, max(0, numbers[at] + rng.choice((-2, -1, 1, 2))))
    return Step(step.name, tuple(numbers))


def _answer(puzzle: Puzzle, state: State, line: str) -> str | None:
    """What is true of a claim."""
    if (step := parse_step(line)) is None:
        return None
    flaw = flaw_of(puzzle, state, step)
    return f"Wait , {flaw.why}" if flaw else f"Yes , {step.name} is {list_text(step.result)}"
