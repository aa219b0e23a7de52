"""What a search spends on one problem: what the model generates, what judging costs, and the calls of both.

A judge is shared by all problems in flight, so whom its model works for is told by a context variable: a search runs
inside `counting`, and what a `MeteredModel` model generates meanwhile is charged to that search.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

from journey.judges.base import Judge, judge_solution
from journey.models.base import Completion, Model, Prompt, Sampling
from journey.search.candidate import SearchContext
from journey.types import Judgement, Problem, Spent


@dataclass(slots=True)
class Tally:
    """What was spent so far, in the terms of `Spent`."""

    model_tokens: int = 0
    judge_tokens: int = 0
    calls: int = 0

    def charge(self, tokens: int) -> None:
        """Adds a call of the model."""
        self.model_tokens += tokens
        self.calls += 1

    def spent(self) -> Spent:
        """The sums as they stand now."""
        return Spent(self.model_tokens, self.judge_tokens, self.calls)


_judging_for: ContextVar[Tally | None] = ContextVar("judging_for", default=None)


class MeteredModel:
    """A Model whose calls and generated tokens are charged; an answer from a cache counts like any other.

    `charge` takes the tokens of a call. Without one they are charged to the search that a judge works for, if any.
    """

    def __init__(self, model: Model, charge: Callable[[int], None] | None = None) -> None:
        self.name = model.name
        self._model = model
        self._charge = charge or _charge

    async def complete(self, prompt: Prompt, sampling: Sampling) -> list[Completion]:
        """The model's completions. Raises ModelError."""
        completions = await self._model.complete(prompt, sampling)
        self._charge(sum(completion.tokens for completion in completions))
        return completions


class MeteredJudge:
    """A Judge that generates nothing but reads: a process reward model.

    It is charged for the tokens that it reads, as `count` counts them: question and prefix once a call (siblings share
    them) and every candidate; a whole solution once. A token read costs a forward pass like a token generated.
    """

    def __init__(self, judge: Judge, count: Callable[[str], int]) -> None:
        self.name = judge.name
        self._judge = judge
        self._count = count

    async def judge(self, problem: Problem, prefix: Sequence[str], candidates: Sequence[str]) -> list[Judgement]:
        """What the judge says. Raises what it raises."""
        judgements = await self._judge.judge(problem, prefix, candidates)
        _charge(self._count("\n".join([problem.question, *prefix])) + sum(map(self._count, candidates)))
        return judgements

    async def judge_solution(self, problem: Problem, steps: Sequence[str]) -> list[Judgement]:
        """What the judge says of a whole solution, which it reads once. Raises what it raises."""
        judgements = await judge_solution(self._judge, problem, steps)
        _charge(self._count("\n".join([problem.question, *steps])))
        return judgements


@contextmanager
def counting(context: SearchContext) -> Iterator[tuple[SearchContext, Tally]]:
    """The means with their model counted, and the tally of all that it and the judge spend inside the block."""
    tally = Tally()
    before = _judging_for.set(tally)
    try:
        yield replace(context, model=MeteredModel(context.model, tally.charge)), tally
    finally:
        _judging_for.reset(before)


def _charge(tokens: int) -> None:
    tally = _judging_for.get()
    if tally is not None:
        tally.judge_tokens += tokens
        tally.calls += 1
