"""Self-consistency: draw several solutions and take the answer that most of them reach (Wang et al., arXiv 2203.11171).

The same as maj@k. No judge is asked; `best_of_n` weighs the votes by one.
"""

from journey.search.candidate import SearchContext, attempt, samples
from journey.search.choose import majority
from journey.search.cost import counting
from journey.search.settings import WholeSettings
from journey.types import Attempt, Problem

VoteSettings = WholeSettings


async def vote(problem: Problem, context: SearchContext, settings: VoteSettings) -> Attempt:
    """The first solution with the most frequent answer. With n = 1 and temperature 0 it is the greedy answer."""
    with counting(context) as (context, tally):
        drawn = await samples(problem, context, settings)
    return attempt(problem, context, "vote", settings, tally.spent(), majority(drawn), drawn)
