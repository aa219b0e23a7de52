from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from random_trees import PROBLEM, trees

from journey.tasks.narration import PROSE
from journey.thoughts.draft import Piece, Visit, Walk, draft, lay_out
from journey.thoughts.shortcut import shortcut
from journey.thoughts.traverse import TraverseSettings, traverse
from journey.trees.mark import right_leaves
from journey.types import Judgement, Node, Thought, Tree

RIGHT, WRONG = Judgement("right", by="judge"), Judgement("wrong", by="judge")

TREE = Tree(
    "tree",
    PROBLEM.id,
    (
        Node(-1, "6 * 7 = 6 * 5 + 6 * 2", RIGHT),
        Node(-1, "6 * 7 = 36", Judgement("wrong", reason="6 * 6 is 36", by="judge")),
        Node(0, "30 + 12 = 42", RIGHT, "42", True),
        Node(0, "30 + 10", WRONG),
        Node(3, "That makes 40", RIGHT, "40", False),
        Node(1, "So it is 36", RIGHT, "36", False),
    ),
)


def told(*visits: tuple[int, str]) -> Thought:
    return draft(TREE, PROBLEM, Walk(2, tuple(Visit(*v) for v in visits), "traverse"), PROSE)  # type: ignore[arg-type]


def test_a_thought_tells_mistake_reflection_return_and_the_right_steps():
    thought = told((1, "mistake"), (-1, "return"), (0, "forward"), (2, "forward"))
    assert [(s.kind, s.node) for s in thought.segments] == [
        ("mistake", 1),
        ("reflection", 1),
        ("backtrack", None),
        ("step", 0),
        ("step", 2),
        ("answer", 2),
    ]
    assert "6 * 6 is 36." in thought.segments[1].text
    assert "the question" in thought.segments[2].text
    assert thought.text.endswith("30 + 12 = 42\n\n\\boxed{42}")
    assert (thought.answer, thought.tree, thought.problem) == ("42", "tree", PROBLEM.id)
    assert thought.draft == thought.text and thought.refined_by is None


def test_a_branch_that_ran_to_a_wrong_answer_is_found_wrong_by_the_answer():
    thought = told((0, "forward"), (3, "mistake"), (4, "mistake"), (0, "return"), (2, "forward"))
    reflection, backtrack = thought.segments[3:5]
    assert (reflection.kind, reflection.node) == ("reflection", 4)
    assert "40" in reflection.text and "Wait" in reflection.text
    assert (backtrack.kind, backtrack.node) == ("backtrack", 0)


def test_a_mistake_that_was_made_earlier_in_the_branch_is_named():
    thought = told((1, "mistake"), (5, "mistake"), (-1, "return"), (0, "forward"), (2, "forward"))
    assert thought.segments[2].node == 1
    assert '"6 * 7 = 36"' in thought.segments[2].text and "6 * 6 is 36." in thought.segments[2].text


def test_a_return_goes_on_from_where_it_returned_without_repeating_the_steps_before():
    thought = told((0, "forward"), (3, "mistake"), (0, "return"), (2, "forward"))
    steps = [s.text for s in thought.segments if s.kind == "step"]
    assert steps == ["6 * 7 = 6 * 5 + 6 * 2", "30 + 12 = 42"]


def test_a_voice_that_says_nothing_leaves_no_trace():
    silent = replace(PROSE, reflect=lambda *_: "", go_back=lambda *_: "", close=lambda *_: "", separator="\n")
    walk = Walk(2, (Visit(1, "mistake"), Visit(-1, "return"), Visit(0, "forward"), Visit(2, "forward")), "traverse")
    assert draft(TREE, PROBLEM, walk, silent).text == "6 * 7 = 36\n6 * 7 = 6 * 5 + 6 * 2\n30 + 12 = 42"


def test_other_settings_and_other_voices_make_other_thoughts():
    walk = Walk(2, (Visit(0, "forward"), Visit(2, "forward")), "traverse", {"trials": 2})
    ids = {
        draft(TREE, PROBLEM, walk, PROSE).id,
        draft(TREE, PROBLEM, replace(walk, settings={"trials": 3}), PROSE).id,
        draft(TREE, PROBLEM, replace(walk, method="shortcut"), PROSE).id,
        draft(TREE, PROBLEM, walk, replace(PROSE, name="other")).id,
    }
    assert len(ids) == 4


def test_empty_pieces_are_left_out_of_the_text():
    text, segments = lay_out([Piece("step", "a", 0), Piece("step", "", 1), Piece("answer", "b", 1)], "--")
    assert text == "a--b"
    assert [(s.start, s.end) for s in segments] == [(0, 1), (3, 4)]


@given(trees(), st.integers(1, 4), st.sampled_from(["path", "root"]), st.sampled_from(["branch", "root"]))
def test_every_segment_stands_exactly_where_it_says(tree: Tree, trials: int, start, back):
    for leaf in right_leaves(tree):
        walk = traverse(tree, leaf, TraverseSettings(trials, start, back=back), seed=1)
        thought = draft(tree, PROBLEM, walk, PROSE)
        at = 0
        for segment in thought.segments:
            assert segment.start == at and thought.text[segment.start : segment.end] == segment.text
            at = segment.end + len(PROSE.separator)
            if segment.kind in ("step", "mistake"):
                assert segment.node is not None and segment.text == tree.nodes[segment.node].text
        assert at == len(thought.text) + len(PROSE.separator) * bool(thought.segments)


@given(trees(), st.integers(2, 4))
def test_every_side_trip_is_followed_by_a_reflection_and_a_return(tree: Tree, trials: int):
    for leaf in right_leaves(tree):
        thought = draft(tree, PROBLEM, traverse(tree, leaf, TraverseSettings(trials), seed=2), PROSE)
        kinds = [segment.kind for segment in thought.segments]
        for here, after in zip(kinds, [*kinds[1:], "end"], strict=True):
            if here == "mistake":
                assert after in ("mistake", "reflection")
            assert (here == "reflection") == (after == "backtrack")
        assert kinds.count("reflection") == kinds.count("backtrack")


@given(trees())
def test_one_trial_is_the_shortcut(tree: Tree):
    for short in shortcut(tree, PROBLEM, PROSE):
        leaf = short.segments[-1].node
        assert leaf is not None
        long = draft(tree, PROBLEM, traverse(tree, leaf, TraverseSettings(trials=1), seed=3), PROSE)
        assert (long.text, long.segments, long.answer) == (short.text, short.segments, short.answer)
