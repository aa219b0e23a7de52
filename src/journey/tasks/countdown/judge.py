"""The exact judge of Countdown: a step is right when it is legal, true, and the target can still be made after it."""

from collections.abc import Sequence

from journey.tasks.countdown.checker import last_chain, why_not
from journey.tasks.countdown.puzzle import Numbers, Puzzle, can_make, parse_puzzle, parse_step
from journey.types import Judgement, Problem


def judge(problem: Problem, prefix: Sequence[str], candidates: Sequence[str]) -> list[Judgement]:
    """One judgement a candidate, never neutral; each verdict "wrong" has its reason in words.

    A judgement holds for the step alone: after a wrong prefix it is judged as if that prefix were true. The score is 1
    for right, 0.5 for a true step after which the target is out of reach, 0 for one that is not true. Raises UsageError
    where the problem is no Countdown question.
    """
    puzzle = parse_puzzle(problem.question)
    chain, _ = last_chain(puzzle, "\n".join(prefix))
    return [_judge_step(puzzle, chain.numbers, line) for line in candidates]


def _judge_step(puzzle: Puzzle, numbers: Numbers, line: str) -> Judgement:
    step = parse_step(line)
    if step is None:
        return Judgement(None, None, "not a step of the puzzle")
    if (flaw := why_not(puzzle, numbers, step)) is not None:
        return Judgement("wrong", 0.0, flaw)
    if can_make(step.rest, puzzle.target, puzzle.fractions):
        return Judgement("right", 1.0)
    if len(step.rest) == 1:
        return Judgement("wrong", 0.5, f"{step.result} is not {puzzle.target}")
    rest = " and ".join(map(str, step.rest))
    return Judgement("wrong", 0.5, f"{rest} cannot make {puzzle.target}")
