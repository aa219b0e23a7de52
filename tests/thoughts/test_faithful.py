import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey.thoughts.draft import Piece, lay_out
from journey.thoughts.faithful import Rules, flaws, misplaced, words
from journey.thoughts.formulas import formulas, tokens
from journey.types import SegmentKind, Thought, make_problem

PROBLEM = make_problem("What is $6 \\cdot 7$?", "42")
PIECES = [
    Piece("step", "We split the product: $6 \\cdot 7 = 6 \\cdot 5 + 6 \\cdot 2$.", 0),
    Piece("mistake", "Here $6 \\cdot 5 = 35$, a quick calculation.", 1),
    Piece("reflection", "Wait, multiplying five by six cannot end in a five.", 1),
    Piece("backtrack", "Let me return to the split product.", 0),
    Piece("step", "So 30 + 12 = 42 apples.", 2),
    Piece("answer", "# Answer\n\n42", 2),
]


def thought(pieces: list[Piece], answer: str = "42") -> Thought:
    text, segments = lay_out(pieces, "\n\n")
    return Thought("t", PROBLEM.id, "tree", "traverse", segments, text, text, answer)


def found(pieces: list[Piece], texts: list[str], rules: Rules | None = None) -> list[str]:
    retold = thought([replace_text(piece, text) for piece, text in zip(pieces, texts, strict=True)])
    return flaws(PROBLEM, thought(pieces), retold.text, retold.segments, rules or Rules())


def replace_text(piece: Piece, text: str) -> Piece:
    return piece._replace(text=text)


def one(before: str, after: str, rules: Rules | None = None, kind: SegmentKind = "step") -> list[str]:
    return found([Piece(kind, before, 0)], [after], rules)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("So $\\left(x + 1\\right)^2 = 4$.", "And therefore \\( (x+1)^{2} = 4 \\)."),
        ("That is $1,000 + 5$ apples.", "Which makes $1000+5$ apples!"),
        ("5*3 = 15 here", "$5 \\times 3 = 15$ here"),
        ("5 \\cdot 3 = 15 here", "$5 \\times 3 = 15$ here"),
        ("$\\dfrac{1}{2} \\le x$", "Now $\\frac{1}{2} \\leq x$, fine"),
        ("The price is \\$5 today.", "So the price is $5$ dollars today."),
        ("I see (since 3 + 4 = 7)", "I see that 3 + 4 = 7, good"),
        ("- 3 apples\n- 4 pears", "There are 3 apples, and 4 pears"),
        ("We have a 5 - 3 = 2 lead.", "The lead is $5-3 = 2$."),
        ("- x + y = 7 holds", "We know $x + y = 7$ holds"),
        ("Bold: **x = 5** found", "$x = 5$ is found in bold"),
        ("From $x = 5$ and $y = 6$ on", "Going on from $y = 6$ and $x = 5$"),
    ],
)
def test_what_only_sets_a_formula_is_no_flaw(before, after):
    assert one(before, after) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("$6 \\cdot 5 = 35$ it is", "$6 \\cdot 5 = 30$ it is"),
        ("x is 5 and -5 here", "x is 5 and 5 here"),
        ("so $x = -5$ holds", "so $x = 5$ holds"),
        ("so $x + 5 < 7$ holds", "so $x + 5 > 7$ holds"),
        ("so 3 + 4 = 7 holds", "so 3 - 4 = 7 holds"),
        ("so 3 + 4 = 7 holds", "so 4 + 3 = 7 holds"),
        ("so $x^2 = 9$ holds", "so $x^3 = 9$ holds, with 2"),
        ("two uses: 7 and 7 again", "two uses: 7 and again"),
        ("$\\frac{1}{2}$ of it", "0.5 of it"),
        ("$\\frac{1}{2}$ of it", "$\\frac{2}{1}$ of it"),
        ("$x + y$ is the sum", "$x + y^2$ is the sum"),
        ("$x + y$ is the sum", "$-x + y$ is the sum"),
        ("we take $2x$ here", "we take $2y$ here"),
        ("it is 1,234 here", "it is 1 and 234 here"),
        ("it is 1.5 here", "it is 1 here, not 5"),
        ("use $\\sin x$ here", "use $\\cos x$ here"),
        ("$a_1 + a_2$ then", "$a_1 + a_3$ then, 2"),
        ("the angle meets every side of the triangle", "it works"),
    ],
)
def test_what_changes_a_number_a_formula_or_the_matter_is_a_flaw(before, after):
    assert one(before, after) != []


def test_a_mistake_cannot_be_corrected_in_silence_nor_beside_its_wrong_number():
    assert one("$6 \\cdot 5 = 35$", "$6 \\cdot 5 = 30$", kind="mistake") != []
    hinted = one("$6 \\cdot 5 = 35$ surely", "$6 \\cdot 5 = 35$ surely, though 30 may be it", kind="mistake")
    assert hinted == ["part 1 is a mistake and now says 30, not known there"]
    assert one("6 times 5 is 35", "6 times 5 is 35, with the 7 of the problem", kind="mistake") == []
    assert one("6 times 5 is 35", "6 times 5 is 5 sixes: 30, no, 35", Rules(additions=True), kind="mistake") == []


