"""Accuracy by level and subject."""

from hypothesis import given
from hypothesis import strategies as st

from journey.metrics.breakdown import breakdown
from journey.types import Attempt, ModelRef, Problem


def problem(id: str, level: str | None = None, subject: str | None = None) -> Problem:
    return Problem(id, id, "1", level=level, subject=subject)


def tried(of: str, correct: bool | None, sample: int = 0) -> Attempt:
    return Attempt(f"{of}{sample}", of, ModelRef("m"), "sampled", sample, "", "1", correct, None, 10, "end", 0)


def test_levels_come_as_numbers_and_the_unknown_last() -> None:
    problems = [problem("a", "10"), problem("b", "2"), problem("c"), problem("d", "hard")]
    rows = breakdown(problems, [tried(p.id, True) for p in problems])
    assert [row["group"] for row in rows] == ["2", "10", "hard", None]
    assert {row["by"] for row in rows} == {"level"}


def test_a_field_that_all_problems_share_gives_no_rows() -> None:
    assert breakdown([problem("a", "1", "algebra"), problem("b", "1", "algebra")], [tried("a", True)]) == []


def test_every_problem_counts_alike_however_often_it_was_tried() -> None:
    problems = [problem("a", "1"), problem("b", "1"), problem("c", "2")]
    attempts = [*(tried("a", True, i) for i in range(3)), tried("b", False), tried("c", None)]
    one, two = breakdown(problems, attempts)
    assert (one["accuracy"], one["problems"], one["attempts"]) == (0.5, 2, 4)
    assert (two["accuracy"], two["unjudged"]) == (0.0, 1)


def test_attempts_at_other_problems_do_not_count() -> None:
    assert breakdown([problem("a", "1"), problem("b", "2")], [tried("z", True)]) == []


@given(st.lists(st.tuples(st.sampled_from([None, "1", "2"]), st.booleans()), min_size=2, max_size=12))
def test_groups_hold_all_problems_and_add_up_to_the_whole(drawn: list[tuple[str | None, bool]]) -> None:
    problems = [problem(str(i), level) for i, (level, _) in enumerate(drawn)]
    rows = breakdown(problems, [tried(str(i), right) for i, (_, right) in enumerate(drawn)])
    if len({level for level, _ in drawn}) > 1:
        assert sum(row["problems"] for row in rows) == len(drawn)
        assert round(sum(row["problems"] * row["accuracy"] for row in rows)) == sum(right for _, right in drawn)
    assert all(0 <= row["low"] <= row["accuracy"] <= row["high"] <= 1 for row in rows)
