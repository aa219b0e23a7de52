"""Programs in a text: its steps are followed line by line, through every return to an earlier state."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from journey.tasks.following import Flaw, exact_judge, followed
from journey.tasks.lists.functions import FUNCTIONS, apply, list_text
from journey.tasks.lists.puzzle import (
    Puzzle,
    State,
    Step,
    after,
    can_make,
    miss_text,
    parse_puzzle,
    parse_state,
    parse_step,
    state_text,
)

NOT_ALLOWED = "function not allowed"
FALSE_RESULT = "false result"
ENDED = "step after the end"
BAD_STATE = "wrong state"


@dataclass(frozen=True, slots=True)
class Program:
    """The functions so far, what stands after them, and the first flaw (null: none).

    `names` null: a state was restated that no program of the text came to.
    """

    names: tuple[str, ...] | None
    state: State
    flaw: Flaw | None = None


def last_program(puzzle: Puzzle, text: str) -> tuple[Program, bool]:
    """The program that stands at the end of the text, and whether there was any step at all."""
    return followed(Program((), puzzle.state), text, parse_step, partial(follow, puzzle), parse_state, restate)


def follow(puzzle: Puzzle, program: Program, step: Step) -> Program:
    """The program after one more step, with its first flaw."""
    names = None if program.names is None else (*program.names, step.name)
    return Program(names, after(program.state, step), program.flaw or flaw_of(puzzle, program.state, step))


def restate(seen: Sequence[Program], state: State) -> Program:
    """The latest sound program that came to the state; one with a flaw where there was none."""
    for program in reversed(seen):
        if program.flaw is None and program.state == state:
            return program
    return Program(None, state, Flaw(BAD_STATE, f"no program came to {state_text(state)}"))


def of_names(puzzle: Puzzle, names: Sequence[str]) -> Program:
    """The program of these functions, with its first flaw."""
    program = Program((), puzzle.state)
    for name in names:
        numbers = program.state.numbers
        program = follow(puzzle, program, Step(name, apply(name, numbers) or numbers))
    return program


def flaw_of(puzzle: Puzzle, state: State, step: Step) -> Flaw | None:
    """What is wrong with a step from a state; null where nothing is."""
    here = list_text(state.numbers)
    if state.numbers == puzzle.goal:
        return Flaw(ENDED, f"{here} is made already")
    if state.left < 1:
        return Flaw(ENDED, f"{here} is a dead end")
    if step.name not in FUNCTIONS:
        return Flaw(NOT_ALLOWED, f"{step.name} is not allowed")
    true = apply(step.name, state.numbers)
    if true is None:
        return Flaw(NOT_ALLOWED, f"{step.name} is not allowed at {here}")
    if step.result != true:
        return Flaw(FALSE_RESULT, f"{step.name} is {list_text(true)} , not {list_text(step.result)}")
    return None


def lost(puzzle: Puzzle, state: State) -> str | None:
    """Why the goal is out of reach of a state, in words; null where it is not."""
    if can_make(puzzle, state):
        return None
    if state.left < 1:
        return miss_text(state.numbers, puzzle.goal)
    return f"{list_text(state.numbers)} cannot make {list_text(puzzle.goal)} with {state.left}"


judge = exact_judge(
    parse_puzzle,
    lambda puzzle, text: last_program(puzzle, text)[0].state,
    parse_step,
    flaw_of,
    lambda puzzle, state, step: lost(puzzle, after(state, step)),
)
"""The exact judge: a step is right when it is legal, true, and the steps that are left can still make the goal."""
