"""Rows for TRL out of thoughts and attempts."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey.errors import UsageError
from journey.models.base import Prompt
from journey.training.rows import CUT_OFF, dpo_rows, match_tokens, sft_rows
from journey.types import Attempt, ModelRef, Problem, Thought, make_problem

PROBLEM = make_problem("1 + 1?", "2")
OTHER = make_problem("2 + 2?", "4")


def ask(problem: Problem, prefix: Sequence[str]) -> Prompt:
    return Prompt(problem.question + "\n", "".join(prefix))


def ask_with_system(problem: Problem, prefix: Sequence[str]) -> Prompt:
    return Prompt(problem.question, "", "Think.\n")


def thought(text: str, problem: Problem = PROBLEM) -> Thought:
    return Thought(text, problem.id, None, "shortcut", (), text, text, problem.answer)


def attempt(text: str, correct: bool | None, sample: int, problem: Problem = PROBLEM, finish: str = "end") -> Attempt:
    return Attempt(
        f"{problem.id}-{sample}", problem.id, ModelRef("m"), "sampled", sample, text, None, correct, None, 3, finish, 0
    )  # type: ignore[arg-type]


def test_a_thought_becomes_the_question_as_asked_and_its_text() -> None:
    assert sft_rows([thought("2")], [PROBLEM], ask) == [{"prompt": "1 + 1?\n", "completion": "2"}]


def test_messages_keep_the_system_text_apart() -> None:
    rows = sft_rows([thought("2")], [PROBLEM], ask_with_system, messages=True)
    assert rows[0]["prompt"] == [{"role": "system", "content": "Think.\n"}, {"role": "user", "content": "1 + 1?"}]
    assert rows[0]["completion"] == [{"role": "assistant", "content": "2"}]
    assert sft_rows([thought("2")], [PROBLEM], ask_with_system)[0]["prompt"] == "Think.\n1 + 1?"


def test_a_thought_of_an_unknown_problem_is_refused() -> None:
    with pytest.raises(UsageError, match="not among the problems"):
        sft_rows([thought("4", OTHER)], [PROBLEM], ask)


def test_twenty_attempts_make_five_pairs_of_different_texts() -> None:
    attempts = [attempt(f"text {i}", i % 2 == 0, i) for i in range(20)]
    rows = dpo_rows(attempts, [PROBLEM], ask)
    assert len(rows) == 5
    assert len({r["chosen"] for r in rows}) == len({r["rejected"] for r in rows}) == 5
    assert all(int(r["chosen"].split()[1]) % 2 == 0 and int(r["rejected"].split()[1]) % 2 == 1 for r in rows)


def test_only_the_first_twenty_attempts_count() -> None:
    attempts = [attempt(f"right {i}", True, i) for i in range(20)] + [attempt("wrong", False, 20)]
    assert dpo_rows(attempts, [PROBLEM], ask) == []


def test_could_not_say_and_cut_off_belong_to_neither_side() -> None:
    attempts = [attempt("a", True, 0), attempt("b", None, 1), attempt("c", False, 2, finish="length")]
    assert dpo_rows(attempts, [PROBLEM], ask) == []


def test_cut_off_answers_are_wrong_answers_without_an_end_where_that_is_asked() -> None:
    attempts = [attempt("a", True, 0), attempt("b", None, 1), attempt("c", None, 2, finish="length")]
    (row,) = dpo_rows(attempts, [PROBLEM], ask, cut_off_is_wrong=True)
    assert row == {"prompt": "1 + 1?\n", "chosen": "a", "rejected": "c", CUT_OFF: True}


def test_problems_without_both_sides_are_left_out() -> None:
    attempts = [attempt("a", True, 0), attempt("b", False, 1), attempt("c", True, 0, OTHER)]
    rows = dpo_rows(attempts, [PROBLEM, OTHER], ask)
    assert rows == [{"prompt": "1 + 1?\n", "chosen": "a", "rejected": "b"}]


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from([True, False, None])), max_size=25), st.randoms())
def test_pairs_do_not_depend_on_the_order_of_attempts(drawn: list, stream) -> None:
    attempts = [attempt(text, correct, i) for i, (text, correct) in enumerate(drawn)]
    shuffled = list(attempts)
    stream.shuffle(shuffled)
    rows = dpo_rows(attempts, [PROBLEM], ask, samples=len(attempts))
    assert rows == dpo_rows(shuffled, [PROBLEM], ask, samples=len(attempts))
    right = {a.text for a in attempts if a.correct}
    assert len(rows) <= 5
    assert all(r["chosen"] in right and r["rejected"] not in right for r in rows)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=30), st.integers(0, 3000))
def test_matched_rows_come_as_near_to_the_target_as_their_shortest_row_allows(lengths: list[int], target: int) -> None:
    rows = [{"n": n, "i": i} for i, n in enumerate(lengths)]
    matched = match_tokens(rows, lambda r: r["n"], target)
    seen = [sum(r["i"] == i for r in matched) for i in range(len(rows))]
    assert max(seen) - min(seen) <= 1  # whole passes and a part of one
    assert abs(sum(r["n"] for r in matched) - target) <= max(lengths)


def test_nothing_to_repeat_is_refused() -> None:
    with pytest.raises(UsageError, match="no trained tokens"):
        match_tokens([], lambda r: 1, 10)
