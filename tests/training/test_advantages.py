"""Trees as advantages: every step once, paid by the change of value, by no length; borders as in the whole text."""

import json
from dataclasses import replace
from math import isclose
from pathlib import Path

import pytest
from commanding import done, journey

from journey.errors import UsageError
from journey.models.weights import model_path
from journey.pipeline.registry import encoder
from journey.store.run import Run
from journey.tasks.table import ask
from journey.training.advantages import edges, rllm_episode
from journey.types import Node, Tree, make_problem

PUZZLE = make_problem("Make 17 from 3 4 5", "17", task="countdown")
LINES = ["3 * 4 = 12 ( 5 12 -> 17 )", "12 + 5 = 17 ( 17 -> 17 )", "12 - 5 = 7 ( 7 -> 17 )", "4 - 3 = 1 ( 1 5 -> 17 )"]
TREE = Tree(
    "tree",
    PUZZLE.id,
    (
        Node(-1, LINES[0], tokens=20),
        Node(0, LINES[1], answer="3*4+5", correct=True, tokens=10),
        Node(0, LINES[2], answer="3*4-5", correct=False, tokens=5),
        Node(-1, LINES[3], tokens=20),
        Node(3, "1 * 5 = 5 ( 5 -> 17 )", answer="5", correct=False, tokens=40),
    ),
)


def test_credit_is_the_change_of_value_and_adds_up_to_the_end_less_the_question() -> None:
    found = edges(TREE, PUZZLE, ask)
    assert [edge.value for edge in found] == [0.5, 1.0, 0.0, 0.0, 0.0]
    assert [round(edge.credit, 3) for edge in found] == [0.167, 0.5, -0.5, -0.333, 0.0]
    assert isclose(found[0].credit + found[1].credit, 1 - 1 / 3)
    measured = replace(TREE.nodes[3], value=None), *(replace(node, value=0.25) for node in TREE.nodes[4:])
    valued = replace(TREE, nodes=(*(replace(node, value=0.75) for node in TREE.nodes[:3]), *measured))
    assert [edge.credit for edge in edges(valued, PUZZLE, ask)] == [0.0, 0.0, 0.0, -0.5], "the nearest measured before"


def test_an_episode_has_every_step_once_and_pays_none_by_its_length() -> None:
    episode = rllm_episode(TREE, PUZZLE, ask)
    assert episode is not None
    steps = [step for trajectory in episode["trajectories"] for step in trajectory["steps"]]
    assert [[s["info"]["node"] for s in t["steps"]] for t in episode["trajectories"]] == [[0, 1], [2], [3, 4]]
    assert [trajectory["reward"] for trajectory in episode["trajectories"]] == [1.0, 0.0, 0.0]
    for step in steps:
        tokens = TREE.nodes[step["info"]["node"]].tokens
        assert isclose(step["advantage"] * tokens, 10 * step["info"]["credit"], abs_tol=1e-9)
    assert steps[1]["chat_completions"][-1]["content"] == f"{LINES[0]}\n{LINES[1]}"
    unknown = replace(TREE, nodes=tuple(replace(node, answer=None, correct=None) for node in TREE.nodes))
    assert rllm_episode(unknown, PUZZLE, ask) is None
    with pytest.raises(UsageError, match="--model"):
        rllm_episode(replace(TREE, nodes=tuple(replace(node, tokens=0) for node in TREE.nodes)), PUZZLE, ask)


def test_the_tokens_of_steps_are_those_of_the_whole_text() -> None:
    episode = rllm_episode(TREE, PUZZLE, ask, encoder(model_path("tiny")))
    assert episode is not None
    steps = {step["info"]["node"]: step for trajectory in episode["trajectories"] for step in trajectory["steps"]}
    for index, node in enumerate(TREE.nodes):
        step = steps[index]
        assert len(step["advantage"]) == len(step["response_ids"]) > 0
        assert isclose(sum(step["advantage"]), 10 * step["info"]["credit"], abs_tol=1e-9)
        if node.parent >= 0:
            assert step["prompt_ids"] == steps[node.parent]["prompt_ids"] + steps[node.parent]["response_ids"]


def test_the_command_writes_an_episode_a_tree_and_refuses_trees_without_ends(tmp_path: Path) -> None:
    with Run.open(tmp_path / "run") as of:
        of.put_all("problems", [PUZZLE], split="train")
        of.put_all("trees", [TREE])
    to = tmp_path / "rows.jsonl"
    done("export", tmp_path / "run", "advantages", "--for", "rllm", "--to", to)
    assert json.loads(to.read_text("utf-8"))["id"] == f"{PUZZLE.id}:tree"
    with Run.open(tmp_path / "bare") as of:
        of.put_all("problems", [PUZZLE], split="train")
        of.put_all("trees", [replace(TREE, nodes=TREE.nodes[:1])])
    refused = journey("export", tmp_path / "bare", "advantages", "--for", "rllm", "--to", to)
    assert refused.code == 2 and "--values leaves" in refused.err
