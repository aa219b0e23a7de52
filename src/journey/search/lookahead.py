"""Lookahead search: a beam search that looks ahead before it scores (Snell et al., arXiv 2408.03314).

Each candidate step is rolled out k steps greedily, less where the solution ends before, and the judge's score at the
end of the rollout stands for it. The rollout itself is thrown away: it costs tokens and is never an answer.
"""

from dataclasses import dataclass, replace

from journey.errors import check_settings
from journey.search.beam import BeamSettings, climb
from journey.search.candidate import Candidate, SearchContext, attempt, extend
from journey.search.choose import Rank, chosen, rank
from journey.search.cost import counting
from journey.types import Attempt, Problem


@dataclass(frozen=True, slots=True)
class LookaheadSettings(BeamSettings):
    """A beam search with rollouts of `look` k steps; 0 is the beam search itself."""

    look: int = 1

    def __post_init__(self) -> None:
        BeamSettings.__post_init__(self)
        check_settings(self, "search.", look=0)

    def at_most(self) -> tuple[int, int]:
        """The model's calls and generated tokens, at most: each candidate of a step has a rollout of its own."""
        calls, tokens = BeamSettings.at_most(self)
        rollouts = self.n * self.depth * self.look
        return calls + rollouts, tokens + rollouts * self.max_step_tokens


async def lookahead(problem: Problem, context: SearchContext, settings: LookaheadSettings) -> Attempt:
    """The best finished candidate of a beam search whose beams are compared by the ends of their rollouts."""
    with counting(context) as (context, tally):

        async def value(candidate: Candidate) -> Rank:
            return rank(await rolled_out(problem, context, settings, candidate), settings.aggregate)

        finished, left = await climb(problem, context, settings, value)
    winner = chosen(finished, settings.aggregate, settings.choice)
    return attempt(problem, context, "lookahead", settings, tally.spent(), winner, left)


async def rolled_out(
    problem: Problem, context: SearchContext, settings: LookaheadSettings, candidate: Candidate
) -> Candidate:
    """Where k greedy steps lead; the last whole step where the next one is none."""
    greedy = replace(settings, temperature=0.0)
    for _ in range(settings.look):
        if not candidate.open:
            break
        after = await extend(problem, context, candidate, greedy, 1, "look")
        if not after:
            break
        candidate = after[0]
    return candidate
