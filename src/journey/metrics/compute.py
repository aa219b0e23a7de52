"""Accuracy against the tokens spent: is a search worth what it costs, compared at equal compute?

What counts is what a problem costs on average: the tokens that the model generated for all candidates, kept or not, and
those that judging cost (Snell et al., arXiv 2408.03314, compare searches by generations alone; a judge is not free).
A figure at a budget between two sizes of a search is that of their mixture, so that the budget is met on average, as
maj@k is mixed in O1 Replication Journey part 2's curve of accuracy against output tokens.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from journey.metrics.accuracy import Interval, share_over_seeds
from journey.types import Attempt


@dataclass(frozen=True, slots=True)
class AccuracyAtCost:
    """One way of answering: accuracy by problem, one mapping a seed, and what a problem cost on average.

    `answered` is the share of problems with a final answer. `capped`: it could not use up the budget it is shown for.
    """

    rows: tuple[Mapping[str, float], ...]
    model_tokens: float
    judge_tokens: float
    calls: float
    answered: float
    capped: bool = False

    @property
    def tokens(self) -> float:
        """Tokens spent a problem: the model's and the judge's."""
        return self.model_tokens + self.judge_tokens

    @property
    def accuracy(self) -> Interval:
        """With the 95 % interval: Wilson's of one seed, of several the wider of a bootstrap and Student's."""
        return share_over_seeds(self.rows)


def accuracy_at_cost(seeds: Sequence[Sequence[Attempt]]) -> AccuracyAtCost:
    """What the attempts of each seed amount to; several at one problem count with their mean."""
    everything = [attempt for attempts in seeds for attempt in attempts]
    return AccuracyAtCost(
        rows=tuple(_rows(attempts) for attempts in seeds),
        model_tokens=fmean(a.spent.model_tokens for a in everything),
        judge_tokens=fmean(a.spent.judge_tokens for a in everything),
        calls=fmean(a.spent.calls for a in everything),
        answered=fmean(a.answer is not None for a in everything),
    )


def _rows(attempts: Iterable[Attempt]) -> dict[str, float]:
    right: dict[str, list[bool]] = {}
    for attempt in attempts:
        right.setdefault(attempt.problem, []).append(attempt.correct is True)
    return {problem: fmean(found) for problem, found in right.items()}


def at_tokens(curve: Iterable[AccuracyAtCost], budget: float) -> AccuracyAtCost | None:
    """A way of answering at `budget` tokens a problem, from what its sizes came to.

    Null where even the cheapest costs more; the dearest (`capped`) where that does not use up the budget.
    """
    sizes = sorted(curve, key=lambda one: one.tokens)
    below = [one for one in sizes if one.tokens <= budget]
    if not below:
        return None
    first, above = below[-1], sizes[len(below) :]
    if not above:
        capped = first.tokens < 0.95 * budget
        return AccuracyAtCost(first.rows, first.model_tokens, first.judge_tokens, first.calls, first.answered, capped)
    return mixed(first, above[0], (budget - first.tokens) / (above[0].tokens - first.tokens))


def mixed(first: AccuracyAtCost, second: AccuracyAtCost, share: float) -> AccuracyAtCost:
    """The second on a `share` of the problems drawn at random, the first on the others: expectations of both."""

    def mix(a: float, b: float) -> float:
        return (1 - share) * a + share * b

    return AccuracyAtCost(
        rows=tuple(
            {problem: mix(a[problem], b[problem]) for problem in a.keys() & b.keys()}
            for a, b in zip(first.rows, second.rows, strict=True)
        ),
        model_tokens=mix(first.model_tokens, second.model_tokens),
        judge_tokens=mix(first.judge_tokens, second.judge_tokens),
        calls=mix(first.calls, second.calls),
        answered=mix(first.answered, second.answered),
    )
