"""How likely a right end is from each step of a tree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey.judges.rollout import RolloutSettings
from journey.judges.scripted import Scripted as ScriptedJudge
from journey.models.scripted import Scripted
from journey.tasks.table import TaskGrader, ask
from journey.trees.mark import children, unusable
from journey.trees.values import advantages, valued, valued_by_judge, valued_by_rollouts
from journey.types import Judgement, Node, Tree, make_problem

PROBLEM = make_problem("What is 6 times 7?", "42", task="math")
TREE = Tree(
    "t",
    PROBLEM.id,
    (
        Node(-1, "a", Judgement("wrong", by="human")),
        Node(0, "It is \\boxed{42}.", answer="42", correct=True),
        Node(0, "It is \\boxed{41}.", answer="41", correct=False),
        Node(0, "", unusable("empty step")),
        Node(-1, "b", Judgement("right", by="human")),
        Node(4, "It is \\boxed{?}.", answer="?"),
        Node(-1, "It is \\boxed{42}, I say.", answer="42", correct=True),
    ),
    judge="human",
)


def values(tree: Tree) -> list[float | None]:
    return [node.value for node in tree.nodes]


def test_by_its_leaves_a_step_is_worth_the_share_of_right_ends_and_its_judgement_stays() -> None:
    got = valued(TREE)
    assert values(got) == [0.5, 1, 0, None, None, None, 1]
    assert [node.judgement for node in got.nodes] == [node.judgement for node in TREE.nodes]
    assert (got.judge, got.settings["values"]) == ("human", {"of": "t", "by": "leaves"}) and got.id != TREE.id


def test_a_steps_advantage_leaves_its_own_ends_out_of_what_it_is_compared_with() -> None:
    assert advantages(TREE) == [-0.5, 1, -1, None, None, None, 0.5]


@given(st.lists(st.tuples(st.integers(-1, 20), st.sampled_from([True, False, None])), max_size=15))
def test_values_are_shares_and_null_exactly_where_no_end_was_checked(drawn: list[tuple[int, bool | None]]) -> None:
    nodes = [Node(min(parent, i - 1), "s", correct=correct) for i, (parent, correct) in enumerate(drawn)]
    tree = Tree("t", "p", tuple(nodes))
    below = children(tree)
    for index, (node, own) in enumerate(zip(valued(tree).nodes, advantages(tree), strict=True)):
        checked = node.correct is not None or any(valued(tree).nodes[child].value is not None for child in below[index])
        assert (node.value is None) == (not checked)
        assert node.value is None or 0 <= node.value <= 1
        assert own is None or -1 <= own <= 1


async def test_by_rollouts_an_end_without_an_answer_is_none_and_what_they_cost_is_kept() -> None:
    policy = Scripted({}, otherwise="I give up.")
    got = await valued_by_rollouts(PROBLEM, TREE, policy, ask, TaskGrader(), RolloutSettings(n=2))
    assert values(got) == [0, 1, 0, None, 0, None, 1]
    assert got.judge == "human" and got.settings["values"] == {
        "of": "t", "by": "rollout:scripted", "calls": 4, "tokens": 16,
    }  # fmt: skip


@pytest.mark.parametrize("name", ["soft", "exact"])
async def test_by_a_judge_its_scores_are_the_values_and_the_exact_one_goes_by_its_verdict(name: str) -> None:
    judge = ScriptedJudge({"a": Judgement("wrong", 0.5), "b": Judgement("right", 0.75)}, name=name, otherwise="right")
    expected = [0.5, 0.75] if name == "soft" else [0, 1]
    got = await valued_by_judge(PROBLEM, TREE, judge)
    assert [values(got)[0], values(got)[4]] == expected and got.nodes[0].judgement == TREE.nodes[0].judgement
