"""Rows for TRL out of thoughts and attempts."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey.errors import UsageError
from journey.models.base import Prompt
from journey.training.rows import match_tokens, sft_rows
from journey.types import Problem, Thought, make_problem

PROBLEM = make_problem("1 + 1?", "2")
OTHER = make_problem("2 + 2?", "4")


def ask(problem: Problem, prefix: Sequence[str]) -> Prompt:
    return Prompt(problem.question + "\n", "".join(prefix))


def ask_with_system(problem: Problem, prefix: Sequence[str]) -> Prompt:
    return Prompt(problem.question, "", "Think.\n")


def thought(text: str, problem: Problem = PROBLEM) -> Thought:
    return Thought(text, problem.id, None, "shortcut", (), text, text, problem.answer)


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
