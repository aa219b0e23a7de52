"""Diverse verifier tree search (Beeching, Tunstall and Rush, Scaling test-time compute with open models, 2024).

The N candidates of a beam search are split into N/M trees that never see each other. Each draws M next steps and goes
on with the best one, so that large budgets do not end in many copies of one beam. The answer is chosen among the
finished candidates of all trees.
"""

from journey.models.gather import gather_or_cancel
from journey.search.beam import BeamSettings
from journey.search.candidate import ROOT, Candidate, SearchContext, attempt, extend
from journey.search.choose import best_first, chosen
from journey.search.cost import counting
from journey.types import Attempt, Problem

DvtsSettings = BeamSettings


async def dvts(problem: Problem, context: SearchContext, settings: DvtsSettings) -> Attempt:
    """The best finished candidate of all trees."""
    with counting(context) as (context, tally):
        trees = await gather_or_cancel(descend(problem, context, settings, tree) for tree in range(settings.keep))
    finished = [one for found, _ in trees for one in found]
    left = [one for _, open_ones in trees for one in open_ones]
    winner = chosen(finished, settings.aggregate, settings.choice)
    return attempt(problem, context, "dvts", settings, tally.spent(), winner, left)


async def descend(
    problem: Problem, context: SearchContext, settings: DvtsSettings, tree: int
) -> tuple[list[Candidate], list[Candidate]]:
    """The finished candidates of one tree, and where it stood at the end if it was open still."""
    finished: list[Candidate] = []
    level = [ROOT]
    for _ in range(settings.depth):
        candidates = await extend(problem, context, level[0], settings, settings.drawn, "tree", tree)
        finished += [one for one in candidates if one.answer is not None]
        usable = [one for one in candidates if one.open or one.answer is not None]
        level = [one for one in best_first(usable, settings.aggregate)[:1] if one.open]
        if not level:
            break
    return finished, level
