import json
from pathlib import Path

import pytest

from journey.data.columns import Columns
from journey.data.problems import read
from journey.errors import UsageError

FOUR = "(A) 3\n(B) 4\n(C) 5\n(D) 22"
ANSWERED = ("2+2?\nOptions:\n" + FOUR, "(B)", "text")


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def first(tmp_path, row, columns=None):
    loaded = read(write(tmp_path / "a.jsonl", row), columns=columns)
    assert loaded.taken_in["options"] == 1
    return loaded.problems[0].question, loaded.problems[0].answer, loaded.problems[0].task


@pytest.mark.parametrize(
    "row",
    [
        {"question": "2+2?", "choices": ["3", "4", "5", "22"], "answer": 1},
        {"question": "2+2?", "choices": ["3", "4", "5", "22"], "answer": 1.0},
        {"question": "2+2?", "choices": [3, 4, 5, 22], "answer": "4"},
        {"question": "2+2?", "options": ["A)3", "B)4", "C)5", "D)22"], "rationale": "So D? No: B.", "correct": "B"},
        {"question": "2+2?", "options": ["3", "4", "5", "22"], "answer": "B", "answer_index": 1},
        {"question": "2+2?", "Options": {"A": "3", "B": "4", "C": "5", "D": "22"}, "answer": "4", "answer_idx": "B"},
        {"question": "2+2?", "choices": {"text": ["3", "4", "5", "22"], "label": [*"1234"]}, "answerKey": "2"},
        {"question_stem": "2+2?", "choices": {"text": ["3", "4", "5", "22"], "label": [*"ABCD"]}, "answerKey": "B"},
        {
            "Question": "2+2?",
            "Choices": [{"label": a, "text": t} for a, t in zip("ABCD", ["3", "4", "5", "22"], strict=True)],
            "Answer": "B",
        },
        {"Problem": "2+2?", "options": "a ) 3 , b ) 4 , c ) 5 , d ) 22", "correct": "b"},
        {"question": "2+2?", "options": "(A) 3 (B) 4 (C) 5 (D) 22", "Answer": "(B)"},
        {"question": "2+2?", "options": "3\n4\n5\n22", "answer": "b."},
        {"question": "2+2?", "choices": "['3', '4', '5', '22']", "answer": "1"},
        {"question": "2+2?", "A": 3, "B": 4, "C": 5, "D": 22, "answer": "B"},
        {"question": "2+2?", "opa": "3", "opb": "4", "opc": "5", "opd": "22", "cop": 1},
        {"question": "2+2?", "option1": "3", "option2": "4", "option3": "5", "option4": "22", "label": "B"},
    ],
)
def test_options_become_part_of_the_question_and_the_answer_their_letter(tmp_path, row):
    assert first(tmp_path, row) == ANSWERED


def test_options_that_the_first_row_lacks_are_taken_in(tmp_path):
    rows = [
        {"question": "1+1?", "answer": "0"},
        {"question": "2+2?", "answer": 2, "choices": ["3", "4", "5", "22"], "context": "Sums."},
        {"question": "3+1?", "answer": 4, "choices": ["3", "5", "22", "4"]},
    ]
    loaded = read(write(tmp_path / "a.jsonl", *rows))
    assert [problem.answer for problem in loaded.problems] == ["0", "(B)", "(D)"]
    assert loaded.problems[1].question == "Sums.\n2+2?\nOptions:\n" + FOUR


def test_indices_are_counted_from_0_unless_one_of_them_says_otherwise(tmp_path):
    rows = [{"question": f"{i}?", "choices": ["x", "y"], "answer": i} for i in (1, 2, 1)]
    assert [p.answer for p in read(write(tmp_path / "a.jsonl", *rows)).problems] == ["(A)", "(B)"]
    rows = [{"question": f"{i}?", "choices": ["x", "y"], "answer": i} for i in (1, 0, -1)]
    loaded = read(write(tmp_path / "b.jsonl", *rows))
    assert ([p.answer for p in loaded.problems], loaded.unanswered) == (["(B)", "(A)"], 1)


def test_a_question_that_holds_its_options_does_not_get_them_twice_and_a_column_can_be_named(tmp_path):
    whole = "2+2? A) 3 B) 4 C) 5 D) 22"
    row = {"question": whole, "picks": ["3", "4", "5", "22"], "answer": "B"}
    assert first(tmp_path, row, Columns(choices="picks")) == (whole, "(B)", "text")
    with pytest.raises(UsageError, match="no column 'gone' for the choices"):
        read(tmp_path / "a.jsonl", columns=Columns(choices="gone"))


@pytest.mark.parametrize(
    ("row", "question"),
    [
        ({"Body": "Tom has 3.", "Question": "How many?", "Answer": 3.0}, "Tom has 3.\nHow many?"),
        ({"body": "Tom has 3.", "question": "How many?", "answer": "3 (apples)"}, "Tom has 3.\nHow many?"),
        ({"instruction": "Add.", "input": "1 and 2", "output": "3"}, "Add.\n1 and 2"),
        ({"instruction": "Add 1 and 2.", "input": "", "output": "3"}, "Add 1 and 2."),
        ({"context": "Tom has 3.", "problem": "How many?", "answer": "3"}, "Tom has 3.\nHow many?"),
    ],
)
def test_what_is_told_before_a_question_becomes_part_of_it(tmp_path, row, question):
    loaded = read(write(tmp_path / "a.jsonl", row))
    assert loaded.problems[0].question == question
    assert loaded.taken_in["context"] == ("\n" in question)


def test_words_that_stand_for_no_answer_are_none_and_unreadable_answers_are_named(tmp_path):
    rows = [
        {"problem": "a", "answer": "proof", "question_type": "proof"},
        {"problem": "b", "answer": "notfound", "question_type": "math-word-problem"},
        {"problem": "c", "answer": "4", "question_type": "proof"},
        {"problem": "d", "answer": r"\frac{1}{2"},
        {"problem": "e", "answer": r"\left\{1\right\}"},
        {"problem": "f", "answer": "[1, 2)"},
    ]
    loaded = read(write(tmp_path / "a.jsonl", *rows))
    assert ([p.question for p in loaded.problems], loaded.unanswered) == (["d", "e", "f"], 3)
    assert loaded.unreadable == [f"{tmp_path}/a.jsonl line 4: '\\\\frac{{1}}{{2'"]


def test_columns_that_only_look_like_options_or_contexts_are_left_alone(tmp_path):
    row = {"question": "a+b?", "a": 1, "b": 2, "op1": "+", "op2": "-", "context": {"page": 3}, "answer": "3"}
    loaded = read(write(tmp_path / "a.jsonl", row))
    assert [(p.question, p.answer, p.task) for p in loaded.problems] == [("a+b?", "3", "math")]
