"""Code journeys from end to end: problems, trees, thoughts, rows and the benchmark, by a model behind a server."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from commanding import done, journey, write_rows
from fault_server import Asked, FaultServer, completion
from served import served

from journey.errors import UsageError
from journey.store.run import Run
from journey.tasks.code import permission
from journey.tasks.code.grader import CodeGrader
from journey.tasks.table import TaskGrader, task_of

ROWS = [
    {"text": "Write a function to add two numbers.", "code": "def add(a, b):\n    return a + b",
     "test_list": ["assert add(1, 2) == 3", "assert add(0, 0) == 0", "assert add(2, -1) == 1"]},
    {"prompt": 'def last(xs):\n    """The last one, None for an empty list."""\n', "entry_point": "last",
     "canonical_solution": "    return xs[-1] if xs else None\n",
     "test": "def check(candidate):\n    assert candidate([1, 2]) == 2\n    assert candidate([]) is None\n"},
]  # fmt: skip
FIRST = {
    "add": ["    return a - b", "    return a * b"],
    "last": ["    return xs[-1]", "    return xs[-1] if xs else None"],
}
HEADS = {"add": "def add(a, b):", "last": "def last(xs):"}


def text(prompt: str, seed: int, sample: int) -> str:
    """A model whose first sums are wrong; it mends them once it reads what the test found."""
    name = "add" if "add(" in prompt else "last"
    body = FIRST[name][sample % 2]
    if "was answered before" in prompt:
        assert "add(1, 2) gives -1." in prompt or "add(1, 2) gives 2." in prompt, prompt
        body = "    return a + b" if sample else "    return b - a"
    return f"Here it is.\n\n```python\n{HEADS[name]}\n{body}\n```\nThat should do."


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultServer]:
    try:
        CodeGrader()
    except UsageError as error:
        pytest.skip(str(error))

    def answer(asked: Asked) -> dict[str, Any]:
        return completion(asked, text)

    monkeypatch.delenv(permission.VARIABLE, raising=False)
    with served(answer) as running:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-0123456789")
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        yield running


def recipe(folder: Path, **more: Any) -> Path:
    file = folder / "code.yaml"
    problems = {"file": str(write_rows(folder / "problems.jsonl", ROWS)), "train": len(ROWS)}
    trees = {"repair": {"width": 2, "keep": 2, "depth": 2, "max_step_tokens": 200}}
    file.write_text(json.dumps({"task": "code", "model": "openai/m", "problems": problems, "trees": trees, **more}))
    return file


def test_a_recipe_makes_trees_thoughts_and_rows_of_programs_and_its_model_is_evaluated(
    tmp_path: Path, server: FaultServer
) -> None:
    run = tmp_path / "run"
    refused = journey("run", recipe(tmp_path), "--out", run)
    assert refused.code == 2 and "--allow-code" in refused.err and not server.asked and not run.exists()
    made = done("run", recipe(tmp_path), "--out", run, "--allow-code", "--json").data
    assert (made["trees"], made["thoughts"]["traverse"]["thoughts"], made["rows"]["shortcut"]) == (2, 2, 2)
    assert made["side_trips"]["traverse"] == 2
    with Run.read(run) as of, permission.granted():
        grader = TaskGrader()
        for thought in of.thoughts():
            problem = of.problem(thought.problem)
            assert problem is not None and problem.task == "code"
            assert asyncio.run(grader.grade(problem, thought.text)).correct is True, thought.text
            steps = [segment.text for segment in thought.segments if segment.kind == "step"]
            assert len(steps) == 1 and steps[0].startswith("```python\ndef ") and "Here it is" not in thought.text
        long = next(t for t in of.thoughts(method="traverse") if "add" in t.text)
        assert "assert add(1, 2) == 3 fails: add(1, 2) gives" in long.text
    rows = [json.loads(line) for line in (run / "rows" / "traverse.jsonl").read_text().splitlines()]
    assert all(set(row) == {"prompt", "completion"} for row in rows)
    assert len({row["prompt"].partition("\n")[0] for row in rows}) == 2  # a head and a question in words
    before = len(server.asked)
    assert done("run", recipe(tmp_path), "--out", run, "--allow-code", "--json").data["failed"] == 0
    assert len(server.asked) == before

    done("export", run, "sft", "--to", tmp_path / "sft.jsonl")
    done("release", run, "--to", tmp_path / "release")
    assert "recipe.yaml --out run --allow-code\n" in (tmp_path / "release" / "make_again.sh").read_text()
    (jobs := tmp_path / "jobs.yaml").write_text("shards: 2\ntime: '00:10:00'\n")
    done("run", recipe(tmp_path), "--out", tmp_path / "many", "--allow-code", "--slurm", jobs, "--dry-run")
    assert "recipe.yaml --allow-code --shard" in (tmp_path / "many" / "slurm" / "shards.sbatch").read_text()
    test = write_rows(tmp_path / "test.jsonl", [{**ROWS[1], "prompt": ROWS[1]["prompt"].replace("The last", "A last")}])
    done("import", "puzzles", test, "--task", "code", "--split", "test", "--out", run)
    evaluated = ("eval", run, "--model", "openai/m", "--decoding", "sampled", "--samples", 2, "--json")
    assert "--allow-code" in journey(*evaluated).err
    assert done(*evaluated, "--allow-code").data["accuracy"] == 0.5
    found = done("eval", run, "--model", "openai/m", "--search", "best_of_n", "--judge", "exact", "--set", "search.n=2",
                 "--set", "search.max_tokens=200", "--allow-code", "--json").data  # fmt: skip
    assert found["searches"][0]["right"] == 1


def test_grow_derive_and_judge_do_the_same_one_by_one(
    tmp_path: Path, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, again = tmp_path / "run", tmp_path / "again"
    assert "--allow-code" in journey("grow", recipe(tmp_path), "--out", run).err
    monkeypatch.setenv(permission.VARIABLE, "1")
    done("grow", recipe(tmp_path), "--out", run)
    monkeypatch.delenv(permission.VARIABLE)
    done("derive", run, "--trials", "3")  # runs nothing
    refused = journey("judge", run, "--judge", "exact", "--out", again)
    assert refused.code == 2 and "--allow-code" in refused.err and "Traceback" not in refused.err
    done("judge", run, "--judge", "exact", "--out", again, "--allow-code")
    with Run.read(run) as first, Run.read(again) as second:
        assert {task_of(p).name for p in first.problems()} == {"code"}
        scores = [
            {(t.problem, node.text): node.judgement.score for t in of.trees() for node in t.nodes if node.judgement}
            for of in (first, second)
        ]
        judged = {key: score for key, score in scores[0].items() if score is not None}
        assert judged and judged == {key: scores[1][key] for key in judged}


def test_a_recipe_may_still_grow_step_by_step_and_a_setting_of_another_grower_is_refused(tmp_path: Path) -> None:
    said = journey("run", recipe(tmp_path, trees={"repair": {"follow_wrong": 2}}), "--dry-run", "--allow-code")
    assert said.code == 2 and "trees.repair" in said.err
    said = journey("run", recipe(tmp_path, trees={"repair": {}, "grow": {}}), "--dry-run", "--allow-code")
    assert said.code == 2 and "grown in one way" in said.err


def test_a_machine_without_a_sandbox_is_refused_before_a_model_is_asked(
    tmp_path: Path, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    (fake := tmp_path / "bwrap").write_text("#!/bin/sh\necho 'bwrap: Operation not permitted' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    for command in ("run", "grow"):
        said = journey(command, recipe(tmp_path), "--out", tmp_path / "run", "--allow-code")
        assert said.code == 2 and "bwrap: Operation not permitted" in said.err and not (tmp_path / "run").exists()
    assert not server.asked
