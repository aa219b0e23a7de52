"""Beam search that a step judge guides (Snell et al., arXiv 2408.03314, the section on search against a PRM).

N beams at each step: every beam that goes on is extended by M drawn next steps, the judge scores them, and the best N/M
go on. It ends when no beam is open or the depth is reached, after about N * D steps; the answer is chosen among all
candidates that were finished on the way.
"""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass

from journey.errors import UsageError
from journey.models.gather import gather_or_cancel
from journey.search.candidate import ROOT, Candidate, SearchContext, attempt, extend
from journey.search.choose import Aggregate, Choice, Rank, chosen, rank
from journey.search.cost import counting
from journey.search.settings import StepSettings
from journey.types import Attempt, Problem

Value = Callable[[Candidate], Coroutine[None, None, Rank]]


@dataclass(frozen=True, slots=True)
class BeamSettings(StepSettings):
    """`n` N candidates a step, `width` M of them from each beam; a smaller N is drawn from one beam."""

    width: int = 4
    aggregate: Aggregate = "min"
    choice: Choice = "best"

    def __post_init__(self) -> None:
        StepSettings.__post_init__(self)
        if self.width < 1 or (self.n > self.width and self.n % self.width):
            raise UsageError(f"search.n is {self.n} and search.width {self.width}; n must be a multiple of the width")

    @property
    def drawn(self) -> int:
        """The next steps that are drawn after one beam."""
        return min(self.width, self.n)

    @property
    def keep(self) -> int:
        """The beams that go on."""
        return self.n // self.drawn

    def at_most(self) -> tuple[int, int]:
        """The model's calls and generated tokens, at most."""
        return self.keep * self.depth, self.n * self.depth * self.max_step_tokens


async def beam(problem: Problem, context: SearchContext, settings: BeamSettings) -> Attempt:
    """The best finished candidate of a beam search; beams are compared by their scores so far."""

    async def value(candidate: Candidate) -> Rank:
        return rank(candidate, settings.aggregate)

    with counting(context) as (context, tally):
        finished, left = await climb(problem, context, settings, value)
    winner = chosen(finished, settings.aggregate, settings.choice)
    return attempt(problem, context, "beam", settings, tally.spent(), winner, left)


async def climb(
    problem: Problem, context: SearchContext, settings: BeamSettings, value: Value
) -> tuple[list[Candidate], list[Candidate]]:
    """All candidates that were finished on the way, and those that were still open at the end.

    A finished candidate takes a beam's place in the step where it is finished and leaves the others to go on. The
    first step is drawn N times, since there is one beam only.
    """
    finished: list[Candidate] = []
    level, widths = [ROOT], [settings.n]
    for depth in range(settings.depth):
        grown = await gather_or_cancel(
            extend(problem, context, one, settings, width) for one, width in zip(level, widths, strict=True)
        )
        candidates = [one for siblings in grown for one in siblings]
        finished += [one for one in candidates if one.answer is not None]
        if depth < settings.depth - 1:
            candidates = await kept(candidates, settings.keep, value)
        level = [one for one in candidates if one.open]
        if not level:
            break
        widths = [settings.drawn] * len(level)
    return finished, level


async def kept(candidates: Sequence[Candidate], keep: int, value: Value) -> list[Candidate]:
    """The `keep` candidates of the greatest value among those that go on or are finished; ties in their order."""
    usable = [one for one in candidates if one.open or one.answer is not None]
    if len(usable) <= keep:
        return usable
    values = dict(enumerate(await gather_or_cancel(value(one) for one in usable)))
    order = sorted(values, key=values.__getitem__, reverse=True)
    return [usable[index] for index in order[:keep]]
