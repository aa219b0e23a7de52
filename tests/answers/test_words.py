"""Answers in words: what BBH's problems take for right, what is wrong, and what nobody can read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from real_data import rows, sample, whole

from journey.answers.grade import Grade
from journey.answers.words import TextGrader, shape_of
from journey.types import Problem, make_problem

GRADER = TextGrader()
DATE = "What is the date tomorrow?\nOptions:\n(A) 12/11/1937\n(B) 12/25/1937\n(C) 01/04/1938"
SORT = "Sort the following words alphabetically: List: thrill barn it&t damp"


def asked(answer: str) -> Problem:
    """A problem whose answer has this form."""
    if answer.startswith("("):
        return make_problem(DATE, answer)
    return make_problem(SORT if " " in answer and answer[0].isalpha() else "Is it so?", answer)


async def graded(gold: str, text: str) -> Grade:
    return await GRADER.grade(asked(gold), text)


@pytest.mark.parametrize(
    ("gold", "text"),
    [
        ("(B)", "So the answer is (B)."),
        ("(B)", "The answer is B."),
        ("(B)", "the correct answer is option (B) 12/25/1937"),
        ("(B)", "Answer: B) 12/25/1937"),
        ("(B)", "**Answer:** (B)"),
        ("(B)", "**Answer**: B"),
        ("(B)", "Answer:\n\n(B)"),
        ("(B)", r"so \boxed{\text{(B)}}"),
        ("(B)", r"$\boxed{B}$"),
        ("(B)", "It is 12/25/1937.\n\n**(B) 12/25/1937**"),
        ("(B)", "The answer is 12/25/1937."),
        ("(B)", "(B)"),
        ("(B)", "b: no\n#### (b)"),
        ("(B)", "The answer is (A). No, wait: the answer is (B)."),
        ("(B)", "The answer is (B). I hope this answer is helpful."),
        ("(B)", "(A) is too early, so (B) 12/25/1937 is the correct one."),
        ("(B)", "the answer is (B), because (A) is today"),
        ("Yes", "So the answer is yes."),
        ("yes", "The answer is: **Yes**, it is plausible."),
        ("No", "Therefore we end elsewhere.\n\n**No**"),
        ("no", "no"),
        ("False", "not ( True ) is False. So the answer is False."),
        ("False", "The answer is not True."),
        ("True", "\\boxed{True}"),
        ("invalid", "The answer is that the argument is deductively invalid."),
        ("valid", "So the answer is valid."),
        ("] ) >", "So the answer is ] ) >."),
        ("] ) >", "Answer: `] ) >`"),
        ("] }", "so \\boxed{] }}"),
        ("} ] }", "so \\boxed{\\text{} ] }}}"),
        ("] ) >", "\\boxed{] ) \\rangle}"),
        ("] }", "The answer is ]}"),
        ("8", "So the answer is 8."),
        ("8", "The answer is 8 musical instruments."),
        ("8", "The answer is eight."),
        ("8", "The answer is 3 + 5 = 8."),
        ("-1024", "\\boxed{-1,024}"),
        ("barn damp it&t thrill", "So the answer is barn damp it&t thrill."),
        ("barn damp it&t thrill", "The sorted list is: barn, damp, it&t, thrill"),
        ("barn damp it&t thrill", "The sorted list is:\n1. barn\n2. damp\n3. it&t\n4. thrill\n\nDone."),
        ("barn damp it&t thrill", "Sorted:\n\n- Barn\n- Damp\n- it&t\n- thrill"),
        ("barn damp it&t thrill", "Answer: 1. barn 2. damp 3. it&t 4. thrill"),
        ("barn damp it&t thrill", "Answer: barn -> damp -> it&t -> thrill"),
    ],
)
async def test_the_right_answer_is_found_however_it_is_written(gold: str, text: str) -> None:
    assert (await graded(gold, text)).correct is True


@pytest.mark.parametrize(
    ("gold", "text"),
    [
        ("(B)", "The answer is (A)."),
        ("(B)", "The answer is (Z)."),
        ("(B)", "The answer is (B) or (A)."),
        ("(B)", "The answer is A or B"),
        ("Yes", "The answer is no."),
        ("yes", "The answer is yes or no."),
        ("True", "The answer is not True."),
        ("] ) >", "The answer is ] )."),
        ("8", "The answer is 9."),
        ("8", "The answer is 8.5"),
        ("barn damp it&t thrill", "The answer is barn it&t damp thrill."),
        ("barn damp it&t thrill", "The answer is barn damp it&t."),
        ("barn damp it&t thrill", "The answer is barn damp it&t thril."),
    ],
)
async def test_another_answer_is_wrong(gold: str, text: str) -> None:
    grade = await graded(gold, text)
    assert (grade.correct, grade.error) == (False, "wrong answer") and grade.answer


@pytest.mark.parametrize("gold", ["(B)", "Yes", "True", "valid", "] ) >", "8", "barn damp it&t thrill"])
@pytest.mark.parametrize(
    "text", ["", "I do not know.", "Let us think step by step", "\\boxed{", "**Step one**", "( a", "The answer is"]
)
async def test_a_text_without_an_answer_is_null_and_never_wrong(gold: str, text: str) -> None:
    assert await graded(gold, text) == Grade(None, None, "no answer")


@pytest.mark.parametrize(
    ("gold", "text", "why"),
    [
        ("(B)", "The answer is Paris.", "one of the options"),
        ("Yes", "The answer is hard to tell.", "yes or no"),
        ("] ) >", "The answer is three closing brackets.", "brackets"),
        ("8", "The answer is between 8 and 9.", "a number"),
    ],
)
async def test_what_is_no_answer_of_the_asked_kind_could_not_be_checked(gold: str, text: str, why: str) -> None:
    grade = await graded(gold, text)
    assert grade.correct is None and grade.answer and why in str(grade.error)


async def test_answers_that_are_the_same_vote_together() -> None:
    said = [await graded("(B)", text) for text in ("The answer is B.", "Answer: (A)", "the answer is 12/25/1937")]
    assert [grade.answer for grade in said] == ["(B)", "(A)", "(B)"]


@given(st.text(max_size=200), st.sampled_from(["(B)", "Yes", "] >", "8", "barn damp it&t thrill", "Monsters, Inc"]))
async def test_no_text_raises_and_an_unfound_answer_is_never_graded(text: str, gold: str) -> None:
    grade = await graded(gold, text)
    assert grade.answer is not None or grade.correct is None


async def test_long_hostile_texts_take_no_time_to_speak_of() -> None:
    for piece in ("the answer is ", "**", "(A) ", "\\boxed{", "1. ", "not ", "( ", "[ ] ", "answer:\n", "9,"):
        for gold in ("(B)", "Yes", "] >", "8", "barn damp it&t thrill"):
            grade = await graded(gold, piece * 20_000)
            assert grade.correct is not True  # no such text is a right answer


WAYS = ("So the answer is {}.", "**Answer:** {}", "thus \\boxed{{{}}}", "It is:\n\n**{}**", "{}", "The answer is `{}`")


@pytest.mark.parametrize("where", [sample, pytest.param(whole, marks=pytest.mark.slow)])
async def test_every_answer_of_bbh_is_right_for_its_own_problem_and_wrong_for_others(where) -> None:
    bbh = rows(where("puzzles/bbh.jsonl"))
    kinds: set[str] = set()
    for row, other in zip(bbh, bbh[7:] + bbh[:7], strict=True):
        problem = make_problem(row["input"], row["target"])
        kinds.add(shape_of(problem).name)
        way = WAYS[int(problem.id, 16) % len(WAYS)]
        if row["target"] == "rita, sue and bob poo" or row["target"] == "Monsters, Inc" or "wind" in row["target"]:
            way = WAYS[0]  # options that were cut up upstream: words, which nothing tells from other words
        assert (await GRADER.grade(problem, way.format(row["target"]))).correct is True, (row["id"], way)
        if other["task"] == row["task"] and other["target"].casefold() != row["target"].casefold():
            assert (await GRADER.grade(problem, way.format(other["target"]))).correct is not True, (row, other)
    assert len(kinds) >= 6
