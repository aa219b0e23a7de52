"""What thoughts do on their way: mistakes, reflections, returns, recoveries."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_trees import PROBLEM, trees

from journey.evals.structure import Structure, ends_right, of_text, of_thought, summed
from journey.evals.words import count_tokens
from journey.tasks.narration import PROSE
from journey.thoughts.draft import Piece, draft, lay_out
from journey.thoughts.shortcut import shortcut
from journey.thoughts.traverse import TraverseSettings, traverse
from journey.trees.mark import right_leaves
from journey.types import Judgement, Node, Thought, Tree

RIGHT, WRONG = Judgement("right"), Judgement("wrong")
TREE = Tree(
    "tree",
    "problem",
    (Node(-1, "a", RIGHT), Node(-1, "b", WRONG), Node(0, "c", RIGHT, "42", True), Node(0, "d", RIGHT, "41", False)),
)
ANSWER = Piece("answer", "# Answer\n\n42", 2)


def thought(*pieces: Piece, answer: str = "42") -> Thought:
    text, segments = lay_out(pieces, "\n\n")
    return Thought("id", "problem", "tree", "traverse", segments, text, text, answer)


def test_a_side_trip_of_two_steps_is_one_mistake_and_is_recovered_from() -> None:
    found = of_thought(
        thought(
            Piece("mistake", "try one", 1),
            Piece("mistake", "go on wrongly", 1),
            Piece("reflection", "Wait, no.", 1),
            Piece("backtrack", "Back.", None),
            Piece("step", "a", 0),
            ANSWER,
        )
    )
    assert (found.by, found.mistakes, found.recovered, found.recovery_rate) == ("segments", 1, 1, 1.0)
    assert (found.reflections, found.backtracks) == (1, 1)
    assert found.wrong_tokens == count_tokens("try one go on wrongly")
    assert found.wrong_share == found.wrong_tokens / found.tokens


def test_a_wrong_end_recovers_from_nothing() -> None:
    told = thought(Piece("mistake", "b", 1), Piece("step", "a", 0), Piece("answer", "# Answer\n\n41", 3))
    assert of_thought(told).recovery_rate == 0.0
    assert of_thought(told, TREE).recovery_rate == 0.0


def test_a_mistake_after_the_last_right_step_is_not_recovered_from() -> None:
    pieces = (Piece("mistake", "b", 1), Piece("step", "a", 0), Piece("mistake", "b", 1), Piece("reflection", "Wait", 1))
    found = of_thought(thought(*pieces, Piece("reflection", "So \\boxed{42}", None)))
    assert (found.mistakes, found.recovered) == (2, 1)


def test_with_its_tree_a_step_that_is_judged_wrong_is_a_mistake() -> None:
    told = thought(Piece("step", "b", 1), Piece("step", "a", 0), ANSWER)
    assert of_thought(told).mistakes == 0
    assert of_thought(told, TREE).mistakes == of_thought(told, TREE).recovered == 1


def test_no_mistakes_have_no_recovery_rate() -> None:
    assert of_thought(thought(Piece("step", "a", 0), ANSWER)).recovery_rate is None


def test_where_nobody_knows_the_end_nobody_knows_the_recoveries() -> None:
    found = of_thought(thought(Piece("mistake", "b", 1), Piece("step", "a", 0)))
    assert (found.mistakes, found.recovered, found.recovery_rate) == (1, None, None)


def test_a_puzzles_end_in_no_known_form_is_the_one_it_was_kept_for() -> None:
    assert ends_right(thought(Piece("answer", "made 24", 2))) is True


def test_cue_words_are_an_estimate_without_mistakes() -> None:
    found = of_text("We add.\n\nWait, is this right?\n\nAlternatively, use another formula.")
    assert found == Structure("cue words", found.tokens, 1, 1)
    assert found.recovery_rate is found.wrong_share is None


def test_segments_that_were_cut_by_cue_words_are_called_an_estimate() -> None:
    assert of_thought(thought(Piece("step", "a", None), Piece("reflection", "Wait, no.", None))).by == "cue words"


def test_a_node_that_the_tree_does_not_have_is_not_wrong() -> None:
    assert of_thought(thought(Piece("step", "a", 99), Piece("answer", "x", -7)), TREE).mistakes == 0


def test_an_empty_text_has_no_shares() -> None:
    found = of_text("")
    assert (found.tokens, found.reflections, found.wrong_share) == (0, 0, None)
    assert summed([])["recovery_rate"] is None


@pytest.mark.parametrize("trials", [1, 2, 3])
@given(tree=trees(), seed=st.integers(0, 9))
def test_traversals_recover_from_every_mistake_and_shortcuts_have_none(trials: int, tree: Tree, seed: int) -> None:
    for leaf in right_leaves(tree):
        told = draft(tree, PROBLEM, traverse(tree, leaf, TraverseSettings(trials), seed), PROSE)
        found = of_thought(told, tree)
        assert found.recovery_rate in (None, 1.0)
        assert (found.recovery_rate is None) == (found.mistakes == 0)
        assert found.backtracks <= (found.mistakes or 0)
        assert 0 <= (found.wrong_share or 0) <= 1
    for told in shortcut(tree, PROBLEM, PROSE):
        assert of_thought(told, tree).mistakes == 0


@given(st.lists(st.text(alphabet="wait alternatively\n.", max_size=60), max_size=5), st.randoms())
def test_the_order_of_thoughts_does_not_matter(texts: list[str], random: Random) -> None:
    other = list(texts)
    random.shuffle(other)
    assert summed(map(of_text, texts)) == summed(map(of_text, other))
    assert [of_text(text) for text in texts] == [of_thought(_plain(text)) for text in texts]


def _plain(text: str) -> Thought:
    return replace(thought(), text=text, draft=text)
