"""One tree a problem, grown by the policy itself: answers from the question, others that branch off inside them.

TreeRL (Hou et al. 2025, arXiv 2506.11902) and SPO (Guo et al. 2025, arXiv 2505.23564). A branch is one training row;
its beginning, which another row trains, stands in its prompt, so that every node of the tree is trained once.
"""

import random
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from journey.errors import ABOVE_0, check_settings
from journey.models.base import Completion, Model, Sampling
from journey.models.gather import gather_or_cancel
from journey.tasks.table import ask
from journey.thoughts.behaviours import Piece, pieces
from journey.training.border_values import mean
from journey.types import Problem, content_seed


@dataclass(frozen=True, slots=True)
class BranchSettings:
    """How a tree grows: this share of its answers is drawn from the question, at least one of them."""

    from_question: float = 0.5

    def __post_init__(self) -> None:
        check_settings(self, "branching.", from_question=(ABOVE_0, 1))


@dataclass(frozen=True, slots=True)
class Branched:
    """An answer of a tree: its whole text, what the policy wrote of it, and the characters before that."""

    text: str
    completion: Completion
    shared: int = 0


async def branched(
    problem: Problem,
    model: Model,
    sampling: Sampling,
    starts: Callable[[Completion], Sequence[int]],
    settings: BranchSettings = BranchSettings(),
) -> list[Branched]:
    """`sampling.n` answers to a problem: the first ones from the question, each other one from a border inside of one.

    `starts`: where in a completion's text each of its tokens begins; a branch may be as long as the text's limit leaves
    it. Answers in one piece are not branched off: others are drawn from the question instead. Raises ModelError.
    """
    prompt = ask(problem, ())
    roots = max(1, round(sampling.n * settings.from_question))
    trunks = await model.complete(prompt, replace(sampling, n=roots))
    inner = [[piece.start for piece in pieces(problem, trunk.text)[1:]] for trunk in trunks]
    rng = random.Random(content_seed("branch", problem.id, sampling.seed))

    async def branch(number: int, trunk: int, at: int) -> Branched:
        beginning = trunks[trunk].text[:at]
        left = sampling.max_tokens - bisect_left(starts(trunks[trunk]), at)
        seed = content_seed("branch", problem.id, sampling.seed, number)
        drawn = replace(sampling, max_tokens=max(1, left), n=1, seed=seed)
        (completion,) = await model.complete(replace(prompt, prefix=prompt.prefix + beginning), drawn)
        return Branched(beginning + completion.text, completion, at)

    places = [(i, i % roots) for i in range(sampling.n - roots)]
    cut = [(i, trunk, rng.choice(inner[trunk]) if inner[trunk] else 0) for i, trunk in places]
    branches = await gather_or_cancel(branch(*where) for where in cut)
    return [*(Branched(trunk.text, trunk) for trunk in trunks), *branches]


def tree_values(
    rows: Sequence[Branched], found: Sequence[Sequence[Piece]], right: Sequence[bool | None]
) -> list[list[float | None]]:
    """The values at the borders of every row's pieces, by the ends below them: the last of each is its own end.

    The value of a border is the mean over the continuations that were drawn from there, each worth what its next
    branching is worth, or its end; so a branch counts where it was drawn and not again nearer the question. Null where
    fewer than two of which somebody could say went on from there.
    """

    def worth(row: int, at: int) -> float | None:
        """What a row is worth beyond a place of its text."""
        text = rows[row].text
        later = [one.shared for one in rows if one.shared > at and text.startswith(one.text[: one.shared])]
        if later and min(later) < len(text):
            return mean(drawn_from(text, min(later)))
        return None if right[row] is None else float(right[row] or False)

    def drawn_from(text: str, at: int) -> list[float | None]:
        """What those that went on after `at` characters of a text are worth there."""
        same = [row for row, one in enumerate(rows) if one.shared <= at and one.text.startswith(text[:at])]
        return [worth(row, at) for row in same]

    def value(text: str, at: int) -> float | None:
        values = [one for one in drawn_from(text, at) if one is not None]
        return mean(values) if len(values) > 1 else None

    return [
        [*(value(one.text, piece.start) for piece in of), None if end is None else float(end)]
        for one, of, end in zip(rows, found, right, strict=True)
    ]


def shared_pieces(found: Sequence[Piece], shared: int) -> int:
    """How many of a row's pieces another row trains."""
    return sum(piece.start < shared for piece in found)
