"""Credit for the pieces of drawn texts: what reinforcement learning pays each piece for. Pure functions, no torch.

One line of `CREDITS` is one way to give credit; a mixture is a sum of lines by their weights. `docs/rl.md` has every
formula with its source, what it is for and how it fails. No line pays for length: the credit of a *segment* line goes
to a piece as a whole, divided over its tokens; only `outcome` pays token by token, as one factor of the whole text.
"""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from statistics import fmean, pstdev
from typing import Literal

from journey.errors import ABOVE_0, UsageError, check_settings
from journey.types import content_seed

Need = Literal["reward", "verdicts", "scores", "exact", "rollouts", "tree"]


@dataclass(frozen=True, slots=True)
class Walk:
    """A drawn text as credit sees it: `pieces` of them, one after the other.

    `reward` is that of the whole text. `verdicts` has one entry a piece: 1 right, 0 neutral, -1 wrong. `values` has one
    entry a border, one more than there are pieces: how likely a right end is from there, in [0, 1], the first at the
    question and the last the outcome itself (1 right, 0 not). Null is *could not say* or *not measured* everywhere, and
    an empty tuple is all null. The first `shared` pieces are trained in another text.
    """

    pieces: int
    reward: float | None = None
    verdicts: Sequence[float | None] = ()
    values: Sequence[float | None] = ()
    shared: int = 0


@dataclass(frozen=True, slots=True)
class CreditSettings:
    """How credit is given.

    `normalise` "spread" divides by the group's standard deviation (outcome, judge-sum). `temperature` is that of
    judge-min's weights. `segment_tokens`: a piece of so many tokens gets its credit once a token, a longer one less a
    token and the same in all. `bound`: judge-sum's credit of a piece is cut to it, the other lines are bounded as they
    are. `flip`: this share of the verdicts is turned round, as a weak judge's would be.
    """

    normalise: Literal["none", "spread"] = "none"
    temperature: float = 0.1
    segment_tokens: float = 10.0
    bound: float = 3.0
    flip: float = 0.0

    def __post_init__(self) -> None:
        check_settings(self, "crediting.", temperature=ABOVE_0, segment_tokens=ABOVE_0, bound=ABOVE_0, flip=(0, 1))


Give = Callable[[Sequence[Walk], CreditSettings], list[list[float]]]


@dataclass(frozen=True, slots=True)
class CreditLine:
    """A way to give credit.

    `give(group, settings)`: the credit of each piece of each text drawn for one problem, 0 where there is none to give.
    `per` says what it is paid to: each "token" of a piece, or the piece as a whole ("segment"). `needs` says what must
    be known of the texts: their reward, the verdicts on their pieces, or values from a judge's scores, from the task's
    exact answer, from rollouts, or from a tree.
    """

    give: Give
    per: Literal["token", "segment"]
    needs: Need


def outcome(group: Sequence[Walk], settings: CreditSettings) -> list[list[float]]:
    """The reward less the group's mean (DeepSeekMath 2024, section 4.1.2; undivided: Dr. GRPO, Liu et al. 2025).

    A text without a reward leaves the mean and gets nothing; so does a group whose rewards are all the same.
    """
    rewards = [walk.reward for walk in group]
    credit = [0.0 if one is None else one for one in relative(rewards, settings.normalise)]
    return [[one] * walk.pieces for one, walk in zip(credit, group, strict=True)]


def judge_step(group: Sequence[Walk], settings: CreditSettings) -> list[list[float]]:
    """Each piece's own verdict: L = sum_i R_i(s_i) log pi(a_i | s_<i) (O1 Replication Journey part 1, future work)."""
    return [[verdict or 0.0 for verdict in _verdicts(walk)] for walk in group]


def judge_sum(group: Sequence[Walk], settings: CreditSettings) -> list[list[float]]:
    """The sum of a piece's own verdict and the later ones, each less the group's mean (DeepSeekMath, section 4.1.3)."""
    found = [_verdicts(walk) for walk in group]
    flat = iter(relative([one for walk in found for one in walk], settings.normalise))
    rewards = [[next(flat) for _ in walk] for walk in found]
    return [[min(settings.bound, max(-settings.bound, one)) for one in _to_go(walk)] for walk in rewards]


def judge_min(group: Sequence[Walk], settings: CreditSettings) -> list[list[float]]:
    """The same sum with weights softmax(-R / temperature), which is near the worst verdict (PURE, Cheng et al. 2025).

    The mean of the other texts' sums is taken out, in equal parts over a text's judged pieces (PURE does so by tokens).
    """
    weighted = [_worst(_verdicts(walk), settings.temperature) for walk in group]
    sums = [None if all(one is None for one in walk) else sum(one or 0.0 for one in walk) for walk in weighted]
    credit: list[list[float]] = []
    for index, walk in enumerate(weighted):
        others = [one for other, one in enumerate(sums) if other != index and one is not None]
        judged = sum(one is not None for one in walk)
        share = fmean(others) / judged if others and judged else 0.0
        credit.append(_to_go([None if one is None else one - share for one in walk]))
    return credit


