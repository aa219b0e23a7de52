"""The four measures of a thought and their Q."""

from math import inf, log
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_trees import PROBLEM, trees
from real_data import rows, sample, whole

from journey.evals.quality import MEASURES, Quality, of_text, of_thought, summed
from journey.tasks.narration import PROSE
from journey.thoughts.draft import Piece, draft, lay_out
from journey.thoughts.traverse import TraverseSettings, traverse
from journey.trees.mark import right_leaves
from journey.types import Node, Segment, Thought, Tree

QUESTION = "A shop sells 12 boxes of 25 apples. How many apples are sold?"
GOOD = "Each box has 25 apples and there are 12 boxes. So 12 * 25 = 300 apples are sold.\n\n# Answer\n\n300"


def thought(*pieces: Piece, answer: str = "300") -> Thought:
    text, segments = lay_out(pieces, "\n\n")
    return Thought("id", "problem", "tree", "traverse", segments, text, text, answer)


def test_a_good_short_solution_is_consistent_complete_and_relevant() -> None:
    found = of_text(GOOD, QUESTION)
    assert (found.consistency, found.completeness) == (1.0, 1.0)
    assert found.relevance is not None and found.relevance > 0.6
    assert found.q is not None and found.q > 0.2


def test_a_false_sum_is_inconsistent() -> None:
    assert of_text(GOOD.replace("= 300", "= 310"), QUESTION).consistency == 0.0


def test_two_final_answers_that_differ_are_inconsistent_and_the_same_twice_is_not() -> None:
    assert of_text("So \\boxed{7}.\n\nNo, it is \\boxed{8}.").consistency == 0.0
    assert of_text("So \\boxed{\\frac{1}{2}}.\n\nIt is \\boxed{0.5}.").consistency == 1.0


def test_known_mistakes_claim_nothing() -> None:
    told = thought(
        Piece("mistake", "12 * 25 = 310", 1), Piece("step", "12 * 25 = 300", 0), Piece("answer", "# Answer\n\n300", 0)
    )
    assert of_thought(told, QUESTION).consistency == 1.0
    assert of_text(told.text, QUESTION).consistency == 0.5


def test_the_answer_that_a_thought_was_kept_for_must_be_its_last() -> None:
    told = thought(Piece("step", "We think.", 0), Piece("answer", "# Answer\n\n300", 0), answer="301")
    assert of_thought(told, QUESTION).consistency == 0.0


def test_no_answer_an_unused_number_and_a_number_from_nowhere_are_incomplete() -> None:
    whole = of_text(GOOD, QUESTION).completeness or 0
    assert (of_text(GOOD.replace("# Answer", ""), QUESTION).completeness or 0) < whole
    assert (of_text(GOOD.replace("12 boxes", "boxes").replace("12 * 25 = ", ""), QUESTION).completeness or 0) < whole
    assert (of_text(f"Take 4711.\n{GOOD}", QUESTION).completeness or 0) < whole


def test_a_step_of_the_path_that_is_not_told_is_missing() -> None:
    tree = Tree("tree", "problem", (Node(-1, "one"), Node(0, "two", answer="3", correct=True)))
    answer = Piece("answer", "# Answer\n\n3", 1)
    whole = of_thought(thought(Piece("step", "one", 0), Piece("step", "two", 1), answer), "", tree)
    part = of_thought(thought(Piece("step", "two", 1), answer), "", tree)
    assert (whole.completeness, part.completeness) == (1.0, 0.75)


def test_the_solution_of_another_question_is_less_relevant() -> None:
    other = "What is the area of a triangle with base $b$ and height $h$ in a circle of radius 7?"
    assert (of_text(GOOD, other).relevance or 0) < (of_text(GOOD, QUESTION).relevance or 0)


def test_saying_it_twice_is_more_redundant() -> None:
    assert (of_text(f"{GOOD}\n{GOOD}", QUESTION).redundancy or 0) > (of_text(GOOD, QUESTION).redundancy or 0)


def test_redundancy_is_one_where_each_token_is_news_and_counts_tokens_a_piece_of_it() -> None:
    assert of_text("Bananas ripen").redundancy == 1.0
    assert of_text("Bananas ripen. " * 4).redundancy == pytest.approx(1 + log(12 / 2))


