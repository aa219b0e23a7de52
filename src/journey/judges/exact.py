"""The exact judge of Countdown: a step is right when it is legal, true, and the target can still be made after it."""

from collections.abc import Sequence

from journey.errors import UsageError
from journey.judges.base import UnsupportedProblem
from journey.tasks.countdown.checker import last_chain, why_not
from journey.tasks.countdown.puzzle import Puzzle, can_make, parse_puzzle, parse_step
from journey.types import Judgement, Problem

MEND = "name another, as in --judge critic:openai/NAME"


class Exact:
    """A Judge that searches the whole puzzle. It never says neutral; each verdict "wrong" has its reason in words.

    What is said of a step holds for the step alone: after a wrong prefix it is judged as if that prefix were true.
    The score is 1 for right, 0.5 for a true step after which the target is out of reach, 0 for one that is not true.
    """

    name = "exact"

    async def judge(self, problem: Problem, prefix: Sequence[str], candidates: Sequence[str]) -> list[Judgement]:
        """One judgement a candidate. Raises UnsupportedProblem where the problem is no Countdown question."""
        try:
            puzzle = parse_puzzle(problem.question)
        except UsageError:
            raise UnsupportedProblem("the judge exact knows puzzles only", MEND) from None
        chain, _ = last_chain(puzzle, "\n".join(prefix))
        return [self._judge_step(puzzle, chain.numbers, line) for line in candidates]

    def _judge_step(self, puzzle: Puzzle, numbers: tuple, line: str) -> Judgement:
        step = parse_step(line)
        if step is None:
            return Judgement(None, None, "not a step of the puzzle", self.name)
        if (flaw := why_not(puzzle, numbers, step)) is not None:
            return Judgement("wrong", 0.0, flaw, self.name)
        if can_make(step.rest, puzzle.target, puzzle.fractions):
            return Judgement("right", 1.0, None, self.name)
        if len(step.rest) == 1:
            return Judgement("wrong", 0.5, f"{step.result} is not {puzzle.target}", self.name)
        rest = " and ".join(map(str, step.rest))
        return Judgement("wrong", 0.5, f"{rest} cannot make {puzzle.target}", self.name)
