"""Labelled solutions of other people as trees of one path: Math-Shepherd's rows, TRL's stepwise type, our own."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from real_data import rows, sample

from journey.answers.grade import Grade
from journey.data.labelled import UNLABELLED, Label, chat, label, labelled, math_shepherd, one_path, stepwise
from journey.errors import UsageError
from journey.types import Problem, make_problem

RIGHT, WRONG, NOTHING = Label("right"), Label("wrong"), Label()


def test_math_shepherd_rows_are_read_as_question_steps_and_signs() -> None:
    row = {
        "input": "How many? Step 1: One. ки\nStep 2: Two and Step 9: no. ки",
        "label": "How many? Step 1: One. +\nStep 2: Two and Step 9: no. -",
        "task": "GSM8K",
    }
    assert math_shepherd(row) == ("How many?", ["One.", "Two and Step 9: no."], [RIGHT, WRONG])


def test_real_math_shepherd_rows_are_read_whole() -> None:
    raw = rows(sample("step_judges/math_shepherd_samples.jsonl"))
    assert len(raw) == 7
    for row in raw:
        found = math_shepherd(row)
        assert len(found.steps) == len(found.labels) == row["input"].count("ки")
        assert row["input"].startswith(found.question)
        assert all(step and not step.startswith("Step") and "ки" not in step for step in found.steps)
        assert {one.verdict for one in found.labels} <= {"right", "wrong"}
        signs = [told.rstrip()[-1] for told in row["label"].split("\n")]
        assert [one.verdict for one in found.labels] == [{"+": "right", "-": "wrong"}[sign] for sign in signs]


def test_a_tag_that_was_left_in_the_labels_says_nothing_of_its_step() -> None:
    found = math_shepherd({"input": "Q? Step 1: a ки\nStep 2: b ки", "label": "Q? Step 1: a ки\nStep 2: b +"})
    assert found.labels == [NOTHING, RIGHT]


def test_a_tag_inside_the_question_is_no_steps() -> None:
    found = math_shepherd({"input": "Take a. ки Find b. Step 1: b ки", "label": "Take a. - Find b. Step 1: b +"})
    assert (found.question, found.steps, found.labels) == ("Take a.   Find b.", ["b"], [RIGHT])


def test_steps_without_numbers_begin_behind_the_only_question_mark() -> None:
    found = math_shepherd({"input": "How many? One ки\nTwo ки", "label": "How many? One +\nTwo -"})
    assert (found.question, found.steps) == ("How many?", ["One", "Two"])
    lower = math_shepherd({"input": "Q. step 1: a ки\nstep 2: b ки", "label": "Q. step 1: a +\nstep 2: b -"})
    assert (lower.question, lower.steps) == ("Q.", ["a", "b"])


@pytest.mark.parametrize(
    ("told", "signed", "why"),
    [
        ("Q Step 1: a ки", None, "no texts"),
        ("Q Step 1: a ки", "Q Step 1: a ?", "neither + nor -"),
        ("Q Step 1: a ки", "Q Step 1: a ", "neither + nor -"),
        ("Q Step 1: a ки", "Q Step 1: b +", "tags replaced"),
        ("Q Step 1: a ки", "Q Step 1: a + more", "tags replaced"),
        ("Q Step 1: a ки more", "Q Step 1: a + more", "no tag at its end"),
        ("Q Step 1: a", "Q Step 1: a", "no tag at its end"),
        ("", "", "cannot be told"),
        ("Q a ки", "Q a +", "cannot be told"),
        ("Is it? Or not? a ки", "Is it? Or not? a +", "cannot be told"),
        ("Step 1: a ки", "Step 1: a +", "question"),
    ],
)
def test_a_broken_math_shepherd_row_is_refused_with_the_reason(told: str, signed: str | None, why: str) -> None:
    with pytest.raises(ValueError, match=why.replace("+", r"\+")):
        math_shepherd({"input": told, "label": signed})


@given(st.lists(st.tuples(st.text("abc \n+-", min_size=1), st.sampled_from(["+", "-", "ки"])), min_size=1, max_size=5))
def test_what_is_written_in_math_shepherds_form_is_read_back(steps: list[tuple[str, str]]) -> None:
    told = "Q? " + "\n".join(f"Step {i}: {text} ки" for i, (text, _) in enumerate(steps, 1))
    signed = "Q? " + "\n".join(f"Step {i}: {text} {sign}" for i, (text, sign) in enumerate(steps, 1))
    found = math_shepherd({"input": told, "label": signed})
    assert found.labels == [{"+": RIGHT, "-": WRONG, "ки": NOTHING}[sign] for _, sign in steps]
    assert found.steps == [text.strip() for text, _ in steps]


@given(st.dictionaries(st.sampled_from(["input", "label"]), st.text("Step 1:?ки+-\n ", max_size=40), min_size=2))
def test_hostile_texts_are_read_or_refused_with_a_reason(row: dict[str, str]) -> None:
    try:
        found = math_shepherd(row)
    except ValueError as error:
        assert str(error)
    else:
        assert len(found.steps) == len(found.labels) > 0 and found.question


def test_both_publications_of_a_row_give_the_same_solution() -> None:
    published = math_shepherd({"input": "Q? Step 1: a ки\nStep 2: b ки", "label": "Q? Step 1: a +\nStep 2: b -"})
    again = stepwise({"prompt": "Q?", "completions": ["Step 1: a", "Step 2: b"], "labels": [True, False]})
    assert published == again


def turns(*told: str) -> list[dict[str, str]]:
    return [{"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate(told)]


def test_rlhflows_chats_give_the_same_solution_too() -> None:
    found = chat({"conversations": turns("Q? Step 1: a", "+", "Step 2: b", "-")})
    assert found == ("Q?", ["a", "b"], [RIGHT, WRONG])


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (turns("Q? Step 1: a"), "do not take turns"),
        (turns("Q? Step 1: a", "+")[::-1], "do not take turns"),
        (turns("Q? Step 1: a", "maybe"), "a label is none of"),
        (turns("No question. a", "+"), "cannot be told"),
        ([], "cannot be told"),
        ("text", "no list of turns"),
        ([1, 2], "no list of turns"),
        ([{"role": "user"}, {"role": "assistant"}], "a step is no text"),
    ],
)
def test_chats_that_are_none_are_refused(told: object, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        chat({"conversations": told})


def test_labels_in_every_spelling() -> None:
    said = [True, False, None, "right", "neutral", "wrong", "+", "-", 1, 0, 0.5, 0.75]
    verdicts = [*("right", "wrong", None), *("right", "neutral", "wrong"), *("right", "wrong") * 2, "wrong", "right"]
    scores = [None] * 8 + [1.0, 0.0, 0.5, 0.75]
    wanted = [Label(v, s) for v, s in zip(verdicts, scores, strict=True)]  # type: ignore[arg-type]
    assert labelled("q", ["s"] * len(said), said).labels == wanted


@pytest.mark.parametrize(
    "value", [2, -0.5, float("nan"), float("inf"), 10**400, "good?", "", [], {}, [True]], ids=lambda v: str(v)[:9]
)
def test_what_is_no_label_is_never_a_wrong_one(value: object) -> None:
    with pytest.raises(ValueError, match="a label is none of"):
        label(value)


def test_minus_one_is_refused_because_zero_may_then_be_neutral() -> None:
    with pytest.raises(UsageError, match="0 may mean neutral"):
        labelled("q", ["a", "b"], [0, -1])


@pytest.mark.parametrize(
    ("steps", "labels", "why"),
    [
        (["a"], [], "as many labels"),
        ([], [], "as many labels"),
        (["a"], [True, False], "as many labels"),
        ("ab", [True, False], "no list of texts"),
        (["a", 3], [True, False], "no list of texts"),
        (None, [True], "no list of texts"),
        (["a"], "+", "labels are no list"),
        (["a"], None, "labels are no list"),
    ],
)
def test_steps_and_labels_that_do_not_line_up_are_refused(steps: object, labels: object, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        labelled("q", steps, labels)


class Checks:
    """A grader that says what it was asked, and that everything is right."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def grade(self, problem: Problem, text: str) -> Grade:
        self.asked.append(text)
        return Grade("4", True)


