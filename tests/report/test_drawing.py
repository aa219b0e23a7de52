"""A tree as a picture."""

from hypothesis import given
from hypothesis import strategies as st

from journey.report.drawing import draw, drawing_svg, state
from journey.types import Judgement, Node, Tree


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """Any tree of up to 40 steps."""
    nodes = list[Node]()
    for i in range(draw(st.integers(1, 40))):
        verdict = draw(st.sampled_from(["right", "wrong", "neutral", None]))
        nodes.append(
            Node(
                draw(st.integers(-1, i - 1)), draw(st.sampled_from(["", "1 + 1 = 2", "so\n" * 30])), Judgement(verdict)
            )
        )
    return Tree("t", "p", tuple(nodes))


@given(trees(), st.data())
def test_no_two_steps_stand_on_one_place_and_nothing_told_is_hidden(tree: Tree, data: st.DataObject) -> None:
    walk = data.draw(st.lists(st.integers(0, len(tree.nodes) - 1), max_size=10))
    drawing = draw(tree, "the question", walk[:3], walk, most=20)
    places = [(spot.x, spot.y) for spot in drawing.spots]
    assert len(set(places)) == len(places)
    shown = {spot.node for spot in drawing.spots}
    assert shown >= set(walk)
    assert drawing.hidden == len(tree.nodes) - len(shown - {-1})
    assert all(0 < spot.x < drawing.width and 0 < spot.y < drawing.height for spot in drawing.spots)


@given(trees())
def test_every_step_drawn_has_the_step_before_it(tree: Tree) -> None:
    drawing = draw(tree, "q", [], [], most=15)
    shown = {spot.node for spot in drawing.spots}
    assert all(tree.nodes[i].parent in shown for i in shown if i >= 0)
    assert len(drawing.edges) == len(shown) - 1


def test_a_step_that_nobody_judged_and_one_that_nobody_could_judge_look_alike_and_not_wrong() -> None:
    tree = Tree("t", "p", (Node(-1, "a"), Node(-1, "b", Judgement(None, reason="did not parse"))))
    assert state(tree, 0) == state(tree, 1) == "unjudged"
    assert "could not say: did not parse" in drawing_svg(draw(tree, "q", [], []), "title")


def test_a_tree_is_an_outline_with_the_right_path_last_among_its_siblings() -> None:
    chain = [Node(i - 1, f"step {i}") for i in range(8)]
    drawing = draw(Tree("t", "p", (*chain, Node(0, "aside"))), "q", list(range(8)), [])
    height = {spot.node: spot.y for spot in drawing.spots}
    assert height[-1] < height[0] < height[8] < height[1] < height[7]
