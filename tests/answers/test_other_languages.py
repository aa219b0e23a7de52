"""Answers found in the phrases of Chinese, Korean and German, and what only looks like one."""

import asyncio

import pytest

from journey.answers.compare import decide
from journey.answers.find import find_answer
from journey.answers.words import TextGrader
from journey.types import make_problem


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("所以答案是42。", "42"),
        ("因此，最终答案：４２", "42"),
        ("综上，答案为 $\\frac{1}{2}$。", "1/2"),
        ("**答案：** 42", "42"),
        ("答：42个苹果", "42"),
        ("答案应该是 42，因为我们验证过了。", "42"),
        ("## 最终答案\n42", "42"),
        ("故选：B。", "B"),
        ("答案是 3，5", "3,5"),
        ("因此，答案是 17。\n\n\\boxed{18}", "18"),
        ("따라서 정답은 42입니다.", "42"),
        ("정답은 $42$이다.", "42"),
        ("답: 42", "42"),
        ("최종 답은 **42**입니다.", "42"),
        ("그러므로 답은 42가 됩니다.", "42"),
        ("### 정답\n\n42", "42"),
        ("Die Antwort ist 42.", "42"),
        ("Antwort: 42", "42"),
        ("Somit lautet die richtige Antwort: 42, weil 6 mal 7 das ergibt.", "42"),
        ("**Antwort:** $42$", "42"),
        ("Die endgültige Antwort lautet 42 Euro.", "42"),
    ],
)
def test_an_answer_is_found_in_a_languages_own_phrase(text, answer):
    found = find_answer(text)
    assert found is not None and decide(answer, found) is True, found


@pytest.mark.parametrize(
    "text",
    [
        "这个答案是否正确？",
        "答案是错误的，我们再试一次。",
        "那么答案是什么呢？",
        "请回答：小明有多少个苹果",
        "答案是不对的",
        "정답은 무엇일까?",
        "답은 아닙니다.",
        "그의 대답은 42라는 것과 관계없다",
        "답은 다음과 같이 구한다.",
        "Die Antwort ist noch nicht klar.",
        "Was ist die Antwort auf die Frage?",
        "Die Antwort ist falsch.",
        "Das beantwortet die Frage nach 42.",
        "答案是我们还没有找到的一个满足所有条件的整数",
    ],
)
def test_a_sentence_that_only_speaks_of_an_answer_gives_none(text):
    assert find_answer(text) is None


CHOICE = "Which?\n(A) Berlin\n(B) Paris\n(C) Rome"


@pytest.mark.parametrize(
    ("text", "gold", "question", "correct"),
    [
        ("答案是（B）。因为它是首都", "(B)", CHOICE, True),
        ("应选B", "(B)", CHOICE, True),
        ("答案：A", "(B)", CHOICE, False),
        ("정답은 B입니다.", "(B)", CHOICE, True),
        ("답: (C)", "(B)", CHOICE, False),
        ("Die Antwort ist (B).", "(B)", CHOICE, True),
        ("Antwort: B", "(B)", CHOICE, True),
        ("Die Antwort ist Bären.", "(B)", CHOICE, None),
        ("Die Antwort ist ja", "nein", "Geht das?", False),
        ("정답은 예입니다.", "예", "?", True),
        ("答案是否。", "否", "?", True),
    ],
)
def test_choices_and_words_are_read_in_a_languages_own_phrase(text, gold, question, correct):
    grade = asyncio.run(TextGrader().grade(make_problem(question, gold, task="text"), text))
    assert grade.correct is correct, grade
