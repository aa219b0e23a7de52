"""Solutions and trees with labelled steps, which judges are judged by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from journey.types import Problem, Verdict, make_problem

Labels = tuple[Verdict | None, ...]

RIGHT: Verdict = "right"
NEUTRAL: Verdict = "neutral"
WRONG: Verdict = "wrong"


@dataclass(frozen=True, slots=True)
class Labelled:
    """One labelled solution, or tree.

    `id` is the row's name in its set. `parents` are as in a tree; in a solution each step stands under the one before,
    and its labels tell its first wrong step. `labels` null: nobody labelled the step. `pieces`: how many lines of each
    step were scored one by one. `scores` are the numbers that were given for labels, null where none was.
    """

    id: str
    problem: Problem
    steps: tuple[str, ...]
    labels: Labels
    parents: tuple[int, ...]
    pieces: tuple[int, ...]
    is_solution: bool
    scores: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """Many of them. `bad` is the verdict that the set asks to be found; `skipped` counts rows by why they are out."""

    name: str
    items: Sequence[Labelled]
    bad: Verdict = "wrong"
    skipped: Mapping[str, int] = field(default_factory=dict[str, int])


def solution(
    id: object,
    question: str,
    answer: object,
    steps: Sequence[str],
    labels: Labels,
    pieces: Sequence[int] = (),
    task: str = "math",
) -> Labelled:
    """One labelled solution; `task` names its problem's task, "" where that is not known."""
    if len(steps) != len(labels) or isinstance(steps, str) or not all(isinstance(step, str) for step in steps):
        raise ValueError(f"{len(steps)} steps and {len(labels)} labels")
    problem = make_problem(question, "" if answer is None else str(answer), task=task)
    parents, each = tuple(range(-1, len(steps) - 1)), tuple(pieces) or (1,) * len(steps)
    return Labelled(str(id), problem, tuple(steps), labels, parents, each, is_solution=True)


def until(first_wrong: int | None, steps: int) -> Labels:
    """The labels of a solution by its first wrong step (from 0), null where it has none."""
    if first_wrong is None:
        return (RIGHT,) * steps
    if not 0 <= first_wrong < steps:
        raise ValueError(f"the first wrong step {first_wrong + 1} of {steps}")
    labels: list[Verdict | None] = [None] * steps
    for step in range(first_wrong):
        labels[step] = RIGHT
    labels[first_wrong] = WRONG
    return tuple(labels)
