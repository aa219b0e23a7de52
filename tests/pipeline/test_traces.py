"""Trees and thoughts as rollout records of verifiers, there and back, and records of others."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from commanding import done, journey, write_rows
from hypothesis import given
from random_trees import PROBLEM, trees

from journey.data.traces import read, trace_of
from journey.store.run import Run
from journey.tasks.table import TaskGrader, ask
from journey.types import Segment, Thought, Tree, make_problem


def message(role: str, content: str, parent: int | None, **fields: Any) -> dict[str, Any]:
    """A node of a foreign trace; what an assistant says was sampled."""
    return {"message": {"role": role, "content": content} | fields, "parent": parent, "sampled": role == "assistant"}


def trace(*nodes: dict[str, Any], reward: float | None = None, **data: Any) -> dict[str, Any]:
    """A foreign trace of the question 2 + 3."""
    rewards = {"exact": None if reward is None else {"score": reward, "weight": 1.0}}
    return {"id": "a", "task": {"type": "T", "data": {"prompt": "What is 2 + 3?"} | data}, "nodes": list(nodes),
            "rewards": rewards}  # fmt: skip


ASKED = message("user", "What is 2 + 3?", None)


def back(path: Path, rows: list[Any]) -> tuple[list[Tree], list[Thought], list[str]]:
    """What is read of rows: trees, thoughts, and the reasons of those that gave neither."""
    imported, thoughts = asyncio.run(read([str(write_rows(path / "traces.jsonl", rows))], TaskGrader()))
    return imported.trees, thoughts, [one.reason for one in imported.listed]


@given(tree=trees())
def test_a_tree_comes_back_as_it_was(tree: Tree, tmp_path_factory: pytest.TempPathFactory) -> None:
    if tree.nodes:
        found, _, reasons = back(tmp_path_factory.getbasetemp(), [trace_of(tree, PROBLEM, ask)])
        assert found == [tree] and not reasons


def test_a_run_s_trees_and_thoughts_go_out_and_come_in_by_the_commands(tmp_path: Path) -> None:
    problem = make_problem("What is 2 + 3?", "5", task="math", level="1")
    thought = Thought("t", problem.id, None, "distill", (Segment("step", "5.", None, 0, 2),), "a", "5.", "5")
    with Run.open(tmp_path / "run") as of:
        of.put_all("problems", [problem], split="train")
        of.put_all("thoughts", [thought])
    done("export", tmp_path / "run", "thoughts", "--for", "verifiers", "--to", tmp_path / "traces.jsonl")
    row = json.loads((tmp_path / "traces.jsonl").read_text("utf-8"))
    episode = write_rows(tmp_path / "episodes.jsonl", [{"id": "e", "traces": [row]}])
    assert done("import", "traces", episode, "--out", tmp_path / "other", "--json").data["thoughts"] == 1
    with Run.open(tmp_path / "other") as of:
        assert list(of.thoughts()) == [thought] and list(of.problems(split="train")) == [problem]
    refused = journey("export", tmp_path / "run", "trees", "--for", "verifiers", "--to", tmp_path / "traces.jsonl")
    assert refused.code == 2 and "holds no trees" in refused.err


def test_a_foreign_trace_with_branches_is_a_tree_and_one_message_is_a_thought(tmp_path: Path) -> None:
    branched = trace(
        ASKED, message("assistant", "Add.", 0), message("assistant", "So \\boxed{5}", 1),
        message("assistant", "So \\boxed{6}", 1), answer="5",
    )  # fmt: skip
    one = trace(ASKED, message("assistant", "\\boxed{5}", 0, reasoning_content="2 and 3"), reward=0.5)
    two = trace(ASKED, message("assistant", "Add.", 0), message("assistant", "\\boxed{5}", 1), reward=0.5)
    found, thoughts, _ = back(tmp_path, [branched, one, two])
    assert [(node.parent, node.answer, node.correct) for node in found[0].nodes] == [
        (-1, None, None), (0, "5", True), (0, "6", False),
    ]  # fmt: skip
    assert thoughts[0].text == "<think>\n2 and 3\n</think>\n\n\\boxed{5}" and thoughts[0].answer == "5"
    last = found[1].nodes[-1]
    assert (last.correct, last.value) == (None, 0.5), "without a known answer a reward is a value and no correctness"


def test_what_a_tree_cannot_hold_is_listed_with_the_reason(tmp_path: Path) -> None:
    step = message("assistant", "Add.", 0)
    tool = {"message": {"role": "tool", "content": "5", "tool_call_id": "1"}, "parent": 1}
    own = trace_of(Tree("t", PROBLEM.id, ()), PROBLEM, ask)
    own["nodes"].append(message("assistant", "Add.", 0))
    rows = [
        trace(ASKED, step, tool),
        trace(ASKED, message("assistant", "", 0, tool_calls=[{"id": "1"}])),
        trace(ASKED, ASKED, step),
        trace(ASKED),
        trace(ASKED, message("assistant", "Add.", 7)),
        {"nodes": 3},
        own,
        trace(ASKED, step),
    ]
    _, thoughts, reasons = back(tmp_path, rows)
    assert len(thoughts) == 1
    assert reasons == [
        "it has turns of tools or users after the first answer", "its model calls tools",
        "it holds several conversations", "it holds no message of a model",
        "a message's parent does not stand before it", "no trace of verifiers as others are (TypeError)",
        "its messages are not those that journey wrote with its tree",
    ]  # fmt: skip
