"""Accuracy against the tokens spent: is a search worth what it costs, compared at equal compute?

What counts is what a problem costs on average: the tokens that the model generated for all candidates, kept or not, and
those that judging cost (Snell et al., arXiv 2408.03314, compare searches by generations alone; a judge is not free).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from journey.metrics.accuracy import Interval, accuracy, share_over_seeds
from journey.metrics.at_k import by_problem
from journey.types import Attempt


@dataclass(frozen=True, slots=True)
class AccuracyAtCost:
    """One way of answering: its accuracy with the 95 % interval, and what a problem cost on average.

    `answered` is the share of problems with a final answer.
    """

    accuracy: Interval
    model_tokens: float
    judge_tokens: float
    calls: float
    answered: float

    @property
    def tokens(self) -> float:
        """Tokens spent a problem: the model's and the judge's."""
        return self.model_tokens + self.judge_tokens


def accuracy_at_cost(seeds: Sequence[Sequence[Attempt]]) -> AccuracyAtCost:
    """What the attempts of each seed amount to; several at one problem count with their mean."""
    everything = [attempt for attempts in seeds for attempt in attempts]
    return AccuracyAtCost(
        accuracy=share_over_seeds([{p: accuracy(of) for p, of in by_problem(attempts).items()} for attempts in seeds]),
        model_tokens=fmean(a.spent.model_tokens for a in everything),
        judge_tokens=fmean(a.spent.judge_tokens for a in everything),
        calls=fmean(a.spent.calls for a in everything),
        answered=fmean(a.answer is not None for a in everything),
    )
