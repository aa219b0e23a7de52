"""Trees judged again."""

from hypothesis import given
from hypothesis import strategies as st

from journey.judges.scripted import Scripted
from journey.trees.mark import unusable, verdict
from journey.trees.rejudge import rejudge
from journey.types import Judgement, Node, Tree, make_problem

PROBLEM = make_problem("What is 6 times 7?", "42")
TREE = Tree(
    "t",
    PROBLEM.id,
    (
        Node(-1, "a", Judgement("right", by="human"), tokens=2),
        Node(-1, "b"),
        Node(-1, "", unusable("empty step")),
        Node(0, "The answer is 42.", answer="42", correct=True),
    ),
    "someone",
    "human",
    {"width": 3},
)


async def test_every_whole_step_is_judged_and_nothing_else_changes() -> None:
    judge = Scripted({"a": "wrong", "b": "neutral"}, name="strict")
    got = await rejudge(PROBLEM, TREE, judge)
    assert [verdict(node) for node in got.nodes] == ["wrong", "neutral", None, None]
    assert [node.judgement and node.judgement.by for node in got.nodes] == ["strict", "strict", "grow", "strict"]
    assert [(p, c) for _, p, c in judge.calls] == [((), ("a", "b")), (("a",), ("The answer is 42.",))]
    assert [(n.text, n.parent, n.answer, n.correct, n.tokens) for n in got.nodes] == [
        (n.text, n.parent, n.answer, n.correct, n.tokens) for n in TREE.nodes
    ]
    assert (got.judge, got.policy, got.problem) == ("strict", "someone", PROBLEM.id)
    assert got.settings == {"width": 3, "judged_again": {"of": "t", "before": "human"}}
    assert got.id != TREE.id and got == await rejudge(PROBLEM, TREE, judge)


@given(st.lists(st.integers(-1, 20), max_size=15))
async def test_every_step_of_any_tree_is_judged_once(parents: list[int]) -> None:
    nodes = tuple(Node(min(parent, i - 1), f"step {i}") for i, parent in enumerate(parents))
    judge = Scripted({}, otherwise="right")
    got = await rejudge(PROBLEM, Tree("t", PROBLEM.id, nodes), judge)
    assert all(verdict(node) == "right" for node in got.nodes)
    assert sum(len(candidates) for _, _, candidates in judge.calls) == len(nodes)