def test_a_solution_is_a_tree_of_one_path_whose_last_step_has_the_answer() -> None:
    grader = Checks()
    steps, labels = ["a \\boxed{3}", "b", "So \\boxed{4}"], [RIGHT, NOTHING, Label("wrong", 0.25)]
    tree = asyncio.run(one_path(make_problem("q", "4"), steps, labels, "Math-Shepherd", grader))
    assert [node.parent for node in tree.nodes] == [-1, 0, 1]
    assert [node.text for node in tree.nodes] == steps
    said = [node.judgement for node in tree.nodes]
    assert [(s.verdict, s.score, s.reason) for s in said if s] == [
        ("right", None, None), (None, None, UNLABELLED), ("wrong", 0.25, None),
    ]  # fmt: skip
    assert [(node.answer, node.correct) for node in tree.nodes] == [(None, None), (None, None), ("4", True)]
    assert (tree.policy, tree.judge, grader.asked) == ("Math-Shepherd", "Math-Shepherd", ["So \\boxed{4}"])


def test_an_answer_is_not_checked_where_the_problem_has_none() -> None:
    grader = Checks()
    tree = asyncio.run(one_path(make_problem("q", ""), ["The answer is: 4"], [WRONG], "labels", grader))
    assert (tree.nodes[0].answer, tree.nodes[0].correct, grader.asked) == ("4", None, [])