def value_change(group: Sequence[Walk], settings: CreditSettings) -> list[list[float]]:
    """V(s') - V(s) (VinePPO, Kazemnejad et al. 2024; on trees SPO, Guo et al. 2025).

    Over a text it sums to the outcome less the value of the question. Between two known borders with unknown ones
    between them the difference is taken as a whole, in equal parts over the pieces; before the first known border and
    behind the last one there is no credit.
    """
    credit = [[0.0] * walk.pieces for walk in group]
    for given, walk in zip(credit, group, strict=True):
        known = [(border, value) for border, value in enumerate(walk.values) if value is not None]
        for (begin, before), (end, after) in pairwise(known):
            given[begin:end] = [(after - before) / (end - begin)] * (end - begin)
    return credit


CREDITS: dict[str, CreditLine] = {
    "outcome": CreditLine(outcome, "token", "reward"),
    "judge-step": CreditLine(judge_step, "segment", "verdicts"),
    "judge-sum": CreditLine(judge_sum, "segment", "verdicts"),
    "judge-min": CreditLine(judge_min, "segment", "verdicts"),
    "value": CreditLine(value_change, "segment", "scores"),
    "value-exact": CreditLine(value_change, "segment", "exact"),
    "value-rollout": CreditLine(value_change, "segment", "rollouts"),
    "tree": CreditLine(value_change, "segment", "tree"),
}


def check_lines(weights: Mapping[str, float]) -> None:
    """Raises UsageError where no credit can be given by these weights of lines."""
    for name, weight in weights.items():
        if name not in CREDITS:
            raise UsageError(f"there is no credit {name!r}; known are {', '.join(CREDITS)}")
        if not 0 <= weight < math.inf:
            raise UsageError(
                f"the weight of credit {name} is {weight}: give a number from 0, or wrong pieces would be paid"
            )
    if not any(weights.values()):
        raise UsageError("no credit has a weight, so nothing would be learned; give one, credit.outcome=1 say")
    valued = [name for name in weights if CREDITS[name].give is value_change]
    if len(valued) > 1:
        raise UsageError(f"{' and '.join(valued)} measure the same values in different ways: choose one of them")


def by_line(
    group: Sequence[Walk], weights: Mapping[str, float], settings: CreditSettings
) -> list[dict[str, list[float]]]:
    """The credit of every piece by each line of the weights, for each text of a group."""
    given = {name: CREDITS[name].give(group, settings) for name in weights}
    return [{name: credit[index] for name, credit in given.items()} for index in range(len(group))]


def mixed(credit: Mapping[str, Sequence[float]], weights: Mapping[str, float], pieces: int) -> list[float]:
    """The credit of each piece in all, by the weights of its lines: what a rollout's record keeps."""
    return [sum(weights[name] * given[index] for name, given in credit.items()) for index in range(pieces)]


def token_advantages(
    walk: Walk,
    credit: Mapping[str, Sequence[float]],
    weights: Mapping[str, float],
    tokens: Sequence[int],
    settings: CreditSettings,
) -> list[float]:
    """The advantage of every token of a text, whose pieces have so many `tokens`; those of shared pieces get 0.

    A segment's credit is divided over its tokens, times `segment_tokens`, so that the sum over the tokens is
    `segment_tokens` times the sum over the pieces, however long those are. Credit of a piece without a token of its own
    goes to the next piece that has one, at the end to the last that has.
    """
    by_token, by_segment = (
        mixed({name: given for name, given in credit.items() if CREDITS[name].per == per}, weights, walk.pieces)
        for per in ("token", "segment")
    )
    own = [index for index in range(walk.shared, walk.pieces) if tokens[index]]
    paid = dict.fromkeys(own, 0.0)
    for index in range(walk.shared, walk.pieces if own else 0):
        paid[next((piece for piece in own if piece >= index), own[-1])] += by_segment[index]
    advantages: list[float] = []
    for index, count in enumerate(tokens):
        each = by_token[index] + settings.segment_tokens * paid[index] / count if index in paid else 0.0
        advantages += [each] * count
    return advantages


def flipped(verdicts: Sequence[float | None], share: float, *content: object) -> list[float | None]:
    """The verdicts as of a weaker judge: each turned round with probability `share`, drawn by the `content`."""
    rng = random.Random(content_seed("flip", *content))
    return [one if rng.random() >= share or one is None else -one for one in verdicts]


def relative(rewards: Sequence[float | None], normalise: Literal["none", "spread"]) -> list[float | None]:
    """The rewards less their mean, and over their standard deviation by "spread"; 0 where they are all the same."""
    known = [one for one in rewards if one is not None]
    if not known or min(known) == max(known):
        return [None if one is None else 0.0 for one in rewards]
    mean, spread = fmean(known), pstdev(known) if normalise == "spread" else 1.0
    return [None if one is None else (one - mean) / spread for one in rewards]


def _verdicts(walk: Walk) -> Sequence[float | None]:
    return walk.verdicts or [None] * walk.pieces


def _worst(verdicts: Sequence[float | None], temperature: float) -> list[float | None]:
    """The verdicts times softmax(-verdict / temperature) over those that are known."""
    lowest = min((one for one in verdicts if one is not None), default=0.0)
    weights = [0.0 if one is None else math.exp((lowest - one) / temperature) for one in verdicts]
    return [None if one is None else one * weight / sum(weights) for one, weight in zip(verdicts, weights, strict=True)]


def _to_go(rewards: Sequence[float | None]) -> list[float]:
    """At each known reward the sum of it and the later ones; 0 at one that is not known."""
    sums = list(accumulate(one or 0.0 for one in reversed(rewards)))[::-1]
    return [0.0 if one is None else total for one, total in zip(rewards, sums, strict=True)]
