"""Which texts touch which tested questions, against a plain comparison of all runs of words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from real_data import rows, sample

from journey.data.contamination import QuestionIndex, Rule, signs, words
from journey.errors import UsageError

PENCILS = (
    r"Three pencils and a jumbo eraser cost $\$1.24$. Five pencils and a jumbo eraser cost $\$1.82$. No prices include "
    "tax. In cents, what is the cost of a pencil?"
)
ROOTS = r"Let $f(x) = \frac{1}{2} x^2 + 3x$. Find the sum of all roots of $f(x) = 5$ that are greater than $-10$."
SHORT = "Solve $x^2 - 5x + 6 = 0$."
TINY = "What is $2 + 3$?"
ALL = [PENCILS, ROOTS, SHORT, TINY]


def how(text: str, *, is_question: bool = False, share: float = 0.0) -> dict[str, str]:
    """The tested questions that the text touches, and as what."""
    index = QuestionIndex(ALL, Rule(share=share))
    return {index.questions[t.question]: t.how for t in index.touches(text, is_question=is_question)}


@pytest.mark.parametrize("question", ALL)
def test_a_question_is_the_same_as_itself_whatever_its_length(question: str) -> None:
    assert how(question, is_question=True) == {question: "same"}
    assert how(f"  {question.upper()}", is_question=True) == {question: "same"}


@pytest.mark.parametrize("question", [PENCILS, ROOTS, SHORT])
def test_a_question_inside_a_longer_text_is_found_whole(question: str) -> None:
    assert how(f"Okay, so first I read this: {question} Then I begin with what is given.") == {question: "whole"}


def test_other_typesetting_is_the_same_text() -> None:
    spaced = r"Let \( f\left( x \right) \, = \dfrac{1}{2} x^2 \; + \; 3 x \). Find the sum of all roots of "
    spaced += r"\( f(x)=5 \) that are greater than \(-10\)."
    assert how(spaced) == {ROOTS: "whole"}
    assert how("We solve x² − 5x + 6 = 0 now: solve $x^{2}-5x+6=0$!") == {SHORT: "whole"}


def test_characters_that_nobody_sees_hide_no_copy() -> None:
    (touch,) = QuestionIndex(ALL).touches(PENCILS.replace("jumbo", "jum\u00adbo").replace("pencil", "pen\u200bcil"))
    assert touch.how == "whole"


def test_between_few_words_the_signs_matter() -> None:
    assert how("Now solve $x^2 + 5x + 6 = 0$ instead.") == {}
    assert how("Now solve $x^2 - 5x + 6 = 0$ instead.") == {SHORT: "whole"}


def test_a_question_of_four_words_is_compared_with_questions_only() -> None:
    assert QuestionIndex(ALL).by_question == 1
    assert how("So what is 2 + 3? It is 5.") == {}


def test_a_run_of_words_is_found_where_numbers_before_it_changed() -> None:
    changed = PENCILS.replace("Three", "Four").replace("1.24", "1.30")
    (touch,) = QuestionIndex(ALL).touches(changed, is_question=True)
    assert (touch.how, touch.shared[-16:]) == ("ngram", "cost of a pencil")
    assert 0.5 < touch.share < 1


def test_a_paraphrase_is_not_found() -> None:
    assert how("A big eraser with 3 pencils is 124 cents, with 5 pencils 182. How much is one pencil?") == {}


def test_a_share_of_the_question_may_be_asked_for() -> None:
    half = " ".join(PENCILS.split()[:17])
    assert how(half) == {PENCILS: "ngram"}
    assert how(half, share=0.9) == {}
    assert how(PENCILS, share=0.9) == {PENCILS: "whole"}


def test_the_common_wording_of_many_questions_does_not_count() -> None:
    frame = "Answer the question below with one word only and give your reasons after the answer: who was number {}?"
    index = QuestionIndex([frame.format(i) for i in range(30)])
    assert index.touches(frame.format(99), is_question=True) == []
    assert [index.questions[t.question] for t in index.touches(frame.format(7))] == [frame.format(7)]
    few = QuestionIndex([frame.format(i) for i in range(10)])
    assert len(few.touches(frame.format(99))) == 10


def test_the_same_question_twice_is_one() -> None:
    index = QuestionIndex([PENCILS, PENCILS.replace("$", ""), SHORT])
    assert len(index.questions) == 2
    assert index.number(PENCILS.casefold()) == 0


def test_chinese_is_compared_by_its_characters() -> None:
    index = QuestionIndex(["小明有三个苹果，小红有五个苹果，他们一共有多少个苹果？"])
    (touch,) = index.touches("题目：小明有三个苹果，小红有五个苹果，他们一共有多少个苹果？我们来算。")
    assert touch.how == "whole"


def test_texts_that_go_round_in_circles_or_hold_nothing_are_no_trouble() -> None:
    index = QuestionIndex(["one " * 40, *ALL])
    (touch,) = index.touches("one " * 50_000)
    assert touch.question == 0
    for text in ("", "\ud800", "\x00\x1b[2J", "$" * 1000, "\\left" * 1000):
        assert index.touches(text, is_question=True) == []


def test_words_are_letters_or_digits_and_signs_the_operators_between_them() -> None:
    assert words(r"The \dfrac{3x}{4}, **not** $\left(2\right)$") == ["the", "frac", "3", "x", "4", "not", "2"]
    assert signs(r"2 \cdot 3 − x>1") == ["2", "*", "3", "-", "x", ">", "1"]


@pytest.mark.parametrize("settings", [{"ngram": 4}, {"share": 1.5}, {"share": -0.1}, {"common": 0}])
def test_rules_that_make_no_sense_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        Rule(**settings)  # type: ignore[arg-type]  # wrong on purpose


@given(st.text(alphabet=st.characters(max_codepoint=127), max_size=60))
def test_plain_ascii_has_the_same_words_as_other_text(text: str) -> None:
    assert [*words(text), "é"] == words(f"{text} é")


SENTENCES = st.lists(st.sampled_from("abcd"), max_size=24)


@given(st.lists(SENTENCES, min_size=1, max_size=6), st.lists(st.sampled_from("abcd"), max_size=60), st.integers(5, 9))
def test_exactly_the_shared_runs_of_words_are_found(asked: list[list[str]], said: list[str], n: int) -> None:
    index = QuestionIndex((" ".join(q) for q in asked), Rule(n, common=100))
    runs = {tuple(said[i : i + n]) for i in range(len(said) - n + 1)}
    expected: dict[int, tuple[bool, float]] = {}
    for number, question in enumerate(index.questions):
        q = question.split()
        whole = len(q) >= 5 and any(said[i : i + len(q)] == q for i in range(len(said) - len(q) + 1))
        hits = [i for i in range(len(q) - n + 1) if tuple(q[i : i + n]) in runs]
        if whole or hits:
            covered = {i + k for i in hits for k in range(n)}
            expected[number] = (whole, 1.0 if whole else len(covered) / len(q))
    found = {t.question: (t.how == "whole", t.share) for t in index.touches(" ".join(said))}
    assert found == expected


def test_no_question_of_math_500_hides_from_itself() -> None:
    questions = [row["problem"] for row in rows(sample("math/test_500.jsonl"))]
    index = QuestionIndex(questions)
    assert index.by_words + index.by_whole + index.by_question == 50
    for number, question in enumerate(questions):
        first = index.touches(question, is_question=True)[0]
        assert (first.question, first.how) == (number, "same")
        inside = {t.question: t.how for t in index.touches(f"I was asked: {question} I begin.")}
        assert inside.get(number) == "whole" or len(words(question)) < 5
