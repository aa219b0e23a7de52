"""How judges are measured: on small sets worked out by hand, on random ones against plain definitions."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journey.data.step_labels import of_tree
from journey.errors import UsageError
from journey.evals.judging import Judged, JudgeFigures, JudgingSettings, judge_item, judge_set, measure, to_json
from journey.judges.base import AFTER
from journey.judges.exact import Exact
from journey.judges.scripted import Scripted, Word
from journey.metrics.accuracy import wilson
from journey.models.base import ModelError
from journey.tasks.countdown.labelled import countdown_set
from journey.tasks.labelled import Labelled, LabelledSet, solution, until
from journey.tasks.table import task_of
from journey.trees.mark import unusable
from journey.types import VERDICTS, Judgement, Node, Problem, Tree, make_problem

QUICK = JudgingSettings(rounds=50)
PROBLEM = make_problem("What is 6 times 7?", "42")


def one(id: str, steps: str, first_wrong: int | None) -> Labelled:
    """A solution whose steps are single letters."""
    return solution(id, f"Question {id}?", "1", list(steps), until(first_wrong, len(steps)))


async def measured(items: Sequence[Labelled], said: Mapping[str, Word], how: JudgingSettings = QUICK) -> JudgeFigures:
    labelled = LabelledSet("small", items)
    return measure(labelled, await judge_set(Scripted(said), items), how)


def values(found: JudgeFigures) -> dict[str, float | None]:
    return {name: None if one is None else one.value for name, one in found.figures.items()}


async def test_figures_worked_out_by_hand() -> None:
    items = [one("1", "abc", 1), one("2", "abd", None), one("3", "ef", 0), one("4", "gh", None)]
    said: dict[str, Word] = dict.fromkeys("acefgh", "right")
    found = await measured(items, {**said, "b": "wrong", "d": "neutral"})
    got = values(found)
    # Labelled steps: a b | a b d | e | g h. Called wrong: b (truly), b (falsely); missed: e.
    assert (found.solutions, found.steps, found.unsaid, found.unscored, found.unlocated) == (4, 8, 0, 8, 0)
    assert got["step_f1_bad"] == pytest.approx(2 / 4)
    assert got["step_f1"] == pytest.approx((2 / 4 + 10 / 12) / 2)
    assert got["first_error"] == 0.5 and got["right_accepted"] == 0.5 and got["processbench_f1"] == 0.5
    assert got["solution_f1"] == 0.5
    assert got["step_auc"] is None and got["ece"] is None
    assert got["solution_auc"] == pytest.approx(0.5)  # scores by verdict: 0, 0 | 1, 1, of wrong 0 and 1, right 0 and 1


async def test_what_was_not_said_is_counted_apart_and_never_as_wrong() -> None:
    items = [one("1", "abc", 1), one("2", "abd", None)]
    found = await measured(items, {"a": "right", "b": None, "d": "right"})
    assert (found.unsaid, found.unlocated) == (2, 2)
    assert values(found)["step_f1_bad"] is None and values(found)["first_error"] is None
    # A first wrong step before any silence is told all the same.
    found = await measured(items, {"a": "wrong"})
    assert found.unlocated == 0
    assert values(found)["first_error"] == 0.0 and values(found)["right_accepted"] == 0.0


@pytest.mark.parametrize(
    ("labels", "located", "accepted", "unlocated"),
    [
        (("right", None), None, None, 1),  # nobody says that it is right
        ((None, "wrong"), None, None, 1),  # wrong, but perhaps in the first step already
        (("right", "wrong"), 1.0, None, 0),
        (("right", "neutral"), None, 0.0, 0),
    ],
)
async def test_a_solution_in_which_labels_are_missing_is_not_taken_for_right(
    labels: Any, located: float | None, accepted: float | None, unlocated: int
) -> None:
    found = await measured([solution("1", "q", "1", ["a", "b"], labels)], {"a": "right", "b": "wrong"})
    assert (values(found)["first_error"], values(found)["right_accepted"]) == (located, accepted)
    assert found.unlocated == unlocated


async def test_a_score_that_is_no_number_is_counted_as_none() -> None:
    nothing = Judgement("right", float("nan"))
    found = await measured([one("1", "ab", None)], {"a": nothing, "b": Judgement("right", 0.8)})
    assert found.unscored == 1 and values(found)["ece"] == pytest.approx(0.2)


async def test_counting_as_the_paper_does_takes_silence_behind_a_first_error_as_wrong() -> None:
    items = [one("1", "ab", 1), one("2", "cd", None)]
    behind = Judgement(None, reason=AFTER)
    said: dict[str, Word] = {"a": "wrong", "b": behind, "c": None, "d": "right"}
    assert (await measured(items, said)).unsaid == 2
    found = await measured(items, said, JudgingSettings(rounds=10, paper=True))
    assert found.unlocated == 0
    assert values(found)["step_f1_bad"] == pytest.approx(2 / 3)  # a falsely, b truly
    assert values(found)["right_accepted"] == 1.0


@pytest.mark.parametrize(("combine", "accepted"), [("min", 0.0), ("product", 0.0), ("last", 1.0), ("mean", 1.0)])
async def test_how_step_scores_make_a_solutions_score_is_a_setting(combine: Any, accepted: float) -> None:
    items = [one("1", "abc", None), one("2", "d", 0)]
    said = {"a": Judgement("wrong", 0.4), "b": Judgement("right", 0.6), "c": Judgement("right", 0.9)}
    found = await measured(items, {**said, "d": Judgement("wrong", 0.1)}, JudgingSettings(combine=combine, rounds=5))
    assert values(found)["solution_f1"] == (1.0 if accepted else pytest.approx((0 + 2 / 3) / 2))


SPOKEN = st.sampled_from([*VERDICTS, None])
SOLUTIONS = st.lists(
    st.integers(1, 5).flatmap(
        lambda n: st.tuples(
            st.integers(0, n), st.lists(st.tuples(SPOKEN, st.floats(0, 1)), min_size=n, max_size=n)
        )
    ),
    min_size=1,
    max_size=8,
)  # fmt: skip


@settings(max_examples=60)
@given(SOLUTIONS)
async def test_every_figure_lies_in_its_interval_and_between_0_and_1(
    drawn: list[tuple[int, list[tuple[Any, float]]]],
) -> None:
    items: list[Labelled] = []
    said: dict[str, Word] = {}
    for number, (first, judged) in enumerate(drawn):
        steps = [f"{number}.{i}" for i in range(len(judged))]
        items.append(
            solution(
                number, f"Question {number}?", "1", steps, until(first if first < len(steps) else None, len(steps))
            )
        )
        said |= {step: Judgement(verdict, score) for step, (verdict, score) in zip(steps, judged, strict=True)}
    found = await measured(items, said, JudgingSettings(rounds=20))
    for figure in found.figures.values():
        assert figure is None or 0 <= figure.low <= figure.value <= figure.high <= 1
    assert sum(b.steps for b in found.calibration) == found.steps - found.unscored
    again = await measured(items, said, JudgingSettings(rounds=20))
    assert to_json(again) == to_json(found)
    json.dumps(to_json(found), allow_nan=False)


async def test_a_perfect_figure_is_not_known_for_sure() -> None:
    found = await measured([one(str(i), "ab", None) for i in range(12)], {"a": "right", "b": "right"})
    accepted = found.figures["right_accepted"]
    assert accepted is not None and (accepted.value, accepted.high) == (1.0, 1.0) and 0.7 < accepted.low < 0.8


async def test_a_perfect_share_is_as_sure_as_the_solutions_that_it_is_a_share_of() -> None:
    items = [one(str(i), "ab", 1 if i < 3 else None) for i in range(23)] + [one("23", "zb", 1)]
    said = [[Judgement("right"), Judgement("wrong" if item.labels[1] == "wrong" else "right")] for item in items[:-1]]
    silent = [Judgement(None, reason="cannot say"), Judgement("wrong")]  # its first wrong step cannot be told
    found = measure(LabelledSet("small", items), Judged([*said, silent], {}), QUICK)
    assert (found.solutions, found.unlocated) == (24, 1)
    for name, solutions in (("first_error", 3), ("right_accepted", 20), ("processbench_f1", 3), ("step_f1_bad", 24)):
        figure = found.figures[name]
        assert figure == wilson(solutions, solutions), name


async def test_calibration_of_a_judge_that_is_as_sure_as_it_is_right() -> None:
    items = [one(str(i), "a", None if i < 8 else 0) for i in range(10)]
    found = await measured(items, {"a": Judgement("right", 0.8)})
    assert values(found)["ece"] == pytest.approx(0.0)
    assert [(b.steps, b.score, b.right) for b in found.calibration] == [(10, pytest.approx(0.8), 0.8)]
    sure = await measured(items, {"a": Judgement("right", 1.0)})
    assert values(sure)["ece"] == pytest.approx(0.2) and sure.calibration[0].high == 1.0


async def test_siblings_of_a_tree_are_judged_together_and_only_where_they_have_labels() -> None:
    tree = Tree(
        "t", PROBLEM.id,
        (
            Node(-1, "a", Judgement("right")), Node(-1, "b", Judgement("wrong")), Node(-1, "c", Judgement(None)),
            Node(0, "d", Judgement("neutral")), Node(0, "", unusable("empty step")),
        ),
    )  # fmt: skip
    judge = Scripted({"a": "right", "b": "right", "d": "wrong"})
    said = await judge_item(judge, of_tree(PROBLEM, tree))
    assert [(prefix, candidates) for _, prefix, candidates in judge.calls] == [((), ("a", "b")), (("a",), ("d",))]
    assert [one and one.verdict for one in said] == ["right", "right", None, "wrong", None]


async def test_a_model_that_fails_costs_its_item_only() -> None:
    class Failing:
        name = "failing"

        async def judge(self, problem: Problem, prefix: Sequence[str], candidates: Sequence[str]) -> list[Judgement]:
            if problem.question == "Question 2?":
                raise ModelError("out of order")
            return [Judgement("right")] * len(candidates)

    items = [one("1", "ab", None), one("2", "ab", 1), one("3", "ab", None)]
    for in_flight in (1, 8):
        judged = await judge_set(Failing(), items, in_flight=in_flight)
        assert judged.failed == {"2": "out of order"}
        assert measure(LabelledSet("small", items), judged, QUICK).solutions == 2


async def test_a_mistake_of_the_users_ends_everything_that_is_in_flight() -> None:
    asked: list[str] = []

    class Strict:
        name = "strict"

        async def judge(self, problem: Problem, prefix: Sequence[str], candidates: Sequence[str]) -> list[Judgement]:
            await asyncio.sleep(0)
            if problem.question == "Question 0?":
                raise UsageError("no such question")
            await asyncio.sleep(3600)
            asked.append(problem.question)
            return [Judgement("right")] * len(candidates)

    with pytest.raises(UsageError, match="no such question"):
        await judge_set(Strict(), [one(str(i), "a", None) for i in range(5)])
    assert asked == []


async def test_the_exact_judge_is_right_on_countdown_and_a_judge_that_says_right_finds_nothing() -> None:
    labelled = countdown_set(80, seed=3)
    assert labelled == countdown_set(80, seed=3) and labelled != countdown_set(80, seed=4)
    share = sum("wrong" not in item.labels for item in labelled.items) / 80
    assert 0.3 < share < 0.7
    exact = values(measure(labelled, await judge_set(Exact(task_of), labelled.items), QUICK))
    assert exact["step_f1"] == exact["processbench_f1"] == exact["step_auc"] == exact["solution_f1"] == 1.0
    always = Scripted({}, otherwise="right")
    lazy = values(measure(labelled, await judge_set(always, labelled.items), QUICK))
    assert lazy["step_f1_bad"] == lazy["first_error"] == lazy["processbench_f1"] == 0.0
    assert lazy["right_accepted"] == 1.0