@pytest.mark.parametrize("text", ["", " \n\t"])
def test_an_empty_text_has_no_quality(text: str) -> None:
    found = of_text(text, QUESTION)
    assert found == Quality(None, None, None, None)
    assert found.q is None


def test_a_text_without_claims_has_no_consistency_and_so_no_q() -> None:
    found = of_text("We think about apples.", QUESTION)
    assert found.consistency is None and found.q is None
    assert found.completeness is not None


def _in_range(found: Quality) -> None:
    for name in MEASURES:
        value = getattr(found, name)
        low, high = (1, inf) if name == "redundancy" else (0, 1)
        assert value is None or low <= value <= high


TEXTS = st.one_of(st.text(), st.text(alphabet="1234567890+-*/=().xy \n\\boxed{}wait", max_size=80))


@given(TEXTS, TEXTS)
def test_every_measure_of_any_text_is_in_its_range(text: str, question: str) -> None:
    _in_range(of_text(text, question))


@given(st.lists(st.tuples(st.sampled_from(["step", "mistake", "answer"]), TEXTS), max_size=4), TEXTS)
def test_every_measure_of_any_thought_is_in_its_range(pieces: list[tuple[str, str]], answer: str) -> None:
    segments = tuple(Segment(kind, text, None, 0, 0) for kind, text in pieces)  # type: ignore[arg-type]
    text = "\n".join(text for _, text in pieces)
    _in_range(of_thought(Thought("id", "p", None, "m", segments, text, text, answer), QUESTION))


@given(trees())
def test_a_traversal_tells_its_whole_path(tree: Tree) -> None:
    for leaf in right_leaves(tree):
        told = draft(tree, PROBLEM, traverse(tree, leaf, TraverseSettings(), 0), PROSE)
        found = of_thought(told, PROBLEM.question, tree)
        _in_range(found)
        without = of_thought(told, PROBLEM.question)
        assert (found.completeness or 0) >= (without.completeness or 0)


@given(st.lists(TEXTS, max_size=4), st.randoms())
def test_the_order_of_thoughts_does_not_matter(texts: list[str], random: Random) -> None:
    other = list(texts)
    random.shuffle(other)
    assert summed(of_text(text) for text in texts) == summed(of_text(text) for text in other)


@pytest.mark.parametrize(
    "piece", ["a. ", "1", "x", "(", "$", "\n", "\n\n", "9 9 ", "\\boxed{", "1 + 1 = 2. ", "wait ", "　"]
)
def test_hostile_texts_are_measured_to_their_end(piece: str) -> None:
    # Long enough that time in the square of the length would be noticed.
    _in_range(of_text(piece * (40_000 // len(piece)), QUESTION))


def _worse(pairs: list[tuple[str, str, str]], measure: str) -> float:
    """How often the second text of a pair is the worse one, ties counting half."""
    wins = []
    for question, first, second in pairs:
        a, b = (getattr(of_text(text, question), measure) for text in (first, second))
        if a is not None and b is not None:
            better = a - b if measure != "redundancy" else b - a
            wins.append((better > 0) + (better == 0) / 2)
    return sum(wins) / len(wins)


def _perturbed(kind: str) -> list[tuple[str, str, str]]:
    return [
        (row["question"], "\n".join(row["reference_steps"]), "\n".join(row["hypothesis_steps"]))
        for row in rows(whole("step_judges/perturbed_prm800k_test.jsonl"))
        if row["error_type"] == kind
    ]


@pytest.mark.parametrize(
    ("measure", "kind", "least"),
    [
        ("redundancy", "repeat step", 0.99),
        ("consistency", "random operation", 0.7),
        ("completeness", "remove step", 0.6),
        ("relevance", "swap solutions", 0.9),
        ("relevance", "random number", 0.75),
    ],
)
def test_each_measure_sees_the_planted_fault_it_is_for(measure: str, kind: str, least: float) -> None:
    assert _worse(_perturbed(kind), measure) >= least


def test_planted_contradictions_lower_q() -> None:
    planted = [
        row for row in rows(sample("step_judges/prmbench.jsonl")) if row["classification"] == "step_contradiction"
    ]
    pairs = [(r["question"], "\n".join(r["original_process"]), "\n".join(r["modified_process"])) for r in planted]
    assert _worse(pairs, "q") > 0.7
