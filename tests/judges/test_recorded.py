"""Replayed judges: every form of a recorded row, and finding it again."""

import pytest

from journey.errors import UsageError
from journey.judges.base import AFTER, Judge, WholeJudge, judge_solution
from journey.judges.recorded import Recorded, Recording, judgements
from journey.types import Judgement, make_problem

PROBLEM = make_problem("What is 6 times 7?", "42")


def said(*verdicts: str | None) -> tuple[Judgement, ...]:
    return tuple(Judgement(verdict, by="me") for verdict in verdicts)  # type: ignore[arg-type]


def verdicts(row: dict, steps: int = 3) -> list[str | None]:
    return [one.verdict for one in judgements(row, [1] * steps, "me")]


def test_one_probability_a_step_is_right_above_one_half() -> None:
    got = judgements({"scores": [0.9, 0.5, 0.1]}, [1, 1, 1], "me")
    assert [(one.verdict, one.score, one.by) for one in got] == [
        ("right", 0.9, "me"), ("wrong", 0.5, "me"), ("wrong", 0.1, "me"),
    ]  # fmt: skip


def test_three_classes_give_validity_and_redundancy() -> None:
    got = judgements({"scores": [[0.1, 0.05, 0.85], [0.1, 0.6, 0.3], [0.7, 0.2, 0.1]]}, [1, 1, 1], "me")
    assert [one.verdict for one in got] == ["right", "neutral", "wrong"]
    assert [round(one.score or 0, 6) for one in got] == [0.9, 0.9, 0.3]


def test_a_step_in_pieces_is_as_good_as_the_worst_of_them() -> None:
    got = judgements({"scores": [0.9, 0.8, 0.3, 0.7]}, [1, 2, 1], "me")
    assert [(one.verdict, one.score) for one in got] == [("right", 0.9), ("wrong", 0.3), ("right", 0.7)]
    got = judgements({"scores": [[0.05, 0.6, 0.35], [0.4, 0.0, 0.6]]}, [2], "me")
    assert [(one.verdict, round(one.score or 0, 6)) for one in got] == [("neutral", 0.6)]
    got = judgements({"scores": [None, 0.9]}, [2], "me")
    assert got[0].verdict is None
    got = judgements({"scores": [None, 0.1]}, [2], "me")
    assert got[0].verdict == "wrong"


@pytest.mark.parametrize(
    ("verdict", "step", "expected"),
    [
        ("correct", "N/A", ["right", "right", "right"]),
        ("**Correct**", "N/A", ["right", "right", "right"]),
        ("Correct", "Step 2", ["right", "right", "right"]),
        ("wrong", "Step 2", ["right", "wrong", None]),
        ("Wrong.", "3.", ["right", "right", "wrong"]),
        ("Incorrect", "Step 1", ["wrong", None, None]),
        ("wrong", "N/A", [None, None, None]),
        ("wrong", "Step 9", [None, None, None]),
        ("Present", "Steps 1, 3 and 12", ["neutral", "right", "neutral"]),
        ("Present", "N/A", [None, None, None]),
        ("Absent", "N/A", ["right", "right", "right"]),
        ("I refuse", "2", [None, None, None]),
        ("", "", [None, None, None]),
    ],
)
def test_a_chat_models_verdict_says_something_of_every_step(
    verdict: str, step: str, expected: list[str | None]
) -> None:
    row = {"correctness_pred": verdict, "error_step_pred": step, "response": "..."}
    assert verdicts(row) == expected
    got = judgements(row, [1, 1, 1], "me")
    assert all(one.reason for one in got if one.verdict is None)
    assert all(one.reason == AFTER for one in got if one.verdict is None) or "wrong" not in expected


def test_our_own_form_is_read_as_it_is() -> None:
    row = {"judgements": [{"verdict": "wrong", "score": 0.2, "reason": "no"}, {"verdict": None, "by": "else"}]}
    assert judgements(row, [1, 1], "me") == (Judgement("wrong", 0.2, "no", "me"), Judgement(None, by="else"))


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"scores": 0.5},
        {"scores": [0.5]},
        {"scores": [0.5, 0.5, 0.5]},
        {"scores": [0.5, "high"]},
        {"scores": [0.5, 1.5]},
        {"scores": [0.5, True]},
        {"scores": [[0.1, 0.9], [0.1, 0.9]]},
        {"scores": [0.5, float("nan")]},
        {"scores": [[0.1, 0.2, 0.7], [0.1, float("nan"), 0.5]]},
        {"scores": [[0.1, 0.2, 0.7], [5, 3, 9]]},
        {"scores": [[0.1, 0.2, 0.7], [-1, 0.2, 0.7]]},
        {"scores": [[0.1, 0.2, 0.7], [True, 0.2, 0.7]]},
        {"judgements": [{"verdict": "right"}, {"verdict": "right", "score": "high"}]},
        {"judgements": [{"verdict": "right"}, {"verdict": "right", "score": 7}]},
        {"judgements": [{"verdict": "right"}, {"verdict": "right", "score": float("nan")}]},
        {"judgements": [{"verdict": "right"}, {"verdict": "wrong", "reason": 5}]},
        {"judgements": [{"verdict": "perhaps"}, {"verdict": "right"}]},
        {"correctness_pred": None, "error_step_pred": "2"},
    ],
)
def test_a_row_in_no_known_form_is_refused_with_its_place(row: dict) -> None:
    with pytest.raises(UsageError, match=r"^file line 7 "):
        judgements(row, [1, 1], "me", "file line 7")


async def test_a_step_is_found_by_its_question_and_all_before_it() -> None:
    judge: Judge = Recorded([Recording(PROBLEM.question, ("a", "b"), said("right", "wrong"))], "me")
    assert isinstance(judge, WholeJudge)
    assert [one.verdict for one in await judge.judge(PROBLEM, ["a"], ["b", "c"])] == ["wrong", None]
    assert (await judge.judge(PROBLEM, [], ["b"]))[0] == Judgement(None, None, "not recorded", "me")
    other = make_problem("What is 6 times 8?", "48")
    assert (await judge.judge(other, ["a"], ["b"]))[0].verdict is None
    assert [one.verdict for one in await judge_solution(judge, PROBLEM, ["a", "b"])] == ["right", "wrong"]
    assert [one.verdict for one in await judge_solution(judge, PROBLEM, ["a", "x", "b"])] == ["right", None, None]
    assert await judge_solution(judge, PROBLEM, []) == []


async def test_solutions_with_the_same_beginning_are_told_apart_as_wholes() -> None:
    judge = Recorded(
        [
            Recording(PROBLEM.question, ("a", "b"), said("right", "right")),
            Recording(PROBLEM.question, ("a", "c"), said("wrong", None)),
            Recording(PROBLEM.question, ("a", "c"), said("right", "right")),
        ],
        "me",
    )
    assert [one.verdict for one in await judge.judge_solution(PROBLEM, ["a", "b"])] == ["right", "right"]
    assert [one.verdict for one in await judge.judge_solution(PROBLEM, ["a", "c"])] == ["wrong", None]
    assert (await judge.judge(PROBLEM, [], ["a"]))[0].verdict == "right"
