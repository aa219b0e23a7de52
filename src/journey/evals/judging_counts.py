"""What is counted of one judged solution or tree, and the figures that sums of such counts give."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from journey.judges.base import AFTER, score_of
from journey.judges.combine import How, solution_score
from journey.tasks.labelled import Labelled
from journey.types import Judgement, Verdict

COUNTS = (
    "found", "false_alarms", "missed", "passed",  # steps: bad or not, called bad or not
    "wrong_solutions", "located", "right_solutions", "accepted",  # of those where a first wrong step could be told
    "refused_wrong", "refused_right", "accepted_wrong", "accepted_right",  # solutions as wholes
)  # fmt: skip
OVER: Mapping[str, Sequence[str]] = {
    "first_error": ("wrong_solutions",),
    "right_accepted": ("right_solutions",),
    "processbench_f1": ("wrong_solutions", "right_solutions"),
}
"""The figures that are not over all solutions, and what counts those that they are over."""


@dataclass(frozen=True, slots=True)
class Counted:
    """One item. `scores` are (score, not bad) of labelled steps; `score` is the solution's, `is_right` its truth.

    `is_right` null: the labels do not say. `located`: whether the first wrong step (or that there is none) was told
    rightly, null where it cannot be told or the item is no solution.
    """

    counts: Sequence[int]
    labelled: int
    unsaid: int
    unscored: int
    scores: Sequence[tuple[float, bool]]
    is_solution: bool
    is_right: bool | None
    located: bool | None
    score: float | None


def count(
    item: Labelled, judgements: Sequence[Judgement | None], bad: Verdict, combine: How, *, paper: bool
) -> Counted:
    """What is counted of one item; `bad` is the verdict to be found, `paper` as in JudgingSettings."""
    verdicts: list[Verdict | None] = [_verdict(one, paper) for one in judgements]
    sums: dict[str, int] = dict.fromkeys(COUNTS, 0)
    scores: list[tuple[float, bool]] = []
    unsaid = unscored = labelled = 0
    for label, one, verdict in zip(item.labels, judgements, verdicts, strict=True):
        if label is None:
            continue
        labelled += 1
        is_bad = label == bad
        if verdict is None:
            unsaid += 1
        else:
            name = ("found" if verdict == bad else "missed") if is_bad else "passed"
            sums["false_alarms" if not is_bad and verdict == bad else name] += 1
        score = None if one is None or one.score is None else score_of(one)
        if bad != "wrong" or score is None:  # scores tell right from wrong, nothing else
            unscored += 1
        else:
            scores.append((score, not is_bad))
    is_whole = item.is_solution and bad == "wrong" and any(item.labels)
    is_right = _is_right(item) if is_whole else None
    located = whole = None
    if is_right is not None:
        located = _locate(item, verdicts, is_right, sums)
        whole = solution_score([one for one in judgements if one is not None], combine)
        _accept(_is_accepted(verdicts, whole, combine), is_right, sums, paper)
    counts = [sums[name] for name in COUNTS]
    return Counted(counts, labelled, unsaid, unscored, scores, is_whole, is_right, located, whole)


def _verdict(judgement: Judgement | None, paper: bool) -> Verdict | None:
    if judgement is None or judgement.verdict is not None or not paper:
        return None if judgement is None else judgement.verdict
    return "wrong" if judgement.reason == AFTER else "right"


def _is_right(item: Labelled) -> bool | None:
    """Whether the labels say that a solution is right; null where a step of one without a wrong step has no label."""
    if "wrong" in item.labels:
        return False
    return None if None in item.labels else True


def _locate(item: Labelled, verdicts: Sequence[Verdict | None], is_right: bool, sums: dict[str, int]) -> bool | None:
    """Whether the first step called wrong is the first that is; null where silence or no label stands before it."""
    truth = None if is_right else item.labels.index("wrong")
    if None in item.labels[:truth]:
        return None
    first = next((i for i, verdict in enumerate(verdicts) if verdict in ("wrong", None)), None)
    if first is not None and verdicts[first] is None:
        return None
    sums["right_solutions" if is_right else "wrong_solutions"] += 1
    sums["accepted" if is_right else "located"] += first == truth
    return first == truth


def _is_accepted(verdicts: Sequence[Verdict | None], score: float | None, combine: How) -> bool | None:
    """Whether the solution as a whole is called right; null where that was not said."""
    if combine != "min":
        return None if score is None else score > 0.5
    if "wrong" in verdicts:
        return False
    return None if None in verdicts else True


def _accept(accepted: bool | None, is_right: bool, sums: dict[str, int], paper: bool) -> None:
    if accepted is None and not paper:
        return
    accepted = not is_right if accepted is None else accepted
    sums[("accepted" if accepted else "refused") + ("_right" if is_right else "_wrong")] += 1


def figures_of(sums: Mapping[str, int]) -> dict[str, float | None]:
    """F1 of steps and solutions and the accuracies of first wrong steps, by the sums of the counts."""
    bad = f1(sums["found"], sums["false_alarms"], sums["missed"])
    good = f1(sums["passed"], sums["missed"], sums["false_alarms"])
    wrong = f1(sums["refused_wrong"], sums["refused_right"], sums["accepted_wrong"])
    right = f1(sums["accepted_right"], sums["accepted_wrong"], sums["refused_right"])
    located = share(sums["located"], sums["wrong_solutions"])
    accepted = share(sums["accepted"], sums["right_solutions"])
    return {
        "step_f1": mean(good, bad),
        "step_f1_bad": bad,
        "first_error": located,
        "right_accepted": accepted,
        "processbench_f1": harmonic(located, accepted),
        "solution_f1": mean(right, wrong),
    }


def f1(hits: int, false: int, missed: int) -> float | None:
    """The F1 of a class; null where neither the labels nor the judge have it."""
    return 2 * hits / (2 * hits + false + missed) if hits + false + missed else None


def share(part: int, whole: int) -> float | None:
    """A share; null of nothing."""
    return part / whole if whole else None


def mean(one: float | None, other: float | None) -> float | None:
    """The mean of both, null where one is."""
    return None if one is None or other is None else (one + other) / 2


def harmonic(one: float | None, other: float | None) -> float | None:
    """The harmonic mean of both, 0 where either is 0, null where one is."""
    if one is None or other is None:
        return None
    return 2 * one * other / (one + other) if one + other else 0.0
