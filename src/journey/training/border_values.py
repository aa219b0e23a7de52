"""How likely a right end is from inside a drawn text, by rollouts from there (VinePPO, Kazemnejad et al. 2024).

A value is no judgement of a step: a wrong step that the policy knows how to leave has a high value.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from journey.answers.grade import Grader
from journey.errors import check_settings
from journey.models.base import Completion, Model, Sampling
from journey.models.gather import gather_or_cancel
from journey.tasks.table import ask
from journey.thoughts.behaviours import Piece
from journey.types import Problem, content_seed


@dataclass(frozen=True, slots=True)
class BorderSettings:
    """What is measured of a text: at how many `borders` between its pieces, each by `rollouts` continuations."""

    borders: int = 3
    rollouts: int = 4

    def __post_init__(self) -> None:
        check_settings(self, "values.", borders=1, rollouts=1)


async def rollout_values(
    problem: Problem,
    text: str,
    pieces: Sequence[Piece],
    tokens: Sequence[int],
    right: bool | None,
    model: Model,
    grader: Grader,
    sampling: Sampling,
    settings: BorderSettings = BorderSettings(),
    *,
    start: float | None = None,
) -> tuple[list[float | None], int]:
    """The values at the borders of a text's pieces, and the tokens that were generated to measure them.

    `tokens` has the tokens of each piece: a rollout may have as many as the text's own limit (`sampling.max_tokens`)
    leaves it. `start` is the value of the question, which the other answers to it tell for nothing, and `right` the
    outcome, the last value. Borders that are not measured, or of whose rollouts nobody could say anything, are null. An
    answer that is cut off, or has none, is not right. The random streams come from the beginning of the text and
    `sampling.seed`, so the same beginning has the same value. Raises ModelError.
    """
    prompt = ask(problem, ())
    before = list(accumulate(tokens, initial=0))

    async def measured(border: int) -> tuple[float | None, int]:
        beginning = prompt.prefix + text[: pieces[border].start]
        left = sampling.max_tokens - before[border]
        if left < 1:
            return 0.0, 0
        seed = content_seed("value", problem.id, beginning, sampling.seed)
        drawn = replace(sampling, max_tokens=left, n=settings.rollouts, seed=seed)
        completions = await model.complete(replace(prompt, prefix=beginning), drawn)
        ends = [await came_right(problem, beginning, completion, grader) for completion in completions]
        return mean([None if end is None else float(end) for end in ends]), sum(c.tokens for c in completions)

    values: list[float | None] = [
        *[start, *[None] * len(pieces)][: len(pieces)],
        None if right is None else float(right),
    ]
    borders = spread_out(len(pieces), settings.borders)
    found = await gather_or_cancel(map(measured, borders))
    for border, (value, _) in zip(borders, found, strict=True):
        values[border] = value
    return values, sum(cost for _, cost in found)


async def came_right(problem: Problem, beginning: str, completion: Completion, grader: Grader) -> bool | None:
    """Whether a continuation ends right; null where nobody could say. None at all, or no answer, is not right."""
    if completion.finish == "error":
        return None
    if not (beginning + completion.text).strip():
        return False
    grade = await grader.grade(problem, beginning + completion.text)
    return grade.correct if grade.answer is not None else False


def spread_out(pieces: int, most: int) -> list[int]:
    """Up to `most` borders between so many pieces, evenly far from each other: border i stands before piece i."""
    inside = max(0, pieces - 1)
    count = min(most, inside)
    return [1 + (2 * place + 1) * inside // (2 * count) for place in range(count)]


def mean(values: Sequence[float | None]) -> float | None:
    """The mean of those that are known; null where none is."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