def test_the_final_answer_must_be_the_same_in_a_form_that_is_found():
    texts = [piece.text for piece in PIECES]
    assert found(PIECES, texts) == []
    assert found(PIECES, [*texts[:-1], "So we are done: $\\boxed{42}$ is the answer."]) == []
    assert any("no longer given" in flaw for flaw in found(PIECES, [*texts[:-1], "So it is 42."]))
    said = found(PIECES, [*texts[:-1], "# Answer\n\n43, not 42"])
    assert any("the final answer is 43, not 42 and was 42" in flaw for flaw in said)


def test_kinds_and_nodes_must_be_those_of_the_draft():
    draft = thought(PIECES)
    for change in ({"kind": "step"}, {"node": 7}):
        segments = (draft.segments[0], replace(draft.segments[1], **change), *draft.segments[2:])
        assert flaws(PROBLEM, draft, draft.text, segments, Rules()) != []
    assert flaws(PROBLEM, draft, draft.text, draft.segments[1:], Rules()) != []
    assert flaws(PROBLEM, draft, draft.text, draft.segments[::-1], Rules()) != []


def test_spans_that_do_not_hold_are_flaws():
    draft = thought(PIECES)
    first, *rest = draft.segments
    assert misplaced(draft.text, draft.segments) is None
    assert misplaced(draft.text, [replace(first, start=1), *rest]) == "a part does not stand where its span says"
    assert misplaced(draft.text, [replace(first, text="", end=0), *rest]) == "a part is empty"
    assert misplaced(draft.text, [first, first]) == "parts overlap"


def test_flaws_are_told_by_part_and_stay_short():
    said = found(PIECES, ["Nothing at all." for _ in PIECES])
    assert said[0].startswith("part 1 lacks the numbers") and all(len(flaw) < 300 for flaw in said)
    assert any(flaw.startswith("part 3 says something else") for flaw in said)


def test_words_are_compared_without_their_endings():
    assert words("Multiplying the multiples") == words("multiply") == {"multi"}
    assert words("\\frac and \\sqrt") == set()
    assert words("这是") == {"这", "是"}


def test_formulas_are_the_runs_that_say_more_than_a_number():
    found = formulas(tokens("We have a total of 5 cars, so $2x + 3 = 7$ and (x - 1) > 0."))
    assert [" ".join(formula.tokens) for formula in found] == ["2 x + 3 = 7", "( x - 1 ) > 0"]


TEXTS = st.text(st.sampled_from("ab xyI12390.,+-*/^=()[]{}|$\\_!%'\"\n:éab#"), min_size=1, max_size=40)
KINDS = st.sampled_from(["step", "mistake", "reflection", "backtrack"])
ANY = st.lists(st.builds(Piece, KINDS, TEXTS.filter(str.strip), st.none()), min_size=1, max_size=5)


@given(ANY)
def test_a_thought_is_faithful_to_itself(pieces):
    assert found(pieces, [piece.text for piece in pieces]) == []


NUMBERED = st.lists(
    st.builds(
        lambda a, b, kind, word: Piece(kind, f"The {word} gives ${a} + {b}$ here.", None),
        st.integers(0, 999),
        st.integers(0, 999),
        KINDS,
        st.sampled_from(["triangle", "circle", "product", "square"]),
    ),
    min_size=2,
    max_size=6,
)


@given(NUMBERED, st.data())
def test_changing_any_number_fails(pieces, data):
    texts = [piece.text for piece in pieces]
    place = data.draw(st.integers(0, len(texts) - 1))
    number = data.draw(st.sampled_from(list(re.finditer(r"\d+", texts[place]))))
    other = data.draw(st.integers(0, 2000).map(str).filter(lambda text: text != number[0]))
    texts[place] = texts[place][: number.start()] + other + texts[place][number.end() :]
    assert found(pieces, texts) != []


@given(NUMBERED, st.data())
def test_moving_merging_or_emptying_parts_fails(pieces, data):
    texts = [piece.text for piece in pieces]
    place = data.draw(st.integers(0, len(texts) - 2))
    here, after = texts[place : place + 2]
    changes = [[f"{here} {after}", "Going on."], ["Going on.", f"{here} {after}"]]
    if formulas(tokens(here)) != formulas(tokens(after)):
        changes.append([after, here])
    for changed in changes:
        assert found(pieces, [*texts[:place], *changed, *texts[place + 2 :]]) != []


def test_parts_of_equal_formulas_and_nearly_equal_words_may_change_places_unseen():
    texts = ["The circle gives $1 + 2$ here.", "The square gives $1 + 2$ here."]
    assert found([Piece("step", text, None) for text in texts], texts[::-1]) == []


@given(NUMBERED, st.data())
def test_words_put_around_the_parts_do_no_harm(pieces, data):
    around = st.sampled_from(["", "Okay, so let me see. ", "Hmm, next: ", "I wonder whether this helps.\n"])
    texts = [data.draw(around) + piece.text + " " + data.draw(around) for piece in pieces]
    assert found(pieces, texts) == []
