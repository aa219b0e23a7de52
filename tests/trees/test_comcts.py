"""The results of CoMCTS, a search with pictures by several models, as trees whose wrong answers are branches."""

from pathlib import Path
from typing import Any

from commanding import done, journey, write_rows
from picture_rows import picture

from journey.store.run import Run

BEGIN = "### Image Description:\nA square with a diagonal.\n\n### Rationales:\nIt asks for x.\n\n"
GO = "### Let's think step by step.\n"


def response(steps: list[str], answer: str, is_correct: int, values: list[float] | None = None) -> dict[str, Any]:
    """What one model wrote, in the documented sections."""
    told = "".join(f"### Step {number}:\n{step}\n\n" for number, step in enumerate(steps, 1))
    text = f"{BEGIN}{GO}{told}### The final answer is: {answer}"
    own = {} if values is None else {"step_value": values}
    return {"response": text, "value": 1.5, "is_correct": is_correct, "valid": 1, **own}


def row(**fields: Any) -> dict[str, Any]:
    """A result as the project's page shows it."""
    models = {
        "gpt-4o": response(["The angles sum up to 180.", "So it is 90."], "D: 90", -1, [1, 1, 1, 1, -0.5, -1]),
        "qwen2_vl_7b": response(["The angles sum up to 180.", "Half of 90 is 45."], "B: 45", 1, [1, 1, 1, 1, 1, 1]),
        "llama_vision_11b": {"response": "I cannot see it.", "valid": -1, "is_correct": -1},
    }
    chat = [{"from": "human", "value": "<image>\nFind x."}, {"from": "gpt", "value": "Answer:B"}]
    return {**models, "image": "geo/1.png", "question": "Question: Find x.\nChoices:\nA: 30\nB: 45\nD: 90",
            "prefix_prompt": BEGIN, "conversations": chat, **fields}  # fmt: skip


def test_shared_sections_are_one_node_and_the_wrong_answer_is_a_branch(tmp_path: Path) -> None:
    (tmp_path / "geo").mkdir()
    (tmp_path / "geo" / "1.png").write_bytes(picture("red"))
    found = [row(), row(), row(image="geo/none.png"), {"question": "?"}, row(**{"gpt-4o": {}, "qwen2_vl_7b": {}})]
    got = done("import", "comcts", write_rows(tmp_path / "rows.jsonl", found), "--out", tmp_path / "run", "--json").data
    assert (got["trees"], got["merged"], sum(got["no_tree"].values())) == (
        1, {"a plain duplicate": 1}, 3,
    )  # fmt: skip
    with Run.read(tmp_path / "run") as of:
        (tree,), (problem,) = of.trees(), of.problems()
    assert (problem.answer, problem.question.splitlines()[0], len(problem.images)) == ("B", "Find x.", 1)
    texts = ["A square with a diagonal.", "It asks for x.", "The angles sum up to 180.", "So it is 90.",
             "The answer is D", "Half of 90 is 45.", "The answer is B"]  # fmt: skip
    assert [node.text for node in tree.nodes] == texts
    assert [node.parent for node in tree.nodes] == [-1, 0, 1, 2, 3, 2, 5]
    assert [(n.answer, n.correct) for n in tree.nodes if n.answer] == [("D", False), ("B", True)]
    verdicts = [node.judgement and node.judgement.verdict for node in tree.nodes]
    assert verdicts == ["right", "right", "right", "wrong", "wrong", "right", "right"]
    done("derive", tmp_path / "run", "--method", "traverse")
    with Run.read(tmp_path / "run") as of:
        (thought,) = of.thoughts()
    assert thought.text.index("So it is 90.") < thought.text.index("Half of 90 is 45.")


def test_a_file_of_something_else_is_refused_in_a_sentence(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "rows.jsonl", [{"question": "Find x.", "answer": "1"}])
    refused = journey("import", "comcts", file, "--out", tmp_path / "run")
    assert refused.code == 2 and "is a result of CoMCTS" in refused.err and not (tmp_path / "run").exists()
