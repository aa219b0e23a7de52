"""Trees labelled by rollouts of a scripted policy."""

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_grader import PlainGrader, ask
from properties import examples

from journey.judges.rollout import RolloutSettings
from journey.models.base import Completion, Prompt, Sampling
from journey.models.cached import Cached
from journey.models.scripted import Scripted
from journey.trees.label import label
from journey.trees.mark import path_texts, unusable, verdict
from journey.types import Judgement, Node, Tree, make_problem, to_json, tree_from_json

PROBLEM = make_problem("What is 6 times 7?", "42")
RIGHT, WRONG = "The answer is 42.", "The answer is 41."
HARD, SOFT = RolloutSettings(n=4), RolloutSettings(n=4, label="soft")
BINARY = RolloutSettings(n=4, search="binary")


def lost_by(*steps: str) -> Callable[[Prompt, Sampling, int], str]:
    """A policy that reaches the right answer unless one of the steps stands before it."""
    return lambda prompt, sampling, i: WRONG if set(steps) & set(prompt.prefix.split("\n")) else RIGHT


TREE = Tree(
    "t",
    PROBLEM.id,
    (
        Node(-1, "a", tokens=3),
        Node(-1, "b"),
        Node(0, "c"),
        Node(0, "d", Judgement("right", by="human")),
        Node(2, RIGHT, answer="42", correct=True),
        Node(3, WRONG, answer="41", correct=False),
        Node(1, "", unusable("empty step")),
        Node(1, "e"),
        Node(3, "It is done.", answer="?", correct=None),
    ),
    policy="someone",
    judge="human",
)


async def labelled(tree: Tree, answers: Callable[[Prompt, Sampling, int], str], how: RolloutSettings) -> Tree:
    return await label(PROBLEM, tree, Scripted(answers, name="p"), ask, PlainGrader(), how)


async def test_hard_labels_go_from_the_leaves_up_and_a_right_end_needs_no_rollout() -> None:
    got = await labelled(TREE, lost_by("b", "d"), HARD)
    assert [verdict(node) for node in got.nodes] == [
        "right", "wrong", "right", "wrong", "right", "wrong", None, "wrong", None,
    ]  # fmt: skip
    assert [node.judgement and node.judgement.by for node in got.nodes][6] == "grow"  # never judged
    cost = got.settings["rollout"]
    assert (cost["calls"], cost["labels"], cost["of"]) == (12, 8, "t")  # b, d and e; a and c lie under a right end
    assert (got.judge, got.policy, got.problem) == ("rollout:p", "someone", PROBLEM.id)
    assert got.id != TREE.id and got.nodes[0].tokens == 3
    assert tree_from_json(to_json(got)) == got


async def test_soft_labels_go_from_the_question_down_and_share_what_passes_through() -> None:
    def policy(prompt: Prompt, sampling: Sampling, i: int) -> str:
        return f"c\n{RIGHT}" if prompt.prefix == "a\n" else WRONG

    got = await labelled(TREE, policy, SOFT)
    scores = [node.judgement and node.judgement.score for node in got.nodes]
    assert scores == [1.0, 0.0, 1.0, 0.0, 1.0, 0.0, None, 0.0, None]
    assert got.settings["rollout"]["shared"] == 4


async def test_paths_are_searched_for_their_first_wrong_step() -> None:
    got = await labelled(TREE, lost_by("b", "d"), BINARY)
    assert [verdict(node) for node in got.nodes] == [
        "right", "wrong", "right", "wrong", "right", None, None, None, None,
    ]  # fmt: skip
    assert got.nodes[5].judgement is not None and got.nodes[5].judgement.reason == "after the first wrong step"


async def test_other_settings_give_another_tree() -> None:
    ids = {(await labelled(TREE, lost_by(), how)).id for how in (HARD, SOFT, BINARY, RolloutSettings(n=5))}
    assert len(ids) == 4


class Luck:
    """A policy whose luck lies in the seed alone, answered out of order; counts what it is asked."""

    name = "luck"

    def __init__(self, most: int) -> None:
        self.gate = asyncio.Semaphore(most)
        self.asked = 0

    async def complete(self, prompt: Prompt, sampling: Sampling) -> list[Completion]:
        async with self.gate:
            self.asked += 1
            for _ in range(sampling.seed % 5):
                await asyncio.sleep(0)
            return [Completion(["c\n", ""][sampling.seed % 2] + (RIGHT if sampling.seed % 3 == 0 else WRONG), 5, "end")]


TREES = st.lists(st.integers(-1, 30), min_size=1, max_size=12).map(
    lambda parents: Tree(
        "t", PROBLEM.id, tuple(Node(min(parent, i - 1), "abc"[i % 3] + str(i // 3)) for i, parent in enumerate(parents))
    )
)


@settings(max_examples=examples(30))
@given(TREES, st.sampled_from([HARD, SOFT, BINARY]))
async def test_labels_are_the_same_whatever_is_in_flight_and_true_of_their_steps(
    tree: Tree, how: RolloutSettings
) -> None:
    got = [await label(PROBLEM, tree, Luck(most), ask, PlainGrader(), how) for most in (1, 8, 64)]
    assert got[0] == got[1] == got[2]
    for index, node in enumerate(got[0].nodes):
        parent = node.parent
        if verdict(node) == "right" and parent >= 0 and how is not SOFT:
            assert verdict(got[0].nodes[parent]) == "right", path_texts(tree, index)
        if how is BINARY and verdict(node) == "wrong":
            assert parent < 0 or verdict(got[0].nodes[parent]) == "right"


class Kept:
    """Calls kept in memory."""

    def __init__(self) -> None:
        self.known: dict[str, list] = {}

    def call(self, key: str) -> list | None:
        return self.known.get(key)

    async def put_call(self, key: str, completions: list, patience: float) -> None:
        self.known[key] = completions


@pytest.mark.parametrize("how", [HARD, SOFT, BINARY])
async def test_labelling_again_asks_nothing_that_was_asked(how: RolloutSettings) -> None:
    kept, first, again = Kept(), Luck(8), Luck(8)
    one = await label(PROBLEM, TREE, Cached(first, kept), ask, PlainGrader(), how)
    two = await label(PROBLEM, TREE, Cached(again, kept), ask, PlainGrader(), how)
    assert one == two and first.asked > 0 and again.asked == 0
